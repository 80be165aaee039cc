//! The one error of the crate, split by what the user can do about it.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

/// Everything in `uptake` that can fail returns this.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of trouble it is: what the user can do about it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// The file is not what its format says it should be.
    Format,
    /// The file is valid, but this version does not read that variant.
    Unsupported,
    /// The file is valid and holds something else than a scan: a mask, a projection. In a folder it is passed over.
    NotAScan,
    /// It would pass a limit of size or memory.
    Limit,
    /// The command line or the recipe asks for something that cannot be.
    Usage,
    /// The GPU is missing, lost or too small. The CPU can do the same work.
    Device,
    /// The operating system refused: not found, no permission, disk full.
    Io,
    /// The disk that is written to is full: nothing more can be done there.
    Full,
    /// The run was asked to stop before this was done.
    Stopped,
    /// A mistake of this program. The image is left out, the others go on.
    Internal,
}

impl Kind {
    /// The word for tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Format => "format",
            Kind::Unsupported => "unsupported",
            Kind::NotAScan => "no scan",
            Kind::Limit => "limit",
            Kind::Usage => "usage",
            Kind::Device => "device",
            Kind::Io => "io",
            Kind::Full => "disk full",
            Kind::Stopped => "stopped",
            Kind::Internal => "internal",
        }
    }
}

/// An error with its path, what is wrong, what needed it and what to try.
///
/// ```
/// use uptake::Error;
/// let e = Error::format("missing PhysicalSizeX").at("a.ome.tif").remedy("--set spacing_um=0.65");
/// assert_eq!(e.to_string(), "a.ome.tif: missing PhysicalSizeX\n  try: --set spacing_um=0.65");
/// ```
#[derive(Clone, Debug, thiserror::Error, Serialize, Deserialize)]
pub struct Error {
    /// What the user can do about it.
    pub kind: Kind,
    /// The file it happened in.
    pub path: Option<PathBuf>,
    /// What is wrong, with the place inside the file.
    pub what: String,
    /// What wanted the thing that is missing.
    pub needed_for: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
}

impl Error {
    /// An error of the given kind.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Error { kind, path: None, what: what.into(), needed_for: None, remedy: None }
    }
    /// The file breaks its format.
    pub fn format(what: impl Into<String>) -> Self {
        Self::new(Kind::Format, what)
    }
    /// A variant that is not read.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, what)
    }
    /// Too large.
    pub fn limit(what: impl Into<String>) -> Self {
        Self::new(Kind::Limit, what)
    }
    /// Asked for something that cannot be.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what)
    }
    /// The GPU cannot; the CPU can.
    pub fn device(what: impl Into<String>) -> Self {
        Self::new(Kind::Device, what)
    }
    /// The operating system refused.
    pub fn io(what: impl Into<String>) -> Self {
        Self::new(Kind::Io, what)
    }
    /// Names the file, unless one is named already.
    pub fn at(mut self, path: impl AsRef<Path>) -> Self {
        self.path.get_or_insert_with(|| path.as_ref().to_path_buf());
        self
    }
    /// Names what wanted the missing thing.
    pub fn needed_for(mut self, what: impl Into<String>) -> Self {
        self.needed_for = Some(what.into());
        self
    }
    /// Says what to do.
    pub fn remedy(mut self, what: impl Into<String>) -> Self {
        self.remedy = Some(what.into());
        self
    }
    /// On one line, without the path: the `reason` cell of a table.
    pub fn reason(&self) -> String {
        let mut s = format!("{}: {}", self.kind.name(), self.what);
        if let Some(n) = &self.needed_for {
            s += &format!("; needed for {n}");
        }
        if let Some(r) = &self.remedy {
            s += &format!("; try {r}");
        }
        s.replace(['\n', '\r'], " ")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(p) = &self.path {
            write!(f, "{}: ", printable(&p.to_string_lossy()))?;
        }
        // An error of a recipe quotes its lines: breaks in the words are meant.
        let lines: Vec<_> = self.what.split('\n').map(printable).collect();
        f.write_str(&lines.join("\n"))?;
        if let Some(n) = &self.needed_for {
            write!(f, "\n  needed for: {}", printable(n))?;
        }
        if let Some(r) = &self.remedy {
            write!(f, "\n  try: {}", printable(r))?;
        }
        Ok(())
    }
}

/// Text from a file or its name, fit for a terminal: control characters are escaped, so that a name can neither break a
/// line nor command the terminal.
pub fn printable(text: &str) -> Cow<'_, str> {
    // Those that turn the direction of writing can make a name look like another.
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let bad = |c: char| c.is_control() || turns(c);
    if !text.contains(bad) {
        return text.into();
    }
    text.chars().map(|c| if bad(c) { c.escape_default().to_string() } else { c.to_string() }).collect::<String>().into()
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Self::io(e.to_string())
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn names_cannot_break_a_line_or_command_a_terminal() {
        assert!(matches!(printable("plain näme µ.tif"), Cow::Borrowed(_)));
        assert_eq!(printable("a\nb\u{1b}[31m\u{202e}"), "a\\nb\\u{1b}[31m\\u{202e}");
        let e = Error::format("two\nlines\r").at("x\ny.tif").remedy("z\u{7}");
        assert_eq!(e.to_string(), "x\\ny.tif: two\nlines\\r\n  try: z\\u{7}");
    }
}

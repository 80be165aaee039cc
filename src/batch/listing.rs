//! Globs, many of them in few folders: each folder is read once.

use crate::{Error, Result};
use glob::Pattern;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What folders hold, sorted.
#[derive(Debug, Default)]
pub struct Listings(HashMap<PathBuf, Vec<String>>);

/// What stands for something else in a glob.
const SPECIAL: [char; 3] = ['*', '?', '['];

/// Does the text look like a glob?
pub fn is_glob(text: &str) -> bool {
    text.contains(SPECIAL)
}

impl Listings {
    /// What a glob matches, sorted.
    ///
    /// # Errors
    /// It is no glob.
    pub fn matches(&mut self, text: &str) -> Result<Vec<PathBuf>> {
        let bad = |e: glob::PatternError| Error::usage(format!("\"{text}\" is not a glob: {}", e.msg));
        let (folder, name) = text.rsplit_once('/').map_or(("", text), |(folder, name)| (folder, name));
        if is_glob(folder) || name.contains("**") {
            return Ok(glob::glob(text).map_err(bad)?.filter_map(std::result::Result::ok).collect());
        }
        let pattern = Pattern::new(name).map_err(bad)?;
        let folder = match (folder, text.starts_with('/')) {
            ("", true) => Path::new("/"),
            (folder, _) => Path::new(folder),
        };
        let names = self.names(folder);
        // Only names that begin as the glob does are compared with it.
        let begin = name.split(SPECIAL).next().unwrap_or_default();
        let first = names.partition_point(|n| n.as_str() < begin);
        let alike = names[first..].iter().take_while(|n| n.starts_with(begin));
        Ok(alike.filter(|n| pattern.matches(n)).map(|n| folder.join(n)).collect())
    }

    fn names(&mut self, folder: &Path) -> &[String] {
        self.0.entry(folder.to_path_buf()).or_insert_with(|| {
            let real = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let entries = std::fs::read_dir(real).into_iter().flatten().flatten();
            let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
            names.sort();
            names
        })
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: the glob crate.
    use super::*;

    #[test]
    fn the_same_is_found_as_by_walking() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a1.tif", "a2.tif", "a10.png", "b.tif", ".a3.tif", "[x].tif", "sub/a1.tif"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let mut listings = Listings::default();
        for glob in
            ["*", "a*", "a?.tif", "a*.tif", "*.tif", "[ab]*", "[[]x].tif", "c*", "none/*", "*/a1.tif", "**/a1.tif"]
        {
            let text = format!("{}/{glob}", dir.path().display());
            let walked: Vec<PathBuf> = glob::glob(&text).unwrap().map(|p| p.unwrap()).collect();
            assert_eq!(listings.matches(&text).unwrap(), walked, "{glob}");
        }
        assert!(listings.matches("x/[").is_err());
    }
}

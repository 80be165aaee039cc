//! The images of the last run into a folder, and whether this run may take their place.

use super::hash::hash_file;
use super::json_lines::{line, lines};
use crate::write::Draft;
use crate::{Error, Result};
use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

/// What becomes of the results of an earlier run in the folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// They are replaced if they are of the same images, else the run is refused.
    #[default]
    Same,
    /// They are replaced.
    Overwrite,
    /// Finished images are kept, if they and their files are as they were.
    Resume,
    /// Finished images are kept without a look at their files; what failed or was not reached is done.
    OnlyFailed,
}

impl Existing {
    /// Results of an earlier run stay.
    pub fn keeps(self) -> bool {
        matches!(self, Existing::Resume | Existing::OnlyFailed)
    }
}

/// An image as a later run compares it: its name, and the file that stands for it.
pub type Identity<'a> = (&'a str, Cow<'a, str>);

/// The images of the last run.
#[derive(Debug, Default)]
pub struct Earlier {
    /// Name and file.
    images: Vec<(String, String)>,
}

/// Sets down the images of this run.
///
/// # Errors
/// The system refuses.
pub fn write<'a>(path: &Path, mut images: impl Iterator<Item = Identity<'a>>) -> Result<()> {
    let mut draft = Draft::create(path)?;
    images.try_for_each(|image| draft.write_all(line(&image).as_bytes())).map_err(|e| draft.error(&e))?;
    draft.commit()
}

impl Earlier {
    pub fn read(path: &Path) -> Self {
        Earlier { images: lines(path) }
    }

    /// Is there anything of an earlier run?
    pub fn is_some(&self) -> bool {
        !self.images.is_empty()
    }

    /// May a run of these images replace or continue the results of the last one?
    ///
    /// # Errors
    /// It would remove results of other images, and nobody said that it may.
    pub fn check<'a>(&self, existing: Existing, images: impl Iterator<Item = Identity<'a>>) -> Result<()> {
        if self.images.is_empty() {
            return Ok(());
        }
        let mut now: Vec<Identity> = images.collect();
        now.sort_unstable();
        let now = |name: &str| now.binary_search_by(|image| image.0.cmp(name)).ok().map(|i| &now[i].1);
        let others: Vec<_> =
            self.images.iter().filter(|(name, file)| now(name).is_none_or(|now| now != file)).collect();
        let Some((name, file)) = others.first() else { return Ok(()) };
        let refuse = |what: String, remedy: &str| Err(Error::usage(what).remedy(remedy));
        match existing {
            Existing::Overwrite => Ok(()),
            Existing::Same => refuse(
                format!(
                    "the folder holds results of {} images that are not among these inputs, the first is {name} ({file})",
                    others.len()
                ),
                "another --out, or --overwrite to replace them",
            ),
            Existing::Resume | Existing::OnlyFailed if others.len() < self.images.len() => Ok(()),
            // All have gone or moved. An archive that was moved as a whole holds the same images under the same names.
            Existing::Resume | Existing::OnlyFailed => {
                match others.iter().find_map(|(name, file)| now(name).map(|now| (file, now))) {
                    Some((then, now)) if !differ(then, now) => Ok(()),
                    _ => refuse(
                        format!(
                            "the folder holds results of other images, the first is {name} ({file}): there is nothing to resume"
                        ),
                        "another --out, or --overwrite to replace them",
                    ),
                }
            }
        }
    }
}

/// Two files are there and hold different things. One that has gone cannot contradict.
fn differ(then: &str, now: &str) -> bool {
    match (hash_file(Path::new(then)), hash_file(Path::new(now))) {
        (Ok(then), Ok(now)) => then != now,
        _ => false,
    }
}

//! The images of the last run into a folder, and whether this run may take their place.

use super::hash::{digest, hash_file};
use super::json_lines::lines;
use crate::{Error, Result};
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
pub type Identity = (String, String);

/// May a run of these images replace or continue the results of the last one, whose list this is? Says whether there was one.
/// Both lists may be long: of this run's images digests are kept, and the last run's are looked at one by one.
///
/// # Errors
/// The run would remove results of other images, and nobody said that it may.
pub fn check(last: &Path, existing: Existing, images: impl Iterator<Item = Identity> + Clone) -> Result<bool> {
    if lines::<Identity>(last).next().is_none() {
        return Ok(false);
    }
    let mut now: Vec<[u64; 2]> = images.clone().map(|(name, file)| [digest(&name), digest(&file)]).collect();
    now.sort_unstable();
    let file_of = |name: &str| {
        let of_name = |image: &[u64; 2]| image[0].cmp(&digest(name));
        now.binary_search_by(of_name).ok().map(|i| now[i][1])
    };
    let (mut all, mut others) = (0, 0);
    let (mut first, mut moved) = (None, None);
    for (name, file) in lines::<Identity>(last) {
        all += 1;
        let now = file_of(&name);
        if now != Some(digest(&file)) {
            others += 1;
            first.get_or_insert_with(|| (name.clone(), file.clone()));
            if now.is_some() {
                moved.get_or_insert((name, file));
            }
        }
    }
    let Some((name, file)) = first else { return Ok(true) };
    let refuse = |what: String, remedy: &str| Err(Error::usage(what).remedy(remedy));
    match existing {
        Existing::Overwrite => Ok(true),
        Existing::Same => refuse(
            format!(
                "the folder holds results of {others} images that are not among these inputs, the first is {name} ({file})"
            ),
            "another --out, or --overwrite to replace them",
        ),
        Existing::Resume | Existing::OnlyFailed if others < all => Ok(true),
        // All have gone or moved. An archive that was moved as a whole holds the same images under the same names.
        Existing::Resume | Existing::OnlyFailed => {
            let now = moved.and_then(|(name, then)| Some((then, images.clone().find(|(now, _)| *now == name)?.1)));
            match now {
                Some((then, now)) if !differ(&then, &now) => Ok(true),
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

/// Two files are there and hold different things. One that has gone cannot contradict.
fn differ(then: &str, now: &str) -> bool {
    match (hash_file(Path::new(then)), hash_file(Path::new(now))) {
        (Ok(then), Ok(now)) => then != now,
        _ => false,
    }
}

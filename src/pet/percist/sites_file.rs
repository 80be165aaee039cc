//! The files that a run read its sites from, and whose lesions such a file has.

use crate::batch::names::{self, Kind};
use crate::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What `run.json` says of such files.
#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    images: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    image: String,
    #[serde(default)]
    files: Vec<Read>,
}

#[derive(Deserialize)]
struct Read {
    file: String,
    role: String,
}

/// The file of each image's sites, by the name of the image; none without `run.json`.
///
/// # Errors
/// `run.json` is no such file.
pub(super) fn sites_files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let path = folder.join("run.json");
    let Ok(text) = std::fs::read(&path) else { return Ok(BTreeMap::new()) };
    let run: Run =
        serde_json::from_slice(&text).map_err(|e| Error::format(format!("no list of images: {e}")).at(&path))?;
    let of = |entry: Entry| {
        let mut files = entry.files.into_iter();
        files.find(|f| f.role == "labels.sites").map(|f| (entry.image, f.file))
    };
    Ok(run.images.into_iter().filter_map(of).collect())
}

/// The image whose lesions a file has, if that is another one than `own`: a run calls its files after its images.
pub(super) fn another<'a>(file: &str, own: &str, images: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let is_of = |image: &str| {
        [Kind::Folder, Kind::File, Kind::Set].into_iter().any(|kind| {
            let lesions = names::file(image, kind, "lesions", ".nii.gz", ".nii.gz");
            Path::new(file).ends_with(Path::new("labels").join(lesions))
        })
    };
    if is_of(own) { None } else { images.into_iter().find(|image| is_of(image)) }
}

#[cfg(test)]
mod tests {
    //! Oracle: paths by hand.
    use super::*;

    #[test]
    fn a_file_is_called_after_its_image() {
        let images = ["P1", "P2", "b/P1", "c.nii.gz"];
        let of = |file, own| another(file, own, images.into_iter());
        assert_eq!(of("base/labels/P1/lesions.nii.gz", "P1"), None);
        assert_eq!(of("base/labels/P1/lesions.nii.gz", "P2"), Some("P1"));
        assert_eq!(of("base/labels/b/P1/lesions.nii.gz", "P1"), Some("b/P1"));
        assert_eq!(of("/data/labels/c_lesions.nii.gz", "P1"), Some("c.nii.gz"));
        assert_eq!(of("/data/labels/c_lesions.nii.gz", "c.nii.gz"), None);
        assert_eq!(of("registered/P1_lesions.nii.gz", "P2"), None, "whose it is, is not known");
    }
}

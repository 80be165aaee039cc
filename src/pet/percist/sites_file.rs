//! Whose lesions a file has, by its name: a run calls its files after its images.

use super::Folder;
use crate::write::names::{self, Kind};
use std::collections::BTreeMap;
use std::path::Path;

const LABELS: &str = "labels";

/// Where a run may have written the label image of the lesions of an image, below its folder.
pub(super) fn label_files(image: &str) -> impl Iterator<Item = String> {
    let kinds = [Kind::Folder, Kind::File, Kind::Set];
    let of = move |(usual, end)| kinds.map(|kind| names::file(image, kind, "lesions", usual, end));
    [(".nii.gz", ".nii.gz"), (".tif", ".ome.tif")].into_iter().flat_map(of).map(|file| format!("{LABELS}/{file}"))
}

/// The images of a run by the files that their lesions may lie in.
pub(super) struct Owners<'a>(BTreeMap<String, &'a str>);

impl<'a> Owners<'a> {
    pub fn of(run: &'a Folder) -> Self {
        Self::of_images(run.images.iter().map(|image| image.name.as_str()))
    }

    fn of_images(images: impl Iterator<Item = &'a str>) -> Self {
        let mut owners = BTreeMap::new();
        for (image, file) in images.flat_map(|image| label_files(image).map(move |file| (image, file))) {
            owners.entry(file).or_insert(image);
        }
        Owners(owners)
    }

    /// The image whose lesions a file has, if that is another one than `own`.
    pub fn another(&self, file: &str, own: &str) -> Option<&'a str> {
        if label_files(own).any(|of_own| Path::new(file).ends_with(of_own)) {
            return None;
        }
        let parts: Vec<_> = Path::new(file).components().map(|part| part.as_os_str().to_string_lossy()).collect();
        // A folder of images may be called like that of labels: the longest end counts.
        let begins = (0..parts.len()).filter(|i| parts[*i] == LABELS);
        begins.map(|i| parts[i..].join("/")).find_map(|end| self.0.get(&end).copied())
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: paths by hand.
    use super::*;

    #[test]
    fn a_file_is_called_after_its_image() {
        let owners = Owners::of_images(["P1", "P2", "b/P1", "c.nii.gz", "d.tif", "labels/P1"].into_iter());
        let of = |file, own| owners.another(file, own);
        assert_eq!(of("base/labels/P1/lesions.nii.gz", "P1"), None);
        assert_eq!(of("base/labels/P1/lesions.nii.gz", "P2"), Some("P1"));
        assert_eq!(of("base/labels/b/P1/lesions.nii.gz", "P1"), Some("b/P1"));
        assert_eq!(of("labels/labels/P1/lesions.nii.gz", "P2"), Some("labels/P1"));
        assert_eq!(of("/data/labels/c_lesions.nii.gz", "P1"), Some("c.nii.gz"));
        assert_eq!(of("/data/labels/c_lesions.nii.gz", "c.nii.gz"), None);
        assert_eq!(of("/data/labels/d_lesions.ome.tif", "P1"), Some("d.tif"));
        assert_eq!(of("registered/P1_lesions.nii.gz", "P2"), None, "whose it is, is not known");
        assert_eq!(of("my_labels/P1/lesions.nii.gz", "P2"), None);
    }
}

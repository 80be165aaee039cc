//! Whose lesions a file has, by its name.

use crate::write::names::{self, Kind};
use std::path::Path;

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

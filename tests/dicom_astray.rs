//! A file or two among the slices of a PET series that look elsewhere, as a localiser that was filed with it. Kind: mechanics.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "common/pet_slices.rs"]
mod pet_slices;

use dicom_core::VR;
use dicom_dictionary_std::tags;
use pet_slices::{put, save, slice};
use std::path::Path;
use uptake::read::{self, FoundSeries, Options, find_series};

/// A series of so many slices, of which those named look along another axis.
fn found(folder: &Path, slices: usize, astray: &[usize]) -> FoundSeries {
    let write = |z: usize| {
        let mut o = slice(1, z, 10);
        if astray.contains(&z) {
            put(&mut o, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\0\\-1");
        }
        save(folder, &format!("i{z:02}.dcm"), o)
    };
    find_series(&(0..slices).map(write).collect::<Vec<_>>())
}

#[test]
fn a_file_that_looks_elsewhere_is_named_and_the_rest_is_read_if_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let last = found(&dir.path().join("last"), 13, &[12]);
    let scan = read::read_series(&last.series[0], &Options::default()).unwrap();
    assert_eq!(scan.shape.z, 12);
    let told = "i12.dcm looks in another direction";
    assert!(scan.warnings.iter().any(|w| w.contains(told) && w.contains("the 12 other files")), "{:?}", scan.warnings);
    assert!(
        last.others.len() == 1 && last.others[0].reason.contains("no slice of that scan") && !last.others[0].damaged
    );

    // A slice that is missing in the middle leaves no whole series.
    let middle = found(&dir.path().join("middle"), 13, &[6]);
    assert!(read::read_series(&middle.series[0], &Options::default()).is_err());

    // Several directions with about as many files each are no scan.
    for astray in [&[0, 1][..], &[0, 2, 4, 6, 8, 10]] {
        let none = found(&dir.path().join(format!("none{}", astray.len())), 13, astray);
        assert!(none.series.is_empty() && none.others.len() == 13, "{astray:?}");
    }
}

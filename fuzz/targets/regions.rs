//! Regions drawn elsewhere, brought onto the grid of an image: RTSTRUCT, DICOM SEG, label images.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uptake::image::{Modality, PatientGrid, Scan};
use uptake::read::{Pick, labels, regions};
use uptake::units::{Shape, Spacing};
use uptake_fuzz::{options, put};

fuzz_target!(|bytes: &[u8]| {
    // The image that the samples of the tests were drawn on.
    let mut scan = Scan::new(Modality::Pet, Shape::new(3, 9, 9), vec![]);
    scan.spacing = Spacing::mm([3.0, 2.0, 2.0]);
    scan.patient_grid = Some(PatientGrid { origin: [-10.0, 20.0, 100.0], ..PatientGrid::STRAIGHT });
    let path = put("regions.dcm", bytes);
    let [usual, _] = options();
    for (names, resample) in [(vec![], true), (vec!["*o*".into()], false)] {
        if let Ok(found) = regions(&path, &scan, &Pick { names, resample, ..Pick::default() }, &usual) {
            assert_eq!((found.shape(), found.voxels().map_or(0, |v| v.len())), (scan.shape, scan.shape.len()));
        }
    }
    let _ = labels(&path, &usual);
});

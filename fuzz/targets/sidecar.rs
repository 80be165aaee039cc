//! The JSON file beside a NIfTI image: what made it, and what SUV is computed from.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uptake_fuzz::common::nifti::Nifti;
use uptake_fuzz::{put, read};

fuzz_target!(|text: &[u8]| {
    let mut image = Nifti::new([2, 2, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let still = put("a.nii", &image.bytes());
    image.sizes.push(2);
    image.numbers.extend(image.numbers.clone());
    let moving = put("b.nii", &image.bytes());
    put("a.json", text);
    put("b.json", text);
    read(&still);
    read(&moving);
});

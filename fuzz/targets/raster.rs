//! A PNG, JPEG or BMP, or whatever else a file may begin like.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uptake::read;
use uptake_fuzz::put;

fuzz_target!(|bytes: &[u8]| {
    let path = put("x.png", bytes);
    uptake_fuzz::read(&path);
    // What looks into files of every kind.
    let _ = (read::foreign(&path), read::written_by_us(&path), read::is_dicom(&path));
});

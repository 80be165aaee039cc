//! DICOM: one file, or several of a series with a line of dashes between them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uptake::read::{examine_series, find_series, read_series};
use uptake_fuzz::{agree, options, put, read};

/// Between the files of a series.
const NEXT: &[u8] = b"\n--------\n";

fuzz_target!(|bytes: &[u8]| {
    let mut files = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(NEXT.len()).position(|w| w == NEXT).filter(|_| files.len() < 7) {
        files.push(put(&format!("{}.dcm", files.len()), &rest[..at]));
        rest = &rest[at + NEXT.len()..];
    }
    files.push(put(&format!("{}.dcm", files.len()), rest));
    if let [only] = &files[..] {
        read(only);
    }
    for series in find_series(&files).series {
        for options in options() {
            agree(&examine_series(&series, &options), &read_series(&series, &options));
        }
    }
});

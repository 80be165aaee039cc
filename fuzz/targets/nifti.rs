//! A NIfTI file. What is not packed is read packed as well, and both have to come to the same.

#![no_main]

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use std::io::Write;
use uptake::read::open;
use uptake_fuzz::{options, put, read};

fuzz_target!(|bytes: &[u8]| {
    let plain = put("x.nii", bytes);
    read(&plain);
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).expect("memory takes all");
    let packed = put("x.nii.gz", &packer.finish().expect("memory takes all"));
    read(&packed);
    let [usual, _] = options();
    if let (Ok(a), Ok(b)) = (open(&plain, &usual), open(&packed, &usual)) {
        assert_eq!(a.shape, b.shape);
        for (a, b) in a.channels.iter().zip(&b.channels) {
            assert!(a.volume.samples.host().unwrap() == b.volume.samples.host().unwrap());
            assert_eq!(a.volume.scale, b.volume.scale);
        }
    }
});

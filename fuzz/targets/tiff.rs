//! A TIFF file of any dialect: OME, ImageJ and those of microscopes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uptake_fuzz::{put, read};

fuzz_target!(|bytes: &[u8]| read(&put("x.tif", bytes)));

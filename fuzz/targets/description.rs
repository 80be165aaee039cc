//! The text in a TIFF that says what its pages are: OME-XML, ImageJ, ScanImage and others. A second file lies beside it, so
//! that sets of files come about, and the text stands alone as a companion file too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uptake::read::find_ome_sets;
use uptake_fuzz::common::raw_tiff::{self as raw, Page};
use uptake_fuzz::{put, read};

fuzz_target!(|text: &[u8]| {
    let mut described = (270, 2, text.len() as u32, text.to_vec());
    described.3.push(0);
    described.2 += 1;
    let pages: Vec<Page> = (0..6).map(|n| Page::from(100 * n, vec![])).collect();
    let mut first = pages.clone();
    first[0].tags.push(described);
    let files = [put("a.tif", &raw::file(&first)), put("b.tif", &raw::file(&pages)), put("x.companion.ome", text)];
    read(&files[0]);
    read(&files[2]);
    find_ome_sets(&files.into_iter().collect());
});

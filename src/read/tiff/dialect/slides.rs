//! Slide scanners whose first page is the whole slide: Aperio, Hamamatsu. Smaller copies are left out before.

use super::{Head, known, plain};
use crate::read::layout::Layout;
use crate::read::resolution;
use crate::{Error, Result};

/// The tag that says that a file is by a NanoZoomer.
pub const NDPI: u16 = 65420;

/// Aperio: `MPP` in the description is the size of a pixel in micrometres.
pub fn svs(head: &Head, name: &'static str) -> Result<Layout> {
    let mut layout = known::ask(head, name)?;
    let mpp = head.text.split('|').filter_map(|part| part.split_once('=')).find(|(k, _)| k.trim() == "MPP");
    if let Some(um) = mpp.and_then(|(_, v)| v.trim().parse::<f64>().ok()) {
        layout.stated = resolution::stated([None, Some(um), Some(um)], layout.slices);
    }
    Ok(layout)
}

/// Hamamatsu: one page of the full size. Places beyond 4 GiB are stored in a way of its own.
pub fn ndpi(head: &Head, name: &'static str) -> Result<Layout> {
    if head.pages() > 1 || head.file.tiff.len() > u64::from(u32::MAX) {
        let what = format!("{name} of more than 4 GiB, or with several focal planes");
        return Err(Error::unsupported(what).remedy(known::SLIDE));
    }
    plain(head)
}

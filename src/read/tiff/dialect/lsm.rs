//! Zeiss LSM: a block of numbers in a private tag; channels are samples of the pages, smaller copies lie between them.
//!
//! CZ_LSMINFO, always least significant byte first: sizes x, y, z, channels, time at byte 8; voxel size x, y, z in metres at 40; kind
//! of scan at 88; the place of the channels' colours and names at 108; positions and tiles at 264 and 268.

use super::Head;
use crate::read::layout::{Layout, Sizes};
use crate::read::resolution::{self, Stated};
use crate::{Error, Result};

/// The tag of the block.
pub const INFO: u16 = 34412;
const BYTES: usize = 272;

/// Makes the layout.
///
/// # Errors
/// The block does not fit the pages, the scan is no series of planes, or there are several time points or positions.
pub fn layout(head: &Head, name: &'static str) -> Result<Layout> {
    let bytes = head.bytes(INFO, BYTES as u64)?;
    let tiff = &head.file.tiff;
    let part = |at: usize, len: usize| bytes.get(at..at + len).unwrap_or_default();
    let long = |at: usize| part(at, 4).try_into().map(u32::from_le_bytes).unwrap_or(0);
    let size = |at: usize| long(at).max(1) as usize;
    let refuse = |what: String| {
        let what = format!("{name} {what}");
        Err(Error::unsupported(what).remedy("a copy as OME-TIFF, for example with Fiji or bfconvert"))
    };
    if tiff.len() > u64::from(u32::MAX) {
        return refuse("of more than 4 GiB, whose places do not fit its numbers".into());
    }
    let (c, kind, parts) = (size(20), long(88) & 0xffff, size(264).max(size(268)));
    let sizes = Sizes { c: 1, z: size(16), t: size(24) };
    if !matches!(kind, 0 | 3 | 6) {
        return refuse(format!("of scan type {kind}, which is no series of planes"));
    }
    if parts > 1 {
        return refuse(format!("with {parts} positions"));
    }
    let page = head.first()?;
    if sizes.planes()? != head.pages() || c != page.samples {
        let Sizes { z, t, .. } = sizes;
        let (pages, samples) = (head.pages(), page.samples);
        let what = format!("{name}: {c} channels, {z} slices, {t} time points in {pages} pages of {samples} samples");
        return Err(Error::format(what));
    }
    let mut warnings = Vec::new();
    let um = |at: usize| part(at, 8).try_into().map(f64::from_le_bytes).ok().filter(|v| *v > 0.0).map(|m| m * 1e6);
    let (x, y, z) = (um(40), um(48), um(56));
    let is_said = x.is_some() || y.is_some();
    let stated = if is_said { resolution::stated([z, y, x], sizes.z) } else { Stated::default() };
    let planes = sizes.pages("ZTC", sizes.time_point(head.options, &mut warnings)?);
    Ok(Layout { planes, slices: sizes.z, names: names(head, long(108)), stated, warnings, ..Layout::default() })
}

/// Names of the channels: a block of its own.
fn names(head: &Head, at: u32) -> Vec<Option<String>> {
    let read = |at: u64, len: u64| head.file.tiff.read(at, len).ok();
    let Some(block) = (at > 0).then(|| read(at.into(), 24)).flatten() else { return vec![] };
    let long = |bytes: &[u8], at: usize| -> u32 {
        bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
    };
    let (size, names_at) = (long(&block, 0), long(&block, 16));
    let len = size.saturating_sub(names_at).min(1 << 16);
    let Some(bytes) = read(u64::from(at) + u64::from(names_at), len.into()) else { return vec![] };
    let (mut rest, mut out) = (bytes.as_slice(), Vec::new());
    while rest.len() > 4 {
        let len = long(rest, 0) as usize;
        let Some(name) = rest.get(4..4usize.saturating_add(len)) else { break };
        out.push(Some(super::super::directory::text(name)).filter(|n| !n.is_empty()));
        rest = &rest[4 + len..];
    }
    out
}

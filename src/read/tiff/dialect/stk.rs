//! MetaMorph stacks (STK): one directory, whose pixels are followed by those of the other planes.
//!
//! The tags of Universal Imaging: UIC1 (33628) pairs of a number and a value or its place: 3 the calibration is on, 4 and 5 its x
//! and y as fractions, 6 its unit. UIC2 (33629), as many as there are planes: distance to the plane before as a fraction, day and
//! millisecond of creation and of change. UIC3 (33630): wavelengths as fractions.

use super::placed::{self, Key};
use super::{Head, plain};
use crate::read::imagej::micrometres;
use crate::read::layout::{Layout, Sizes};
use crate::read::resolution::{self, Stated};
use crate::{Error, Result};
use std::collections::HashSet;

const UIC1: u16 = 33628;
/// The tag that has a value a plane.
pub const UIC2: u16 = 33629;
const UIC3: u16 = 33630;
/// Stacks of more planes are not met.
const MOST_PLANES: u64 = 1 << 20;

/// Makes the layout.
///
/// # Errors
/// The planes are several time points, or do not fill a grid.
pub fn layout(head: &Head, name: &'static str) -> Result<Layout> {
    let count = head.entry(UIC2).map_or(0, |e| e.count());
    if head.pages() > 1 || !(1..=MOST_PLANES).contains(&count) {
        let what = format!("{name}: {count} planes in {} pages", head.pages());
        return Err(Error::format(what).remedy("a copy as OME-TIFF, for example with Fiji or bfconvert"));
    }
    let count = count as usize;
    let planes = longs(head, UIC2, count, 6)?;
    let waves = longs(head, UIC3, count, 2)?;
    let wave = |i: usize| waves.get(i).and_then(|w| fraction(w[0], w[1])).unwrap_or(0.0);
    let mut height = 0.0;
    let key = |(i, plane): (usize, &Vec<u32>)| {
        // The first plane has none before it.
        height += if i == 0 { 0.0 } else { signed_fraction(plane[0], plane[1]).unwrap_or(0.0) };
        Key::at(format!("{} nm", wave(i)), Some(height))
    };
    let keys: Vec<Key> = planes.iter().enumerate().map(key).collect();
    let placed = placed::place(&keys);
    let times: HashSet<(u32, u32)> = planes.iter().map(|p| (p[2], p[3])).collect();
    let mut warnings = Vec::new();
    let mut layout = match placed {
        // All at one height, at one time: the file does not know what they are.
        Ok(placed) if placed.sizes.t == count && count > 1 && times.len() == 1 => {
            let sizes = Sizes::of_pages(count, head.options, &mut warnings);
            let planes = sizes.pages("ZCT", sizes.time_point(head.options, &mut warnings)?);
            Layout { planes, slices: sizes.z, ..Layout::default() }
        }
        placed => {
            let placed = placed.map_err(|e| Error { what: format!("{name}: {}", e.what), ..e })?;
            let mut layout = placed.layout(head.options)?;
            layout.names = placed.channels.iter().map(|c| (!c.starts_with("0 ")).then(|| c.clone())).collect();
            let step = placed.step()?;
            layout.stated = calibration(head, step, placed.sizes.z)?;
            layout
        }
    };
    layout.runs = true;
    layout.warnings.extend(warnings);
    let of_tags = if count == 1 && layout.stated.spacing.is_none() { plain(head)?.stated } else { Stated::default() };
    if of_tags.spacing.is_some() {
        layout.stated = of_tags;
    }
    Ok(layout)
}

fn calibration(head: &Head, step: Option<f64>, slices: usize) -> Result<Stated> {
    let count = head.entry(UIC1).map_or(0, |e| e.count()).min(256) as usize;
    let pairs = longs(head, UIC1, count, 2)?;
    let value = |id: u32| pairs.iter().find(|p| p[0] == id).map(|p| p[1]);
    let at =
        |id: u32, len: u64| value(id).filter(|at| *at >= 8).and_then(|at| head.file.tiff.read(at.into(), len).ok());
    if value(3) == Some(0) {
        return Ok(Stated::default());
    }
    let number = |bytes: &[u8]| head.file.tiff.long(bytes);
    let size = |id: u32| at(id, 8).and_then(|b| fraction(number(&b[..4]), number(&b[4..])));
    let unit = at(6, 4).map(|b| u64::from(number(&b)).min(64)).and_then(|len| at(6, 4 + len));
    let unit = unit.map(|b| super::super::directory::text(&b[4..]).trim().to_string());
    let (x, y) = (size(4), size(5));
    if x.is_none() && y.is_none() && unit.is_none() {
        return Ok(Stated::default());
    }
    let Some(um) = unit.as_deref().and_then(micrometres) else {
        let unit = unit.unwrap_or_default();
        let is_px = unit == "pixel" || unit == "pixels";
        return Ok(if is_px { Stated::default() } else { Stated::nothing(resolution::not_understood(&unit)) });
    };
    Ok(resolution::stated([step, y.map(|v| v * um), x.map(|v| v * um)], slices))
}

/// `count` groups of so many numbers of 4 bytes, whatever the tag calls them.
fn longs(head: &Head, tag: u16, count: usize, each: usize) -> Result<Vec<Vec<u32>>> {
    let Some(entry) = head.entry(tag) else { return Ok(vec![]) };
    let tiff = &head.file.tiff;
    let bytes = tiff.read(tiff.offset(entry), (count * each * 4) as u64)?;
    let numbers = bytes.chunks_exact(4).map(|b| tiff.long(b)).collect::<Vec<_>>();
    Ok(numbers.chunks_exact(each).map(<[u32]>::to_vec).collect())
}

fn fraction(above: u32, below: u32) -> Option<f64> {
    (below > 0).then(|| f64::from(above) / f64::from(below))
}

/// Stacks may run downwards.
fn signed_fraction(above: u32, below: u32) -> Option<f64> {
    (below > 0).then(|| f64::from(above.cast_signed()) / f64::from(below))
}

//! Olympus FluoView: the tag MM_Head lists the axes of the image, the fastest one first.
//!
//! After a flag, a type, a name and some places, at byte 288, ten axes of 100 bytes each: name (16), size (i32), origin and
//! resolution (f64), unit (64).

use super::Head;
use crate::read::imagej::micrometres;
use crate::read::layout::{Layout, Sizes};
use crate::read::resolution::{self, Stated};
use crate::{Error, Result};

/// The tag MM_Head.
pub const HEAD: u16 = 34361;
const AXES: usize = 288;
const AXIS: usize = 100;

/// Makes the layout.
///
/// # Errors
/// The header is damaged, the pages do not fit it, or there are several time points.
pub fn layout(head: &Head, name: &'static str) -> Result<Layout> {
    let bytes = head.bytes(HEAD, (AXES + 10 * AXIS) as u64)?;
    let axes = bytes.get(AXES..AXES + 10 * AXIS).ok_or_else(|| Error::format(format!("{name}: its header is cut")))?;
    let tiff = &head.file.tiff;
    let mut sizes = Sizes { c: 1, z: 1, t: 1 };
    let (mut order, mut um) = (String::new(), [None; 3]);
    for axis in axes.chunks_exact(AXIS) {
        let text = |bytes: &[u8]| super::super::directory::text(bytes).trim().to_lowercase();
        let (axis_name, unit) = (text(&axis[..16]), text(&axis[36..]));
        let size = tiff.long(&axis[16..20]) as usize;
        let mut step = [0; 8];
        step.copy_from_slice(&axis[28..36]);
        let step = if tiff.little { f64::from_le_bytes(step) } else { f64::from_be_bytes(step) };
        let step = micrometres(&unit).filter(|_| step > 0.0).map(|um| um * step);
        let (letter, to) = match axis_name.as_str() {
            "x" => {
                um[2] = step;
                continue;
            }
            "y" => {
                um[1] = step;
                continue;
            }
            "z" => {
                um[0] = step;
                ('Z', &mut sizes.z)
            }
            "ch" | "wavelength" => ('C', &mut sizes.c),
            "t" | "time" => ('T', &mut sizes.t),
            _ if size <= 1 => continue,
            other => {
                let what = format!("{name} with an axis \"{other}\" of {size}");
                return Err(Error::unsupported(what).remedy("a copy as OME-TIFF, for example with Fiji or bfconvert"));
            }
        };
        if size > 1 && !order.contains(letter) {
            *to = size;
            order.push(letter);
        }
    }
    ["C", "Z", "T"].iter().for_each(|a| order.push_str(if order.contains(a) { "" } else { a }));
    if sizes.planes()? != head.pages() {
        let Sizes { c, z, t } = sizes;
        let what = format!("{name}: {c} channels, {z} slices and {t} time points in {} pages", head.pages());
        return Err(Error::format(what));
    }
    let mut warnings = Vec::new();
    let planes = sizes.pages(&order, sizes.time_point(head.options, &mut warnings)?);
    let known = um[1].is_some() || um[2].is_some();
    let stated = if known { resolution::stated(um, sizes.z) } else { Stated::default() };
    Ok(Layout { planes, slices: sizes.z, stated, warnings, ..Layout::default() })
}

//! The value of a channel that counts as 1, for measures that CellProfiler defines on images from 0 to 1.

use super::ChannelRef;
use super::family::Objection;
use crate::{Error, Result};

/// What a recipe says; else the largest value that the type of the channel, or of the one that it was made of, can store; else the largest
/// one of the image.
///
/// # Errors
/// The image has values above what the recipe says, or lies on a device.
pub(super) fn full_scale(channel: &ChannelRef, wanted: Option<f64>) -> Result<f64> {
    let value = |sample: i32| channel.volume.scale.value(f64::from(sample));
    let of_type = channel.full_scale.or_else(|| channel.saturation.map(value));
    if let (None, Some(full)) = (wanted, of_type) {
        return Ok(if full > 0.0 { full } else { 1.0 });
    }
    let largest = channel.volume.samples.host()?.iter().max().map_or(0.0, |&top| value(top));
    match wanted {
        Some(full) if largest > full => {
            let what = format!("channel {} reaches {largest}, but full_scale is {full}", channel.name);
            Err(Error::usage(what).remedy("full_scale = the largest value that the camera can give"))
        }
        Some(full) => Ok(full),
        None => Ok(if largest > 0.0 { largest } else { 1.0 }),
    }
}

/// A full scale is a finite number above 0.
pub(super) fn check(full_scale: Option<f64>) -> std::result::Result<(), Objection> {
    match full_scale {
        Some(full) if !(full > 0.0 && full.is_finite()) => Err(Objection {
            key: "full_scale",
            what: format!("a full scale of {full}"),
            remedy: "full_scale = 4095 for a camera of 12 bits".into(),
        }),
        _ => Ok(()),
    }
}

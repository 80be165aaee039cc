//! Images of labels: what they are as whole numbers.

use super::{Options, open};
use crate::image::{Scan, Volume};
use crate::pet::suv;
use crate::units::Shape;
use crate::{Error, Result, simd};
use std::path::Path;

/// Reads a label image: one channel of whole numbers from 0 on, as they are stored.
///
/// # Errors
/// As [`open`]; also more than one channel, fractions, or negative numbers.
pub fn labels(path: &Path, options: &Options) -> Result<(Shape, Vec<u32>)> {
    labels_with_place(path, options).map(|(scan, voxels)| (scan.shape, voxels))
}

/// A label image with the scan that it was read as, so that its place can be compared.
pub(super) fn labels_with_place(path: &Path, options: &Options) -> Result<(Scan, Vec<u32>)> {
    // Labels have no unit, whatever the images have that they belong to.
    let suv = suv::Settings { units: Some(suv::Units::None), ..Default::default() };
    let still = Options { suv, time: None, ..options.clone() };
    // The time point of the image is that of its labels only where these have several.
    let again =
        |e| if options.time.is_some() { open(path, &Options { time: options.time, ..still.clone() }) } else { Err(e) };
    let mut scan = open(path, &still).or_else(again)?;
    let refuse = |what: String| {
        Err(Error::format(what).at(path).remedy("a label image: one channel of whole numbers, 0 for background"))
    };
    let [channel] = scan.channels.as_mut_slice() else {
        return refuse(format!("{} channels where labels are expected", scan.channels.len()));
    };
    if let Some(what) = no_labels(&channel.volume)? {
        return refuse(what);
    }
    let offset = channel.volume.scale.offset() as i64;
    // The numbers stay where they were read.
    let mut samples = std::mem::take(channel.volume.samples.host_mut()?);
    let (low, high) = simd::span(&samples);
    if [low, high].iter().any(|s| u32::try_from(i64::from(*s) + offset).is_err()) {
        return refuse("negative numbers where labels are expected".into());
    }
    samples.iter_mut().for_each(|s| *s = s.wrapping_add(offset as i32));
    Ok((scan, bytemuck::cast_vec(samples)))
}

/// Why samples that do not count in ones are no labels.
fn no_labels(volume: &Volume) -> Result<Option<String>> {
    let scale = volume.scale;
    if scale.factor() == 1.0 && scale.offset().fract() == 0.0 && scale.offset().abs() <= f64::from(u32::MAX) {
        return Ok(None);
    }
    let values = volume.samples.host()?.iter().map(|s| scale.value(f64::from(*s)));
    if values.clone().any(|v| v.fract() != 0.0) {
        return Ok(Some("fractions where labels are expected".into()));
    }
    let largest = values.fold(f64::NEG_INFINITY, f64::max);
    Ok(Some(if largest > f64::from(i32::MAX) {
        format!("labels up to {largest:.2e}; of floats, and of numbers with a slope, they go up to {}", i32::MAX)
    } else {
        format!("whole numbers in steps of {} where labels are expected: the file gives them a slope", scale.factor())
    }))
}

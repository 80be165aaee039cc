//! Bright ground: in brightfield and in inverted images objects are dark, and what this program looks for is the ground.
//!
//! Fluorescence has a dark ground: the median lies near the dark end, or, in a field full of cells, somewhere in the middle with a
//! long tail to the bright side. With a bright ground it lies in the upper quarter between the percentiles 1 and 99, and
//! most of the border of the image is as bright. And a ground hangs together: where most of what is bright is in pieces, these are objects that fill
//! the image, such as droplets in a packed layer.

use super::margin::Margin;
use super::roles::Roles;
use crate::Error;
use crate::Result;
use crate::device::Device;
use crate::image::{Modality, Scan, Volume};
use crate::ops::histogram::{Bins, MAX_BINS};
use crate::ops::label::{Connectivity, label};
use crate::ops::pixelwise::above;
use crate::ops::sizes::sizes;
use crate::ops::value_counts::look;
use crate::recipe::{ObjectScale, Objects, Recipe};

/// The median lies above this share of the way from percentile 1 to percentile 99. In the fluorescence images of BBBC038
/// and StarDist it reaches 0.67, with their values turned round it is 0.8 and more.
const HIGH: f64 = 0.75;
/// At least this share of the border lies above the middle between the two.
const BORDER: f64 = 0.6;
/// One in so many parts of what is bright is in one piece: 0.8 of it and more in the negatives of BBBC038, 0.04 in a layer of droplets.
const IN_ONE_PIECE: u64 = 2;

/// Looks at each channel that objects are found in; what it gives are warnings.
///
/// # Errors
/// The size of objects is to be found in a channel with a bright ground.
pub(super) fn check(scan: &Scan, recipe: &Recipe, roles: &Roles) -> Result<Vec<String>> {
    if scan.modality != Modality::Fluorescence {
        return Ok(vec![]);
    }
    let mut warnings = Vec::new();
    for (role, index) in &roles.found {
        let found_in = |(_, set): &(&String, &Objects)| set.steps.is_some() && set.channel.as_ref() == Some(role);
        let sets: Vec<_> = recipe.body.objects.iter().filter(found_in).collect();
        let Some(channel) = scan.channels.get(*index).filter(|_| !sets.is_empty()) else { continue };
        if !is_bright(&channel.volume)? {
            continue;
        }
        // Beside a margin every ground is bright.
        if let Some(margin) = Margin::of(&channel.volume, scan.modality)?
            && !is_bright(&margin.filled)?
        {
            continue;
        }
        let what = format!(
            "the ground of the channel \"{}\" is brighter than what lies in it: brightfield, or inverted, and no fluorescence?",
            channel.name
        );
        if let Some((name, _)) = sets.iter().find(|(_, set)| set.scale == Some(ObjectScale::Auto)) {
            return Err(Error::usage(what).needed_for(format!("the object set \"{name}\"")).remedy(format!(
                "an image with bright objects on a dark ground; if it is one, --set objects.{name}.scale=\"8 px\" goes on"
            )));
        }
        warnings.push(what);
    }
    Ok(warnings)
}

fn is_bright(volume: &Volume) -> Result<bool> {
    let seen = look(&Device::Cpu, volume)?;
    let (least, most) = seen.range();
    let bins = Bins::linear(least, most, MAX_BINS);
    let counts = seen.histogram(&bins)?;
    let Bins::Edges(edges) = &bins else { return Ok(false) };
    let all = volume.shape.len() as u64;
    // The sample that this share of the voxels does not pass.
    let at = |percent: u64| {
        let mut sum = 0;
        let bin = counts.iter().position(|n| {
            sum += u64::from(*n);
            sum * 100 >= all * percent
        });
        f64::from(bin.map_or(most, |bin| edges[bin]))
    };
    let (low, middle, high) = (at(1), at(50), at(99));
    let limit = (low + high) / 2.0;
    Ok(high > low
        && middle - low >= HIGH * (high - low)
        && border_above(volume, limit)? >= BORDER
        && hangs_together(volume, limit)?)
}

/// Whether most of what lies above a sample is one piece.
fn hangs_together(volume: &Volume, limit: f64) -> Result<bool> {
    let pieces = label(&Device::Cpu, &above(&Device::Cpu, volume, limit as i32)?, Connectivity::Face)?;
    let sizes = sizes(&Device::Cpu, &pieces)?;
    let largest = sizes.iter().skip(1).max().copied().unwrap_or(0);
    let all: u64 = sizes.iter().skip(1).map(|n| u64::from(*n)).sum();
    Ok(u64::from(largest) * IN_ONE_PIECE >= all)
}

/// The share of the border of the planes that lies above a sample.
fn border_above(volume: &Volume, limit: f64) -> Result<f64> {
    let (shape, samples) = (volume.shape, volume.samples.host()?);
    let (mut above, mut all) = (0u64, 0u64);
    for row in samples.chunks(shape.x.max(1)).enumerate() {
        let (y, row) = (row.0 % shape.y, row.1);
        let ends = [0, shape.x - 1];
        let edge: Vec<i32> = match y == 0 || y + 1 == shape.y {
            true => row.to_vec(),
            false => ends.iter().filter_map(|x| row.get(*x).copied()).collect(),
        };
        all += edge.len() as u64;
        above += edge.iter().filter(|s| f64::from(**s) > limit).count() as u64;
    }
    Ok(above as f64 / all.max(1) as f64)
}

#[cfg(test)]
mod tests {
    //! Invariant: an image and its negative.
    use super::*;
    use crate::units::Shape;

    /// Disks of 100 on a ground of 10, with a ramp over all of it.
    fn disks(step: usize, radius: f64) -> Vec<i32> {
        let value = |i: usize| {
            let (y, x) = (i / 120, i % 120);
            let far = |v: usize| (v % step) as f64 - step as f64 / 2.0;
            let inside = far(y).powi(2) + far(x).powi(2) <= radius * radius;
            (if inside { 100 } else { 10 }) + (x / 12) as i32
        };
        (0..120 * 120).map(value).collect()
    }

    #[test]
    fn the_negative_of_a_fluorescence_image_has_a_bright_ground() {
        let bright = |samples| is_bright(&Volume::new(Shape::flat(120, 120), samples).unwrap()).unwrap();
        // From few objects to a field so full that they touch.
        for (step, radius) in [(60, 5.0), (30, 8.0), (20, 7.0), (20, 10.0)] {
            let samples = disks(step, radius);
            let negative = samples.iter().map(|s| 255 - s).collect();
            assert!(!bright(samples), "{step}, {radius}");
            assert!(bright(negative) || radius == 10.0, "{step}, {radius}");
        }
        // Squares with dark gaps fill the image, and are no ground.
        let layer: Vec<i32> = (0..120 * 120).map(|i| if i / 120 % 30 < 2 || i % 30 < 2 { 10 } else { 100 }).collect();
        let negative = layer.iter().map(|s| 110 - s).collect();
        assert!(!bright(layer) && !bright(negative), "of a layer");
        let flat = |value| is_bright(&Volume::new(Shape::flat(2, 2), vec![value; 4]).unwrap()).unwrap();
        assert!(!flat(0) && !flat(255));
    }
}

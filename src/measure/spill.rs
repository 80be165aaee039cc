//! What of lesions is the blur of uptake that they leave out: a mask at the true edge of a bladder leaves a shell of what shines out of it.
//!
//! From each voxel the way goes uphill, to the highest of the 26 voxels around as long as that is higher. Where it ends in what is
//! left out, the voxel is on the slope of something hotter inside; a lesion beside it has a top of its own, and its voxels lead there.
//! Samples are whole numbers and the lower index counts among equals, so nothing depends on threads.

use super::Request;
use super::object::Object;
use super::peak::Seen;
use crate::Result;
use crate::image::Labels;
use crate::ops::extent::extents;
use crate::units::{Shape, Unit};
use rayon::prelude::*;

/// An object is told of from this share of its voxels on. What a wider mask leaves of a slope is less.
const SHARE: f64 = 0.2;

/// How much of one object is on such slopes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spill {
    label: u32,
    voxels: u64,
    of: u64,
    /// Its highest sample, and whether that is on a slope.
    highest: i32,
    top: bool,
}

impl Spill {
    fn counts(&self) -> bool {
        self.top || self.voxels as f64 >= SHARE * self.of as f64
    }
}

/// Warns of objects that are, in part or as a whole, the blur of what they leave out.
///
/// # Errors
/// Data on a device.
pub(super) fn doubt(request: &Request) -> Result<Option<String>> {
    let Some(channel) = request.channels.first().filter(|_| !request.excluded.is_empty()) else { return Ok(None) };
    // Drawn before the objects are gone over in parallel.
    let left_out = request.excluded.iter().map(|set| set.inside()).collect::<Result<Vec<_>>>()?;
    let seen = Seen { samples: channel.volume.samples.host()?, shape: request.labels.shape, left_out: &left_out };
    let spilt: Vec<Spill> = of_objects(request.labels, &seen)?.into_iter().filter(Spill::counts).collect();
    let Some(worst) = spilt.iter().max_by_key(|spill| (spill.voxels, std::cmp::Reverse(spill.label))) else {
        return Ok(None);
    };
    let size = |voxels: u64| match request.spacing {
        Some(s) if request.volumes => format!("{:.1}", voxels as f64 * s.to(Unit::Mm).voxel_volume() / 1000.0),
        _ => voxels.to_string(),
    };
    Ok(Some(format!(
        "{} of {} objects lie in the blur of what is left out (exclude), as {} of {} {} of label {}, whose highest value is {:.2}{}: values \
         rise towards the mask and on inside of it, so that the mask does not reach past the blur. Make it wider, by 5 to 8 mm in patients, \
         or do not use these objects and the totals (docs/pet.md)",
        spilt.len(),
        request.labels.count,
        size(worst.voxels),
        size(worst.of),
        if request.spacing.is_some() && request.volumes { "ml" } else { "voxels" },
        worst.label,
        channel.volume.scale.value(f64::from(worst.highest)),
        if worst.top { ", on that slope" } else { "" },
    )))
}

/// Of the objects that touch what is left out.
fn of_objects(labels: &Labels, seen: &Seen) -> Result<Vec<Spill>> {
    let boxes = extents(labels)?;
    let one = |(label, extent)| {
        let object = Object::new(labels, label, extent)?;
        Ok((extent.n > 0).then(|| of_object(&object, seen)).flatten())
    };
    let numbered: Vec<_> = (1..).zip(boxes).collect();
    let found = numbered.into_par_iter().map(one).collect::<Result<Vec<_>>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Nothing where the object does not touch what is left out.
fn of_object(object: &Object, seen: &Seen) -> Option<Spill> {
    let voxels = || object.runs().iter().flat_map(|run| run.voxels(object.shape.x));
    if !voxels().any(|voxel| around(voxel, seen.shape).any(|near| !seen.has(near))) {
        return None;
    }
    let first = voxels().next()?;
    let higher = |best: usize, voxel| if seen.samples[voxel] > seen.samples[best] { voxel } else { best };
    let hottest = voxels().fold(first, higher);
    let spilt = voxels().filter(|voxel| leads_out(*voxel, seen)).count() as u64;
    let (highest, top) = (seen.samples[hottest], leads_out(hottest, seen));
    Some(Spill { label: object.label, voxels: spilt, of: object.extent.n, highest, top })
}

/// Whether the way uphill ends in what is left out. It ends, as each step is higher than the one before.
fn leads_out(start: usize, seen: &Seen) -> bool {
    let mut here = start;
    loop {
        let higher = |best: usize, near| if seen.samples[near] > seen.samples[best] { near } else { best };
        let next = around(here, seen.shape).fold(here, higher);
        if !seen.has(next) {
            return true;
        }
        if next == here {
            return false;
        }
        here = next;
    }
}

/// The voxels that touch one, corners too, in raster order; the voxel itself is among them.
fn around(index: usize, shape: Shape) -> impl Iterator<Item = usize> {
    let [z, y, x] = shape.position(index);
    let near = |at: usize, size: usize| at.saturating_sub(1)..(at + 2).min(size);
    let (rows, columns) = (near(y, shape.y), near(x, shape.x));
    near(z, shape.z)
        .flat_map(move |z| rows.clone().map(move |y| (z, y)))
        .flat_map(move |(z, y)| columns.clone().map(move |x| shape.index(z, y, x)))
}

#[cfg(test)]
mod tests {
    //! Kind: oracle (rows that a reader can follow by eye).
    use super::*;

    fn spilt(samples: &[i32], labels: &[u32], left_out: &[u8]) -> Vec<(u32, u64, u64, bool)> {
        let shape = Shape::new(1, 1, samples.len());
        let seen = Seen { samples, shape, left_out: &[left_out] };
        let labels = Labels::new(shape, labels.to_vec()).unwrap();
        let found = of_objects(&labels, &seen).unwrap();
        found.iter().map(|s| (s.label, s.voxels, s.of, s.counts())).collect()
    }

    #[test]
    fn a_slope_that_goes_on_inside_the_mask_is_no_lesion() {
        assert_eq!(spilt(&[1, 4, 9, 20, 30], &[0, 1, 1, 0, 0], &[0, 0, 0, 1, 1]), [(1, 2, 2, true)]);
        // Cooler inside: the lesion is a hill of its own.
        assert_eq!(spilt(&[1, 4, 9, 3, 2], &[0, 1, 1, 0, 0], &[0, 0, 0, 1, 1]), [(1, 0, 2, false)]);
        // As high inside, and no higher.
        assert_eq!(spilt(&[1, 4, 9, 9, 2], &[0, 1, 1, 0, 0], &[0, 0, 0, 1, 1]), [(1, 0, 2, false)]);
        // It does not touch.
        assert_eq!(spilt(&[1, 9, 1, 20, 30], &[0, 1, 0, 0, 0], &[0, 0, 0, 1, 1]), []);
    }

    #[test]
    fn a_lesion_with_a_top_of_its_own_is_told_of_where_a_fifth_is_slope() {
        let samples = [1, 5, 6, 7, 9, 7, 6, 5, 8, 30];
        let labels = [0, 1, 1, 1, 1, 1, 1, 1, 1, 0];
        let mut left_out = [0; 10];
        left_out[9] = 1;
        // The hill ends at its lowest voxel, which is nearer to the slope: 2 of 8.
        assert_eq!(spilt(&samples, &labels, &left_out), [(1, 2, 8, true)]);
        let mut more = vec![6; 4];
        more.extend(samples);
        let mut labels_of_more = vec![1; 4];
        labels_of_more.extend([1].iter().chain(&labels[1..]));
        let left_out: Vec<u8> = [0; 4].iter().chain(&left_out).copied().collect();
        assert_eq!(spilt(&more, &labels_of_more, &left_out), [(1, 2, 13, false)]);
    }
}

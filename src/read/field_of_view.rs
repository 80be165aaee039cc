//! What of a PET scan lies outside of its field of view though it is part of the image: slices of nothing at its ends.
//!
//! A scan that is brought onto the grid of another one is filled up with 0 where it shows nothing, above and below in the patient. Such slices hold
//! 0 throughout, and the first one beside them is about as full as those within: the picture is cut off, it does not end. A body or a phantom
//! that ends in air of exactly 0 becomes thin first, and drawings have no noise.

use crate::Result;
use crate::image::{Mask, Modality, PatientGrid, Scan};
use crate::units::Shape;

/// The first slice that is not empty has this share of the voxels with something of the slice [`WITHIN`] it.
const AS_FULL: f64 = 0.6;
const WITHIN: usize = 5;
/// And at least this share of its voxels has something.
const LEAST: f64 = 0.02;

/// Takes slices of nothing at the ends of a PET scan for what was not imaged, with a note.
///
/// # Errors
/// A channel that is not on the host.
pub fn leave_out_empty_ends(scan: &mut Scan) -> Result<()> {
    let (Modality::Pet, [channel]) = (scan.modality, scan.channels.as_slice()) else { return Ok(()) };
    let shape = scan.shape;
    let zero = channel.volume.scale.sample(0.0);
    let look = Look { shape, samples: channel.volume.samples.host()?, zero };
    let known = scan.not_imaged.as_ref().map(|mask| mask.voxels.host()).transpose()?;
    let axis = along_the_patient(scan.patient_grid.unwrap_or(PatientGrid::STRAIGHT));
    let is_new = |k: &usize| known.is_none_or(|known| slice(shape, axis, *k).any(|i| known[i] == 0));
    let ends: Vec<usize> = look.empty_ends(axis).filter(is_new).collect();
    if ends.is_empty() {
        return Ok(());
    }
    let mut voxels = known.map_or_else(|| vec![0; shape.len()], <[u8]>::to_vec);
    ends.iter().for_each(|k| slice(shape, axis, *k).for_each(|i| voxels[i] = 1));
    scan.not_imaged = Some(Mask::new(shape, voxels)?);
    scan.notes.push(format!(
        "{} of {} slices, at the ends of the image, hold nothing but 0: taken for what was not imaged, which belongs to no object",
        ends.len(),
        shape.zyx()[axis]
    ));
    Ok(())
}

/// The axis of the grid (z, y, x) that runs from foot to head.
fn along_the_patient(grid: PatientGrid) -> usize {
    let rise = |axis: &usize| grid.directions[*axis][2].abs();
    (0..3).max_by(|a, b| rise(a).total_cmp(&rise(b))).unwrap_or(0)
}

/// Linear indices of a slice across an axis.
fn slice(shape: Shape, axis: usize, k: usize) -> impl Iterator<Item = usize> {
    let steps = [shape.y * shape.x, shape.x, 1];
    let [a, b] = [[1, 2], [0, 2], [0, 1]][axis];
    let (rows, columns) = (shape.zyx()[a], shape.zyx()[b]);
    (0..rows).flat_map(move |i| (0..columns).map(move |j| k * steps[axis] + i * steps[a] + j * steps[b]))
}

struct Look<'a> {
    shape: Shape,
    samples: &'a [i32],
    /// The sample of the value 0; between two of them no voxel is 0.
    zero: f64,
}

impl Look<'_> {
    fn has_something(&self, voxel: usize) -> bool {
        f64::from(self.samples[voxel]) != self.zero
    }

    /// The slices across an axis that are empty at its ends, where the picture is cut off there.
    fn empty_ends(&self, axis: usize) -> impl Iterator<Item = usize> + use<> {
        let count = self.shape.zyx()[axis];
        let is_full = |k: &usize| slice(self.shape, axis, *k).any(|i| self.has_something(i));
        let (first, last) = match ((0..count).find(is_full), (0..count).rev().find(is_full)) {
            (Some(first), Some(last)) => (first, last),
            _ => (0, count.saturating_sub(1)),
        };
        let low = first > 0 && self.is_cut_off(axis, first, (first + WITHIN).min(last));
        let high = last + 1 < count && self.is_cut_off(axis, last, last.saturating_sub(WITHIN).max(first));
        (0..if low { first } else { 0 }).chain(if high { last + 1 } else { count }..count)
    }

    /// Whether the picture is as full in its last slice as it is further in, and has noise there.
    fn is_cut_off(&self, axis: usize, end: usize, within: usize) -> bool {
        let filled = |k: usize| slice(self.shape, axis, k).filter(|i| self.has_something(*i)).count() as f64;
        let here = filled(end);
        let all = self.shape.len() as f64 / self.shape.zyx()[axis] as f64;
        let samples: Vec<i32> = slice(self.shape, axis, end).map(|i| self.samples[i]).collect();
        let unlike = samples.windows(2).filter(|two| two[0] != two[1]).count() as f64;
        here >= LEAST * all && here >= AS_FULL * filled(within) && 2.0 * unlike >= here
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: scans that were filled up, and what ends by itself.
    use super::*;
    use crate::image::{Channel, Volume};

    const SHAPE: Shape = Shape { z: 24, y: 20, x: 22 };

    /// What is said, and how many voxels were not imaged, where an axis runs along the patient.
    fn of(axis: usize, sample: impl Fn([usize; 3]) -> i32) -> (Vec<String>, Option<usize>) {
        let samples = (0..SHAPE.len()).map(|i| sample(SHAPE.position(i))).collect();
        let volume = Volume::new(SHAPE, samples).unwrap();
        let channel = Channel { name: "pet".into(), unit: "g/ml", volume, saturated: None, saturation: None };
        let mut scan = Scan::new(Modality::Pet, SHAPE, vec![channel]);
        let mut directions = PatientGrid::STRAIGHT.directions;
        directions.swap(0, axis);
        scan.patient_grid = Some(PatientGrid { directions, ..PatientGrid::STRAIGHT });
        leave_out_empty_ends(&mut scan).unwrap();
        let count = |mask: &Mask| mask.voxels.host().unwrap().iter().filter(|v| **v == 1).count();
        (scan.notes, scan.not_imaged.as_ref().map(count))
    }

    fn noise([z, y, x]: [usize; 3]) -> i32 {
        ((z * 7919 + y * 104_729 + x * 1_299_709) % 1009) as i32 - 300
    }

    #[test]
    fn what_was_filled_up_was_not_imaged_whichever_axis_it_is() {
        assert_eq!(of(0, noise).1, None);
        for (axis, cut) in [(0, 10), (1, 6), (2, 8)] {
            let (told, voxels) = of(axis, |at| if (4..18).contains(&at[axis]) { noise(at) + 5000 } else { 0 });
            assert_eq!(voxels, Some(cut * SHAPE.len() / SHAPE.zyx()[axis]));
            assert!(told[0].starts_with(&format!("{cut} of {} slices", SHAPE.zyx()[axis])), "{told:?}");
        }
        // A body in air that is 0.
        let body = |[_, y, x]: [usize; 3]| (5..14).contains(&y) && (6..16).contains(&x);
        assert_eq!(of(0, |at| if at[0] >= 6 && body(at) { noise(at) + 5000 } else { 0 }).1, Some(6 * 20 * 22));
    }

    #[test]
    fn what_ends_by_itself_was_imaged() {
        let ball = |at: [usize; 3]| at.iter().map(|k| (*k as f64 - 10.0).powi(2)).sum::<f64>() <= 64.0;
        assert_eq!(of(0, |at| if ball(at) { noise(at) + 5000 } else { 0 }).1, None, "a ball in air");
        let cube = |at: [usize; 3]| at.iter().all(|k| (5..15).contains(k));
        assert_eq!(of(0, |at| if cube(at) { 4000 } else { 0 }).1, None, "a drawing");
        assert_eq!(of(0, |_| 0).1, None, "nothing at all");
    }
}

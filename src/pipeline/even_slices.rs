//! A stack whose slices have unlike grounds, brought to one of them for those that search objects in it: a threshold that suits one slice
//! would take the ground of another for objects, and backgrounds would be those of the darkest slice next to them.

use crate::Result;
use crate::device::Buffer;
use crate::image::{Modality, Volume};
use crate::measure::slice_grounds;
use crate::recipe::{CountedFrom, ObjectScale, Step};
use rayon::prelude::*;

/// Light that fades to a tenth, or is ten times as much in a slice, changes its noise no more than that; slices of a deconvolved stack differ by more.
const OF_ONE_CAMERA: f64 = 3.2;

/// A stack on the host with one ground.
#[derive(Clone)]
pub(super) struct EvenSlices {
    pub volume: Volume,
    /// How far the ground of each slice lay above that, in values.
    pub above: Vec<f64>,
    /// The least and the largest ground before, as values.
    grounds: [f64; 2],
}

/// Whether steps find by themselves what is ground, or look for it. Thresholds that are given are those of the file.
pub(super) fn find_ground(scale: Option<ObjectScale>, steps: &[Step]) -> bool {
    let looks = |step: &Step| match step {
        Step::Background(_) | Step::Spots(_) => true,
        Step::Threshold(p) => p.from == Some(CountedFrom::Ground),
        _ => false,
    };
    scale == Some(ObjectScale::Auto) || steps.iter().any(looks)
}

impl EvenSlices {
    /// Nothing where slices are alike, or no camera has seen them, or not with such a noise. Each slice has the mean of its ground moved to the middle one of all slices.
    /// Nothing either where the ground of a slice was cut off: that is known by its least value, which has to be one for all.
    ///
    /// # Errors
    /// The stack is not on the host.
    pub fn of(stack: &Volume, modality: Modality) -> Result<Option<Self>> {
        let is_seen = modality == Modality::Fluorescence && !stack.shape.is_flat();
        let Some(slices) = (if is_seen { slice_grounds(stack, None, None)? } else { None }) else { return Ok(None) };
        if slices.each.iter().any(|ground| ground.cut_off > 0.0) {
            return Ok(None);
        }
        let spreads = || slices.each.iter().map(|ground| ground.spread);
        let (quiet, loud) = (spreads().fold(f64::MAX, f64::min), spreads().fold(0.0, f64::max));
        if loud > OF_ONE_CAMERA * quiet {
            return Ok(None);
        }
        let mut means: Vec<f64> = slices.each.iter().map(|ground| ground.mean).collect();
        means.sort_unstable_by(f64::total_cmp);
        let (Some(least), Some(most)) = (means.first(), means.last()) else { return Ok(None) };
        let grounds = [*least, *most].map(|mean| stack.scale.value(mean));
        let by: Vec<i32> =
            slices.each.iter().map(|ground| (means[(means.len() - 1) / 2] - ground.mean).round() as i32).collect();
        let above = by.iter().map(|by| -f64::from(*by) * stack.scale.factor()).collect();
        Ok(Some(EvenSlices { volume: moved(stack, &by)?, above, grounds }))
    }

    /// For the user.
    pub fn note(&self) -> String {
        let [least, most] = self.grounds;
        format!(
            "slices have grounds from {least:.4} to {most:.4}: they are brought to one in the search for objects; values have theirs"
        )
    }
}

/// Each slice with so much added to its samples.
fn moved(stack: &Volume, by: &[i32]) -> Result<Volume> {
    let mut samples = stack.samples.host()?.to_vec();
    let plane = (stack.shape.y * stack.shape.x).max(1);
    let slices = samples.par_chunks_mut(plane).zip(by);
    slices.for_each(|(slice, by)| slice.iter_mut().for_each(|sample| *sample = sample.saturating_add(*by)));
    Ok(stack.with(Buffer::on_host(samples)))
}

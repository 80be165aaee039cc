//! A stack whose slices have unlike grounds, brought to one of them for those that search objects in it: a threshold that suits one slice
//! would take the ground of another for objects, and backgrounds would be those of the darkest slice next to them.

use crate::Result;
use crate::device::Buffer;
use crate::image::{Modality, Volume};
use crate::measure::{SliceGround, slice_grounds};
use crate::recipe::{CountedFrom, ObjectScale, Step};
use rayon::prelude::*;

/// A stack on the host with one ground.
#[derive(Clone)]
pub(super) struct EvenSlices {
    pub volume: Volume,
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
    /// Nothing where slices are alike, or no camera has seen them. Each slice has the mean of its ground moved to the middle one of all slices.
    ///
    /// # Errors
    /// The stack is not on the host.
    pub fn of(stack: &Volume, modality: Modality) -> Result<Option<Self>> {
        let is_seen = modality == Modality::Fluorescence && !stack.shape.is_flat();
        let Some(slices) = (if is_seen { slice_grounds(stack, None, None)? } else { None }) else { return Ok(None) };
        let mut means: Vec<f64> = slices.each.iter().map(|ground| ground.mean).collect();
        means.sort_unstable_by(f64::total_cmp);
        let (Some(least), Some(most)) = (means.first(), means.last()) else { return Ok(None) };
        let grounds = [*least, *most].map(|mean| stack.scale.value(mean));
        Ok(Some(EvenSlices { volume: moved(stack, &slices.each, means[(means.len() - 1) / 2])?, grounds }))
    }

    /// For the user.
    pub fn note(&self) -> String {
        let [least, most] = self.grounds;
        format!(
            "slices have grounds from {least:.4} to {most:.4}: they are brought to one in the search for objects; values have theirs"
        )
    }
}

/// Each slice with the mean of its ground moved there.
fn moved(stack: &Volume, grounds: &[SliceGround], to: f64) -> Result<Volume> {
    let mut samples = stack.samples.host()?.to_vec();
    let plane = (stack.shape.y * stack.shape.x).max(1);
    samples.par_chunks_mut(plane).zip(grounds).for_each(|(slice, ground)| {
        // The cast stops at the ends of i32.
        let by = (to - ground.mean).round() as i32;
        slice.iter_mut().for_each(|sample| *sample = sample.saturating_add(by));
    });
    Ok(stack.with(Buffer::on_host(samples)))
}

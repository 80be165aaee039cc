//! A stack whose slices have unlike grounds, brought to one of them for those that search objects in it: a threshold that suits one slice
//! would take the ground of another for objects, and backgrounds would be those of the darkest slice next to them.

use super::cut_slices::{Lowered, OF_ONE_CAMERA, lowered};
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Modality, Volume};
use crate::measure::{SliceGrounds, slice_grounds};
use crate::ops::noise::noise;
use crate::recipe::{CountedFrom, ObjectScale, Step};
use crate::units::Shape;
use rayon::prelude::*;

/// Noises that differ by no more are one.
const AS_LOUD: f64 = 1.25;
/// Light that fades to a fifth leaves noises so far apart where all was multiplied by it. Ends of a deconvolved stack hold far less.
const FADED: f64 = 6.0;
/// A slice with so many times less noise has less than a quarter of the light; objects in it are far dimmer than elsewhere.
const FAR_LESS_LIGHT: f64 = 1.75;
/// So large a share of such slices does not decide what objects look like.
const FEW: f64 = 0.25;

/// A stack on the host with one ground.
#[derive(Clone)]
pub(super) struct EvenSlices {
    pub volume: Volume,
    /// How far the ground of each slice lay above that, in values.
    pub above: Vec<f64>,
    /// The least and the largest ground before, as values.
    grounds: [f64; 2],
    /// That one, in samples.
    middle: f64,
    /// It is that of slices that were cut off.
    cut: Option<CutOff>,
    /// Slices with far less light than others, where they are many.
    dim: usize,
}

/// The ground of slices that were cut off.
#[derive(Clone, Copy, PartialEq)]
enum CutOff {
    /// What was left of it tells it.
    Told,
    /// It lay too deep below the cut for that.
    Lost,
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
        EvenSlices::seen(stack, modality)?.map_or(Ok(None), |slices| EvenSlices::on_middle(stack, &slices))
    }

    /// The grounds of the slices that a camera has seen, where they are unlike.
    fn seen(stack: &Volume, modality: Modality) -> Result<Option<SliceGrounds>> {
        let is_seen = modality == Modality::Fluorescence && !stack.shape.is_flat();
        if is_seen { slice_grounds(stack, None, None) } else { Ok(None) }
    }

    fn on_middle(stack: &Volume, slices: &SliceGrounds) -> Result<Option<Self>> {
        if slices.each.iter().any(|ground| ground.cut_off > 0.0) {
            return Ok(None);
        }
        let spreads = || slices.each.iter().map(|ground| ground.spread);
        let (quiet, loud) = (spreads().fold(f64::MAX, f64::min), spreads().fold(0.0, f64::max));
        if loud > FADED * quiet {
            return Ok(None);
        }
        let mut means: Vec<f64> = slices.each.iter().map(|ground| ground.mean).collect();
        means.sort_unstable_by(f64::total_cmp);
        let (Some(least), Some(most)) = (means.first(), means.last()) else { return Ok(None) };
        let grounds = [*least, *most].map(|mean| stack.scale.value(mean));
        let middle = means[(means.len() - 1) / 2];
        let by: Vec<i32> = slices.each.iter().map(|ground| (middle - ground.mean).round() as i32).collect();
        let volume = moved(stack, &by, i32::MIN)?;
        Ok(Some(EvenSlices { volume, above: above(stack, &by), grounds, middle, cut: None, dim: 0 }))
    }

    /// The same for a search, which holds all slices against one noise: where they have unlike ones, what lies above the ground of a quieter slice
    /// is as many times as high as the loudest one has more noise. Slices that were not cut off are brought down to those that were.
    ///
    /// # Errors
    /// The stack is not on the host.
    pub fn to_search(stack: &Volume, modality: Modality) -> Result<Option<Self>> {
        let Some(slices) = EvenSlices::seen(stack, modality)? else { return Ok(None) };
        match EvenSlices::on_middle(stack, &slices)? {
            Some(even) => even.with_one_noise().map(Some),
            None => EvenSlices::down_to_cut(stack, &slices),
        }
    }

    /// Of a stack of which some slices were cut off.
    fn down_to_cut(stack: &Volume, slices: &SliceGrounds) -> Result<Option<Self>> {
        let Some(Lowered { by, least, highest, is_lost }) = lowered(stack, slices)? else { return Ok(None) };
        let middle = f64::from(least);
        Ok(Some(EvenSlices {
            volume: moved(stack, &by, least)?,
            above: above(stack, &by),
            grounds: [middle, highest].map(|sample| stack.scale.value(sample)),
            middle,
            cut: Some(if is_lost { CutOff::Lost } else { CutOff::Told }),
            dim: 0,
        }))
    }

    /// The noise is that between neighbours, which objects are no part of.
    fn with_one_noise(self) -> Result<Self> {
        let (shape, plane) = (self.volume.shape, self.volume.shape.y * self.volume.shape.x);
        let slices = self.volume.samples.host()?.par_chunks(plane.max(1));
        let noise_of =
            |slice: &[i32]| noise(&Device::Cpu, &Volume::new(Shape::flat(shape.y, shape.x), slice.to_vec())?);
        let noises = slices.map(noise_of).collect::<Result<Vec<f64>>>()?;
        let loudest = noises.iter().copied().fold(0.0, f64::max);
        let times = |noise: &f64| match loudest > AS_LOUD * noise && *noise > 0.0 {
            true => (loudest / noise).min(OF_ONE_CAMERA),
            false => 1.0,
        };
        let times: Vec<f64> = noises.iter().map(times).collect();
        if times.iter().all(|times| *times == 1.0) {
            return Ok(self);
        }
        let ground = self.middle.round();
        let volume = each_slice(&self.volume, &times, |sample, times| {
            // The cast stops at the ends of i32.
            (ground + times * (f64::from(sample) - ground)).round() as i32
        })?;
        let dim = times.iter().filter(|times| **times > FAR_LESS_LIGHT).count();
        let dim = if dim as f64 > FEW * times.len() as f64 { dim } else { 0 };
        Ok(EvenSlices { volume, dim, ..self })
    }

    /// For the user.
    pub fn note(&self) -> String {
        let [least, most] = self.grounds;
        let to = if self.cut.is_some() { "brought down to those that were cut off" } else { "brought to one" };
        format!(
            "slices have grounds from {least:.4} to {most:.4}: they are {to} in the search for objects; measured values are unchanged"
        )
    }

    /// For the user to look at.
    pub fn warning(&self) -> Option<String> {
        let [least, most] = self.grounds;
        if self.cut == Some(CutOff::Lost) {
            return Some(format!(
                "slices have unlike grounds, and those of some were cut off at {least:.4} while that of the brightest lies at {most:.4}: how much darker they were is \
                 lost, so objects may end or part at them; search the images as they were taken, or subtract slice by slice"
            ));
        }
        (self.dim > 0).then(|| {
            format!(
                "{} of {} slices have far less light than the others (grounds from {least:.4} to {most:.4}): objects may be torn or missed in them",
                self.dim, self.volume.shape.z
            )
        })
    }
}

/// How far the ground of each slice lay above the one that it was moved to, in values.
fn above(stack: &Volume, by: &[i32]) -> Vec<f64> {
    by.iter().map(|by| -f64::from(*by) * stack.scale.factor()).collect()
}

/// Each slice with so much added to its samples, none below the least.
fn moved(stack: &Volume, by: &[i32], least: i32) -> Result<Volume> {
    each_slice(stack, by, |sample, by| sample.saturating_add(by).max(least))
}

/// Each slice with its samples changed as a number of its own says.
fn each_slice<T: Copy + Send + Sync>(
    stack: &Volume,
    numbers: &[T],
    changed: impl Fn(i32, T) -> i32 + Sync,
) -> Result<Volume> {
    let mut samples = stack.samples.host()?.to_vec();
    let plane = (stack.shape.y * stack.shape.x).max(1);
    let slices = samples.par_chunks_mut(plane).zip(numbers);
    slices.for_each(|(slice, number)| slice.iter_mut().for_each(|sample| *sample = changed(*sample, *number)));
    Ok(stack.with(Buffer::on_host(samples)))
}

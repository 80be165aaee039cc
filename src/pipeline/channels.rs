//! The samples that steps work on.

use super::cut_gap::{Closed, has_given_thresholds};
use super::drawn;
use super::even_slices::{EvenSlices, find_ground};
use super::faults::{Faults, without_faults};
use super::margin::Margin;
use super::specks::{Light, Specks};
use crate::Result;
use crate::device::Device;
use crate::image::{Mask, Modality, Volume};
use crate::ops::histogram::{MAX_BINS, range};
use crate::ops::pixelwise::shift_left;
use crate::profile::stage;
use crate::recipe::{ObjectScale, Objects, Recipe, Step};
use std::collections::BTreeMap;

/// A channel as a set wants it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    role: String,
    /// Its size is found in it: specks are cut down.
    has_size: bool,
    /// Faulty pixels are left out.
    is_clean: bool,
    /// Its margin is filled.
    has_margin: bool,
    /// Slices with unlike grounds are brought to one.
    is_even: bool,
    /// A gap in its ground is closed.
    is_closed: bool,
}

/// Channels as steps find them. One that is wanted again stays: it goes to the device once.
pub(super) struct Lifted {
    /// What sets to come are found in, one for each set.
    to_come: Vec<Wanted>,
    kept: BTreeMap<Wanted, Working>,
    /// Where objects may be, by set, in channels that have a margin: what grows from them ends there.
    pub searched: BTreeMap<String, Mask>,
}

/// A channel that steps work on.
#[derive(Clone)]
pub(super) struct Working {
    pub volume: Volume,
    /// What the size of objects is found in where that is something else: without specks.
    pub for_size: Option<Volume>,
    /// The light that was cut off specks.
    pub light: Light,
    pub changes: Changes,
}

/// What was changed in a channel before steps see it, and what is to be told of that.
#[derive(Clone)]
pub(super) struct Changes {
    /// What lies beside the picture, which steps do not see.
    pub margin: Option<Margin>,
    /// Its ground brought together, where a gap was left in it.
    pub closed: Option<Closed>,
    /// A warning of what was drawn into the channel.
    pub drawn: Option<String>,
    /// Its slices brought to one ground, where they have unlike ones.
    pub slices: Option<EvenSlices>,
    /// Pixels that were left out.
    pub faults: Faults,
    /// The channel without them, where something grows through it.
    clean: Option<Volume>,
    /// A warning of specks.
    pub specks: Option<String>,
}

impl Changes {
    /// The channel with all that was changed in it, in samples of the file.
    pub fn file<'a>(&'a self, channel: &'a Volume) -> &'a Volume {
        let file = self.margin.as_ref().map_or(channel, |margin| &margin.filled);
        let file = self.closed.as_ref().map_or(file, |closed| &closed.volume);
        let file = self.slices.as_ref().map_or(file, |slices| &slices.volume);
        self.clean.as_ref().unwrap_or(file)
    }
}

/// Whether objects grow through a stain, or are a region of it: one hot pixel takes the brightest class of its threshold.
fn is_stain(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::DimSpecks(_) | Step::Propagate(_)))
}

fn wanted(set: &Objects) -> Option<Wanted> {
    let steps = set.steps.as_ref()?;
    let has_size = set.scale == Some(ObjectScale::Auto);
    let is_even = find_ground(set.scale, steps);
    Some(Wanted {
        role: set.channel.clone()?,
        has_size,
        is_clean: has_size || is_stain(steps),
        has_margin: set.margin,
        is_even,
        is_closed: is_even && !has_given_thresholds(steps),
    })
}

impl Wanted {
    /// Makes it of the channel, one change after the other.
    fn lift(&self, volume: &Volume, modality: Modality, device: &Device) -> Result<Working> {
        let margin = match self.has_margin {
            true => stage("margin", "", || Margin::of(volume, modality))?,
            false => None,
        };
        let picture = margin.as_ref().map_or(volume, |margin| &margin.filled);
        let closed = match self.is_closed {
            true => stage("gap", "", || Closed::of(picture, modality))?,
            false => None,
        };
        let picture = closed.as_ref().map_or(picture, |closed| &closed.volume);
        let drawn = stage("drawn", "", || drawn::warning(picture, modality))?;
        let slices = match self.is_even {
            true => stage("slices", "", || EvenSlices::to_search(picture, modality))?,
            false => None,
        };
        let picture = slices.as_ref().map_or(picture, |slices| &slices.volume);
        let (clean, faults) = match self.is_clean {
            true => stage("faulty pixels", "", || without_faults(picture))?,
            false => (picture.clone(), Faults::default()),
        };
        let specks = match self.has_size {
            true => stage("specks", "", || Specks::of(&clean))?,
            false => None,
        };
        let volume = working(specks.as_ref().map_or(&clean, |specks| &specks.cut), device)?;
        let for_size = specks.as_ref().map(|specks| working(&specks.bare, device)).transpose()?;
        let (specks, light) = specks.map(|specks| (specks.warning, specks.light)).unzip();
        let lift = lift(&clean, &volume) as i32;
        let light = light.into_iter().flatten().map(|(i, light)| (i, light.saturating_mul(lift))).collect();
        let clean = (!self.has_size && faults != Faults::default()).then_some(clean);
        Ok(Working {
            volume,
            for_size,
            light,
            changes: Changes { margin, closed, drawn, slices, faults, clean, specks },
        })
    }
}

impl Lifted {
    /// For all sets of a recipe.
    pub fn new(recipe: &Recipe) -> Self {
        let to_come = recipe.body.objects.values().filter_map(wanted).collect();
        Lifted { to_come, kept: BTreeMap::new(), searched: BTreeMap::new() }
    }

    /// The channel of its role for a set that is found in it: with its margin filled, slices on one ground, without faulty pixels if the set's scale
    /// is found in it or its stain grown through, and without specks if the scale is.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn channel(
        &mut self,
        set: &Objects,
        (volume, modality): (&Volume, Modality),
        device: &Device,
    ) -> Result<Working> {
        let key = wanted(set).unwrap_or_default();
        if let Some(at) = self.to_come.iter().position(|other| *other == key) {
            self.to_come.swap_remove(at);
        }
        let lifted = match self.kept.remove(&key) {
            Some(lifted) => lifted,
            None => key.lift(volume, modality, device)?,
        };
        if self.to_come.contains(&key) {
            self.kept.insert(key, lifted.clone());
        }
        Ok(lifted)
    }
}

/// The channel where the device is, shifted left so that its largest sample lies in 2^15..2^16: 8-bit images have few
/// grey levels in use, and filters round to whole samples. Samples of 16 bits and more stay as they are, and so do those whose values, some of them
/// negative, are so many that a histogram would have no bin for each of them afterwards.
pub(super) fn working(volume: &Volume, device: &Device) -> Result<Volume> {
    let (least, most) = range(&Device::Cpu, volume)?;
    // The negative side has to fit as well.
    let bits = match most.max(least.saturating_neg()).max(0) {
        _ if 2 * (i64::from(most) - i64::from(least)) >= MAX_BINS as i64 => 0,
        0 => 0,
        reach => reach.leading_zeros().saturating_sub(16),
    };
    let up = volume.to(device)?;
    let lifted = if bits == 0 { up } else { shift_left(device, &up, bits)? };
    lifted.samples.know_range((least << bits, most << bits));
    Ok(lifted)
}

/// How many samples of the image that is worked on are one of the file: a power of two.
pub(super) fn lift(file: &Volume, working: &Volume) -> u32 {
    (file.scale.factor() / working.scale.factor()) as u32
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn working_samples_fill_16_bits_and_keep_their_values() {
        for (samples, want) in [
            (vec![0, 255], vec![0, 255 << 8]),
            (vec![0, 1], vec![0, 1 << 15]),
            (vec![-200, 100], vec![-200 << 8, 100 << 8]),
            (vec![0, 32_767], vec![0, 65_534]),
            (vec![-1, 32_767], vec![-1, 32_767]),
            (vec![-32_767, 20_000], vec![-32_767, 20_000]),
            (vec![i32::MIN, i32::MAX], vec![i32::MIN, i32::MAX]),
            (vec![3, 40_000], vec![3, 40_000]),
            (vec![3, 1 << 20], vec![3, 1 << 20]),
            (vec![0, 0], vec![0, 0]),
        ] {
            let v = Volume::new(Shape::flat(1, 2), samples.clone()).unwrap();
            let w = working(&v, &Device::Cpu).unwrap();
            assert_eq!(w.samples.host().unwrap(), want);
            assert_eq!(w.scale.value(f64::from(want[1])), f64::from(samples[1]));
        }
    }
}

//! The light of objects in each channel of fluorescence, for sets that are judged by markers: what they are on the mean, and what of that faulty
//! pixels have.

use super::faults::{Faults, without_faults};
use crate::Result;
use crate::image::{Labels, Modality, ObjectSet, Volume};
use crate::measure::ChannelRef;
use crate::recipe::Recipe;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The light of a set in a channel, in the unit of the channel.
pub(super) struct Light {
    /// The mean of each object.
    pub mean: Vec<Option<f64>>,
    /// How many pixels of the channel are faulty.
    pub faults: Faults,
    /// What these add to the mean of each object; nothing where there are none.
    pub of_faults: Vec<f64>,
}

/// By set and by role.
#[derive(Default)]
pub(super) struct ObjectLight<'a> {
    judged: Vec<(&'a str, &'a Labels)>,
    found: BTreeMap<(String, String), Light>,
}

impl<'a> ObjectLight<'a> {
    /// Of the sets that a recipe judges.
    pub fn of(recipe: &Recipe, made: &'a BTreeMap<String, ObjectSet>) -> Self {
        let is_judged = |name: &str| recipe.body.positive.contains_key(name);
        // Labels with gaps have no tables by label.
        let judged = made.iter().map(|(name, set)| (name.as_str(), &set.labels));
        let judged =
            judged.filter(|(name, labels)| is_judged(name) && labels.count as usize <= labels.shape.len()).collect();
        ObjectLight { judged, found: BTreeMap::new() }
    }

    /// Looks at the objects in a channel.
    ///
    /// # Errors
    /// Data on a device.
    pub fn look_at(&mut self, channel: &ChannelRef, modality: Modality) -> Result<()> {
        // In a scan of doses one voxel that stands out is a finding.
        if self.judged.is_empty() || modality != Modality::Fluorescence {
            return Ok(());
        }
        let (clean, faults) = without_faults(channel.volume)?;
        for (set, labels) in self.judged.iter().filter(|(_, labels)| labels.shape == channel.volume.shape) {
            let means = means(channel.volume, labels)?;
            let of_faults = match faults == Faults::default() {
                true => vec![],
                false => {
                    let clean = self::means(&clean, labels)?;
                    means.iter().zip(clean).map(|(all, clean)| all.zip(clean).map_or(0.0, |(a, c)| a - c)).collect()
                }
            };
            let key = ((*set).to_owned(), channel.name.to_owned());
            self.found.insert(key, Light { mean: means, faults, of_faults });
        }
        Ok(())
    }

    /// Of a set in the channel of a role.
    pub fn in_channel(&self, set: &str, role: &str) -> Option<&Light> {
        self.found.get(&(set.to_owned(), role.to_owned()))
    }
}

/// The mean of each object, in the unit of the image.
fn means(volume: &Volume, labels: &Labels) -> Result<Vec<Option<f64>>> {
    let (samples, runs) = (volume.samples.host()?, labels.runs()?);
    let mean = |label: u32| {
        let voxels = || runs.of(label).iter().flat_map(|run| &samples[run.voxels(volume.shape.x)]);
        let (n, sum) = voxels().fold((0u64, 0i64), |(n, sum), sample| (n + 1, sum + i64::from(*sample)));
        (n > 0).then(|| volume.scale.value(sum as f64 / n as f64))
    };
    Ok((1..labels.count + 1).into_par_iter().map(mean).collect())
}

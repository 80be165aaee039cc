//! Which channel of the image plays which role, and the samples that steps work on.

use super::hot::without_hot_pixels;
use crate::device::Device;
use crate::ops::histogram::range;
use crate::ops::pixelwise::shift_left;
use crate::profile::stage;
use crate::recipe::{ObjectScale, Objects, Pick, Recipe};
use crate::scan::Scan;
use crate::volume::Volume;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Roles of the recipe with the index of their channel, in the order of the channels of the file.
pub(super) struct Roles {
    pub found: Vec<(String, usize)>,
    /// Roles that the image has no channel for.
    pub missing: Vec<String>,
}

impl Roles {
    /// The first name or index of each role that the image has. Names are compared without regard to case.
    ///
    /// # Errors
    /// Object sets are to be found in a channel that is not there.
    pub fn find(scan: &Scan, recipe: &Recipe) -> Result<Self> {
        let mut roles = Roles { found: Vec::new(), missing: Vec::new() };
        for (role, picks) in &recipe.body.channels {
            match picks.iter().find_map(|p| index(scan, p)) {
                Some(i) => roles.found.push((role.clone(), i)),
                None => roles.missing.push(role.clone()),
            }
        }
        roles.found.sort_by_key(|(_, i)| *i);
        let needed = recipe.body.objects.iter().filter_map(|(set, o)| o.channel.as_ref().map(|c| (set, c)));
        for (set, role) in needed {
            if roles.missing.contains(role) {
                let have: Vec<String> = scan.channels.iter().map(|c| format!("\"{}\"", c.name)).collect();
                return Err(Error::usage(format!("no channel for \"{role}\"; the image has {}", have.join(", ")))
                    .needed_for(format!("the object set \"{set}\""))
                    .remedy(format!("--set channels.{role}='[\"NAME\"]', or an index from 0 in place of the name")));
            }
        }
        Ok(roles)
    }

    pub fn index(&self, role: &str) -> Option<usize> {
        self.found.iter().find(|(r, _)| r == role).map(|(_, i)| *i)
    }
}

fn index(scan: &Scan, pick: &Pick) -> Option<usize> {
    match pick {
        Pick::Index(i) => (scan.channels.len() > *i as usize).then_some(*i as usize),
        Pick::Name(name) => scan.channels.iter().position(|c| c.name.eq_ignore_ascii_case(name)),
    }
}

/// A role, and whether hot pixels are left out of its channel.
type Wanted = (String, bool);

/// Channels as steps find them. One that is wanted again stays: it goes to the device once.
pub(super) struct Lifted {
    /// What sets to come are found in, one for each set.
    to_come: Vec<Wanted>,
    kept: BTreeMap<Wanted, Working>,
}

/// A channel that steps work on.
#[derive(Clone)]
pub(super) struct Working {
    pub volume: Volume,
    /// Hot pixels that were left out.
    pub hot: usize,
}

fn wanted(set: &Objects) -> Option<Wanted> {
    set.steps.as_ref().and(set.channel.clone()).map(|role| (role, set.scale == Some(ObjectScale::Auto)))
}

impl Lifted {
    /// For all sets of a recipe.
    pub fn new(recipe: &Recipe) -> Self {
        Lifted { to_come: recipe.body.objects.values().filter_map(wanted).collect(), kept: BTreeMap::new() }
    }

    /// The channel of its role for a set that is found in it: without hot pixels if the set's scale is.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn channel(&mut self, set: &Objects, volume: &Volume, device: &Device) -> Result<Working> {
        let key = wanted(set).unwrap_or_default();
        if let Some(at) = self.to_come.iter().position(|other| *other == key) {
            self.to_come.swap_remove(at);
        }
        let lifted = match (self.kept.remove(&key), key.1) {
            (Some(lifted), _) => lifted,
            (None, false) => Working { volume: working(volume, device)?, hot: 0 },
            (None, true) => {
                let (clean, hot) = stage("hot pixels", "", || without_hot_pixels(volume))?;
                Working { volume: working(&clean, device)?, hot }
            }
        };
        if self.to_come.contains(&key) {
            self.kept.insert(key, lifted.clone());
        }
        Ok(lifted)
    }
}

/// The channel where the device is, shifted left so that its largest sample lies in 2^15..2^16: 8-bit images have few
/// grey levels in use, and filters round to whole samples. Samples of 16 bits and more stay as they are.
fn working(volume: &Volume, device: &Device) -> Result<Volume> {
    let (least, most) = range(&Device::Cpu, volume)?;
    // The negative side has to fit as well.
    let reach = most.max(least.saturating_neg()).max(0);
    let up = volume.to(device)?;
    match reach {
        0 => Ok(up),
        reach => match reach.leading_zeros().saturating_sub(16) {
            0 => Ok(up),
            bits => shift_left(device, &up, bits),
        },
    }
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

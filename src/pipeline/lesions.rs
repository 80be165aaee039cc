//! Steps that know of other object sets, and those that draw lesions around seeds.

use super::state::State;
use super::windows::{Window, together, windows};
use crate::device::Device;
use crate::image::{Labels, Volume};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::delineate::{Delineated, Rule, delineate, shell};
use crate::ops::gradient::gradient;
use crate::ops::grow::grow;
use crate::ops::pixelwise::{and, foreground, not, with_outside};
use crate::ops::renumber::{renumber, select};
use crate::ops::sizes::sizes;
use crate::ops::sums::{Sums, sums};
use crate::ops::watershed::watershed;
use crate::recipe::{self, Exclude, Threshold};
use crate::{Error, Kind, Result};
use rayon::prelude::*;

/// Objects without the voxels of the sets that were excluded.
fn without(device: &Device, labels: Labels, excluded: &[Labels]) -> Result<Labels> {
    excluded.iter().try_fold(labels, |labels, set| cytoplasm(device, &labels, set))
}

/// Where each object may grow to: what is nearest to it within a distance, without what was excluded.
fn allowed_region(device: &Device, seeds: &Labels, px: f64, weights: [u32; 3], excluded: &[Labels]) -> Result<Labels> {
    without(device, grow(device, seeds, px, weights)?, excluded)
}

/// How contours are drawn, in pixels of the plane.
struct Contours {
    within: f64,
    /// Where the shell of the background begins and ends.
    background: Option<[f64; 2]>,
    weights: [u32; 3],
    rule: Rule,
}

impl Contours {
    fn draw(&self, device: &Device, src: &Volume, seeds: &Labels, excluded: &[Labels]) -> Result<Delineated> {
        let allowed = allowed_region(device, seeds, self.within, self.weights, excluded)?;
        let mut rule = self.rule.clone();
        if let (Some(between), Rule::Share { shell: around, .. }) = (self.background, &mut rule) {
            *around = Some(without(device, shell(device, seeds, between, self.weights)?, excluded)?);
        }
        delineate(device, src, seeds, &allowed, &rule)
    }

    /// The same, looking only where objects are.
    fn draw_in(
        &self,
        windows: &[Window],
        device: &Device,
        src: &Volume,
        seeds: &Labels,
        excluded: &[Labels],
    ) -> Result<Delineated> {
        // Windows are cut from runs: made here, not by each thread that comes to need them.
        for set in excluded.iter().chain([seeds]) {
            set.runs()?;
        }
        let one = |window: &Window| {
            let excluded = excluded.iter().map(|set| window.labels(set)).collect::<Result<Vec<_>>>()?;
            self.draw(device, &window.volume(src)?, &window.labels(seeds)?, &excluded)
        };
        let parts = windows.par_iter().map(one).collect::<Result<Vec<_>>>()?;
        let (lost, bare) = parts.iter().fold((0, 0), |(lost, bare), p| (lost + p.lost, bare + p.bare));
        let labels: Vec<Labels> = parts.into_iter().map(|p| p.labels).collect();
        Ok(Delineated { labels: together(windows, &labels, seeds.shape)?, lost, bare })
    }
}

impl State<'_> {
    /// Goes on with these objects.
    pub fn replace(&mut self, labels: Labels) {
        self.mask = None;
        self.labels = Some(labels);
    }

    fn set(&self, name: &str) -> Result<&Labels> {
        let missing = || Error::new(Kind::Internal, format!("the object set \"{name}\" was not made"));
        self.sets.get(name).map(|m| &m.on_device).ok_or_else(missing)
    }

    pub fn exclude(&mut self, p: &Exclude) -> Result<()> {
        let set = self.set(&p.set)?.clone();
        if let Some(percent) = p.touching {
            let labels = self.labels("exclude")?;
            return self.drop_inside(&labels, &set, percent);
        }
        if set.count == 0 {
            return Ok(());
        }
        let gone = foreground(self.device, &set)?;
        if let Some(mask) = &self.mask {
            self.mask = Some(and(self.device, mask, &not(self.device, &gone)?)?);
        }
        if let Some(labels) = &self.labels {
            self.labels = Some(renumber(self.device, &cytoplasm(self.device, labels, &set)?)?);
        }
        self.excluded.insert(p.set.clone(), set);
        Ok(())
    }

    /// Leaves the voxels of these sets to no object from now on.
    pub fn leave_out<'b>(&mut self, names: impl IntoIterator<Item = &'b str>) -> Result<()> {
        for name in names {
            let set = self.set(name)?.clone();
            if set.count > 0 {
                self.excluded.insert(name.to_owned(), set);
            }
        }
        Ok(())
    }

    fn drop_inside(&mut self, labels: &Labels, set: &Labels, percent: f64) -> Result<()> {
        let all = sizes(self.device, labels)?;
        let outside = sizes(self.device, &cytoplasm(self.device, labels, set)?)?;
        // Entry 0 counts the background, which grows by what is dropped.
        let stays =
            |(&all, &outside): (&u32, &u32)| f64::from(all.saturating_sub(outside)) * 100.0 < percent * f64::from(all);
        let keep: Vec<bool> = all.iter().zip(&outside).map(stays).collect();
        self.replace(select(self.device, labels, &keep)?);
        Ok(())
    }

    pub fn contour(&mut self, p: &recipe::Contour) -> Result<()> {
        let (src, seeds) = (self.of(&p.of)?, self.labels("contour")?);
        let px = |length| self.geometry.px(length);
        let how = Contours {
            within: px(p.within)?,
            background: p.background.map(|[from, to]| Ok::<_, Error>([px(from)?, px(to)?])).transpose()?,
            weights: self.geometry.weights(),
            rule: match (p.percent, p.at_least, p.above) {
                (Some(percent), ..) => Rule::Share { share: percent / 100.0, shell: None },
                (_, Some(value), _) => Rule::AtLeast(value),
                (.., Some(value)) => Rule::Above(value),
                _ => Rule::Deviations(p.deviations.unwrap_or(0.0)),
            },
        };
        let reach = self.geometry.along(how.background.map_or(how.within, |[_, to]| how.within.max(to)));
        let excluded: Vec<Labels> = self.excluded.values().cloned().collect();
        let found = match windows(self.device, &seeds, reach)? {
            Some(windows) => how.draw_in(&windows, self.device, &src, &seeds, &excluded)?,
            None => how.draw(self.device, &src, &seeds, &excluded)?,
        };
        self.tell(&found);
        self.replace(found.labels);
        Ok(())
    }

    fn tell(&mut self, found: &Delineated) {
        if found.lost > 0 {
            let all = found.lost + found.labels.count;
            self.warnings.push(format!("{} of {all} objects lost: no voxel reaches the limit", found.lost));
        }
        if found.bare > 0 {
            self.warnings.push(format!("{} objects without a voxel in their shell: background taken as 0", found.bare));
        }
    }

    /// On the gradient, from the cores of the objects and from all that none of them may reach.
    pub fn watershed(&mut self, p: &recipe::Watershed) -> Result<()> {
        let (src, seeds) = (self.of(&p.of)?, self.labels("watershed")?);
        let within = self.geometry.px(p.within)?;
        let excluded: Vec<Labels> = self.excluded.values().cloned().collect();
        let allowed = allowed_region(self.device, &seeds, within, self.geometry.weights(), &excluded)?;
        let rule = Rule::Share { share: p.core.unwrap_or(70.0) / 100.0, shell: None };
        let cores = delineate(self.device, &src, &seeds, &seeds, &rule)?;
        self.tell(&cores);
        let markers = with_outside(self.device, &cores.labels, &allowed)?;
        let steep = gradient(self.device, &src, self.geometry.spacing.map_or([1.0; 3], |s| s.zyx))?;
        let flooded = watershed(self.device, &steep, &markers)?;
        let keep: Vec<bool> = (0..=flooded.count).map(|l| l > 0 && l < flooded.count).collect();
        self.replace(select(self.device, &flooded, &keep)?);
        Ok(())
    }

    /// The threshold in samples that mean and deviation of the image in another object set give.
    pub fn reference(&self, p: &Threshold, src: &Volume) -> Result<f64> {
        let name = p.set.as_deref().unwrap_or_default();
        let mut all = Sums::default();
        sums(self.device, src, self.set(name)?)?.into_iter().for_each(|s| all += s);
        let (Some(mean), Some(deviation)) = (all.mean(), all.deviation()) else {
            return Err(Error::usage(format!("the reference \"{name}\" is empty"))
                .remedy(format!("a mask or a sphere for \"{name}\" that has voxels in this image")));
        };
        // The factor is one of values, so it has to know where the value 0 is.
        let zero = -src.scale.offset() / src.scale.factor();
        Ok((mean - zero) * p.factor.unwrap_or(1.0) + zero + deviation * p.deviations.unwrap_or(0.0))
    }
}

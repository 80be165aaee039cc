//! Steps that know of other object sets, and those that draw lesions around seeds.

mod contours;

use super::state::State;
use super::windows::windows;
use crate::image::{Labels, Volume};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::delineate::{Delineated, Rule, delineate};
use crate::ops::gradient::gradient;
use crate::ops::pixelwise::{and, foreground, not, with_outside};
use crate::ops::renumber::{renumber, select};
use crate::ops::sizes::sizes;
use crate::ops::sums::{Sums, sums};
use crate::ops::watershed::watershed;
use crate::recipe::{self, Exclude, Threshold};
use crate::units::Length;
use crate::{Error, Kind, Result};
use contours::{Around, Contours, allowed_region, at_end};

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
        let kept = select(self.device, labels, &keep)?;
        self.remember_dropped(labels, &kept)?;
        self.replace(kept);
        Ok(())
    }

    /// Keeps the objects that a step has dropped, where contours will be drawn around the others.
    pub fn remember_dropped(&mut self, before: &Labels, kept: &Labels) -> Result<()> {
        if let Some(dropped) = self.dropped.as_mut().filter(|_| kept.count < before.count) {
            dropped.push(renumber(self.device, &cytoplasm(self.device, before, kept)?)?);
        }
        Ok(())
    }

    pub fn contour(&mut self, p: &recipe::Contour) -> Result<()> {
        let (src, seeds) = (self.of(&p.of)?, self.labels("contour")?);
        let px = |length| self.geometry.px(length);
        let how = Contours {
            within: px(p.within)?,
            layer: self.geometry.z_step().max(1.0),
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
        let around =
            Around { seeds: &seeds, excluded: &excluded, dropped: self.dropped.as_deref().unwrap_or_default() };
        let drawn = match windows(self.device, &seeds, reach)? {
            Some(windows) => how.draw_in(&windows, self.device, &src, &around)?,
            None => how.draw(self.device, &src, &around)?,
        };
        self.tell(&drawn.found);
        self.tell_end(drawn.at_end, drawn.found.labels.count, p.within);
        if drawn.barred > 0 {
            self.notes.push(format!(
                "{} objects that were dropped are hotter than those whose contours reach them: they are left out of these",
                drawn.barred
            ));
        }
        self.replace(drawn.found.labels);
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

    /// A limit below what lies around a lesion lets it grow until `within` ends it, and its volume is that of `within`.
    fn tell_end(&mut self, at_end: u32, all: u32, within: Length) {
        if at_end > 0 {
            self.warnings.push(format!(
                "{at_end} of {all} objects reach as far as they may ({within} from where they were found): what lies around them is above \
                 their limit, so that their volume is that of this distance; look at them, and take a limit that counts from the background \
                 or a higher one"
            ));
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
        let objects = select(self.device, &flooded, &keep)?;
        let layer = self.geometry.z_step().max(1.0);
        let at_end = at_end(self.device, &objects, &seeds, (within, layer), self.geometry.weights())?;
        self.tell_end(at_end, objects.count, p.within);
        self.replace(objects);
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

//! Steps that know of other object sets, and those that draw lesions around seeds.

use super::contours::{ContourSeeds, Contours, Drawn, allowed_region, objects_at};
use super::given::source;
use super::state::State;
use crate::image::{Labels, Volume};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::delineate::{Delineated, FEW, Rule, delineate};
use crate::ops::gradient::gradient;
use crate::ops::pixelwise::{and, foreground, not, with_outside};
use crate::ops::renumber::{renumber, select};
use crate::ops::sizes::sizes;
use crate::ops::sums::{Sums, sums};
use crate::ops::watershed::watershed;
use crate::recipe::{self, Exclude, Threshold};
use crate::units::Length;
use crate::{Error, Result};
use std::collections::BTreeSet;

impl State<'_> {
    /// Goes on with these objects.
    pub fn replace(&mut self, labels: Labels) {
        self.mask = None;
        self.labels = Some(labels);
    }

    fn set(&self, name: &str) -> Result<&Labels> {
        source(self.sets, name).map(|set| &set.on_device)
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

    pub fn contour(&mut self, p: &recipe::Contour) -> Result<()> {
        let (src, seeds) = (self.of(&p.of)?, self.labels("contour")?);
        let px = |length| self.geometry.px(length);
        let how = Contours {
            within: px(p.within)?,
            background: p.background.map(|[from, to]| Ok::<_, Error>([px(from)?, px(to)?])).transpose()?,
            geometry: &self.geometry,
            rule: match (p.percent, p.at_least, p.above) {
                (Some(percent), ..) => Rule::Share { share: percent / 100.0, around: None },
                (_, Some(value), _) => Rule::AtLeast(value),
                (.., Some(value)) => Rule::Above(value),
                _ => Rule::Deviations(p.deviations.unwrap_or(0.0)),
            },
        };
        let excluded: Vec<Labels> = self.excluded.values().cloned().collect();
        let of = ContourSeeds { seeds: &seeds, excluded: &excluded, dropped: &self.dropped };
        let Drawn { found, cut_off, blocked } = how.draw(self.device, &src, &of)?;
        let blocked = objects_at(self.device, &self.dropped, &blocked)?.into_values().collect::<BTreeSet<_>>().len();
        self.tell(&found);
        self.tell_background(&found, p.background);
        self.tell_cut_off(cut_off, found.labels.count, p.within);
        if blocked > 0 {
            self.notes.push(format!(
                "of the objects that earlier steps dropped, {blocked} are hotter than those whose contours reach them: what lies nearer to the dropped ones is left \
                 out of these contours"
            ));
        }
        self.replace(found.labels);
        Ok(())
    }

    /// Where contours are drawn around objects, none of them becomes one that was dropped.
    pub fn remember_dropped(&mut self, all: &Labels, kept: &Labels) -> Result<()> {
        if self.has_contours && kept.count < all.count {
            self.dropped.push(renumber(self.device, &cytoplasm(self.device, all, kept)?)?);
        }
        Ok(())
    }

    fn tell_cut_off(&mut self, cut_off: usize, all: u32, within: Length) {
        if cut_off > 0 {
            self.warnings.push(format!(
                "{cut_off} of {all} contours are cut off at {within} (within), before the image falls below their limit: what lies around is about as bright, so \
                 their volume follows from this \
                 distance and not from the lesion; use a limit that counts from the background (as the set adapted of pet-41 does), or one in SUV, for these"
            ));
        }
    }

    fn tell(&mut self, found: &Delineated) {
        if found.lost > 0 {
            let all = found.lost + found.labels.count;
            self.warnings.push(format!("{} of {all} objects lost: no voxel reaches the limit", found.lost));
        }
    }

    fn tell_background(&mut self, found: &Delineated, background: Option<[Length; 2]>) {
        let Some([from, to]) = background else { return };
        let shell = format!("in the shell from {from} to {to} that their limit counts from (background)");
        let wider = "; a shell that begins nearer or ends farther away has more";
        if found.bare > 0 {
            self.warnings.push(format!(
                "{} objects have no voxel {shell}, all of which lies in other objects, in what is excluded or outside of the image: it counts as 0{wider}",
                found.bare
            ));
        }
        if found.thin > 0 {
            self.warnings.push(format!(
                "{} objects have fewer than {FEW} voxels {shell}: the median of so few says little{wider}",
                found.thin
            ));
        }
    }

    /// On the gradient, from the cores of the objects and from all that none of them may reach.
    pub fn watershed(&mut self, p: &recipe::Watershed) -> Result<()> {
        let (src, seeds) = (self.of(&p.of)?, self.labels("watershed")?);
        let within = self.geometry.px(p.within)?;
        let excluded: Vec<Labels> = self.excluded.values().cloned().collect();
        let allowed = allowed_region(self.device, &seeds, within, self.geometry.weights(), &excluded)?;
        let rule = Rule::Share { share: p.core.unwrap_or(70.0) / 100.0, around: None };
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
            let what = format!(
                "the reference \"{name}\" has no object in this image, so a threshold that counts from it has none"
            );
            return Err(Error::usage(what).remedy(format!(
                "another method for such images, or leave them out (--exclude); for \"{name}\" a threshold that finds something here, a mask or a sphere"
            )));
        };
        // The factor is one of values, so it has to know where the value 0 is.
        let zero = -src.scale.offset() / src.scale.factor();
        Ok((mean - zero) * p.factor.unwrap_or(1.0) + zero + deviation * p.deviations.unwrap_or(0.0))
    }
}

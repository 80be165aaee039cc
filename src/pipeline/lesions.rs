//! Steps that know of other object sets, and those that draw lesions around seeds.

use super::given::source;
use super::propagate::as_labels;
use super::state::State;
use super::windows::{Window, together, windows};
use crate::device::Device;
use crate::image::{Labels, ObjectRun, Volume};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::delineate::{Delineated, FEW, Rule, delineate};
use crate::ops::gradient::gradient;
use crate::ops::grow::grow;
use crate::ops::label::{Connectivity, label};
use crate::ops::maximum_position::maximum_position;
use crate::ops::object_runs;
use crate::ops::pixelwise::{and, foreground, not, or, with_outside};
use crate::ops::renumber::{renumber, select};
use crate::ops::shell::backgrounds;
use crate::ops::sizes::sizes;
use crate::ops::sums::{Sums, sums};
use crate::ops::watershed::watershed;
use crate::recipe::{self, Exclude, Threshold};
use crate::units::Length;
use crate::{Error, Result};
use rayon::prelude::*;

/// Objects without the voxels of the sets that were excluded.
fn without(device: &Device, labels: Labels, excluded: &[Labels]) -> Result<Labels> {
    excluded.iter().try_fold(labels, |labels, set| cytoplasm(device, &labels, set))
}

/// Where each object may grow to: what is nearest to it within a distance, without what was excluded.
fn allowed_region(device: &Device, seeds: &Labels, px: f64, weights: [u32; 3], excluded: &[Labels]) -> Result<Labels> {
    without(device, grow(device, seeds, px, weights)?, excluded)
}

/// What lies nearer to other objects than to the seeds, and these.
fn territory(device: &Device, seeds: &Labels, others: &Labels, px: f64, weights: [u32; 3]) -> Result<Labels> {
    let both = or(device, &foreground(device, seeds)?, &foreground(device, others)?)?;
    let all = label(device, &both, Connectivity::Full)?;
    let (whole, beside) = (sizes(device, &all)?, sizes(device, &cytoplasm(device, &all, seeds)?)?);
    // Entry 0 counts the background. What touches a seed has no territory of its own.
    let is_other = |(l, (whole, beside)): (usize, (&u32, &u32))| l > 0 && whole == beside;
    let are_others: Vec<bool> = whole.iter().zip(&beside).enumerate().map(is_other).collect();
    let near = foreground(device, &select(device, &grow(device, &all, px, weights)?, &are_others)?)?;
    Ok(as_labels(&or(device, &near, &foreground(device, others)?)?))
}

/// Those of the dropped objects of one step that hold the hottest voxel of a contour.
fn hotter(device: &Device, src: &Volume, contours: &Labels, dropped: &[Labels]) -> Result<Option<Labels>> {
    if dropped.iter().all(|set| set.count == 0) || contours.count == 0 {
        return Ok(None);
    }
    let hottest = maximum_position(device, src, contours)?.voxels;
    for set in dropped {
        let on_host = object_runs::to_host(device, set)?;
        let (runs, width) = (on_host.runs()?, src.shape.x);
        let has_hottest = |run: &ObjectRun| hottest.iter().skip(1).any(|v| run.voxels(width).contains(&(*v as usize)));
        let holds: Vec<bool> = (0..=set.count).map(|l| l > 0 && runs.of(l).iter().any(has_hottest)).collect();
        if holds.contains(&true) {
            return select(device, set, &holds).map(Some);
        }
    }
    Ok(None)
}

/// How many objects have voxels that lie in none of the others.
fn with_more(device: &Device, objects: &Labels, others: &Labels) -> Result<usize> {
    // Entry 0 counts the background.
    let more = sizes(device, &cytoplasm(device, objects, others)?)?;
    Ok(more.iter().skip(1).filter(|voxels| **voxels > 0).count())
}

/// What contours are drawn around.
struct ContourSeeds<'a> {
    seeds: &'a Labels,
    /// No contour has their voxels.
    excluded: &'a [Labels],
    /// A contour may have their voxels, but may not become one of them.
    dropped: &'a [Labels],
}

/// Contours, how many of them would go on if they might, and how many dropped objects blocked their way.
struct Drawn {
    found: Delineated,
    cut_off: usize,
    blocked: u32,
}

/// How contours are drawn, in pixels of the plane.
struct Contours {
    within: f64,
    /// The longest side of a voxel.
    step: f64,
    /// Where the shell of the background begins and ends.
    background: Option<[f64; 2]>,
    weights: [u32; 3],
    rule: Rule,
}

impl Contours {
    /// Draws them. A limit counts from the hottest voxel that its contour reaches: where that is one of a dropped object, the contour has become
    /// that one, and is drawn again without all that lies nearer to it.
    fn draw(&self, device: &Device, src: &Volume, of: &ContourSeeds) -> Result<Drawn> {
        let (mut excluded, mut blocked) = (of.excluded.to_vec(), 0);
        let farther = self.within + self.step;
        let draw = |within: f64, rule: &Rule, excluded: &[Labels]| {
            let allowed = allowed_region(device, of.seeds, within, self.weights, excluded)?;
            delineate(device, src, of.seeds, &allowed, rule)
        };
        let mut rule = self.rule_beside(device, src, of.seeds, &excluded)?;
        let mut found = draw(self.within, &rule, &excluded)?;
        while let Some(hotter) = hotter(device, src, &found.labels, of.dropped)? {
            blocked += hotter.count;
            excluded.push(territory(device, of.seeds, &hotter, farther, self.weights)?);
            rule = self.rule_beside(device, src, of.seeds, &excluded)?;
            found = draw(self.within, &rule, &excluded)?;
        }
        let cut_off = match self.may_be_cut_off(device, of.seeds, &found.labels)? {
            true => with_more(device, &draw(farther, &rule, &excluded)?.labels, &found.labels)?,
            false => 0,
        };
        Ok(Drawn { found, cut_off, blocked })
    }

    /// Whether a contour reaches the last layer that it may have. Most end far from it, so only where they lie is looked at.
    fn may_be_cut_off(&self, device: &Device, seeds: &Labels, found: &Labels) -> Result<bool> {
        if self.within < self.step {
            return Ok(true);
        }
        let reaches = |seeds: &Labels, found: &Labels| {
            let near = grow(device, seeds, self.within - self.step, self.weights)?;
            Ok(with_more(device, found, &near)? > 0)
        };
        let Some(windows) = windows(device, found, [0.0; 3])? else { return reaches(seeds, found) };
        for window in windows {
            if reaches(&window.labels(seeds)?, &window.labels(found)?)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The rule, with the backgrounds that it counts from.
    fn rule_beside(&self, device: &Device, src: &Volume, seeds: &Labels, excluded: &[Labels]) -> Result<Rule> {
        let mut rule = self.rule.clone();
        if let (Some(between), Rule::Share { around, .. }) = (self.background, &mut rule) {
            *around = Some(backgrounds(device, src, seeds, between, self.weights, excluded)?);
        }
        Ok(rule)
    }

    /// The same, looking only where objects are.
    fn draw_in(&self, windows: &[Window], device: &Device, src: &Volume, of: &ContourSeeds) -> Result<Drawn> {
        // Windows are cut from runs: made here, not by each thread that comes to need them.
        for set in of.excluded.iter().chain(of.dropped).chain([of.seeds]) {
            set.runs()?;
        }
        let one = |window: &Window| {
            let cut = |sets: &[Labels]| sets.iter().map(|set| window.labels(set)).collect::<Result<Vec<_>>>();
            let (seeds, excluded, dropped) = (window.labels(of.seeds)?, cut(of.excluded)?, cut(of.dropped)?);
            self.draw(
                device,
                &window.volume(src)?,
                &ContourSeeds { seeds: &seeds, excluded: &excluded, dropped: &dropped },
            )
        };
        let parts = windows.par_iter().map(one).collect::<Result<Vec<_>>>()?;
        let cut_off = parts.iter().map(|part| part.cut_off).sum();
        let blocked = parts.iter().map(|part| part.blocked).sum();
        let sum = |of: fn(&Delineated) -> u32| parts.iter().map(|part| of(&part.found)).sum();
        let (lost, bare, thin) = (sum(|found| found.lost), sum(|found| found.bare), sum(|found| found.thin));
        let labels: Vec<Labels> = parts.into_iter().map(|p| p.found.labels).collect();
        let labels = together(windows, &labels, of.seeds.shape)?;
        Ok(Drawn { found: Delineated { labels, lost, bare, thin }, cut_off, blocked })
    }
}

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
            step: self.geometry.z_step().max(1.0),
            background: p.background.map(|[from, to]| Ok::<_, Error>([px(from)?, px(to)?])).transpose()?,
            weights: self.geometry.weights(),
            rule: match (p.percent, p.at_least, p.above) {
                (Some(percent), ..) => Rule::Share { share: percent / 100.0, around: None },
                (_, Some(value), _) => Rule::AtLeast(value),
                (.., Some(value)) => Rule::Above(value),
                _ => Rule::Deviations(p.deviations.unwrap_or(0.0)),
            },
        };
        let farthest = how.within + how.step;
        let reach = self.geometry.along(how.background.map_or(farthest, |[_, to]| farthest.max(to)));
        let excluded: Vec<Labels> = self.excluded.values().cloned().collect();
        let of = ContourSeeds { seeds: &seeds, excluded: &excluded, dropped: &self.dropped };
        let Drawn { found, cut_off, blocked } = match windows(self.device, &seeds, reach)? {
            Some(windows) => how.draw_in(&windows, self.device, &src, &of)?,
            None => how.draw(self.device, &src, &of)?,
        };
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

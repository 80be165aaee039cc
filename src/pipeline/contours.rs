//! Contours around seeds: how far each may reach, and which of the dropped objects it may not become.
//!
//! A limit counts from the hottest voxel that its contour reaches. Where that is one of an object that an earlier step dropped, the contour has become that one,
//! and is drawn again without all that lies nearer to the dropped object than to any seed. That is said of each contour by itself: what another one reaches
//! changes nothing, so a contour follows from what lies within its reach, whatever else is in the image, and windows draw what is drawn in the whole.

use super::geometry::Geometry;
use super::propagate::as_labels;
use super::windows::{Window, boxes, together, windows};
use crate::Result;
use crate::device::Device;
use crate::image::{Labels, Mask, Volume};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::delineate::{Delineated, Regions, Rule, regions};
use crate::ops::grow::grow;
use crate::ops::maximum_position::{NOWHERE, maximum_position};
use crate::ops::object_runs;
use crate::ops::pixelwise::{and, foreground, not, or, with_outside};
use crate::ops::renumber::select;
use crate::ops::shell::backgrounds;
use crate::ops::sizes::sizes;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Where each object may grow to: what is nearest to it within a distance, without what was excluded.
pub(super) fn allowed_region(
    device: &Device,
    seeds: &Labels,
    px: f64,
    weights: [u32; 3],
    excluded: &[Labels],
) -> Result<Labels> {
    let near = grow(device, seeds, px, weights)?;
    excluded.iter().try_fold(near, |near, set| cytoplasm(device, &near, set))
}

/// A set of objects, by its place in a list, and the number of one of them.
type Object = (usize, u32);

/// The objects that hold voxels, each in the first set that has one there.
pub(super) fn objects_at(device: &Device, sets: &[Labels], voxels: &[u32]) -> Result<BTreeMap<u32, Object>> {
    let mut found = BTreeMap::new();
    if voxels.is_empty() {
        return Ok(found);
    }
    for (place, set) in sets.iter().enumerate().filter(|(_, set)| set.count > 0) {
        let on_host = object_runs::to_host(device, set)?;
        let (runs, width) = (on_host.runs()?, set.shape.x);
        let mut rows: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        voxels.iter().for_each(|voxel| rows.entry(*voxel as usize / width).or_default().push(*voxel));
        for label in 1..=set.count {
            for run in runs.of(label) {
                let row = rows.get(&(run.row as usize)).into_iter().flatten();
                for voxel in row.filter(|voxel| run.voxels(width).contains(&(**voxel as usize))) {
                    found.entry(*voxel).or_insert((place, label));
                }
            }
        }
    }
    Ok(found)
}

/// What contours are drawn around.
pub(super) struct ContourSeeds<'a> {
    pub seeds: &'a Labels,
    /// No contour has their voxels.
    pub excluded: &'a [Labels],
    /// A contour may have their voxels, but may not become one of them.
    pub dropped: &'a [Labels],
}

/// Contours, how many of them would go on if they might, and the voxels of dropped objects that would have become the hottest ones of contours.
pub(super) struct Drawn {
    pub found: Delineated,
    pub cut_off: usize,
    pub blocked: Vec<u32>,
}

/// Some seeds, and what is left out of their contours alone.
struct Beside {
    seeds: Vec<bool>,
    territory: Labels,
}

/// How contours are drawn, in pixels of the plane.
pub(super) struct Contours<'a> {
    pub within: f64,
    /// Where the shell of the background begins and ends.
    pub background: Option<[f64; 2]>,
    pub geometry: &'a Geometry,
    pub rule: Rule,
}

impl Contours<'_> {
    /// Draws them, on the CPU where objects are.
    pub fn draw(&self, device: &Device, src: &Volume, of: &ContourSeeds) -> Result<Drawn> {
        self.draw_around(device, src, of, |reach| windows(device, of.seeds, reach))
    }

    /// What lies nearer to a dropped object is told by voxels of it from farther away than a contour reaches: that takes wider windows, and few images ask for it.
    fn draw_around(
        &self,
        device: &Device,
        src: &Volume,
        of: &ContourSeeds,
        windows: impl Fn([f64; 3]) -> Result<Option<Vec<Window>>>,
    ) -> Result<Drawn> {
        let Some(near) = windows(self.geometry.along(self.reach()))? else { return self.draw_whole(device, src, of) };
        let drawn = self.draw_in(&near, device, src, of)?;
        if drawn.blocked.is_empty() {
            return Ok(drawn);
        }
        match windows(self.geometry.along(self.wide_reach()))? {
            Some(wide) => self.draw_in(&wide, device, src, of),
            None => self.draw_whole(device, src, of),
        }
    }

    /// The longest side of a voxel.
    fn step(&self) -> f64 {
        self.geometry.z_step().max(1.0)
    }

    /// One layer of voxels more than contours may have.
    fn farther(&self) -> f64 {
        self.within + self.step()
    }

    /// How far from its seed a voxel may lie that a contour looks at.
    fn reach(&self) -> f64 {
        self.background.map_or(self.farther(), |[_, to]| self.farther().max(to))
    }

    /// How far from its seed a dropped object may lie that takes such voxels from a contour.
    fn wide_reach(&self) -> f64 {
        self.reach() + self.farther()
    }

    fn draw_whole(&self, device: &Device, src: &Volume, of: &ContourSeeds) -> Result<Drawn> {
        let mut dropped_by = vec![BTreeSet::new(); of.seeds.count as usize + 1];
        let (mut beside, mut blocked) = (vec![], vec![]);
        let mut rule = self.rule_beside(device, src, of, &beside)?;
        let mut found = self.draw_beside(device, src, of, &beside, (self.within, &rule))?;
        loop {
            let hotter = hotter(device, src, &found.labels, of.dropped)?;
            let mut is_new = false;
            for (seed, voxel, object) in hotter {
                is_new |= dropped_by[seed].insert(object);
                blocked.push(voxel);
            }
            if !is_new {
                break;
            }
            beside = self.beside(device, of, &dropped_by)?;
            rule = self.rule_beside(device, src, of, &beside)?;
            found = self.draw_beside(device, src, of, &beside, (self.within, &rule))?;
        }
        let reaching = self.may_be_cut_off(device, of.seeds, &found.labels)?;
        let cut_off = match reaching.contains(&true) {
            true => {
                let more = self.draw_beside(device, src, of, &beside, (self.farther(), &rule))?;
                let more = sizes(device, &cytoplasm(device, &more.labels, &found.labels)?)?;
                reaching.iter().zip(&more).filter(|(reaches, more)| **reaches && **more > 0).count()
            }
            false => 0,
        };
        Ok(Drawn { found: found.renumbered(device)?, cut_off, blocked })
    }

    /// Draws all contours, without what each of them may not have.
    fn draw_beside(
        &self,
        device: &Device,
        src: &Volume,
        of: &ContourSeeds,
        beside: &[Beside],
        (within, rule): (f64, &Rule),
    ) -> Result<Regions> {
        let mut allowed = allowed_region(device, of.seeds, within, self.geometry.weights(), of.excluded)?;
        for Beside { seeds, territory } in beside {
            let theirs = foreground(device, &select(device, &allowed, seeds)?)?;
            let gone = and(device, &theirs, &foreground(device, territory)?)?;
            allowed = cytoplasm(device, &allowed, &as_labels(&gone))?;
        }
        regions(device, src, of.seeds, &allowed, rule)
    }

    /// What is left out of contours. Each has objects of its own that it may not become; those that lie far from each other's go together, so that crowds take a
    /// few turns and not one for each.
    fn beside(&self, device: &Device, of: &ContourSeeds, dropped_by: &[BTreeSet<Object>]) -> Result<Vec<Beside>> {
        let around = boxes(device, of.seeds, self.geometry.along(self.wide_reach()))?;
        let dropped = of.dropped.iter().map(|set| boxes(device, set, [0.0; 3])).collect::<Result<Vec<_>>>()?;
        let out_of_reach = |seed: usize, (place, label): &Object| {
            let (seed, object) = (around.get(seed - 1), dropped[*place].get(*label as usize - 1));
            !seed.zip(object).is_some_and(|(seed, object)| seed.overlaps(object))
        };
        let leaves_alone = |objects: &BTreeSet<Object>, seed: usize| {
            objects.iter().all(|object| dropped_by[seed].contains(object) || out_of_reach(seed, object))
        };
        let mut turns: Vec<Vec<usize>> = vec![];
        for seed in (1..dropped_by.len()).filter(|seed| !dropped_by[*seed].is_empty()) {
            let apart =
                |other: &usize| leaves_alone(&dropped_by[*other], seed) && leaves_alone(&dropped_by[seed], *other);
            match turns.iter_mut().find(|turn| turn.iter().all(apart)) {
                Some(turn) => turn.push(seed),
                None => turns.push(vec![seed]),
            }
        }
        let one = |turn: &Vec<usize>| {
            let mut seeds = vec![false; dropped_by.len()];
            turn.iter().for_each(|seed| seeds[*seed] = true);
            let objects = turn.iter().flat_map(|seed| &dropped_by[*seed]).copied().collect();
            Ok(Beside { seeds, territory: self.territory(device, of, &objects)? })
        };
        turns.iter().map(one).collect()
    }

    /// These dropped objects, and what lies nearer to them than to any seed.
    fn territory(&self, device: &Device, of: &ContourSeeds, objects: &BTreeSet<Object>) -> Result<Labels> {
        let mut free: Option<Mask> = None;
        for (place, set) in of.dropped.iter().enumerate() {
            let these: Vec<bool> = (0..=set.count).map(|label| objects.contains(&(place, label))).collect();
            if these.contains(&true) {
                let outside = not(device, &foreground(device, &select(device, set, &these)?)?)?;
                free = Some(free.map_or(Ok(outside.clone()), |free| and(device, &free, &outside))?);
            }
        }
        let Some(free) = free else { return select(device, of.seeds, &vec![false; of.seeds.count as usize + 1]) };
        // What is as far from both belongs to the seed, whose number is lower.
        let both = with_outside(device, of.seeds, &as_labels(&free))?;
        let near = grow(device, &both, self.farther(), self.geometry.weights())?;
        let last: Vec<bool> = (0..=near.count).map(|label| label > of.seeds.count).collect();
        let nearer = foreground(device, &select(device, &near, &last)?)?;
        Ok(as_labels(&or(device, &nearer, &not(device, &free)?)?))
    }

    /// Which contours reach the last layer that they may have; of none a list of nothing will do. Most end far from it, so only where they lie is looked at first, and as
    /// far around as seeds matter.
    fn may_be_cut_off(&self, device: &Device, seeds: &Labels, found: &Labels) -> Result<Vec<bool>> {
        let reach = self.geometry.along((self.within - self.step()).max(0.0));
        let Some(windows) = windows(device, found, reach)? else { return self.reaching(device, seeds, found) };
        for window in windows {
            if self.reaching(device, &window.labels(seeds)?, &window.labels(found)?)?.contains(&true) {
                return self.reaching(device, seeds, found);
            }
        }
        Ok(vec![])
    }

    /// Which contours have a voxel in the last layer that they may have.
    fn reaching(&self, device: &Device, seeds: &Labels, found: &Labels) -> Result<Vec<bool>> {
        let last = match self.within < self.step() {
            true => sizes(device, found)?,
            false => {
                let near = grow(device, seeds, self.within - self.step(), self.geometry.weights())?;
                sizes(device, &cytoplasm(device, found, &near)?)?
            }
        };
        // Entry 0 counts the background.
        Ok(last.iter().enumerate().map(|(label, voxels)| label > 0 && *voxels > 0).collect())
    }

    /// The rule, with the backgrounds that it counts from.
    fn rule_beside(&self, device: &Device, src: &Volume, of: &ContourSeeds, beside: &[Beside]) -> Result<Rule> {
        let mut rule = self.rule.clone();
        if let (Some(between), Rule::Share { around, .. }) = (self.background, &mut rule) {
            let without =
                |excluded: &[Labels]| backgrounds(device, src, of.seeds, between, self.geometry.weights(), excluded);
            let mut all = without(of.excluded)?;
            for Beside { seeds, territory } in beside {
                let theirs = without(&[of.excluded, std::slice::from_ref(territory)].concat())?;
                for seed in (0..seeds.len()).filter(|seed| seeds[*seed]) {
                    (all.medians[seed], all.sizes[seed]) = (theirs.medians[seed], theirs.sizes[seed]);
                }
            }
            *around = Some(all);
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
            self.draw_whole(
                device,
                &window.volume(src)?,
                &ContourSeeds { seeds: &seeds, excluded: &excluded, dropped: &dropped },
            )
        };
        let parts = windows.par_iter().map(one).collect::<Result<Vec<_>>>()?;
        let cut_off = parts.iter().map(|part| part.cut_off).sum();
        let whole = |(window, part): (&Window, &Drawn)| -> Vec<u32> {
            part.blocked.iter().map(|voxel| window.voxel(*voxel, src.shape)).collect()
        };
        let blocked = windows.iter().zip(&parts).flat_map(whole).collect();
        let sum = |of: fn(&Delineated) -> u32| parts.iter().map(|part| of(&part.found)).sum();
        let (lost, bare, thin) = (sum(|found| found.lost), sum(|found| found.bare), sum(|found| found.thin));
        let labels: Vec<Labels> = parts.into_iter().map(|p| p.found.labels).collect();
        let labels = together(windows, &labels, of.seeds.shape)?;
        Ok(Drawn { found: Delineated { labels, lost, bare, thin }, cut_off, blocked })
    }
}

/// The contours whose hottest voxel is one of a dropped object, by their seeds, with that voxel and that object.
fn hotter(device: &Device, src: &Volume, contours: &Labels, dropped: &[Labels]) -> Result<Vec<(usize, u32, Object)>> {
    if dropped.iter().all(|set| set.count == 0) || contours.count == 0 {
        return Ok(vec![]);
    }
    let hottest = maximum_position(device, src, contours)?.voxels;
    let voxels: Vec<u32> = hottest.iter().skip(1).copied().filter(|voxel| *voxel != NOWHERE).collect();
    let objects = objects_at(device, dropped, &voxels)?;
    let one = |(seed, voxel): (usize, &u32)| Some((seed, *voxel, *objects.get(voxel)?));
    Ok(hottest.iter().enumerate().skip(1).filter_map(one).collect())
}

#[cfg(test)]
#[path = "contours_tests.rs"]
mod tests;

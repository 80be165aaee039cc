//! Contours around objects: where they may grow to, what bars their way, and where that ends them.

use crate::Result;
use crate::device::Device;
use crate::image::{Labels, Volume};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::delineate::{Delineated, Rule, delineate, shell};
use crate::ops::grow::grow;
use crate::ops::maximum_position::maximum_position;
use crate::ops::object_runs;
use crate::ops::renumber::select;
use crate::ops::sizes::sizes;
use crate::pipeline::windows::{Window, together};
use rayon::prelude::*;

/// Objects without the voxels of the sets that were excluded.
fn without(device: &Device, labels: Labels, excluded: &[Labels]) -> Result<Labels> {
    excluded.iter().try_fold(labels, |labels, set| cytoplasm(device, &labels, set))
}

/// Where each object may grow to: what is nearest to it within a distance, without what was excluded.
pub(super) fn allowed_region(
    device: &Device,
    seeds: &Labels,
    px: f64,
    weights: [u32; 3],
    excluded: &[Labels],
) -> Result<Labels> {
    without(device, grow(device, seeds, px, weights)?, excluded)
}

/// How many objects have voxels in the last layer, `layer` pixels thick, of what lies within a distance of their seeds: they end there
/// because they may not grow farther.
pub(super) fn at_end(
    device: &Device,
    objects: &Labels,
    seeds: &Labels,
    (within, layer): (f64, f64),
    weights: [u32; 3],
) -> Result<u32> {
    let inner = grow(device, seeds, (within - layer).max(0.0), weights)?;
    let last = sizes(device, &cytoplasm(device, objects, &inner)?)?;
    Ok(last.iter().skip(1).filter(|n| **n > 0).count() as u32)
}

/// How contours are drawn, in pixels of the plane.
pub(super) struct Contours {
    pub within: f64,
    /// The longest side of a voxel.
    pub layer: f64,
    /// Where the shell of the background begins and ends.
    pub background: Option<[f64; 2]>,
    pub weights: [u32; 3],
    pub rule: Rule,
}

/// What contours are drawn around.
pub(super) struct Around<'a> {
    pub seeds: &'a Labels,
    /// No contour has their voxels.
    pub excluded: &'a [Labels],
    /// Objects that were dropped before: a contour may have them, but may not become one of them.
    pub dropped: &'a [Labels],
}

/// What was drawn.
pub(super) struct Drawn {
    pub found: Delineated,
    /// Objects that come to the end of where they may grow to.
    pub at_end: u32,
    /// Dropped objects that were hotter than one that reached them.
    pub barred: u32,
}

impl Contours {
    /// Draws them. The hottest voxel that a contour reaches is what its limit counts from, so that an object would become a dropped one that
    /// is hotter: that one bars the way.
    pub fn draw(&self, device: &Device, src: &Volume, around: &Around) -> Result<Drawn> {
        let mut left_out = around.excluded.to_vec();
        let (mut found, mut barred) = (self.draw_once(device, src, around.seeds, &left_out)?, 0);
        while let Some(hotter) = hotter(device, src, &found.labels, around.dropped)? {
            barred += hotter.count;
            left_out.push(hotter);
            found = self.draw_once(device, src, around.seeds, &left_out)?;
        }
        let at_end = at_end(device, &found.labels, around.seeds, (self.within, self.layer), self.weights)?;
        Ok(Drawn { found, at_end, barred })
    }

    fn draw_once(&self, device: &Device, src: &Volume, seeds: &Labels, excluded: &[Labels]) -> Result<Delineated> {
        let allowed = allowed_region(device, seeds, self.within, self.weights, excluded)?;
        let mut rule = self.rule.clone();
        if let (Some(between), Rule::Share { shell: around, .. }) = (self.background, &mut rule) {
            *around = Some(without(device, shell(device, seeds, between, self.weights)?, excluded)?);
        }
        delineate(device, src, seeds, &allowed, &rule)
    }

    /// The same, looking only where objects are.
    pub fn draw_in(&self, windows: &[Window], device: &Device, src: &Volume, around: &Around) -> Result<Drawn> {
        let Around { seeds, excluded, dropped } = *around;
        // Windows are cut from runs: made here, not by each thread that comes to need them.
        for set in excluded.iter().chain(dropped).chain([seeds]) {
            set.runs()?;
        }
        let one = |window: &Window| {
            let cut = |sets: &[Labels]| sets.iter().map(|set| window.labels(set)).collect::<Result<Vec<_>>>();
            let (seeds, excluded, dropped) = (window.labels(seeds)?, cut(excluded)?, cut(dropped)?);
            self.draw(device, &window.volume(src)?, &Around { seeds: &seeds, excluded: &excluded, dropped: &dropped })
        };
        let parts = windows.par_iter().map(one).collect::<Result<Vec<_>>>()?;
        let sum = |count: fn(&Drawn) -> u32| parts.iter().map(count).sum::<u32>();
        let (lost, bare) = (sum(|p| p.found.lost), sum(|p| p.found.bare));
        let (at_end, barred) = (sum(|p| p.at_end), sum(|p| p.barred));
        let labels: Vec<Labels> = parts.into_iter().map(|p| p.found.labels).collect();
        let found = Delineated { labels: together(windows, &labels, seeds.shape)?, lost, bare };
        Ok(Drawn { found, at_end, barred })
    }
}

/// Those of the dropped objects of one step that hold the hottest voxel of an object; nothing where none does.
fn hotter(device: &Device, src: &Volume, objects: &Labels, dropped: &[Labels]) -> Result<Option<Labels>> {
    if dropped.iter().all(|set| set.count == 0) || objects.count == 0 {
        return Ok(None);
    }
    let hottest = maximum_position(device, src, objects)?.voxels;
    for set in dropped {
        let on_host = object_runs::to_host(device, set)?;
        let (runs, width) = (on_host.runs()?, src.shape.x);
        let holds = |label: u32| {
            label > 0
                && runs.of(label).iter().any(|run| {
                    let voxels = run.voxels(width);
                    hottest.iter().skip(1).any(|voxel| voxels.contains(&(*voxel as usize)))
                })
        };
        let hold: Vec<bool> = (0..=set.count).map(holds).collect();
        if hold.contains(&true) {
            return select(device, set, &hold).map(Some);
        }
    }
    Ok(None)
}

//! Where the objects of a set lie, of which class they are, and what is looked up among them.

use super::delaunay::Links;
use super::nearest::Nearest;
use super::neighbourhoods::Kept;
use super::tree::{Place, Tree};
use crate::Result;
use crate::image::{Classes, Labels};
use crate::units::{Shape, Spacing};
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// Where the objects of a set lie: their points in the file that they come from, else their centroids.
///
/// Distances are true to the spacing of rows, columns and slices, in units of the side of a pixel, `sqrt(dy dx)`.
pub struct Places {
    /// Of the objects 1, 2, ...: nothing where one has no voxels.
    pub(super) at: Vec<Option<Place>>,
    /// The same in voxels along z, y, x.
    pub(super) voxels: Vec<Option<Place>>,
    pub(super) all: Tree,
    /// The classes, each with its objects.
    pub(super) by_class: Vec<Tree>,
    /// Size of the image along z, y, x, and half a voxel, by which it reaches beyond the centre of the first one.
    size: Place,
    half: Place,
    pub(super) flat: bool,
    /// The objects are points.
    pub(super) points: bool,
    /// Who is linked to whom, how far the nearest are, and what lies around them, once somebody has asked for it.
    links: OnceLock<Arc<Links>>,
    nearest: OnceLock<Arc<Nearest>>,
    pub(super) neighbourhoods: OnceLock<Kept>,
}

impl Places {
    /// Of the objects of a set; `points` are z, y, x in voxels.
    ///
    /// # Errors
    /// Labels on a device, or above their count.
    pub fn new(
        labels: &Labels,
        points: Option<&[Place]>,
        classes: Option<&Classes>,
        spacing: Option<Spacing>,
    ) -> Result<Self> {
        let step = spacing.map_or([1.0; 3], |s| {
            let side = if s.zyx[1] == s.zyx[2] { s.zyx[2] } else { s.pixel_area().sqrt() };
            s.zyx.map(|v| v / side)
        });
        let (shape, flat) = (labels.shape, labels.shape.is_flat());
        let centroids = centroids(labels)?;
        let place = |(i, centroid): (usize, &Option<Place>)| {
            centroid.map(|centroid| points.and_then(|p| p.get(i).copied()).unwrap_or(centroid))
        };
        let voxels: Vec<Option<Place>> = centroids.iter().enumerate().map(place).collect();
        let metric =
            |p: &Place| -> Place { std::array::from_fn(|k| if flat && k == 0 { 0.0 } else { p[k] * step[k] }) };
        let at: Vec<Option<Place>> = voxels.iter().map(|p| p.as_ref().map(metric)).collect();
        let named = named(&at);
        let of_class = |class: u32| {
            let is_of = |(i, _): &&(u32, Place)| classes.is_some_and(|c| c.of.get(*i as usize) == Some(&Some(class)));
            Tree::new(named.iter().filter(is_of).copied().collect())
        };
        let by_class = (0..classes.map_or(0, |c| c.names.len()) as u32).into_par_iter().map(of_class).collect();
        let all = Tree::new(named);
        let size = std::array::from_fn(|k| shape.zyx()[k] as f64 * step[k]);
        let half = step.map(|v| v / 2.0);
        let (points, links, nearest, neighbourhoods) =
            (points.is_some(), OnceLock::new(), OnceLock::new(), OnceLock::new());
        Ok(Places { at, voxels, all, by_class, size, half, flat, points, links, nearest, neighbourhoods })
    }

    /// Those that there are, each with the number of its object from 0.
    pub(super) fn named(&self) -> Vec<(u32, Place)> {
        named(&self.at)
    }

    /// The Delaunay triangulation; nothing in a stack.
    pub(super) fn links(&self) -> Arc<Links> {
        once(&self.links, || if self.flat { Links::new(self.named(), self.at.len()) } else { Links::default() })
    }

    /// How far the nearest objects are, of the classes that these places were made with.
    pub(super) fn nearest(&self, classes: Option<&Classes>) -> Arc<Nearest> {
        once(&self.nearest, || Nearest::of(self, classes))
    }

    /// The index of the voxel that an object lies in.
    pub(super) fn voxel(&self, object: usize, shape: Shape) -> Option<usize> {
        let place = self.voxels.get(object).copied().flatten()?;
        let nearest = |k: usize| place[k].round().clamp(0.0, shape.zyx()[k] as f64 - 1.0) as usize;
        Some(shape.index(nearest(0), nearest(1), nearest(2)))
    }

    /// Distance of an object to the border of the image, along the axes that it has.
    pub(super) fn to_border(&self, place: &Place) -> f64 {
        let axes = if self.flat { 1..3 } else { 0..3 };
        let ends = |k: usize| {
            let before = place[k] + self.half[k];
            before.min(self.size[k] - before)
        };
        axes.map(ends).fold(f64::INFINITY, f64::min)
    }

    /// Area of the image, or its volume.
    pub(super) fn content(&self) -> f64 {
        if self.flat { self.size[1] * self.size[2] } else { self.size.iter().product() }
    }
}

fn named(at: &[Option<Place>]) -> Vec<(u32, Place)> {
    (0..).zip(at).filter_map(|(i, p)| Some((i, (*p)?))).collect()
}

/// What a cell holds, or what is found now: outside of the cell and moved into it, so nobody waits for the other threads that are at work here.
fn once<T>(cell: &OnceLock<Arc<T>>, find: impl FnOnce() -> T) -> Arc<T> {
    if let Some(kept) = cell.get() {
        return kept.clone();
    }
    let found = Arc::new(find());
    let _ = cell.set(found.clone());
    found
}

/// Means of the voxels of each object, z, y, x.
fn centroids(labels: &Labels) -> Result<Vec<Option<Place>>> {
    let runs = labels.runs()?;
    let one = |label: u32| {
        let (mut n, mut sums) = (0i128, [0i128; 3]);
        for run in runs.of(label) {
            let ([z, y], len) = (run.zy(labels.shape), i128::from(run.len()));
            n += len;
            sums[0] += z as i128 * len;
            sums[1] += y as i128 * len;
            sums[2] += (i128::from(run.start) + i128::from(run.end) - 1) * len / 2;
        }
        (n > 0).then(|| sums.map(|sum| sum as f64 / n as f64))
    };
    Ok((1..labels.count + 1).into_par_iter().map(one).collect())
}

//! Labels drawn on one grid, brought onto another.
//!
//! The same grid may be stored in another order: a mask from a program that counts to the right and one from a program that
//! counts to the left hold the same voxels, mirrored. Such labels are reordered, which loses nothing. Any other grid is
//! refused, unless resampling was asked for; then each voxel takes the label of the nearest one.

use super::regions::Pick;
use crate::image::PatientGrid;
use crate::units::{Shape, Spacing};
use crate::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Corners of two grids may be this far apart in mm, or a tenth of the shortest side of a voxel, and still count as the
/// same place.
const SAME_MM: f64 = 0.1;

/// A grid with its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Size.
    pub shape: Shape,
    /// Sides of a voxel.
    pub spacing: Spacing,
    /// Where it lies.
    pub patient_grid: PatientGrid,
}

/// A way to count the voxels of a grid: which of its axes is walked along as z, y and x, and whether backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    axes: [usize; 3],
    back: [bool; 3],
}

impl Order {
    /// As they are stored.
    pub const STORED: Order = Order { axes: [0, 1, 2], back: [false; 3] };

    /// Voxels of this shape, counted so.
    pub fn of<T: Copy>(self, voxels: &[T], shape: Shape) -> Vec<T> {
        let (sizes, strides) = (shape.zyx(), [shape.y * shape.x, shape.x, 1]);
        let place = |k: usize, i: usize| {
            let axis = self.axes[k];
            strides[axis] * if self.back[k] { sizes[axis] - 1 - i } else { i }
        };
        let [nz, ny, nx] = self.axes.map(|a| sizes[a]);
        let mut out = Vec::with_capacity(voxels.len());
        for z in 0..nz {
            for y in 0..ny {
                let row = place(0, z) + place(1, y);
                out.extend((0..nx).map(|x| voxels[row + place(2, x)]));
            }
        }
        out
    }
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = |k: usize| format!("{}{}", if self.back[k] { "-" } else { "" }, ["z", "y", "x"][self.axes[k]]);
        write!(f, "{}, {}, {}", word(0), word(1), word(2))
    }
}

impl Grid {
    /// Sides of a voxel along z, y, x, in mm.
    pub fn mm(&self) -> [f64; 3] {
        self.spacing.zyx.map(|v| v * self.spacing.unit.um() / 1000.0)
    }

    /// The same voxels, counted in another order.
    fn reordered(&self, order: Order) -> Grid {
        let sizes = self.shape.zyx();
        let first: [f64; 3] = std::array::from_fn(|axis| {
            let backwards = order.axes.iter().zip(order.back).any(|(a, back)| *a == axis && back);
            if backwards { sizes[axis] as f64 - 1.0 } else { 0.0 }
        });
        let [z, y, x] = order.axes.map(|a| sizes[a]);
        let direction = |k: usize| {
            let d = self.patient_grid.directions[order.axes[k]];
            if order.back[k] { d.map(|v| -v) } else { d }
        };
        Grid {
            shape: Shape::new(z, y, x),
            spacing: Spacing { zyx: order.axes.map(|a| self.spacing.zyx[a]), unit: self.spacing.unit },
            patient_grid: PatientGrid {
                origin: self.patient_grid.at(&self.spacing, first),
                directions: [direction(0), direction(1), direction(2)],
            },
        }
    }

    /// How far the corners of a grid of the same size are from those of this one, in mm.
    fn apart(&self, other: &Grid) -> f64 {
        self.patient_grid.distance(&self.spacing, &other.patient_grid, &other.spacing, self.shape)
    }

    fn is_same(&self, other: &Grid) -> bool {
        let side = self.mm().iter().fold(f64::MAX, |m, v| m.min(*v));
        self.shape == other.shape && self.apart(other) <= SAME_MM.min(0.1 * side)
    }
}

/// Every order there is, the stored one first.
fn orders() -> impl Iterator<Item = Order> {
    let axes = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    axes.into_iter()
        .flat_map(|axes| (0..8u32).map(move |bits| Order { axes, back: std::array::from_fn(|k| bits >> k & 1 == 1) }))
}

/// The order in which voxels of one grid are those of another.
///
/// # Errors
/// They are other voxels: what is different, in words.
pub fn order(from: &Grid, onto: &Grid) -> std::result::Result<Order, String> {
    orders().find(|o| onto.is_same(&from.reordered(*o))).ok_or_else(|| difference(from, onto))
}

/// Labels on another grid than their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Brought {
    /// As many as the other grid has voxels.
    pub voxels: Vec<u32>,
    /// By label, the share of its own voxels whose centres lie on the other grid.
    pub coverage: BTreeMap<u32, f64>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Brings labels from one grid onto another.
///
/// # Errors
/// The grids differ, and `resample` is not set; or they do not meet at all, and regions may not miss the image.
pub fn bring(voxels: Vec<u32>, from: &Grid, onto: &Grid, pick: &Pick) -> Result<Brought> {
    let difference = match order(from, onto) {
        Ok(order) => return Ok(reordered(voxels, from.shape, order)),
        Err(difference) => difference,
    };
    if !pick.resample {
        return Err(Error::usage(format!("the regions lie on another grid than the image: {difference}"))
            .remedy("regions drawn on this image, or resample = true to take the nearest label"));
    }
    let moved = nearest(&voxels, from, onto);
    let notes = report(&voxels, &moved, pick.may_miss)?;
    Ok(Brought { coverage: coverage(&voxels, from, onto), voxels: moved, notes })
}

fn reordered(voxels: Vec<u32>, shape: Shape, order: Order) -> Brought {
    let coverage = voxels.iter().filter(|v| **v != 0).map(|v| (*v, 1.0)).collect();
    if order == Order::STORED {
        return Brought { voxels, coverage, notes: vec![] };
    }
    let note = format!("the regions are stored in another order ({order}) and were reordered; no voxel changed");
    Brought { voxels: order.of(&voxels, shape), coverage, notes: vec![note] }
}

/// What is different, in words.
fn difference(from: &Grid, onto: &Grid) -> String {
    let mut parts = Vec::new();
    if from.shape != onto.shape {
        parts.push(format!("{} voxels, not {}", from.shape, onto.shape));
    }
    let sides = |g: &Grid| g.mm().map(|v| format!("{:.4}", v)).join(" x ");
    if from.mm().iter().zip(onto.mm()).any(|(a, b)| (a - b).abs() > 1e-3 * b) {
        parts.push(format!("spacing {} mm, not {} mm", sides(from), sides(onto)));
    }
    let turn = (0..3).map(|k| {
        let (a, b) = (from.patient_grid.directions[k], onto.patient_grid.directions[k]);
        libm::acos((a[0] * b[0] + a[1] * b[1] + a[2] * b[2]).clamp(-1.0, 1.0)).to_degrees()
    });
    let turn = turn.fold(0.0, f64::max);
    if turn > 0.1 {
        parts.push(format!("axes turned by {turn:.1} degrees"));
    }
    parts.push(format!("corners up to {:.2} mm apart", corners(from, onto)));
    parts.join("; ")
}

/// The largest distance between corners of the same name of two grids, whatever their sizes.
fn corners(from: &Grid, onto: &Grid) -> f64 {
    let corner = |g: &Grid, bits: u32| {
        let last = g.shape.zyx().map(|n| n.saturating_sub(1) as f64);
        g.patient_grid.at(&g.spacing, std::array::from_fn(|k| if bits >> k & 1 == 1 { last[k] } else { 0.0 }))
    };
    let apart = |bits: u32| {
        let (a, b) = (corner(from, bits), corner(onto, bits));
        (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
    };
    (0..8).map(apart).fold(0.0, f64::max)
}

/// The label of the nearest voxel for each voxel of the other grid; 0 beyond the edges.
fn nearest(voxels: &[u32], from: &Grid, onto: &Grid) -> Vec<u32> {
    // Both grids are straight, so places in one are a sum of steps along the other.
    let place = |zyx: [f64; 3]| from.patient_grid.grid(&from.spacing, onto.patient_grid.at(&onto.spacing, zyx));
    let first = place([0.0; 3]);
    let step = |unit: [f64; 3]| -> [f64; 3] { std::array::from_fn(|k| place(unit)[k] - first[k]) };
    let steps = [step([1.0, 0.0, 0.0]), step([0.0, 1.0, 0.0]), step([0.0, 0.0, 1.0])];
    let sizes = from.shape.zyx();
    let label = |z: usize, y: usize, x: usize| -> Option<u32> {
        let mut at = [0; 3];
        for (k, i) in at.iter_mut().enumerate() {
            let along = first[k] + z as f64 * steps[0][k] + y as f64 * steps[1][k] + x as f64 * steps[2][k];
            let nearest = (along + 0.5).floor();
            *i = (nearest >= 0.0 && nearest < sizes[k] as f64).then_some(nearest as usize)?;
        }
        voxels.get(from.shape.index(at[0], at[1], at[2])).copied()
    };
    let mut out = vec![0; onto.shape.len()];
    out.par_chunks_mut(onto.shape.x.max(1)).enumerate().for_each(|(row, to)| {
        let (z, y) = (row / onto.shape.y, row % onto.shape.y);
        to.iter_mut().enumerate().for_each(|(x, v)| *v = label(z, y, x).unwrap_or(0));
    });
    out
}

/// Centres so near to a side of the grid, in voxels, lie on it.
const ON_SIDE: f64 = 1e-6;

/// The share of each label's voxels whose centres lie on the other grid.
fn coverage(voxels: &[u32], from: &Grid, onto: &Grid) -> BTreeMap<u32, f64> {
    let size = onto.shape.zyx();
    let mut counts = BTreeMap::<u32, [usize; 2]>::new();
    for (i, label) in voxels.iter().enumerate().filter(|(_, label)| **label != 0) {
        let place = from.patient_grid.at(&from.spacing, from.shape.position(i).map(|k| k as f64));
        let at = onto.patient_grid.grid(&onto.spacing, place);
        let is_on = (0..3).all(|k| at[k] >= -0.5 - ON_SIDE && at[k] <= size[k] as f64 - 0.5 + ON_SIDE);
        let [all, on] = counts.entry(*label).or_default();
        (*all, *on) = (*all + 1, *on + usize::from(is_on));
    }
    counts.into_iter().map(|(label, [all, on])| (label, on as f64 / all as f64)).collect()
}

/// Regions that are named one by one in a note.
const NAMED: usize = 8;

/// How many voxels each region had and has.
fn report(before: &[u32], after: &[u32], may_miss: bool) -> Result<Vec<String>> {
    let count = |voxels: &[u32]| {
        let mut sizes = BTreeMap::<u32, usize>::new();
        voxels.iter().filter(|v| **v != 0).for_each(|v| *sizes.entry(*v).or_default() += 1);
        sizes
    };
    let (before, after) = (count(before), count(after));
    if after.is_empty() && !before.is_empty() && !may_miss {
        return Err(Error::usage("no region meets the image").remedy("regions of the same patient and examination"));
    }
    let line = |(n, had): (&u32, &usize)| format!("{n}: {had} -> {}", after.get(n).copied().unwrap_or(0));
    let mut lines: Vec<String> = before.iter().take(NAMED).map(line).collect();
    if before.len() > NAMED {
        let all = |sizes: &BTreeMap<u32, usize>| sizes.values().sum::<usize>();
        lines.push(format!("all {}: {} -> {}", before.len(), all(&before), all(&after)));
    }
    let mut notes = vec![format!("the regions were resampled to the image's grid; voxels {}", lines.join(", "))];
    let lost = before.keys().filter(|n| !after.contains_key(n)).count();
    if lost > 0 {
        notes.push(format!("{lost} of {} regions have no voxel on the image's grid", before.len()));
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    //! Oracle: literal grids.
    use super::*;

    fn grid(shape: Shape, zyx: [f64; 3], patient_grid: PatientGrid) -> Grid {
        Grid { shape, spacing: Spacing::mm(zyx).unwrap(), patient_grid }
    }

    #[test]
    fn another_order_is_undone() {
        let onto = grid(Shape::new(1, 2, 3), [2.0, 1.0, 1.0], PatientGrid::STRAIGHT);
        let labels: Vec<u32> = (1..=6).collect();
        let same = bring(labels.clone(), &onto, &onto, &Pick::default()).unwrap();
        assert_eq!((same.voxels, same.notes.len(), same.coverage[&6]), (labels, 0, 1.0));
        // x runs backwards.
        let mut from = onto;
        from.patient_grid = PatientGrid { origin: [2.0, 0.0, 0.0], ..PatientGrid::STRAIGHT };
        from.patient_grid.directions[2] = [-1.0, 0.0, 0.0];
        let Brought { voxels, notes, .. } = bring(vec![3, 2, 1, 6, 5, 4], &from, &onto, &Pick::default()).unwrap();
        assert_eq!(voxels, [1, 2, 3, 4, 5, 6]);
        assert!(notes[0].contains("z, y, -x"), "{notes:?}");
        // Rows are columns.
        let [z, y, x] = PatientGrid::STRAIGHT.directions;
        let turned = PatientGrid { origin: [0.0; 3], directions: [z, x, y] };
        let from = grid(Shape::new(1, 3, 2), [2.0, 1.0, 1.0], turned);
        assert_eq!(bring(vec![1, 4, 2, 5, 3, 6], &from, &onto, &Pick::default()).unwrap().voxels, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn another_grid_is_refused_or_resampled() {
        let resample = Pick { resample: true, ..Pick::default() };
        let onto = grid(Shape::new(1, 2, 4), [2.0, 1.0, 1.0], PatientGrid::STRAIGHT);
        let from = grid(
            Shape::new(1, 1, 2),
            [2.0, 2.0, 2.0],
            PatientGrid { origin: [0.5, 0.5, 0.0], ..PatientGrid::STRAIGHT },
        );
        let e = bring(vec![7, 9], &from, &onto, &Pick::default()).unwrap_err();
        for word in ["1 x 2", "2 x 4", "2.0000 x 2.0000 x 2.0000", "corners up to"] {
            assert!(e.what.contains(word), "{e}");
        }
        let Brought { voxels, coverage, notes } = bring(vec![7, 9], &from, &onto, &resample).unwrap();
        assert_eq!(voxels, [7, 7, 9, 9, 7, 7, 9, 9]);
        assert_eq!(coverage, [(7, 1.0), (9, 1.0)].into());
        assert!(notes[0].contains("7: 1 -> 4, 9: 1 -> 4"), "{notes:?}");
        // Half of 9, and nothing of 5, lies on the grid.
        let long = Grid { shape: Shape::new(1, 1, 8), spacing: Spacing::mm([2.0, 2.0, 1.0]).unwrap(), ..from };
        let brought = bring(vec![7, 7, 9, 9, 9, 9, 5, 5], &long, &onto, &resample).unwrap();
        assert_eq!(brought.coverage, [(5, 0.0), (7, 1.0), (9, 0.5)].into());
        let mut far = from;
        far.patient_grid.origin = [100.0, 0.0, 0.0];
        assert!(bring(vec![7, 9], &far, &onto, &resample).is_err());
        let missed = bring(vec![7, 9], &far, &onto, &Pick { may_miss: true, ..resample }).unwrap();
        assert_eq!((missed.voxels, missed.coverage[&7]), (vec![0; 8], 0.0));
        assert!(missed.notes[1].contains("2 of 2 regions have no voxel"), "{:?}", missed.notes);
        let half = PatientGrid { origin: [0.4, 0.0, 0.0], ..PatientGrid::STRAIGHT };
        let e = bring(vec![0; 8], &Grid { patient_grid: half, ..onto }, &onto, &Pick::default()).unwrap_err();
        assert!(e.what.contains("0.40 mm"), "{e}");
    }
}

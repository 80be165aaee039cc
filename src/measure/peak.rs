//! Means over spheres around voxels: what SUVpeak is made of.
//!
//! A sphere holds the voxels whose centres lie within its radius of the centre of its middle voxel, the border included
//! (to one in 10^9, so that rounding does not decide). It may reach past the object. At the edge of the image the mean is
//! that of the voxels inside, and what is left out does not count either. Sums are exact and means are compared exactly, as products of whole numbers, so neither
//! threads nor order matter.
//!
//! A row of a sphere is the difference of two running totals along x, so long ones cost no more. Middles that lie near each
//! other share the totals of the rows around them, and some of them in a row are done side by side.

use super::object::Object;
use crate::simd::wide;
use crate::units::Shape;
use rayon::prelude::*;
use std::ops::Range;

/// Voxels in a row of the sphere.
#[derive(Clone, Copy)]
struct SphereRow {
    dz: isize,
    dy: isize,
    /// Voxels to each side of the middle.
    reach: usize,
}

/// An image, and what of it is left out: nothing, or one of several masks that have more than 0 there.
pub(super) struct Seen<'a> {
    pub samples: &'a [i32],
    pub shape: Shape,
    pub left_out: &'a [&'a [u8]],
}

impl Seen<'_> {
    /// The voxel is not left out.
    pub fn has(&self, index: usize) -> bool {
        self.left_out.iter().all(|mask| mask[index] == 0)
    }
}

/// A sphere on the grid.
pub(super) struct Sphere {
    rows: Vec<SphereRow>,
    /// Voxels in all.
    pub voxels: i64,
    /// How far it reaches along z, y, x.
    reach: [usize; 3],
}

/// Sum and number of the samples in a sphere, and its middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SphereSum {
    pub sum: i64,
    pub n: i64,
    /// Linear index.
    middle: usize,
}

impl SphereSum {
    /// Mean sample. The middle is always there.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.n as f64
    }
    /// The one with the higher mean, or the lower index among equals.
    fn higher(self, other: Self) -> Self {
        let (a, b) = (i128::from(self.sum) * i128::from(other.n), i128::from(other.sum) * i128::from(self.n));
        match a.cmp(&b) {
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal if self.middle < other.middle => self,
            std::cmp::Ordering::Equal => other,
        }
    }
}

/// Middles that share totals lie in a box of so many voxels along z and y, and along x.
const NEAR: usize = 16;
const NEAR_X: usize = 128;
/// Middles of a row that are done side by side.
const LANES: usize = 16;

impl Sphere {
    /// Radius and size of a voxel (z, y, x) in one unit. Memory follows the square of their ratio.
    pub fn new(radius: f64, size: [f64; 3]) -> Self {
        let within = radius * radius * (1.0 + 1e-9);
        let square = |d: isize, a: usize| (d as f64 * size[a]) * (d as f64 * size[a]);
        let [sz, sy, sx] = size.map(|side| (radius / side) as isize + 1);
        let mut sphere = Sphere { rows: vec![], voxels: 0, reach: [0; 3] };
        for dz in -sz..=sz {
            for dy in -sy..=sy {
                let plane = square(dz, 0) + square(dy, 1);
                let reach = (0..=sx).take_while(|&dx| plane + square(dx, 2) <= within).last();
                if let Some(reach) = reach.map(isize::unsigned_abs) {
                    sphere.rows.push(SphereRow { dz, dy, reach });
                    sphere.voxels += 2 * reach as i64 + 1;
                    let far = [dz.unsigned_abs(), dy.unsigned_abs(), reach];
                    sphere.reach.iter_mut().zip(far).for_each(|(most, far)| *most = far.max(*most));
                }
            }
        }
        sphere
    }

    /// The highest mean with the middle in the object; nothing for an object without voxels.
    pub fn highest(&self, object: &Object, seen: &Seen) -> Option<SphereSum> {
        let places: Vec<[usize; 4]> = object.runs().iter().map(|run| object.place(run)).collect();
        self.highest_along(&places, seen)
    }

    /// The highest mean around some voxels, given by linear index; nothing if there are none.
    pub fn highest_at(&self, places: &[usize], seen: &Seen) -> Option<SphereSum> {
        let mut runs: Vec<[usize; 4]> = Vec::new();
        for [z, y, x] in places.iter().map(|i| seen.shape.position(*i)) {
            match runs.last_mut() {
                Some(last) if last[..2] == [z, y] && last[3] == x => last[3] += 1,
                _ => runs.push([z, y, x, x + 1]),
            }
        }
        self.highest_along(&runs, seen)
    }

    /// The highest mean around the voxels of some runs: z, y, first x and the x behind the last.
    pub fn highest_along(&self, runs: &[[usize; 4]], seen: &Seen) -> Option<SphereSum> {
        let mut pieces: Vec<[usize; 4]> = Vec::with_capacity(runs.len());
        for &[z, y, x0, x1] in runs {
            let starts = (x0..x1).step_by(NEAR_X);
            pieces.extend(starts.map(|x| [z, y, x, x1.min(x + NEAR_X)]));
        }
        let place = |[z, y, x, _]: &[usize; 4]| [z / NEAR, y / NEAR, x / NEAR_X];
        pieces.sort_by_key(place);
        let near: Vec<&[[usize; 4]]> = pieces.chunk_by(|a, b| place(a) == place(b)).collect();
        let best = |room: &mut Room, runs: &&[[usize; 4]]| {
            room.add_up(self, runs, seen);
            let best = runs.iter().filter_map(|run| self.best(*run, seen.shape, room));
            best.reduce(|a, b| a.higher(b))
        };
        near.par_iter().map_init(Room::default, best).flatten().reduce_with(|a, b| a.higher(b))
    }

    /// The highest mean around the voxels z, y, x0..x1, for which there are totals.
    fn best(&self, [z, y, x0, x1]: [usize; 4], shape: Shape, room: &mut Room) -> Option<SphereSum> {
        let [rz, ry, reach] = self.reach;
        let is_cut = z < rz || z + rz >= shape.z || y < ry || y + ry >= shape.y;
        let (lines, start, whole) = if is_cut {
            let whole = self.cut_lines([z, y], shape, room);
            (&room.lines, 0, whole)
        } else {
            (&room.whole_lines, room.at(z, y) - room.ahead, self.voxels)
        };
        let mut best: Option<SphereSum> = None;
        for x in (x0..x1).step_by(LANES) {
            let (mut sums, mut counts) = ([0; LANES], [0; LANES]);
            let from = start + x - room.first[2];
            sums_of(&room.totals[from..], lines, &mut sums);
            let counts_voxels = !room.kept.is_empty();
            if counts_voxels {
                sums_of(&room.kept[from..], lines, &mut counts);
            }
            for ((x, &sum), &kept) in (x..x1).zip(&sums).zip(&counts) {
                let is_cut = x < reach || x + reach >= shape.x;
                let n = match is_cut {
                    _ if counts_voxels => kept,
                    true => self.count([z, y, x], shape),
                    false => whole,
                };
                if n == 0 {
                    continue;
                }
                let around = SphereSum { sum, n, middle: shape.index(z, y, x) };
                best = Some(match best {
                    Some(best) if best.n == n && best.sum >= sum => best,
                    Some(best) => best.higher(around),
                    None => around,
                });
            }
        }
        best
    }

    /// Finds where the rows of a sphere that the image cuts off in z or y lie in the totals, and their voxels.
    fn cut_lines(&self, [z, y]: [usize; 2], shape: Shape, room: &mut Room) -> i64 {
        let mut voxels = 0;
        room.lines.clear();
        for row in &self.rows {
            let (Some(z), Some(y)) = (z.checked_add_signed(row.dz), y.checked_add_signed(row.dy)) else { continue };
            if z < shape.z && y < shape.y {
                let from = room.at(z, y) - row.reach;
                voxels += 2 * row.reach as i64 + 1;
                room.lines.push([from, from + 2 * row.reach + 1]);
            }
        }
        voxels
    }

    /// Voxels of the image in the sphere around one.
    fn count(&self, [z, y, x]: [usize; 3], shape: Shape) -> i64 {
        let is_there = |at: usize, by: isize, size: usize| at.checked_add_signed(by).is_some_and(|at| at < size);
        let rows = self.rows.iter().filter(|row| is_there(z, row.dz, shape.z) && is_there(y, row.dy, shape.y));
        rows.map(|row| ((x + row.reach + 1).min(shape.x) - x.saturating_sub(row.reach)) as i64).sum()
    }
}

wide! {
    /// Sums over the rows of a sphere around voxels of a row: the total behind each row less that before it.
    fn sums_of(totals: &[i64], lines: &[[usize; 2]], sums: &mut [i64; LANES]) {
        for &[from, to] in lines {
            let (before, behind) = (&totals[from..from + LANES], &totals[to..to + LANES]);
            for k in 0..LANES {
                sums[k] += behind[k] - before[k];
            }
        }
    }
}

/// Running totals along rows of `width` cells, of which the first `lead` are 0; behind the values they stay as they are.
fn run_up<R: Iterator<Item = i64>>(
    totals: &mut Vec<i64>,
    [cells, width, lead]: [usize; 3],
    rows: impl Iterator<Item = R>,
) {
    totals.resize(cells, 0);
    for (totals, row) in totals.chunks_exact_mut(width).zip(rows) {
        let (before, totals) = totals.split_at_mut(lead);
        before.fill(0);
        let (mut total, mut places) = (0, totals.iter_mut());
        for (value, place) in row.zip(&mut places) {
            total += value;
            *place = total;
        }
        places.for_each(|place| *place = total);
    }
}

/// What sums are worked out in: running totals along the rows of a box of the image. Beyond the image lie zeros.
#[derive(Default)]
struct Room {
    totals: Vec<i64>,
    /// The same of the number of voxels that are not left out; empty where none is.
    kept: Vec<i64>,
    /// First voxel of the middles along x, and of the box along z and y.
    first: [usize; 3],
    /// Rows of the box along y, totals in a row, and those before the first middle.
    rows: usize,
    width: usize,
    lead: usize,
    /// Where the rows of a sphere that is cut off begin and end in the totals, for the first middle.
    lines: Vec<[usize; 2]>,
    /// The same of a whole sphere, counted from the first total of its box, and how far before the middle that lies.
    whole_lines: Vec<[usize; 2]>,
    ahead: usize,
}

impl Room {
    /// Adds up the rows of the image that spheres around these voxels reach.
    fn add_up(&mut self, sphere: &Sphere, runs: &[[usize; 4]], seen: &Seen) {
        let shape = seen.shape;
        let ends = |a: usize, b: usize| {
            let (low, high) = runs.iter().fold((usize::MAX, 0), |(l, h), run| (l.min(run[a]), h.max(run[b])));
            (low, high)
        };
        let [(z0, z1), (y0, y1), (x0, x1)] = [ends(0, 0), ends(1, 1), ends(2, 3)];
        let [rz, ry, rx] = sphere.reach;
        let (zs, ys) =
            (z0.saturating_sub(rz)..(z1 + rz + 1).min(shape.z), y0.saturating_sub(ry)..(y1 + ry + 1).min(shape.y));
        let xs = x0.saturating_sub(rx)..(x1 + rx).min(shape.x);
        self.first = [zs.start, ys.start, x0];
        (self.rows, self.width, self.lead) = (ys.len(), x1 - x0 + 2 * rx + 1, rx);
        let places = zs.clone().flat_map(|z| ys.clone().map(move |y| shape.index(z, y, 0)));
        // Where nothing lies before the row its totals are 0.
        let lead = 1 + (rx + xs.start - x0);
        let cells = zs.len() * ys.len() * self.width + LANES;
        let rows = || places.clone().map(|start| start + xs.start..start + xs.end);
        match seen.left_out {
            [] => {
                let row = |place: Range<usize>| seen.samples[place].iter().map(|s| i64::from(*s));
                run_up(&mut self.totals, [cells, self.width, lead], rows().map(row));
            }
            _ => {
                let row = |place: Range<usize>| place.map(|i| if seen.has(i) { i64::from(seen.samples[i]) } else { 0 });
                run_up(&mut self.totals, [cells, self.width, lead], rows().map(row));
                let row = |place: Range<usize>| place.map(|i| i64::from(seen.has(i)));
                run_up(&mut self.kept, [cells, self.width, lead], rows().map(row));
            }
        }
        self.ahead = (rz * self.rows + ry) * self.width + rx;
        let from = |row: &SphereRow| {
            let [z, y] = [rz.wrapping_add_signed(row.dz), ry.wrapping_add_signed(row.dy)];
            (z * self.rows + y) * self.width + rx - row.reach
        };
        self.whole_lines.clear();
        self.whole_lines.extend(sphere.rows.iter().map(|row| [from(row), from(row) + 2 * row.reach + 1]));
    }

    /// The total before the first middle of a row.
    fn at(&self, z: usize, y: usize) -> usize {
        ((z - self.first[0]) * self.rows + y - self.first[1]) * self.width + self.lead
    }
}

#[cfg(test)]
#[path = "peak_tests.rs"]
mod tests;

//! Depths in a plane on the CPU, by tiles that stay in the processor's cache: roots of squared distances to the outside, of
//! several nested masks at once.
//!
//! The masks are heights of one map of bytes: mask k is where the level is above k. Counters of eight bits walk down and up
//! the columns of a tile and of a halo around it, squares have sixteen bits, and each pixel searches outwards along its row
//! until no site can be nearer, as in `distance_search.rs`. A site within the halo is seen, so what is found there is exact;
//! where a pixel has none so near there is no answer, and `distance.rs` gives it. The halo is narrow at first: the masks are
//! nested, so what was enough for the first one is enough for all.

use super::root;
use crate::simd::wide;
use crate::units::Shape;
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// Pixels around a tile that are looked at: at most, and at first.
const HALO: usize = 96;
const NARROW: usize = 24;
/// Rows and columns of a tile.
const ROWS: usize = 64;
const COLUMNS: usize = 256;
const WIDTH: usize = COLUMNS + 2 * HALO;
/// Pixels that search together: as far as the farthest of them has to.
const TOGETHER: usize = 64;
/// No site, as steps and as a square.
const NONE: u8 = u8::MAX;
const FAR: u16 = u16::MAX;

/// `max(floor, sum over k < heights of floor(2^places sqrt(d2_k)))` with `d2_k` the squared distance of a pixel of mask k to the
/// nearest pixel outside of it, in pixels. Nothing where one is farther than the halo, and in stacks.
pub(super) fn depths(levels: &[u8], shape: Shape, heights: u8, places: u32, floor: i32) -> Option<Vec<i32>> {
    if !shape.is_flat() || levels.len() != shape.len() {
        return None;
    }
    let root = root::of(places);
    let roots: Vec<i32> = (0..=(HALO * HALO) as i32).map(root).collect();
    let mut out = Vec::with_capacity(levels.len());
    // Memory as it comes: the tiles of a band cover all of its pixels.
    let room = &mut out.spare_capacity_mut()[..levels.len()];
    room.par_chunks_mut(ROWS * shape.x).enumerate().try_for_each(|(band, rows)| {
        let mut tile = Tile::new();
        (0..shape.x).step_by(COLUMNS).try_for_each(|left| {
            let picture = Picture { levels, shape, top: band * ROWS, left };
            tile.add(&picture, picture.highest().min(heights), &roots)?;
            tile.take(rows, &picture, floor);
            Some(())
        })
    })?;
    // SAFETY: every band was written by its tiles, from the first column to the last.
    unsafe { out.set_len(levels.len()) };
    Some(out)
}

/// The part of a map of levels that a tile lies over.
struct Picture<'a> {
    levels: &'a [u8],
    shape: Shape,
    top: usize,
    left: usize,
}

impl Picture<'_> {
    fn rows(&self) -> usize {
        ROWS.min(self.shape.y - self.top)
    }
    fn columns(&self) -> usize {
        COLUMNS.min(self.shape.x - self.left)
    }
    /// The highest level in the tile itself.
    fn highest(&self) -> u8 {
        let mut most = 0;
        for y in self.top..self.top + self.rows() {
            raise(&mut most, &self.levels[y * self.shape.x + self.left..][..self.columns()]);
        }
        most
    }
}

/// What one thread works in.
struct Tile {
    /// Steps along the column to the nearest site, of the tile and of what lies beside it.
    steps: Vec<[u8; WIDTH]>,
    sums: Vec<[i32; COLUMNS]>,
}

impl Tile {
    fn new() -> Self {
        Tile { steps: vec![[NONE; WIDTH]; ROWS], sums: vec![[0; COLUMNS]; ROWS] }
    }

    /// Adds the depths of the masks up to a height, if no site is too far.
    fn add(&mut self, picture: &Picture, heights: u8, roots: &[i32]) -> Option<()> {
        let mut halo = NARROW;
        for height in 0..heights {
            let found = self.add_one(picture, height, halo, roots);
            halo = match found {
                Some(reach) => reach,
                // Only the first mask can be deeper than the halo.
                None => {
                    self.sums.iter_mut().for_each(|sums| sums.fill(0));
                    self.add_one(picture, height, HALO, roots)?
                }
            };
        }
        Some(())
    }

    /// Adds the depths of one mask. How far all sites are at most, in whole pixels; nothing if one is beyond the halo.
    fn add_one(&mut self, picture: &Picture, height: u8, halo: usize, roots: &[i32]) -> Option<usize> {
        along_columns(&mut self.steps, picture, height, halo);
        let mut farthest = 0;
        let within = &roots[..halo * halo + 1];
        along_rows(&mut self.sums, &self.steps, picture, halo, within, &mut farthest);
        let farthest = usize::from(farthest);
        (farthest <= halo * halo).then(|| (farthest.isqrt() + 1).min(halo))
    }

    /// Moves the sums to the image.
    fn take(&mut self, rows: &mut [MaybeUninit<i32>], picture: &Picture, floor: i32) {
        for (row, sums) in rows.chunks_mut(picture.shape.x).zip(&mut self.sums) {
            take_row(&mut row[picture.left..][..picture.columns()], sums, floor);
            sums.fill(0);
        }
    }
}

wide! {
    fn raise(most: &mut u8, levels: &[u8]) {
        *most = levels.iter().fold(*most, |most, &level| most.max(level));
    }
}

wide! {
    fn take_row(row: &mut [MaybeUninit<i32>], sums: &[i32], floor: i32) {
        for (to, &sum) in row.iter_mut().zip(sums) {
            to.write(sum.max(floor));
        }
    }
}

wide! {
    fn along_columns(steps: &mut [[u8; WIDTH]], picture: &Picture, height: u8, halo: usize) {
        let Shape { y, x, .. } = picture.shape;
        let (first, last) = (picture.left.saturating_sub(halo), (picture.left + COLUMNS + halo).min(x));
        let (width, begin) = (last - first, first + HALO - picture.left);
        let (top, bottom) = (picture.top, picture.top + picture.rows());
        let level = |y: usize| &picture.levels[y * x + first..][..width];
        // What lies beyond the image is no site.
        steps.iter_mut().for_each(|row| row.fill(NONE));
        let mut known = [NONE; WIDTH];
        for y in top.saturating_sub(halo)..bottom {
            step(&mut known[..width], level(y), height);
            if y >= top {
                steps[y - top][begin..begin + width].copy_from_slice(&known[..width]);
            }
        }
        known = [NONE; WIDTH];
        for y in (top..(bottom + halo).min(y)).rev() {
            step(&mut known[..width], level(y), height);
            if y < bottom {
                let row = &mut steps[y - top][begin..begin + width];
                row.iter_mut().zip(&known).for_each(|(to, &n)| *to = n.min(*to));
            }
        }
    }
}

#[inline(always)]
fn step(known: &mut [u8], levels: &[u8], height: u8) {
    for (known, &level) in known.iter_mut().zip(levels) {
        *known = if level > height { known.saturating_add(1) } else { 0 };
    }
}

wide! {
    /// `farthest` is the largest squared distance. Stops at one that has no root.
    fn along_rows(
        sums: &mut [[i32; COLUMNS]], steps: &[[u8; WIDTH]], picture: &Picture, halo: usize, roots: &[i32], farthest: &mut u16,
    ) {
        let columns = picture.columns();
        let mut squares = [FAR; WIDTH];
        for (sums, steps) in sums.iter_mut().zip(&steps[..picture.rows()]) {
            for (square, &n) in squares.iter_mut().zip(steps) {
                *square = if n == NONE { FAR } else { u16::from(n) * u16::from(n) };
            }
            for from in (0..columns).step_by(TOGETHER) {
                let mut d2: [u16; TOGETHER] = [0; TOGETHER];
                let here = TOGETHER.min(columns - from);
                d2[..here].copy_from_slice(&squares[HALO + from..][..here]);
                let most = search(&mut d2, &squares, HALO + from, halo);
                if most == 0 {
                    continue;
                }
                *farthest = most.max(*farthest);
                if usize::from(most) >= roots.len() {
                    return;
                }
                for (sum, &d2) in sums[from..][..TOGETHER].iter_mut().zip(&d2) {
                    *sum += roots[usize::from(d2)];
                }
            }
        }
    }
}

/// Squared distances of neighbours that begin at `from`, and the largest of them.
#[inline(always)]
fn search(d2: &mut [u16; TOGETHER], squares: &[u16; WIDTH], from: usize, halo: usize) -> u16 {
    let mut most = largest(d2);
    for steps in 1..=halo {
        let add = (steps * steps) as u16;
        if add >= most {
            break;
        }
        let (left, right) = (&squares[from - steps..][..TOGETHER], &squares[from + steps..][..TOGETHER]);
        for ((d2, &a), &b) in d2.iter_mut().zip(left).zip(right) {
            *d2 = (*d2).min(a.min(b).saturating_add(add));
        }
        most = largest(d2);
    }
    most
}

#[inline(always)]
fn largest(d2: &[u16; TOGETHER]) -> u16 {
    d2.iter().fold(0, |m, &d| m.max(d))
}

#[cfg(test)]
mod tests {
    //! Invariant: the same as distances one mask after the other. Mechanics: what is too far, and stacks.
    use super::*;
    use crate::device::Device;
    use crate::image::Mask;
    use crate::ops::distance::distance;
    use crate::ops::naive::images;

    fn one_by_one(levels: &[u8], shape: Shape, heights: u8, floor: i32) -> Vec<i32> {
        let mut sums = vec![0; levels.len()];
        for k in 0..heights {
            let mask = Mask::new(shape, levels.iter().map(|&v| u8::from(v > k)).collect()).unwrap();
            let d2 = distance(&Device::Cpu, &mask, [1; 3]).unwrap();
            let root = root::of(6);
            sums.iter_mut().zip(d2.samples.host().unwrap()).for_each(|(s, &d2)| *s += root(d2));
        }
        sums.into_iter().map(|s| s.max(floor)).collect()
    }

    /// Levels from blobs: smooth hills around scattered places, of which some cross the seams of tiles.
    fn hills(shape: Shape, radius: usize) -> Vec<u8> {
        let level = |i: usize| {
            let [_, y, x] = shape.position(i);
            let (v, u) = ((y % (2 * radius)).abs_diff(radius), (x % (2 * radius + 3)).abs_diff(radius));
            (6 * radius).saturating_sub(6 * (v * v + u * u).isqrt()).div_ceil(radius) as u8
        };
        (0..shape.len()).map(level).collect()
    }

    #[test]
    fn tiles_give_what_whole_planes_give() {
        for (shape, radius) in [
            (Shape::flat(200, 700), 20),
            (Shape::flat(64, 256), 7),
            (Shape::flat(65, 257), 31),
            (Shape::flat(300, 40), 90),
            (Shape::flat(1, 900), 50),
            (Shape::flat(500, 3), 60),
        ] {
            let levels = hills(shape, radius);
            for heights in [1, 6] {
                let got = depths(&levels, shape, heights, 6, 32);
                assert!(got.unwrap() == one_by_one(&levels, shape, heights, 32), "{shape} {radius} {heights}");
            }
        }
        for (shape, values) in images(5).into_iter().filter(|(shape, _)| shape.is_flat()) {
            let levels: Vec<u8> = values.iter().map(|&v| v as u8).collect();
            // Without a site there is no distance.
            if levels.contains(&0) {
                assert_eq!(depths(&levels, shape, 1, 6, 0).unwrap(), one_by_one(&levels, shape, 1, 0), "{shape}");
            }
        }
    }

    #[test]
    fn what_is_beyond_the_halo_has_no_answer() {
        let shape = Shape::flat(3, 500);
        let with_site_at = |x: usize| (0..shape.len()).map(|i| u8::from(i % 500 != x)).collect::<Vec<_>>();
        assert!(depths(&with_site_at(250), shape, 1, 6, 0).is_none());
        assert!(depths(&[1; 1500], shape, 1, 6, 0).is_none());
        let narrow = Shape::flat(3, 97);
        let levels: Vec<u8> = (0..narrow.len()).map(|i| u8::from(i % 97 != 0)).collect();
        assert_eq!(depths(&levels, narrow, 1, 6, 0).unwrap(), one_by_one(&levels, narrow, 1, 0));
        assert!(depths(&[0; 8], Shape::new(2, 2, 2), 1, 6, 0).is_none());
    }
}

//! What lies beside the picture: the margin of a mosaic, of a channel that was moved or turned, of a well behind a round mask, and
//! rows or columns that see nothing.
//!
//! All of it has one value, which is no light. It makes an edge as high as the ground, digs holes into backgrounds and is a class of
//! its own for thresholds. So it is filled with the picture next to it (`fill`) where objects are searched for, and no
//! object is found there; what is measured has it as it is.
//!
//! A margin is what has the least value of the border of a plane (or the greatest, along a fifth of it) and hangs together with that border, where
//! - it lies many deviations below the ground of all else (above all else), as a camera's ground never does by itself;
//! - that value is all but missing elsewhere: a ground that was cut off at 0 has it everywhere;
//! - what is left are pictures, not objects cut out of theirs: pieces wider than objects are, rectangles, nearly all there is, or tiles that
//!   narrow lines part;
//! - they are cut off sharply: what optics have drawn on black, as a section of tissue, rises slowly behind its edge.
//!
//! Pixels next to it that lie as far below the ground belong to it, as interpolation leaves them.

mod fill;

use super::faults::neighbours;
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Mask, Modality, ObjectRun, Volume};
use crate::measure::end_of_picture;
use crate::ops::label::{Connectivity, label};
use crate::units::Shape;
use fill::filled;
use rayon::prelude::*;

/// One in so many voxels may have the value of the margin elsewhere: a dead pixel.
const ELSEWHERE: usize = 1000;
/// Interpolation mixes a margin and a picture over so many pixels.
const BLEND: usize = 3;
/// A layer of the picture in which light has reached its height behind any edge.
const DEEP: usize = 5;
/// The first layer has this part of that light at least.
const SHARP: f64 = 0.9;
/// Pieces that are wider both ways are no objects.
const WIDER_THAN_OBJECTS: usize = 128;
/// A rectangle fills so much of its box; a round object has 0.79.
const RECTANGLE: f64 = 0.95;
/// One of a quarter of the image is no object either.
const LARGE_RECTANGLE: f64 = 0.25;
/// Nor is what fills so much of it: a round one fills 0.79.
const FULL: f64 = 0.82;
/// Tiles between lines are wider than this both ways, and rectangles: cells with as narrow gaps are not.
const TILE: usize = 32;
/// So much of what is left has to be pictures.
const PICTURES: f64 = 0.9;
/// A line so narrow with the picture on both sides hides no object.
const NARROW: usize = 4;
/// A white margin has so much of the border, which a saturated object has not.
const WHITE_BORDER: f64 = 0.2;
/// A margin that the user should look at.
const LARGE: f64 = 0.25;

/// What lies beside the picture in a channel of a camera.
pub(super) struct Beside {
    shape: Shape,
    /// 1 in the picture, 0 beside it.
    pub picture: Vec<u8>,
    /// The sample beside it.
    pub value: i32,
    /// It is brighter than the picture.
    pub is_white: bool,
}

impl Beside {
    /// That of a channel, if it has one. Most have none, which a look at their borders tells.
    ///
    /// # Errors
    /// The channel is not on the host.
    pub fn of(volume: &Volume, modality: Modality) -> Result<Option<Self>> {
        if modality != Modality::Fluorescence {
            return Ok(None);
        }
        let (shape, samples) = (volume.shape, volume.samples.host()?);
        Ok(match dark(shape, samples)? {
            None => white(shape, samples)?,
            found => found,
        })
    }

    /// Its share of the voxels.
    fn share(&self) -> f64 {
        self.picture.par_iter().filter(|p| **p == 0).count() as f64 / self.shape.len() as f64
    }
}

/// The margin of a channel, and the channel without it.
#[derive(Clone)]
pub(super) struct Margin {
    /// The channel with the picture next to it in its place.
    pub filled: Volume,
    /// 1 where objects may be found: in the picture, and in lines through it. On the host.
    pub searched: Mask,
    /// Its value.
    value: f64,
    /// Its share of the voxels.
    share: f64,
}

impl Margin {
    /// That of a channel of a camera, if it has one.
    ///
    /// # Errors
    /// The channel is not on the host.
    pub fn of(volume: &Volume, modality: Modality) -> Result<Option<Self>> {
        let Some(beside) = Beside::of(volume, modality)? else { return Ok(None) };
        let (shape, picture) = (beside.shape, &beside.picture);
        Ok(Some(Margin {
            filled: volume.with(Buffer::on_host(filled(shape, volume.samples.host()?, picture)?)),
            searched: Mask { shape, voxels: Buffer::on_host(with_narrow(shape, picture)) },
            value: volume.scale.value(f64::from(beside.value)),
            share: beside.share(),
        }))
    }

    /// Whether it is so large that the user should look at it.
    pub fn is_large(&self) -> bool {
        self.share > LARGE
    }

    /// For the user, of a set.
    pub fn told(&self, set: &str) -> String {
        format!(
            "{:.2} % of the channel lie beside the picture, in a margin or in lines of the one value {}: the search for objects \
             sees the picture next to it there and finds none in it; values have it; if it is ground, as around a section of tissue: \
             --set objects.{set}.margin=false",
            100.0 * self.share,
            self.value
        )
    }
}

/// A margin as dark as that.
fn dark(shape: Shape, samples: &[i32]) -> Result<Option<Beside>> {
    let Some(black) = at_border(shape, samples) else { return Ok(None) };
    let Some(end) = end_of_picture(samples, black) else { return Ok(None) };
    let mut picture = vec![1; samples.len()];
    let mut taken = shrink(shape, &mut picture, |i| samples[i] == black);
    let elsewhere = samples.par_iter().zip(&picture).filter(|(s, p)| **s <= black && **p == 1).count();
    if elsewhere > samples.len() / ELSEWHERE {
        return Ok(None);
    }
    blend(shape, &mut picture, &mut taken, |i| f64::from(samples[i]) < end);
    let light = |i: usize| f64::from(samples[i]) - f64::from(black);
    let is_margin = is_cut_sharply(shape, &picture, taken, light)
        && is_picture(Mask { shape, voxels: Buffer::on_host(picture.clone()) })?;
    Ok(is_margin.then_some(Beside { shape, picture, value: black, is_white: false }))
}

/// The same of one that is white: a dark one of the image in which bright is dark, along so much of the border as no object is.
fn white(shape: Shape, samples: &[i32]) -> Result<Option<Beside>> {
    let border =
        || samples.chunks_exact((shape.y * shape.x).max(1)).flat_map(|plane| inwards(shape).map(|line| plane[line.0]));
    let Some(most) = border().max() else { return Ok(None) };
    let (white, all) = (border().filter(|sample| *sample == most).count(), border().count());
    if (white as f64) < WHITE_BORDER * all as f64 {
        return Ok(None);
    }
    let inverted: Vec<i32> = samples.par_iter().map(|sample| !sample).collect();
    Ok(dark(shape, &inverted)?.map(|beside| Beside { value: !beside.value, is_white: true, ..beside }))
}

/// A way through a plane: where it begins, how far it goes with each step, and how many voxels it has.
type Line = (usize, isize, usize);

/// From each voxel of the border of a plane straight inwards.
fn inwards(shape: Shape) -> impl Iterator<Item = Line> {
    let Shape { y, x, .. } = shape;
    let rows = (0..y).flat_map(move |row| [(row * x, 1, x), (row * x + x - 1, -1, x)]);
    let columns = (0..x).flat_map(move |column| [(column, x as isize, y), ((y - 1) * x + column, -(x as isize), y)]);
    rows.chain(columns)
}

/// The voxels of a line.
fn along((start, step, n): Line) -> impl Iterator<Item = usize> {
    (0..n).map(move |k| start.wrapping_add_signed(step * k as isize))
}

/// The least sample of all borders, if lines from there inwards meet as much of it as half a side has, all together.
fn at_border(shape: Shape, samples: &[i32]) -> Option<i32> {
    let plane = shape.y * shape.x;
    let planes = || samples.chunks_exact(plane.max(1));
    let black = planes().flat_map(|plane| inwards(shape).map(|line| plane[line.0])).min()?;
    let mut wanted = (shape.y.min(shape.x) / 2).max(1);
    for plane in planes() {
        for line in inwards(shape) {
            wanted -= along(line).take(wanted).take_while(|i| plane[*i] == black).count();
            if wanted == 0 {
                return Some(black);
            }
        }
    }
    None
}

/// Takes away from the picture what hangs together with the border of its plane and is `beside`; gives what it took.
fn shrink(shape: Shape, picture: &mut [u8], beside: impl Fn(usize) -> bool) -> Vec<usize> {
    let plane = shape.y * shape.x;
    let mut taken: Vec<usize> = vec![];
    let mut take = |i: usize, taken: &mut Vec<usize>| {
        if picture[i] == 1 && beside(i) {
            picture[i] = 0;
            taken.push(i);
        }
    };
    for z in 0..shape.z {
        inwards(shape).for_each(|line| take(z * plane + line.0, &mut taken));
    }
    let mut seen = 0;
    while let Some(&i) = taken.get(seen) {
        neighbours(shape, i).for_each(|j| take(j, &mut taken));
        seen += 1;
    }
    taken
}

/// Takes away from the picture what is `dark` within a few pixels of what was taken away before, to which it is added.
fn blend(shape: Shape, picture: &mut [u8], taken: &mut Vec<usize>, dark: impl Fn(usize) -> bool) {
    let mut from = 0;
    for _ in 0..BLEND {
        let to = taken.len();
        for k in from..to {
            for j in neighbours(shape, taken[k]) {
                if picture[j] == 1 && dark(j) {
                    picture[j] = 0;
                    taken.push(j);
                }
            }
        }
        from = to;
    }
}

/// Whether the picture is as bright next to what was taken away as a few pixels farther in. What optics have drawn on black rises slowly.
fn is_cut_sharply(shape: Shape, picture: &[u8], taken: Vec<usize>, light: impl Fn(usize) -> f64) -> bool {
    let (mut left, mut layer) = (picture.to_vec(), taken);
    let mut medians = [0.0; DEEP + 1];
    for middle in &mut medians[1..] {
        let mut next = vec![];
        for j in layer.into_iter().flat_map(|i| neighbours(shape, i)) {
            if left[j] == 1 {
                left[j] = 0;
                next.push(j);
            }
        }
        *middle = median(next.iter().map(|i| light(*i)).collect());
        layer = next;
    }
    medians[1] >= SHARP * medians[DEEP]
}

/// The median, of grouped values as whole samples are; 0 without values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let Some(middle) = values.get(values.len() / 2) else { return 0.0 };
    let below = values.partition_point(|v| v < middle);
    let alike = values.partition_point(|v| v <= middle) - below;
    middle - 0.5 + (values.len() as f64 / 2.0 - below as f64) / alike as f64
}

/// Whether what is left are pictures, or the tiles of one that narrow lines go through.
fn is_picture(left: Mask) -> Result<bool> {
    let shape = left.shape;
    let is_rectangle = |voxels: usize, [z, y, x]: [usize; 3]| voxels as f64 >= RECTANGLE * (z * y * x) as f64;
    let is_part = |voxels: usize, sides: [usize; 3]| {
        let [_, y, x] = sides;
        let share = voxels as f64 / shape.len() as f64;
        share >= FULL || y.min(x) >= WIDER_THAN_OBJECTS || (is_rectangle(voxels, sides) && share >= LARGE_RECTANGLE)
    };
    let is_tile = |voxels: usize, sides: [usize; 3]| is_rectangle(voxels, sides) && sides[1].min(sides[2]) >= TILE;
    if are_mostly(&left, is_part)? {
        return Ok(true);
    }
    let whole = with_narrow(shape, left.voxels.host()?);
    Ok(are_mostly(&left, is_tile)? && are_mostly(&Mask { shape, voxels: Buffer::on_host(whole) }, is_part)?)
}

/// Whether nine tenths of a mask are pieces of a kind, by their voxels and the sides of their boxes.
fn are_mostly(mask: &Mask, kind: impl Fn(usize, [usize; 3]) -> bool) -> Result<bool> {
    let pieces = label(&Device::Cpu, mask, Connectivity::Face)?;
    let runs = pieces.runs()?;
    let (mut all, mut of_kind) = (0, 0);
    for piece in 1..=pieces.count {
        let runs = runs.of(piece);
        let voxels: usize = runs.iter().map(|run| (run.end - run.start) as usize).sum();
        all += voxels;
        if kind(voxels, sides(mask.shape, runs)) {
            of_kind += voxels;
        }
    }
    Ok(all > 0 && of_kind as f64 >= PICTURES * all as f64)
}

/// Sides of the box of some runs.
fn sides(shape: Shape, runs: &[ObjectRun]) -> [usize; 3] {
    let side = |from: &dyn Fn(&ObjectRun) -> usize, to: &dyn Fn(&ObjectRun) -> usize| {
        let (least, most) = (runs.iter().map(from).min(), runs.iter().map(to).max());
        most.unwrap_or(0) - least.unwrap_or(0)
    };
    let row = |run: &ObjectRun| run.row as usize;
    [
        side(&|run| row(run) / shape.y, &|run| row(run) / shape.y + 1),
        side(&|run| row(run) % shape.y, &|run| row(run) % shape.y + 1),
        side(&|run| run.start as usize, &|run| run.end as usize),
    ]
}

/// The picture with narrow lines through it, and with a few slices that see nothing between others.
fn with_narrow(shape: Shape, picture: &[u8]) -> Vec<u8> {
    let plane = shape.y * shape.x;
    let mut all = picture.to_vec();
    for z in 0..shape.z {
        for (start, step, n) in inwards(shape).filter(|line| line.1 > 0) {
            let line: Vec<usize> = along((start + z * plane, step, n)).collect();
            bridge(picture, &line, &mut all);
        }
    }
    let is_empty = |z: &usize| !picture[z * plane..(z + 1) * plane].contains(&1);
    if (0..shape.z).any(|z| is_empty(&z)) {
        for i in 0..plane {
            let line: Vec<usize> = (0..shape.z).map(|z| z * plane + i).collect();
            bridge(picture, &line, &mut all);
        }
    }
    all
}

/// Fills narrow gaps of the picture along a line.
fn bridge(picture: &[u8], line: &[usize], all: &mut [u8]) {
    let mut last = None;
    for (k, _) in line.iter().enumerate().filter(|(_, i)| picture[**i] == 1) {
        let gap = last.map_or(k..k, |last| last + 1..k);
        if gap.len() <= NARROW {
            line[gap].iter().for_each(|i| all[*i] = 1);
        }
        last = Some(k);
    }
}

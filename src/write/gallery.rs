//! A gallery: chosen objects side by side, each in all channels, with its number and its score.
//!
//! Every channel has one window for all of its tiles, so that objects can be compared: from the median of the channel to the
//! brightest sample but for one in a thousand of what is shown. The last tile of an object has its outline over the first channel.

use super::font::Letters;
use super::paint::Canvas;
use super::palette::{BRIGHTEST, Ground, WORDS};
use super::png;
use crate::device::Device;
use crate::image::{Channel, Gallery, Labels, Volume};
use crate::ops::threshold::percentile;

use crate::{Error, Result};
use std::ops::Range;
use std::path::Path;

/// Least side of a tile in the picture.
const TILE: usize = 96;
/// Pixels between tiles.
const GAP: usize = 3;
/// Width of a picture, about.
const WIDTH: usize = 1800;
/// Samples of this share are brighter than white.
const WHITE: f64 = 0.001;
const LETTERS: Letters = Letters::words(1);
/// Height of a line of words.
const LINE: usize = 11;

/// What is shown of an object: its slice, and where the upper left corner lies, which may be outside of the image.
#[derive(Clone, Copy)]
struct Place {
    z: usize,
    y: i64,
    x: i64,
}

/// Writes chosen objects side by side.
///
/// # Errors
/// Data on a device, a label that is none, or the file cannot be written.
pub fn gallery(path: &Path, gallery: &Gallery) -> Result<()> {
    Sheet { channels: &gallery.channels, labels: &gallery.labels, chosen: &gallery.candidates, side: gallery.side_px }
        .write(path)
}

struct Sheet<'a> {
    channels: &'a [Channel],
    labels: &'a Labels,
    chosen: &'a [(u32, Option<f64>)],
    side: usize,
}

impl Sheet<'_> {
    fn write(&self, path: &Path) -> Result<()> {
        let zoom = TILE.div_ceil(self.side.max(1));
        let tile = self.side * zoom;
        let tiles = self.channels.len() + 1;
        let (block_width, block_height) = (tiles * (tile + GAP) + 2 * GAP, tile + LINE + 2 * GAP);
        let across = (WIDTH / block_width).clamp(1, self.chosen.len().max(1));
        let rows = self.chosen.len().div_ceil(across);
        let mut canvas = Canvas::new(LINE + GAP + rows * block_height, across * block_width, Ground::Grey);
        if self.chosen.is_empty() {
            canvas.text(GAP, GAP, "none", LETTERS, WORDS);
        }
        let places = self.chosen.iter().map(|(label, _)| self.place(*label)).collect::<Result<Vec<Place>>>()?;
        let shown: Vec<Vec<Vec<Option<i32>>>> = self
            .channels
            .iter()
            .map(|c| places.iter().map(|place| self.crop(&c.volume, *place)).collect::<Result<_>>())
            .collect::<Result<_>>()?;
        for column in 0..if places.is_empty() { 0 } else { across } {
            for (c, channel) in self.channels.iter().enumerate() {
                let fits = tile / LETTERS.width("nn").max(1) * 2;
                let name: String = channel.name.chars().take(fits).collect();
                canvas.text(GAP, column * block_width + c * (tile + GAP), &name, LETTERS, WORDS);
            }
        }
        for (c, crops) in shown.iter().enumerate() {
            let window = window(&self.channels[c].volume, crops)?;
            for (k, crop) in crops.iter().enumerate() {
                let (top, left) = (LINE + GAP + k / across * block_height, k % across * block_width);
                draw(&mut canvas, crop, window, [top + LINE, left + c * (tile + GAP)], [self.side, zoom]);
                if c == 0 {
                    let (label, score) = self.chosen[k];
                    let score = score.map_or(String::new(), |score| format!("   score {score:.1}"));
                    canvas.text(top + 2, left, &format!("{label}{score}"), LETTERS, WORDS);
                    let last = [top + LINE, left + (tiles - 1) * (tile + GAP)];
                    draw(&mut canvas, crop, window, last, [self.side, zoom]);
                    self.outline(&mut canvas, label, places[k], last, zoom)?;
                }
            }
        }
        png::indexed(path, [canvas.height, canvas.width], canvas.ground.palette(), &canvas.dots)
    }

    /// The middle of the box of an object, in the slice that has most of it.
    fn place(&self, label: u32) -> Result<Place> {
        let runs = self.labels.runs()?;
        let none = || Error::usage(format!("there is no object {label}"));
        let shape = self.labels.shape;
        let own = if (1..=runs.count()).contains(&label) { runs.of(label) } else { &[] };
        let (mut y, mut x) = ([i64::MAX, 0], [i64::MAX, 0]);
        let mut in_slice = std::collections::BTreeMap::<usize, u64>::new();
        for run in own {
            let [z, row] = run.zy(shape);
            let (from, to) = (i64::from(run.start), i64::from(run.end));
            y = [y[0].min(row as i64), y[1].max(row as i64 + 1)];
            x = [x[0].min(from), x[1].max(to)];
            *in_slice.entry(z).or_default() += u64::from(run.len());
        }
        let z = in_slice.iter().rev().max_by_key(|(_, n)| **n).map(|(z, _)| *z).ok_or_else(none)?;
        let first = |[from, to]: [i64; 2]| (from + to - self.side as i64).div_euclid(2);
        Ok(Place { z, y: first(y), x: first(x) })
    }

    /// Samples row by row; nothing outside of the image.
    fn crop(&self, volume: &Volume, place: Place) -> Result<Vec<Option<i32>>> {
        let (samples, shape) = (volume.samples.host()?, volume.shape);
        let inside = |at: i64, n: usize| usize::try_from(at).ok().filter(|at| *at < n);
        let side = 0..self.side as i64;
        let sample = |y: i64, x: i64| {
            let (y, x) = (inside(place.y + y, shape.y)?, inside(place.x + x, shape.x)?);
            samples.get(shape.index(place.z, y, x)).copied()
        };
        Ok(side.clone().flat_map(|y| side.clone().map(move |x| (y, x))).map(|(y, x)| sample(y, x)).collect())
    }

    /// The edge of an object over a tile.
    fn outline(
        &self,
        canvas: &mut Canvas,
        label: u32,
        place: Place,
        [top, left]: [usize; 2],
        zoom: usize,
    ) -> Result<()> {
        let (runs, shape, side) = (self.labels.runs()?, self.labels.shape, self.side as i64);
        let mut inside = vec![false; self.side * self.side];
        for run in runs.of(label).iter().filter(|run| run.zy(shape)[0] == place.z) {
            let y = run.zy(shape)[1] as i64 - place.y;
            for x in (0..i64::from(run.len())).map(|k| i64::from(run.start) + k - place.x) {
                if (0..side).contains(&y) && (0..side).contains(&x) {
                    inside[(y * side + x) as usize] = true;
                }
            }
        }
        let pixels: Range<usize> = 0..self.side * zoom;
        let is_in = |y: i64, x: i64| {
            let (y, x) = (y.div_euclid(zoom as i64), x.div_euclid(zoom as i64));
            (0..side).contains(&y) && (0..side).contains(&x) && inside[(y * side + x) as usize]
        };
        for (y, x) in pixels.clone().flat_map(|y| pixels.clone().map(move |x| (y, x))) {
            let (dy, dx) = (y as i64, x as i64);
            let is_edge = [(-1, 0), (1, 0), (0, -1), (0, 1)].iter().any(|(a, b)| !is_in(dy + a, dx + b));
            if is_in(dy, dx) && is_edge {
                canvas.line(top + y, left + x, 0);
            }
        }
        Ok(())
    }
}

/// Samples that are black and white in all tiles of a channel.
fn window(volume: &Volume, crops: &[Vec<Option<i32>>]) -> Result<[f64; 2]> {
    let mut all: Vec<i32> = crops.iter().flatten().flatten().copied().collect();
    if all.is_empty() {
        return Ok([0.0, 1.0]);
    }
    let black = percentile(&Device::Cpu, volume, 50.0)?;
    let place = (all.len() - 1) - (WHITE * (all.len() - 1) as f64) as usize;
    let white = f64::from(*all.select_nth_unstable(place).1);
    Ok([black, if white > black { white } else { black + 1.0 }])
}

/// A tile, with so many pixels a sample.
fn draw(
    canvas: &mut Canvas,
    crop: &[Option<i32>],
    [black, white]: [f64; 2],
    [top, left]: [usize; 2],
    [side, zoom]: [usize; 2],
) {
    for (i, sample) in crop.iter().enumerate() {
        let tone = sample.map_or(0.0, |s| (f64::from(s) - black) / (white - black));
        let grey = (f64::from(BRIGHTEST) * tone.clamp(0.0, 1.0)).round() as u8;
        canvas.bar(top + i / side * zoom, left + i % side * zoom, zoom, zoom, grey);
    }
}

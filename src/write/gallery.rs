//! A gallery: chosen objects side by side, each in all channels, with its number and its score.
//!
//! Every channel has one window for all of its tiles, so that objects can be compared: from the median of the channel to the
//! brightest sample but for one in a thousand of what is shown. The last tile of an object has its outline over the first channel.
//! A picture has at most [`PIXELS`]; where candidates are more than fit, the best are shown and the first line says so.

use super::font::Letters;
use super::paint::Canvas;
use super::palette::{BRIGHTEST, Ground, WORDS};
use super::png;
use crate::device::Device;
use crate::image::{Channel, Gallery, Volume};
use crate::ops::threshold::percentile;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Least side of a tile in the picture.
const TILE: usize = 96;
/// Pixels between tiles.
const GAP: usize = 3;
/// Width of a picture, about.
const WIDTH: usize = 1800;
/// Most pixels of a picture.
const PIXELS: usize = 1 << 24;
/// Samples of this share are brighter than white.
const WHITE: f64 = 0.001;
const LETTERS: Letters = Letters::words(1);
/// Height of a line of words.
const LINE: usize = 11;
/// What is written and the names of channels stand above all tiles.
const HEAD: usize = 2 * LINE + GAP;

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
    let sheet = Sheet::new(gallery);
    let canvas = sheet.draw()?;
    png::indexed(path, [canvas.height, canvas.width], canvas.ground.palette(), &canvas.dots)
}

/// How a gallery is laid out.
struct Sheet<'a> {
    gallery: &'a Gallery,
    /// The candidates that fit.
    shown: usize,
    /// Pixels of the picture a sample.
    zoom: usize,
    /// Blocks of tiles side by side: an object each.
    across: usize,
    /// Height and width of a block.
    block: [usize; 2],
}

impl<'a> Sheet<'a> {
    fn new(gallery: &'a Gallery) -> Self {
        let zoom = TILE.div_ceil(gallery.side_px.max(1));
        let tile = gallery.side_px * zoom;
        let block = [tile + LINE + 2 * GAP, (gallery.channels.len() + 1) * (tile + GAP) + 2 * GAP];
        let most = (PIXELS / (block[0] * block[1])).max(1);
        let shown = gallery.candidates.len().min(most);
        Sheet { gallery, shown, zoom, across: (WIDTH / block[1]).clamp(1, shown.max(1)), block }
    }

    /// Upper left corner of a tile.
    fn corner(&self, object: usize, tile: usize) -> [usize; 2] {
        let [row, column] = [object / self.across, object % self.across];
        let left = GAP + column * self.block[1] + tile * (self.gallery.side_px * self.zoom + GAP);
        [HEAD + row * self.block[0] + LINE, left]
    }

    fn draw(&self) -> Result<Canvas> {
        let Gallery { set, phenotype, channels, candidates, .. } = self.gallery;
        let title = match candidates.len() {
            0 => format!("{set}: no {phenotype}"),
            n if n == self.shown => format!("{set}: {n} {phenotype}"),
            n => format!("{set}: the best {} of {n} {phenotype}", self.shown),
        };
        let height = HEAD + self.shown.div_ceil(self.across) * self.block[0];
        let width = (self.across * self.block[1]).max(LETTERS.width(&title) + 2 * GAP);
        let mut canvas = Canvas::new(height, width, Ground::Grey);
        canvas.text(GAP, GAP, &title, LETTERS, WORDS);
        let places =
            candidates[..self.shown].iter().map(|(label, _)| self.place(*label)).collect::<Result<Vec<_>>>()?;
        for (tile, channel) in channels.iter().enumerate() {
            for object in 0..self.across.min(self.shown) {
                let [_, left] = self.corner(object, tile);
                canvas.text(GAP + LINE, left, &self.short(&channel.name), LETTERS, WORDS);
            }
            let window = self.window(&channel.volume, &places)?;
            for (object, place) in places.iter().enumerate() {
                self.tile(&mut canvas, channel, (*place, window), self.corner(object, tile))?;
                if tile == 0 {
                    let last = self.corner(object, channels.len());
                    self.tile(&mut canvas, channel, (*place, window), last)?;
                    self.outline(&mut canvas, candidates[object].0, *place, last)?;
                }
            }
        }
        for (object, (label, score)) in candidates[..self.shown].iter().enumerate() {
            let score = score.map_or(String::new(), |score| format!("   score {score:.1}"));
            let [top, left] = self.corner(object, 0);
            canvas.text(top + 2 - LINE, left, &format!("{label}{score}"), LETTERS, WORDS);
        }
        Ok(canvas)
    }

    /// As much of a name as stands above a tile.
    fn short(&self, name: &str) -> String {
        let room = self.gallery.side_px * self.zoom / (LETTERS.width("nn") - LETTERS.width("n"));
        name.chars().take(room).collect()
    }

    /// The middle of the box of an object, in the slice that has most of it.
    fn place(&self, label: u32) -> Result<Place> {
        let (runs, shape) = (self.gallery.labels.runs()?, self.gallery.labels.shape);
        let own = if (1..=runs.count()).contains(&label) { runs.of(label) } else { &[] };
        let (mut y, mut x) = ([i64::MAX, 0], [i64::MAX, 0]);
        let mut in_slice = BTreeMap::<usize, u64>::new();
        for run in own {
            let [z, row] = run.zy(shape);
            y = [y[0].min(row as i64), y[1].max(row as i64 + 1)];
            x = [x[0].min(run.start.into()), x[1].max(run.end.into())];
            *in_slice.entry(z).or_default() += u64::from(run.len());
        }
        let most = in_slice.iter().rev().max_by_key(|(_, n)| **n);
        let (z, _) = most.ok_or_else(|| Error::usage(format!("there is no object {label}")))?;
        let first = |[from, to]: [i64; 2]| (from + to - self.gallery.side_px as i64).div_euclid(2);
        Ok(Place { z: *z, y: first(y), x: first(x) })
    }

    /// Samples row by row; nothing outside of the image.
    fn crop<'v>(&self, volume: &'v Volume, place: Place) -> Result<impl Iterator<Item = Option<i32>> + 'v> {
        let (samples, shape, side) = (volume.samples.host()?, volume.shape, self.gallery.side_px as i64);
        let inside = |at: i64, n: usize| usize::try_from(at).ok().filter(|at| *at < n);
        Ok((0..side * side).map(move |i| {
            let (y, x) = (inside(place.y + i / side, shape.y)?, inside(place.x + i % side, shape.x)?);
            samples.get(shape.index(place.z, y, x)).copied()
        }))
    }

    /// Samples that are black and white in all tiles of a channel.
    fn window(&self, volume: &Volume, places: &[Place]) -> Result<[f64; 2]> {
        let mut all = Vec::new();
        for place in places {
            all.extend(self.crop(volume, *place)?.flatten());
        }
        let Some(last) = all.len().checked_sub(1) else { return Ok([0.0, 1.0]) };
        let black = percentile(&Device::Cpu, volume, 50.0)?;
        let white = f64::from(*all.select_nth_unstable(last - (WHITE * last as f64) as usize).1);
        Ok([black, white.max(black + 1.0)])
    }

    /// An object in a channel.
    fn tile(
        &self,
        canvas: &mut Canvas,
        channel: &Channel,
        (place, [black, white]): (Place, [f64; 2]),
        [top, left]: [usize; 2],
    ) -> Result<()> {
        let (side, zoom) = (self.gallery.side_px, self.zoom);
        for (i, sample) in self.crop(&channel.volume, place)?.enumerate() {
            let tone = sample.map_or(0.0, |s| (f64::from(s) - black) / (white - black));
            let grey = (f64::from(BRIGHTEST) * tone.clamp(0.0, 1.0)).round() as u8;
            canvas.bar(top + i / side * zoom, left + i % side * zoom, zoom, zoom, grey);
        }
        Ok(())
    }

    /// The edge of an object over a tile.
    fn outline(&self, canvas: &mut Canvas, label: u32, place: Place, [top, left]: [usize; 2]) -> Result<()> {
        let (labels, side, zoom) = (&self.gallery.labels, self.gallery.side_px as i64, self.zoom as i64);
        let mut inside = vec![false; self.gallery.side_px * self.gallery.side_px];
        for run in labels.runs()?.of(label).iter().filter(|run| run.zy(labels.shape)[0] == place.z) {
            let y = run.zy(labels.shape)[1] as i64 - place.y;
            let [from, to] = [run.start, run.end].map(|x| (i64::from(x) - place.x).clamp(0, side));
            if (0..side).contains(&y) {
                inside[(y * side + from) as usize..(y * side + to) as usize].fill(true);
            }
        }
        let is_in = |y: i64, x: i64| {
            let (y, x) = (y.div_euclid(zoom), x.div_euclid(zoom));
            (0..side).contains(&y) && (0..side).contains(&x) && inside[(y * side + x) as usize]
        };
        for (y, x) in (0..side * zoom).flat_map(|y| (0..side * zoom).map(move |x| (y, x))) {
            let is_edge = [(-1, 0), (1, 0), (0, -1), (0, 1)].iter().any(|(dy, dx)| !is_in(y + dy, x + dx));
            if is_in(y, x) && is_edge {
                canvas.line(top + y as usize, left + x as usize, 0);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::image::{Labels, NO_UNIT};
    use crate::units::Shape;

    /// An image of 40 x 40 with an object in its corner and one in its middle.
    fn two(channels: usize, side_px: usize, candidates: Vec<(u32, Option<f64>)>) -> Gallery {
        let shape = Shape::flat(40, 40);
        let mut labels = vec![0; shape.len()];
        for i in 0..3 {
            labels[i * 40..i * 40 + 3].fill(1);
            labels[(20 + i) * 40 + 20..(20 + i) * 40 + 23].fill(2);
        }
        let volume = Volume::new(shape, labels.iter().map(|l| 100 + 900 * *l as i32).collect()).unwrap();
        let channel = |i: usize| Channel {
            name: format!("channel{i}"),
            unit: NO_UNIT,
            volume: volume.clone(),
            saturated: None,
            saturation: None,
        };
        Gallery {
            set: "cells".into(),
            phenotype: "rare".into(),
            labels: Labels::new(shape, labels).unwrap(),
            channels: (0..channels).map(channel).collect(),
            candidates,
            side_px,
        }
    }

    #[test]
    fn objects_at_the_edge_and_tiles_wider_than_the_image_are_shown() {
        for side in [1, 7, 120] {
            let gallery = two(2, side, vec![(2, Some(4.0)), (1, None)]);
            let canvas = Sheet::new(&gallery).draw().unwrap();
            assert!(canvas.dots.contains(&BRIGHTEST) && canvas.dots.len() < PIXELS, "{side}");
        }
        assert!(Sheet::new(&two(1, 9, vec![(3, None)])).draw().is_err(), "there is no object 3");
        assert!(Sheet::new(&two(1, 9, vec![])).draw().unwrap().dots.contains(&WORDS));
    }

    #[test]
    fn a_picture_has_an_end() {
        for (channels, side) in [(1, 20), (12, 512), (12, 20)] {
            let gallery = two(channels, side, vec![(1, None); 1000]);
            let sheet = Sheet::new(&gallery);
            let rows = sheet.shown.div_ceil(sheet.across);
            assert!(sheet.shown >= 1 && rows * sheet.across * sheet.block[0] * sheet.block[1] <= PIXELS + (1 << 23));
        }
    }
}

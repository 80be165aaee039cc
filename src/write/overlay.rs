//! Outlines over the picture, to judge a segmentation by eye: a PNG.
//!
//! The intensities are stretched between their 1st and 99.8th percentile and lifted by the exponent 0.6, so that dim objects
//! show beside bright ones: `grey = 215 * ((v - p1) / (p99.8 - p1)) ^ 0.6`; the brightest stay below white, so that lines show
//! on them too. Outlines are one pixel wide, inside the object;
//! near objects have different colours; the first set is drawn solid, further ones dashed. Large images are reduced to at
//! most 2048 pixels, small ones enlarged by a whole number. Of a stack two panels are shown: all slices (maximum intensity;
//! of each object its silhouette), and the one slice that has most of the objects. Below stand the name and count of each
//! set and a scale bar.
//!
//! To look at, not to measure in. The same input gives the same bytes.

use super::draft::Draft;
use super::font;
use super::paint::{BRIGHTEST, Canvas, Colours, Stroke, WHITE, palette};
use super::view::View;
use crate::units::{Spacing, Unit};
use crate::volume::{Labels, Volume};
use crate::{Error, Result};
use std::collections::HashSet;
use std::path::Path;

/// Percentiles of the picture that become black and white.
const BLACK_WHITE: (f64, f64) = (1.0, 99.8);
/// Exponent of the stretch.
const GAMMA: f64 = 0.6;
/// Steps of the stretch.
const STEPS: usize = 1024;
/// Pixels between two panels.
const GAP: usize = 8;
/// Of words.
const GREY: u8 = 150;

/// Draws the outlines of each object set (name and labels) over the channel. All are on the host.
///
/// # Errors
/// A set has another shape than the channel, the data are on a device, or the system refuses to write there.
pub fn overlay(
    path: impl AsRef<Path>,
    channel: &Volume,
    sets: &[(&str, &Labels)],
    spacing: Option<Spacing>,
) -> Result<()> {
    let path = path.as_ref();
    let canvas = draw(channel, sets, spacing).map_err(|e| e.at(path))?;
    let mut draft = Draft::create(path)?;
    let size = |n: usize| u32::try_from(n).map_err(|_| Error::limit("a picture too large for PNG").at(path));
    let (width, height) = (size(canvas.width)?, size(canvas.height)?);
    let mut encoder = png::Encoder::new(&mut draft, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette());
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::NoFilter);
    let written = encoder.write_header().and_then(|mut file| {
        file.write_image_data(&canvas.dots)?;
        file.finish()
    });
    written.map_err(|e| match e {
        png::EncodingError::IoError(e) => draft.error(&e),
        other => Error::io(format!("cannot write: {other}")).at(path),
    })?;
    draft.commit()
}

fn draw(channel: &Volume, sets: &[(&str, &Labels)], spacing: Option<Spacing>) -> Result<Canvas> {
    if channel.shape.is_empty() {
        return Err(Error::usage("an image without voxels cannot be drawn"));
    }
    if let Some((name, l)) = sets.iter().find(|(_, l)| l.shape != channel.shape) {
        return Err(Error::usage(format!("\"{name}\" is {}, the image is {}", l.shape, channel.shape)));
    }
    let view = View::new(channel.shape, spacing);
    let voxels = sets.iter().map(|(_, l)| l.voxels.host()).collect::<Result<Vec<_>>>()?;
    let slice = view.fullest(voxels.first().copied().unwrap_or_default());
    let panels: Vec<&View> = std::iter::once(&view).chain(slice.as_ref().map(|(_, v)| v)).collect();
    let width = panels.len() * (view.width() + GAP) - GAP;
    let letters = if width >= 1200 { 3 } else { 2 };
    let mut canvas = Canvas::black(view.height() + font::HEIGHT * letters + 12, width);
    let left = |panel: usize| panel * (view.width() + GAP);
    for (p, panel) in panels.iter().enumerate() {
        canvas.greys(left(p), view.width(), &stretch(&panel.grey(channel.samples.host()?)));
    }
    for (i, voxels) in voxels.iter().enumerate() {
        let objects = view.labels(voxels);
        let colours = Colours::of(&objects);
        canvas.outlines(left(0), &objects, &colours, stroke(i));
        for (p, panel) in panels.iter().enumerate().skip(1) {
            canvas.outlines(left(p), &panel.labels(voxels), &colours, stroke(i));
        }
    }
    let top = view.height() + 6;
    legend(&mut canvas, top, letters, sets)?;
    if let Some((name, _)) = &slice {
        canvas.text(top, left(1), name, letters, GREY);
    }
    scale_bar(&mut canvas, top, letters, &view, spacing.map(|s| s.unit));
    Ok(canvas)
}

fn stroke(set: usize) -> Stroke {
    if set == 0 { Stroke::Solid } else { Stroke::Dashed }
}

fn stretch(grey: &[i32]) -> Vec<u8> {
    let mut sorted = grey.to_vec();
    let last = sorted.len().saturating_sub(1);
    let mut rank = |percent: f64| {
        let (_, v, _) = sorted.select_nth_unstable((percent / 100.0 * last as f64).round() as usize);
        i64::from(*v)
    };
    let (low, mut high) = (rank(BLACK_WHITE.0), rank(BLACK_WHITE.1));
    if high <= low {
        high = rank(100.0).max(low + 1);
    }
    let top = (STEPS - 1) as f64;
    let tones: Vec<u8> =
        (0..STEPS).map(|i| (f64::from(BRIGHTEST) * libm::pow(i as f64 / top, GAMMA)).round() as u8).collect();
    let tone = |&v: &i32| {
        let step = (i64::from(v).clamp(low, high) - low) * (STEPS as i64 - 1) / (high - low);
        tones[step as usize]
    };
    grey.iter().map(tone).collect()
}

/// Name and number of objects of each set, behind a line drawn as its outlines are.
fn legend(canvas: &mut Canvas, top: usize, letters: usize, sets: &[(&str, &Labels)]) -> Result<()> {
    let mut x = 8;
    for (i, (name, labels)) in sets.iter().enumerate() {
        canvas.sample(top + font::HEIGHT * letters / 2, x, 21, stroke(i), WHITE);
        x += 28;
        let text = format!("{name} {}", count(labels.voxels.host()?));
        canvas.text(top, x, &text, letters, GREY);
        x += (font::text_width(&text) + 4) * letters;
    }
    Ok(())
}

/// Objects that are there: labels from elsewhere may have gaps.
fn count(voxels: &[u32]) -> usize {
    let runs = voxels.chunk_by(|a, b| a == b).filter_map(|run| run.first());
    runs.filter(|l| **l > 0).collect::<HashSet<_>>().len()
}

/// The largest of 1, 2, 5, 10, ... that is at most a quarter of a panel's width, in the unit of the image.
fn scale_bar(canvas: &mut Canvas, top: usize, letters: usize, view: &View, unit: Option<Unit>) {
    let longest = view.width() as f64 * view.pixel / 4.0;
    let power = libm::pow(10.0, libm::floor(libm::log10(longest)));
    let length = [5.0, 2.0].map(|m| m * power).into_iter().find(|&l| l <= longest).unwrap_or(power);
    let text = match unit {
        Some(Unit::Um) if length >= 1000.0 => format!("{} mm", length / 1000.0),
        Some(Unit::Um) => format!("{length} µm"),
        Some(Unit::Mm) => format!("{length} mm"),
        None => format!("{length} px"),
    };
    let bar = ((length / view.pixel).round() as usize).max(1);
    let (words, margin) = (font::text_width(&text) * letters, 8);
    if bar + words + 3 * margin > canvas.width {
        return;
    }
    let x = canvas.width - margin - bar;
    canvas.bar(top + font::HEIGHT * letters / 2 - 2, x, 4, bar, WHITE);
    canvas.text(top, x - margin - words, &text, letters, GREY);
}

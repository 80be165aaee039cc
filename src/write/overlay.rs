//! Outlines over the picture, to judge a segmentation by eye: a PNG.
//!
//! Microscopy: intensities are stretched between their 1st and 99.8th percentile and lifted by the exponent 0.6; the
//! brightest stay below white, so that lines show on them too. Outlines are one pixel wide, inside the object. Large images
//! are reduced to at most 2048 pixels, small ones enlarged by a whole number. Of a stack two panels are shown: all slices
//! (maximum intensity; of each object its silhouette), and the one slice that has most of the objects.
//!
//! PET: hot is black on white, from SUV 0 to 10; maximum intensity from the front and from the patient's left, head up, in
//! true proportions, with the silhouettes of the objects in each of them. Where the place in the patient is known, the
//! sides are named.
//!
//! Near objects have different colours; the first set is drawn solid, further ones dashed. Below stand the name and count of
//! each set, the window of PET, and a scale bar.
//!
//! To look at, not to measure in. The same input gives the same bytes.

use super::draft::Draft;
use super::font;
use super::paint::{BRIGHTEST, Canvas, Colours, Stroke, WHITE, palette, palette_on_paper};
use super::tone::{Window, stretch};
use super::view::View;
use crate::placement::Placement;
use crate::read::own;
use crate::scan::{Channel, Modality, SUV_UNIT, Scan};
use crate::units::{Spacing, Unit};
use crate::volume::{Labels, Volume};
use crate::{Error, Result};
use std::collections::HashSet;
use std::path::Path;

/// Pixels between two panels.
const GAP: usize = 8;
/// The same of PET: the names of the sides stay apart.
const WIDE_GAP: usize = 64;
/// Of words.
const GREY: u8 = 150;
/// Least width of a PET picture: a tall body is narrower than what stands below it.
const CAPTION: usize = 640;
/// Pixels of the grey scale below a PET picture.
const RAMP: usize = 108;

/// What is drawn: a channel, and over it the outlines of object sets. All are on the host.
#[derive(Clone, Debug)]
pub struct Picture<'a> {
    /// The intensities.
    pub volume: &'a Volume,
    /// Name and labels of each set.
    pub sets: &'a [(&'a str, &'a Labels)],
    /// Calibration, if known.
    pub spacing: Option<Spacing>,
    /// Where it lies in the patient, if known.
    pub placement: Option<Placement>,
    /// How it is shown.
    pub style: Style,
}

/// How intensities are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bright on black, stretched to what is there.
    Microscopy,
    /// Hot is black on white, in a fixed window.
    Pet {
        /// Unit of the values: [`SUV_UNIT`] for SUV.
        unit: &'static str,
    },
}

impl<'a> Picture<'a> {
    /// A channel of a scan, in the style of its modality.
    pub fn of(scan: &Scan, channel: &'a Channel, sets: &'a [(&'a str, &'a Labels)]) -> Self {
        let pet = scan.modality == Modality::Pet || channel.unit == SUV_UNIT;
        let style = if pet { Style::Pet { unit: channel.unit } } else { Style::Microscopy };
        Picture { volume: &channel.volume, sets, spacing: scan.spacing, placement: scan.placement, style }
    }
}

/// Draws the picture into a PNG.
///
/// # Errors
/// A set has another shape than the channel, the data are on a device, or the system refuses to write there.
pub fn overlay(path: impl AsRef<Path>, picture: &Picture) -> Result<()> {
    let path = path.as_ref();
    let canvas = draw(picture).map_err(|e| e.at(path))?;
    let mut draft = Draft::create(path)?;
    let size = |n: usize| u32::try_from(n).map_err(|_| Error::limit("a picture too large for PNG").at(path));
    let (width, height) = (size(canvas.width)?, size(canvas.height)?);
    let mut encoder = png::Encoder::new(&mut draft, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(if picture.style == Style::Microscopy { palette() } else { palette_on_paper() });
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::NoFilter);
    let marked = encoder.add_text_chunk("Software".into(), own::OVERLAY.into());
    let written = marked.and_then(|()| encoder.write_header()).and_then(|mut file| {
        file.write_image_data(&canvas.dots)?;
        file.finish()
    });
    written.map_err(|e| match e {
        png::EncodingError::IoError(e) => draft.error(&e),
        other => Error::io(format!("cannot write: {other}")).at(path),
    })?;
    draft.commit()
}

fn draw(picture: &Picture) -> Result<Canvas> {
    let (shape, sets) = (picture.volume.shape, picture.sets);
    if shape.is_empty() {
        return Err(Error::usage("an image without voxels cannot be drawn"));
    }
    if let Some((name, l)) = sets.iter().find(|(_, l)| l.shape != shape) {
        return Err(Error::usage(format!("\"{name}\" is {}, the image is {shape}", l.shape)));
    }
    let voxels = sets.iter().map(|(_, l)| l.voxels().host()).collect::<Result<Vec<_>>>()?;
    let (panels, slice) = panels(picture, voxels.first().copied().unwrap_or_default());
    let least = if picture.style == Style::Microscopy { 0 } else { CAPTION };
    let gap = if picture.style == Style::Microscopy { GAP } else { WIDE_GAP };
    let width = (panels.iter().map(|p| p.width() + gap).sum::<usize>() - gap).max(least);
    let letters = if width >= 1200 { 3 } else { 2 };
    let top = panels[0].height() + 6;
    let mut canvas = Canvas::black(top + font::HEIGHT * letters + 6, width);
    let left = |panel: usize| panels[..panel].iter().map(|p| p.width() + gap).sum::<usize>();
    let window = show(&mut canvas, picture, &panels, left)?;
    let weight = if picture.style == Style::Microscopy { 1 } else { 2 };
    for (i, voxels) in voxels.iter().enumerate() {
        let objects = panels[0].labels(voxels);
        let colours = Colours::of(&objects);
        canvas.outlines(0, &objects, &colours, stroke(i), weight);
        for (p, panel) in panels.iter().enumerate().skip(1) {
            canvas.outlines(left(p), &panel.labels(voxels), &colours, stroke(i), weight);
        }
    }
    let end = legend(&mut canvas, top, letters, sets)?;
    if let Some(name) = slice {
        canvas.text(top, left(1), &name, letters, GREY);
    }
    if let Some(window) = window {
        ramp(&mut canvas, top, end, letters, &window);
        if picture.placement.is_some() && panels.len() == 2 {
            sides(&mut canvas, &panels, letters);
        }
    }
    scale_bar(&mut canvas, top, letters, &panels[0], picture.spacing.map(|s| s.unit));
    Ok(canvas)
}

/// At least one; with the name of the slice that the second one shows.
fn panels(picture: &Picture, voxels: &[u32]) -> (Vec<View>, Option<String>) {
    let shape = picture.volume.shape;
    if picture.style != Style::Microscopy && !shape.is_flat() {
        return (View::body(shape, picture.spacing, picture.placement).into(), None);
    }
    let view = View::new(shape, picture.spacing);
    match view.fullest(voxels).filter(|_| !shape.is_flat()) {
        Some((name, slice)) => (vec![view, slice], Some(name)),
        None => (vec![view], None),
    }
}

/// The intensities of every panel; the window of PET.
fn show(
    canvas: &mut Canvas,
    picture: &Picture,
    panels: &[View],
    left: impl Fn(usize) -> usize,
) -> Result<Option<Window>> {
    let (samples, scale) = (picture.volume.samples.host()?, &picture.volume.scale);
    let mut window = None;
    for (p, panel) in panels.iter().enumerate() {
        let grey = panel.grey(samples);
        let tones = match picture.style {
            Style::Microscopy => stretch(&grey),
            Style::Pet { unit } => window.get_or_insert_with(|| Window::of(&grey, scale, unit)).greys(&grey, scale),
        };
        canvas.greys(left(p), panel.width(), &tones);
    }
    Ok(window)
}

fn stroke(set: usize) -> Stroke {
    if set == 0 { Stroke::Solid } else { Stroke::Dashed }
}

/// Name and number of objects of each set, behind a line drawn as its outlines are; where it ends.
fn legend(canvas: &mut Canvas, top: usize, letters: usize, sets: &[(&str, &Labels)]) -> Result<usize> {
    let mut x = 8;
    for (i, (name, labels)) in sets.iter().enumerate() {
        canvas.sample(top + font::HEIGHT * letters / 2, x, 21, stroke(i), WHITE);
        x += 28;
        let text = format!("{name} {}", count(labels.voxels().host()?));
        canvas.text(top, x, &text, letters, GREY);
        x += (font::text_width(&text) + 4) * letters;
    }
    Ok(x)
}

/// `SUV 0 (from white to black) 10`.
fn ramp(canvas: &mut Canvas, top: usize, left: usize, letters: usize, window: &Window) {
    let (high, text) = (font::HEIGHT * letters, format!("{} 0", window.unit));
    let left = left + 4 * letters;
    canvas.text(top, left, &text, letters, GREY);
    let x = left + (font::text_width(&text) + 2) * letters;
    canvas.bar(top, x, high, RAMP, GREY);
    for i in 0..RAMP - 2 {
        let grey = (i * usize::from(BRIGHTEST) / (RAMP - 3)) as u8;
        canvas.bar(top + 1, x + 1 + i, high - 2, 1, grey);
    }
    canvas.text(top, x + RAMP + 2 * letters, &window.top.to_string(), letters, GREY);
}

/// Which side of the patient is where: in the first panel right and left, in the second front and back.
fn sides(canvas: &mut Canvas, panels: &[View], letters: usize) {
    let mut left = 0;
    for (panel, [near, far]) in panels.iter().zip([["right", "left"], ["front", "back"]]) {
        let y = panel.height() / 2;
        canvas.text(y, left + 2 * letters, near, letters, GREY);
        let words = (font::text_width(far) + 2) * letters;
        canvas.text(y, left + panel.width().saturating_sub(words), far, letters, GREY);
        left += panel.width() + WIDE_GAP;
    }
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

//! Outlines over the picture, to judge a segmentation by eye: a PNG.
//!
//! Microscopy: intensities are stretched between their 1st and 99.8th percentile and lifted by the exponent 0.6; the
//! brightest stay below white. Where two channels are shown, the one is grey, and the other one blue beneath it. Outlines are
//! one pixel wide, inside the object, darker where the ground is bright. Large images are reduced to at most so many pixels,
//! small ones enlarged by a whole number. Of a stack two panels are shown: all slices (maximum intensity; of each object its
//! silhouette), and the one slice that has most of the objects.
//!
//! PET: hot is black on white, from SUV 0 to 10; maximum intensity from the front and from the patient's left, head up, in
//! true proportions, with the silhouettes of the objects in each of them. Where the place in the patient is known, the
//! sides are named.
//!
//! Near objects have different colours; the first set is drawn solid, further ones dashed. Objects of the first set carry
//! their numbers, which are the `label` of their rows, where there is room; those of PET always, up to 500. Below stand the
//! name and count of each set, the channels, the window of PET, and a scale bar.
//!
//! To look at, not to measure in. The same input gives the same bytes.

use super::colours::Colours;
use super::font::Letters;
use super::numbers::numbers;
use super::paint::{Canvas, Stroke};
use super::palette::{BRIGHTEST, Ground, WHITE, WORDS, in_blue, in_grey};
use super::tone::{Window, stretch};
use super::view::View;
use crate::image::{Channel, Labels, Modality, PatientGrid, SUV_UNIT, Scan, Volume};
use crate::simd::map2;
use crate::units::{Shape, Spacing, Unit};
use crate::{Error, Result};
use std::collections::HashSet;
use std::path::Path;

/// Longest side of a picture in pixels, where nothing else is asked for.
pub const LONGEST: usize = 4096;
/// Pixels between two panels.
const GAP: usize = 8;
/// The same of PET: the names of the sides stay apart.
const WIDE_GAP: usize = 64;
/// Least width of a PET picture: a tall body is narrower than what stands below it.
const CAPTION: usize = 640;
/// Pixels of the grey scale below a PET picture.
const RAMP: usize = 108;

/// What object sets are drawn over: one channel, or two. All are on the host.
#[derive(Clone, Debug)]
pub struct Picture<'a> {
    /// The intensities.
    pub volume: &'a Volume,
    /// Another channel of the same shape, shown in blue beneath the first one. PET has none.
    pub beneath: Option<&'a Volume>,
    /// What the channels are called, for the line below.
    pub caption: String,
    /// Calibration, if known.
    pub spacing: Option<Spacing>,
    /// Where it lies in the patient, if known.
    pub patient_grid: Option<PatientGrid>,
    /// How it is shown.
    pub style: Style,
    /// Longest side in pixels, about: see [`LONGEST`].
    pub longest: usize,
}

/// How intensities are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// A channel of a scan, in the style of its modality; beneath it another one, if there is one.
    pub fn of(scan: &Scan, channel: &'a Channel, beneath: Option<&'a Channel>, longest: usize) -> Self {
        let pet = scan.modality == Modality::Pet || channel.unit == SUV_UNIT;
        let style = if pet { Style::Pet { unit: channel.unit } } else { Style::Microscopy };
        let beneath = beneath.filter(|_| !pet);
        let caption = match beneath {
            Some(other) => format!("{}, {} in blue", channel.name, other.name),
            None if pet => String::new(),
            None => channel.name.clone(),
        };
        let (spacing, patient_grid) = (scan.spacing, scan.patient_grid);
        let beneath = beneath.map(|c| &c.volume);
        Picture { volume: &channel.volume, beneath, caption, spacing, patient_grid, style, longest }
    }
}

/// A picture whose intensities are laid out, so that several object sets can be drawn over it, each into a file of its own.
#[derive(Debug)]
pub struct Backdrop<'a> {
    picture: Picture<'a>,
    ground: Ground,
    /// At least one.
    panels: Vec<View>,
    /// The ground of each panel.
    tones: Vec<Vec<u8>>,
    /// Of PET.
    window: Option<Window>,
}

/// Draws object sets, each with its name, over the picture into a PNG.
///
/// # Errors
/// As [`Backdrop::new`] and [`Backdrop::overlay`].
pub fn overlay(path: impl AsRef<Path>, picture: Picture, sets: &[(&str, &Labels)]) -> Result<()> {
    let path = path.as_ref();
    Backdrop::new(picture).map_err(|e| e.at(path))?.overlay(path, sets)
}

impl<'a> Backdrop<'a> {
    /// Lays out the intensities.
    ///
    /// # Errors
    /// There are no voxels, the channels have two shapes, or the data are on a device.
    pub fn new(picture: Picture<'a>) -> Result<Self> {
        let shape = picture.volume.shape;
        if shape.is_empty() {
            return Err(Error::usage("an image without voxels cannot be drawn"));
        }
        if let Some(other) = picture.beneath.filter(|v| v.shape != shape) {
            return Err(Error::usage(format!("a channel of {} beneath one of {shape}", other.shape)));
        }
        let ground = match (picture.style, picture.beneath) {
            (Style::Pet { .. }, _) => Ground::Paper,
            (Style::Microscopy, None) => Ground::Grey,
            (Style::Microscopy, Some(_)) => Ground::GreyOnBlue,
        };
        let (longest, spacing) = (picture.longest.max(2), picture.spacing);
        let panels = match ground {
            // A body is enlarged to this; few scanners have a tenth of the voxels along a side that a camera has.
            Ground::Paper if !shape.is_flat() => View::body(shape, spacing, picture.patient_grid, longest / 4).into(),
            _ if shape.is_flat() => vec![View::new(shape, spacing, false, longest)],
            _ => vec![View::new(shape, spacing, picture.patient_grid.is_some(), longest / 2)],
        };
        let mut backdrop = Backdrop { picture, ground, panels: vec![], tones: vec![], window: None };
        for panel in panels {
            let tones = backdrop.tones(&panel)?;
            backdrop.tones.push(tones);
            backdrop.panels.push(panel);
        }
        Ok(backdrop)
    }

    /// The ground of a panel. The window of PET follows from the first one.
    fn tones(&mut self, panel: &View) -> Result<Vec<u8>> {
        let volume = self.picture.volume;
        let grey = panel.grey(volume.samples.host()?);
        if let Style::Pet { unit } = self.picture.style {
            let window = self.window.get_or_insert_with(|| Window::of(&grey, &volume.scale, unit));
            return Ok(window.greys(&grey, &volume.scale));
        }
        let Some(beneath) = self.picture.beneath else { return Ok(stretch(&grey, |tone| tone)) };
        let over = stretch(&grey, in_grey);
        drop(grey);
        let blue = stretch(&panel.grey(beneath.samples.host()?), in_blue);
        Ok(map2(&over, &blue, |over, blue| over + blue))
    }

    /// Draws object sets over it into a PNG.
    ///
    /// # Errors
    /// A set has another shape than the channel, the data are on a device, or the system refuses to write there.
    pub fn overlay(&mut self, path: impl AsRef<Path>, sets: &[(&str, &Labels)]) -> Result<()> {
        let path = path.as_ref();
        let canvas = self.draw(sets).map_err(|e| e.at(path))?;
        super::png::indexed(path, [canvas.height, canvas.width], canvas.ground.palette(), &canvas.dots)
    }

    fn draw(&mut self, sets: &[(&str, &Labels)]) -> Result<Canvas> {
        let shape = self.picture.volume.shape;
        if let Some((name, l)) = sets.iter().find(|(_, l)| l.shape != shape) {
            return Err(Error::usage(format!("\"{name}\" is {}, the image is {shape}", l.shape)));
        }
        let slice = self.slice(shape, sets.first().map(|(_, labels)| *labels))?;
        let mut panels: Vec<(&View, &[u8])> =
            self.panels.iter().zip(&self.tones).map(|(p, t)| (p, t.as_slice())).collect();
        panels.extend(slice.as_ref().map(|s| (&s.view, s.tones.as_slice())));
        let pet = self.ground == Ground::Paper;
        let (gap, weight) = if pet { (WIDE_GAP, 2) } else { (GAP, 1) };
        let mut lefts = Vec::new();
        let mut width = 0;
        for (panel, _) in &panels {
            lefts.push(width);
            width += panel.width() + gap;
        }
        let width = (width - gap).max(if pet { CAPTION } else { 0 });
        let letters = Letters::words(2 + width / 1200);
        let top = panels[0].0.height() + 6;
        let mut canvas = Canvas::new(top + letters.height() + 6, width, self.ground);
        for ((panel, tones), left) in panels.iter().zip(&lefts) {
            canvas.lay(*left, panel.width(), tones);
        }
        let mut numbered = Vec::new();
        for (i, (_, labels)) in sets.iter().enumerate() {
            let objects = panels.iter().map(|(panel, _)| panel.objects(labels)).collect::<Result<Vec<_>>>()?;
            let colours = Colours::of(&objects[0]);
            for (objects, left) in objects.iter().zip(&lefts) {
                canvas.outlines(*left, objects, &colours, stroke(i), weight);
            }
            if i == 0 {
                numbered.push((objects, colours));
            }
        }
        for (objects, colours) in &numbered {
            objects.iter().zip(&lefts).for_each(|(o, left)| numbers(&mut canvas, *left, o, colours, pet));
        }
        let bar = scale_bar(&mut canvas, top, letters, panels[0].0, self.picture.spacing.map(|s| s.unit));
        let mut end = legend(&mut canvas, top, letters, sets)?;
        let mut limit = bar;
        if let (Some(slice), Some(left)) = (&slice, lefts.get(1)) {
            canvas.text(top, *left, &slice.name, letters, WORDS);
            limit = *left;
        }
        if let Some(window) = &self.window {
            end = ramp(&mut canvas, top, end, letters, window);
            if self.picture.patient_grid.is_some() && panels.len() == 2 {
                sides(&mut canvas, &self.panels, letters);
            }
        }
        let caption = &self.picture.caption;
        let start = end + 4 * letters.size;
        if !caption.is_empty() && start + letters.width(caption) + 8 < limit {
            canvas.text(top, start, caption, letters, WORDS);
        }
        Ok(canvas)
    }

    /// Of a stack of microscopy, the slice that has most of these objects.
    fn slice(&mut self, shape: Shape, labels: Option<&Labels>) -> Result<Option<Slice>> {
        if self.ground == Ground::Paper || shape.is_flat() {
            return Ok(None);
        }
        let voxels = labels.map(|l| l.voxels().host()).transpose()?.unwrap_or_default();
        let Some((name, view)) = self.panels[0].fullest(voxels) else { return Ok(None) };
        let tones = self.tones(&view)?;
        Ok(Some(Slice { name, view, tones }))
    }
}

/// The second panel of a stack.
struct Slice {
    name: String,
    view: View,
    tones: Vec<u8>,
}

fn stroke(set: usize) -> Stroke {
    if set == 0 { Stroke::Solid } else { Stroke::Dashed }
}

/// Name and number of objects of each set, behind a line drawn as its outlines are; where it ends.
fn legend(canvas: &mut Canvas, top: usize, letters: Letters, sets: &[(&str, &Labels)]) -> Result<usize> {
    let mut x = 8;
    for (i, (name, labels)) in sets.iter().enumerate() {
        canvas.sample(top + letters.height() / 2, x, 21, stroke(i), WHITE);
        x += 28;
        let text = format!("{name} {}", count(labels)?);
        canvas.text(top, x, &text, letters, WORDS);
        x += letters.width(&text) + 5 * letters.size;
    }
    Ok(x)
}

/// `SUV 0 (from white to black) 10`; where it ends.
fn ramp(canvas: &mut Canvas, top: usize, left: usize, letters: Letters, window: &Window) -> usize {
    let (high, text) = (letters.height(), format!("{} 0", window.unit));
    let left = left + 4 * letters.size;
    canvas.text(top, left, &text, letters, WORDS);
    let x = left + letters.width(&text) + 3 * letters.size;
    canvas.bar(top, x, high, RAMP, WORDS);
    for i in 0..RAMP - 2 {
        let grey = (i * usize::from(BRIGHTEST) / (RAMP - 3)) as u8;
        canvas.bar(top + 1, x + 1 + i, high - 2, 1, grey);
    }
    let (end, most) = (x + RAMP + 2 * letters.size, window.top.to_string());
    canvas.text(top, end, &most, letters, WORDS);
    end + letters.width(&most)
}

/// Which side of the patient is where: in the first panel right and left, in the second front and back.
fn sides(canvas: &mut Canvas, panels: &[View], letters: Letters) {
    let mut left = 0;
    for (panel, [near, far]) in panels.iter().zip([["right", "left"], ["front", "back"]]) {
        let y = panel.height() / 2;
        canvas.text(y, left + 2 * letters.size, near, letters, WORDS);
        let words = letters.width(far) + 3 * letters.size;
        canvas.text(y, left + panel.width().saturating_sub(words), far, letters, WORDS);
        left += panel.width() + WIDE_GAP;
    }
}

/// Objects that are there: labels from elsewhere may have gaps.
fn count(labels: &Labels) -> Result<usize> {
    if let Some(runs) = labels.known_runs() {
        return Ok((1..=runs.count()).filter(|label| !runs.of(*label).is_empty()).count());
    }
    let runs = labels.voxels().host()?.chunk_by(|a, b| a == b).filter_map(|run| run.first());
    Ok(runs.filter(|l| **l > 0).collect::<HashSet<_>>().len())
}

/// The largest of 1, 2, 5, 10, ... that is at most a quarter of a panel's width, in the unit of the image; where it begins.
fn scale_bar(canvas: &mut Canvas, top: usize, letters: Letters, view: &View, unit: Option<Unit>) -> usize {
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
    let (words, margin) = (letters.width(&text) + letters.size, 8);
    if bar + words + 3 * margin > canvas.width {
        return canvas.width;
    }
    let x = canvas.width - margin - bar;
    canvas.bar(top + letters.height() / 2 - 2, x, 4, bar, WHITE);
    canvas.text(top, x - margin - words, &text, letters, WORDS);
    x - margin - words
}

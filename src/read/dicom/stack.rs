//! From slices in any order to a volume: sorted along the normal, evenly spaced, none missing, none twice.
//!
//! The place of a slice is its ImagePositionPatient projected on the normal, the cross product of the two directions of
//! ImageOrientationPatient. Numbers and names of files play no part.

use super::slice::{CLOCKS, Slice, cross, dot, over_midnight};
use crate::image::PatientGrid;
use crate::read::Options;
use crate::units::Spacing;
use crate::{Error, Result};

/// Slices closer than this lie at one place, mm.
const SAME_MM: f64 = 0.01;
/// Distances of slices may differ by this share, or by [`SAME_MM`]: scanners round where two beds meet.
const EVEN: f64 = 0.05;
/// Beyond this share a note says so.
const NOTED: f64 = 0.01;
/// A slice may lie this far beside the line of the others, mm.
const BESIDE_MM: f64 = 0.1;
/// Directions may differ by this much in each component.
const TURNED: f64 = 1e-3;

/// Slices in order, with their place.
#[derive(Clone, Debug)]
pub struct Stack {
    /// From the first to the last along the normal.
    pub slices: Vec<Slice>,
    /// Where the volume lies.
    pub patient_grid: Option<PatientGrid>,
    /// Distances.
    pub spacing: Option<Spacing>,
    /// Time points or gates that there are; one of them is taken.
    pub times: usize,
    /// Which time point or gate was picked, where there are several.
    pub picked: Vec<String>,
    /// What the user should look at.
    pub notes: Vec<String>,
}

/// Orders slices. `names` are the names of the files.
///
/// # Errors
/// The slices do not make one volume; the error names the files and positions.
pub fn order(slices: Vec<Slice>, names: &[String], options: &Options) -> Result<Stack> {
    let namer = Namer { names, frames: slices.iter().any(|s| s.frame > 0) };
    let Some(first) = slices.first().cloned() else { return Err(Error::format("no slice")) };
    check_alike(&slices, &first, &namer)?;
    let (Some(axes), true) = (first.axes, slices.iter().all(|s| s.position.is_some())) else {
        return unplaced(slices, &namer, options);
    };
    let normal = cross(axes[0], axes[1]);
    let along = |s: &Slice| s.position.map_or(0.0, |p| dot(p, normal));
    let mut slices = slices;
    over_midnight(&mut slices);
    slices.sort_by(|a, b| along(a).total_cmp(&along(b)));
    let (mut picked, mut notes) = (Vec::new(), Vec::new());
    let (slices, times) = one_time(slices, along, &namer, options, &mut picked)?;
    let step = even(&slices, along, &namer, &mut notes)?;
    let begin = &slices[0];
    let origin = begin.position.unwrap_or_default();
    for s in &slices {
        let p = s.position.unwrap_or_default();
        let rise = along(s) - along(begin);
        let beside = (0..3).map(|k| (p[k] - origin[k] - rise * normal[k]).powi(2)).sum::<f64>().sqrt();
        if beside > BESIDE_MM {
            let what = format!("{} lies {beside:.2} mm beside the line of the other slices", namer.of(s));
            return Err(Error::unsupported(what).remedy("a volume without tilt"));
        }
    }
    let spacing = spacing(&first, step, &mut notes)?;
    let patient_grid = PatientGrid { origin, directions: [normal, axes[1], axes[0]] };
    Ok(Stack { slices, patient_grid: Some(patient_grid), spacing, times, picked, notes })
}

struct Namer<'a> {
    names: &'a [String],
    frames: bool,
}

impl Namer<'_> {
    /// File, frame and position of a slice.
    fn of(&self, slice: &Slice) -> String {
        let mut name = self.names.get(slice.file).cloned().unwrap_or_default();
        if self.frames {
            name += &format!(" frame {}", slice.frame);
        }
        if let Some([x, y, z]) = slice.position {
            name += &format!(" at ({x}, {y}, {z})");
        }
        name
    }
}

/// All slices must look the same way with the same pixels.
fn check_alike(slices: &[Slice], first: &Slice, namer: &Namer) -> Result<()> {
    if let Some([row, column]) = first.axes {
        let off = [dot(row, row) - 1.0, dot(column, column) - 1.0, dot(row, column)];
        if off.iter().any(|v| v.abs() > TURNED) {
            return Err(Error::format(format!(
                "{}: the directions of ImageOrientationPatient (0020,0037) are not at right angles",
                namer.of(first)
            )));
        }
    }
    if let (Some(_), Some(s)) = (slices.iter().find(|s| s.axes.is_some()), slices.iter().find(|s| s.axes.is_none())) {
        return Err(Error::format(format!("{} has no ImageOrientationPatient (0020,0037)", namer.of(s))));
    }
    let flat = |a: Option<[[f64; 3]; 2]>| a.unwrap_or_default().concat();
    let turned = |s: &Slice| flat(s.axes).iter().zip(flat(first.axes)).any(|(a, b)| (a - b).abs() > TURNED);
    if let Some(s) = slices.iter().find(|s| turned(s)) {
        return Err(Error::format(format!("{} and {} look in other directions", namer.of(first), namer.of(s))));
    }
    let other = |s: &Slice| {
        let (a, b) = (s.pixel.unwrap_or_default(), first.pixel.unwrap_or_default());
        a.iter().zip(b).any(|(a, b)| (a - b).abs() > 1e-3 * b.abs())
    };
    if let Some(s) = slices.iter().find(|s| other(s)) {
        return Err(Error::format(format!(
            "{} and {} have other PixelSpacing (0028,0030)",
            namer.of(first),
            namer.of(s)
        )));
    }
    Ok(())
}

/// Slices that do not say where they lie: a file of several frames keeps its order, several files are refused.
fn unplaced(slices: Vec<Slice>, namer: &Namer, options: &Options) -> Result<Stack> {
    if let Some(s) = slices.iter().find(|s| s.file > 0) {
        let lost = slices.iter().find(|s| s.position.is_none() || s.axes.is_none()).unwrap_or(s);
        let what = format!("{} has no ImagePositionPatient (0020,0032) or ImageOrientationPatient", namer.of(lost));
        return Err(Error::format(what).remedy("the files one by one"));
    }
    let times = slices.iter().filter(|s| s.clocks[0].is_some() && s.clocks[0] != slices[0].clocks[0]).count();
    let mut slices = slices;
    let (mut picked, mut notes) = (Vec::new(), Vec::new());
    let count = if times > 0 && times + 1 == slices.len() { slices.len() } else { 1 };
    let t = choose_time(count, slices.iter().any(|s| s.gated), options, &mut picked)?;
    if count > 1 {
        slices = slices.into_iter().skip(t).take(1).collect();
    }
    let spacing = if let [one] = slices.as_slice() {
        spacing(one, one.thickness, &mut notes)?
    } else {
        notes.push("the frames have no positions; they are slices in the order of the file".into());
        None
    };
    Ok(Stack { slices, patient_grid: None, spacing, times: count, picked, notes })
}

/// Which of so many time points, or gates of a heart beat or breath, is read.
fn choose_time(count: usize, gated: bool, options: &Options, notes: &mut Vec<String>) -> Result<usize> {
    let (what, plural) = if gated { ("gate", "gates") } else { ("time point", "time points") };
    let t = match options.time {
        None if count > 1 => {
            let series = if gated { "the series is gated: it" } else { "the series" };
            return Err(Error::usage(format!("{series} has {count} {plural}, and one is measured at a time"))
                .remedy("--set files.time=0 for the first"));
        }
        Some(t) if t >= count => {
            let last = count - 1;
            return Err(Error::usage(format!("{what} {t} of a series with {count}, which are counted from 0"))
                .remedy(format!("--set files.time={last} for the last")));
        }
        chosen => chosen.unwrap_or(0),
    };
    if count > 1 {
        notes.push(format!("{what} {t} of {count} is read, counted from 0 (files.time)"));
    }
    Ok(t)
}

/// Where slices lie at one place, they must be time points, of which one is taken. Gives their number as well.
fn one_time(
    slices: Vec<Slice>,
    along: impl Fn(&Slice) -> f64,
    namer: &Namer,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<(Vec<Slice>, usize)> {
    let gated = slices.iter().any(|s| s.gated);
    let mut places: Vec<Vec<Slice>> = Vec::new();
    for slice in slices {
        match places.last_mut() {
            Some(place) if along(&slice) - along(&place[0]) < SAME_MM => place.push(slice),
            _ => places.push(vec![slice]),
        }
    }
    let count = places[0].len();
    let even = places.iter().all(|p| p.len() == count);
    let distinct = |clock: usize| {
        let apart = |place: &Vec<Slice>| {
            let mut times: Vec<f64> = place.iter().filter_map(|s| s.clocks[clock]).collect();
            times.sort_by(f64::total_cmp);
            times.dedup();
            times.len() == count
        };
        places.iter().all(apart)
    };
    let clock = (0..CLOCKS).find(|c| even && distinct(*c));
    if let (Some(place), None) = (places.iter().find(|p| p.len() > 1), clock) {
        let (least, most) = places.iter().fold((usize::MAX, 0), |(a, b), p| (a.min(p.len()), b.max(p.len())));
        let counts = if even { String::new() } else { format!("; places have {least} to {most} slices") };
        let what = format!("two slices at one place: {} and {}{counts}", namer.of(&place[0]), namer.of(&place[1]));
        return Err(Error::format(what).remedy("one series without doubles, and all slices of each time point"));
    }
    let clock = clock.unwrap_or(0);
    let t = choose_time(count, gated, options, notes)?;
    let pick = |mut place: Vec<Slice>| {
        place.sort_by(|a, b| a.clocks[clock].unwrap_or(0.0).total_cmp(&b.clocks[clock].unwrap_or(0.0)));
        place.swap_remove(t)
    };
    Ok((places.into_iter().map(pick).collect(), count))
}

/// The distance of slices, if it is the same everywhere; that of a single slice is its thickness.
fn even(
    slices: &[Slice],
    along: impl Fn(&Slice) -> f64,
    namer: &Namer,
    notes: &mut Vec<String>,
) -> Result<Option<f64>> {
    let (Some(first), Some(last)) = (slices.first(), slices.last()) else { return Ok(None) };
    if slices.len() == 1 {
        return Ok(first.thickness);
    }
    let gaps: Vec<f64> = slices.windows(2).map(|w| along(&w[1]) - along(&w[0])).collect();
    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted[sorted.len() / 2];
    let tolerance = (EVEN * usual).max(SAME_MM);
    if let Some(i) = gaps.iter().position(|gap| (gap - usual).abs() > tolerance) {
        let (a, b) = (namer.of(&slices[i]), namer.of(&slices[i + 1]));
        let missing = (gaps[i] / usual).round();
        let whole = missing >= 2.0 && (gaps[i] / usual - missing).abs() < 0.05;
        let what = if whole {
            format!("{} missing between {a} and {b}", plural(missing as usize - 1))
        } else {
            format!("slices {:.3} mm apart where the others are {usual:.3} mm: {a} and {b}", gaps[i])
        };
        return Err(Error::format(what).remedy("the whole series, with slices at even distances"));
    }
    let step = (along(last) - along(first)) / (slices.len() - 1) as f64;
    let worst = gaps.iter().map(|gap| (gap - step).abs()).fold(0.0, f64::max);
    if worst > (NOTED * step).max(SAME_MM) {
        notes.push(format!("distances of slices differ by up to {worst:.3} mm; {step:.3} mm is taken"));
    }
    Ok(Some(step))
}

fn plural(n: usize) -> String {
    if n == 1 { "1 slice is".into() } else { format!("{n} slices are") }
}

/// Distances in mm. A slice of unknown thickness counts as 1 mm, which a note says.
fn spacing(slice: &Slice, step: Option<f64>, notes: &mut Vec<String>) -> Result<Option<Spacing>> {
    let Some([y, x]) = slice.pixel else { return Ok(None) };
    if step.is_none() {
        notes.push("a slice of unknown thickness counts as 1 mm thick".into());
    }
    let z = step.unwrap_or(1.0);
    let spacing = Spacing::mm([z, y, x]);
    spacing.map(Some).ok_or_else(|| Error::format(format!("a spacing of {z} x {y} x {x} mm")))
}

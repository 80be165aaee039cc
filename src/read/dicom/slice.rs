//! Where each frame of a file lies, when it was taken, and how its numbers become values.
//!
//! A file of one frame says it at its top. Enhanced objects say it in functional groups, one set for all frames and one for each
//! (PS3.3, C.7.6.16). Older files of several frames give a first position and a distance (nuclear medicine, dose grids).

use super::header::Header;
use super::real_world;
use super::set::Set;
use crate::pet::suv::{SliceFacts, begins_before_midnight, date_time_parts, time_of_day};
use crate::{Error, Result};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// Clocks that tell time points apart.
pub const CLOCKS: usize = 4;
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// One frame: a slice of a volume.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    /// Which of the files.
    pub file: usize,
    /// Which of its frames.
    pub frame: usize,
    /// Centre of the first pixel in the patient, mm.
    pub position: Option<[f64; 3]>,
    /// Unit vectors along which columns and rows are counted (ImageOrientationPatient).
    pub axes: Option<[[f64; 3]; 2]>,
    /// Distance of rows and of columns, mm.
    pub pixel: Option<[f64; 2]>,
    /// Thickness, or distance of slices where the file says one, mm.
    pub thickness: Option<f64>,
    /// What time it belongs to, by several clocks: number of the time point, delay after the trigger of a gate, reference
    /// time, acquisition.
    pub clocks: [Option<f64>; CLOCKS],
    /// Its times are gates of a heart beat or of a breath.
    pub gated: bool,
    /// Type of the values after the rescale: `HU`.
    pub rescale_type: Option<String>,
    /// PET: Units and SUVType, as this frame says them or as its unit of measurement stands for.
    pub units: Option<(String, String)>,
    /// Times, slope and intercept.
    pub facts: SliceFacts,
}

/// The frames of a file, in its order.
///
/// # Errors
/// A sequence is damaged, or the frames are no slices.
pub fn slices(header: &Header, file: usize, frames: usize) -> Result<Vec<Slice>> {
    let set = &header.set;
    let each = set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)?;
    let shared = set.item_of(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)?;
    let mut top = common(set, file)?;
    if each.is_empty() && shared.is_none() {
        if header.modality() == "PT" {
            real_world::apply(&set.items(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE)?, &mut top)?;
        }
        return old(set, top, frames);
    }
    if !each.is_empty() && each.len() < frames {
        return Err(Error::format(told(frames, each.len())).remedy("the file from its source once more"));
    }
    (0..frames).map(|frame| enhanced(&top, each.get(frame), shared.as_ref(), frame)).collect()
}

/// Where the first frame of a file lies, and nothing else: what its values are may be wrong for all of its series.
///
/// # Errors
/// A sequence is damaged.
pub fn first_place(header: &Header) -> Result<Slice> {
    let each = header.set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)?;
    let shared = header.set.item_of(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)?;
    let mut slice = lies(&header.set)?;
    Groups { own: each.first(), shared: shared.as_ref() }.place(&mut slice)?;
    Ok(slice)
}

/// A doubt where a file describes more frames than it has.
///
/// # Errors
/// A sequence is damaged.
pub fn surplus(header: &Header, frames: usize) -> Result<Option<String>> {
    let each = header.set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)?.len();
    Ok((each > frames).then(|| format!("doubtful: {}; the first {frames} are taken", told(frames, each))))
}

fn told(frames: usize, described: usize) -> String {
    format!(
        "NumberOfFrames (0028,0008) is {frames}, but PerFrameFunctionalGroupsSequence (5200,9230) has {described} items"
    )
}

/// What the top of the file says for all frames.
fn common(set: &Set, file: usize) -> Result<Slice> {
    let dose = set.number(tags::DOSE_GRID_SCALING);
    let facts = SliceFacts {
        frame_reference_time: set.number(tags::FRAME_REFERENCE_TIME),
        frame_duration: set.number(tags::ACTUAL_FRAME_DURATION),
        decay_factor: set.number(tags::DECAY_FACTOR),
        slope: set.number(tags::RESCALE_SLOPE).or(dose),
        intercept: set.number(tags::RESCALE_INTERCEPT),
        acquisition_date: set.text(tags::ACQUISITION_DATE),
        acquisition_time: set.text(tags::ACQUISITION_TIME),
        acquisition_date_time: set.text(tags::ACQUISITION_DATE_TIME),
        suv_slope: None,
    };
    let units = dose.and(set.text(tags::DOSE_UNITS));
    let mut slice = Slice {
        file,
        rescale_type: set.text(tags::RESCALE_TYPE).or(units),
        units: said_units(set)?,
        facts,
        ..lies(set)?
    };
    slice.gated = set.texts(tags::SERIES_TYPE).first().is_some_and(|t| t == "GATED");
    let trigger = set.number(tags::TRIGGER_TIME).filter(|_| slice.gated);
    slice.clocks =
        [set.number(tags::TEMPORAL_POSITION_IDENTIFIER), trigger, slice.facts.frame_reference_time, clock(&slice)];
    Ok(slice)
}

/// The place that the top of the file says.
fn lies(set: &Set) -> Result<Slice> {
    // Nuclear medicine says the place with its detector.
    let detector = set.item_of(tags::DETECTOR_INFORMATION_SEQUENCE)?;
    let place = |tag| (set.element(tag).is_some()).then_some(set).or(detector.as_ref());
    let distance = set.number(tags::SPACING_BETWEEN_SLICES).map(f64::abs);
    Ok(Slice {
        position: place(tags::IMAGE_POSITION_PATIENT).and_then(|s| s.vector(tags::IMAGE_POSITION_PATIENT)),
        axes: place(tags::IMAGE_ORIENTATION_PATIENT).and_then(axes),
        pixel: set.vector(tags::PIXEL_SPACING),
        thickness: set.number(tags::SLICE_THICKNESS).or(distance).filter(|v| *v > 0.0),
        ..Slice::default()
    })
}

/// Date and time of acquisition in seconds that rise with time; how far apart days are means nothing.
fn clock(slice: &Slice) -> Option<f64> {
    let facts = &slice.facts;
    let [day, clock, _] = facts.acquisition_date_time.as_deref().and_then(date_time_parts).unwrap_or_default();
    let date =
        facts.acquisition_date.as_deref().unwrap_or(if day.is_empty() { "0" } else { day }).replace(['.', '-'], "");
    let time = time_of_day(facts.acquisition_time.as_deref().unwrap_or(clock))?;
    Some(date.parse::<f64>().ok()? * DAY + time as f64 / 1e6)
}

/// Where the acquisitions of a series run over midnight under one date, those behind it are of the next day.
pub fn over_midnight(slices: &mut [Slice]) {
    let clocks: Vec<f64> = slices.iter().filter_map(|s| s.clocks[CLOCKS - 1]).collect();
    let day = |clock: f64| (clock / DAY).floor();
    let time_of_day = |clock: f64| (clock.rem_euclid(DAY) * 1e6).round() as i64;
    let is_one_day = clocks.windows(2).all(|pair| day(pair[0]) == day(pair[1]));
    let begin = begins_before_midnight(clocks.iter().map(|clock| time_of_day(*clock)));
    let Some(begin) = begin.filter(|_| is_one_day) else { return };
    for clock in slices.iter_mut().filter_map(|s| s.clocks[CLOCKS - 1].as_mut()) {
        if time_of_day(*clock) < begin {
            *clock += DAY;
        }
    }
}

fn axes(set: &Set) -> Option<[[f64; 3]; 2]> {
    let [a, b, c, d, e, f] = set.vector(tags::IMAGE_ORIENTATION_PATIENT)?;
    Some([[a, b, c], [d, e, f]])
}

/// The functional groups of a frame: its own, else those of all frames.
struct Groups<'a> {
    own: Option<&'a Set>,
    shared: Option<&'a Set>,
}

impl Groups<'_> {
    fn all(&self, tag: Tag) -> Result<Vec<Set>> {
        let of = |set: Option<&Set>| set.map_or(Ok(vec![]), |s| s.items(tag));
        let here = of(self.own)?;
        if here.is_empty() { of(self.shared) } else { Ok(here) }
    }

    fn first(&self, tag: Tag) -> Result<Option<Set>> {
        Ok(self.all(tag)?.into_iter().next())
    }

    /// Gives a slice its place.
    fn place(&self, slice: &mut Slice) -> Result<()> {
        if let Some(g) = self.first(tags::PLANE_POSITION_SEQUENCE)? {
            slice.position = g.vector(tags::IMAGE_POSITION_PATIENT);
        }
        if let Some(g) = self.first(tags::PLANE_ORIENTATION_SEQUENCE)? {
            slice.axes = axes(&g);
        }
        if let Some(g) = self.first(tags::PIXEL_MEASURES_SEQUENCE)? {
            slice.pixel = g.vector(tags::PIXEL_SPACING);
            slice.thickness = g.number(tags::SLICE_THICKNESS).filter(|v| *v > 0.0);
        }
        Ok(())
    }
}

fn enhanced(top: &Slice, own: Option<&Set>, shared: Option<&Set>, frame: usize) -> Result<Slice> {
    let groups = Groups { own, shared };
    let mut slice = Slice { frame, ..top.clone() };
    groups.place(&mut slice)?;
    // What objects converted from single files could not place elsewhere.
    for (group, tag) in [
        (shared, tags::UNASSIGNED_SHARED_CONVERTED_ATTRIBUTES_SEQUENCE),
        (own, tags::UNASSIGNED_PER_FRAME_CONVERTED_ATTRIBUTES_SEQUENCE),
    ] {
        if let Some(g) = group.map(|s| s.item_of(tag)).transpose()?.flatten() {
            converted(&g, &mut slice)?;
        }
    }
    if let Some(g) = groups.first(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)? {
        slice.facts.slope = g.number(tags::RESCALE_SLOPE).or(slice.facts.slope);
        slice.facts.intercept = g.number(tags::RESCALE_INTERCEPT).or(slice.facts.intercept);
        slice.rescale_type = g.text(tags::RESCALE_TYPE);
        slice.units = agreed(slice.units, said_units(&g)?)?;
    }
    real_world::apply(&groups.all(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE)?, &mut slice)?;
    if let Some(g) = groups.first(tags::FRAME_CONTENT_SEQUENCE)? {
        let stamp = g.text(tags::FRAME_ACQUISITION_DATE_TIME).filter(|text| date_time_parts(text).is_some());
        if stamp.is_some() {
            let facts = &mut slice.facts;
            (facts.acquisition_date, facts.acquisition_time, facts.acquisition_date_time) = (None, None, stamp);
        }
        slice.facts.frame_duration = g.number(tags::FRAME_ACQUISITION_DURATION).or(slice.facts.frame_duration);
        let index = g.number(tags::TEMPORAL_POSITION_INDEX);
        slice.clocks = [index, slice.clocks[1], slice.facts.frame_reference_time, clock(&slice)];
    }
    Ok(slice)
}

/// Attributes of a file of one frame, as a converted object keeps them.
fn converted(set: &Set, slice: &mut Slice) -> Result<()> {
    let facts = &mut slice.facts;
    let number = |tag, before: Option<f64>| set.number(tag).or(before);
    facts.slope = number(tags::RESCALE_SLOPE, facts.slope);
    facts.intercept = number(tags::RESCALE_INTERCEPT, facts.intercept);
    facts.frame_reference_time = number(tags::FRAME_REFERENCE_TIME, facts.frame_reference_time);
    facts.frame_duration = number(tags::ACTUAL_FRAME_DURATION, facts.frame_duration);
    facts.acquisition_date = set.text(tags::ACQUISITION_DATE).or(facts.acquisition_date.take());
    facts.acquisition_time = set.text(tags::ACQUISITION_TIME).or(facts.acquisition_time.take());
    slice.units = agreed(slice.units.take(), said_units(set)?)?;
    Ok(())
}

/// Words of Units that RescaleType is used for as well; its own words (`HU`, `US`) say nothing of PET.
const RESCALE_UNITS: [&str; 7] = ["BQML", "GML", "CM2ML", "CNTS", "CPS", "PROPCNTS", "PROPCPS"];

/// Units and SUVType where they stand, else RescaleType where it is a unit of PET.
fn said_units(set: &Set) -> Result<Option<(String, String)>> {
    let kind = set.text(tags::SUV_TYPE).unwrap_or_default();
    let units = set.text(tags::UNITS).map(|unit| (unit, kind.clone()));
    let rescaled = set.text(tags::RESCALE_TYPE).map(|t| t.to_ascii_uppercase());
    let rescaled = rescaled.filter(|t| RESCALE_UNITS.contains(&t.as_str())).map(|unit| (unit, kind));
    agreed(units, rescaled)
}

/// One unit from two places; a kind of SUV that only one of them names counts.
///
/// # Errors
/// They are two.
pub fn agreed(a: Option<(String, String)>, b: Option<(String, String)>) -> Result<Option<(String, String)>> {
    let (Some(a), Some(b)) = (a.clone(), b.clone()) else { return Ok(a.or(b)) };
    let kind = if b.1.is_empty() { a.1.clone() } else { b.1.clone() };
    if a.0.eq_ignore_ascii_case(&b.0) && (a.1.is_empty() || a.1.eq_ignore_ascii_case(&kind)) {
        return Ok(Some((a.0, kind)));
    }
    let [a, b] = [a, b].map(|(unit, kind)| format!("{unit} {kind}").trim_end().to_string());
    Err(Error::format(format!("two units for the values: {a} and {b}")).remedy("the series as its scanner stored it"))
}

/// Counters of frames that stand for time; the second counts gates.
const TIMES: [Tag; 3] = [tags::TIME_SLICE_VECTOR, tags::TIME_SLOT_VECTOR, tags::PHASE_VECTOR];
/// Counters of frames that are no slices, and what they count.
const NO_SLICES: [(Tag, &str); 5] = [
    (tags::ENERGY_WINDOW_VECTOR, "energy windows"),
    (tags::DETECTOR_VECTOR, "detectors"),
    (tags::ROTATION_VECTOR, "rotations"),
    (tags::ANGULAR_VIEW_VECTOR, "angles"),
    (tags::RR_INTERVAL_VECTOR, "heart beats"),
];

fn old(set: &Set, top: Slice, frames: usize) -> Result<Vec<Slice>> {
    if frames == 1 {
        return Ok(vec![top]);
    }
    let counter = |tag| Some(set.numbers(tag)).filter(|v| v.len() == frames);
    let varies = |v: &Vec<f64>| v.iter().any(|n| Some(n) != v.first());
    if let Some((tag, what)) = NO_SLICES.iter().find(|(tag, _)| counter(*tag).is_some_and(|v| varies(&v))) {
        return Err(Error::unsupported(format!("frames of several {what} {tag}, not slices of a volume")));
    }
    let time = TIMES.into_iter().filter_map(counter).find(varies);
    let gated = top.gated || counter(tags::TIME_SLOT_VECTOR).is_some_and(|v| varies(&v));
    let moving = set.element(tags::FRAME_TIME).or(set.element(tags::FRAME_TIME_VECTOR)).is_some();
    let number = counter(tags::SLICE_VECTOR);
    let distance = set.number(tags::SPACING_BETWEEN_SLICES).filter(|v| *v != 0.0);
    let along = counter(tags::GRID_FRAME_OFFSET_VECTOR).map(|v| v.iter().map(|o| o - v[0]).collect::<Vec<_>>());
    let normal = top.axes.map(|[row, column]| cross(row, column));
    let slice = |frame: usize| {
        let count = number.as_ref().map_or(frame as f64, |n| n[frame] - 1.0);
        let shift = along.as_ref().map(|v| v[frame]).or(distance.map(|d| d * count));
        let place = |p: [f64; 3], n: [f64; 3], s: f64| std::array::from_fn(|k| p[k] + s * n[k]);
        let still = moving && number.is_none() && along.is_none();
        let position = match (top.position, normal, shift) {
            (Some(p), ..) if still => Some(p),
            (Some(p), Some(n), Some(s)) => Some(place(p, n, s)),
            _ => None,
        };
        let mut slice = Slice { frame, position, gated, ..top.clone() };
        slice.clocks[0] = time.as_ref().map(|t| t[frame]).or(still.then_some(frame as f64));
        slice
    };
    Ok((0..frames).map(slice).collect())
}

/// The vector at right angles to two others.
pub fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// The sum of products.
pub fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

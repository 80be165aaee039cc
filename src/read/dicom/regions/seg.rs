//! DICOM segmentations (SEG): a mask of one slice in each frame, or in label maps the numbers of its segments. After PS3.3, C.8.20.
//!
//! Frames are sorted by their positions into a label image on the grid of the segmentation; slices without a frame are empty.
//! If that grid falls together with the image's, counted in any order and of any extent, each voxel keeps its label. Any other
//! grid is refused, or resampled if that was asked for. Fractions count as inside from half of their maximum on.

use super::{File, Named, Planes, Sheet, choose, label_map, plural};
use crate::image::{PatientGrid, Regions};
use crate::read::dicom::frame;
use crate::read::dicom::pixels::Pixels;
use crate::read::dicom::slice::{self, Slice, cross, dot};
use crate::read::grid::{self, Grid};
use crate::units::{Shape, Spacing};
use crate::{Error, Result};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::{BTreeMap, BTreeSet};

/// Voxel centres may be this far apart in mm within a slice, or a tenth of a voxel, and still fall together.
const SAME_MM: f64 = 0.1;
/// The same across slices, in slices.
const SAME_SLICE: f64 = 0.1;
/// Directions may differ by this much in each component.
const TURNED: f64 = 1e-3;

/// Reads a segmentation.
pub fn read(file: &File) -> Result<Regions> {
    let set = &file.header.set;
    let pixels = Pixels::layout(file.header, file.source)?;
    if pixels.samples != 1 {
        return Err(Error::format("a segmentation in colour"));
    }
    let kind = set.text(tags::SEGMENTATION_TYPE).unwrap_or_default();
    let slices = slice::slices(file.header, 0, pixels.frames)?;
    let (own, places) = stack(&slices, &pixels, file)?;
    let mut sheet = match kind.as_str() {
        "BINARY" => masks(file, &pixels, &own, &places, 1, None)?,
        "FRACTIONAL" => {
            let most = set.whole(tags::MAXIMUM_FRACTIONAL_VALUE).and_then(|v| u64::try_from(v).ok()).filter(|v| *v > 0);
            let most = most.ok_or_else(|| Error::format("a fractional segmentation without MaximumFractionalValue"))?;
            let note = format!("fractions of the segmentation count as inside from half of {most} on");
            masks(file, &pixels, &own, &places, most, Some(note))?
        }
        "LABELMAP" => label_map::read(file, &pixels, &own, &places)?,
        other => {
            return Err(Error::unsupported(format!("segmentations of the type \"{other}\" are not read"))
                .remedy("a segmentation of the type BINARY, FRACTIONAL or LABELMAP, or a label image as NIfTI"));
        }
    };
    sheet.notes.extend(slice::surplus(file.header, pixels.frames)?);
    onto_image(sheet.finish(file.pick)?, &own, file)
}

/// Frames that are masks, each of a segment: a sample counts from half of `most` on.
fn masks(file: &File, pixels: &Pixels, own: &Grid, places: &[usize], most: u64, note: Option<String>) -> Result<Sheet> {
    let named =
        file.header.set.items(tags::SEGMENT_SEQUENCE)?.iter().map(Named::of_segment).collect::<Result<Vec<_>>>()?;
    let known: BTreeSet<i64> = named.iter().map(|region| region.number).collect();
    let picked = choose(named, file.pick)?;
    let segments = segments(file, pixels.frames)?;
    let mut sheet = Sheet::new(own.shape, file.options)?;
    sheet.notes.extend(note);
    let mut plane = vec![0u32; pixels.plane()];
    let mut mask = |frame: usize| -> Result<Vec<bool>> {
        frame::read(file.header, file.source, pixels, frame, &mut [&mut plane])?;
        Ok(plane.iter().map(|v| *v > 0 && u64::from(*v) * 2 >= most).collect())
    };
    let mut unknown = BTreeMap::<i64, [usize; 2]>::new();
    for frame in (0..pixels.frames).filter(|f| !known.contains(&segments[*f])) {
        let [frames, voxels] = unknown.entry(segments[frame]).or_default();
        *frames += 1;
        *voxels += mask(frame)?.iter().filter(|inside| **inside).count();
    }
    sheet.notes.extend(unknown.into_iter().map(|(number, [frames, voxels])| {
        let [frames, voxels] = [plural(frames, "frame"), plural(voxels, "voxel")];
        format!("doubtful: {frames} with {voxels} left out, of segment {number}, which no segment of the file has")
    }));
    for region in &picked {
        let mut planes = Planes::new();
        for frame in (0..pixels.frames).filter(|f| segments[*f] == region.number) {
            let mask = mask(frame)?;
            if planes.insert(places[frame], mask).is_some() {
                return Err(Error::format(format!("two frames of segment \"{}\" at one place", region.name)));
            }
        }
        sheet.add(region, &planes)?;
    }
    Ok(sheet)
}

/// The segment of each frame.
fn segments(file: &File, frames: usize) -> Result<Vec<i64>> {
    let set = &file.header.set;
    let each = set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)?;
    let shared = set.item_of(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)?;
    let number = |frame: usize| -> Result<i64> {
        for group in each.get(frame).into_iter().chain(&shared) {
            if let Some(item) = group.item_of(tags::SEGMENT_IDENTIFICATION_SEQUENCE)? {
                let number = item.whole(tags::REFERENCED_SEGMENT_NUMBER);
                return number.ok_or_else(|| Error::format(format!("frame {frame}: no ReferencedSegmentNumber")));
            }
        }
        Err(Error::format(format!("frame {frame} belongs to no segment")))
    };
    (0..frames).map(number).collect()
}

/// The grid that all frames lie on, and the slice of each frame.
fn stack(slices: &[Slice], pixels: &Pixels, file: &File) -> Result<(Grid, Vec<usize>)> {
    let missing = |tag: Tag, what: &str| Error::format(format!("a frame without {what} {tag}"));
    let first = slices.first().ok_or_else(|| Error::format("no frame"))?;
    let [row, column] =
        first.axes.ok_or_else(|| missing(tags::IMAGE_ORIENTATION_PATIENT, "ImageOrientationPatient"))?;
    let off = [dot(row, row) - 1.0, dot(column, column) - 1.0, dot(row, column)];
    if off.iter().any(|v| v.abs() > TURNED) {
        return Err(Error::format("the directions of ImageOrientationPatient (0020,0037) are not at right angles"));
    }
    let [y, x] = first.pixel.ok_or_else(|| missing(tags::PIXEL_SPACING, "PixelSpacing"))?;
    let flat = |s: &Slice| [s.axes.unwrap_or_default().concat(), s.pixel.unwrap_or_default().to_vec()].concat();
    let other = |s: &&Slice| flat(s).iter().zip(flat(first)).any(|(a, b)| (a - b).abs() > TURNED);
    if let Some(s) = slices.iter().find(other) {
        let what = format!("frames 0 and {} differ in direction or PixelSpacing", s.frame);
        return Err(Error::unsupported(what).remedy("a segmentation on one grid"));
    }
    let normal = cross(row, column);
    let positions = slices.iter().map(|s| s.position).collect::<Option<Vec<_>>>();
    let positions = positions.ok_or_else(|| missing(tags::IMAGE_POSITION_PATIENT, "ImagePositionPatient"))?;
    let heights: Vec<f64> = positions.iter().map(|p| dot(*p, normal)).collect();
    let (step, places, count) = even(&heights, told_step(file)?, &file.onto, normal)?;
    let lowest = heights.iter().zip(&positions).min_by(|a, b| a.0.total_cmp(b.0)).map(|p| *p.1).unwrap_or_default();
    for (frame, p) in positions.iter().enumerate() {
        let rise = heights[frame] - dot(lowest, normal);
        let beside = (0..3).map(|k| (p[k] - lowest[k] - rise * normal[k]).powi(2)).sum::<f64>().sqrt();
        if beside.is_nan() || beside > SAME_MM {
            let what = format!("frame {frame} lies {beside:.2} mm beside the line of the others");
            return Err(Error::unsupported(what).remedy("a segmentation without tilt, and not in tiles"));
        }
    }
    let bad = || Error::format(format!("a spacing of {step} x {y} x {x} mm"));
    let spacing = Spacing::mm([step, y, x]).ok_or_else(bad)?;
    let patient_grid = PatientGrid { origin: lowest, directions: [normal, column, row] };
    Ok((Grid { shape: Shape::new(count, pixels.rows, pixels.columns), spacing, patient_grid }, places))
}

/// The distance of slices that the file tells.
fn told_step(file: &File) -> Result<Option<f64>> {
    let shared = file.header.set.item_of(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)?;
    let first = file.header.set.item_of(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)?;
    for group in shared.iter().chain(&first) {
        if let Some(item) = group.item_of(tags::PIXEL_MEASURES_SEQUENCE)? {
            return Ok(item.number(tags::SPACING_BETWEEN_SLICES).map(f64::abs).filter(|v| *v > 0.0));
        }
    }
    Ok(None)
}

/// The distance of slices, the slice of each frame, and the number of slices. Gaps must be whole multiples of the distance.
fn even(heights: &[f64], told: Option<f64>, onto: &Grid, normal: [f64; 3]) -> Result<(f64, Vec<usize>, usize)> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let gaps: Vec<f64> = order.windows(2).map(|w| heights[w[1]] - heights[w[0]]).collect();
    let same = |gap: f64| gap < 0.01;
    let shortest = gaps.iter().copied().filter(|g| !same(*g)).fold(f64::INFINITY, f64::min);
    let whole =
        |told: &f64| shortest.is_infinite() || (shortest / told - (shortest / told).round()).abs() <= SAME_SLICE;
    let usual = match told.filter(|t| whole(t) && shortest >= t * (1.0 - SAME_SLICE)) {
        Some(told) => told,
        None if shortest.is_finite() => shortest,
        None => side_along(onto, normal),
    };
    let mut places = vec![0; heights.len()];
    let mut at = 0usize;
    for (pair, gap) in order.windows(2).zip(&gaps) {
        let steps = if same(*gap) { 0.0 } else { (gap / usual).round().max(1.0) };
        let off = (gap / usual - steps).abs();
        if !same(*gap) && (off.is_nan() || off > SAME_SLICE * steps) {
            let what = format!("frames {} and {} lie {gap:.3} mm apart, others {usual:.3} mm", pair[0], pair[1]);
            return Err(Error::unsupported(what).remedy("a segmentation with slices at even distances"));
        }
        at = at.saturating_add(steps as usize);
        places[pair[1]] = at;
    }
    let total: f64 = gaps.iter().sum();
    let step = if at > 0 { total / at as f64 } else { usual };
    Ok((step, places, at.saturating_add(1)))
}

/// The side in mm of a voxel of the image, along its axis nearest to a direction.
fn side_along(grid: &Grid, direction: [f64; 3]) -> f64 {
    let along = |k: &usize| dot(grid.patient_grid.directions[*k], direction).abs();
    let axis = (0..3).max_by(|a, b| along(a).total_cmp(&along(b))).unwrap_or(0);
    grid.mm()[axis]
}

/// How voxels of one grid are counted in another that it falls together with.
struct Lattice {
    first: [i64; 3],
    steps: [[i64; 3]; 3],
}

impl Lattice {
    fn new(own: &Grid, onto: &Grid) -> Option<Lattice> {
        let place = |zyx: [f64; 3]| onto.patient_grid.grid(&onto.spacing, own.patient_grid.at(&own.spacing, zyx));
        let origin = place([0.0; 3]);
        let step = |axis: usize| {
            let to = place(std::array::from_fn(|k| if k == axis { 1.0 } else { 0.0 }));
            std::array::from_fn(|k| (to[k] - origin[k]).round() as i64)
        };
        let lattice = Lattice { first: origin.map(|v| v.round() as i64), steps: [step(0), step(1), step(2)] };
        let unit = |s: &[i64; 3]| s.iter().map(|v| v.unsigned_abs().min(9)).sum::<u64>() == 1;
        let near = origin.iter().all(|v| v.abs() < 1e9);
        if !near || !lattice.steps.iter().all(unit) || (0..3).any(|k| lattice.steps.iter().all(|s| s[k] == 0)) {
            return None;
        }
        let last = own.shape.zyx().map(|n| n as i64 - 1);
        let sides = onto.mm();
        let tolerance: [f64; 3] = std::array::from_fn(|k| match lattice.steps[0][k] {
            0 => (SAME_MM / sides[k]).min(0.1),
            _ => SAME_SLICE,
        });
        let fits = |bits: u32| {
            let corner: [i64; 3] = std::array::from_fn(|k| if bits >> k & 1 == 1 { last[k] } else { 0 });
            let (exact, whole) = (place(corner.map(|v| v as f64)), lattice.at(corner));
            (0..3).all(|k| (exact[k] - whole[k] as f64).abs() <= tolerance[k])
        };
        (0..8).all(fits).then_some(lattice)
    }

    fn at(&self, zyx: [i64; 3]) -> [i64; 3] {
        std::array::from_fn(|k| self.first[k] + (0..3).map(|axis| zyx[axis] * self.steps[axis][k]).sum::<i64>())
    }
}

/// Brings labels from the grid of the segmentation onto that of the image.
fn onto_image(mut regions: Regions, own: &Grid, file: &File) -> Result<Regions> {
    let onto = &file.onto;
    let Some(lattice) = Lattice::new(own, onto) else {
        let brought = grid::bring(regions.voxels()?, own, onto, file.pick)?;
        regions.notes.extend(brought.notes);
        regions.coverage = brought.coverage;
        return regions.drawn_anew(onto.shape, &brought.voxels);
    };
    file.options.afford("a label image", onto.shape.len() as u128, 4)?;
    let mut voxels = vec![0; onto.shape.len()];
    let sizes = onto.shape.zyx();
    let (mut outside, mut inside) = (0, BTreeMap::<u32, usize>::new());
    let mut drawn = BTreeMap::<u32, usize>::new();
    for (i, label) in regions.voxels()?.iter().enumerate().filter(|v| *v.1 != 0) {
        let place = lattice.at(own.shape.position(i).map(|v| v as i64));
        *drawn.entry(*label).or_default() += 1;
        if (0..3).all(|k| place[k] >= 0 && place[k] < sizes[k] as i64) {
            let [z, y, x] = place.map(|v| v as usize);
            voxels[onto.shape.index(z, y, x)] = *label;
            *inside.entry(*label).or_default() += 1;
        } else {
            outside += 1;
        }
    }
    if inside.is_empty() && !file.pick.may_miss {
        return Err(Error::usage("no region meets the image").remedy("regions of the same patient and examination"));
    }
    if outside > 0 {
        regions.notes.push(format!("{} of the segmentation beyond the image left out", plural(outside, "voxel")));
    }
    let lost = regions.names.iter().filter(|(n, _)| !inside.contains_key(n));
    let lost: Vec<String> = lost.map(|(_, name)| format!("region \"{name}\" has no voxel in the image")).collect();
    regions.notes.extend(lost);
    let share = |(label, all): (u32, usize)| (label, inside.get(&label).copied().unwrap_or(0) as f64 / all as f64);
    regions.coverage = drawn.into_iter().map(share).collect();
    regions.drawn_anew(onto.shape, &voxels)
}

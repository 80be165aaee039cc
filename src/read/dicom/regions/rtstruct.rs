//! RTSTRUCT: regions drawn as closed contours in slice planes, in mm of the patient. After PS3.3, C.8.8.5 and C.8.8.6.
//!
//! Each contour is brought onto the grid of the image and filled in the slice that it lies in: a voxel belongs to it if its
//! centre is inside (see `polygon`). Contours of one region in one slice combine by exclusive or; one that is stored twice counts
//! once, since it would erase itself. Nothing is drawn between contours: slices without one stay empty, which a note counts.
//! Contours that do not lie in the planes of the slices are refused, and so are those of thinner or thicker slices unless the user asks for the
//! nearest ones.

use super::polygon::{self, Corner, FARTHEST, UNIT};
use super::slabs::{SAME_PLANE, Slabs};
use super::{File, Named, Planes, Sheet, choose, plural};
use crate::image::Regions;
use crate::read::dicom::set::Set;
use crate::read::grid::Grid;
use crate::{Error, Result};
use dicom_dictionary_std::tags;
use std::collections::{BTreeMap, BTreeSet};

/// Contours that reach equally far on all sides, to half a voxel, were hardly drawn as one and its hole.
const NEAR: u64 = UNIT.unsigned_abs() / 2;

/// A closed contour on the grid.
#[derive(Clone)]
struct Contour {
    /// Its plane, in slices from the first one.
    plane: f64,
    corners: Vec<Corner>,
}

/// Reads contours.
pub fn read(file: &File) -> Result<Regions> {
    let set = &file.header.set;
    let named = set.items(tags::STRUCTURE_SET_ROI_SEQUENCE)?.iter().map(named).collect::<Result<Vec<_>>>()?;
    let drawn = set.items(tags::ROI_CONTOUR_SEQUENCE)?;
    let nameless = nameless(&drawn, &named)?;
    let picked = choose(named, file.pick)?;
    let mut sheet = Sheet::new(file.onto.shape, file.options)?;
    sheet.notes.extend(nameless);
    let mut drawn_of = Vec::with_capacity(picked.len());
    for region in &picked {
        let mine = drawn.iter().filter(|r| r.whole(tags::REFERENCED_ROI_NUMBER) == Some(region.number));
        let contours = mine.map(|r| r.items(tags::CONTOUR_SEQUENCE)).collect::<Result<Vec<_>>>()?.concat();
        let say = |e: Error| Error { what: format!("region \"{}\": {}", region.name, e.what), ..e };
        drawn_of.push(closed(&contours, &file.onto, &region.name, &mut sheet.notes).map_err(say)?);
    }
    let planes = |contours: &[Contour]| contours.iter().map(|c| c.plane).collect::<Vec<f64>>();
    let (all, [slice_mm, ..]) = (drawn_of.iter().flat_map(|c| planes(c)).collect::<Vec<f64>>(), file.onto.mm());
    for (region, contours) in picked.iter().zip(drawn_of) {
        let say = |e: Error| Error { what: format!("region \"{}\": {}", region.name, e.what), ..e };
        let slabs = Slabs::of(&planes(&contours), &all, slice_mm);
        let by_slice = sort(contours, slabs, file, &region.name, &mut sheet.notes).map_err(say)?;
        let planes = by_slice.into_iter().map(|(z, contours)| (z, fill(&contours, &file.onto))).collect::<Planes>();
        sheet.add(region, &planes)?;
    }
    sheet.finish(file.pick)
}

fn named(item: &Set) -> Result<Named> {
    let number = item.whole(tags::ROI_NUMBER).ok_or_else(|| Error::format("a region without ROINumber (3006,0022)"))?;
    Ok(Named { number, name: item.text(tags::ROI_NAME).unwrap_or_else(|| format!("region {number}")) })
}

/// Contours of regions that the file does not name, with their number.
fn nameless(drawn: &[Set], known: &[Named]) -> Result<Vec<String>> {
    let mut nameless = BTreeMap::<Option<i64>, usize>::new();
    for item in drawn {
        let number = item.whole(tags::REFERENCED_ROI_NUMBER);
        if !known.iter().any(|region| Some(region.number) == number) {
            *nameless.entry(number).or_default() += item.items(tags::CONTOUR_SEQUENCE)?.len();
        }
    }
    let note = |(number, n): (Option<i64>, usize)| {
        let number = number.map_or("no number".into(), |n| format!("the number {n}"));
        let what = plural(n, "contour");
        format!("doubtful: {what} left out, of a region with {number}, which no region of the file has")
    };
    Ok(nameless.into_iter().filter(|(_, n)| *n > 0).map(note).collect())
}

/// The closed contours of a region on the grid. Points, open lines, and what has fewer than three corners enclose nothing; a
/// note counts them.
fn closed(items: &[Set], onto: &Grid, name: &str, notes: &mut Vec<String>) -> Result<Vec<Contour>> {
    let mut left_out = BTreeMap::<String, usize>::new();
    let mut contours = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let kind = item.text(tags::CONTOUR_GEOMETRIC_TYPE).unwrap_or_else(|| "no type".into());
        if !matches!(kind.as_str(), "CLOSED_PLANAR" | "CLOSEDPLANAR_XOR") {
            *left_out.entry(kind).or_default() += 1;
            continue;
        }
        let say = |e: Error| Error { what: format!("contour {}: {}", n + 1, e.what), ..e };
        let corners = corners(item).map_err(say)?;
        if corners.len() < 3 {
            *left_out.entry(format!("{kind} with {}", plural(corners.len(), "corner"))).or_default() += 1;
            continue;
        }
        contours.extend(place(&corners, onto).map_err(say)?);
    }
    let note = |(kind, n)| format!("{} of type {kind} in region \"{name}\" left out", plural(n, "contour"));
    notes.extend(left_out.into_iter().map(note));
    Ok(contours)
}

/// The corners of a contour, in mm.
fn corners(item: &Set) -> Result<Vec<[f64; 3]>> {
    let bytes = item.bytes(tags::CONTOUR_DATA).unwrap_or_default();
    let number = |text: &[u8]| {
        let text = std::str::from_utf8(text).unwrap_or("?").trim_matches([' ', '\0', '\t', '\r', '\n']);
        let bad =
            || Error::format(format!("ContourData (3006,0050) holds \"{}\", which is no number", text.escape_debug()));
        text.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(bad)
    };
    let numbers = match bytes {
        [] => vec![],
        bytes => bytes.split(|b| *b == b'\\').map(number).collect::<Result<Vec<_>>>()?,
    };
    let told = item.whole(tags::NUMBER_OF_CONTOUR_POINTS);
    if numbers.len() % 3 != 0 || told.is_some_and(|n| n != (numbers.len() / 3) as i64) {
        let told = told.map_or("whole".into(), |n| n.to_string());
        return Err(Error::format(format!("{} numbers where {told} corners of 3 are told", numbers.len())));
    }
    Ok(numbers.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect())
}

/// Brings a contour onto the grid; nothing if it has no corner.
fn place(corners: &[[f64; 3]], onto: &Grid) -> Result<Option<Contour>> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut placed = Vec::with_capacity(corners.len());
    for corner in corners {
        let [z, y, x] = onto.patient_grid.grid(&onto.spacing, *corner);
        if ![z, y, x].iter().all(|v| v.abs() < FARTHEST) {
            let [px, py, pz] = corner;
            return Err(Error::format(format!("the corner ({px}, {py}, {pz}) mm is nowhere near the image")));
        }
        (low, high) = (low.min(z), high.max(z));
        placed.push([y, x].map(|v| (v * UNIT as f64).round_ties_even() as i64));
    }
    if corners.is_empty() {
        return Ok(None);
    }
    if high - low > SAME_PLANE {
        let what = format!("it runs from slice {low:.2} to slice {high:.2} and lies in no plane of slices");
        return Err(Error::unsupported(what).remedy("contours drawn in the slices of this image, or a label image"));
    }
    Ok(Some(Contour { plane: (low + high) / 2.0, corners: placed }))
}

/// Contours by slice; those outside of the image are left out, with a note.
fn sort(
    contours: Vec<Contour>,
    slabs: Option<Slabs>,
    file: &File,
    name: &str,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<usize, Vec<Contour>>> {
    let slices = file.onto.shape.z as f64;
    let may_fill = slabs.as_ref().is_some_and(|slabs| slabs.is_of_image);
    let slabs = slabs.filter(|slabs| file.pick.resample || !slabs.is_of_image);
    if let Some(slabs) = &slabs {
        notes.push(of_slabs(slabs, file, name)?);
    }
    let mut by_slice = BTreeMap::<usize, Vec<Contour>>::new();
    let (mut outside, mut beside, mut farthest) = (0, 0, 0.0f64);
    for contour in contours {
        let nearest = (contour.plane + 0.5).floor();
        let [first, end] = slabs.as_ref().map_or([nearest, nearest + 1.0], |slabs| slabs.slices(contour.plane));
        let covered = first.clamp(0.0, slices) as usize..end.clamp(0.0, slices) as usize;
        if covered.is_empty() {
            // Between planes that are closer than slices there may be none.
            outside += usize::from(nearest < 0.0 || nearest >= slices);
            continue;
        }
        if slabs.is_none() {
            let off = (contour.plane - nearest).abs();
            farthest = farthest.max(off);
            beside += usize::from(off > SAME_PLANE);
        }
        covered.for_each(|slice| by_slice.entry(slice).or_default().push(contour.clone()));
    }
    if outside > 0 {
        notes.push(format!("{} of region \"{name}\" beyond the slices of the image", plural(outside, "contour")));
    }
    if beside > 0 {
        let what = format!("{} of region \"{name}\" beside the middle of a slice", plural(beside, "contour"));
        notes.push(format!("{what}, by up to {farthest:.2} slices"));
    }
    let (mut copies, mut slivers, mut cut) = (0, 0, 0);
    for (slice, contours) in &mut by_slice {
        one_plane(*slice, contours, file.pick.resample)?;
        let [dropped, left] = drop_copies(contours);
        (copies, slivers) = (copies + dropped, slivers + left);
        cut += contours.iter().filter(|c| reaches_past(&c.corners, &file.onto)).count();
    }
    if copies > 0 {
        let what = plural(copies, "contour");
        notes.push(format!("{what} of region \"{name}\" stored a second time; a copy does not count"));
    }
    if slivers > 0 {
        let what = plural(slivers, "pair");
        notes.push(format!(
            "doubtful: {what} of contours of region \"{name}\" that reach equally far on all sides; what lies between the two counts alone"
        ));
    }
    if cut > 0 {
        let what = plural(cut, "contour");
        notes.push(format!("{what} of region \"{name}\" past the side of the image, where the region is cut"));
    }
    if let (Some((first, _)), Some((last, _))) = (by_slice.first_key_value(), by_slice.last_key_value()) {
        let empty = last - first + 1 - by_slice.len();
        if empty > 0 {
            let what = plural(empty, "slice");
            notes.push(format!(
                "{what} between the contours of region \"{name}\" without a contour; nothing is drawn there{}",
                if may_fill && !file.pick.resample { FILL } else { "" }
            ));
        }
    }
    Ok(by_slice)
}

/// What to do where contours may have been drawn on every second slice.
const FILL: &str = " (resample = true gives each slice the nearest plane)";

/// Contours of thicker slices are refused, or each stands for the slices nearest to it, which is told.
fn of_slabs(slabs: &Slabs, file: &File, name: &str) -> Result<String> {
    let [slice, ..] = file.onto.mm();
    let apart = format!("{:.2} mm apart, slices {slice:.2} mm", slabs.thickness() * slice);
    match file.pick.resample {
        true => Ok(format!("contours of region \"{name}\" lie {apart}: each stands for the slices nearest to it")),
        false => Err(Error::unsupported(format!("contours lie {apart}: drawn on thicker slices"))
            .remedy("regions drawn on this image, or resample = true to take the plane nearest to each slice")),
    }
}

/// Of contours that are stored more than once, bit by bit or but for rounding, the first stays. Returns how many went, and how many
/// pairs are left that reach equally far on all sides: whoever drew them hardly meant the sliver between them.
fn drop_copies(contours: &mut Vec<Contour>) -> [usize; 2] {
    let (stored, mut seen) = (contours.len(), BTreeSet::new());
    contours.retain(|c| seen.insert(polygon::edges(&c.corners)));
    let ends = |c: &Contour| {
        let of = |k: usize| c.corners.iter().map(move |corner| corner[k]);
        [of(0).min(), of(0).max(), of(1).min(), of(1).max()].map(Option::unwrap_or_default)
    };
    let all: Vec<[i64; 4]> = contours.iter().map(ends).collect();
    let near = |i: usize, j: usize| all[i].iter().zip(&all[j]).all(|(a, b)| a.abs_diff(*b) <= NEAR);
    let mut by_place: Vec<usize> = (0..contours.len()).collect();
    by_place.sort_by_key(|i| (all[*i][0], *i));
    let (mut copies, mut slivers) = (BTreeSet::new(), 0);
    for (k, &i) in by_place.iter().enumerate() {
        let beside = by_place[k + 1..].iter().take_while(|j| all[**j][0].abs_diff(all[i][0]) <= NEAR);
        for &j in beside.filter(|j| near(i, **j)) {
            match polygon::is_copy(&contours[i].corners, &contours[j].corners) {
                true => drop(copies.insert(i.max(j))),
                false => slivers += 1,
            }
        }
    }
    let mut numbers = 0..;
    contours.retain(|_| numbers.next().is_none_or(|i| !copies.contains(&i)));
    [stored - contours.len(), slivers]
}

/// A contour reaches the middle of a voxel that would lie beside the image.
fn reaches_past(corners: &[Corner], onto: &Grid) -> bool {
    let past = |at: i64, voxels: usize| at <= -UNIT || at > voxels as i64 * UNIT;
    corners.iter().any(|c| past(c[0], onto.shape.y) || past(c[1], onto.shape.x))
}

/// Contours of several planes in one slice were drawn on thinner slices: refused, or the plane nearest to the middle is taken.
fn one_plane(slice: usize, contours: &mut Vec<Contour>, resample: bool) -> Result<()> {
    let far = |c: &Contour| (c.plane - slice as f64).abs();
    let Some(nearest) = contours.iter().min_by(|a, b| far(a).total_cmp(&far(b))).map(|c| c.plane) else {
        return Ok(());
    };
    let other = |c: &&Contour| (c.plane - nearest).abs() > SAME_PLANE;
    if let (Some(c), false) = (contours.iter().find(other), resample) {
        let what = format!(
            "contours of planes {nearest:.2} and {:.2}, counted in slices, both fall into slice {slice}",
            c.plane
        );
        return Err(Error::unsupported(format!("{what}: drawn on thinner slices"))
            .remedy("regions drawn on this image, or resample = true to take the plane nearest to each slice"));
    }
    contours.retain(|c| !other(&c));
    Ok(())
}

/// The voxels of a slice that lie inside.
fn fill(contours: &[Contour], onto: &Grid) -> Vec<bool> {
    let columns = onto.shape.x;
    let mut plane = vec![false; onto.shape.y * columns];
    contours.iter().for_each(|c| polygon::mark(&c.corners, columns, &mut plane));
    polygon::settle(columns, &mut plane);
    plane
}

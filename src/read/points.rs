//! Points from a table: positions that other software, or a person, has found.
//!
//! A CSV file with a heading. Positions stand in `x_px`, `y_px` and, in a stack, `z_px` (voxel centres are whole numbers, the
//! first is 0), or in `x_um`, ... or `x_mm`, ..., from the centre of the first voxel; or all from its outer corner, where the
//! recipe says so. `radius_px` (or um, mm) is optional, and
//! `name`, and `class`. A place or a radius that stands there twice, in two units, is one to a pixel, or refused. Each point becomes an object: the voxels whose centres lie within its radius, those that several reach belong to
//! the nearest one, the first of equals.

use super::source::Source;
use crate::image::{Classes, Labels, ObjectRun, ObjectRuns, PointOrigin, Regions, Scan, scan_rows};
use crate::table::{quotes, separator};
use crate::units::{Length, NO_CALIBRATION, Ruler, Shape, Spacing};
use crate::{Error, Result};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

/// Radius in pixels of points that say none: the voxel and its four neighbours in the plane.
const RADIUS_PX: f64 = 1.0;
/// Largest radius in pixels.
const LARGEST_PX: f64 = 10_000.0;
/// Voxels that all points reach together.
const MOST_WORK: f64 = 1e10;
/// Size of a table.
const MOST_BYTES: u64 = 1 << 30;
/// Points of an image.
const MOST: usize = 20_000_000;

/// Is it such a table? Its name says so, so that a recipe knows without the file.
pub fn is_points(path: impl AsRef<Path>) -> bool {
    path.as_ref().extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"))
}

/// Values in two units that are farther apart, in pixels, are two values: less comes of rounding, and of programs that count one
/// from the centre of a voxel and the other from its corner.
const SAME_PX: f64 = 1.0;

/// A point that is drawn.
pub(crate) struct Point {
    /// z, y, x in voxels.
    pub zyx: [f64; 3],
    /// In pixels of the plane.
    pub radius: f64,
}

/// Reads points for an image.
///
/// # Errors
/// No such columns, a quote that is not closed, something that is no number, or a point outside of the image.
pub(super) fn read(path: &Path, scan: &Scan, from: PointOrigin) -> Result<Regions> {
    let source = Source::open(path)?;
    if source.len() > MOST_BYTES {
        return Err(Error::limit(format!("a table of {} bytes; {MOST_BYTES} at most", source.len())));
    }
    let bytes = source.read(0, source.len())?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes.as_slice());
    let heading = reader.headers().map_err(|e| Error::format(e.to_string()))?.clone();
    separator::check(&heading, b',')?;
    quotes::check(&bytes, b',', heading.len())?;
    let columns = Columns::find(&heading, scan, from)?;
    let (mut points, mut names) = (Vec::new(), BTreeMap::new());
    let mut classes = Classes::default();
    let mut class_of = HashMap::new();
    for (i, row) in reader.records().enumerate() {
        let row = row.map_err(|e| Error::format(e.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        if points.len() == MOST {
            return Err(Error::limit(format!("more than {MOST} points")));
        }
        points.push(columns.point(&row, scan).map_err(|what| {
            let e = Error::format(format!("line {line}: {what}"));
            if what.ends_with("is no number") { e.remedy("a number with a point, as 20.5") } else { e }
        })?);
        if let Some(name) = columns.name.and_then(|c| row.get(c)).filter(|name| !name.is_empty()) {
            names.insert(i as u32 + 1, name.to_owned());
        }
        if let Some(class) = columns.class.and_then(|c| row.get(c)) {
            classes.of.push((!class.is_empty()).then(|| {
                class_of.get(class).copied().unwrap_or_else(|| {
                    let place = classes.names.len() as u32;
                    classes.names.push(class.to_owned());
                    class_of.insert(class.to_owned(), place);
                    place
                })
            }));
        }
    }
    drop(bytes);
    let labels = draw(&points, scan.shape, scan.spacing)?;
    let notes = hidden(&labels)?.into_iter().collect();
    let classes = columns.class.map(|_| classes);
    let points = points.iter().map(|p| p.zyx).collect();
    Ok(Regions { names, notes, points, classes, ..Regions::of_labels(&labels)? })
}

/// Where the values of a point stand.
struct Columns {
    /// z, y, x: column, and its unit in pixels along that axis. A single slice needs none for z.
    zyx: [Option<(usize, f64)>; 3],
    radius: Option<(usize, f64)>,
    /// What stands there in a second unit.
    again: Vec<Again>,
    name: Option<usize>,
    class: Option<usize>,
    /// Pixels from the place that coordinates count from to the centre of the first voxel.
    to_centre: f64,
}

/// Two columns of one value, with their units in pixels.
struct Again {
    columns: [(usize, f64); 2],
    names: [String; 2],
}

/// The units that columns may have.
const UNITS: [(&str, Length); 3] = [("px", Length::Px(1.0)), ("um", Length::Um(1.0)), ("mm", Length::Mm(1.0))];

impl Columns {
    fn find(heading: &csv::StringRecord, scan: &Scan, from: PointOrigin) -> Result<Self> {
        let at = |name: &str| heading.iter().position(|h| h.eq_ignore_ascii_case(name));
        // Pixels along an axis in one of a unit.
        let unit = |unit: Length, axis: usize| match (unit, scan.spacing) {
            (Length::Px(_), _) => Ok(1.0),
            (_, Some(s)) => {
                let plane = unit.px(&Ruler { spacing: scan.spacing, radius_px: None })?;
                Ok(plane * (s.zyx[1] * s.zyx[2]).sqrt() / s.zyx[axis])
            }
            (_, None) => {
                let what = "the points are given in um or mm, but the image has no calibration";
                Err(Error::usage(what).remedy(NO_CALIBRATION))
            }
        };
        one_of_each(heading)?;
        let mut again = Vec::new();
        let mut find = |name: &str, axis: usize| -> Result<Option<(usize, f64)>> {
            let mut first = None;
            for (suffix, length) in UNITS {
                let Some(column) = at(&format!("{name}_{suffix}")) else { continue };
                match first {
                    None => first = Some((column, unit(length, axis)?)),
                    // Without a calibration there is nothing to hold it against.
                    Some(first) => again.extend(unit(length, axis).ok().map(|unit| Again {
                        columns: [first, (column, unit)],
                        names: [first.0, column].map(|c| heading.get(c).unwrap_or_default().to_owned()),
                    })),
                }
            }
            Ok(first)
        };
        let needed = |name: &str, found: Option<(usize, f64)>| {
            found.map(Some).ok_or_else(|| {
                let known = heading.iter().take(20).collect::<Vec<_>>().join(", ");
                Error::format(format!("points need a column {name}_px, {name}_um or {name}_mm; there are {known}"))
                    .remedy(format!("a heading like x_px,y_px{}", if name == "z" { ",z_px" } else { "" }))
            })
        };
        // A single slice has one place along z, which a table may tell as well.
        let z = if scan.shape.is_flat() { find("z", 0).unwrap_or_default() } else { needed("z", find("z", 0)?)? };
        let to_centre = match from {
            PointOrigin::Centre => 0.0,
            PointOrigin::Corner => 0.5,
        };
        let zyx = [z, needed("y", find("y", 1)?)?, needed("x", find("x", 2)?)?];
        let radius = find("radius", 2)?;
        Ok(Columns { zyx, radius, again, name: at("name"), class: at("class"), to_centre })
    }

    fn point(&self, row: &csv::StringRecord, scan: &Scan) -> std::result::Result<Point, String> {
        let number = |column: usize| {
            let word = row.get(column).unwrap_or_default();
            let value: Option<f64> = word.parse().ok().filter(|v: &f64| v.is_finite());
            value.ok_or_else(|| format!("\"{word}\" is no number"))
        };
        let mut zyx = [0.0; 3];
        for (axis, (at, column)) in zyx.iter_mut().zip(self.zyx).enumerate() {
            let Some((column, unit)) = column else { continue };
            let place = match number(column) {
                Ok(value) => value * unit - self.to_centre,
                // A single slice needs no place along z.
                Err(_) if axis == 0 && scan.shape.is_flat() => continue,
                Err(e) => return Err(e),
            };
            let n = scan.shape.zyx()[axis];
            // The voxel itself reaches half a step beyond its centre.
            if !(-0.5..n as f64 - 0.5).contains(&place) {
                let axis = ["z", "y", "x"][axis];
                return Err(format!("the point lies outside of the image: {axis} is {place} px, of {n}"));
            }
            *at = if n == 1 && axis == 0 { 0.0 } else { place };
        }
        let radius = match self.radius {
            Some((column, unit)) => number(column)? * unit,
            None => RADIUS_PX,
        };
        if !(0.0..=LARGEST_PX).contains(&radius) {
            return Err(format!("a radius of {radius} px"));
        }
        for Again { columns, names: [a, b] } in &self.again {
            let [x, y] = columns.map(|(column, _)| row.get(column).and_then(|word| word.parse::<f64>().ok()));
            let (Some(x), Some(y)) = (x, y) else { continue };
            let (here, there) = (x * columns[0].1, y * columns[1].1);
            if (here - there).abs() > SAME_PX {
                return Err(format!("{a} is {x}, but {b} is {y}, which is {there:.2} px to {here:.2} px"));
            }
        }
        Ok(Point { zyx, radius })
    }
}

/// No column that is read has a second one of its name.
fn one_of_each(heading: &csv::StringRecord) -> Result<()> {
    let is_read = |name: &str| {
        let place = ["x", "y", "z", "radius"].iter().any(|p| UNITS.iter().any(|(u, _)| name == format!("{p}_{u}")));
        place || name == "name" || name == "class"
    };
    let names: Vec<String> = heading.iter().map(str::to_lowercase).collect();
    match names.iter().enumerate().find(|(i, name)| is_read(name) && names[..*i].contains(name)) {
        None => Ok(()),
        Some((_, twice)) => {
            let e = Error::format(format!("two columns are called \"{twice}\""));
            Err(e.remedy("one name for each column"))
        }
    }
}

/// What the user should know of points that others hide.
fn hidden(labels: &Labels) -> Result<Option<String>> {
    let runs = labels.runs()?;
    let hidden = (1..labels.count + 1).filter(|label| runs.of(*label).is_empty()).count();
    Ok((hidden > 0).then(|| format!("{hidden} points have no voxel of their own and no row: others lie nearer to it")))
}

/// Voxels of a band of rows, which a thread draws at a time.
const BAND: usize = 1 << 18;

/// The points 1, 2, ... as objects: each has the voxels that it reaches and that no other point is nearer to. A point has the
/// voxel that it lies in, whatever its radius.
///
/// They are drawn in bands of rows of which only the runs are kept: points are small, and images of slides are not.
///
/// # Errors
/// The points are so large that drawing them would take for ever.
pub(crate) fn draw(points: &[Point], shape: Shape, spacing: Option<Spacing>) -> Result<Labels> {
    // Slices may lie farther apart than pixels: in pixels of the plane.
    let step = spacing.map_or([1.0; 3], |s| s.zyx.map(|v| v / (s.zyx[1] * s.zyx[2]).sqrt()));
    let discs = Discs { points, shape, step };
    let work: f64 = points.iter().map(|p| (0..3).map(|a| discs.reach(p, a).len() as f64).product::<f64>()).sum();
    if work > MOST_WORK {
        return Err(Error::limit("the points are too many and too large to be drawn").remedy("a smaller radius"));
    }
    let rows = (BAND / shape.x.max(1)).max(1);
    let bands = (shape.z * shape.y).div_ceil(rows);
    let members = discs.by_band(rows, bands);
    let drawn: Vec<_> = (0..bands).into_par_iter().map(|band| discs.band(band * rows, rows, &members[band])).collect();
    Ok(Labels::of_runs(shape, ObjectRuns::sort(drawn.iter().flatten().copied(), points.len() as u32)))
}

/// Points that are to be drawn.
struct Discs<'a> {
    points: &'a [Point],
    shape: Shape,
    step: [f64; 3],
}

impl Discs<'_> {
    fn home(&self, p: &Point, a: usize) -> f64 {
        p.zyx[a].round().clamp(0.0, self.shape.zyx()[a] as f64 - 1.0)
    }

    fn reach(&self, p: &Point, a: usize) -> Range<usize> {
        let (r, middle) = (p.radius / self.step[a], self.home(p, a));
        let from = (p.zyx[a] - r).ceil().clamp(0.0, middle) as usize;
        from..((p.zyx[a] + r).floor().max(middle) as usize + 1).min(self.shape.zyx()[a])
    }

    /// Which points reach into each band of so many rows, in their order.
    fn by_band(&self, rows: usize, bands: usize) -> Vec<Vec<u32>> {
        let mut members = vec![vec![]; bands];
        for (k, p) in (0u32..).zip(self.points) {
            let (zs, ys) = (self.reach(p, 0), self.reach(p, 1));
            for z in zs {
                let [first, last] = [ys.start, ys.end.max(1) - 1].map(|y| (z * self.shape.y + y) / rows);
                for member in &mut members[first..=last] {
                    if member.last() != Some(&k) {
                        member.push(k);
                    }
                }
            }
        }
        members
    }

    /// The runs of a band.
    fn band(&self, first: usize, rows: usize, members: &[u32]) -> Vec<(u32, ObjectRun)> {
        if members.is_empty() {
            return vec![];
        }
        let (width, end) = (self.shape.x, (first + rows).min(self.shape.z * self.shape.y));
        let mut voxels = vec![0u32; (end - first) * width];
        let mut nearest = vec![f64::INFINITY; voxels.len()];
        for &k in members {
            let p = &self.points[k as usize];
            let is_home = |at: [usize; 3]| (0..3).all(|a| at[a] as f64 == self.home(p, a));
            for (z, y) in self.reach(p, 0).flat_map(|z| self.reach(p, 1).map(move |y| (z, y))) {
                let row = z * self.shape.y + y;
                if !(first..end).contains(&row) {
                    continue;
                }
                for x in self.reach(p, 2) {
                    let at = [z, y, x];
                    let d2: f64 = (0..3).map(|a| ((at[a] as f64 - p.zyx[a]) * self.step[a]).powi(2)).sum();
                    let i = (row - first) * width + x;
                    if (d2 <= p.radius * p.radius || is_home(at)) && d2 < nearest[i] {
                        (nearest[i], voxels[i]) = (d2, k + 1);
                    }
                }
            }
        }
        scan_rows(&voxels, first, width, |label| label)
    }
}

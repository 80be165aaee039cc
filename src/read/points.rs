//! Points from a table: positions that other software, or a person, has found.
//!
//! A CSV file with a heading. Positions stand in `x_px`, `y_px` and, in a stack, `z_px` (voxel centres are whole numbers, the
//! first is 0), or in `x_um`, ... or `x_mm`, ..., from the centre of the first voxel; or all from its outer corner, where the
//! recipe says so. `radius_px` (or um, mm) is optional, and
//! `name`, and `class`. Each point becomes an object: the voxels whose centres lie within its radius, those that several reach belong to
//! the nearest one, the first of equals.

use super::source::Source;
use crate::image::{Classes, PointOrigin, Regions, Scan};
use crate::units::{Length, Ruler, Shape, Spacing};
use crate::{Error, Result};
use std::collections::BTreeMap;
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
/// No such columns, something that is no number, or a point outside of the image.
pub(super) fn read(path: &Path, scan: &Scan, from: PointOrigin) -> Result<Regions> {
    let source = Source::open(path)?;
    if source.len() > MOST_BYTES {
        return Err(Error::limit(format!("a table of {} bytes; {MOST_BYTES} at most", source.len())));
    }
    let bytes = source.read(0, source.len())?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes.as_slice());
    let heading = reader.headers().map_err(|e| Error::format(e.to_string()))?.clone();
    let columns = Columns::find(&heading, scan, from)?;
    let (mut points, mut names, mut classes) = (Vec::new(), BTreeMap::new(), Vec::new());
    for (i, row) in reader.records().enumerate() {
        let row = row.map_err(|e| Error::format(e.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        if points.len() == MOST {
            return Err(Error::limit(format!("more than {MOST} points")));
        }
        points.push(columns.point(&row, scan).map_err(|what| Error::format(format!("line {line}: {what}")))?);
        if let Some(name) = columns.name.and_then(|c| row.get(c)).filter(|name| !name.is_empty()) {
            names.insert(i as u32 + 1, name.to_owned());
        }
        if let Some(class) = columns.class.and_then(|c| row.get(c)) {
            classes.push(Some(class.to_owned()).filter(|class| !class.is_empty()));
        }
    }
    let voxels = draw(&points, scan.shape, scan.spacing)?;
    let notes = hidden(&voxels, points.len()).into_iter().collect();
    let classes = columns.class.map(|_| Classes::of_words(classes.iter().map(Option::as_deref)));
    let points = points.iter().map(|p| p.zyx).collect();
    Ok(Regions { voxels, names, notes, points, classes, ..Regions::none(scan.shape) })
}

/// Where the values of a point stand.
struct Columns {
    /// z, y, x: column, and its unit in pixels along that axis. Nothing for z in a single slice.
    zyx: [Option<(usize, f64)>; 3],
    radius: Option<(usize, f64)>,
    name: Option<usize>,
    class: Option<usize>,
    /// Pixels from the place that coordinates count from to the centre of the first voxel.
    to_centre: f64,
}

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
            (_, None) => unit.px(&Ruler { spacing: None, radius_px: None }),
        };
        let find = |name: &str, axis: usize| -> Result<Option<(usize, f64)>> {
            for (suffix, length) in [("px", Length::Px(1.0)), ("um", Length::Um(1.0)), ("mm", Length::Mm(1.0))] {
                if let Some(column) = at(&format!("{name}_{suffix}")) {
                    return Ok(Some((column, unit(length, axis)?)));
                }
            }
            Ok(None)
        };
        let needed = |name: &str, axis: usize| {
            find(name, axis)?.map(Some).ok_or_else(|| {
                let known = heading.iter().take(20).collect::<Vec<_>>().join(", ");
                Error::format(format!("points need a column {name}_px, {name}_um or {name}_mm; there are {known}"))
                    .remedy(format!("a heading like x_px,y_px{}", if axis == 0 { ",z_px" } else { "" }))
            })
        };
        let z = if scan.shape.is_flat() { None } else { needed("z", 0)? };
        let to_centre = match from {
            PointOrigin::Centre => 0.0,
            PointOrigin::Corner => 0.5,
        };
        let zyx = [z, needed("y", 1)?, needed("x", 2)?];
        Ok(Columns { zyx, radius: find("radius", 2)?, name: at("name"), class: at("class"), to_centre })
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
            *at = number(column)? * unit - self.to_centre;
            let n = scan.shape.zyx()[axis];
            // The voxel itself reaches half a step beyond its centre.
            if !(-0.5..n as f64 - 0.5).contains(at) {
                let axis = ["z", "y", "x"][axis];
                return Err(format!("the point lies outside of the image: {axis} is {at} px, of {n}"));
            }
        }
        let radius = match self.radius {
            Some((column, unit)) => number(column)? * unit,
            None => RADIUS_PX,
        };
        if !(0.0..=LARGEST_PX).contains(&radius) {
            return Err(format!("a radius of {radius} px"));
        }
        Ok(Point { zyx, radius })
    }
}

/// What the user should know of points that others hide.
fn hidden(voxels: &[u32], points: usize) -> Option<String> {
    let mut seen = vec![false; points + 1];
    voxels.iter().for_each(|v| seen[*v as usize] = true);
    let hidden = seen.iter().skip(1).filter(|seen| !**seen).count();
    (hidden > 0).then(|| format!("{hidden} points have no voxel of their own and no row: others lie nearer to it"))
}

/// The number of the nearest point at each voxel that one reaches. A point has the voxel that it lies in, whatever its radius.
///
/// # Errors
/// The points are so large that drawing them would take for ever.
pub(crate) fn draw(points: &[Point], shape: Shape, spacing: Option<Spacing>) -> Result<Vec<u32>> {
    // Slices may lie farther apart than pixels: in pixels of the plane.
    let step = spacing.map_or([1.0; 3], |s| s.zyx.map(|v| v / (s.zyx[1] * s.zyx[2]).sqrt()));
    let home = |p: &Point, a: usize| p.zyx[a].round().clamp(0.0, shape.zyx()[a] as f64 - 1.0);
    let reach = |p: &Point, a: usize| {
        let (r, middle) = (p.radius / step[a], home(p, a));
        let from = (p.zyx[a] - r).ceil().clamp(0.0, middle) as usize;
        from..((p.zyx[a] + r).floor().max(middle) as usize + 1).min(shape.zyx()[a])
    };
    let work: f64 = points.iter().map(|p| (0..3).map(|a| reach(p, a).len() as f64).product::<f64>()).sum();
    if work > MOST_WORK {
        return Err(Error::limit("the points are too many and too large to be drawn").remedy("a smaller radius"));
    }
    let mut voxels = vec![0u32; shape.len()];
    let mut nearest = vec![f64::INFINITY; shape.len()];
    for (number, p) in (1u32..).zip(points) {
        let is_home = |at: [usize; 3]| (0..3).all(|a| at[a] as f64 == home(p, a));
        for z in reach(p, 0) {
            for y in reach(p, 1) {
                for x in reach(p, 2) {
                    let at = [z, y, x];
                    let d2: f64 = (0..3).map(|a| ((at[a] as f64 - p.zyx[a]) * step[a]).powi(2)).sum();
                    let i = shape.index(z, y, x);
                    if (d2 <= p.radius * p.radius || is_home(at)) && d2 < nearest[i] {
                        (nearest[i], voxels[i]) = (d2, number);
                    }
                }
            }
        }
    }
    Ok(voxels)
}

//! Where the voxels lie: sform, quaternion or the bare sides of a voxel become [`Spacing`] and [`PatientGrid`].
//!
//! The rule of the standard, as most programs apply it: the sform if its code is above 0, else the qform if its code is
//! above 0, else only the sides of a voxel, without a place. World axes of NIfTI rise to the right, the front and the head;
//! those of [`PatientGrid`] to the left, the back and the head, so x and y change their sign. A matrix whose axes are not at
//! right angles cannot be a [`PatientGrid`]: the quaternion takes its place, or the image has none, and a note says so.

use super::header::Header;
use crate::image::PatientGrid;
use crate::units::Spacing;

/// What the header comes down to.
#[derive(Clone, Debug, Default)]
pub struct Geometry {
    /// Sides of a voxel.
    pub spacing: Option<Spacing>,
    /// Place of the grid.
    pub patient_grid: Option<PatientGrid>,
    /// `sform`, `qform` or `none`.
    pub by: &'static str,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Columns for x, y, z of the grid, then the origin; right, front, head.
type Affine = [[f64; 3]; 4];

/// Cosine between axes from which on they are not at right angles: 0.06 degrees.
const SKEW: f64 = 1e-3;
/// Relative difference below which two lengths are the same number, written with more or fewer digits.
const SAME: f64 = 1e-4;

/// What programs write that save numbers without a grid.
const UNSAID: &str = "doubtful: the header has no place of the image (sform, qform), and voxels of 1 x 1 x 1 as where nobody gave \
    a size; they were taken, and lengths and volumes are wrong if another size belongs into the header";

/// Works out spacing and patient grid.
pub fn geometry(h: &Header) -> Geometry {
    let mut g = Geometry { by: "none", ..Default::default() };
    let unit = unit(h, &mut g.notes);
    let sides = [h.pixdim[1], h.pixdim[2], h.pixdim[3]].map(f64::abs);
    let qform = (h.qform > 0).then(|| quaternion(h)).filter(sound);
    let sform = (h.sform > 0).then(|| columns(h)).filter(sound);
    if h.sform > 0 && sform.is_none() {
        g.notes.push("the sform is no matrix of a grid and was left out".into());
    }
    if h.qform > 0 && qform.is_none() {
        g.notes.push("the qform is no rotation of a grid and was left out".into());
    }
    if let (Some(s), Some(q)) = (&sform, &qform)
        && let Some(apart) = apart(s, q, h, unit)
    {
        g.notes.push(format!("sform and qform lie up to {apart:.2} mm apart; the sform counts"));
    }
    let skew = sform.as_ref().map_or(0.0, skew);
    let chosen = match (sform, qform) {
        (Some(s), _) if skew <= SKEW => Some((s, "sform")),
        (Some(_), Some(q)) => {
            g.notes.push(format!("{}; the qform counts instead", oblique(skew)));
            Some((q, "qform"))
        }
        (Some(_), None) => {
            g.notes.push(format!("{}; the place was left out and pixdim gives the spacing", oblique(skew)));
            None
        }
        (None, q) => q.map(|q| (q, "qform")),
    };
    let Some((affine, by)) = chosen else {
        if (0..axes(h)).all(|k| sides[k] == 1.0) && h.sform <= 0 && h.qform <= 0 {
            g.notes.push(UNSAID.into());
        }
        g.spacing = spacing(h, sides, unit);
        return g;
    };
    let lengths = [length(&affine[0]), length(&affine[1]), length(&affine[2])];
    let differs = |k: usize| (lengths[k] - sides[k]).abs() > SAME * lengths[k];
    // A flat image need not say how thick it is.
    if (0..axes(h)).any(differs) {
        let [x, y, z] = sides;
        let [a, b, c] = lengths;
        g.notes
            .push(format!("pixdim says {z} x {y} x {x}, the {by} {c:.6} x {b:.6} x {a:.6} (z, y, x); the {by} counts"));
    }
    let exact: [f64; 3] = std::array::from_fn(|k| if differs(k) { lengths[k] } else { sides[k] });
    g.by = by;
    g.spacing = spacing(h, exact, unit);
    g.patient_grid = g.spacing.map(|_| patient_grid(&affine, lengths, unit));
    g
}

fn oblique(skew: f64) -> String {
    let degrees = libm::asin(skew.min(1.0)).to_degrees();
    format!("the axes of the sform are {degrees:.2} degrees off right angles")
}

/// Number of axes in space that have more than one voxel, counted from x on; at least two.
fn axes(h: &Header) -> usize {
    if h.sizes.get(2).is_some_and(|n| *n > 1) { 3 } else { 2 }
}

/// Millimetres in a unit of length, and whether it is the micrometre.
#[derive(Clone, Copy)]
struct Length {
    mm: f64,
    micro: bool,
}

fn unit(h: &Header, notes: &mut Vec<String>) -> Length {
    match h.units & 7 {
        1 => Length { mm: 1000.0, micro: false },
        2 => Length { mm: 1.0, micro: false },
        3 => Length { mm: 0.001, micro: true },
        code => {
            let names = if code == 0 { "no unit of length" } else { "an unknown unit of length" };
            notes.push(format!("the file names {names}; millimetres were taken"));
            Length { mm: 1.0, micro: false }
        }
    }
}

/// Sides in x, y, z become a spacing; a flat image without a thickness gets that of its pixels.
fn spacing(h: &Header, xyz: [f64; 3], unit: Length) -> Option<Spacing> {
    let z = if axes(h) == 2 && !(xyz[2].is_finite() && xyz[2] > 0.0) { xyz[0] } else { xyz[2] };
    let zyx = [z, xyz[1], xyz[0]];
    if unit.micro { Spacing::um(zyx) } else { Spacing::mm(zyx.map(|v| v * unit.mm)) }
}

fn columns(h: &Header) -> Affine {
    std::array::from_fn(|c| std::array::from_fn(|r| h.matrix[r][c]))
}

/// The rotation of a unit quaternion, its columns as long as the sides of a voxel.
fn quaternion(h: &Header) -> Affine {
    let [mut b, mut c, mut d] = h.quaternion;
    let rest = 1.0 - (b * b + c * c + d * d);
    let a = if rest < 1e-7 {
        // Half a turn: the first part is what rounding left over.
        let long = (b * b + c * c + d * d).sqrt();
        [b, c, d] = [b / long, c / long, d / long];
        0.0
    } else {
        rest.sqrt()
    };
    let x = [a * a + b * b - c * c - d * d, 2.0 * (b * c + a * d), 2.0 * (b * d - a * c)];
    let y = [2.0 * (b * c - a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d + a * b)];
    let z = [2.0 * (b * d + a * c), 2.0 * (c * d - a * b), a * a + d * d - c * c - b * b];
    let side = |k: usize| if h.pixdim[k].abs() > 0.0 { h.pixdim[k].abs() } else { 1.0 };
    let third = if h.pixdim[0] < 0.0 { -side(3) } else { side(3) };
    [x.map(|v| v * side(1)), y.map(|v| v * side(2)), z.map(|v| v * third), h.offset]
}

fn length(v: &[f64; 3]) -> f64 {
    // A column along one axis keeps its very number.
    match v.iter().filter(|p| **p != 0.0).count() {
        1 => v.iter().fold(0.0, |m, p| m + p.abs()),
        _ => dot(v, v).sqrt(),
    }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// All numbers are finite, and the axes span a space.
fn sound(a: &Affine) -> bool {
    let [x, y, z, _] = a;
    let volume =
        x[0] * (y[1] * z[2] - y[2] * z[1]) - x[1] * (y[0] * z[2] - y[2] * z[0]) + x[2] * (y[0] * z[1] - y[1] * z[0]);
    a.iter().flatten().all(|v| v.is_finite()) && volume.abs() > 1e-6 * length(x) * length(y) * length(z)
}

/// The largest cosine between two axes.
fn skew(a: &Affine) -> f64 {
    let cosine = |i: usize, j: usize| (dot(&a[i], &a[j]) / (length(&a[i]) * length(&a[j]))).abs();
    cosine(0, 1).max(cosine(0, 2)).max(cosine(1, 2))
}

/// How far the far corners of two affines are apart in mm, if that is worth a word.
fn apart(s: &Affine, q: &Affine, h: &Header, unit: Length) -> Option<f64> {
    let last = |k: usize| h.sizes.get(k).map_or(0.0, |n| (n - 1) as f64);
    let corner = |a: &Affine, bits: u32| -> [f64; 3] {
        std::array::from_fn(|r| {
            a[3][r] + (0..3).map(|k| if bits >> k & 1 == 1 { last(k) * a[k][r] } else { 0.0 }).sum::<f64>()
        })
    };
    let distance = |bits: u32| {
        let (p, q) = (corner(s, bits), corner(q, bits));
        let d = [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
        dot(&d, &d).sqrt() * unit.mm
    };
    let worst = (0..8).map(distance).fold(0.0, f64::max);
    (worst > 0.1).then_some(worst)
}

/// Turned to left, back, head.
fn patient_grid(a: &Affine, lengths: [f64; 3], unit: Length) -> PatientGrid {
    // Adding 0 turns -0 to 0.
    let lps = |v: [f64; 3]| [0.0 - v[0], 0.0 - v[1], v[2] + 0.0].map(|v| v + 0.0);
    let direction = |k: usize| lps(a[k].map(|v| v / lengths[k]));
    PatientGrid { origin: lps(a[3].map(|v| v * unit.mm)), directions: [direction(2), direction(1), direction(0)] }
}

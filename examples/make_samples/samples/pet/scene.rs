//! The phantom: a torso with organs and hot spheres of known size and uptake, and what a PET scanner makes of it.
//!
//! Places are in mm in the axes of the patient (x to the left, y to the back, z to the head) from the middle of the phantom.

use super::super::field::Field;
use super::super::random::Random;
use uptake::image::PatientGrid;
use uptake::units::{Shape, Spacing};

/// Where the middle of the phantom lies on the table of the scanner.
pub const MIDDLE: [f64; 3] = [3.0, -142.0, -655.0];
/// Samples along each axis of a voxel.
const FINE: usize = 2;
/// Noise at the background: standard deviation over mean. It grows with the root of the uptake.
const NOISE: f64 = 0.06;
const BACKGROUND: f64 = 0.8;

/// A hot sphere, alike all through.
pub struct Sphere {
    pub centre: [f64; 3],
    pub diameter: f64,
    pub suv: f64,
}

const fn sphere(diameter: f64, suv: f64, centre: [f64; 3]) -> Sphere {
    Sphere { centre, diameter, suv }
}

/// The sizes of NEMA NU 2, and one sphere that is little hotter than the liver.
pub const LESIONS: [Sphere; 7] = [
    sphere(10.0, 12.0, [4.0, -72.0, 24.0]),
    sphere(13.0, 8.0, [41.0, 40.0, -61.0]),
    sphere(17.0, 8.0, [2.0, -36.0, 93.0]),
    sphere(22.0, 12.0, [-82.0, 14.0, 83.0]),
    sphere(28.0, 8.0, [86.0, 1.0, 73.0]),
    sphere(37.0, 12.0, [75.0, -21.0, -22.0]),
    sphere(25.0, 3.0, [-61.0, 38.0, -88.0]),
];

/// Uptake that no lesion is.
pub const BLADDER: Sphere = sphere(50.0, 20.0, [1.0, -31.0, -94.0]);
/// Diameter of what is left out around it.
pub const BLADDER_MASK: f64 = 66.0;

/// `sum |d / half|^power = 1` is the surface; an infinite half axis makes a column. Later ones lie over earlier ones.
struct Body {
    suv: f64,
    centre: [f64; 3],
    half: [f64; 3],
    /// 2: ellipsoid. 4: a block with round edges.
    power: u32,
}

const fn body(suv: f64, centre: [f64; 3], half: [f64; 3], power: u32) -> Body {
    Body { suv, centre, half, power }
}

/// Torso, lungs, liver, aorta.
const ORGANS: [Body; 5] = [
    body(BACKGROUND, [0.0, 0.0, 0.0], [165.0, 115.0, f64::INFINITY], 2),
    body(0.4, [-82.0, 5.0, 90.0], [52.0, 78.0, 65.0], 2),
    body(0.4, [86.0, 5.0, 90.0], [48.0, 76.0, 65.0], 2),
    body(2.2, [-84.0, -4.0, -14.0], [52.0, 60.0, 47.0], 4),
    body(1.5, [16.0, 48.0, 0.0], [12.0, 12.0, f64::INFINITY], 2),
];

impl Body {
    /// Distance in mm from the surface, positive inside; exact for spheres, close for others.
    fn depth(&self, p: [f64; 3]) -> f64 {
        let u: [f64; 3] = std::array::from_fn(|a| ((p[a] - self.centre[a]) / self.half[a]).abs());
        let raised = |u: f64, power: u32| if power == 4 { u * u * u * u } else { u * u };
        let sum: f64 = u.iter().map(|u| raised(*u, self.power)).sum();
        let (size, slope) = match self.power {
            4 => (sum.sqrt().sqrt(), u.map(|u| u * u * u)),
            _ => (sum.sqrt(), u),
        };
        if size < 1e-6 {
            return f64::INFINITY;
        }
        let steep: f64 = slope.iter().zip(self.half).map(|(s, half)| (s / half) * (s / half)).sum();
        let divisor = if self.power == 4 { size * size * size } else { size };
        (1.0 - size) * divisor / steep.sqrt()
    }
}

/// The grid that a scan samples the patient on.
#[derive(Clone, Copy)]
pub struct Grid {
    pub shape: Shape,
    pub spacing: Spacing,
    pub patient_grid: PatientGrid,
}

impl Grid {
    /// From the middle of the phantom.
    fn place(&self, zyx: [f64; 3]) -> [f64; 3] {
        let p = self.patient_grid.at(&self.spacing, zyx);
        std::array::from_fn(|a| p[a] - MIDDLE[a])
    }

    /// True SUV at a place: the part of each body in a cube of `side` mm there.
    fn uptake(bodies: &[Body], p: [f64; 3], side: f64) -> f64 {
        bodies.iter().fold(0.0, |v, body| {
            if (0..3).any(|a| (p[a] - body.centre[a]).abs() > body.half[a] + side) {
                return v;
            }
            let part = (0.5 + body.depth(p) / side).clamp(0.0, 1.0);
            v + part * (body.suv - v)
        })
    }

    /// SUV as a scanner with a resolution of `fwhm` mm shows it.
    pub fn scan(&self, fwhm: f64, random: &mut Random) -> Vec<f64> {
        let fine = Shape::new(self.shape.z * FINE, self.shape.y * FINE, self.shape.x * FINE);
        let side = self.spacing.zyx.iter().sum::<f64>() / 3.0 / FINE as f64;
        let hot = LESIONS.iter().chain([&BLADDER]).map(|s| body(s.suv, s.centre, [s.diameter / 2.0; 3], 2));
        let bodies: Vec<Body> = ORGANS.into_iter().chain(hot).collect();
        let mut field = Field::dark(fine);
        for (i, v) in field.v.iter_mut().enumerate() {
            let at = fine.position(i).map(|i| (i as f64 + 0.5) / FINE as f64 - 0.5);
            *v = Self::uptake(&bodies, self.place(at), side);
        }
        // 2 sqrt(2 ln 2) standard deviations are one full width at half maximum.
        let sigma = fwhm / (8.0 * std::f64::consts::LN_2).sqrt();
        field.blur(self.spacing.zyx.map(|s| sigma * FINE as f64 / s));
        let mut seen = Field::dark(self.shape);
        for (i, v) in field.v.iter().enumerate() {
            let [z, y, x] = fine.position(i).map(|i| i / FINE);
            seen.v[self.shape.index(z, y, x)] += v / (FINE * FINE * FINE) as f64;
        }
        let grain = Field::grain(self.shape, [0.5; 3], random);
        let noisy = |(v, g): (&f64, &f64)| (v + NOISE * (BACKGROUND * (v + 0.01)).sqrt() * g).max(0.0);
        seen.v.iter().zip(&grain.v).map(noisy).collect()
    }

    /// Number of the sphere that the centre of each voxel is in, from 1 on; 0 outside.
    pub fn labels(&self, spheres: &[&Sphere]) -> Vec<u8> {
        let inside = |p: [f64; 3], s: &Sphere| {
            let d2: f64 = (0..3).map(|a| (p[a] - s.centre[a]) * (p[a] - s.centre[a])).sum();
            d2 <= s.diameter * s.diameter / 4.0
        };
        let label = |i: usize| {
            let p = self.place(self.shape.position(i).map(|i| i as f64));
            spheres.iter().position(|s| inside(p, s)).map_or(0, |k| k as u8 + 1)
        };
        (0..self.shape.len()).map(label).collect()
    }
}

//! Local intensity (IBSI:9ST6): means over spheres of 1 ml around voxels of the region.
//!
//! A sphere holds the voxels of the box whose centres lie within its radius of the centre of its middle voxel. It may reach
//! past the region, so the box should too; at the edge of the box the mean is that of the voxels inside. Integer samples are
//! summed exactly, as for SUVpeak.

use super::region::{Intensities, Region};
use super::{average, plain};
use crate::measure::peak::{Seen, Sphere};
use crate::measure::{CHANNEL_UNIT, Feature};
use crate::units::Shape;
use std::f64::consts::PI;

/// What local intensity is computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    local: f64,
    global: f64,
}

/// The values of [`FEATURES`]. `ml` is the volume of 1 ml in the unit of the spacing: 1000 for mm.
pub fn values(region: &Region, ml: f64) -> Vec<Option<f64>> {
    average(FEATURES, std::iter::once(Facts::of(region, ml)))
}

/// More voxels in a sphere than this would take too long to go over.
const MOST: f64 = 1e5;

impl Facts {
    fn of(region: &Region, ml: f64) -> Option<Self> {
        let voxel: f64 = region.spacing.iter().product();
        let [_, highest] = region.extremes()?;
        let radius = libm::cbrt(3.0 * ml / (4.0 * PI));
        match &region.intensities {
            _ if ml / voxel > MOST => None,
            Intensities::Samples(samples, scale) => {
                let sphere = Sphere::new(radius, region.spacing);
                let hot: Vec<usize> = region.measured().filter(|&i| region.intensities.at(i) == highest).collect();
                let seen = Seen { samples, shape: region.shape, left_out: &[] };
                let local = sphere.highest_at(&hot, &seen)?;
                let global = sphere.highest_along(&region.measured_runs(), &seen)?;
                Some(Facts { local: scale.value(local.mean()), global: scale.value(global.mean()) })
            }
            Intensities::Real(values) => {
                let rows = sphere(radius, region.spacing);
                let (mut local, mut global) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
                for i in region.measured() {
                    let mean = mean_around(values, region.shape, i, &rows);
                    global = global.max(mean);
                    if values[i] == highest {
                        local = local.max(mean);
                    }
                }
                Some(Facts { local, global })
            }
        }
    }
}

/// Rows of a sphere: z, y, and how far it reaches along x. Its border belongs to it, up to rounding.
fn sphere(radius: f64, spacing: [f64; 3]) -> Vec<[isize; 3]> {
    let within = radius * radius * (1.0 + 1e-9);
    let square = |d: isize, a: usize| (d as f64 * spacing[a]) * (d as f64 * spacing[a]);
    let [sz, sy, sx] = spacing.map(|side| (radius / side) as isize + 1);
    let places = (-sz..=sz).flat_map(|z| (-sy..=sy).map(move |y| (z, y)));
    let row = |(z, y)| {
        let reach = (0..=sx).take_while(|&x| square(z, 0) + square(y, 1) + square(x, 2) <= within).last();
        reach.map(|reach| [z, y, reach])
    };
    places.filter_map(row).collect()
}

/// Voxels without a finite intensity do not count; the middle has one.
fn mean_around(values: &[f64], shape: Shape, i: usize, rows: &[[isize; 3]]) -> f64 {
    let [z, y, x] = shape.position(i);
    let (mut sum, mut n) = (0.0, 0u32);
    for &[dz, dy, reach] in rows {
        let (Some(z), Some(y)) = (z.checked_add_signed(dz), y.checked_add_signed(dy)) else { continue };
        if z >= shape.z || y >= shape.y {
            continue;
        }
        let reach = reach.unsigned_abs();
        let row = &values[shape.index(z, y, 0)..][..shape.x];
        for v in row[x.saturating_sub(reach)..(x + reach + 1).min(shape.x)].iter().filter(|v| v.is_finite()) {
            sum += v;
            n += 1;
        }
    }
    sum / f64::from(n)
}

const NO_SPHERE: &str = "the region has no voxel with an intensity, or voxels are too small for a sphere of 1 ml";

const fn peak(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { unit: CHANNEL_UNIT, ..plain(name, standard, definition, NO_SPHERE, get) }
}

/// The features of local intensity.
pub const FEATURES: &[Feature<Facts>] = &[
    peak(
        "local_intensity_peak",
        "IBSI:VJGA",
        "Mean intensity in the sphere of 1 ml around the highest voxel, the highest mean if there are several",
        |f| Some(f.local),
    ),
    peak(
        "global_intensity_peak",
        "IBSI:0F91",
        "Highest mean intensity in a sphere of 1 ml with its centre in the region",
        |f| Some(f.global),
    ),
];

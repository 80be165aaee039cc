//! Zernike moments of a 2-D object's intensity up to order 9: magnitude and phase (CellProfiler's
//! MeasureObjectIntensityDistribution).
//!
//! As in the family `zernike`, each pixel counted with its value, and over the number of pixels in place of the area of the
//! circle. Values are counted in the full scale, so magnitudes of different cameras can be compared. CellProfiler measures the
//! angle from y to x, and gives as phase the angle whose sine is the real part: so does this family. Pixels on the circle that are
//! rounded to beyond it are left out, as there (`circle`).

use super::Request;
use super::circle::{self, Within};
use super::family::{Family, Measurer, Objection};
use super::feature::{About, Definition};
use super::full_scale::{self, full_scale};
use super::zernike::{COUNT, moments, orders};
use crate::Result;
use crate::image::Scale;
use crate::simd::wide;
use serde::Deserialize;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["full_scale"];

/// Zernike moments of each channel.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RadialZernike {
    /// The value that counts as 1.
    pub full_scale: Option<f64>,
}

wide! {
    /// The values of a run, in parts of the full scale; 0 beyond the circle.
    fn weigh(weights: &mut [f64], samples: &[i32], columns: &[f64], row: f64, scale: Scale, full: f64) {
        for ((weight, &s), column) in weights.iter_mut().zip(samples).zip(columns) {
            let value = scale.value(f64::from(s)) / full;
            *weight = if column + row <= 1.0 { value } else { 0.0 };
        }
    }
}

/// With the angle from y to x: i^m times the conjugate.
fn turned(m: usize, [re, im]: [f64; 2]) -> [f64; 2] {
    match m % 4 {
        0 => [re, -im],
        1 => [im, re],
        2 => [-re, im],
        _ => [-im, -re],
    }
}

const EMPTY: &str = "2-D only, and only for more than one pixel";

impl Family for RadialZernike {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        let channel = about.channel.map_or(String::new(), |c| format!("_{c}"));
        let of = |(n, m): (usize, usize)| {
            let define = |name: String, unit: &str, definition: &str, standard: &str, empty| Definition {
                name,
                unit: unit.into(),
                type_name: "real",
                definition: definition.into(),
                standard: standard.into(),
                empty,
            };
            [
                define(
                    format!("radial_zernike_magnitude_{n}_{m}{channel}"),
                    "1",
                    "Magnitude of the Zernike moment of the values, in parts of the full scale, over the number of pixels",
                    "CellProfiler:RadialDistribution_ZernikeMagnitude",
                    EMPTY,
                ),
                define(
                    format!("radial_zernike_phase_{n}_{m}_rad{channel}"),
                    "rad",
                    "Angle of the Zernike moment of the values whose sine is its real part, from -pi to pi",
                    "CellProfiler:RadialDistribution_ZernikePhase",
                    "2-D only, and only where the magnitude is not 0",
                ),
            ]
        };
        orders().flat_map(of).collect()
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let full = |c| full_scale(c, self.full_scale);
        let full = request.channels.iter().map(full).collect::<Result<Vec<_>>>()?;
        Ok(Box::new(move |of, values| {
            let is_wanted = of.is_flat() && !request.channels.is_empty();
            let circle = if is_wanted { circle::smallest(of.corners()) } else { None };
            let within = circle.as_ref().map(|circle| (circle, Within::of(&of.object, circle)));
            for ((channel, samples), full) in of.channels().zip(&full) {
                let Some((circle, within)) = &within else {
                    values.reals(vec![None; 2 * COUNT]);
                    continue;
                };
                let mut rest = &samples[..];
                let moments = moments(&of.object, circle, |place, weights| {
                    let (run, after) = rest.split_at(weights.len());
                    rest = after;
                    let (row, columns) = within.squares(place);
                    weigh(weights, run, columns, row, channel.volume.scale, *full);
                });
                let of_moment = |((_, m), z)| {
                    let [re, im] = turned(m, z);
                    let magnitude = (re * re + im * im).sqrt() / samples.len() as f64;
                    [Some(magnitude), (magnitude > 0.0).then(|| libm::atan2(re, im))]
                };
                values.reals(orders().zip(moments).flat_map(of_moment));
            }
            Ok(())
        }))
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        full_scale::check(self.full_scale)
    }
}

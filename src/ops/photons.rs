//! Whether the noise of an image is that of counted photons.
//!
//! Light has noise of its own, more of it where there is more light, and from pixel to pixel without order, as a camera counts it. What a filter, a
//! resized picture, a mosaic or JPEG makes of noise is shared by neighbours, and read-out noise is the same all over.
//!
//! Looked at are sixth differences (weights 1, -6, 15, -20, 15, -6, 1), which hardly see what optics have drawn, and of these the half that is closest to 0, which
//! edges are no part of: along rows and along columns, at up to 2^15 places.
//!
//! - How far they rise: those in the brightest third of the places over those in the darkest. How bright it is at a place the two lines to either side
//!   say, not the pixels of the difference itself.
//! - How alike neighbours are where it is bright: the sum of a difference and that in the next line, over what these differ by. 1 for noise without order (0.96 to
//!   1.06 is seen); of noise with a blur of half a pixel it is 1.3, with one of 0.7 px 1.9; and less than 1 for what was sharpened.
//!
//! On the host; sums are of integers, so exact. Reference: this project.

use super::noise::{Along, BOTH};
use crate::Result;
use crate::image::Volume;

/// A look is at so many places, about.
const SOME: usize = 1 << 15;
/// Fewer places say nothing.
const LEAST: usize = 1 << 12;
/// Noise that rises by less is the same all over: by chance it is up to 1.05 where a look is at many places, and 1.15 where they are few.
const RISES: f64 = 1.2;
/// Noise without order, by how alike neighbours are.
const WHITE: (f64, f64) = (0.9, 1.15);
/// The weights of the pixels of a sixth difference.
const WEIGHTS: [i64; 7] = [1, -6, 15, -20, 15, -6, 1];

/// Whether noise is without order, and rises with light, along rows and along columns of a plane.
///
/// # Errors
/// The image is on a device.
pub fn shows_photons(plane: &Volume) -> Result<bool> {
    let [rows, columns] = BOTH.map(|along| Noise::of(plane, along));
    Ok([rows?, columns?].iter().flatten().filter(|noise| noise.is_of_photons()).count() == BOTH.len())
}

/// What the differences along some lines show.
struct Noise {
    /// How far they rise with light.
    rise: f64,
    /// How alike neighbours are.
    alike: f64,
}

impl Noise {
    /// Nothing where places are few, or most have no noise.
    fn of(plane: &Volume, along: Along) -> Result<Option<Self>> {
        let samples = plane.samples.host()?;
        let (y, x) = (plane.shape.y, plane.shape.x);
        // The length of lines and the way to the next pixel in one; and how many lines there are, and the way to the next.
        let [(length, step), (lines, next)] = match along {
            Along::Rows => [(x, 1), (y, x)],
            Along::Columns => [(y, x), (x, 1)],
        };
        let (length, lines) = (length.saturating_sub(WEIGHTS.len() - 1), lines.saturating_sub(4));
        let count = length * lines;
        if count < LEAST {
            return Ok(None);
        }
        let pixel = |at: usize, k: usize| i64::from(samples[at + k * step]);
        let difference = |at: usize| WEIGHTS.iter().enumerate().map(|(k, weight)| weight * pixel(at, k)).sum::<i64>();
        let place = |i: usize| {
            let first = (i / length) * next + (i % length) * step;
            let middle = first + 2 * next;
            let beside = [0, 1, 3, 4].map(|line| (2..5).map(|k| pixel(first + line * next, k)).sum::<i64>());
            (beside.iter().sum(), difference(middle), difference(middle + next))
        };
        let mut places: Vec<(i64, i64, i64)> = (0..count).step_by((count / SOME) | 1).map(place).collect();
        places.sort_unstable();
        let third = places.len() / 3;
        let bright = &places[places.len() - third..];
        let [dark, loud] = [&places[..third], bright].map(|those| least_half(those.iter().map(|p| p.1)));
        let [apart, together] = [-1, 1].map(|sign| least_half(bright.iter().map(|p| p.1 + sign * p.2)));
        Ok((dark > 0.0 && apart > 0.0).then(|| Noise { rise: loud / dark, alike: together / apart }))
    }

    fn is_of_photons(&self) -> bool {
        self.rise >= RISES && (WHITE.0..=WHITE.1).contains(&self.alike)
    }
}

/// The sum of the half of these that is closest to 0.
fn least_half(differences: impl Iterator<Item = i64>) -> f64 {
    let mut all: Vec<u64> = differences.map(i64::unsigned_abs).collect();
    let half = all.len() / 2;
    all.sort_unstable();
    all[..half].iter().sum::<u64>() as f64
}

#[cfg(test)]
mod tests {
    //! Oracle: noise of which it is known how it came about.
    use super::*;
    use crate::units::Shape;

    const SIDE: usize = 160;

    /// Numbers without order, nearly normal, with a deviation of 1.
    fn normal() -> Vec<f64> {
        let mut state = 7u64;
        let mut number = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        (0..SIDE * SIDE).map(|_| (0..12).map(|_| number()).sum::<f64>() - 6.0).collect()
    }

    /// Between two lines and two columns each, as a picture that is moved by half a pixel.
    fn between_pixels(values: &[f64]) -> Vec<f64> {
        let at = |y: usize, x: usize| values[y % SIDE * SIDE + x % SIDE];
        let mean = |(y, x): (usize, usize)| (at(y, x) + at(y, x + 1) + at(y + 1, x) + at(y + 1, x + 1)) / 4.0;
        (0..SIDE * SIDE).map(|i| mean((i / SIDE, i % SIDE))).collect()
    }

    fn shows(values: &[f64]) -> bool {
        let samples = values.iter().map(|v| v.round() as i32).collect();
        shows_photons(&Volume::new(Shape::flat(SIDE, SIDE), samples).unwrap()).unwrap()
    }

    /// Discs of this many photons on a ground of 20 with this much noise of the camera.
    fn discs(photons: f64, camera: f64) -> Vec<f64> {
        let light = |i: usize| {
            let far = ((i / SIDE % 20) as f64 - 9.5).hypot((i % SIDE % 20) as f64 - 9.5);
            20.0 + photons / (1.0 + (far - 7.0).exp())
        };
        let seen = |(i, n): (usize, f64)| 300.0 + light(i) + n * (light(i) + camera * camera).sqrt();
        normal().into_iter().enumerate().map(seen).collect()
    }

    #[test]
    fn light_is_told_by_its_noise() {
        assert!(shows(&discs(200.0, 0.0)) && shows(&discs(40.0, 3.0)));
        assert!(!shows(&discs(40.0, 30.0)), "read-out noise hides it");
        assert!(!shows(&discs(0.0, 3.0)), "as bright all over");
        assert!(!shows(&between_pixels(&discs(200.0, 0.0))), "noise that neighbours share");
        assert!(!shows(&vec![7.0; SIDE * SIDE]), "one value");
    }

    #[test]
    fn skewed_noise_that_a_filter_has_left_is_no_light() {
        for of in [|n: f64| 500.0 * n.exp(), |n: f64| 500.0 * n * n] {
            let blurred = between_pixels(&normal().into_iter().map(of).collect::<Vec<_>>());
            assert!(!shows(&blurred));
        }
    }

    #[test]
    fn few_pixels_say_nothing() {
        let small = Volume::new(Shape::flat(30, 30), vec![7; 900]).unwrap();
        assert!(!shows_photons(&small).unwrap());
        let line = Volume::new(Shape::flat(1, 5000), (0..5000).collect()).unwrap();
        assert!(!shows_photons(&line).unwrap());
    }
}

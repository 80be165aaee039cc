//! How alike neighbours are: whether what an image holds is wider than a pixel.
//!
//! `1 - D1 / Dk`, with `D` the sum of the squares of second differences of neighbours, and over a lag of k voxels. It is 0 for noise that is
//! independent from pixel to pixel, however it is distributed and however the ground slopes, and near 1 for what is as wide as the lag: objects, and noise
//! that a filter has left. Rows and columns are looked at apart, and the less alike count. Sums are of integers, so exact.
//!
//! On the host. Reference: this project.

use super::noise::{Along, BOTH, differences};
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use rayon::prelude::*;

/// How alike neighbours are in an image on the host, up to 1; 0 where lines are too short for the lag, or nothing differs.
///
/// # Errors
/// The image is on a device.
pub fn likeness(image: &Volume, lag: usize) -> Result<f64> {
    let [rows, columns] = BOTH.map(|along| likeness_along(image, lag, along));
    Ok(rows?.min(columns?))
}

fn likeness_along(image: &Volume, lag: usize, along: Along) -> Result<f64> {
    if lag == 0 || !along.has(image.shape, lag) {
        return Ok(0.0);
    }
    let sum = |lag: usize| -> Result<f64> {
        let all = differences(&Device::Cpu, image, lag, along)?;
        let square = |d: &i32| u128::from(d.unsigned_abs()).pow(2);
        Ok(all.samples.host()?.par_iter().map(square).sum::<u128>() as f64 / all.samples.len() as f64)
    };
    let far = sum(lag)?;
    Ok(if far > 0.0 { 1.0 - sum(1)? / far } else { 0.0 })
}

#[cfg(test)]
mod tests {
    //! Oracle: what is known of noise and of squares.
    use super::*;
    use crate::units::Shape;

    fn image(of: impl Fn(usize, usize) -> i32) -> Volume {
        let shape = Shape::flat(120, 120);
        let sample = |i: usize| of(i / 120, i % 120);
        Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap()
    }

    /// A number below 1000 for each pixel, without order.
    fn random(y: usize, x: usize) -> i32 {
        let mut n = (y * 120 + x) as u32 ^ 0x9e37_79b9;
        for _ in 0..3 {
            n = (n ^ (n >> 16)).wrapping_mul(0x045d_9f3b);
        }
        (n % 1000) as i32
    }

    #[test]
    fn pixels_are_unlike_in_noise_and_alike_in_objects() {
        let noise = |of: fn(i32) -> i32| likeness(&image(|y, x| of(random(y, x))), 6).unwrap();
        assert!(noise(|n| n).abs() < 0.05 && noise(|n| n.pow(2) / 1000).abs() < 0.05);
        let slope = likeness(&image(|y, x| random(y, x) + 50 * y as i32), 6).unwrap();
        assert!(slope.abs() < 0.05, "{slope}");
        let squares =
            likeness(&image(|y, x| if y % 12 < 6 && x % 12 < 6 { 9000 } else { 0 } + random(y, x)), 6).unwrap();
        assert!(squares > 0.7, "{squares}");
        assert_eq!(likeness(&image(|_, _| 7), 6).unwrap(), 0.0);
        assert_eq!(likeness(&image(random), 60).unwrap(), 0.0);
    }
}

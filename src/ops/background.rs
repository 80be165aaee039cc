//! Background estimate for bright objects: what an opening leaves, smoothed.
//!
//! `bg = G(smooth) of opening(G(presmooth) of src, box of half-width round(radius))`, G a Gaussian cut at three sigmas.
//! The first Gaussian keeps noise from pulling the background down; the box must be wider than the objects, so a radius
//! of twice their diameter is usual; the second Gaussian takes the corners off the box. Only planes are looked at:
//! slices of a stack may differ in haze.
//! Bit budget: that of its parts. Reference: Sternberg (1983), by boxes instead of balls;
//! `scipy.ndimage.grey_opening` and `gaussian_filter`.

use super::gaussian::{Gaussian, gaussian};
use super::morphology::{Element, opening};
use super::op::words;
use super::{Case, Op};
use crate::device::Device;
use crate::image::Volume;
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "background",
    summary: "Background estimate: smoothed opening",
    reference: "scipy.ndimage.grey_opening, gaussian_filter",
    kernels: &[],
    uses: &[&super::gaussian::OP, &super::morphology::OP],
    cases: &[
        Case {
            name: "a box smaller than the objects",
            run: |d, i| {
                let p = Background { radius: 3.0, presmooth: 0.7, smooth: 2.0 };
                words(d, background(d, &i.volume(d)?, &p)?)
            },
        },
        Case {
            name: "objects of 10 px",
            run: |d, i| words(d, background(d, &i.volume(d)?, &Background::of_diameter(10.0))?),
        },
    ],
};

/// Parameters of a background estimate, in pixels of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Background {
    /// Half-width of the box, rounded to whole pixels.
    pub radius: f64,
    /// Sigma of the Gaussian before the opening.
    pub presmooth: f64,
    /// Sigma of the Gaussian after the opening.
    pub smooth: f64,
}

impl Background {
    /// For objects of about this diameter in pixels.
    pub fn of_diameter(d: f64) -> Self {
        Background { radius: 2.0 * d, presmooth: (0.1 * d).max(1.0), smooth: d }
    }
}

/// The background, of the same scale as the volume.
///
/// # Errors
/// A radius that is not a number, negative or over 10000 px; a sigma that [`gaussian`] refuses; the device is lost or
/// too small.
pub fn background(device: &Device, src: &Volume, p: &Background) -> Result<Volume> {
    if !(0.0..=10_000.0).contains(&p.radius) {
        return Err(Error::usage(format!("a background of radius {} px", p.radius)).remedy("0 to 10000 px"));
    }
    let radius = p.radius.round() as usize;
    let smooth = gaussian(device, src, &Gaussian::new([0.0, p.presmooth, p.presmooth]))?;
    let floor = opening(device, &smooth, &Element::Box([0, radius, radius]))?;
    gaussian(device, &floor, &Gaussian::new([0.0, p.smooth, p.smooth]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Shape;

    /// Invariant: on a tilted plane with bright spots the estimate is the plane.
    #[test]
    fn spots_vanish_from_a_tilted_plane() {
        let shape = Shape::flat(120, 150);
        let plane = |y: usize, x: usize| 1000 + 5 * x as i32 + 3 * y as i32;
        let samples = (0..shape.len()).map(|i| {
            let [_, y, x] = shape.position(i);
            let spot = (y % 40).abs_diff(20).pow(2) + (x % 50).abs_diff(25).pow(2) < 30;
            plane(y, x) + if spot { 20_000 } else { 0 }
        });
        let v = Volume::new(shape, samples.collect()).unwrap();
        let bg = background(&Device::Cpu, &v, &Background { radius: 18.0, presmooth: 1.0, smooth: 6.0 }).unwrap();
        let bg = bg.samples.host().unwrap();
        for y in 30..90 {
            for x in 40..110 {
                let error = bg[shape.index(0, y, x)] - plane(y, x);
                assert!((-160..60).contains(&error), "{y} {x}: {error}");
            }
        }
    }
}

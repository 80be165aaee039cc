//! `landscape`: `L = sum of d(m) and of d(m and S > f M)` for five heights f, never below half a pixel times six.

use super::naive::{dilate, root, squared_distance};
use super::{Image, any_image, cases, tries};
use proptest::prelude::*;
use uptake::device::Device;
use uptake::image::Volume;
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::ops::landscape::{Sizes, landscape};
use uptake::units::Shape;

/// The heights, which the operation has in 256ths.
const HEIGHTS: [f64; 5] = [0.35, 0.45, 0.55, 0.65, 0.75];

fn saturated(v: i64) -> i32 {
    v.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// Lengths of the plane along z, y, x.
fn along(px: f64, z_step: f64) -> [f64; 3] {
    [px / z_step, px, px]
}

fn blur(samples: &[i32], shape: Shape, sigma: f64, z_step: f64) -> Vec<i32> {
    let volume = Volume::new(shape, samples.to_vec()).unwrap();
    let smooth = gaussian(&Device::Cpu, &volume, &Gaussian::new(along(sigma, z_step))).unwrap();
    smooth.samples.host().unwrap().to_vec()
}

/// Distance to the outside in pixels of the plane, in steps of which `steps` are a pixel.
fn depth(mask: &[u8], shape: Shape, weights: [u32; 3]) -> (Vec<i32>, f64) {
    // Six binary places; a weight of 4 in the plane stands for one of them already, one of 16 for two.
    let places = 6 - f64::from(weights[2]).sqrt().log2().floor() as u32;
    let map = squared_distance(mask, shape, weights).into_iter().map(|d| root(d, places)).collect();
    (map, f64::from(1 << places) * f64::from(weights[2]).sqrt())
}

fn reference(image: &Image, d: f64, z_step: f64, weights: [u32; 3]) -> Vec<i32> {
    let (shape, mask) = (image.mask.shape, image.mask.voxels.host().unwrap());
    // Sharpened: what is finer than half a diameter counts twice.
    let fine = blur(image.volume.samples.host().unwrap(), shape, (0.08 * d).max(0.6), z_step);
    let coarse = blur(&fine, shape, 0.5 * d, z_step);
    let sharpen = |(fine, coarse): (&i32, &i32)| {
        let detail = saturated(i64::from(*fine) - i64::from(*coarse));
        saturated(i64::from(*fine) + i64::from(detail)).max(0)
    };
    let sharp: Vec<i32> = fine.iter().zip(&coarse).map(sharpen).collect();
    let reach = along(0.5 * d, z_step).map(|v| v.round() as usize);
    let peak = blur(&dilate(&sharp, shape, reach), shape, 0.25 * d, z_step);
    let (mut sum, steps) = depth(mask, shape, weights);
    for height in HEIGHTS {
        let share = (height * 256.0).round() as i64;
        let limit = |m: i32| i64::from(m.max(0)) * share / 256;
        let part: Vec<u8> =
            (0..shape.len()).map(|i| u8::from(mask[i] != 0 && i64::from(sharp[i]) > limit(peak[i]))).collect();
        let map = depth(&part, shape, weights).0;
        sum.iter_mut().zip(map).for_each(|(sum, d)| *sum = saturated(i64::from(*sum) + i64::from(d)));
    }
    let least = 6 * (0.5 * steps) as i32;
    sum.iter().map(|v| *v.max(&least)).collect()
}

fn check(image: &Image, diameter: f64, z_step: f64, weights: [u32; 3]) {
    let sizes = Sizes { diameter, z_step, weights };
    let found = landscape(&Device::Cpu, &image.volume, &image.mask, &sizes).unwrap();
    let want = reference(image, diameter, z_step, weights);
    assert!(found.samples.host().unwrap() == want, "{sizes:?} in {}", image.mask.shape);
}

#[test]
fn landscapes_of_the_cases_are_the_sum_of_six_depths() {
    for image in cases() {
        check(&image, 12.0, 1.0, [1; 3]);
        check(&image, 9.0, 2.5, [25, 4, 4]);
    }
}

proptest! {
    #![proptest_config(tries(600))]
    #[test]
    fn landscapes_of_small_images_are_the_sum_of_six_depths(
        image in any_image(),
        diameter in 1.0..40.0f64,
        (z_step, weights) in prop::sample::select(vec![
            (1.0, [1u32; 3]), (2.5, [25, 4, 4]), (3.0, [9, 1, 1]), (0.5, [1, 4, 4]), (2.0, [256, 64, 64]), (1.5, [37, 16, 17]),
        ]),
    ) {
        check(&image, diameter, z_step, weights);
    }
}

//! Oracle: fields whose noise, blur and cut are known. Invariant: what is no cut ground is none.
use super::*;
use crate::ops::dark_side::normal_quantile;
use crate::ops::gaussian::{Gaussian, gaussian};

const SHAPE: Shape = Shape { z: 1, y: 240, x: 240 };

struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
    fn photons(&mut self, mean: f64) -> i32 {
        let (mut product, mut n) = (1.0, -1);
        while product > libm::exp(-mean) {
            product *= self.uniform();
            n += 1;
        }
        n
    }
}

/// Noise of a deviation of 1000 with a blur, `height` deviations of which were taken away.
fn cut(blur: f64, height: f64, seed: u64) -> Volume {
    let mut random = Random(seed);
    let louder = 1000.0 * if blur > 0.0 { 2.0 * PI.sqrt() * blur } else { 1.0 };
    let white = (0..SHAPE.len()).map(|_| (louder * random.normal()) as i32).collect();
    let noise = Volume::new(SHAPE, white).unwrap();
    let noise =
        gaussian(&Device::Cpu, &noise, &Gaussian { truncate: 4.0, ..Gaussian::new([0.0, blur, blur]) }).unwrap();
    let cut = noise.samples.host().unwrap().iter().map(|s| (s - (1000.0 * height) as i32).max(0));
    Volume::new(SHAPE, cut.collect()).unwrap()
}

fn of(samples: Vec<i32>) -> Option<CutGround> {
    CutGround::of(&Volume::new(SHAPE, samples).unwrap()).unwrap()
}

#[test]
fn quantiles_of_the_normal_distribution() {
    for (share, place) in [(0.5, 0.0), (0.158_655_253_931, -1.0), (0.975, 1.959_963_985)] {
        assert!((normal_quantile(share) - place).abs() < 1e-9, "{share}");
    }
}

#[test]
fn share_blur_and_noise_before_the_cut_are_found() {
    for (seed, blur) in [(1, 0.0), (2, 1.0), (3, 1.5), (4, 2.0)] {
        for height in [-1.0, 0.0, 1.0, 1.6] {
            let image = cut(blur, height, seed);
            let found = CutGround::of(&image).unwrap().unwrap();
            assert!((normal_quantile(found.share()) - height).abs() < 0.12, "{blur} {height}: {}", found.share());
            // Of white noise, which crosses a level between all neighbours, it is half a pixel at most.
            let off = if blur == 0.0 { 0.6 } else { 0.3 };
            assert!((found.blur()[1] - blur).abs() < off, "{blur} {height}: {:?}", found.blur());
            let mean = image.samples.host().unwrap().iter().map(|s| f64::from(*s)).sum::<f64>() / SHAPE.len() as f64;
            assert!((found.mean() - mean).abs() < 50.0, "{blur} {height}: {} for {mean}", found.mean());
            let spread = found.spread() / 1000.0;
            assert!((0.85..1.15).contains(&spread), "{blur} {height}: {spread}");
            let noise = found.noise(&Device::Cpu, &image, (3.0 * blur).max(2.0) as usize).unwrap() / 1000.0;
            assert!((0.5..1.4).contains(&noise), "{blur} {height}: {noise}");
        }
    }
}

#[test]
fn what_is_not_cut_off_is_none() {
    let at = |i: usize| SHAPE.position(i).map(|v| v as i32);
    let of_each = |value: &mut dyn FnMut(usize) -> i32| of((0..SHAPE.len()).map(value).collect());
    let mut random = Random(9);
    assert!(of_each(&mut |_| 7).is_none());
    assert!(of_each(&mut |_| (1000.0 + 50.0 * random.normal()) as i32).is_none());
    // A mask of discs of 9 px, and the same discs with noise in them.
    let disc = |i: usize| {
        let [_, y, x] = at(i);
        i32::from((y % 40 - 20).pow(2) + (x % 40 - 20).pow(2) <= 81)
    };
    assert!(of_each(&mut |i| disc(i)).is_none());
    assert!(of_each(&mut |i| disc(i) * (900.0 + 90.0 * random.normal()) as i32).is_none());
    // A mosaic with a frame of zeros.
    assert!(of_each(&mut |i| if at(i)[2] < 90 { 0 } else { (500.0 + 20.0 * random.normal()) as i32 }).is_none());
    for (mean, factor) in [(0.05, 1), (0.3, 1), (0.3, 40), (0.9, 16), (1.5, 1)] {
        assert!(of_each(&mut |_| factor * random.photons(mean)).is_none(), "{mean} photons of {factor}");
    }
    // Photons with brighter objects on them.
    assert!(of_each(&mut |i| random.photons(0.2 + 3.0 * f64::from(disc(i)))).is_none());
}

/// A crowd crosses the cut as noise does, but is not spread as noise is; a field in which light falls off is.
#[test]
fn crowds_are_not_all_noise() {
    let at = |i: usize| SHAPE.position(i).map(|v| v as f64);
    let mut random = Random(5);
    let (mut crowd, mut dense, mut dim, mut falling) = (vec![], vec![], vec![], vec![]);
    for i in 0..SHAPE.len() {
        let [_, y, x] = at(i);
        let from_middle = (y % 13.0 - 6.0).hypot(x % 13.0 - 6.0);
        let light = 60.0 / (1.0 + libm::exp(2.0 * (from_middle - 5.5)));
        crowd.push(random.photons(light + 0.02));
        // As bright as the tail of noise, from nucleus to nucleus.
        let brightness = [6.0, 10.0, 15.0, 22.0, 30.0][((y / 13.0) as usize * 7 + (x / 13.0) as usize * 3) % 5];
        dim.push(4 * random.photons(light / 60.0 * brightness + 0.02));
        dense.push((10.0 * light + 40.0 + 8.0 * random.normal() - 45.0).max(0.0) as i32);
        falling.push((1000.0 * random.normal() - 8.0 * y).max(0.0) as i32);
    }
    for (samples, is_all_noise) in [(crowd, false), (dense, false), (dim, false), (falling, true)] {
        let found = of(samples);
        assert_eq!(found.as_ref().is_some_and(CutGround::is_all_noise), is_all_noise, "{:?}", found.map(|f| f.share()));
    }
}

#[test]
fn images_too_small_to_tell_are_no_trouble() {
    for shape in [Shape::flat(0, 0), Shape::flat(1, 1), Shape::flat(1, 9), Shape::flat(9, 1), Shape::flat(5, 5)] {
        let samples = (0..shape.len()).map(|i| (i as i32 * 7 % 5 - 2).max(0)).collect();
        let image = Volume::new(shape, samples).unwrap();
        if let Some(found) = CutGround::of(&image).unwrap() {
            assert!(found.noise(&Device::Cpu, &image, 5).unwrap().is_finite());
        }
    }
}

//! Oracle: the formulas in floating point, and simulated noise and spots of known places.
use super::*;
use crate::image::Scale;

/// A generator of its own, so that the images never change.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
    /// Photons of a mean.
    fn photons(&mut self, mean: f64) -> f64 {
        let (mut n, mut left) = (-1.0, 1.0);
        while left > libm::exp(-mean) {
            (n, left) = (n + 1.0, left * self.uniform());
        }
        n
    }
    /// Twelve uniform numbers are near enough to a normal one.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Spots of an amplitude at places, on a slope with noise of standard deviation 10.
fn field(shape: Shape, places: &[[f64; 3]], sigma: [f64; 3], amplitude: f64, noise: f64, seed: u64) -> Volume {
    let mut random = Random(seed);
    let value = |i: usize, random: &mut Random| {
        let at = shape.position(i).map(|v| v as f64);
        let spot = |p: &[f64; 3]| {
            let d2: f64 = (0..3).filter(|a| shape.zyx()[*a] > 1).map(|a| ((at[a] - p[a]) / sigma[a]).powi(2)).sum();
            amplitude * libm::exp(-d2 / 2.0)
        };
        300.0 + at[2] + places.iter().map(spot).sum::<f64>() + noise * random.normal()
    };
    let samples = (0..shape.len()).map(|i| value(i, &mut random).round() as i32).collect();
    Volume::new(shape, samples).unwrap()
}

/// The same divided by a number, as floats of 32 bits are read.
fn as_floats(v: &Volume, by: f32) -> Volume {
    let samples = v.samples.host().unwrap();
    let (_, exponent) = libm::frexp(samples.iter().map(|s| f64::from(*s as f32 / by).abs()).fold(0.0, f64::max));
    let read = |s: &i32| libm::ldexp(f64::from(*s as f32 / by), 30 - exponent).round_ties_even() as i32;
    let samples = samples.iter().map(read).collect();
    let scale = Scale::new(libm::ldexp(1.0, exponent - 30), 0.0).unwrap().rounded();
    Volume { scale, ..Volume::new(v.shape, samples).unwrap() }
}

fn found(v: &Volume, scales: &[[f64; 3]]) -> Spots {
    find(&Device::Cpu, v, v, scales).unwrap()
}

#[test]
fn the_response_is_the_laplacian_of_the_smooth_image() {
    let shape = Shape::new(5, 9, 11);
    let samples: Vec<i32> = (0..shape.len() as i32).map(|i| (i * i * 7919 + i * 31) % 4001 - 2000).collect();
    let v = Volume::new(shape, samples).unwrap();
    let sigma = [0.7, 1.4, 1.0];
    let got = response(&Device::Cpu, &v, sigma).unwrap();
    // Range 4000 is 12 bits: 8 more are used.
    let fine = shift_left(&Device::Cpu, &v, 8).unwrap();
    let smooth = gaussian(&Device::Cpu, &fine, &Gaussian { truncate: 4.0, ..Gaussian::new(sigma) }).unwrap();
    let s = smooth.samples.host().unwrap();
    let at = |at: [isize; 3]| {
        let at: [usize; 3] = std::array::from_fn(|a| at[a].clamp(0, shape.zyx()[a] as isize - 1) as usize);
        i64::from(s[shape.index(at[0], at[1], at[2])])
    };
    for i in 0..shape.len() {
        let [z, y, x] = shape.position(i).map(|v| v as isize);
        let here = at([z, y, x]);
        let along = 16 * (2 * here - at([z - 1, y, x]) - at([z + 1, y, x]))
            + 64 * (2 * here - at([z, y - 1, x]) - at([z, y + 1, x]))
            + 33 * (2 * here - at([z, y, x - 1]) - at([z, y, x + 1]));
        assert_eq!(i64::from(got.samples.host().unwrap()[i]), along);
    }
}

#[test]
fn the_widest_range_does_not_overflow() {
    let v =
        Volume::new(Shape::flat(3, 3), vec![i32::MIN, i32::MAX, i32::MIN, 0, i32::MAX, -1, 5, 6, i32::MIN]).unwrap();
    let got = response(&Device::Cpu, &v, [0.0, 0.01, 0.01]).unwrap();
    // 12 bits fall off: the middle is 2^19 - 1.
    let high = i64::from(i32::MAX >> 12);
    let want = 64 * (4 * high - high - i64::from(6 >> 12) - i64::from(-1i32 >> 12));
    assert_eq!(i64::from(got.samples.host().unwrap()[4]), want);
}

#[test]
fn a_peak_is_the_first_of_equals_and_counts_what_it_falls() {
    let peaks = |x: usize, samples: Vec<i32>| {
        let v = Volume::new(Shape::flat(samples.len() / x, x), samples).unwrap();
        peaks(&Device::Cpu, &v, 2, [0.5; 3]).unwrap().samples.host().unwrap().to_vec()
    };
    // 4 falls to 0 and 1: 3/2 of 3.5 in whole quarters. 3 falls to one side alone, by 3.
    assert_eq!(peaks(7, vec![0, 4, 1, 8, 0, 1, 3]), [0, 3, 0, 8, 0, 0, 3]);
    assert_eq!(peaks(5, vec![4, 4, 4, 1, 3]), [0, 0, 0, 0, 3]);
    assert_eq!(peaks(3, vec![0, 0, 0, 0, 9, 5, 0, 0, 0])[4], 9);
    // A ridge of 20 with 24 in its middle, which falls by 4 along it: no peak.
    let ridge = [0, 0, 0, 0, 0, 20, 20, 24, 20, 20, 0, 0, 0, 0, 0];
    assert_eq!(peaks(5, ridge.to_vec())[7], 0);
}

#[test]
fn white_noise_passes_with_the_gain_that_is_worked_out() {
    for (shape, sigma) in [(Shape::flat(200, 200), [0.0, 1.4, 1.4]), (Shape::new(5, 90, 90), [0.8, 1.5, 1.2])] {
        let mut random = Random(5);
        let samples: Vec<i32> = (0..shape.len()).map(|_| (1000.0 * random.normal()) as i32).collect();
        let v = Volume::new(shape, samples).unwrap();
        let left = shifts(&Device::Cpu, &v).unwrap().0;
        let r = response(&Device::Cpu, &v, sigma).unwrap();
        let gain = gain::Gain::new(shape, sigma);
        let edge = |i: &usize| shape.position(*i)[1] == 0 || shape.position(*i)[2] == 0;
        for at_edge in [false, true] {
            let here = (0..shape.len()).filter(|i| edge(i) == at_edge);
            let one = |i: usize| f64::from(r.samples.host().unwrap()[i]) / (1000.0 * f64::from(1 << left) * gain.at(i));
            let squares: Vec<f64> = here.map(|i| one(i).powi(2)).collect();
            let ratio = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
            assert!((ratio - 1.0).abs() < 0.06, "{sigma:?} {at_edge}: {ratio}");
        }
    }
}

#[test]
fn noise_and_flat_images_have_no_spots() {
    for (seed, shape) in [(1, Shape::flat(400, 400)), (2, Shape::flat(400, 300)), (3, Shape::new(20, 90, 90))] {
        let v = field(shape, &[], [1.0; 3], 0.0, 10.0, seed);
        assert!(found(&v, &[[1.0; 3], [1.4; 3], [2.0; 3]]).peaks.len() <= 1);
    }
    for shape in [Shape::flat(1, 1), Shape::flat(1, 40), Shape::flat(40, 40), Shape::new(9, 9, 9)] {
        let flat = Volume::new(shape, vec![7; shape.len()]).unwrap();
        assert_eq!(found(&flat, &[[1.4; 3]]), Spots::default());
        let slope = Volume::new(shape, (0..shape.len()).map(|i| 10 * shape.position(i)[2] as i32).collect()).unwrap();
        assert!(found(&slope, &[[1.4; 3]]).peaks.len() <= 1, "{shape}");
    }
}

#[test]
fn coarse_noise_has_no_spots_either() {
    let shape = Shape::flat(300, 300);
    for seed in [1, 2] {
        let of = |value: &dyn Fn(&mut Random) -> f64| {
            let mut random = Random(seed);
            let v = Volume::new(shape, (0..shape.len()).map(|_| value(&mut random) as i32).collect()).unwrap();
            let floats = as_floats(&v, 255.0);
            found(&v, &[[1.4; 3]]).peaks.len().max(found(&floats, &[[1.4; 3]]).peaks.len())
        };
        for mean in [0.05, 0.1, 0.2, 0.35, 0.5, 0.8] {
            let n = of(&|random| random.photons(mean));
            assert!(n <= 1, "{n} of photons of mean {mean}");
        }
        for sd in [0.3, 0.5] {
            let n = of(&|random| (100.0 + sd * random.normal()).round());
            assert!(n <= 1, "{n} of whole numbers of deviation {sd}");
        }
        for step in [24.0, 64.0] {
            let n = of(&|random| step * ((1000.0 + 10.0 * random.normal()) / step).floor());
            assert!(n <= 1, "{n} in steps of {step}");
        }
    }
}

/// Invariant: what a subtraction that ends at 0 leaves of noise holds no spots either, and takes none away.
#[test]
fn a_ground_that_was_cut_off_has_no_spots_and_keeps_those_on_it() {
    let shape = Shape::flat(240, 240);
    let places: Vec<[f64; 3]> =
        (0..36).map(|i| [0.0, 20.0 + 40.0 * (i / 6) as f64, 20.0 + 40.0 * (i % 6) as f64]).collect();
    for (seed, blur) in [(1, 0.0), (2, 0.0), (3, 1.0), (4, 1.0)] {
        for places in [&[], &places[..]] {
            let mut random = Random(seed);
            let value = |i: usize| {
                let at = shape.position(i).map(|v| v as f64);
                let spot = |p: &[f64; 3]| libm::exp(-((at[1] - p[1]).powi(2) + (at[2] - p[2]).powi(2)) / 3.92);
                (1000.0 * (random.normal() + 15.0 * places.iter().map(spot).sum::<f64>())) as i32
            };
            let image = Volume::new(shape, (0..shape.len()).map(value).collect()).unwrap();
            let smooth = gaussian(&Device::Cpu, &image, &Gaussian::new([0.0, blur, blur])).unwrap();
            let deviation = 1000.0 / f64::max(1.0, 2.0 * std::f64::consts::PI.sqrt() * blur);
            for height in [-0.5, 0.0, 1.0, 1.5] {
                let cut = (height * deviation) as i32;
                let samples = smooth.samples.host().unwrap().iter().map(|s| (s - cut).max(0)).collect();
                let spots = found(&Volume::new(shape, samples).unwrap(), &[[1.4; 3]]);
                let n = spots.peaks.len();
                assert!(n.abs_diff(places.len()) <= 1, "{n} of {}, blur {blur}, cut at {height}", places.len());
                assert!(spots.cut_off.is_some() && spots.of_one_pixel <= 1);
            }
        }
    }
}

/// Oracle: counted photons of spots on a ground that has none, or of which a constant was taken away. They cross the cut as noise with a blur
/// does, and are none.
#[test]
fn spots_on_nothing_are_no_noise() {
    let shape = Shape::flat(240, 240);
    for (seed, spots, peak, ground) in
        [(1, 36, 30.0, 0.0), (2, 100, 100.0, 0.0), (3, 100, 60.0, 0.003), (4, 100, 200.0, 5.0)]
    {
        let mut random = Random(seed);
        let mut place = |_| [0.0, 8.0 + 224.0 * random.uniform(), 8.0 + 224.0 * random.uniform()];
        let mut places: Vec<[f64; 3]> = vec![];
        while places.len() < spots {
            let new = place(());
            let far = |p: &[f64; 3]| (p[1] - new[1]).hypot(p[2] - new[2]) > 8.0;
            if places.iter().all(far) {
                places.push(new);
            }
        }
        let light = |i: usize| {
            let at = shape.position(i).map(|v| v as f64);
            let spot = |p: &[f64; 3]| libm::exp(-((at[1] - p[1]).powi(2) + (at[2] - p[2]).powi(2)) / 3.92);
            ground + peak * places.iter().map(spot).sum::<f64>()
        };
        let mut photons = Random(seed + 10);
        let counted: Vec<f64> = (0..shape.len()).map(|i| photons.photons(light(i)) - 3.0 * ground).collect();
        for factor in [1.0, 4.0] {
            let samples = counted.iter().map(|n| (factor * n.round().max(0.0)) as i32).collect();
            let found = found(&Volume::new(shape, samples).unwrap(), &[[1.4; 3]]).peaks.len();
            assert!(found.abs_diff(spots) <= 1, "{found} of {spots}, {peak} photons on {ground}, times {factor}");
        }
    }
}

/// Photons that an EMCCD multiplies are a pixel each; so the noise has peaks, and they can be told.
#[test]
fn multiplied_photons_are_spots_of_one_pixel() {
    let shape = Shape::flat(240, 240);
    for (seed, mean) in [(1, 0.03), (2, 0.1), (3, 0.3)] {
        let mut random = Random(seed);
        let mut value = |_| {
            let light: f64 =
                (0..random.photons(mean) as usize).map(|_| -50.0 * libm::log(1.0 - random.uniform())).sum();
            (100.0 + 2.0 * random.normal() + light).round() as i32
        };
        let spots = found(&Volume::new(shape, (0..shape.len()).map(&mut value).collect()).unwrap(), &[[1.4; 3]]);
        assert!(10 * spots.of_one_pixel >= 9 * spots.peaks.len(), "{} of {}", spots.of_one_pixel, spots.peaks.len());
    }
    let places: Vec<[f64; 3]> =
        (0..16).map(|i| [0.0, 15.0 + 30.0 * (i / 4) as f64, 15.0 + 30.0 * (i % 4) as f64]).collect();
    for sigma in [0.9, 1.4, 2.0] {
        let spots = found(&field(Shape::flat(120, 120), &places, [sigma; 3], 150.0, 10.0, 7), &[[1.4; 3]]);
        assert_eq!((spots.peaks.len(), spots.of_one_pixel), (16, 0), "{sigma}");
    }
}

#[test]
fn spots_of_few_photons_are_found_whatever_a_photon_counts() {
    let shape = Shape::flat(120, 120);
    let places: Vec<[f64; 3]> =
        (0..16).map(|i| [0.0, 15.0 + 30.0 * (i / 4) as f64, 15.0 + 30.0 * (i % 4) as f64]).collect();
    let mut random = Random(4);
    let mean = |i: usize| {
        let at = shape.position(i).map(|v| v as f64);
        let spot = |p: &[f64; 3]| 5.0 * libm::exp(-((at[1] - p[1]).powi(2) + (at[2] - p[2]).powi(2)) / 3.92);
        0.2 + places.iter().map(spot).sum::<f64>()
    };
    let photons: Vec<i32> = (0..shape.len()).map(|i| random.photons(mean(i)) as i32).collect();
    let of = |factor: i32, offset: i32| {
        let samples = photons.iter().map(|n| factor * n + offset).collect();
        let spots = found(&Volume::new(shape, samples).unwrap(), &[[1.4; 3]]);
        spots.peaks.iter().map(|p| p.voxel).collect::<Vec<_>>()
    };
    let plain = of(1, 0);
    assert_eq!(plain.len(), places.len(), "{plain:?}");
    let floats = as_floats(&Volume::new(shape, photons.clone()).unwrap(), 255.0);
    assert_eq!(found(&floats, &[[1.4; 3]]).peaks.len(), places.len(), "as floats");
    assert!([(16, 0), (257, -1000), (100, 7)].into_iter().all(|(factor, offset)| of(factor, offset) == plain));
}

#[test]
fn spots_are_found_where_they_are_also_at_the_border_and_whatever_the_scale_of_the_samples() {
    let places = [[0.0, 0.0, 30.0], [0.0, 20.0, 20.0], [0.0, 20.0, 25.0], [0.0, 60.0, 99.0], [0.0, 99.0, 0.0]];
    let v = field(Shape::flat(100, 100), &places, [1.4; 3], 100.0, 10.0, 9);
    let spots = found(&v, &[[1.0; 3], [1.4; 3], [2.0; 3], [2.8; 3]]);
    assert_eq!(spots.peaks.len(), places.len());
    for (peak, place) in spots.peaks.iter().zip(places) {
        let at = v.shape.position(peak.voxel).map(|v| v as f64);
        assert!((0..3).all(|a| (at[a] - place[a]).abs() <= 1.0), "{at:?} {place:?}");
    }
    let other = v.samples.host().unwrap().iter().map(|s| 20_000 + 7 * s).collect();
    let other = Volume::new(v.shape, other).unwrap();
    let again: Vec<usize> =
        found(&other, &[[1.0; 3], [1.4; 3], [2.0; 3], [2.8; 3]]).peaks.iter().map(|p| p.voxel).collect();
    assert_eq!(again, spots.peaks.iter().map(|p| p.voxel).collect::<Vec<_>>());
}

#[test]
fn noise_follows_brightness() {
    // Dark to the left with noise of 3, bright to the right with noise of 30.
    let mut random = Random(8);
    let shape = Shape::flat(160, 320);
    let sample = |i: usize| {
        let share = 1.0 / (1.0 + libm::exp((160.0 - shape.position(i)[2] as f64) / 4.0));
        let (base, noise) = (100.0 + 1900.0 * share, 3.0 + 27.0 * share);
        (base + noise * random.normal()).round() as i32
    };
    let v = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
    let ground = ground::Ground::of(&v, None).unwrap();
    let ratio = ground.at(256.0 * 2000.0) / ground.at(256.0 * 100.0);
    assert!((9.0..11.0).contains(&ratio), "{ratio}");
    let spots = found(&v, &[[1.4; 3]]);
    // The slope between them has edges, and no row of spots.
    assert!(spots.peaks.len() <= 2, "{}", spots.peaks.len());
}

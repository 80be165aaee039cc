//! Oracle: values worked out by hand and by sorting.
use super::*;

#[test]
fn a_ramp_has_none_and_a_comb_has_much() {
    let of =
        |samples: Vec<i32>| noise(&Device::Cpu, &Volume::new(Shape::flat(1, samples.len()), samples).unwrap()).unwrap();
    assert_eq!(of((0..50).map(|i| 7 * i).collect()), 0.0);
    assert_eq!(of(vec![0, 5, 0, 5, 0, 5]), 10.0 / (0.6745 * 6f64.sqrt()));
    // One photon of 8 in seven differences, three of which see it.
    assert_eq!(of(vec![0, 0, 0, 0, 8, 0, 0, 0, 0]), 8.0 * (3f64 / 21.0).sqrt());
    // Differences 10, 6: an even number of them.
    assert_eq!(of(vec![0, 5, 0, 1]), 8.0 / (0.6745 * 6f64.sqrt()));
    assert_eq!(of(vec![0, 5]), 0.0);
    assert_eq!(of(vec![i32::MIN, i32::MAX, i32::MIN]), 2147483647.0 / (0.6745 * 6f64.sqrt()));
}

#[test]
fn rows_do_not_run_into_each_other() {
    let v = Volume::new(Shape::flat(2, 3), vec![0, 1, 0, 100, 100, 100]).unwrap();
    assert_eq!(differences(&Device::Cpu, &v, 1, Along::Rows).unwrap().samples.host().unwrap(), [2, 0]);
    let v = Volume::new(Shape::flat(2, 5), vec![0, 9, 1, 9, 0, 7, 0, 7, 0, 9]).unwrap();
    assert_eq!(differences(&Device::Cpu, &v, 2, Along::Rows).unwrap().samples.host().unwrap(), [2, 2]);
    assert_eq!(correlated_noise(&Device::Cpu, &v, 3).unwrap(), 0.0);
}

#[test]
fn columns_are_rows_of_the_turned_image() {
    let samples = vec![3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];
    let turned: Vec<i32> = (0..12).map(|i| samples[i % 3 * 4 + i / 3]).collect();
    let [a, b] = [(Shape::flat(3, 4), samples), (Shape::flat(4, 3), turned)]
        .map(|(shape, samples)| Volume::new(shape, samples).unwrap());
    let of = |v: &Volume, along| {
        let d = differences(&Device::Cpu, v, 1, along).unwrap();
        let mut d = d.samples.host().unwrap().to_vec();
        d.sort_unstable();
        d
    };
    assert_eq!(of(&a, Along::Columns), of(&b, Along::Rows));
    assert_eq!(differences(&Device::Cpu, &a, 1, Along::Columns).unwrap().samples.host().unwrap(), [2, 14, 5, 3]);
    assert_eq!(noise(&Device::Cpu, &a).unwrap(), noise(&Device::Cpu, &b).unwrap());
    // Of whole rows that differ nothing is seen along them.
    let bands = Volume::new(Shape::flat(5, 4), (0..20).map(|i| i / 4 % 2 * 10).collect()).unwrap();
    assert_eq!(noise_along(&Device::Cpu, &bands, Along::Rows).unwrap(), 0.0);
    assert_eq!(noise(&Device::Cpu, &bands).unwrap(), 20.0 / (0.6745 * 6f64.sqrt()));
}

/// What has no noise has edges.
#[test]
fn masks_and_smooth_objects_on_nothing_have_no_noise() {
    let shape = Shape::flat(60, 60);
    let of = |value: fn(f64) -> f64| {
        let height = |i: usize| {
            let [_, y, x] = shape.position(i);
            value((y as f64 - 30.0).hypot(x as f64 - 30.0)).round() as i32
        };
        noise(&Device::Cpu, &Volume::new(shape, (0..shape.len()).map(height).collect()).unwrap()).unwrap()
    };
    assert_eq!(of(|r| if r < 12.0 { 255.0 } else { 0.0 }), 0.0);
    assert_eq!(of(|r| (1000.0 - 60.0 * r).max(0.0)), 0.0);
    assert_eq!(of(|r| (5000.0 * libm::exp(-r * r / 60.0)).floor()), 0.0);
}

/// Counted photons, from one in three hundred pixels to one in five.
#[test]
fn the_noise_of_few_photons_is_that_of_counts() {
    let mut state = 5u64;
    for (mean, gain) in [(0.003, 1), (0.003, 40), (0.03, 8), (0.2, 40)] {
        let mut photons = |_| {
            // The product of uniform numbers falls below exp(-mean) after as many of them as Poisson says.
            let (mut product, mut n) = (1.0, -1);
            while product > libm::exp(-mean) {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                product *= (state >> 33) as f64 / f64::from(1u32 << 31);
                n += 1;
            }
            n * gain
        };
        let v = Volume::new(Shape::flat(300, 300), (0..90_000).map(&mut photons).collect()).unwrap();
        let got = noise(&Device::Cpu, &v).unwrap() / (f64::from(gain) * mean.sqrt());
        assert!((0.8..1.25).contains(&got), "{mean} photons of {gain}: {got}");
    }
}

/// The last bit of a quiet image, as whole numbers and divided by 255 as floats of 32 bits are read.
#[test]
fn the_noise_of_few_grey_levels_is_the_same_as_fractions() {
    for deviation in [0.2, 0.25] {
        let hundredths = normal(Shape::flat(200, 240), 100.0 * deviation);
        let levels: Vec<i32> =
            hundredths.samples.host().unwrap().iter().map(|s| (f64::from(*s - 2000) / 100.0).round() as i32).collect();
        let floats = levels.iter().map(|v| libm::ldexp(f64::from(*v as f32 / 255.0), 32).round_ties_even() as i32);
        let of = |samples: Vec<i32>| noise(&Device::Cpu, &Volume::new(hundredths.shape, samples).unwrap()).unwrap();
        let (whole, fractions) = (of(levels.clone()), of(floats.collect()));
        assert!(whole > 0.0, "{deviation}");
        let ratio = fractions / libm::ldexp(1.0, 32) * 255.0 / whole;
        assert!((ratio - 1.0).abs() < 0.03, "{deviation}: {ratio}");
    }
}

/// Sums of twelve uniform numbers are near enough to a normal distribution.
fn normal(shape: Shape, deviation: f64) -> Volume {
    let mut state = 3u64;
    let mut uniform = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    let sample = |_| 5000 + (deviation * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0)).round() as i32;
    Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap()
}

#[test]
fn noise_is_seen_through_smoothing_and_beside_structure() {
    let shape = Shape::flat(200, 240);
    let white = normal(shape, 100.0);
    assert!((noise(&Device::Cpu, &white).unwrap() / 100.0 - 1.0).abs() < 0.03);
    for sigma in [0.7f64, 1.5] {
        let smooth = super::super::gaussian::gaussian(
            &Device::Cpu,
            &white,
            &super::super::gaussian::Gaussian::new([0.0, sigma, sigma]),
        )
        .unwrap();
        let want = 100.0 / (2.0 * std::f64::consts::PI.sqrt() * sigma);
        let lag = (3.0 * sigma).ceil() as usize;
        let got = correlated_noise(&Device::Cpu, &smooth, lag).unwrap() / want;
        assert!((0.8..1.25).contains(&got), "{sigma}: {got}");
        // Neighbours do not see it.
        assert!(noise(&Device::Cpu, &smooth).unwrap() < 0.6 * want);
        // Four discs a hundred times brighter, and a black frame. (In a crowd no block is flat: see `pipeline/mask`.)
        let samples = smooth.samples.host().unwrap().iter().enumerate();
        let scene = samples.map(|(i, s)| {
            let [_, y, x] = shape.position(i);
            let (dy, dx) = (y as i32 % 100 - 50, x as i32 % 120 - 60);
            if x < 30 { 0 } else { s + if dy * dy + dx * dx < 200 { 3000 } else { 0 } }
        });
        let scene = Volume::new(shape, scene.collect()).unwrap();
        let got = correlated_noise(&Device::Cpu, &scene, lag).unwrap() / want;
        assert!((0.7..2.5).contains(&got), "{sigma}, with structure: {got}");
    }
    let still = Volume::new(shape, vec![7; shape.len()]).unwrap();
    assert_eq!(correlated_noise(&Device::Cpu, &still, 5).unwrap(), 0.0);
}

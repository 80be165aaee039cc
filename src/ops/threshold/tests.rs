//! Mechanics and invariants on literal grids; the values of scikit-image are checked in `tests/thresholds.rs`.

use super::*;
use crate::ops::noise::ask;
use crate::units::Shape;
use proptest::prelude::*;

const ALL: [Method; 8] = [
    Method::Percentile(50.0),
    Method::Otsu,
    Method::MultiOtsu { classes: 2, middle: Middle::Foreground },
    Method::MultiOtsu { classes: 2, middle: Middle::Background },
    Method::Li,
    Method::Triangle,
    Method::Yen,
    Method::RobustBackground(Robust { lower: 0.05, upper: 0.05, deviations: 2.0 }),
];

fn volume(samples: &[i32]) -> Volume {
    Volume::new(Shape::flat(1, samples.len()), samples.to_vec()).unwrap()
}

fn chosen(samples: &[i32], method: Method) -> f64 {
    choose(&Device::Cpu, &volume(samples), &method, BinChoice::Unit).unwrap()
}

#[test]
fn two_groups_are_told_apart() {
    let samples = [10, 11, 12, 10, 11, 12, 10, 11, 90, 91, 92];
    for method in [Method::Otsu, Method::Li] {
        let t = chosen(&samples, method);
        let mask = threshold(&Device::Cpu, &volume(&samples), t).unwrap();
        assert_eq!(mask.voxels.host().unwrap(), [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1], "{method:?} chose {t}");
    }
}

/// Oracle: scikit-image 0.26 on the same numbers as 64-bit floats, which it puts into 256 bins. Samples of floats are such
/// integers.
#[test]
fn floats_have_the_bins_of_scikit_image() {
    let mut state = 5u64;
    let mut uniform = || {
        state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
        state as f64 / f64::from(1u32 << 31)
    };
    let sample = |i: usize| {
        let [a, b] = [uniform(), uniform()];
        ((a + b) * 1e6 + if i.is_multiple_of(10) { 9e6 * b } else { 0.0 }) as i32
    };
    let samples: Vec<i32> = (0..6000).map(sample).collect();
    for (method, expected) in [(Method::Triangle, 1_986_013.203_125), (Method::Yen, 1_943_993.671_875)] {
        let found = chosen(&samples, method);
        assert!((found - expected).abs() < 1e-6, "{method:?}: {found}");
    }
}

#[test]
fn one_value_has_no_object_by_any_method() {
    for value in [i32::MIN, -7, 0, 300, i32::MAX] {
        for method in ALL {
            for bins in [BinChoice::Unit, BinChoice::Equal { n: 256, spacing: BinScale::Sqrt, cut: Cut::Edge }] {
                let v = volume(&[value; 9]);
                let t = choose(&Device::Cpu, &v, &method, bins).unwrap();
                assert_eq!(threshold(&Device::Cpu, &v, t).unwrap().voxels.host().unwrap(), [0; 9], "{method:?}");
            }
        }
    }
}

#[test]
fn fractions_and_extremes_compare_exactly() {
    let v = volume(&[i32::MIN, -1, 0, 1, i32::MAX]);
    let above = |t: f64| threshold(&Device::Cpu, &v, t).unwrap().voxels.host().unwrap().to_vec();
    assert_eq!(above(0.0), [0, 0, 0, 1, 1]);
    assert_eq!(above(-0.5), [0, 0, 1, 1, 1]);
    assert_eq!(above(0.99), [0, 0, 0, 1, 1]);
    assert_eq!(above(-2147483648.0), [0, 1, 1, 1, 1]);
    assert_eq!(above(-2147483648.5), [1, 1, 1, 1, 1]);
    assert_eq!(above(2147483647.0), [0, 0, 0, 0, 0]);
    assert_eq!(above(f64::INFINITY), [0, 0, 0, 0, 0]);
    assert!(threshold(&Device::Cpu, &v, f64::NAN).is_err());
}

#[test]
fn three_classes_have_two_thresholds() {
    let v = volume(&[0, 1, 0, 1, 50, 51, 50, 99, 100, 99]);
    assert_eq!(multi_otsu(&Device::Cpu, &v, 3, BinChoice::Unit).unwrap(), [1.0, 51.0]);
    assert!(multi_otsu(&Device::Cpu, &volume(&[1, 2, 1]), 3, BinChoice::Unit).is_err());
}

#[test]
fn percentiles_interpolate() {
    assert_eq!(chosen(&[4, 1, 3, 2], Method::Percentile(50.0)), 2.5);
    assert_eq!(chosen(&[i32::MIN, i32::MAX], Method::Percentile(50.0)), -0.5);
    assert_eq!(chosen(&[10, 20, 30], Method::Percentile(100.0)), 30.0);
}

/// Invariant: what is shifted up, as images of few bits are, has the thresholds of what was stored.
#[test]
fn samples_shifted_up_have_the_same_thresholds() {
    let stored: Vec<i32> = (0..4000).map(|i| (i * i / 7) % 31 + (i % 40 / 39) * (i % 97) + 4).collect();
    for bits in [1, 4, 8, 16, 20] {
        let lifted: Vec<i32> = stored.iter().map(|s| s << bits).collect();
        for method in ALL {
            let got = choose(&Device::Cpu, &volume(&lifted), &method, BinChoice::Lifted(bits)).unwrap();
            let want = chosen(&stored, method) * f64::from(1 << bits);
            assert!((got - want).abs() <= 1e-12 * want, "{method:?}, {bits} bits: {got}, not {want}");
        }
    }
    // A sample in between is a bin of its own.
    let filtered = [0, 256, 257, 512, 512, 512, 768, 1024];
    let of = |bins| choose(&Device::Cpu, &volume(&filtered), &Method::Triangle, bins).unwrap();
    assert_eq!(of(BinChoice::Lifted(8)), of(BinChoice::Unit));
    // Signed samples of 8 bits span 17 bits once they are shifted.
    let signed: Vec<i32> = (0..900).map(|i| (i * i) % 200 - 255 + (i % 50 / 49) * 300).collect();
    let lifted: Vec<i32> = signed.iter().map(|s| s << 8).collect();
    let got = choose(&Device::Cpu, &volume(&lifted), &Method::Triangle, BinChoice::Lifted(8)).unwrap();
    assert_eq!(got, 256.0 * chosen(&signed, Method::Triangle));
}

#[test]
fn adjustments_end_in_the_bounds() {
    let a = Adjust { factor: 2.0, low: 50.0, high: 90.0 };
    assert_eq!([10.0, 30.0, 80.0].map(|t| a.apply(t)), [50.0, 60.0, 90.0]);
}

/// Invariant: few grey levels on any scale, as counts times a gain are, are parted where whole numbers are.
#[test]
fn levels_on_any_scale_are_parted_alike() {
    let levels: Vec<i32> = (0..4000).map(|i| if i % 7 == 0 { 12 + (i * i) % 5 } else { (i * i / 3) % 6 }).collect();
    let above = |samples: &[i32], method: &Method| {
        let v = volume(samples);
        let t = choose(&Device::Cpu, &v, method, BinChoice::Unit).unwrap();
        threshold(&Device::Cpu, &v, t).unwrap().voxels.host().unwrap().to_vec()
    };
    let several = |classes, middle| Method::MultiOtsu { classes, middle };
    let methods =
        [Method::Otsu, several(3, Middle::Foreground), several(4, Middle::Background), Method::Li, Method::Yen];
    for method in methods {
        let want = above(&levels, &method);
        for gain in (1..60).map(|k| 17_000_000 + k * 612_347) {
            let samples: Vec<i32> = levels.iter().map(|level| level * gain + 1000 * (gain % 97)).collect();
            assert_eq!(above(&samples, &method), want, "{method:?}, {gain} samples a level");
        }
    }
}

/// Oracle: classes worked out by hand. What lies on the edge of a bin belongs to the next one.
#[test]
fn whole_bins_go_to_either_side_where_samples_lie_on_their_edges() {
    // One value a bin, two in the last one, with edges at whole numbers: of a slope half goes to either side.
    let bins = BinChoice::Equal { n: 128, spacing: BinScale::Linear, cut: Cut::BelowEdge };
    let t = choose(&Device::Cpu, &volume(&(0..=128).collect::<Vec<_>>()), &Method::Otsu, bins).unwrap();
    assert_eq!(t, 63.0);
    // The same of twice as many whole numbers as there are bins.
    let t = chosen(&(0..=65_536).collect::<Vec<_>>(), Method::Otsu);
    assert_eq!(t, 32_767.0);
}

/// The greatest criterion over every pair of cuts.
fn best_of_all(h: &Histogram) -> f64 {
    let class = |from: usize, to: usize| {
        let n: f64 = h.bins().skip(from).take(to - from).map(|b| b.1).sum();
        let s: f64 = h.bins().skip(from).take(to - from).map(|b| b.1 * b.0).sum();
        if n == 0.0 { 0.0 } else { s * s / n }
    };
    let n = h.counts.len();
    let mut best: f64 = 0.0;
    for a in 1..n - 1 {
        for b in a + 1..n {
            best = best.max(class(0, a) + class(a, b) + class(b, n));
        }
    }
    best
}

proptest! {
    #[test]
    fn divide_and_conquer_finds_the_best_cuts(counts in proptest::collection::vec(0..50u32, 6..40)) {
        let values = (0..counts.len()).map(|v| v as f64).collect();
        let h = Histogram { values, counts, step: 1.0, spacing: BinScale::Linear, cut: Cut::Centre };
        prop_assume!(h.counts.iter().filter(|&&c| c > 0).count() >= 3);
        let cuts = multi_otsu::multi_otsu(&h, 3).unwrap();
        let mut ends = vec![0];
        ends.extend(cuts.iter().map(|c| c + 1));
        ends.push(h.counts.len());
        let got: f64 = ends.windows(2).map(|e| {
            let n: f64 = h.bins().take(e[1]).skip(e[0]).map(|b| b.1).sum();
            let s: f64 = h.bins().take(e[1]).skip(e[0]).map(|b| b.1 * b.0).sum();
            if n == 0.0 { 0.0 } else { s * s / n }
        }).sum();
        let want = best_of_all(&h);
        prop_assert!((got - want).abs() <= 1e-9 * want, "{} against {}", got, want);
    }

    #[test]
    fn ranks_are_those_of_a_sort(mut samples in proptest::collection::vec(any::<i32>(), 1..60)) {
        let v = volume(&samples);
        let ranks: Vec<usize> = (0..samples.len()).collect();
        let got = percentile::at_ranks(&look(&Device::Cpu, &v).unwrap(), &ranks).unwrap();
        samples.sort();
        prop_assert_eq!(got, samples);
    }
}

/// A field of 100 x 100, of which this share has the sample 2000 and specks that one.
fn field(objects: usize, specks: usize, speck: i32) -> Volume {
    let mut state = 5u32;
    let mut noise = || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        (state >> 20) as i32 % 64
    };
    let sample = |i: usize| {
        if i < specks {
            speck
        } else if i < specks + objects {
            2000
        } else {
            100
        }
    };
    // Sums of four are near enough to a normal distribution.
    let samples = (0..10_000).map(|i| sample(i) + (0..4).map(|_| noise()).sum::<i32>()).collect();
    Volume::new(Shape::flat(100, 100), samples).unwrap()
}

#[test]
fn specks_do_not_hide_objects_nor_make_noise_to_some() {
    let bins = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };
    let explained = |v: &Volume| otsu_classes(&Device::Cpu, v, bins).unwrap().explained;
    let found = |v: &Volume, least: f64| {
        let seen = signal_and_noise(&Device::Cpu, v, &Method::Otsu, bins, ask(&Device::Cpu, v).unwrap()).unwrap();
        seen.has_two_classes(least).unwrap()
    };
    for (objects, specks, speck) in [(1500, 20, 20_000), (1500, 20, 60_000), (3000, 90, 30_000), (300, 10, 9000)] {
        assert!(found(&field(objects, specks, speck), NOISE), "{specks} specks of {speck}");
    }
    let hidden = field(1500, 20, 17_000);
    assert!(explained(&hidden) < NOISE && found(&hidden, NOISE) && found(&hidden, EVEN_SLOPE));
    assert!(!found(&field(0, 0, 0), NOISE), "noise alone");
    let flat = Volume::new(Shape::flat(10, 10), vec![7; 100]).unwrap();
    assert!(!found(&flat, NOISE), "nothing");
}

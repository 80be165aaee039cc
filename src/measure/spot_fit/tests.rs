//! Oracle: spots of known parameters.
use super::*;

/// A Gaussian on 500, of a sigma along z, y and x.
fn image(shape: Shape, at: [f64; 3], sigma: [f64; 3], peak: f64) -> Vec<i32> {
    let value = |i: usize| {
        let here = shape.position(i).map(|v| v as f64);
        let far: f64 = (0..3).map(|a| ((here[a] - at[a]) / sigma[a]).powi(2)).sum();
        (500.0 + peak * libm::exp(-far / 2.0)).round() as i32
    };
    (0..shape.len()).map(value).collect()
}

fn fitted(shape: Shape, samples: &[i32], at: [f64; 3], sigma: [f64; 3]) -> Option<Spot> {
    fit(&Start { shape, samples, labels: &[], label: 1, at: at.map(f64::round), sigma, end: None, others: &[] })
}

fn share(found: f64, truth: f64) -> f64 {
    (found / truth - 1.0).abs()
}

#[test]
fn what_was_put_in_is_found() {
    for (shape, at, [plane, deep]) in [
        (Shape::flat(21, 21), [0.0, 10.3, 9.6], [1.7, 1.0]),
        (Shape::new(11, 19, 21), [5.2, 9.8, 10.4], [1.2, 1.9]),
        (Shape::flat(21, 21), [0.0, 0.2, 10.4], [1.5, 1.0]),
    ] {
        let samples = image(shape, at, [deep, plane, plane], 10_000.0);
        let spot = fitted(shape, &samples, at, [1.4; 3]).unwrap();
        assert!((0..3).all(|a| (spot.at[a] - at[a]).abs() < 1e-3), "{spot:?}");
        assert!((spot.plane.unwrap() - plane).abs() < 1e-3);
        assert!(if shape.is_flat() { spot.deep.is_none() } else { (spot.deep.unwrap() - deep).abs() < 1e-3 });
        assert!((spot.peak - 10_000.0).abs() < 5.0 && (spot.background - 500.0).abs() < 2.0, "{spot:?}");
        assert!(spot.noise < 1.0 && spot.explained > 0.999);
    }
}

#[test]
fn along_z_spots_of_any_length_are_found_whatever_the_fit_begins_with() {
    let shape = Shape::new(40, 15, 15);
    for deep in [0.6, 1.0, 1.4, 2.5, 4.0, 5.6] {
        for z in [19.0, 19.5, 20.3] {
            let at = [z, 7.2, 6.9];
            let samples = image(shape, at, [deep, 1.4, 1.4], 900.0);
            for begin in [0.2, 0.28, 0.47, deep, 2.4] {
                if !lies_within(DEEP_SIGMAS, deep / begin) {
                    continue;
                }
                let spot = fitted(shape, &samples, at, [begin, 1.4, 1.4]).unwrap();
                let truth = light(900.0, [1.4, deep], false);
                assert!(share(spot.deep.unwrap(), deep) < 0.01, "{deep} {z} {begin}: {spot:?}");
                assert!(
                    share(spot.light(false), truth) < 0.01 && share(spot.peak, 900.0) < 0.01,
                    "{deep} {z}: {spot:?}"
                );
                assert!((spot.at[0] - z).abs() < 0.02, "{deep} {z} {begin}: {spot:?}");
            }
        }
    }
}

#[test]
fn what_the_slices_do_not_tell_is_not_said() {
    // Two slices, and slices so far apart that one alone has the spot.
    for (shape, z, deep) in [(Shape::new(2, 15, 15), 0.3, 1.0), (Shape::new(9, 15, 15), 4.0, 0.15)] {
        let at = [z, 7.2, 6.9];
        let samples = image(shape, at, [deep, 1.4, 1.4], 900.0);
        let spot = fitted(shape, &samples, at, [deep, 1.4, 1.4]).unwrap();
        assert_eq!(spot.deep, None, "{shape}: {spot:?}");
        // The width in the plane is told, and with the right one along z so is the light.
        assert!(share(spot.plane.unwrap(), 1.4) < 0.01, "{spot:?}");
        assert!(share(spot.light(false), light(900.0, [1.4, deep], false)) < 0.02, "{spot:?}");
    }
    // Half of a spot, in the first slices, tells both.
    let (shape, at) = (Shape::new(9, 15, 15), [-0.4, 7.2, 6.9]);
    let spot = fitted(shape, &image(shape, at, [1.2, 1.4, 1.4], 900.0), at, [0.6, 1.4, 1.4]).unwrap();
    assert!(share(spot.deep.unwrap(), 1.2) < 0.02 && share(spot.light(false), light(900.0, [1.4, 1.2], false)) < 0.02);
}

#[test]
fn where_pixels_are_not_square_spots_are_round_in_true_lengths() {
    for (shape, deep) in [(Shape::flat(17, 21), 1.0), (Shape::new(13, 17, 21), 1.6)] {
        let at = [shape.z as f64 / 2.0 - 0.5, 8.2, 9.7];
        let samples = image(shape, at, [deep, 1.0, 2.0], 900.0);
        // Twice as many pixels along x; begun with a sigma that is somewhat too small.
        let spot = fitted(shape, &samples, at, [deep, 0.9, 1.8]).unwrap();
        assert!(share(spot.plane.unwrap(), 2f64.sqrt()) < 0.005 && share(spot.peak, 900.0) < 0.005, "{spot:?}");
        assert!(spot.explained > 0.999);
    }
}

#[test]
fn what_is_no_spot_is_none() {
    let shape = Shape::flat(15, 15);
    let none = |samples: Vec<i32>| fitted(shape, &samples, [0.0, 7.0, 7.0], [1.4; 3]).is_none();
    assert!(none(vec![9; 225]));
    assert!(none(image(shape, [0.0, 7.0, 7.0], [1.4; 3], -300.0)));
    assert!(none(image(shape, [0.0, 7.0, 11.0], [1.4; 3], 300.0)));
    assert!(fitted(Shape::flat(1, 1), &[5], [0.0; 3], [1.4; 3]).is_none());
}

#[test]
fn light_that_was_cut_off_is_told_by_what_lies_beside() {
    for (shape, at, [deep, plane]) in [
        (Shape::flat(21, 21), [0.0, 10.3, 9.6], [1.0, 1.4]),
        (Shape::flat(21, 21), [0.0, 10.0, 10.5], [1.0, 1.0]),
        (Shape::new(15, 19, 21), [7.2, 9.8, 10.4], [1.9, 1.4]),
    ] {
        for (times, is_told) in [(0.9, true), (1.1, true), (1.5, true), (2.0, true), (3.5, true), (5.0, false)] {
            // What the scale shows above the background is 2000.
            let samples = image(shape, at, [deep, plane, plane], 2000.0 * times);
            let cut: Vec<i32> = samples.iter().map(|s| (*s).min(2500)).collect();
            let start = |end| Start {
                shape,
                samples: &cut,
                labels: &[],
                label: 1,
                at: at.map(f64::round),
                sigma: [deep, 1.3, 1.3],
                end,
                others: &[],
            };
            let spot = fit(&start(Some(2500))).unwrap();
            let truth = light(2000.0 * times, [plane, deep], shape.is_flat());
            assert!((0..3).all(|a| (spot.at[a] - at[a]).abs() < 0.05), "{times}: {spot:?}");
            assert_eq!(spot.is_told, is_told, "{shape} {times}: {spot:?}");
            if is_told {
                assert!(
                    share(spot.light(shape.is_flat()), truth) < 0.02 && share(spot.plane.unwrap(), plane) < 0.01,
                    "{times}: {spot:?}"
                );
            }
            // As long as nobody says where the scale ends.
            if times == 3.5 {
                let plain = fit(&start(None)).unwrap();
                assert!(share(plain.peak, 7000.0) > 0.3, "{plain:?}");
            }
        }
    }
}

#[test]
fn neighbours_have_their_own_light() {
    for (shape, deep) in [(Shape::flat(40, 40), 1.4), (Shape::new(17, 34, 34), 2.0)] {
        for apart in [4.5, 5.0, 6.0, 7.5] {
            let middle = shape.zyx().map(|n| (n / 2) as f64);
            // The second one is dimmer, the third lies by itself.
            let truth = [(middle, 1000.0), ([middle[0], middle[1] + 0.8 * apart, middle[2] + 0.6 * apart], 300.0)];
            let alone = [middle[0], middle[1] - 11.3, middle[2] - 11.3];
            let spots: Vec<Vec<i32>> =
                truth.iter().map(|(at, peak)| image(shape, *at, [deep, 1.4, 1.4], *peak)).collect();
            let samples: Vec<i32> = spots[0].iter().zip(&spots[1]).map(|(a, b)| a + b - 500).collect();
            let starts: Vec<Start> = [truth[0].0, truth[1].0, alone]
                .iter()
                .enumerate()
                .map(|(k, at)| Start {
                    shape,
                    samples: &samples,
                    labels: &[],
                    label: k as u32 + 1,
                    at: at.map(f64::round),
                    sigma: [deep, 1.4, 1.4],
                    end: None,
                    others: &[],
                })
                .collect();
            let found = fit_neighbours(&starts);
            assert_eq!(found.keys().copied().collect::<Vec<_>>(), [0, 1], "{apart}");
            for (k, (at, peak)) in truth.iter().enumerate() {
                let spot = found[&k].unwrap();
                let off = share(spot.light(shape.is_flat()), light(*peak, [1.4, deep], shape.is_flat()));
                assert!(
                    off < 0.05 && (1..3).all(|a| (spot.at[a] - at[a]).abs() < 0.1),
                    "{shape} {apart} {k}: {off} {spot:?}"
                );
            }
        }
    }
}

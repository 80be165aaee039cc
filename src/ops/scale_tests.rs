//! Oracle: sizes worked out by hand.
use super::*;

/// Forty disks of 12 px with two bright spots each, which alone are above Otsu's threshold.
#[test]
fn bright_spots_are_no_objects() {
    let shape = Shape::flat(320, 200);
    let radius = |spots: i32| {
        let sample = |i: usize| {
            let [_, y, x] = shape.position(i);
            let (v, u) = ((y % 40) as f64 - 20.0, (x % 40) as f64 - 20.0);
            let disk = i32::from(v * v + u * u <= 144.0);
            let spot = i32::from((v.abs() - 6.0).powi(2) + u * u <= 25.0);
            100 + 400 * disk + spots * spot
        };
        let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
        scale(&Device::Cpu, &image, 1.0, [1; 3]).unwrap() / 2.0
    };
    let plain = radius(0);
    assert!((plain - 0.94 * 12.0).abs() < 0.6, "{plain}");
    for spots in [400, 800, 1200] {
        assert!((radius(spots) / plain - 1.0).abs() < 0.12, "{spots}: {} for {plain}", radius(spots));
    }
}

/// Nine specks of 4 px, sixty times as bright as the disks, which hide these from the variance of the image.
#[test]
fn specks_do_not_speak_for_a_field() {
    let shape = Shape::flat(240, 240);
    let radius = |speck: i32| {
        let sample = |i: usize| {
            let [_, y, x] = shape.position(i);
            let (v, u) = ((y % 40) as i32 - 20, (x % 40) as i32 - 20);
            let is_speck = y % 80 < 4 && x % 80 < 4;
            100 + 800 * i32::from(v * v + u * u <= 100) + speck * i32::from(is_speck) + (i as i32 * 7919 % 31)
        };
        let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
        scale(&Device::Cpu, &image, 1.0, [1; 3]).unwrap() / 2.0
    };
    let plain = radius(0);
    assert!((plain - 0.94 * 10.0).abs() < 0.6, "{plain}");
    for speck in [5_000, 50_000] {
        assert!((radius(speck) / plain - 1.0).abs() < 0.1, "{speck}: {} for {plain}", radius(speck));
    }
}

/// Disks of 10 px on a ground that is darker, as they are, within a wide circle.
#[test]
fn a_darker_part_of_the_ground_does_not_hide_the_rest() {
    let shape = Shape::flat(320, 320);
    let radius = |light: f64, wide: f64| {
        let sample = |i: usize| {
            let [_, y, x] = shape.position(i);
            let (v, u) = ((y % 40) as f64 - 20.0, (x % 40) as f64 - 20.0);
            let is_dark = libm::hypot(y as f64 - 150.0, x as f64 - 170.0) < wide;
            let value = if v * v + u * u <= 100.0 { 700.0 } else { 160.0 };
            (value * if is_dark { light } else { 1.0 }) as i32 + (i * 7919 % 5) as i32
        };
        let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
        scale(&Device::Cpu, &image, 1.0, [1; 3]).unwrap() / 2.0
    };
    let plain = radius(1.0, 0.0);
    assert!((plain - 0.94 * 10.0).abs() < 0.6, "{plain}");
    for (light, wide) in [(0.6, 100.0), (0.6, 140.0), (0.7, 120.0), (0.6, 70.0)] {
        let found = radius(light, wide);
        assert!((found / plain - 1.0).abs() < 0.25, "{light}, {wide}: {found} for {plain}");
    }
}

/// Disks of 14 px with texture, of unlike brightness, in a field and in a strip of it that is no three of them wide.
#[test]
fn a_strip_of_a_field_has_the_sizes_of_the_field() {
    let radius = |height: usize| {
        let shape = Shape::flat(height, 440);
        let sample = |i: usize| {
            let [_, y, x] = shape.position(i);
            let (v, u) = ((y % 33) as i32 - 16, (x % 33) as i32 - 16);
            let brightness = libm::pow(5.0, ((y / 33 * 29 + x / 33) * 7 % 10) as f64 / 9.0);
            let texture = if (v.div_euclid(5) + u.div_euclid(5)) % 2 == 0 { 1.0 } else { 1.5 };
            let light = if v * v + u * u <= 196 { 200.0 * brightness * texture } else { 0.0 };
            100 + light as i32 + (i * 7919 % 31) as i32
        };
        let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
        scale(&Device::Cpu, &image, 1.0, [1; 3]).unwrap() / 2.0
    };
    let whole = radius(330);
    assert!((whole - 0.94 * 13.5).abs() < 1.0, "{whole}");
    for height in [66, 99] {
        assert!((radius(height) / whole - 1.0).abs() < 0.15, "{height}: {} for {whole}", radius(height));
    }
}

/// Closed rings of twelve disks of 8 px that touch, around what is no hole of theirs; and rings without necks, which are objects with a hole.
#[test]
fn rings_of_objects_are_no_disks() {
    let shape = Shape::flat(320, 320);
    let radius = |necks: bool| {
        let sample = |i: usize| {
            let [_, y, x] = shape.position(i);
            let (v, u) = ((y % 80) as f64 - 40.0, (x % 80) as f64 - 40.0);
            let turn = libm::atan2(v, u) / std::f64::consts::TAU * 12.0;
            let middle = (turn.round() / 12.0) * std::f64::consts::TAU;
            let (sin, cos) = if necks {
                (libm::sin(middle), libm::cos(middle))
            } else {
                (v / libm::hypot(v, u), u / libm::hypot(v, u))
            };
            let is_in = libm::hypot(v - 29.0 * sin, u - 29.0 * cos) <= 8.0;
            if is_in { 900 } else { 100 + (i * 7919 % 31) as i32 }
        };
        let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
        scale(&Device::Cpu, &image, 1.0, [1; 3]).unwrap() / 2.0
    };
    assert!((radius(true) - 0.94 * 8.0).abs() < 1.0, "{}", radius(true));
    assert!(radius(false) > 20.0, "{}", radius(false));
}

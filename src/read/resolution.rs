//! When what a file says about the size of a pixel counts as a calibration.
//!
//! A size that a file states with its unit is taken ([`stated`]) unless it cannot be meant: nothing, zero, no size of a pixel in
//! microscopy, wholly unlike along x and y, or exactly what screens and printers have, as converters write it. What can be but
//! hardly is, as where a unit is another one (pixels of half a nanometre, slices a thousand pixels apart), is taken and doubted.
//! Resolution tags without further words ([`calibration`]) are trusted less.
//!
//! Most software writes something there that nobody meant: 72, 96 or 300 dots per inch. So the rule is strict. All must hold:
//! - the unit is centimetre or inch;
//! - x and y are equal to within 1 %;
//! - a pixel is between 0.01 and 10 micrometres;
//! - with inches, the number is not a multiple of 50, as printers and scanners have it.
//!
//! A stack of slices is calibrated only if the distance of slices is known too; these tags never say it.

use crate::units::Spacing;

/// Dots per inch of screens, printers and scanners.
const DOTS: &[f64] = &[
    72.0, 75.0, 90.0, 96.0, 100.0, 120.0, 144.0, 150.0, 180.0, 192.0, 200.0, 240.0, 300.0, 350.0, 360.0, 400.0, 600.0,
    720.0, 1200.0,
];
/// Sizes of a pixel in micrometres that can be: from electron microscopes to whole animals.
const SIZES: std::ops::RangeInclusive<f64> = 1e-5..=5000.0;
/// Those of light: from expanded samples to animals and blots. A unit that is another one makes them a thousand times larger or smaller.
const USUAL: std::ops::RangeInclusive<f64> = 0.005..=250.0;
/// Sides of a pixel differ by less than this, also in sections across a stack; units by a thousand.
const UNLIKE: f64 = 50.0;
/// Slices are less than this many pixels apart, and more than one such part of a pixel.
const SLICES: f64 = 100.0;

/// A calibration from sizes along z, y and x in micrometres that a file states. A single slice needs none along z. A doubt
/// leaves a note.
pub fn stated([z, y, x]: [Option<f64>; 3], slices: usize, warnings: &mut Vec<String>) -> Option<Spacing> {
    let (Some(y), Some(x)) = (y, x) else {
        warnings.push("the calibration is incomplete; lengths are in px".into());
        return None;
    };
    let mut px = |what: String| {
        warnings.push(format!("{what}; lengths are in px, unless spacing_um is given"));
        None
    };
    if let Some(size) = [y, x].into_iter().find(|v| !SIZES.contains(v)) {
        return px(format!("the file says that a pixel has {size} um, which cannot be"));
    }
    if let Some(dots) = DOTS.iter().find(|d| (x * **d / 25_400.0 - 1.0).abs() < 1e-3) {
        return px(format!("the file says {x} um, which is {dots} dots per inch as of a screen or printer"));
    }
    if (x / y).max(y / x) > UNLIKE {
        return px(format!("the file says that a pixel has {x} um along x and {y} um along y, which cannot be"));
    }
    match z {
        Some(z) if SIZES.contains(&z) => {
            warnings.extend(doubt_of_slices(z, [y, x], slices));
            warnings.extend(doubt_of_size([y, x]));
            Spacing::um([z, y, x])
        }
        _ if slices == 1 => {
            warnings.extend(doubt_of_size([y, x]));
            Spacing::um([1.0, y, x])
        }
        Some(z) => px(format!("the file says that slices are {z} um apart, which cannot be")),
        None => px(format!("the distance of slices is not given (a pixel has {y} x {x} um)")),
    }
}

fn doubt_of_size([y, x]: [f64; 2]) -> Option<String> {
    let is_odd = [y, x].iter().any(|v| !USUAL.contains(v));
    is_odd.then(|| {
        format!(
            "doubtful: the file says that a pixel has {y} x {x} um (y, x), which was taken; light has {} to {} um, and the unit may be \
             another one; spacing_um_replace gives the true size",
            USUAL.start(),
            USUAL.end()
        )
    })
}

fn doubt_of_slices(z: f64, [y, x]: [f64; 2], slices: usize) -> Option<String> {
    let is_odd = slices > 1 && (z / y.max(x) > SLICES || y.min(x) / z > SLICES);
    is_odd.then(|| {
        format!(
            "doubtful: the file says that slices are {z} um apart and a pixel has {y} x {x} um (y, x), which was taken; the unit of one may \
             be another one; spacing_um_replace = [z, y, x] gives the true sizes"
        )
    })
}

/// A calibration in micrometres from pixels per unit along x and y and the unit's number (2 inch, 3 cm).
pub fn calibration(resolution: Option<(f64, f64, u64)>, slices: usize) -> Option<Spacing> {
    let (per_x, per_y, unit) = resolution?;
    let unit_um = match unit {
        2 if per_x % 50.0 == 0.0 => return None,
        2 => 25_400.0,
        3 => 10_000.0,
        _ => return None,
    };
    let (x, y) = (unit_um / per_x, unit_um / per_y);
    let sound = (0.01..=10.0).contains(&x) && (x - y).abs() <= 0.01 * x && slices == 1;
    sound.then(|| Spacing::um([1.0, y, x])).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_microscope_would_write_counts() {
        let um = |r, z| calibration(Some(r), z).map(|s| s.zyx);
        assert_eq!(um((20_000.0, 20_000.0, 3), 1), Some([1.0, 0.5, 0.5]));
        assert_eq!(um((50_800.5, 50_800.5, 2), 1).map(|v| v[2].to_string()[..6].to_string()), Some("0.4999".into()));
        for junk in
            [(72.0, 72.0, 2), (300.0, 300.0, 2), (4800.0, 4800.0, 2), (118.11, 118.11, 3), (1.0, 1.0, 1), (2e4, 1e4, 3)]
        {
            assert_eq!(um(junk, 1), None, "{junk:?}");
        }
        assert_eq!(um((20_000.0, 20_000.0, 3), 5), None);
        assert_eq!(calibration(None, 1), None);
    }

    #[test]
    fn what_cannot_be_meant_is_doubted_aloud() {
        let um = |zyx, slices| {
            let mut warnings = Vec::new();
            let spacing = stated(zyx, slices, &mut warnings).map(|s| s.zyx);
            assert_eq!(warnings.len(), usize::from(spacing.is_none()), "{zyx:?}");
            spacing
        };
        assert_eq!(um([None, Some(150.0), Some(150.0)], 1), Some([1.0, 150.0, 150.0]));
        assert_eq!(um([Some(2.0), Some(0.5), Some(0.4)], 3), Some([2.0, 0.5, 0.4]));
        for pixel in [0.0, -0.5, 1e6, 25_400.0, 352.777_8, 264.583, 25_400.0 / 300.0, f64::NAN, f64::INFINITY] {
            assert_eq!(um([Some(2.0), Some(pixel), Some(pixel)], 1), None, "{pixel}");
        }
        for slice in [None, Some(0.0), Some(-1.0), Some(f64::NAN), Some(1e7)] {
            assert_eq!(um([slice, Some(0.5), Some(0.5)], 2), None);
        }
        assert_eq!(um([None, None, Some(0.5)], 1), None);
        // A unit left out on one side.
        for [y, x] in [[500.0, 0.5], [0.5, 0.0005], [0.325, 325.0]] {
            assert_eq!(um([Some(2.0), Some(y), Some(x)], 1), None);
        }
        // Sections across a stack of sheets of light.
        assert!(um([None, Some(6.0), Some(0.3)], 1).is_some());
    }

    #[test]
    fn what_can_hardly_be_is_taken_and_doubted() {
        let doubts = |zyx: [f64; 3], slices| {
            let mut warnings = Vec::new();
            assert_eq!(stated(zyx.map(Some), slices, &mut warnings).map(|s| s.zyx), Some(zyx), "{warnings:?}");
            warnings
        };
        // Objectives, expanded samples, sheets of light, serial sections, autoradiography, overviews of slides, animals, blots.
        for usual in [
            [0.3, 0.06, 0.06],
            [0.1, 0.01, 0.01],
            [2.0, 5.0, 5.0],
            [50.0, 0.65, 0.65],
            [10.0, 0.1, 0.1],
            [20.0, 25.0, 25.0],
            [1.0, 50.0, 50.0],
            [200.0, 200.0, 200.0],
        ] {
            assert_eq!(doubts(usual, 3), [""; 0], "{usual:?}");
        }
        for (odd, words) in [
            ([1000.0, 0.5, 0.5], "slices are 1000 um apart and a pixel has 0.5 x 0.5 um"),
            ([0.002, 0.5, 0.5], "slices are 0.002 um apart"),
            ([0.0005, 0.00065, 0.00065], "a pixel has 0.00065 x 0.00065 um"),
            ([500.0, 500.0, 500.0], "a pixel has 500 x 500 um"),
        ] {
            let doubts = doubts(odd, 3);
            assert!(
                doubts.len() == 1 && doubts[0].contains(words) && doubts[0].contains("spacing_um_replace"),
                "{doubts:?}"
            );
        }
        assert_eq!(doubts([1000.0, 0.5, 0.5], 1), [""; 0], "a single slice has no size along z");
    }
}

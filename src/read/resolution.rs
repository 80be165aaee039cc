//! When what a file says about the size of a pixel counts as a calibration.
//!
//! A size that a file states with its unit is taken ([`stated`]) unless it cannot be meant: nothing, zero, no size of a pixel in
//! microscopy, or exactly what screens and printers have, as converters write it. Resolution tags without further words
//! ([`calibration`]) are trusted less.
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
    match z {
        Some(z) if SIZES.contains(&z) => Spacing::um([z, y, x]),
        _ if slices == 1 => Spacing::um([1.0, y, x]),
        Some(z) => px(format!("the file says that slices are {z} um apart, which cannot be")),
        None => px(format!("the distance of slices is not given (a pixel has {y} x {x} um)")),
    }
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
    }
}

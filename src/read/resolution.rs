//! When the resolution tags of a plain TIFF count as a calibration.
//!
//! Most software writes something there that nobody meant: 72, 96 or 300 dots per inch. So the rule is strict. All must hold:
//! - the unit is centimetre or inch;
//! - x and y are equal to within 1 %;
//! - a pixel is between 0.01 and 10 micrometres;
//! - with inches, the number is not a multiple of 50, as printers and scanners have it.
//!
//! A stack of slices is calibrated only if the distance of slices is known too; these tags never say it.

use crate::units::Spacing;

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
}

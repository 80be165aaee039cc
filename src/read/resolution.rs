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

/// What a file says about the size of its voxels. What the user is told of it depends on what the recipe says: see
/// [`calibration`](super::calibration).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stated {
    /// The size that counts, if the recipe has no other.
    pub spacing: Option<Spacing>,
    /// Sides of a pixel along y and x in micrometres that can be meant, though no size counts.
    pub pixel: [Option<f64>; 2],
    /// It is the distance of slices alone that is missing.
    pub lacks_distance: bool,
    /// Why no size counts, or why the one that does is doubted.
    pub doubts: Vec<String>,
}

impl Stated {
    /// A size that counts.
    fn counts(zyx: [f64; 3]) -> Self {
        Stated { spacing: Spacing::um(zyx), ..Stated::default() }
    }

    /// No size counts, for a reason.
    pub fn nothing(why: String) -> Self {
        Stated { doubts: vec![why], ..Stated::default() }
    }

    /// Pixels of slices whose distance is not known, for a reason.
    fn slices(why: &str, [y, x]: [f64; 2]) -> Self {
        if let Some(doubt) = doubt_of_size([y, x]) {
            return Stated::nothing(format!("{why}, and {doubt}"));
        }
        let doubts = vec![format!("{why} (a pixel has {y} x {x} um)")];
        Stated { pixel: [Some(y), Some(x)], lacks_distance: true, doubts, ..Stated::default() }
    }
}

/// A calibration from sizes along z, y and x in micrometres that a file states. A single slice needs none along z.
pub fn stated([z, y, x]: [Option<f64>; 3], slices: usize) -> Stated {
    let (Some(y), Some(x)) = (y, x) else {
        let side = |v: Option<f64>, axis| v.map_or(format!("none along {axis}"), |v| format!("{v} um along {axis}"));
        let why = format!("the size of a pixel is incomplete: {}, {}", side(x, "x"), side(y, "y"));
        let pixel = [y, x].map(|side| side.filter(|v| SIZES.contains(v)));
        return Stated { pixel, ..Stated::nothing(why) };
    };
    if let Some(size) = [y, x].into_iter().find(|v| !SIZES.contains(v)) {
        return Stated::nothing(format!("the file says that a pixel has {size} um, which cannot be"));
    }
    if let Some(dots) = DOTS.iter().find(|d| (x * **d / 25_400.0 - 1.0).abs() < 1e-3) {
        return Stated::nothing(format!(
            "the file says {x} um, which is {dots} dots per inch as of a screen or printer"
        ));
    }
    if (x / y).max(y / x) > UNLIKE {
        let what = format!("the file says that a pixel has {x} um along x and {y} um along y, which cannot be");
        return Stated::nothing(what);
    }
    let key = if slices > 1 { "spacing_um_replace = [z, y, x]" } else { "spacing_um_replace" };
    let taken =
        |doubt: String| format!("doubtful: {doubt}; it was taken as the file says, and {key} gives the true size");
    match z {
        Some(z) if SIZES.contains(&z) => {
            let doubts = [doubt_of_slices(z, [y, x], slices), doubt_of_size([y, x]).map(taken)];
            Stated { doubts: doubts.into_iter().flatten().collect(), ..Stated::counts([z, y, x]) }
        }
        _ if slices == 1 => {
            Stated { doubts: doubt_of_size([y, x]).map(taken).into_iter().collect(), ..Stated::counts([1.0, y, x]) }
        }
        Some(z) => Stated::slices(&format!("the file says that slices are {z} um apart, which cannot be"), [y, x]),
        None => Stated::slices(NO_DISTANCE, [y, x]),
    }
}

/// Why no size counts: its unit.
pub fn not_understood(unit: &str) -> String {
    format!("calibration in \"{unit}\" is not understood")
}

const NO_DISTANCE: &str = "the distance of slices is not given";

fn doubt_of_size([y, x]: [f64; 2]) -> Option<String> {
    let is_odd = [y, x].iter().any(|v| !USUAL.contains(v));
    is_odd.then(|| {
        format!(
            "the file says that a pixel has {y} x {x} um (y, x), where light has {} to {} um, and the unit may be another one",
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
pub fn calibration(resolution: Option<(f64, f64, u64)>, slices: usize) -> Stated {
    let Some((per_x, per_y, unit)) = resolution else { return Stated::default() };
    let unit_um = match unit {
        2 if per_x % 50.0 != 0.0 => 25_400.0,
        3 => 10_000.0,
        _ => return Stated::default(),
    };
    let (x, y) = (unit_um / per_x, unit_um / per_y);
    let sound = (0.01..=10.0).contains(&x) && (x - y).abs() <= 0.01 * x;
    match (sound, slices) {
        (false, _) => Stated::default(),
        (true, 1) => Stated::counts([1.0, y, x]),
        (true, _) => Stated::slices(NO_DISTANCE, [y, x]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_microscope_would_write_counts() {
        let um = |r, z| calibration(Some(r), z).spacing.map(|s| s.zyx);
        assert_eq!(um((20_000.0, 20_000.0, 3), 1), Some([1.0, 0.5, 0.5]));
        assert_eq!(um((50_800.5, 50_800.5, 2), 1).map(|v| v[2].to_string()[..6].to_string()), Some("0.4999".into()));
        for junk in
            [(72.0, 72.0, 2), (300.0, 300.0, 2), (4800.0, 4800.0, 2), (118.11, 118.11, 3), (1.0, 1.0, 1), (2e4, 1e4, 3)]
        {
            assert_eq!(um(junk, 1), None, "{junk:?}");
        }
        assert_eq!(um((20_000.0, 20_000.0, 3), 5), None);
        assert_eq!(calibration(None, 1), Stated::default());
        let stack = calibration(Some((20_000.0, 20_000.0, 3)), 5);
        assert!(stack.lacks_distance && stack.pixel == [Some(0.5); 2], "{stack:?}");
    }

    #[test]
    fn what_cannot_be_meant_is_doubted_aloud() {
        let um = |zyx, slices| {
            let Stated { spacing, doubts, .. } = stated(zyx, slices);
            let spacing = spacing.map(|s| s.zyx);
            assert_eq!(doubts.len(), usize::from(spacing.is_none()), "{zyx:?}");
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
            let Stated { spacing, doubts, .. } = stated(zyx.map(Some), slices);
            assert_eq!(spacing.map(|s| s.zyx), Some(zyx), "{doubts:?}");
            doubts
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

    #[test]
    fn a_pixel_without_a_distance_of_slices_is_known() {
        for z in [None, Some(0.0), Some(1e7)] {
            let said = stated([z, Some(0.5), Some(0.4)], 3);
            assert!(said.spacing.is_none() && said.lacks_distance, "{said:?}");
            assert_eq!(said.pixel, [Some(0.5), Some(0.4)]);
            assert!(said.doubts[0].ends_with("(a pixel has 0.5 x 0.4 um)"), "{said:?}");
        }
        let half = stated([None, None, Some(0.5)], 1);
        assert_eq!((half.pixel, half.lacks_distance), ([None, Some(0.5)], false));
        assert!(half.doubts[0].contains("0.5 um along x, none along y"), "{half:?}");
        // A pixel that may be in another unit is not one to fill in.
        let odd = stated([None, Some(300.0), Some(300.0)], 3);
        assert_eq!((odd.pixel, odd.lacks_distance), ([None; 2], false));
        assert!(odd.doubts[0].contains("300 x 300 um") && odd.doubts[0].contains("the unit may be"), "{odd:?}");
    }
}

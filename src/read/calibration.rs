//! The calibration of an image: what its file says, what the user says for files that say nothing, and what the user puts in the
//! place of the file's. Whatever is taken, a note says it, and what the other would have been. A doubt about the size in a file is
//! only told where that size counts and the recipe does not say the same.

use super::Options;
use super::resolution::Stated;
use crate::units::Spacing;

/// What counts, and what the user is told of it.
#[derive(Debug, Default, PartialEq)]
pub struct Settled {
    /// The calibration.
    pub spacing: Option<Spacing>,
    /// For the warnings of the scan.
    pub warnings: Vec<String>,
    /// For its notes.
    pub notes: Vec<String>,
}

/// Works out the calibration of an image of so many slices from what its file says and what the recipe says.
pub fn settle(stated: &Stated, slices: usize, options: &Options) -> Settled {
    let given = match (options.spacing_replace, options.spacing) {
        (Some(new), _) => Some(("spacing_um_replace", new)),
        (None, given) => given.map(|given| ("spacing_um", given)),
    };
    match (stated.spacing, given) {
        (Some(file), Some((key, given))) if differ(&file, &given, slices) => of_two(file, (key, given), slices, stated),
        // The recipe says what the file says.
        (Some(file), Some(_)) => Settled { spacing: Some(file), ..Settled::default() },
        (None, Some(given)) => filled_in(given, slices, stated),
        (spacing, None) => Settled { spacing, warnings: stated.warnings(), ..Settled::default() },
    }
}

/// The file and the recipe name two sizes.
fn of_two(file: Spacing, (key, given): (&str, Spacing), slices: usize, stated: &Stated) -> Settled {
    let (of_file, of_recipe) = (words(&file, slices), words(&given, slices));
    if key == "spacing_um_replace" {
        let what = format!("calibration by spacing_um_replace: {of_recipe}, where the file says {of_file}");
        return Settled { spacing: Some(given), warnings: vec![what], ..Settled::default() };
    }
    let what = format!(
        "the file says {of_file}, which was taken; spacing_um = {of_recipe} is for files that say nothing, spacing_um_replace for others"
    );
    let warnings = stated.doubts.iter().cloned().chain([what]).collect();
    Settled { spacing: Some(file), warnings, ..Settled::default() }
}

/// The file has no size that counts, the recipe has one.
fn filled_in((key, given): (&str, Spacing), slices: usize, stated: &Stated) -> Settled {
    let of_recipe = words(&given, slices);
    let settled = Settled { spacing: Some(given), ..Settled::default() };
    let is_other = |(file, given): (&Option<f64>, f64)| file.is_some_and(|file| file != given);
    if stated.pixel.iter().zip(given.zyx.into_iter().skip(1)).any(is_other) {
        let alone = stated.distance_alone(key).map(|form| format!("; {form} gives the distance of slices alone"));
        let what = format!(
            "calibration by {key}: {of_recipe}, against the file: {}{}",
            stated.doubts.join("; "),
            alone.unwrap_or_default()
        );
        return Settled { warnings: vec![what], ..settled };
    }
    let why = if stated.doubts.is_empty() {
        "the file has none".to_string()
    } else {
        format!("the file has none that counts: {}", stated.doubts.join("; "))
    };
    Settled { notes: vec![format!("calibration given by the user: {of_recipe}; {why}")], ..settled }
}

impl Stated {
    /// What the user is told where the recipe says nothing.
    fn warnings(&self) -> Vec<String> {
        let ending = match (self.spacing, self.distance_alone("spacing_um")) {
            (Some(_), _) => String::new(),
            (None, Some(form)) => format!("; lengths are in px; {form} gives it"),
            (None, None) => "; lengths are in px, unless spacing_um is given".into(),
        };
        self.doubts.iter().map(|doubt| format!("{doubt}{ending}")).collect()
    }

    /// How a recipe gives the distance of slices and leaves the pixel of the file as it is, where that alone is missing.
    fn distance_alone(&self, key: &str) -> Option<String> {
        let [Some(y), Some(x)] = self.pixel else { return None };
        self.lacks_distance.then(|| format!("{key} = [DISTANCE, {y}, {x}] (z, y, x)"))
    }
}

/// A single slice has no size along z.
fn differ(a: &Spacing, b: &Spacing, slices: usize) -> bool {
    let (a, b) = (a.to(b.unit).zyx, b.zyx);
    a.iter().zip(b).skip(usize::from(slices == 1)).any(|(a, b)| *a != b)
}

fn words(s: &Spacing, slices: usize) -> String {
    let [z, y, x] = s.zyx;
    let unit = s.unit.name();
    if slices == 1 { format!("{y} x {x} {unit}") } else { format!("{z} x {y} x {x} {unit} (z, y, x)") }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::super::resolution::stated;
    use super::*;

    #[test]
    fn what_is_missing_is_filled_and_what_is_there_is_replaced_only_by_name() {
        let um = |v: f64| Spacing::um([1.0, v, v]);
        let (flat, deep) = (1, 2);
        let take = |spacing_of_file, spacing, spacing_replace, slices| {
            let stated = Stated { spacing: spacing_of_file, ..Stated::default() };
            let settled = settle(&stated, slices, &Options { spacing, spacing_replace, ..Options::default() });
            (settled.spacing, [settled.warnings, settled.notes].concat().join("; "))
        };
        assert_eq!(take(um(0.5), None, None, flat), (um(0.5), String::new()));
        assert_eq!(take(um(0.5), um(0.5), um(0.5), flat), (um(0.5), String::new()));
        assert_eq!(take(None, None, None, flat), (None, String::new()));
        let (s, note) = take(None, um(0.65), None, flat);
        assert!(s == um(0.65) && note.contains("0.65 x 0.65 um"), "{note}");
        let (s, note) = take(um(0.5), um(0.65), None, deep);
        assert!(s == um(0.5) && note.contains("1 x 0.5 x 0.5 um") && note.contains("0.65"), "{note}");
        let (s, note) = take(um(0.5), None, um(0.65), flat);
        assert!(s == um(0.65) && note.contains("0.5 x 0.5") && note.contains("0.65 x 0.65"), "{note}");
        // Of a single slice the size along z says nothing.
        assert_eq!(take(um(0.5), Spacing::um([7.0, 0.5, 0.5]), None, flat), (um(0.5), String::new()));
    }

    /// What is told of a file that says so much, by what `spacing_um` and `spacing_um_replace` say.
    fn told(zyx: [Option<f64>; 3], slices: usize, spacing: Option<[f64; 3]>, replace: Option<[f64; 3]>) -> Settled {
        let [spacing, spacing_replace] = [spacing, replace].map(|zyx| zyx.and_then(Spacing::um));
        settle(&stated(zyx, slices), slices, &Options { spacing, spacing_replace, ..Options::default() })
    }

    #[test]
    fn a_doubt_about_a_size_goes_with_that_size() {
        let doubtful = |settled: &Settled| settled.warnings.iter().any(|w| w.starts_with("doubtful"));
        for (file, slices, meant) in [
            ([None, Some(300.0), Some(300.0)], 1, [0.3; 3]),
            ([Some(200.0), Some(0.5), Some(0.5)], 6, [2.0, 0.5, 0.5]),
            ([Some(300.0), Some(300.0), Some(300.0)], 6, [0.3; 3]),
        ] {
            assert!(doubtful(&told(file, slices, None, None)));
            // The file's counts, and is in doubt.
            assert!(doubtful(&told(file, slices, Some(meant), None)));
            let replaced = told(file, slices, None, Some(meant));
            assert_eq!(replaced.spacing, Spacing::um(meant));
            let [what] = replaced.warnings.as_slice() else { panic!("{replaced:?}") };
            assert!(what.contains("where the file says") && !what.contains("taken"), "{what}");
            // Whoever says the same as the file means it.
            let same = file.map(|side| side.unwrap_or(1.0));
            for [spacing, replace] in [[Some(same), None], [None, Some(same)]] {
                assert_eq!(told(file, slices, spacing, replace).warnings, [""; 0]);
            }
        }
    }

    #[test]
    fn the_distance_of_slices_is_given_without_a_change_of_the_pixel() {
        let file = [None, Some(0.5), Some(0.4)];
        let asked = told(file, 6, None, None);
        assert!(asked.spacing.is_none(), "{asked:?}");
        let form = "= [DISTANCE, 0.5, 0.4] (z, y, x)";
        assert!(asked.warnings[0].contains(&format!("spacing_um {form} gives it")), "{asked:?}");
        assert!(asked.warnings[0].contains("the distance of slices is not given"), "{asked:?}");
        let followed = told(file, 6, Some([2.0, 0.5, 0.4]), None);
        assert_eq!((followed.spacing, followed.warnings.len()), (Spacing::um([2.0, 0.5, 0.4]), 0), "{followed:?}");
        assert!(followed.notes[0].contains("2 x 0.5 x 0.4 um") && !followed.notes[0].contains("has none;"));
        // A number that the pixel of the file is not: both are said.
        for (key, [spacing, replace]) in
            [("spacing_um", [Some([2.0; 3]), None]), ("spacing_um_replace", [None, Some([2.0; 3])])]
        {
            let other = told(file, 6, spacing, replace);
            assert_eq!((other.spacing, other.notes.len()), (Spacing::um([2.0; 3]), 0), "{other:?}");
            for words in ["2 x 2 x 2 um", "a pixel has 0.5 x 0.4 um", &format!("{key} {form}")] {
                assert!(other.warnings[0].contains(words), "{other:?}");
            }
        }
        let half = told([None, None, Some(0.5)], 1, Some([0.7; 3]), None);
        assert!(half.warnings[0].contains("0.7 x 0.7 um") && half.warnings[0].contains("0.5 um along x"), "{half:?}");
    }

    #[test]
    fn what_fills_in_says_why_the_file_does_not_count() {
        let given = told([None, Some(6000.0), Some(6000.0)], 1, Some([0.6; 3]), None);
        assert!(given.warnings.is_empty() && given.notes[0].contains("6000 um, which cannot be"), "{given:?}");
        assert!(!given.notes[0].contains("lengths are in px"), "{given:?}");
        let asked = told([None, Some(6000.0), Some(6000.0)], 1, None, None);
        assert!(asked.warnings[0].ends_with("lengths are in px, unless spacing_um is given"), "{asked:?}");
    }
}

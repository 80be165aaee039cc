//! Cutoffs of a marker over the objects of several images: negative controls, or all images of a run.

use super::classified::MarkerValues;
use super::positive::{FEW, Judging};
use crate::recipe::Recipe;
use crate::table::{Cells, Column};
use crate::{Error, Result};

/// Cutoffs that were found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundCutoffs {
    /// One, or those of 1+, 2+ and 3+.
    pub cutoffs: Vec<f64>,
    /// What the user should look at.
    pub warnings: Vec<String>,
}

/// The cutoffs of a marker over these objects, by the rules that a recipe has for the objects of one image. The order of images does not matter.
///
/// # Errors
/// The recipe has no such marker; no cutoff can be found; or cutoffs of 1+, 2+ and 3+ do not rise.
pub fn cutoffs_over_images(recipe: &Recipe, objects: &MarkerValues) -> Result<FoundCutoffs> {
    let (set, marker) = (objects.set.as_str(), objects.marker.as_str());
    let how = recipe.body.positive.get(set).and_then(|markers| markers.get(marker));
    let how = how.ok_or_else(|| Error::usage(format!("the recipe has no marker {marker} in [positive.{set}]")))?;
    let number = || Error::usage(String::new()).remedy(format!("a number in [positive.{set}]"));
    if objects.values.is_empty() {
        return Err(Error { what: format!("no object of {set} has a {}", how.column(marker)), ..number() });
    }
    let column = Column::new(how.column(marker), "", "", Cells::Real(vec![]));
    let values = objects.values.iter().map(|v| Some(*v)).collect();
    let judging = Judging::of_several((set, marker, how), &column, values, objects.rounding);
    let warnings = judging.cutoff_warnings(recipe);
    let Some(cutoffs) = judging.cutoffs().into_iter().collect::<Option<Vec<f64>>>() else {
        let n = objects.values.len();
        let what = format!(
            "no cutoff can be found over {n} objects of {set}: all have the same {}, or the cutoff is a multiple of the median or uses logarithms \
             and the median is not clearly above 0, or it is too large for a number",
            column.name
        );
        return Err(Error { what, ..number() });
    };
    if cutoffs.windows(2).any(|pair| pair[0] >= pair[1]) {
        let what = format!("the cutoffs of 1+, 2+ and 3+ that were found do not rise: {cutoffs:?}");
        return Err(Error { what, ..number() });
    }
    let warnings = warnings.into_iter().chain(few(objects)).chain(overexposed(objects, &cutoffs)).collect();
    Ok(FoundCutoffs { cutoffs, warnings })
}

/// A warning where a cutoff stands on few objects, by whatever rule.
fn few(objects: &MarkerValues) -> Option<String> {
    let (n, set) = (objects.values.len(), &objects.set);
    (n < FEW).then(|| {
        format!("the cutoff is found over {n} objects, and so few say little: more controls, or a number in [positive.{set}]")
    })
}

/// A warning where the true value of an object may lie on the other side of a cutoff.
fn overexposed(objects: &MarkerValues, cutoffs: &[f64]) -> Option<String> {
    let (set, all) = (&objects.set, objects.values.len());
    let highest = cutoffs.iter().copied().reduce(f64::max)?;
    let n = objects.at_least.iter().filter(|value| **value <= highest).count();
    (n > 0).then(|| {
        format!(
            "{n} of the {all} objects that the cutoff, {highest}, is found over are overexposed and brighter than their values: it is too low, and where all are, nothing \
             can lie above it; controls with a shorter exposure, or a number in [positive.{set}]"
        )
    })
}

#[cfg(test)]
mod tests {
    //! Oracle: percentiles by hand. Mechanics: what has no cutoff.
    use super::*;

    fn found(above: &str, values: &[f64]) -> Result<FoundCutoffs> {
        let text = format!(
            "modality = \"fluorescence\"\n[channels]\nnuclear = 0\n[objects.cells]\nchannel = \"nuclear\"\nsteps = [{{ op = \"threshold\", method = \"otsu\" }}]\n\
             [measure.cells]\nfeatures = [\"intensity\"]\n[positive.cells]\nnuclear = {{ above = {above}, over = \"run\" }}\n"
        );
        let recipe = Recipe::parse("r", &text, &[]).unwrap();
        let (set, marker) = ("cells".to_owned(), "nuclear".to_owned());
        let at_least = values.iter().copied().filter(|v| *v >= 255.0).collect();
        cutoffs_over_images(&recipe, &MarkerValues { set, marker, values: values.to_vec(), at_least, rounding: 0.0 })
    }

    #[test]
    fn cutoffs_are_those_of_all_objects_together() {
        let values: Vec<f64> = (0..101).map(f64::from).rev().collect();
        assert_eq!(found("\"99 %\"", &values).unwrap().cutoffs, [99.0]);
        assert_eq!(found("[\"50 %\", \"median * 1.5\", 90]", &values).unwrap().cutoffs, [50.0, 75.0, 90.0]);
        assert!(found("\"otsu\"", &values).unwrap().warnings[0].contains("positive for nuclear means nothing"));
    }

    #[test]
    fn few_and_overexposed_objects_are_told() {
        let warnings = |above: &str, values: &[f64]| found(above, values).unwrap().warnings.join("; ");
        let all: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(warnings("\"99 %\"", &all), "");
        assert!(warnings("\"99 %\"", &all[..29]).contains("found over 29 objects, and so few say little"));
        let bright = [&all[..], &[255.0; 40]].concat();
        let said = warnings("\"99 %\"", &bright);
        assert!(said.contains("40 of the 140 objects that the cutoff, 255, is found over are overexposed"), "{said}");
        // Below them it does not matter how bright they are.
        assert!(!warnings("\"50 %\"", &bright).contains("overexposed"));
    }

    #[test]
    fn objects_of_several_images_are_of_two_kinds_as_well() {
        let low = (0..115).map(|k| 200.0 + f64::from(k) / 3.0);
        let values: Vec<f64> = low.chain((0..85).map(|k| 300.0 + 7.0 * f64::from(k))).collect();
        let FoundCutoffs { cutoffs, warnings } = found("\"median + 6 deviations\"", &values).unwrap();
        let above = |cutoff: f64| values.iter().filter(|v| **v > cutoff).count();
        // The dimmest one may pass for one of the lower kind.
        assert!((84..=85).contains(&above(cutoffs[0])), "{cutoffs:?} {warnings:?}");
        // The remedy is a marker of a recipe, with the cutoff of all.
        let remedy = warnings[0].split("if those between are negative: ").nth(1).unwrap();
        let (first, told) = (remedy.split("above = ").nth(1).unwrap(), "column = \"intensity_mean_nuclear\" }");
        let first: f64 = first.split(',').next().unwrap().parse().unwrap();
        assert!(remedy.starts_with("positive.cells.nuclear = { above = ") && remedy.ends_with(told), "{remedy}");
        assert!(above(first) < 75, "{first}");
        let text = "modality = \"fluorescence\"\n[channels]\nnuclear = 0\n[objects.cells]\nchannel = \"nuclear\"\nsteps = [{ op = \"threshold\", method = \"otsu\" }]\n\
             [measure.cells]\nfeatures = [\"intensity\"]\n[positive.cells]\nnuclear = { above = \"median + 6 deviations\", over = \"run\" }\n";
        let recipe = Recipe::parse("r", text, &[remedy.replacen(" = ", "=", 1)]).unwrap();
        assert_eq!(recipe.body.positive["cells"]["nuclear"].above, crate::recipe::Cutoff::Value(first));
    }

    /// Mechanics: the number that a warning names, put into the recipe as it is printed, gives the share that the warning promises.
    #[test]
    fn a_cutoff_that_misses_two_kinds_is_told_with_a_number_that_works() {
        let values: Vec<f64> =
            (0..104).map(|k| 200.0 + f64::from(k) / 3.0).chain((0..96).map(|k| 400.0 + 9.0 * f64::from(k))).collect();
        let of = |above: &str| found(above, &values).unwrap();
        let positive = |cutoff: f64| values.iter().filter(|v| **v > cutoff).count();
        for above in ["\"90 %\"", "\"median * 3\"", "\"median * 0.5\"", "[\"90 %\", \"95 %\", \"99 %\"]"] {
            let FoundCutoffs { cutoffs, warnings } = of(above);
            let told = warnings.iter().find(|words| words.contains("does not divide them")).unwrap();
            assert!(
                told.contains(&format!("{}, does not divide them: {} of 200", cutoffs[0], positive(cutoffs[0]))),
                "{told}"
            );
            assert!(told.contains("and 96 (0.480) lie above"), "{told}");
            let remedy = told.split("are positive: ").nth(1).unwrap().replacen(" = ", "=", 1);
            let text = "modality = \"fluorescence\"\n[channels]\nnuclear = 0\n[objects.cells]\nchannel = \"nuclear\"\nsteps = [{ op = \"threshold\", method = \"otsu\" }]\n\
                 [measure.cells]\nfeatures = [\"intensity\"]\n[positive.cells]\nnuclear = { above = \"90 %\", over = \"run\" }\n";
            let recipe = Recipe::parse("r", text, &[remedy]).unwrap();
            let crate::recipe::Cutoff::Value(limit) = recipe.body.positive["cells"]["nuclear"].above else {
                panic!("{told}")
            };
            assert_eq!(positive(limit), 96, "{told}");
        }
        // Where the cutoff lies between the kinds, and where there is one kind, nothing is said.
        for (above, values) in [("\"52 %\"", &values[..]), ("\"otsu\"", &values[..]), ("\"90 %\"", &values[..104])] {
            assert!(!found(above, values).unwrap().warnings.join(";").contains("does not divide them"), "{above}");
        }
    }

    #[test]
    fn what_has_no_cutoff_is_refused() {
        for (above, values, said) in [
            ("\"99 %\"", vec![], "no object of cells has a intensity_mean_nuclear"),
            ("\"otsu\"", vec![3.0; 9], "no cutoff can be found over 9 objects"),
            ("[\"50 %\", \"otsu\", 3]", (0..50).map(f64::from).collect(), "do not rise"),
        ] {
            let e = found(above, &values).unwrap_err();
            assert!(e.what.contains(said), "{e}");
            assert_eq!(e.remedy.as_deref(), Some("a number in [positive.cells]"));
        }
    }
}

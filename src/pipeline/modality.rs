//! What kind of image a recipe is for, and what kind an image is.

use crate::image::{Modality as Of, SUV_UNIT, Scan};
use crate::pet::suv::Units;
use crate::recipe::{Modality, Recipe, Step};
use crate::{Error, Kind, Result};

/// An image is of the kind that the recipe is for.
///
/// # Errors
/// It is of another one.
pub(super) fn check(scan: &Scan, recipe: &Recipe) -> Result<()> {
    let (recipe_is, image_is) = match (recipe.body.modality, scan.modality) {
        (Some(Modality::Fluorescence), Of::Pet) => ("fluorescence", "PET".into()),
        (Some(Modality::Pet), Of::Fluorescence) => ("PET", "fluorescence".into()),
        (Some(Modality::Pet), Of::Other) => ("PET", of_modality(scan)),
        _ => return Ok(()),
    };
    let what = format!("the recipe {} is for {recipe_is}, the image is {image_is}", recipe.name);
    // One among the images of a folder is passed over, as a DICOM series of another modality is.
    let kind = if scan.modality == Of::Other { Kind::NotAScan } else { Kind::Usage };
    Err(Error::new(kind, what).remedy("--recipe with one for this kind of image, or without a line modality = ..."))
}

/// What to say of steps whose limits are in SUV, as those of the recipe are, where the image holds something else.
pub(super) fn limits_in_suv(steps: &[Step], unit: &str, recipe: &Recipe) -> Option<String> {
    let limits = |step: &Step| match step {
        Step::Threshold(p) => [p.at_least, p.value, p.low, p.high],
        Step::Contour(p) => [p.at_least, p.above, None, None],
        _ => [None; 4],
    };
    let limits: Vec<String> = steps.iter().flat_map(limits).flatten().map(|limit| limit.to_string()).collect();
    let is_wrong = recipe.body.suv.assume == Some(Units::Suv) && unit != SUV_UNIT && !limits.is_empty();
    is_wrong.then(|| {
        let remedy = match recipe.body.suv.units {
            Some(Units::None) => "without suv.units=none the headers make SUV of it where they can",
            _ => "dose, weight and times make SUV of it (--set suv.dose_mbq=... and the like)",
        };
        format!(
            "{} is a limit in SUV, but the image is in {unit}: what is found by it means nothing; {remedy}, or give limits in {unit}",
            limits.join(", ")
        )
    })
}

/// In the words of the file.
fn of_modality(scan: &Scan) -> String {
    let said = scan.facts.iter().find(|(name, _)| name == "modality");
    said.map_or("of another modality".into(), |(_, modality)| format!("of modality {modality}"))
}

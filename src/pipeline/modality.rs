//! What kind of image a recipe is for, and what kind an image is.

use crate::image::{Modality as Of, Scan};
use crate::recipe::{Modality, Recipe};
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

/// In the words of the file.
fn of_modality(scan: &Scan) -> String {
    let said = scan.facts.iter().find(|(name, _)| name == "modality");
    said.map_or("of another modality".into(), |(_, modality)| format!("of modality {modality}"))
}

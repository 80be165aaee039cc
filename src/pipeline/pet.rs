//! What the tables of PET are like: the unit of lengths, and the channel that uptake is measured in.

use crate::measure::ChannelRef;
use crate::recipe::{Measure, Modality, Recipe};
use crate::units::Unit;

/// The unit of lengths in the tables of a recipe.
pub(super) fn unit(recipe: &Recipe) -> Unit {
    match recipe.body.modality {
        Some(Modality::Pet) => Unit::Mm,
        Some(Modality::Fluorescence) | None => Unit::Um,
    }
}

fn is_uptake(wanted: &Measure) -> bool {
    wanted.families.iter().any(|chosen| chosen.family.needs().uptake)
}

/// Lesions are measured in the first channel that the recipe names for them: it goes first.
pub(super) fn order(channels: &mut [ChannelRef], wanted: &Measure) {
    let first = wanted.channels.iter().flatten().next().filter(|_| is_uptake(wanted));
    if let Some(i) = first.and_then(|role| channels.iter().position(|c| c.name == role)) {
        channels[..=i].rotate_right(1);
    }
}

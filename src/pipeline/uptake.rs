//! The channel that uptake of PET is measured in.

use crate::measure::ChannelRef;
use crate::recipe::Measure;

/// Lesions are measured in the first channel that the recipe names for them: it goes first.
pub(super) fn first(channels: &mut [ChannelRef], wanted: &Measure) {
    let first =
        wanted.channels.iter().flatten().next().filter(|_| wanted.families.iter().any(|c| c.family.needs().uptake));
    if let Some(i) = first.and_then(|role| channels.iter().position(|c| c.name == role)) {
        channels[..=i].rotate_right(1);
    }
}

//! What is known of images that were made of channels.

use crate::image::Channel;

/// An image that was made of a channel.
pub(super) struct Derived {
    /// As the recipe calls it.
    pub name: String,
    /// Where it stands among the channels.
    pub index: usize,
    /// The channel of the file that it was made of in the end.
    pub of: usize,
    /// What the type of that channel ends at, in values of this image, if these are still light of that channel.
    pub full_scale: Option<f64>,
}

/// The value that the type of a channel ends at; of an image that was made, that of what it was made of.
pub(super) fn full_scale(index: usize, channels: &[Channel], made: &[Derived]) -> Option<f64> {
    if let Some(image) = made.iter().find(|image| image.index == index) {
        return image.full_scale;
    }
    let channel = channels.get(index)?;
    channel.saturation.map(|top| channel.volume.scale.value(f64::from(top)))
}

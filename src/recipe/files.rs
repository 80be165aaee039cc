//! `[files]`: how files make up an image.

use serde::Deserialize;

/// How files make up an image.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// One file a channel: `{name}` is the image, `{channel}` the channel, as in `"{name}_{channel}.tif"`.
    pub pattern: Option<String>,
    /// What the path of an image says of it, as in `"{plate}/{well}_s{site}_w{channel}"`: a column for each field, and one
    /// image for the files that differ in the channel alone.
    pub groups: Option<String>,
    /// What the pages of a plain multi-page TIFF are, where the file does not say.
    pub pages: Option<Pages>,
    /// Which time point, or gate, of images that have several; counted from 0.
    pub time: Option<usize>,
    /// A DICOM series of which slices are missing or damaged is measured all the same, with a note.
    pub incomplete: bool,
}

impl Files {
    /// Images are stored as one file a channel.
    pub fn is_file_a_channel(&self) -> bool {
        self.pattern.is_some() || self.groups.as_ref().is_some_and(|groups| has_channel(groups))
    }
}

/// Whether a pattern has the field, with a number of characters or without.
pub(super) fn has_channel(pattern: &str) -> bool {
    pattern.contains("{channel}") || pattern.contains("{channel:")
}

/// What the pages of a plain multi-page file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pages {
    /// Slices in depth.
    Z,
    /// Channels.
    C,
    /// Time points, of which `time` picks one.
    T,
}

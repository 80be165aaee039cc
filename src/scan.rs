//! What a reader returns: the channels of one image with their calibration and provenance.

use crate::units::{Shape, Spacing};
use crate::volume::Volume;

/// What made the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Modality {
    /// Fluorescence microscopy or whole-animal fluorescence.
    Fluorescence,
    /// Positron emission tomography.
    Pet,
}

/// One channel of a scan, on the host.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Name in the file, or `ch0`, `ch1`, ... where the file has none.
    pub name: String,
    /// Samples as stored.
    pub volume: Volume,
    /// Number of voxels at the largest value that the source could store, if it was an integer type.
    pub saturated: Option<u64>,
    /// That largest value as a sample: 255 for 8-bit, 65535 for 16-bit sources, `None` for floats.
    pub saturation: Option<i32>,
}

/// An image as read: channels of one shape. Time points beyond the first are an error, never dropped in silence.
#[derive(Clone, Debug)]
pub struct Scan {
    /// What made it.
    pub modality: Modality,
    /// Size of every channel.
    pub shape: Shape,
    /// Calibration, if the file states one.
    pub spacing: Option<Spacing>,
    /// At least one.
    pub channels: Vec<Channel>,
    /// Facts about the source as name and value, for `inspect` and `run.json`: format, compression, stored type, ...
    pub facts: Vec<(String, String)>,
    /// Things the user should know, for the `notes` cell of the image's row.
    pub notes: Vec<String>,
}

//! The folder that marks an output folder; the search for images leaves it alone.

/// Name of the folder that marks an output folder.
pub const MARKER: &str = ".uptake";

//! What all images of a run share.

use super::budget::Budget;
use super::chooser::DeviceChooser;
use super::kept::Kept;
use super::metadata::Metadata;
use super::out::Out;
use super::parts::Store;
use super::recipes::Recipes;
use super::settings::Settings;
use super::stop::Stop;
use std::path::{Path, PathBuf};

/// What all images of a run share.
pub(super) struct BatchContext<'a> {
    pub settings: &'a Settings,
    pub recipes: &'a Recipes,
    pub pool: &'a rayon::ThreadPool,
    pub chooser: DeviceChooser,
    pub out: &'a Out,
    pub store: Store,
    /// Images that are kept without a look at their files.
    pub kept: Kept,
    pub budget: Budget,
    /// The columns that tell what images are of.
    pub metadata: Metadata,
    /// The folders of the inputs and of the results: no byte of a table may depend on where they lie.
    pub places: [PathBuf; 2],
}

impl BatchContext<'_> {
    /// Whether the run is to end early.
    pub fn stop(&self) -> &Stop {
        &self.settings.stop
    }

    /// The folder that holds all inputs.
    pub fn root(&self) -> &Path {
        &self.places[0]
    }
}

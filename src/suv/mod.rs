//! Standardised uptake values: from what the headers say to a factor for each slice, with every rule on record.
//!
//! [`Facts`] holds what a DICOM series or a BIDS sidecar says. [`convert`] chooses the rule, works out all alternatives,
//! refuses what cannot be trusted by the name of the tag, and gives the [`Conversion`] with its audit row.

mod facts;

pub use facts::{Decay, Facts, Settings, SliceFacts, Units};

use crate::table::Table;
use crate::{Error, Result};

/// How stored values become SUVbw.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// Unit after the conversion: [`crate::scan::SUV_UNIT`], `Bq/ml` where the user asked for no SUV, or `au`.
    pub unit: &'static str,
    /// For each slice: SUVbw = stored value * factor. The rescale slope is in it.
    pub factors: Vec<f64>,
    /// SUL = SUVbw * this (Janmahasatian), where weight, height and sex are known.
    pub sul_factor: Option<f64>,
    /// One row: every fact used, the rule, the alternatives and their spread.
    pub audit: Table,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Chooses the rule and works out the factors.
///
/// # Errors
/// A fact is missing, or such that no SUV can be trusted; the error names the tag and the remedy.
pub fn convert(_facts: &Facts, _settings: &Settings) -> Result<Conversion> {
    Err(Error::unsupported("SUV"))
}

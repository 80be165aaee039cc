//! The list of the families of features.

use super::family::Family;
use super::{intensity, lesion, probe, radial, reference, shape, zernike};
use crate::{Error, Result};

/// All families, in the order of their columns.
pub const FAMILIES: &[&dyn Family] = &[
    &lesion::Lesion,
    &reference::OfReference,
    &shape::Shape,
    &zernike::Zernike,
    &intensity::Intensity,
    &radial::Radial,
    &probe::Probe,
];

/// The family of that name.
///
/// # Errors
/// There is none; the known ones are named.
pub fn family(name: &str) -> Result<&'static dyn Family> {
    FAMILIES.iter().copied().find(|f| f.name() == name).ok_or_else(|| {
        let known: Vec<&str> = FAMILIES.iter().map(|f| f.name()).collect();
        Error::usage(format!("\"{name}\" is no family of features")).remedy(format!("one of {}", known.join(", ")))
    })
}

//! What object sets are made from: the image, its recipe, and the sets that are there already.

use super::External;
use super::roles::Roles;
use crate::device::Device;
use crate::image::{Labels, ObjectSet, Scan};
use crate::ops::object_runs;
use crate::recipe::Recipe;
use crate::{Error, Kind, Result};
use std::collections::BTreeMap;

/// What all sets of an image are made from.
pub(super) struct Given<'a> {
    pub scan: &'a Scan,
    pub recipe: &'a Recipe,
    pub roles: &'a Roles,
    pub device: &'a Device,
    pub external: &'a External,
    /// Asked before each step; an error of it ends the work.
    pub go_on: &'a dyn Fn() -> Result<()>,
}

pub(super) fn missing(name: &str) -> Error {
    Error::new(Kind::Internal, format!("the object set \"{name}\" was not made"))
}

/// A set that was made before.
pub(super) fn source<'a>(made: &'a BTreeMap<String, ObjectSet>, name: &str) -> Result<&'a ObjectSet> {
    made.get(name).ok_or_else(|| missing(name))
}

/// Objects of which nothing else is known, brought to the host.
pub(super) fn set_of(labels: Labels, device: &Device) -> Result<ObjectSet> {
    let on_host = object_runs::to_host(device, &labels)?;
    Ok(ObjectSet::on_both(labels, on_host))
}

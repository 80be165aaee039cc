//! Images of one dye alone, as far as their mixture goes.

use super::derived;
use super::light::channels;
use super::roles::Roles;
use crate::correct::Control;
use crate::device::Device;
use crate::image::Scan;
use crate::recipe::Recipe;
use crate::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Adds the light of an image that shows one dye of a mixture alone.
///
/// # Errors
/// As [`run`](super::run), as far as the channels of the mixture go; or there is no such mixture.
pub fn add_control(scan: &Scan, recipe: &Recipe, mixture: &str, control: &mut Control) -> Result<()> {
    let none = || Error::usage(format!("the recipe has no [unmix.{mixture}]"));
    let mixture = recipe.body.unmix.get(mixture).ok_or_else(none)?;
    let mut roles = Roles::find(scan, recipe)?;
    let mut wanted: Vec<&str> = vec![];
    let mut to_come: Vec<&str> = mixture.channels.iter().map(String::as_str).collect();
    while let Some(name) = to_come.pop() {
        if let Some(image) = recipe.body.images.get(name) {
            to_come.extend(image.sources());
        } else if let Some((_, other)) = recipe.body.mixture_of(name) {
            to_come.extend(other.channels.iter().map(String::as_str));
        }
        wanted.push(name);
    }
    let scan = derived::add(Cow::Borrowed(scan), recipe, &mut roles, (&Device::Cpu, &BTreeMap::new()), &|name| {
        wanted.contains(&name)
    })?;
    control.add(&channels(mixture, &scan, &roles)?)
}

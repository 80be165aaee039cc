//! Images that are made of channels by steps: they join the channels of the scan, behind those of the file.

use super::channels::working;
use super::geometry::Geometry;
use super::hot::without_hot_pixels;
use super::roles::{Derived, Roles};
use super::state::State;
use super::typical;
use crate::device::Device;
use crate::image::{Channel, Scan, Volume};
use crate::profile::stage;
use crate::recipe::{DerivedImage, ObjectScale, Recipe};
use crate::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Makes the derived images of a recipe; `roles` knows them by name then.
///
/// # Errors
/// There is no channel to make one of, a step cannot be done, or the device is lost or too small.
pub(super) fn add<'a>(scan: &'a Scan, recipe: &Recipe, roles: &mut Roles, device: &Device) -> Result<Cow<'a, Scan>> {
    let mut all = Cow::Borrowed(scan);
    for (name, image) in recipe.images.iter().filter_map(|n| recipe.body.images.get(n).map(|i| (n, i))) {
        let missing = || Error::usage(format!("no channel for \"{}\"", image.channel));
        let of = roles.index(&image.channel).ok_or_else(missing)?;
        let source = all.channels.get(of).ok_or_else(missing)?;
        let made = stage("image", name, || make(source, image, &all, device))
            .map_err(|e| if e.needed_for.is_some() { e } else { e.needed_for(format!("the image \"{name}\"")) })?;
        let channel =
            Channel { name: name.clone(), unit: source.unit, volume: made, saturated: None, saturation: None };
        roles.derived.push(Derived { name: name.clone(), index: all.channels.len(), of: roles.in_file(of) });
        all.to_mut().channels.push(channel);
    }
    Ok(all)
}

/// On the host.
fn make(source: &Channel, image: &DerivedImage, scan: &Scan, device: &Device) -> Result<Volume> {
    let mut geometry = Geometry { shape: scan.shape, spacing: scan.spacing, radius_px: None };
    let original = working(&source.volume, device)?;
    // As for object sets: hot pixels say nothing of sizes.
    let clean = match image.scale {
        Some(ObjectScale::Auto) => working(&without_hot_pixels(&source.volume)?.0, device)?,
        _ => original.clone(),
    };
    geometry.radius_px = typical::radius(image.scale, &clean, &geometry, device)?;
    let lift = (source.volume.scale.factor() / original.scale.factor()) as u32;
    let none = BTreeMap::new();
    let mut state = State::new(device, geometry, &source.volume, original, (lift, source.saturation), &none);
    image.steps.iter().try_for_each(|step| state.step(step))?;
    state.of(&None)?.to_host()
}

//! Images that are made of channels, by steps or by unmixing: they join the channels of the scan, behind those of the file. Those that
//! need object sets are made when all of these are there.

use super::channels::{lift, working};
use super::faults::without_faults;
use super::geometry::Geometry;
use super::level::Levelled;
use super::light;
use super::made::{Derived, full_scale};
use super::margin::Margin;
use super::roles::{Roles, source};
use super::specks::Specks;
use super::state::State;
use super::typical;
use crate::device::Device;
use crate::image::{Channel, GRAY_UNIT, ObjectSet, Scan, Volume};
use crate::profile::stage;
use crate::recipe::{DerivedImage, ObjectScale, Recipe};
use crate::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Makes the derived images of a recipe that are wanted; `roles` knows them by name then.
///
/// # Errors
/// There is no channel to make one of, a step cannot be done, or the device is lost or too small.
pub(super) fn add<'a>(
    scan: Cow<'a, Scan>,
    recipe: &Recipe,
    roles: &mut Roles,
    (device, sets): (&Device, &BTreeMap<String, ObjectSet>),
    is_wanted: &dyn Fn(&str) -> bool,
) -> Result<Cow<'a, Scan>> {
    let mut all = scan;
    for name in recipe.images.iter().filter(|name| is_wanted(name)) {
        if roles.derived.iter().any(|d| d.name == *name) {
            continue;
        }
        let made = stage("image", name, || match recipe.body.images.get(name) {
            Some(image) => image_of(name, image, &all, roles, (device, sets)),
            None => dyes(name, &all, recipe, roles),
        });
        let made = made.map_err(|e| match e.needed_for {
            Some(_) => e,
            None => e.needed_for(format!("the image \"{name}\"")),
        })?;
        for Made { channel, of, full_scale } in made {
            let (name, index, of) = (channel.name.clone(), all.channels.len(), roles.in_file(of));
            roles.derived.push(Derived { name, index, of, full_scale });
            all.to_mut().channels.push(channel);
        }
    }
    Ok(all)
}

/// An image, the index of the channel that stands for what it was made of, and the value that counts as 1 in it.
struct Made {
    channel: Channel,
    of: usize,
    full_scale: Option<f64>,
}

fn named(name: &str, unit: &'static str, volume: Volume) -> Channel {
    Channel { name: name.into(), unit, volume, saturated: None, saturation: None }
}

/// An image made by steps.
fn image_of(
    name: &str,
    image: &DerivedImage,
    scan: &Scan,
    roles: &mut Roles,
    (device, sets): (&Device, &BTreeMap<String, ObjectSet>),
) -> Result<Vec<Made>> {
    let (of, channel) = source(&image.channel, scan, roles)?;
    let lit = light::evened(name, channel, image, scan, roles)?;
    let clean = light::without_bleed_through(lit, image, scan, roles)?;
    // The largest sample of the file is none of what was made of it.
    let saturation = channel.saturation.filter(|_| image.flat_field.is_none() && image.bleed_through.is_empty());
    let (made, warnings) = make(&clean, saturation, image, (scan, roles), (device, sets))?;
    roles.warnings.extend(warnings.into_iter().map(|warning| format!("{name}: {warning}")));
    let unit = if image.is_dose() { GRAY_UNIT } else { channel.unit };
    let full_scale = full_scale(of, &scan.channels, &roles.derived).filter(|_| image.is_light());
    Ok(vec![Made { channel: named(name, unit, made), of, full_scale }])
}

/// On the host, with what the user should look at.
fn make(
    source: &Volume,
    saturation: Option<i32>,
    image: &DerivedImage,
    (scan, roles): (&Scan, &Roles),
    (device, sets): (&Device, &BTreeMap<String, ObjectSet>),
) -> Result<(Volume, Vec<String>)> {
    if image.steps.is_empty() {
        return Ok((source.clone(), vec![]));
    }
    let mut geometry = Geometry { shape: scan.shape, spacing: scan.spacing, radius_px: None };
    let original = working(source, device)?;
    // As for object sets: margins, faulty pixels and specks say nothing of sizes.
    let margin = Margin::of(source, scan.modality)?;
    let picture = margin.as_ref().map_or(source, |margin| &margin.filled);
    let clean = match image.scale {
        Some(ObjectScale::Auto) => {
            let clean = without_faults(picture)?.0;
            working(Specks::of(&clean)?.as_ref().map_or(&clean, |specks| &specks.bare), device)?
        }
        _ => original.clone(),
    };
    let lift = lift(source, &original);
    let levelled = |of: &Volume| Levelled::of((picture, of), image.scale, &image.steps, device);
    let level = levelled(&clean)?;
    let level = level.as_ref().map_or(&clean, |levelled| &levelled.volume);
    geometry.radius_px = typical::radius(image.scale, level, &geometry, device)?;
    let levelled = levelled(&original)?;
    let mut state = State::new(device, geometry, source, original, (lift, saturation), (scan, roles), sets);
    state.levelled = levelled;
    image.steps.iter().try_for_each(|step| state.step(step))?;
    Ok((state.of(&None)?.to_host()?, state.warnings))
}

/// The dyes of the mixture that one of them is of.
fn dyes(dye: &str, scan: &Scan, recipe: &Recipe, roles: &mut Roles) -> Result<Vec<Made>> {
    let (name, mixture) =
        recipe.body.mixture_of(dye).ok_or_else(|| Error::usage(format!("nothing makes the image \"{dye}\"")))?;
    let unmixed = light::unmixed(name, mixture, scan, roles)?;
    let unit = unmixed.first().and_then(|dye| scan.channels.get(dye.of)).map_or(crate::image::NO_UNIT, |c| c.unit);
    let made = |(name, dye): (&String, light::FoundDye)| {
        let full_scale = full_scale(dye.of, &scan.channels, &roles.derived).map(|full| full / dye.brightest);
        Made { channel: named(name, unit, dye.amounts), of: dye.of, full_scale }
    };
    Ok(mixture.dyes.keys().zip(unmixed).map(made).collect())
}

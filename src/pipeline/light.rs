//! Light that is not what a channel stands for, as the recipe says: flat field, bleed-through, dyes that share channels.

use super::derived::{self, source};
use super::roles::Roles;
use crate::correct::{Control, Flat, Light, Mixture, subtract_bleed_through, unmix};
use crate::device::Device;
use crate::image::{Channel, Scan, Volume};
use crate::ops::threshold::percentile;
use crate::recipe::{DerivedImage, Ground, Likeness, Recipe, Unmix, likeness};
use crate::table::{Cells, Column, Table};
use crate::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is said of a mixture in the row of the image.
pub(super) struct Mixed {
    /// As the recipe calls it.
    pub name: String,
    /// Share of the light that the dyes leave over.
    pub residual: Option<f64>,
    /// Voxels of which a channel is saturated.
    pub saturated: u64,
}

/// The columns of the mixtures.
pub(super) fn columns(mixed: &[Mixed]) -> Table {
    let mut table = Table::default();
    for m in mixed {
        let about = format!(
            "What the dyes of {} leave over, as a share of the light: root of the sum of squares of what is left over that of \
             the light above the background, over all channels and all voxels that are not saturated.",
            m.name
        );
        let empty = "no light, or all of it saturated".to_string();
        let column = Column::new(format!("unmix_residual_{}", m.name), "1", about, Cells::Real(vec![m.residual]));
        table.push(Column { empty, ..column });
        let about = format!(
            "Voxels with a saturated channel of {}: of that channel it is known only that its light is at least so much, and \
             the other channels decide as long as they explain that.",
            m.name
        );
        let cells = Cells::Int(vec![i64::try_from(m.saturated).ok()]);
        table.push(Column::new(format!("unmix_saturated_{}_px", m.name), "px", about, cells));
    }
    table
}

/// What [`columns`] needs before any image is there.
pub(super) fn blank(recipe: &Recipe) -> Vec<Mixed> {
    recipe.body.unmix.keys().map(|name| Mixed { name: name.clone(), residual: None, saturated: 0 }).collect()
}

/// What a channel shows where no dye is, in its values.
fn background(ground: Ground, volume: &Volume) -> Result<f64> {
    match ground {
        Ground::Value(value) => Ok(value),
        Ground::Percentile(p) => Ok(volume.scale.value(percentile(&Device::Cpu, volume, p)?)),
    }
}

/// The dyes of a mixture, and for each the index of the channel that it is brightest in.
pub(super) fn unmixed(
    name: &str,
    mixture: &Unmix,
    scan: &Scan,
    roles: &mut Roles,
) -> Result<(Vec<Volume>, Vec<usize>)> {
    let spectra = mixture.spectra().ok_or_else(|| {
        Error::usage(format!("no image says what the dyes of \"{name}\" look like"))
            .remedy(format!("a sample sheet with their controls, or their numbers in [unmix.{name}.dyes]"))
    })?;
    let matrix = Mixture::new(&spectra)?;
    let found = unmix(&matrix, &channels(mixture, scan, roles)?)?;
    if found.saturated > 0 {
        let all = scan.shape.len();
        let what = format!(
            "{name}: {} of {all} voxels have a saturated channel; their dyes are at least what is given",
            found.saturated
        );
        roles.warnings.push(what);
    }
    roles.mixed.push(Mixed { name: name.into(), residual: found.residual, saturated: found.saturated });
    let main = |dye| Ok(source(&mixture.channels[matrix.main_channel(dye)], scan, roles)?.0);
    Ok((found.dyes, (0..matrix.dyes()).map(main).collect::<Result<_>>()?))
}

/// The channels of a mixture.
fn channels<'a>(mixture: &Unmix, scan: &'a Scan, roles: &Roles) -> Result<Vec<Light<'a>>> {
    let light = |(i, role): (usize, &String)| {
        let (_, channel) = source(role, scan, roles)?;
        let background = background(mixture.background(i), &channel.volume)?;
        Ok(Light { volume: &channel.volume, background, saturation: channel.saturation })
    };
    mixture.channels.iter().enumerate().map(light).collect()
}

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

/// The channel without the light that others leave in it.
pub(super) fn without_bleed_through(
    channel: Volume,
    image: &DerivedImage,
    scan: &Scan,
    roles: &Roles,
) -> Result<Volume> {
    if image.bleed_through.is_empty() {
        return Ok(channel);
    }
    let other = |(role, share): (&String, &f64)| Ok((*share, &source(role, scan, roles)?.1.volume));
    subtract_bleed_through(&channel, &image.bleed_through.iter().map(other).collect::<Result<Vec<_>>>()?)
}

/// The channel as an even field would have lit it.
pub(super) fn evened(
    name: &str,
    channel: &Channel,
    image: &DerivedImage,
    scan: &Scan,
    roles: &mut Roles,
) -> Result<Volume> {
    let Some(flat) = &image.flat_field else { return Ok(channel.volume.clone()) };
    let reference = |file: &String| {
        let channels = scan.references.get(file).ok_or_else(|| {
            Error::io(format!("the file \"{file}\" was not read")).remedy("a run, which reads what the recipe names")
        })?;
        of_channel(file, channels, &channel.name, &channel.volume)
    };
    let dark = image.dark.as_ref().map(reference).transpose()?;
    let field = Flat::new(reference(flat)?, dark)?;
    if field.unknown > 0 {
        let n = field.unknown;
        roles.warnings.push(format!("{name}: {n} pixels of the flat field are dark; the image is 0 there"));
    }
    field.correct(&channel.volume)
}

/// Of a file with one channel that one, else the one of the same name; of the size of a plane of the image, or of all of it.
fn of_channel<'a>(file: &str, channels: &'a [Channel], name: &str, image: &Volume) -> Result<&'a Volume> {
    let alike = |c: &&Channel| likeness(name, &c.name).is_some_and(|l| l <= Likeness::Spelling);
    let found = match channels {
        [one] => Some(one),
        several => several.iter().find(alike),
    };
    let found = found.ok_or_else(|| {
        let names: Vec<String> = channels.iter().map(|c| format!("\"{}\"", c.name)).collect();
        Error::usage(format!("\"{file}\" has the channels {}, none called \"{name}\"", names.join(", ")))
            .remedy("a file with one channel")
    })?;
    let (shape, wanted) = (found.volume.shape, image.shape);
    if [shape.y, shape.x] != [wanted.y, wanted.x] || (shape.z != 1 && shape.z != wanted.z) {
        let what = format!("\"{file}\" is {shape}, the image {wanted}");
        return Err(Error::usage(what).remedy("a flat field and a dark image of the size of the images"));
    }
    Ok(&found.volume)
}

//! One image through one recipe: object sets in their order, then what is measured on them.
//!
//! Channels stay on the host; what the steps work on goes up once a channel, and the labels of each set come down once. The
//! device changes nothing in an [`Outcome`].

mod channels;
mod geometry;
mod image;
mod mask;
mod objects;
mod parent;
mod row;
mod split;
mod state;

use crate::device::Device;
use crate::measure::{self, ChannelRef, Family, Request};
use crate::recipe::{Modality, Recipe, Step};
use crate::scan::{Channel, Scan};
use crate::table::Table;
use crate::units::Shape;
use crate::volume::{Labels, Volume};
use crate::{Error, Result, scan};
use channels::Roles;
use std::collections::BTreeMap;

/// Label images made elsewhere, by object set.
pub type External = BTreeMap<String, (Shape, Vec<u32>)>;

/// What comes of one image. Nothing in it depends on the device, on threads or on the time.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One row: counts, thresholds, scales, calibration, notes.
    pub row: Table,
    /// The object sets, in an order in which each one comes after those that it was made from.
    pub sets: Vec<SetOutcome>,
}

/// One object set of one image.
#[derive(Clone, Debug)]
pub struct SetOutcome {
    /// As the recipe calls it.
    pub name: String,
    /// A row an object, by label; the first column is `label`.
    pub table: Table,
    /// On the host.
    pub labels: Labels,
    /// Index of the channel to draw it over.
    pub channel: usize,
}

/// A set while the others are still being made.
struct Made {
    /// Where the device is.
    labels: Labels,
    /// A copy on the host.
    host: Labels,
    /// Radius of the typical object in pixels, if known.
    radius_px: Option<f64>,
    /// Index of the channel it was found in, or that its source was found in.
    channel: usize,
    /// Thresholds in the values of the image, in the order of the steps.
    thresholds: Vec<f64>,
}

/// Runs a recipe on an image.
///
/// # Errors
/// The image lacks a channel or the calibration that the recipe needs, a step cannot be done, or, of the kind `Device`,
/// a GPU is lost or too small: the same call with [`Device::Cpu`] then gives what the GPU would have given.
pub fn run(scan: &Scan, recipe: &Recipe, device: &Device, external: &External) -> Result<Outcome> {
    check_modality(scan, recipe)?;
    let roles = Roles::find(scan, recipe)?;
    let mut made: BTreeMap<String, Made> = BTreeMap::new();
    for name in &recipe.order {
        let set = objects::make(name, scan, recipe, &roles, device, external, &made)
            .map_err(|e| if e.needed_for.is_some() { e } else { e.needed_for(format!("the object set \"{name}\"")) })?;
        made.insert(name.clone(), set);
    }
    finish(scan, recipe, &roles, made)
}

/// What [`run`] gives for any image, without a row of objects: the columns of every table, for the data dictionary.
///
/// # Errors
/// None in practice.
pub fn columns(recipe: &Recipe) -> Result<Outcome> {
    let shape = Shape::flat(1, 1);
    let channel = |name: &String| -> Result<Channel> {
        Ok(Channel { name: name.clone(), volume: Volume::new(shape, vec![0])?, saturated: Some(0), saturation: Some(255) })
    };
    let channels = recipe.body.channels.keys().map(channel).collect::<Result<Vec<_>>>()?;
    let found = recipe.body.channels.keys().cloned().enumerate().map(|(i, role)| (role, i)).collect();
    let roles = Roles { found, missing: vec![] };
    let modality = scan::Modality::Fluorescence;
    let scan = Scan { modality, shape, spacing: None, channels, facts: vec![], notes: vec![] };
    let mut made = BTreeMap::new();
    for (name, set) in &recipe.body.objects {
        let labels = Labels::new(shape, vec![0])?;
        let thresholds = set.steps.iter().flatten().map(Step::thresholds).sum();
        let set = Made { host: labels.clone(), labels, radius_px: None, channel: 0, thresholds: vec![0.0; thresholds] };
        made.insert(name.clone(), set);
    }
    finish(&scan, recipe, &roles, made)
}

/// Measures the sets and puts the outcome together.
fn finish(scan: &Scan, recipe: &Recipe, roles: &Roles, made: BTreeMap<String, Made>) -> Result<Outcome> {
    let mut sets = Vec::new();
    for (name, set) in recipe.order.iter().filter_map(|n| made.get(n).map(|m| (n, m))) {
        let mut table = measure(name, set, scan, recipe, roles)?;
        let parent = recipe.body.objects.get(name).and_then(|o| o.parent.as_ref());
        if let Some((parent, p)) = parent.and_then(|n| made.get(n).map(|m| (n, m))) {
            parent::add(&mut table, parent, &set.host, &p.host)?;
        }
        sets.push(SetOutcome { name: name.clone(), table, labels: set.host.clone(), channel: set.channel });
    }
    Ok(Outcome { row: row::row(scan, recipe, roles, &made), sets })
}

fn check_modality(scan: &Scan, recipe: &Recipe) -> Result<()> {
    let (recipe_is, scan_is) = match (recipe.body.modality, scan.modality) {
        (Some(Modality::Fluorescence), scan::Modality::Pet) => ("fluorescence", "PET"),
        (Some(Modality::Pet), scan::Modality::Fluorescence) => ("PET", "fluorescence"),
        _ => return Ok(()),
    };
    Err(Error::usage(format!("the recipe {} is for {recipe_is}, the image is {scan_is}", recipe.name))
        .remedy("--recipe with one for this kind of image, or without a line modality = ..."))
}

/// Rows of a set. A set that the recipe does not measure has its position and size.
fn measure(name: &str, set: &Made, scan: &Scan, recipe: &Recipe, roles: &Roles) -> Result<Table> {
    let wanted = recipe.body.measure.get(name);
    let families: Vec<Family> = wanted.iter().flat_map(|m| &m.features).copied().collect();
    let named = wanted.and_then(|m| m.channels.as_ref());
    let measured = |role: &&(String, usize)| wanted.is_some() && named.is_none_or(|n| n.contains(&role.0));
    let channels: Vec<ChannelRef> = roles
        .found
        .iter()
        .filter(measured)
        .filter_map(|(role, i)| scan.channels.get(*i).map(|c| (role, c)))
        .map(|(role, c)| ChannelRef { name: role, unit: "au", volume: &c.volume, saturation: c.saturation })
        .collect();
    measure::objects(&Request { labels: &set.host, channels: &channels, families: &families, spacing: scan.spacing })
}

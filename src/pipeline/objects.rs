//! Object sets: from steps, grown, as a difference, or from a label image.

use super::channels::{Lifted, Working, lift, working};
use super::cut_gap::Closed;
use super::doubt::{doubt, unlike};
use super::even_slices::EvenSlices;
use super::geometry::Geometry;
use super::level::Levelled;
use super::propagate::as_labels;
use super::roles::Roles;
use super::sphere::sphere;
use super::state::State;
use super::{External, liver, modality, not_imaged, region, typical};
use crate::device::Device;
use crate::image::{Labels, Mask, ObjectSet, Scan, Volume};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::free_ground::FreeGround;
use crate::ops::grow::grow;
use crate::ops::pixelwise::not;
use crate::ops::renumber::renumber;
use crate::ops::uneven::Surface;
use crate::ops::{noise, object_runs};
use crate::profile::stage;
use crate::recipe::{CountedFrom, Grow, Minus, ObjectScale, Objects, Recipe, Step};
use crate::{Error, Kind, Result};
use std::collections::BTreeMap;

/// So many radii from an object cells may reach.
const APART: f64 = 1.5;

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

/// Makes a set. Those that it needs are in `made`; what it is made of on the device alone stays there.
pub(super) fn make(
    name: &str,
    from: &Given,
    lifted: &mut Lifted,
    made: &BTreeMap<String, ObjectSet>,
) -> Result<ObjectSet> {
    let Given { scan, recipe, roles, device, .. } = *from;
    let set = recipe.body.objects.get(name).ok_or_else(|| missing(name))?;
    let geometry = Geometry { shape: scan.shape, spacing: scan.spacing, radius_px: None };
    match set {
        Objects { steps: Some(steps), .. } => from_steps((name, set), steps, from, geometry, lifted, made),
        Objects { sphere: Some(p), .. } => {
            liver::look_at(name, set, recipe, scan, sphere(p, set, scan, roles, device)?)
        }
        Objects { grow: Some(g), .. } => {
            let searched = lifted.searched.get(&g.from).cloned();
            let cells = stage("grow", name, || grown(g, (scan, device), geometry, made, searched.as_ref()))?;
            lifted.searched.extend(searched.map(|searched| (name.to_owned(), searched)));
            Ok(cells)
        }
        Objects { minus: Some(m), .. } => difference(m, device, made),
        _ => liver::look_at(name, set, recipe, scan, given(name, set, from, geometry, made)?),
    }
}

fn missing(name: &str) -> Error {
    Error::new(Kind::Internal, format!("the object set \"{name}\" was not made"))
}

fn source<'a>(made: &'a BTreeMap<String, ObjectSet>, name: &str) -> Result<&'a ObjectSet> {
    made.get(name).ok_or_else(|| missing(name))
}

/// Whether a threshold is held against one ground for all of the image.
fn counts_from_ground(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Threshold(p) if p.from == Some(CountedFrom::Ground)))
}

/// The set that the objects of these steps grow from, if there is one.
fn grown_from<'a>(steps: &[Step], made: &'a BTreeMap<String, ObjectSet>) -> Result<Option<&'a ObjectSet>> {
    let from = |step: &Step| if let Step::Propagate(p) = step { Some(source(made, &p.from)) } else { None };
    steps.iter().find_map(from).transpose()
}

/// Where no object is near, the channel with an even ground if it has another one, and what is said of that. Among objects that leave no ground
/// free it stays as it is: what is uneven there are the objects.
fn even_ground(
    file: &Volume,
    geometry: &Geometry,
    from: Option<&ObjectSet>,
    device: &Device,
) -> Result<(Option<FreeGround>, Option<Volume>, Option<String>)> {
    let free = match from {
        Some(from) => {
            let half_widths = geometry.along(APART * from.radius_px.unwrap_or_default()).map(|v| v.round() as usize);
            let Some(free) = FreeGround::of(&object_runs::to_host(device, &from.on_device)?, half_widths)? else {
                return Ok((None, None, None));
            };
            Some(free)
        }
        None => None,
    };
    let surface = Surface::of(file.samples.host()?, file.shape, free.as_ref());
    let even = surface.as_ref().map(|surface| surface.off(file)).transpose()?;
    if let Some(free) = &free
        && !free.is_ground(even.as_ref().unwrap_or(file))?
    {
        return Ok((None, None, None));
    }
    let note = |surface: Surface| {
        format!(
            "the ground is uneven, by {:.4} across the image: it is levelled in the search for objects; values have it",
            surface.rise() * file.scale.factor()
        )
    };
    Ok((free, even, surface.map(note)))
}

fn from_steps(
    (name, set): (&str, &Objects),
    steps: &[Step],
    from: &Given,
    mut geometry: Geometry,
    lifted: &mut Lifted,
    made: &BTreeMap<String, ObjectSet>,
) -> Result<ObjectSet> {
    let Given { scan, recipe, roles, device, go_on, .. } = *from;
    let role = set.channel.as_deref().unwrap_or_default();
    let index = roles.index(role).ok_or_else(|| Error::usage(format!("no channel for \"{role}\"")))?;
    let channel = scan.channels.get(index).ok_or_else(|| Error::usage(format!("no channel {index}")))?;
    let working_on = lifted.channel(set, (&channel.volume, scan.modality), device)?;
    let Working { volume: original, for_size, specks, light, faults, clean, drawn, margin, closed, slices } =
        working_on;
    let file = margin.as_ref().map_or(&channel.volume, |margin| &margin.filled);
    let file = closed.as_ref().map_or(file, |closed| &closed.volume);
    let file = slices.as_ref().map_or(file, |slices| &slices.volume);
    let file = clean.as_ref().unwrap_or(file);
    let (free, even, note) = match counts_from_ground(steps) {
        true => even_ground(file, &geometry, grown_from(steps, made)?, device)?,
        false => (None, None, None),
    };
    let (file, original, for_size, light) = match &even {
        Some(even) => (even, working(even, device)?, None, vec![]),
        None => (file, original, for_size, light),
    };
    let lift = lift(&channel.volume, &original);
    let levelled = |of: &Volume| Levelled::of((file, of), set.scale, steps, device);
    let for_size = match &for_size {
        Some(bare) => levelled(bare)?.map(|levelled| levelled.volume).or(for_size),
        None => None,
    };
    let levelled = levelled(&original)?;
    let level = for_size.as_ref().or(levelled.as_ref().map(|levelled| &levelled.volume)).unwrap_or(&original);
    geometry.radius_px = typical::radius(set.scale, level, &geometry, device)?;
    drop(for_size);
    // Asked before the steps, it comes down with what the first of them waits for.
    let wants_noise = |step: &Step| matches!(step, Step::Threshold(p) if p.noise.is_some());
    let noise = if steps.iter().any(wants_noise) { Some(noise::ask(device, &original)?) } else { None };
    let mut state = State::new(device, geometry, file, original, (lift, channel.saturation), (scan, roles), made);
    state.noise = noise;
    state.notes.extend(closed.as_ref().map(Closed::note));
    state.notes.extend(slices.as_ref().map(EvenSlices::note));
    state.warnings.extend(slices.as_ref().and_then(EvenSlices::warning));
    state.notes.extend(levelled.as_ref().map(Levelled::note));
    state.free = free;
    state.notes.extend(note);
    state.levelled = levelled;
    state.warnings.extend(faults.warnings());
    state.warnings.extend(specks);
    state.light = light;
    state.warnings.extend(drawn);
    if let Some(margin) = &margin {
        let told = if margin.is_large() { &mut state.warnings } else { &mut state.notes };
        told.extend(margin.told(name));
        state.notes.extend(margin.told_unlit(name));
        state.searched = Some(&margin.searched);
        lifted.searched.insert(name.to_owned(), margin.searched.clone());
    }
    let found = geometry.radius_px.filter(|_| set.scale == Some(ObjectScale::Auto));
    state.warnings.extend(found.and_then(|radius| typical::doubtful(radius, geometry.shape)));
    state.has_contours = has_contours(name, recipe);
    state.warnings.extend(modality::limits_in_suv(steps, channel.unit, recipe));
    if let Some(start) = &set.start {
        let from = source(made, start)?;
        state.geometry.radius_px = geometry.radius_px.or(from.radius_px);
        state.spot_depth = from.spot_depth;
        state.replace(from.on_device.clone());
        state.dropped = from.dropped.clone();
        state.leave_out(recipe.body.excluded(start))?;
    }
    for (k, step) in steps.iter().enumerate() {
        go_on()?;
        state.step(step)?;
        state.forget_images(&steps[k + 1..]);
    }
    let labels = not_imaged::cut(&state.labels("the end of the steps")?, scan, device)?;
    state.note_dimmer()?;
    let (radius_px, spot_depth, thresholds) = (state.geometry.radius_px, state.spot_depth, state.thresholds);
    let dropped = state.dropped;
    let (mut warnings, notes) = (state.warnings, state.notes);
    let made = set_of(labels, device)?;
    let doubt = match (state.parted, state.geometry.typical_size()) {
        (Some(parted), Some(typical)) => {
            warnings.extend(unlike(name, &made.labels, typical)?);
            doubt(parted, &made.labels, typical)?
        }
        _ => None,
    };
    let origin = state.origin.map(|found| region::origin(&made.labels, &found)).transpose()?;
    let channel = roles.in_file(index);
    Ok(ObjectSet { radius_px, spot_depth, channel, dropped, thresholds, doubt, warnings, notes, origin, ..made })
}

/// Whether contours are drawn around the objects of a set, by its own steps or in a set that begins with it.
fn has_contours(name: &str, recipe: &Recipe) -> bool {
    let sets = recipe.body.objects.iter().filter(|(other, set)| *other == name || set.start.as_deref() == Some(name));
    sets.flat_map(|(_, set)| set.steps.iter().flatten()).any(|step| matches!(step, Step::Contour(_)))
}

/// What lies beside the picture is no part of a cell, if it is known where objects were searched for.
fn grown(
    p: &Grow,
    (scan, device): (&Scan, &Device),
    mut geometry: Geometry,
    made: &BTreeMap<String, ObjectSet>,
    searched: Option<&Mask>,
) -> Result<ObjectSet> {
    let from = source(made, &p.from)?;
    geometry.radius_px = from.radius_px;
    let mut labels = grow(device, &from.on_device, geometry.px(p.by)?, geometry.weights())?;
    if let Some(searched) = searched {
        let beside = not(device, &searched.to(device)?)?;
        labels = cytoplasm(device, &labels, &as_labels(&beside))?;
    }
    labels = not_imaged::without(&labels, scan, device)?;
    let (radius_px, spot_depth, channel) = (from.radius_px, from.spot_depth, from.channel);
    Ok(ObjectSet { radius_px, spot_depth, channel, ..ObjectSet::on_both(labels.clone(), labels) })
}

fn difference(p: &Minus, device: &Device, made: &BTreeMap<String, ObjectSet>) -> Result<ObjectSet> {
    let (cells, nuclei) = (source(made, &p.cells)?, source(made, &p.nuclei)?);
    let labels = cytoplasm(device, &cells.on_device, &nuclei.on_device)?;
    Ok(ObjectSet { radius_px: cells.radius_px, channel: cells.channel, ..ObjectSet::on_both(labels.clone(), labels) })
}

/// Brings the objects of all sets to the host, in one wait, where they are on a device still.
pub(super) fn bring_home(made: &mut BTreeMap<String, ObjectSet>, device: &Device) -> Result<()> {
    object_runs::bring(device, &made.values().map(|set| &set.labels).collect::<Vec<_>>())?;
    for set in made.values_mut() {
        set.labels = object_runs::to_host(device, &set.labels)?;
    }
    Ok(())
}

/// Objects of which nothing else is known, brought to the host.
fn set_of(labels: Labels, device: &Device) -> Result<ObjectSet> {
    let on_host = object_runs::to_host(device, &labels)?;
    Ok(ObjectSet::on_both(labels, on_host))
}

fn given(
    name: &str,
    set: &Objects,
    from: &Given,
    geometry: Geometry,
    made: &BTreeMap<String, ObjectSet>,
) -> Result<ObjectSet> {
    let Given { scan, roles, device, external, .. } = *from;
    let regions = match external.get(name) {
        Some(regions) => regions,
        None if set.optional => {
            let labels = Labels::of(scan.shape, 0, device.zeros(scan.shape.len())?);
            let radius_px = Some(typical::radius_of(&labels, &geometry, device)?);
            return Ok(ObjectSet { radius_px, ..set_of(labels, device)? });
        }
        None => {
            return Err(Error::usage("its label image was not given").remedy(format!("--set labels.{name}=FILE")));
        }
    };
    if regions.shape() != scan.shape {
        return Err(Error::usage(format!("the label image is {}, the image is {}", regions.shape(), scan.shape))
            .remedy("labels of the same size as the image"));
    }
    let mut labels = regions.labels.to(device)?;
    for other in &set.exclude {
        let other = source(made, other)?;
        if other.count() > 0 {
            labels = renumber(device, &cytoplasm(device, &labels, &other.on_device)?)?;
        }
    }
    let radius_px = Some(match set.scale {
        Some(ObjectScale::Fixed(length)) => geometry.px(length)?,
        _ => typical::radius_of(&labels, &geometry, device)?,
    });
    let channel = roles.found.first().map_or(0, |(_, i)| *i);
    let imaged = not_imaged::cut(&labels, scan, device)?;
    // What is not written has no rows to look at.
    let mut warnings: Vec<String> = match set.write {
        true => not_imaged::told(&labels, scan, device)?.into_iter().collect(),
        false => vec![],
    };
    let made = set_of(imaged, device)?;
    // A region with a name is what its name says.
    if set.write && regions.names.is_empty() {
        warnings.extend(region::pieces(&made.labels, regions)?);
    }
    let origin = Some(region::origin(&made.labels, regions)?);
    Ok(ObjectSet { radius_px, channel, warnings, origin, ..made })
}

//! An object set by the steps of a recipe: what they see of a channel, what is told of it, the steps one by one, and the set at the end.

use super::channels::{Changes, Lifted, Working, lift, working};
use super::cut_gap::Closed;
use super::doubt::{doubt, unlike};
use super::even_slices::EvenSlices;
use super::fading::{fading, kept_out};
use super::geometry::Geometry;
use super::given::{Given, set_of, source};
use super::level::Levelled;
use super::state::State;
use super::{modality, not_imaged, region, typical};
use crate::device::Device;
use crate::image::{Channel, ObjectSet, Scan, Volume};
use crate::ops::free_ground::FreeGround;
use crate::ops::uneven::Surface;
use crate::ops::{noise, object_runs};
use crate::recipe::{CountedFrom, ObjectScale, Objects, Recipe, Step};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// So many radii from an object cells may reach.
const APART: f64 = 1.5;

/// Makes a set. Those that it needs are in `made`.
pub(super) fn from_steps(
    (name, set): (&str, &Objects),
    steps: &[Step],
    from: &Given,
    mut geometry: Geometry,
    lifted: &mut Lifted,
    made: &BTreeMap<String, ObjectSet>,
) -> Result<ObjectSet> {
    let Given { scan, recipe, roles, device, go_on, .. } = *from;
    let (index, channel) = channel_of(set, from)?;
    let Working { volume, for_size, light, changes } = lifted.channel(set, (&channel.volume, scan.modality), device)?;
    let file = changes.file(&channel.volume);
    let ground = match counts_from_ground(steps) {
        true => even_ground(file, &geometry, grown_from(steps, made)?, device)?,
        false => Ground::default(),
    };
    let (file, original, for_size, light) = match &ground.even {
        Some(even) => (even, working(even, device)?, None, vec![]),
        None => (file, volume, for_size, light),
    };
    let level = |of: &Volume| Levelled::of((file, of), set.scale, steps, device);
    let levelled = level(&original)?;
    let bare = match for_size {
        Some(bare) => Some(level(&bare)?.map_or(bare, |levelled| levelled.volume)),
        None => None,
    };
    let plain = levelled.as_ref().map_or(&original, |levelled| &levelled.volume);
    geometry.radius_px = typical::radius(set.scale, bare.as_ref().unwrap_or(plain), &geometry, device)?;
    drop(bare);
    let lift = lift(&channel.volume, &original);
    // Asked before the steps, it comes down with what the first of them waits for.
    let noise = if wants_noise(steps) { Some(noise::ask(device, &original)?) } else { None };
    let mut state = State::new(device, geometry, file, original, (lift, channel.saturation), (scan, roles), made);
    (state.noise, state.free, state.levelled, state.light) = (noise, ground.free, levelled, light);
    state.has_contours = has_contours(name, recipe);
    tell(name, &changes, ground.note, scan.is_jpeg(), &mut state);
    if let Some(margin) = &changes.margin {
        state.searched = Some(&margin.searched);
        lifted.searched.insert(name.to_owned(), margin.searched.clone());
    }
    let found = geometry.radius_px.filter(|_| set.scale == Some(ObjectScale::Auto));
    state.warnings.extend(found.and_then(|radius| typical::doubtful(radius, geometry.shape)));
    state.warnings.extend(found.and_then(|_| typical::slices_by_default(geometry.shape, scan.spacing)));
    state.warnings.extend(modality::limits_in_suv(steps, channel.unit, recipe));
    if let Some(start) = &set.start {
        begin_with(source(made, start)?, recipe.body.excluded(start), &mut state)?;
    }
    for (k, step) in steps.iter().enumerate() {
        go_on()?;
        state.step(step)?;
        state.forget_images(&steps[k + 1..]);
    }
    let made = finished((name, steps), state, scan)?;
    Ok(ObjectSet { channel: roles.in_file(index), ..made })
}

/// The channel that a set is found in, and its place in the scan.
fn channel_of<'a>(set: &Objects, from: &Given<'a>) -> Result<(usize, &'a Channel)> {
    let role = set.channel.as_deref().unwrap_or_default();
    let index = from.roles.index(role).ok_or_else(|| Error::usage(format!("no channel for \"{role}\"")))?;
    let channel = from.scan.channels.get(index).ok_or_else(|| Error::usage(format!("no channel {index}")))?;
    Ok((index, channel))
}

/// Whether a threshold is held against one ground for all of the image.
fn counts_from_ground(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Threshold(p) if p.from == Some(CountedFrom::Ground)))
}

/// Whether a threshold is held against the noise of the channel.
fn wants_noise(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Threshold(p) if p.noise.is_some()))
}

/// The set that the objects of these steps grow from, if there is one.
fn grown_from<'a>(steps: &[Step], made: &'a BTreeMap<String, ObjectSet>) -> Result<Option<&'a ObjectSet>> {
    let from = |step: &Step| if let Step::Propagate(p) = step { Some(source(made, &p.from)) } else { None };
    steps.iter().find_map(from).transpose()
}

/// What thresholds are held against that count from one ground for all of the image.
#[derive(Default)]
struct Ground {
    /// Where none of the objects is near that the set grows from.
    free: Option<FreeGround>,
    /// The channel with an even ground, if it has another one.
    even: Option<Volume>,
    /// What is said of that.
    note: Option<String>,
}

/// The ground where no object is near. Among objects that leave none of it free the channel stays as it is: what is uneven there are the objects.
fn even_ground(file: &Volume, geometry: &Geometry, from: Option<&ObjectSet>, device: &Device) -> Result<Ground> {
    let free = match from {
        Some(from) => {
            let half_widths = geometry.along(APART * from.radius_px.unwrap_or_default()).map(|v| v.round() as usize);
            let Some(free) = FreeGround::of(&object_runs::to_host(device, &from.on_device)?, half_widths)? else {
                return Ok(Ground::default());
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
        return Ok(Ground::default());
    }
    let note = |surface: Surface| {
        format!(
            "the ground is uneven, by {:.4} across the image: it is levelled in the search for objects; measured values are unchanged",
            surface.rise() * file.scale.factor()
        )
    };
    Ok(Ground { free, even, note: surface.map(note) })
}

/// Whether contours are drawn around the objects of a set, by its own steps or in a set that begins with it.
fn has_contours(name: &str, recipe: &Recipe) -> bool {
    let sets = recipe.body.objects.iter().filter(|(other, set)| *other == name || set.start.as_deref() == Some(name));
    sets.flat_map(|(_, set)| set.steps.iter().flatten()).any(|step| matches!(step, Step::Contour(_)))
}

/// What the user is told of the channel before anything is found in it.
fn tell(name: &str, seen: &Changes, of_ground: Option<String>, is_jpeg: bool, state: &mut State) {
    state.notes.extend(seen.closed.as_ref().map(Closed::note));
    state.notes.extend(seen.slices.as_ref().map(EvenSlices::note));
    state.notes.extend(state.levelled.as_ref().map(Levelled::note));
    state.notes.extend(of_ground);
    state.warnings.extend(seen.slices.as_ref().and_then(EvenSlices::warning));
    state.warnings.extend(seen.faults.warnings(is_jpeg));
    state.warnings.extend(seen.specks.clone());
    state.warnings.extend(seen.drawn.clone());
    if let Some(margin) = &seen.margin {
        let told = if margin.is_large() { &mut state.warnings } else { &mut state.notes };
        told.extend(margin.message(name));
        state.notes.extend(margin.unlit_message(name));
    }
}

/// Objects of another set stand before the first step, without those that `excluded` takes away.
fn begin_with(start: &ObjectSet, excluded: BTreeSet<&str>, state: &mut State) -> Result<()> {
    state.geometry.radius_px = state.geometry.radius_px.or(start.radius_px);
    state.spot_depth = start.spot_depth;
    state.replace(start.on_device.clone());
    state.dropped = start.dropped.clone();
    state.leave_out(excluded)
}

/// The set that the last step leaves, with what is known of it and may be doubted.
fn finished((name, steps): (&str, &[Step]), mut state: State, scan: &Scan) -> Result<ObjectSet> {
    let device = state.device;
    let labels = not_imaged::cut(&state.labels("the end of the steps")?, scan, device)?;
    state.note_dimmer()?;
    let State { file, geometry, spot_depth, thresholds, dropped, parted, origin, mut warnings, notes, .. } = state;
    let made = set_of(labels, device)?;
    let doubt = match (parted, geometry.typical_size()) {
        (Some(parted), Some(typical)) => {
            warnings.extend(unlike(name, &made.labels, typical)?);
            let doubt = doubt(parted, &made.labels, typical)?;
            warnings.extend(fading(file, &made.labels, doubt, &kept_out(name, steps, &thresholds))?);
            doubt
        }
        _ => None,
    };
    let origin = origin.map(|found| region::origin(&made.labels, &found)).transpose()?;
    let radius_px = geometry.radius_px;
    Ok(ObjectSet { radius_px, spot_depth, dropped, thresholds, doubt, warnings, notes, origin, ..made })
}

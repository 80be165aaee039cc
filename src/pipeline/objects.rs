//! Object sets: from steps, grown, as a difference, or from a label image.

use super::channels::Lifted;
use super::from_steps::from_steps;
use super::geometry::Geometry;
use super::given::{Given, missing, set_of, source};
use super::propagate::as_labels;
use super::sphere::sphere;
use super::{liver, not_imaged, region, typical};
use crate::device::Device;
use crate::image::{Labels, Mask, ObjectSet, Scan};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::grow::grow;
use crate::ops::object_runs;
use crate::ops::pixelwise::not;
use crate::ops::renumber::renumber;
use crate::profile::stage;
use crate::recipe::{Grow, Minus, ObjectScale, Objects};
use crate::{Error, Result};
use std::collections::BTreeMap;

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
        _ => liver::look_at(name, set, recipe, scan, from_labels(name, set, from, geometry, made)?),
    }
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

fn from_labels(
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
        true => not_imaged::warning(&labels, scan, device)?.into_iter().collect(),
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

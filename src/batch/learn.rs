//! Centres of habitats, learned from the objects of many images.

use super::centres_file::{self, Given};
use super::one_by_one::{Looked, one_by_one};
use super::settings::Settings;
use crate::device::Device;
use crate::pipeline;
use crate::recipe::{Habitats, Objects, Recipe};
use crate::{Error, Result};

/// What was learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The file of centres.
    pub text: String,
    /// Images that gave voxels.
    pub images: usize,
    /// What could not be read or done, with the reason.
    pub failed: Vec<(String, Error)>,
}

/// Learns the centres of the clusters that a recipe divides objects by, from all images of the inputs together. `set` names the object
/// set, where several have clusters. One image is in work at a time.
///
/// # Errors
/// The recipe has no such set or several, nothing is found, images differ in their units, or there are fewer different voxels than
/// clusters. What goes wrong with one image stands in what is returned.
pub fn learn(settings: &Settings, recipe: &Recipe, set: Option<&str>, device: &Device) -> Result<Learned> {
    let (name, p) = step_of(recipe, set)?;
    let clusters = p.clusters.unwrap_or_default();
    let Looked { done, failed } = one_by_one(settings, recipe, 1, &|recipe, scan, external| {
        pipeline::habitat_values((scan, external), recipe, (name, p), device)
    })?;
    let given: Vec<Given> = done.into_iter().map(|(name, values)| Given { name, values }).collect();
    let with_voxels = || given.iter().filter(|g| g.values.voxels > 0);
    let first = with_voxels().next().ok_or_else(|| nothing(&failed))?;
    if let Some(other) = with_voxels().find(|g| g.values.units != first.values.units) {
        let (a, b) = (first.values.units.join(", "), other.values.units.join(", "));
        let what = format!("the images of {} are in \"{a}\", those of {} in \"{b}\"", first.name, other.name);
        return Err(Error::usage(what).remedy("images of one unit: PET that all says its SUV, for example"));
    }
    let rows: Vec<f64> = given.iter().flat_map(|g| &g.values.values).copied().collect();
    let (mut known, counts) = pipeline::learn_centres(&rows, &p.images, clusters)?;
    known.units = first.values.units.iter().map(|unit| unit.to_string()).collect();
    let text = centres_file::text(&known, &counts, &given, (recipe, name));
    Ok(Learned { text, images: with_voxels().count(), failed })
}

fn nothing(failed: &[(String, Error)]) -> Error {
    let e = Error::usage("no image has a voxel to learn from");
    match failed.first() {
        Some((name, first)) => e.remedy(format!("what went wrong first: {name}: {}", first.reason())),
        None => e.remedy("images in which the recipe finds objects"),
    }
}

/// The step that divides by clusters, with the object set that it stands in.
fn step_of<'a>(recipe: &'a Recipe, set: Option<&'a str>) -> Result<(&'a str, &'a Habitats)> {
    let by_clusters = |objects: &'a Objects| objects.habitats().filter(|p| p.by_clusters());
    let all = recipe.body.objects.iter().filter(|(name, _)| set.is_none_or(|set| set == *name));
    let found: Vec<_> = all.filter_map(|(name, o)| by_clusters(o).map(|p| (name.as_str(), p))).collect();
    match found[..] {
        [(name, p)] if p.centres.is_some() => {
            Err(Error::usage(format!("the object set \"{name}\" has centres, there is nothing to learn"))
                .remedy("clusters = 3 in the place of centres"))
        }
        [one] => Ok(one),
        [] => Err(Error::usage("no object set of the recipe is divided by clusters")
            .remedy("steps = [{ op = \"habitats\", set = \"lesions\", images = [\"pet\"], clusters = 3 }]")),
        _ => {
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            Err(Error::usage("several object sets are divided by clusters")
                .remedy(format!("--objects with one of: {}", names.join(", "))))
        }
    }
}

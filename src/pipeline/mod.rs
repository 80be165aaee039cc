//! One image through one recipe: object sets in their order, then what is measured on them.
//!
//! Channels stay on the host; what the steps work on goes up once a channel, and the labels of each set come down once. The
//! device changes nothing in an [`Outcome`].
//! Columns are named after the roles of the recipe, not after the channels of the file.

mod agreement;
mod ball;
mod beside;
mod blank_noise;
mod candidates;
mod channel_refs;
mod channels;
mod classes;
mod classified;
mod columns;
mod contours;
mod contradicted;
mod controls;
mod crowded_spots;
mod cut_gap;
mod cut_slices;
mod cutoff;
mod demand;
mod depth;
mod derived;
mod dim_specks;
mod doubt;
mod drawn;
mod even_slices;
mod fading;
mod faults;
mod few_bright;
mod fill_holes;
mod floor;
mod from_steps;
mod geometry;
mod given;
mod grades;
mod grid;
mod ground;
mod habitats;
mod image;
mod in_turn;
mod judged;
mod kernels;
mod known;
mod lesions;
mod level;
mod light;
mod lit_crowd;
mod liver;
mod made;
mod margin;
mod marker_values;
mod mask;
mod measured;
mod mixed;
mod modality;
mod named_roles;
mod not_imaged;
mod object_light;
mod objects;
#[cfg(test)]
mod odd_images;
mod over_images;
mod paired;
mod perturb;
mod positive;
mod prescription;
mod propagate;
mod quantise;
mod region;
mod regridded;
mod relations;
mod repeated;
mod responses;
mod roles;
mod row;
mod scores;
mod shared_noise;
mod shown;
mod specks;
mod sphere;
mod split;
mod spots;
mod state;
mod surroundings;
mod texture_map;
mod two_kinds;
mod typical;
mod unseen;
mod uptake;
mod windows;

use crate::Result;
use crate::device::Device;
use crate::image::{Channel, Gallery, Labels, ObjectSet, Regions, Scan};
use crate::measure::{self, ChannelRef};
use crate::profile::stage;
use crate::recipe::{Quality, Recipe};
use crate::table::Table;
use channel_refs::{channel_refs, image_refs};
use channels::Lifted;
use given::Given;
use in_turn::ByChannel;
use made::Derived;
use measured::Measured;
use relations::Relations;
use roles::Roles;
use row::Words;
use std::borrow::Cow;
use std::collections::BTreeMap;
use surroundings::Surroundings;

pub use classified::MarkerValues;
pub use columns::columns;
pub use controls::add_control;
pub use grid::{on_grid, shape_on_grid};
pub use habitats::{HabitatValues, MOST_VOXELS, habitat_values, learn_centres};
pub use in_turn::{InMemory, in_memory};
pub use kernels::kernels;
pub use named_roles::by_names;
pub use over_images::{FoundCutoffs, cutoffs_over_images};
pub use perturb::{PERTURBATIONS, Perturbation};
pub use repeated::{Repeated, repeated};
pub use row::{roles, warnings};

/// Regions drawn elsewhere, by object set.
pub type External = BTreeMap<String, Regions>;

/// What comes of one image. Nothing in it depends on the device, on threads or on the time.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One row: counts, thresholds, scales, calibration, warnings, notes.
    pub row: Table,
    /// The object sets, in an order in which each one comes after those that it was made from.
    pub sets: Vec<MeasuredSet>,
    /// Images that were made of channels and are to be written.
    pub images: Vec<Channel>,
    /// Objects that are to be shown side by side.
    pub galleries: Vec<Gallery>,
    /// What cutoffs over several images are found from; none where the recipe has numbers for all of them.
    pub marker_values: Vec<MarkerValues>,
    /// How many things the user should look at: what the cell `warnings` of the row says.
    pub warnings: usize,
}

/// One object set of one image, measured.
#[derive(Clone, Debug)]
pub struct MeasuredSet {
    /// As the recipe calls it.
    pub name: String,
    /// A row an object, by label; the first column is `label`. Without rows where they were handed over as they were made.
    pub table: Table,
    /// Its objects.
    pub objects: ObjectSet,
    /// Index of the channel to draw it over.
    pub channel: usize,
    /// Index of a channel to show beneath that one.
    pub beneath: Option<usize>,
}

/// Runs a recipe on an image; on the grid of the recipe, if it has one.
///
/// # Errors
/// The image lacks a channel or the calibration that the recipe needs, a step cannot be done, or, of the kind `Device`,
/// a GPU is lost or too small: the same call with [`Device::Cpu`] then gives what the GPU would have given.
pub fn run(scan: &Scan, recipe: &Recipe, device: &Device, external: &External) -> Result<Outcome> {
    let go_on = &|| Ok(());
    if recipe.body.grid.is_none() {
        return find(scan, recipe, device, external, go_on)?.measure();
    }
    let (scan, external) = on_grid(scan.clone(), external.clone(), recipe)?;
    find(&scan, recipe, device, &external, go_on)?.measure()
}

/// The object sets of an image, found but not yet measured: their number is known, so that whoever has little memory can
/// look at what their rows will take.
pub struct FoundSets<'a> {
    scan: Cow<'a, Scan>,
    recipe: &'a Recipe,
    roles: Roles,
    device: &'a Device,
    external: &'a External,
    made: BTreeMap<String, ObjectSet>,
}

/// Finds the object sets of a recipe in an image that [`on_grid`] has brought onto its grid. `go_on` is asked before each of them and of their steps; an error of it ends the work.
///
/// # Errors
/// As [`run`], and what `go_on` gives.
pub fn find<'a>(
    scan: &'a Scan,
    recipe: &'a Recipe,
    device: &'a Device,
    external: &'a External,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<FoundSets<'a>> {
    let mut found = find_sets(scan, recipe, device, external, go_on, &|_| true)?;
    found.scan = derived::add(found.scan, recipe, &mut found.roles, (device, &found.made), &|_| true)?;
    Ok(found)
}

/// The same for some of its object sets; those that they need are among them.
fn find_sets<'a>(
    scan: &'a Scan,
    recipe: &'a Recipe,
    device: &'a Device,
    external: &'a External,
    go_on: &dyn Fn() -> Result<()>,
    is_wanted: &dyn Fn(&str) -> bool,
) -> Result<FoundSets<'a>> {
    modality::check(scan, recipe)?;
    let mut roles = Roles::find(scan, recipe)?;
    let early = |image: &str| !recipe.body.follows_objects(image);
    let scan = derived::add(Cow::Borrowed(scan), recipe, &mut roles, (device, &BTreeMap::new()), &early)?;
    roles.warnings.extend(ground::check(&scan, recipe, &roles)?.into_iter().chain(liver::other_tracer(&scan, recipe)));
    let mut made: BTreeMap<String, ObjectSet> = BTreeMap::new();
    let (given, mut lifted) =
        (Given { scan: &scan, recipe, roles: &roles, device, external, go_on }, Lifted::new(recipe));
    for name in recipe.order.iter().filter(|name| is_wanted(name)) {
        go_on()?;
        // Sets that are made of others need these on the device only, so all of them come to the host together.
        if recipe.body.objects.get(name).is_some_and(|set| set.grow.is_none() && set.minus.is_none()) {
            objects::bring_home(&mut made, device)?;
        }
        let set = objects::make(name, &given, &mut lifted, &made)
            .map_err(|e| if e.needed_for.is_some() { e } else { e.needed_for(format!("the object set \"{name}\"")) })?;
        made.insert(name.clone(), set);
    }
    objects::bring_home(&mut made, device)?;
    Ok(FoundSets { scan, recipe, roles, device, external, made })
}

/// Takes the rows of an object set as they are made: its name, and a block of rows. Each set has one block at least, be it empty.
pub type Take<'a> = dyn FnMut(&str, Table) -> Result<()> + 'a;

impl FoundSets<'_> {
    /// Measures the sets; their tables are in the outcome.
    ///
    /// # Errors
    /// As [`run`].
    pub fn measure(self) -> Result<Outcome> {
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        let mut take = |set: &str, rows: Table| {
            tables.entry(set.to_string()).or_default().append(rows);
            Ok(())
        };
        let mut outcome = self.measure_into(&mut take)?;
        for set in &mut outcome.sets {
            set.table = tables.remove(&set.name).unwrap_or_default();
        }
        Ok(outcome)
    }

    /// An object set, if there is one of that name.
    pub fn set(&self, name: &str) -> Option<&ObjectSet> {
        self.made.get(name)
    }

    /// Measures the sets and hands over their rows, so that those of a million objects are never in memory together.
    ///
    /// # Errors
    /// As [`run`], and what `take` gives.
    pub fn measure_into(self, take: &mut Take) -> Result<Outcome> {
        let FoundSets { scan, recipe, roles, device, external, made } = self;
        finish(&Sets { scan: &scan, recipe, roles: &roles, device, external, made: &made }, take)
    }
}

/// Everything that the tables of an image are made from.
struct Sets<'a> {
    scan: &'a Scan,
    recipe: &'a Recipe,
    roles: &'a Roles,
    device: &'a Device,
    external: &'a External,
    made: &'a BTreeMap<String, ObjectSet>,
}

/// Measures the sets and puts the outcome together.
fn finish(of: &Sets, take: &mut Take) -> Result<Outcome> {
    let Sets { scan, recipe, roles, made, .. } = *of;
    let (mut sets, mut galleries, mut marker_values) = (Vec::new(), Vec::new(), Vec::new());
    let (mut words, mut totals) = (Words::of(scan, roles), Vec::new());
    let mut around = stage("surroundings", "", || Surroundings::of(recipe, made))?;
    let mut by_channel = ByChannel::default();
    match scan.in_turn.is_some() {
        true => by_channel = stage("channels in turn", "", || in_turn::measure(of, &mut around))?,
        false => stage("surroundings", "", || around.look_at(&image_refs(scan, roles, recipe), scan.modality))?,
    }
    words.add(&mut around.warnings, &mut around.notes);
    let of_set = |name: &str, words: &[String]| words.iter().map(|w| format!("{name}: {w}")).collect::<Vec<_>>();
    for (name, set) in recipe.order.iter().filter_map(|n| made.get(n).map(|m| (n, m))) {
        words.warnings.extend(of_set(name, &set.warnings));
        words.notes.extend(of_set(name, &set.notes));
    }
    let written = |name: &&String| recipe.body.objects.get(*name).is_some_and(|o| o.write);
    let mut relations = Relations::find(recipe, made, of.device)?;
    let mut measured: BTreeMap<&str, Measured> = BTreeMap::new();
    for name in &recipe.children_first {
        let mut pass_over = |_: &str, _: Table| Ok(());
        let take: &mut Take = if written(&name) { take } else { &mut pass_over };
        if written(&name) || recipe.body.relate.contains_key(name) {
            let set = stage("measure", name, || measured::set(name, of, (&around, &by_channel), &mut relations, take))?;
            measured.insert(name, set);
        }
    }
    for (name, set) in recipe.order.iter().filter(written).filter_map(|n| made.get(n).map(|m| (n, m))) {
        let Some(found) = measured.remove(name.as_str()) else { continue };
        let Measured { table, why_empty, warnings, totals: together, candidates, marker_values: values } = found;
        words.empty_columns.extend(of_set(name, &why_empty));
        words.warnings.extend(of_set(name, &warnings));
        totals.extend(together.columns);
        marker_values.extend(values);
        if let Some(regions) = of.external.get(name) {
            words.warnings.extend(of_set(name, &regions.notes));
        }
        galleries.extend(candidates::gallery(name, of, set, candidates)?);
        let (channel, beneath) = shown::shown(name, recipe, roles, set.channel);
        sets.push(MeasuredSet { name: name.clone(), table, objects: set.on_host(), channel, beneath });
    }
    let mut rest = mixed::columns(&roles.mixed);
    rest.columns.extend(totals);
    rest.columns.extend(agreement::columns(recipe, made, of.external)?.columns);
    rest.columns.extend(around.columns(scan, recipe, roles).columns);
    rest.columns.extend(scan.audit.columns.clone());
    rest.columns.extend(match scan.in_turn.is_some() {
        true => by_channel.quality.columns,
        false => stage("quality", "", || quality(&channel_refs(scan, roles), recipe, made))?.columns,
    });
    let beyond = |(column, _)| format!("{column} is not a finite number: the cell is empty");
    words.warnings.extend(rest.only_finite().into_iter().map(beyond));
    let mut row = row::row(scan, recipe, roles, made, &words);
    row.columns.extend(rest.columns);
    let is_written = |d: &&Derived| recipe.body.written_images().any(|name| name == d.name);
    let images = roles.derived.iter().filter(is_written).filter_map(|d| scan.channels.get(d.index).cloned()).collect();
    Ok(Outcome { row, sets, images, galleries, marker_values, warnings: words.warnings.len() })
}

/// Quality of the channels; what belongs to no object of any set is their background.
fn quality(channels: &[ChannelRef], recipe: &Recipe, made: &BTreeMap<String, ObjectSet>) -> Result<Table> {
    let quality = recipe.body.image_quality();
    if quality == Quality::None {
        return Ok(Table::default());
    }
    let sets: Vec<&Labels> = made.values().map(|set| &set.labels).collect();
    measure::image(channels, &sets, quality == Quality::Camera)
}

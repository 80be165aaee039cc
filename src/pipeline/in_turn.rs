//! An image of which not all channels are in memory.
//!
//! What is said of each channel by itself is measured as channels are read, in groups, for all object sets in one go: so each is read
//! once more after the image was opened. These columns are kept until rows are put together. Families that look at several
//! channels have theirs in memory together when their set's turn comes.

use super::channel_refs::{channel_refs, has_columns_of, image_refs, is_measured_in};
use super::measured::{block_rows, channels, in_set, others, request};
use super::named_roles;
use super::roles::{self, Roles};
use super::surroundings::Surroundings;
use super::{FoundSets, Sets, quality};
use crate::Result;
use crate::measure::{Chosen, Definition, Request, Rows};
use crate::recipe::{Measure, Quality, Recipe};
use crate::table::{Cells, Column, Table};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

/// The channels that have to be in memory of an image whose channels are read in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InMemory {
    /// All along: something is found in them, made of them or shown of them.
    pub kept: Vec<usize>,
    /// How many others are read once more to be measured.
    pub measured: usize,
    /// How many of these have to be there together for a family while rows are made.
    pub together: usize,
    /// How many, at most, overlays show.
    pub shown: usize,
}

/// Which channels have to be in memory of an image with channels of these names; nothing if all of them have.
///
/// # Errors
/// As in a run: a role that no channel fits, or several.
pub fn in_memory(names: &[String], recipe: &Recipe) -> Result<Option<InMemory>> {
    // In a colour picture it takes the pixels to tell roles, and another grid takes all of them.
    if names == ["R", "G", "B"] || recipe.body.grid.is_some() {
        return Ok(None);
    }
    let roles = named_roles::of_names(names, recipe)?;
    let is_kept = |role: &str| roles::is_needed(recipe, role) || is_in_gallery(recipe, role);
    let mut kept: Vec<usize> = roles.found.iter().filter(|(role, _)| is_kept(role)).map(|(_, i)| *i).collect();
    kept.dedup();
    let of_set = |wanted: &Measure| {
        let measured = roles.found.iter().filter(|(role, _)| is_measured_in(wanted, role, recipe));
        let measured: Vec<&str> = measured.map(|(role, _)| role.as_str()).collect();
        let together = together(&split(wanted).1, &measured, &roles);
        together.iter().filter(|i| !kept.contains(i)).count()
    };
    let together = measured_sets(recipe).map(|(_, wanted)| of_set(wanted)).max().unwrap_or(0);
    let measured = roles.found.iter().filter(|(role, i)| !kept.contains(i) && is_measured(recipe, role)).count();
    // Sets that were not found in a channel are shown over one that is measured.
    let shown = recipe.body.objects.values().filter(|set| set.write && set.steps.is_none()).count();
    let shown = shown.min(names.len() - kept.len());
    Ok((kept.len() < names.len()).then_some(InMemory { kept, measured, together, shown }))
}

/// Something is said of the channel of that role, of objects or of the whole image.
fn is_measured(recipe: &Recipe, role: &str) -> bool {
    let of_set = |(_, wanted): (&String, &Measure)| has_columns_of(wanted, role, recipe);
    let has_background = recipe.body.measure.values().any(|m| m.families.iter().any(|c| c.family.needs().background));
    // Where objects are judged, or probes held against each other, their light in every channel is looked at.
    let has_cutoffs = !recipe.body.positive.is_empty() || !recipe.body.paired.is_empty();
    recipe.body.image_quality() != Quality::None || has_background || has_cutoffs || measured_sets(recipe).any(of_set)
}

fn is_in_gallery(recipe: &Recipe, role: &str) -> bool {
    recipe.body.gallery.values().any(|g| g.channels.as_ref().is_none_or(|names| names.iter().any(|n| n == role)))
}

/// The families that measure channel by channel, and the others.
fn split(wanted: &Measure) -> (Vec<Chosen>, Vec<Chosen>) {
    wanted.families.iter().cloned().partition(Chosen::is_by_channel)
}

/// The channels that these families look at together.
fn together(families: &[Chosen], measured: &[&str], roles: &Roles) -> Vec<usize> {
    let names: BTreeSet<&str> = families.iter().flat_map(|chosen| chosen.together(measured)).collect();
    let indices: BTreeSet<usize> = names.iter().filter_map(|name| roles.index(name)).collect();
    indices.into_iter().collect()
}

/// What was measured channel by channel.
#[derive(Default)]
pub(super) struct ByChannel {
    /// By object set.
    pub sets: BTreeMap<String, Kept>,
    /// The quality of each channel.
    pub quality: Table,
}

/// Columns of an object set that were measured channel by channel, and what is left to do.
pub(super) struct Kept {
    families: Vec<Chosen>,
    /// Those that were not measured.
    pub other_families: Vec<Chosen>,
    /// The channels that these look at.
    pub together: Vec<usize>,
    /// What the user should know of them.
    pub doubts: Vec<String>,
    columns: BTreeMap<String, (Definition, Numbers)>,
}

/// Measures what is said of each channel by itself.
pub(super) fn measure(of: &Sets, around: &mut Surroundings) -> Result<ByChannel> {
    let mut all = ByChannel::default();
    for (name, wanted) in measured_sets(of.recipe) {
        let measured = channels(name, of, around);
        let (families, other_families) = split(wanted);
        let names: Vec<&str> = measured.iter().map(|c| c.name).collect();
        let together = together(&other_families, &names, of.roles);
        all.sets.insert(
            name.clone(),
            Kept { families, other_families, together, doubts: vec![], columns: BTreeMap::new() },
        );
    }
    for group in groups(of) {
        let indices: Vec<usize> = group.iter().filter_map(|name| of.roles.index(name)).collect();
        let scan = of.scan.with_samples(&indices)?;
        let of = &Sets { scan: &scan, ..*of };
        let is_here = |name: &str| group.iter().any(|n| n == name);
        let mut here = image_refs(&scan, of.roles, of.recipe);
        here.retain(|c| is_here(c.name));
        around.look_at(&here, scan.modality)?;
        let mut in_file = channel_refs(&scan, of.roles);
        in_file.retain(|c| is_here(c.name));
        all.quality.columns.extend(quality(&in_file, of.recipe, of.made)?.columns);
        for (name, kept) in &mut all.sets {
            kept.add(name, of, &is_here, around)?;
        }
    }
    Ok(all)
}

/// The names of the channels to measure, in groups of which no more have to be read than may be in memory together.
fn groups(of: &Sets) -> Vec<Vec<String>> {
    let at_once = of.scan.in_turn.as_ref().map_or(1, |in_turn| in_turn.at_once);
    let (mut groups, mut to_read) = (vec![vec![]], 0);
    for channel in image_refs(of.scan, of.roles, of.recipe).iter().filter(|c| is_measured(of.recipe, c.name)) {
        let is_read = of.roles.index(channel.name).is_some_and(|i| of.scan.is_in_file(i));
        if is_read && to_read == at_once {
            groups.push(vec![]);
            to_read = 0;
        }
        to_read += usize::from(is_read);
        groups.last_mut().into_iter().for_each(|group| group.push(channel.name.to_owned()));
    }
    groups
}

/// The sets that are measured, with what is measured of them.
fn measured_sets(recipe: &Recipe) -> impl Iterator<Item = (&String, &Measure)> {
    let body = &recipe.body;
    let is_written = |name: &String| body.objects.get(name).is_some_and(|o| o.write);
    body.measure.iter().filter(move |(name, _)| is_written(name) || body.relate.contains_key(*name))
}

impl FoundSets<'_> {
    /// So many channels are read together to be measured, where they are read in turn.
    pub fn read_at_once(&mut self, channels: usize) {
        if self.scan.in_turn.is_none() {
            return;
        }
        if let Some(in_turn) = &mut self.scan.to_mut().in_turn {
            in_turn.at_once = channels;
        }
    }

    /// Cells that are kept until rows are put together, where channels are read in turn.
    pub fn kept_cells(&self) -> u64 {
        let FoundSets { scan, recipe, roles, made, .. } = self;
        let of_set = |(name, wanted): (&String, &Measure)| {
            let mut channels = image_refs(scan, roles, recipe);
            channels.retain(|c| is_measured_in(wanted, c.name, recipe));
            let Some(set) = made.get(name) else { return 0 };
            let request = Request { channels: &channels, ..Request::new(&set.labels) };
            let columns = request.dictionary(&split(wanted).0).len() - request.dictionary(&[]).len();
            columns as u64 * u64::from(set.count())
        };
        scan.in_turn.as_ref().map_or(0, |_| measured_sets(recipe).map(of_set).sum())
    }
}

impl Kept {
    /// Measures the channels that are here.
    fn add(&mut self, name: &str, of: &Sets, is_here: &dyn Fn(&str) -> bool, around: &Surroundings) -> Result<()> {
        let Some(set) = of.made.get(name) else { return Ok(()) };
        let (mut channels, others) = (channels(name, of, around), others(of));
        channels.retain(|c| is_here(c.name));
        if channels.is_empty() || self.families.is_empty() {
            return Ok(());
        }
        let request = Request { families: &self.families, ..request(of, set, &channels, &others, around) };
        let plain: BTreeSet<String> = request.dictionary(&[]).into_iter().map(|d| d.name).collect();
        let mut rows = Rows::new(&request)?;
        let dictionary: Vec<Definition> = rows.dictionary().cloned().collect();
        let step = block_rows(dictionary.len());
        for from in (0..rows.count().max(1)).step_by(step) {
            let block = rows.block(from..rows.count().min(from + step)).map_err(|e| in_set(e, name))?;
            let new = dictionary.iter().zip(block.columns).filter(|(d, _)| !plain.contains(&d.name));
            for (definition, column) in new {
                let empty = || (definition.clone(), Numbers::room(&column.cells, rows.count()));
                self.columns.entry(definition.name.clone()).or_insert_with(empty).1.append(&column.cells);
            }
        }
        for chosen in &self.families {
            self.doubts.extend(chosen.family.doubts(&Table::default(), &request)?);
        }
        Ok(())
    }

    /// These of its columns, whole.
    pub fn columns(&self, names: &BTreeSet<String>) -> Vec<Column> {
        let kept = names.iter().filter_map(|name| self.columns.get(name));
        kept.map(|(definition, numbers)| definition.clone().column(numbers.cells(0..numbers.len()))).collect()
    }

    /// Rows of all columns, in the order of a dictionary, of which `block` has those that were not kept.
    pub fn beside(&self, block: Table, rows: Range<usize>, dictionary: &[Definition]) -> Table {
        let mut others: HashMap<String, Column> = block.columns.into_iter().map(|c| (c.name.clone(), c)).collect();
        let column = |d: &Definition| {
            let kept = || self.columns.get(&d.name).map(|(_, n)| d.clone().column(n.cells(rows.clone())));
            others.remove(&d.name).or_else(kept)
        };
        Table { columns: dictionary.iter().filter_map(column).collect() }
    }
}

/// Cells in half of the room: no cell is this number.
enum Numbers {
    /// The least number is none.
    Int(Vec<i64>),
    /// What is not finite is none.
    Real(Vec<f64>),
}

impl Numbers {
    fn room(like: &Cells, rows: usize) -> Self {
        match like {
            Cells::Int(_) => Numbers::Int(Vec::with_capacity(rows)),
            _ => Numbers::Real(Vec::with_capacity(rows)),
        }
    }

    fn append(&mut self, cells: &Cells) {
        match (self, cells) {
            (Numbers::Int(all), Cells::Int(cells)) => all.extend(cells.iter().map(|c| c.unwrap_or(i64::MIN))),
            (Numbers::Real(all), Cells::Real(cells)) => all.extend(cells.iter().map(|c| c.unwrap_or(f64::NAN))),
            (_, other) => debug_assert!(false, "{} among numbers", other.type_name()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Numbers::Int(all) => all.len(),
            Numbers::Real(all) => all.len(),
        }
    }

    fn cells(&self, rows: Range<usize>) -> Cells {
        match self {
            Numbers::Int(all) => Cells::Int(all[rows].iter().map(|n| Some(*n).filter(|n| *n > i64::MIN)).collect()),
            Numbers::Real(all) => Cells::Real(all[rows].iter().map(|x| Some(*x).filter(|x| x.is_finite())).collect()),
        }
    }
}

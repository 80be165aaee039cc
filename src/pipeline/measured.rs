//! What is measured on an object set: its rows in blocks, why cells are empty, and what its objects have together.

use super::channel_refs::{image_refs, is_measured_in};
use super::classes::classify;
use super::classified::{Candidate, Classified, MarkerValues};
use super::in_turn::Kept;
use super::relations::Relations;
use super::surroundings::Surroundings;
use super::{ByChannel, Sets, Take, region, uptake};
use crate::image::{Labels, ObjectSet};
use crate::measure::{ChannelRef, EmptyCells, Oddities, Places, Request, Rows};
use crate::profile::stage;
use crate::read;
use crate::recipe::{Measure, Step};
use crate::table::{Column, Table};
use crate::{Error, Kind, Result};
use std::collections::BTreeMap;

/// What is said of a set.
#[derive(Default)]
pub(super) struct Measured {
    /// Its columns, without rows.
    pub table: Table,
    /// Why cells are empty.
    pub why_empty: Vec<String>,
    /// What the user should look at.
    pub warnings: Vec<String>,
    /// One row for all objects together, for the row of the image.
    pub totals: Table,
    /// Labels and scores of those that are shown in a gallery, the best first.
    pub candidates: Vec<Candidate>,
    /// What cutoffs over several images are found from.
    pub marker_values: Vec<MarkerValues>,
}

/// Most cells of a block of rows.
const BLOCK_CELLS: usize = 1 << 21;

/// Rows that are made together: as many as fit into a block, 65,536 at most.
pub(super) fn block_rows(columns: usize) -> usize {
    (BLOCK_CELLS / columns.max(1)).clamp(1024, 1 << 16)
}

/// What could not be measured of an object says of which set that is.
pub(super) fn in_set(e: Error, name: &str) -> Error {
    match &e.needed_for {
        Some(what) if e.kind == Kind::Usage => {
            let what = format!("{what} of the object set \"{name}\"");
            e.needed_for(what)
        }
        _ => e,
    }
}

/// Measures a set and hands over its rows. A set that the recipe does not measure has its position and size.
pub(super) fn set(
    name: &str,
    of: &Sets,
    (around, by_channel): (&Surroundings, &ByChannel),
    relations: &mut Relations,
    take: &mut Take,
) -> Result<Measured> {
    let Some(set) = of.made.get(name) else { return Ok(Measured::default()) };
    let nothing = Measure::default();
    let wanted = of.recipe.body.measure.get(name).unwrap_or(&nothing);
    // What was measured channel by channel is not measured again.
    let kept = by_channel.sets.get(name);
    let families = kept.map_or(&wanted.families, |kept| &kept.other_families);
    let together = kept.map_or(vec![], |kept| kept.together.clone());
    let with_samples = of.scan.with_samples(&together)?;
    let of = &Sets { scan: &with_samples, ..*of };
    let (channels, others) = (channels(name, of, around), others(of));
    let excluded = excluded(name, of);
    let request = Request { families, excluded: &excluded, ..request(of, set, &channels, &others, around) };
    let Classified { classes, columns, mut totals, mut warnings, candidates, marker_values } =
        classify(name, (of, set), (&request, by_channel), (relations, around)).map_err(|e| in_set(e, name))?;
    let places = match families.iter().any(|chosen| chosen.family.needs().places) {
        true => Some(stage("places", name, || {
            Places::new(request.labels, request.points, classes.as_ref(), request.spacing)
        })?),
        false => None,
    };
    let request = Request { classes: classes.as_ref(), places: places.as_ref(), ..request };
    // What families begin with comes and goes before there are columns as long.
    let begun = stage("rows", name, || Rows::new(&request))?;
    let mut front = origin(name, of, set);
    front.extend(relations.parents(name, set.count()));
    front.extend(columns);
    let (table, why_empty, odd) = rows((name, of, wanted), (begun, &request, kept), &front, relations, take)?;
    warnings.extend(odd);
    warnings.extend(kept.iter().flat_map(|kept| kept.doubts.iter().cloned()));
    for chosen in families {
        let row = chosen.totals(name, &request)?;
        warnings.extend(chosen.family.doubts(&row, &request)?);
        totals.columns.extend(row.columns);
    }
    Ok(Measured { table, why_empty, warnings, totals, candidates, marker_values })
}

/// Measures the objects block by block and hands over their rows, with the columns of `front` behind `label`. Returns the columns without rows,
/// why cells are empty, and warnings of odd values.
fn rows(
    (name, of, wanted): (&str, &Sets, &Measure),
    (mut rows, request, kept): (Rows, &Request, Option<&Kept>),
    front: &[Column],
    relations: &mut Relations,
    take: &mut Take,
) -> Result<(Table, Vec<String>, Vec<String>)> {
    let measured = match kept {
        Some(_) => request.dictionary(&wanted.families),
        None => rows.dictionary().cloned().collect(),
    };
    let mut dictionary = measured.clone();
    let mut children = vec![];
    for (definition, cells) in relations.children(name, request.labels.count, of.recipe) {
        dictionary.push(definition.clone());
        children.push(definition.column(cells));
    }
    let relate = of.recipe.body.relate.get(name);
    let step = block_rows(dictionary.len());
    let mut not_finite: BTreeMap<String, usize> = BTreeMap::new();
    let (mut empty, mut odd, mut table) = (EmptyCells::default(), Oddities::default(), Table::default());
    // Also where there is no object: the columns are those of every other image.
    for from in (0..rows.count().max(1)).step_by(step) {
        // The measuring alone: what is made of arrays in memory, before it is packed and written.
        let mut block =
            stage("rows", name, || rows.block(from..rows.count().min(from + step))).map_err(|e| in_set(e, name))?;
        let here = from..from + block.rows();
        if let Some(kept) = kept {
            block = kept.beside(block, here.clone(), &measured);
        }
        block.columns.splice(1..1, front.iter().map(|c| c.with(c.cells.slice(here.clone()))));
        relations.keep(name, relate, &block);
        block.columns.extend(children.iter().map(|c| c.with(c.cells.slice(here.clone()))));
        for (column, n) in block.only_finite() {
            *not_finite.entry(column).or_default() += n;
        }
        empty.add(&block);
        odd.add(&wanted.families, &block);
        if from == 0 {
            table.columns.extend(block.columns.iter().map(Column::bare));
        }
        take(name, block)?;
    }
    let beyond = |(column, n)| format!("{n} values of {column} are not finite numbers: these cells are empty");
    let warnings = not_finite.iter().map(beyond).chain(odd.warnings()).collect();
    Ok((table, empty.reasons(&dictionary), warnings))
}

/// The channels that a set is measured in.
pub(super) fn channels<'a>(name: &str, of: &Sets<'a>, around: &'a Surroundings) -> Vec<ChannelRef<'a>> {
    let Some(wanted) = of.recipe.body.measure.get(name) else { return vec![] };
    let mut channels = image_refs(of.scan, of.roles, of.recipe);
    channels.retain(|c| is_measured_in(wanted, c.name, of.recipe));
    uptake::first(&mut channels, wanted);
    let not_imaged = of.scan.not_imaged.as_ref().and_then(|mask| mask.voxels.host().ok());
    for c in &mut channels {
        c.background = around.found.get(c.name);
        c.rounding = around.rounding.get(c.name).copied();
        c.plateau = around.plateaus.get(c.name).copied();
        c.unseen = around.unseen.get(c.name).map(|unseen| unseen.voxels.as_slice()).or(not_imaged);
    }
    channels
}

/// All object sets of the image.
pub(super) fn others<'a>(of: &Sets<'a>) -> Vec<(&'a str, &'a Labels)> {
    of.made.iter().map(|(name, set)| (name.as_str(), &set.labels)).collect()
}

/// What a set leaves out, where there is some of it.
fn excluded<'a>(name: &str, of: &Sets<'a>) -> Vec<&'a Labels> {
    let sets = of.recipe.body.excluded(name).into_iter().filter_map(|name| of.made.get(name));
    sets.map(|set| &set.labels).filter(|labels| labels.count > 0).collect()
}

/// What is measured on a set, without families, classes and what it leaves out.
pub(super) fn request<'a>(
    of: &Sets<'a>,
    set: &'a ObjectSet,
    channels: &'a [ChannelRef<'a>],
    others: &'a [(&'a str, &'a Labels)],
    around: &'a Surroundings,
) -> Request<'a> {
    Request {
        channels,
        others,
        points: set.origin.as_ref().and_then(|o| o.points.as_deref()),
        radius_px: set.radius_px,
        spot_depth: set.spot_depth,
        occupied: around.occupied.as_deref(),
        spacing: of.scan.spacing,
        unit: of.recipe.body.lengths(),
        volumes: of.recipe.body.volumes(),
        patient_grid: of.scan.patient_grid.as_ref(),
        sul_factor: of.scan.sul_factor,
        gpu: of.device.gpu(),
        ..Request::new(&set.labels)
    }
}

/// Where each object comes from: its number and name in a file, and its place if it is a point.
fn origin(name: &str, of: &Sets, set: &ObjectSet) -> Vec<Column> {
    let Some(objects) = of.recipe.body.objects.get(name) else { return vec![] };
    let (origin, count) = (set.origin.as_ref(), set.count());
    let points = |about: &str| region::points(origin, count, of.scan.spacing, of.recipe.body.lengths(), about);
    match &objects.labels {
        Some(file) => {
            let mut columns: Vec<Column> = region::columns(origin, count).into();
            if objects.resample {
                columns.push(region::covered(origin, count));
            }
            if read::is_points(file) {
                columns.extend(points(region::IN_FILE));
            }
            columns
        }
        None if objects.steps.iter().flatten().any(|s| matches!(s, Step::Spots(_))) => points(region::FITTED),
        None if objects.steps.iter().flatten().any(|s| matches!(s, Step::Habitats(h) if h.by_clusters())) => {
            vec![region::cluster(origin, count)]
        }
        None => vec![],
    }
}

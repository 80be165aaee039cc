//! What is measured on an object set: its rows in blocks, why cells are empty, and what its objects have together.

use super::surroundings::Surroundings;
use super::{Geometry, Made, Sets, Take, image_refs, parent, pet, region};
use crate::measure::{EmptyCells, ProbeParams, References, Request, Rows};
use crate::recipe::Measure;
use crate::table::{Column, Table};
use crate::{Error, Result};

/// What is said of a set.
#[derive(Default)]
pub(super) struct Measured {
    /// Its columns, without rows.
    pub table: Table,
    /// Why cells are empty.
    pub why_empty: Vec<String>,
    /// One row for all objects together, for the row of the image.
    pub totals: Table,
}

/// Most cells of a block of rows.
const BLOCK_CELLS: usize = 1 << 21;

/// Rows that are made together: as many as fit into a block, 65,536 at most.
pub(super) fn block_rows(columns: usize) -> usize {
    (BLOCK_CELLS / columns.max(1)).clamp(1024, 1 << 16)
}

/// Columns that follow from all objects of a set at once.
struct Whole {
    /// Behind `label`, the last one first.
    front: Vec<Column>,
    /// At the end.
    back: Vec<Column>,
}

impl Whole {
    /// Puts the cells of some rows into their places.
    fn add(&self, block: &mut Table, from: usize) {
        let rows = from..from + block.rows();
        let cut = |c: &Column| c.with(c.cells.slice(rows.clone()));
        block.columns.extend(self.back.iter().map(cut));
        for column in &self.front {
            block.columns.insert(1.min(block.columns.len()), cut(column));
        }
    }
}

/// Measures a set and hands over its rows. A set that the recipe does not measure has its position and size.
pub(super) fn set(
    name: &str,
    of: &Sets,
    (references, around): (References, &Surroundings),
    take: &mut Take,
) -> Result<Measured> {
    let Some(set) = of.made.get(name) else { return Ok(Measured::default()) };
    let nothing = Measure::default();
    let wanted = of.recipe.body.measure.get(name);
    let is_measured = wanted.is_some();
    let wanted = wanted.unwrap_or(&nothing);
    // Derived images are measured where they are named.
    let named = |name: &str| match &wanted.channels {
        Some(names) => names.iter().any(|n| n == name),
        None => !of.recipe.body.images.contains_key(name),
    };
    let mut channels = image_refs(of.scan, of.roles, of.recipe);
    channels.retain(|c| is_measured && named(c.name));
    pet::order(&mut channels, wanted);
    for c in &mut channels {
        let scale = c.volume.scale;
        // Samples are whole, so above the value means above the sample below it. The cast stops at the ends of i32.
        c.positive_above = wanted.positive.get(c.name).map(|v| scale.sample(*v).floor() as i32);
        c.background_to = around.limits.get(c.name).copied();
    }
    let request = Request {
        labels: &set.host,
        channels: &channels,
        families: &wanted.features,
        probe: ring(name, wanted, of, set)?,
        occupied: around.occupied.as_deref(),
        spacing: of.scan.spacing,
        unit: pet::unit(of.recipe),
        patient_grid: of.scan.patient_grid.as_ref(),
        sul_factor: of.scan.sul_factor,
        references,
    };
    let rows = Rows::new(&request)?;
    let mut dictionary: Vec<_> = rows.dictionary().cloned().collect();
    let (sensitivity, back) = pet::sensitivity(&request, wanted, of.made)?;
    dictionary.extend(sensitivity);
    let whole = Whole { front: origin(name, of, set)?, back };
    let step = block_rows(dictionary.len());
    let (mut empty, mut table) = (EmptyCells::default(), Table::default());
    // Also where there is no object: the columns are those of every other image.
    for from in (0..rows.count().max(1)).step_by(step) {
        let mut block = rows.block(from..rows.count().min(from + step))?;
        whole.add(&mut block, from);
        empty.add(&block);
        if from == 0 {
            table.columns.extend(block.columns.iter().map(Column::bare));
        }
        take(name, block)?;
    }
    let mut totals = Table::default();
    for family in &wanted.features {
        let has_set = |set: &str| of.recipe.body.objects.contains_key(set);
        totals.columns.extend(family.totals(name, &request, &has_set)?.columns);
    }
    Ok(Measured { table, why_empty: empty.reasons(&dictionary), totals })
}

/// Where each object comes from: its parent, its name and number in a file.
fn origin(name: &str, of: &Sets, set: &Made) -> Result<Vec<Column>> {
    let mut columns = vec![];
    let Some(objects) = of.recipe.body.objects.get(name) else { return Ok(columns) };
    if let Some((parent, p)) = objects.parent.as_ref().and_then(|n| of.made.get(n).map(|m| (n, m))) {
        columns.push(parent::column(of.device, parent, &set.labels, &p.labels)?);
    }
    if objects.labels.is_some() {
        let regions = of.external.get(name);
        columns.push(region::name(&set.host, regions)?);
        columns.push(region::number(&set.host, regions)?);
    }
    Ok(columns)
}

/// The ring of the probe family, in pixels.
fn ring(name: &str, wanted: &Measure, of: &Sets, set: &Made) -> Result<ProbeParams> {
    let Some([from, to]) = wanted.ring else { return Ok(ProbeParams::default()) };
    let geometry = Geometry { shape: of.scan.shape, spacing: of.scan.spacing, radius_px: set.radius_px };
    let (from, to) = (geometry.px(from)?, geometry.px(to)?);
    if from >= to {
        // In one unit the recipe would have been refused.
        let what = format!("the ring of {name} begins {from} px beyond the edge and ends at {to} px");
        return Err(
            Error::usage(what).remedy("both ends in one unit, the nearer one first: ring = [\"2 px\", \"7 px\"]")
        );
    }
    Ok(ProbeParams { gap_px: from, width_px: to - from })
}

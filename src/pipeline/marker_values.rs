//! The values that objects are judged by, and the light and the rounding behind them.

use super::Sets;
use super::channel_refs::image_refs;
use super::surroundings::Surroundings;
use crate::Result;
use crate::measure::{self, Chosen, Request, Rows};
use crate::ops::grey_step;
use crate::table::{Cells, Column, Table};
use std::collections::BTreeSet;

/// Columns of light without the ground next to the object begin so; `cnr` is that light over noise.
pub(super) const ABOVE_GROUND: &str = "specific_uptake_";

/// The column of the light that a column is made of.
pub(super) fn of_light(column: &str) -> String {
    column.strip_prefix("cnr_").map_or_else(|| column.to_owned(), |rest| format!("{ABOVE_GROUND}{rest}"))
}

/// Whether a column is the light of objects: their mean or median, less the ground or not, over its noise or not.
pub(super) fn is_light(column: &Column, of: &Sets) -> bool {
    let kinds = ["intensity_mean_", "intensity_median_", ABOVE_GROUND];
    let light = of_light(&column.name);
    let has_channel = || {
        let mut channels = image_refs(of.scan, of.roles, of.recipe).into_iter();
        channels.any(|channel| light.ends_with(&format!("_{}", measure::suffixes(&[channel.name])[0])))
    };
    kinds.iter().any(|kind| light.starts_with(kind)) && has_channel()
}

pub(super) fn numbers(column: &Column) -> Vec<Option<f64>> {
    match &column.cells {
        Cells::Int(values) => values.iter().map(|v| v.map(|v| v as f64)).collect(),
        Cells::Real(values) => values.clone(),
        Cells::Text(_) => vec![],
    }
}

/// The channel that the values of a column are those of, in its unit.
pub(super) fn channel_of<'a>(column: &Column, of: &Sets<'a>) -> Option<measure::ChannelRef<'a>> {
    let channels = image_refs(of.scan, of.roles, of.recipe);
    let suffixes = measure::suffixes(&channels.iter().map(|c| c.name).collect::<Vec<_>>());
    let mut named = channels.into_iter().zip(&suffixes);
    let found = named.find(|(c, suffix)| column.unit == c.unit && column.name.ends_with(&format!("_{suffix}")));
    found.map(|(channel, _)| channel)
}

/// The standard deviation of what rounding took from the values of a column: numbers, and means of samples that are whole steps; else 0.
pub(super) fn rounding(column: &Column, of: &Sets, around: &Surroundings) -> f64 {
    if matches!(column.cells, Cells::Int(_)) {
        return grey_step::ROUNDING;
    }
    let rounding = channel_of(column, of).and_then(|c| Some(around.rounding.get(c.name)? * c.volume.scale.factor()));
    rounding.unwrap_or(0.0)
}

/// These columns of all objects, as far as families measure them: those families alone, in those channels alone.
pub(super) fn values(columns: &BTreeSet<String>, request: &Request) -> Result<Table> {
    let about = |channels: &[measure::ChannelRef]| -> Vec<(String, String)> {
        channels.iter().map(|c| (c.name.to_owned(), c.unit.to_owned())).collect()
    };
    let gives = |families: &[Chosen], channels: &[measure::ChannelRef]| {
        let about = about(channels);
        let about: Vec<(&str, &str)> = about.iter().map(|(name, unit)| (name.as_str(), unit.as_str())).collect();
        let context = measure::Context { unit: request.unit, channels: &about, volumes: request.volumes, classes: &[] };
        let known = |d: &measure::Definition| columns.contains(&d.name);
        measure::dictionary(families, &context).iter().filter(|d| known(d)).count()
    };
    let plain = gives(&[], &[]);
    let is_needed = |chosen: &&Chosen| {
        !chosen.family.needs().places && gives(std::slice::from_ref(*chosen), request.channels) > plain
    };
    let families: Vec<Chosen> = request.families.iter().filter(is_needed).cloned().collect();
    let without = gives(&families, &[]);
    let mut channels = request.channels.to_vec();
    // The first channel is the one with uptake.
    let uptake = families.iter().any(|chosen| chosen.family.needs().uptake);
    let named = families.iter().any(|chosen| !chosen.family.mentions().channels.is_empty());
    let of_one = |c: &measure::ChannelRef| gives(&families, std::slice::from_ref(c)) - without;
    // Columns of pairs are those of no channel alone.
    let pairs = without + channels.iter().map(of_one).sum::<usize>() < gives(&families, &channels);
    channels.retain(|c| uptake || named || pairs || of_one(c) > 0);
    let narrow = Request { families: &families, channels: &channels, ..*request };
    let mut rows = Rows::new(&narrow)?;
    let mut table = Table::default();
    for from in (0..rows.count().max(1)).step_by(BLOCK) {
        let mut block = rows.block(from..rows.count().min(from + BLOCK))?;
        block.columns.retain(|c| columns.contains(&c.name));
        table.append(block);
    }
    Ok(table)
}

/// Objects that are looked at together.
const BLOCK: usize = 1 << 14;

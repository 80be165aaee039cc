//! What is measured in PET beside the rows of objects: reference sets, totals of a scan, the same lesion in other sets.

use super::roles::Roles;
use super::{Made, channel_refs};
use crate::Result;
use crate::image::Scan;
use crate::measure::{self, ChannelRef, Definition, References, Request};
use crate::recipe::{Measure, Modality, Recipe};
use crate::table::Column;
use crate::units::Unit;
use std::collections::BTreeMap;

/// Names of the sets that lesions are judged against.
const LIVER: &str = "liver";
const BLOOD: &str = "blood";

/// The unit of lengths in the tables of a recipe.
pub(super) fn unit(recipe: &Recipe) -> Unit {
    match recipe.body.modality {
        Some(Modality::Pet) => Unit::Mm,
        Some(Modality::Fluorescence) | None => Unit::Um,
    }
}

fn is_uptake(wanted: &Measure) -> bool {
    wanted.features.iter().any(|f| f.is_of_pet())
}

/// Lesions are measured in the first channel that the recipe names for them: it goes first.
pub(super) fn order(channels: &mut [ChannelRef], wanted: &Measure) {
    let first = wanted.channels.iter().flatten().next().filter(|_| is_uptake(wanted));
    if let Some(i) = first.and_then(|role| channels.iter().position(|c| c.name == role)) {
        channels[..=i].rotate_right(1);
    }
}

/// Uptake of the sets `liver` and `blood`, each in its own first channel.
pub(super) fn references(
    scan: &Scan,
    recipe: &Recipe,
    roles: &Roles,
    made: &BTreeMap<String, Made>,
) -> Result<References> {
    let nothing = Measure::default();
    let of = |name: &str| {
        let Some(set) = made.get(name) else { return Ok(None) };
        let wanted = recipe.body.measure.get(name).unwrap_or(&nothing);
        let mut channels = channel_refs(scan, roles);
        order(&mut channels, wanted);
        let channel = channels.first();
        channel.map_or(Ok(None), |c| measure::reference(&set.host, c, scan.sul_factor))
    };
    Ok(References { liver: of(LIVER)?, blood: of(BLOOD)? })
}

/// Volume and TLG of the same lesions in other sets: what the columns are, and the columns.
pub(super) fn sensitivity(
    request: &Request,
    wanted: &Measure,
    made: &BTreeMap<String, Made>,
) -> Result<(Vec<Definition>, Vec<Column>)> {
    let (mut definitions, mut columns) = (Vec::new(), Vec::new());
    let Some(channel) = request.channels.first().filter(|_| !wanted.sensitivity.is_empty()) else {
        return Ok((definitions, columns));
    };
    let hottest = measure::hottest(request.labels, channel)?;
    for (name, other) in wanted.sensitivity.iter().filter_map(|n| made.get(n).map(|m| (n, m))) {
        for (definition, cells) in measure::sensitivity(name, &hottest, &other.host, channel, request.spacing)? {
            definitions.push(definition.clone());
            columns.push(definition.column(cells));
        }
    }
    Ok((definitions, columns))
}

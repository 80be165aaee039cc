//! Scores of objects of one phenotype: how far each one is from being none of them.

use super::Sets;
use super::classified::{Candidate, Marker, Markers};
use super::cutoff::Spread;
use super::geometry::Geometry;
use crate::Result;
use crate::image::{Channel, Classes, Gallery, ObjectSet};
use crate::recipe::{self, Cutoff, Rule};
use crate::table::{Cells, Column};
use std::collections::BTreeMap;

/// How many robust deviations, of those that the cutoff is said of, each value lies above a cutoff; nothing where these have no spread.
pub(super) fn above(
    how: Cutoff,
    cutoff: f64,
    (values, said): (&[Option<f64>], impl Iterator<Item = f64>),
    rounding: f64,
) -> Vec<Option<f64>> {
    let of_logs = matches!(how, Cutoff::Robust { of_logs: true, .. });
    let Some(spread) = Spread::of(said, of_logs, rounding) else {
        return vec![None; values.len()];
    };
    values.iter().map(|value| value.map(|v| spread.between(cutoff, v))).collect()
}

/// The column of scores, and the objects of the phenotype, the best first.
pub(super) fn score(
    gallery: &recipe::Gallery,
    rules: &BTreeMap<String, Rule>,
    classes: &Classes,
    markers: &Markers,
) -> (Column, Vec<Candidate>) {
    let name = &gallery.phenotype;
    let place = classes.names.iter().position(|n| n == name).map(|i| i as u32);
    let rule = rules.get(name).map_or(&[][..], |rule| &rule.markers);
    let score = |object: usize| {
        let margin = |(marker, is_positive): &(String, bool)| {
            let above = markers.get(marker.as_str())?.above.get(object).copied().flatten()?;
            Some(if *is_positive { above } else { -above })
        };
        rule.iter().filter_map(margin).min_by(f64::total_cmp)
    };
    let is_one = |object: &usize| place.is_some() && classes.of[*object] == place;
    let mut chosen: Vec<(u32, Option<f64>)> =
        (0..classes.of.len()).filter(is_one).map(|object| (object as u32 + 1, score(object))).collect();
    let mut cells = vec![None; classes.of.len()];
    for (label, score) in &chosen {
        cells[*label as usize - 1] = *score;
    }
    let best = |score: Option<f64>| score.unwrap_or(f64::NEG_INFINITY);
    chosen.sort_by(|a, b| best(b.1).total_cmp(&best(a.1)).then(a.0.cmp(&b.0)));
    let about = format!(
        "How far an object of the phenotype {name} is from being none: the least distance of its markers from their cutoffs, in \
         robust deviations (1.4826 times the median distance from the median) of all objects of the image."
    );
    let empty = format!("not of the phenotype {name}, or its markers are alike in most objects");
    (Column { empty, ..Column::new("candidate_score", "1", about, Cells::Real(cells)) }, chosen)
}

/// One object in so many, and more, are not rare.
const RARE: usize = 10;

/// What the user should know where candidates are many, unless all markers of the rule that follow from a median lie in the gap between two kinds.
pub(super) fn doubt(
    set: &str,
    (phenotype, rule): (&str, Option<&Rule>),
    (candidates, all): (usize, usize),
    markers: &Markers,
) -> Option<String> {
    let names = rule.map_or(&[][..], |rule| &rule.markers);
    let of_median: Vec<(&str, &Marker)> = names
        .iter()
        .filter_map(|(name, _)| Some((name.as_str(), markers.get(name.as_str())?)))
        .filter(|(_, marker)| marker.is_parted.is_some())
        .collect();
    let is_sure = !of_median.is_empty() && of_median.iter().all(|(_, marker)| marker.is_parted == Some(true));
    if candidates * RARE <= all || is_sure {
        return None;
    }
    let limit = |(name, marker): &(&str, &Marker)| marker.cutoff.map(|cutoff| format!("{name}: {cutoff:.4}"));
    let limits: Vec<String> = of_median.iter().filter_map(limit).collect();
    let limits = if limits.is_empty() { String::new() } else { format!(" ({})", limits.join(", ")) };
    let is_of_kind = !of_median.is_empty() && of_median.iter().all(|(_, marker)| marker.is_of_kind);
    let what = if is_of_kind {
        format!(
            "cutoffs{limits} follow from the objects that are none by the other marker, and there is no gap at them: a few {phenotype} that are dim may lie below, \
             or a few others above"
        )
    } else {
        format!(
            "cutoffs that follow from the median of all objects{limits} suppose that nearly none are; if so many are right, these have moved the cutoffs and more may be \
             missing; if they are not, something else is counted"
        )
    };
    Some(format!(
        "{candidates} of {all} {set} are {phenotype}: {what}; look at them, and give numbers in [positive.{set}], those of a sample that has hardly any"
    ))
}

/// What is shown of a set, if the recipe has a gallery of it.
///
/// # Errors
/// The image has no calibration for the side of what is shown.
pub(super) fn gallery(
    name: &str,
    of: &Sets,
    set: &ObjectSet,
    mut candidates: Vec<Candidate>,
) -> Result<Option<Gallery>> {
    let Some(wanted) = of.recipe.body.gallery.get(name) else { return Ok(None) };
    let channel = |role: &String| {
        let channel = of.scan.channels.get(of.roles.index(role)?)?;
        Some(Channel { name: role.clone(), ..channel.clone() })
    };
    let channels = match &wanted.channels {
        Some(names) => names.iter().filter_map(channel).collect(),
        None => of.roles.found.iter().filter_map(|(role, _)| channel(role)).collect(),
    };
    let geometry = Geometry { shape: of.scan.shape, spacing: of.scan.spacing, radius_px: set.radius_px };
    let side = if candidates.is_empty() { 1.0 } else { geometry.px(wanted.side)? };
    candidates.truncate(wanted.most);
    let side_px = (side.round() as usize).clamp(1, SIDE_PX);
    let (labels, phenotype) = (set.on_host().labels, wanted.phenotype.clone());
    Ok(Some(Gallery { set: name.to_owned(), phenotype, labels, channels, candidates, side_px }))
}

/// No tile shows more pixels of the image than this.
const SIDE_PX: usize = 512;

//! Which objects of a set are positive for each marker of a recipe: their values are held against a cutoff, and what speaks against that
//! cutoff is told.

mod warnings;

use super::Sets;
use super::beside::{Beside, Lit, lit};
use super::candidates;
use super::classified::{Classified, Marker, MarkerValues, Markers, TOO_FEW, said, speak_for};
use super::cutoff::{cutoff, cutoff_of};
use super::grades::{self, Graded};
use super::in_turn::Kept;
use super::judged::{self, Judged};
use super::known::Known;
use super::marker_values::{ABOVE_GROUND, channel_of, is_light, numbers, of_light, rounding, values};
use super::relations::Relations;
use super::surroundings::Surroundings;
use super::two_kinds::{self, Stain};
use crate::Result;
use crate::measure::Request;
use crate::recipe::{Cutoff, Over, Positive, Recipe};
use crate::table::{Cells, Column, Table};
use std::collections::{BTreeMap, BTreeSet};

/// With fewer objects, half of which may be what is looked for, a median is no ground to stand on.
pub(super) const FEW: usize = 30;

/// Judges the objects of a set by all markers that the recipe has for it. Columns, totals and warnings go into `found`.
pub(super) fn markers<'a>(
    name: &str,
    of: &'a Sets,
    (request, kept): (&Request, Option<&Kept>),
    (relations, around): (&Relations, &Surroundings),
    found: &mut Classified,
) -> Result<Markers<'a>> {
    let Some(markers) = of.recipe.body.positive.get(name) else { return Ok(Markers::new()) };
    let mut measured = measured(name, markers, of.recipe, (request, kept), relations)?;
    // What pairs of probes have given already.
    measured.columns.extend(found.columns.iter().cloned());
    let mut judging = vec![];
    let beside = Beside::of(request)?;
    for (marker, how) in markers {
        let name_of_column = how.column(marker);
        let Some(column) = measured.column(&name_of_column) else {
            found.warnings.push(format!(
                "no {name_of_column} in this image: no object of {name} is positive or negative for {marker}"
            ));
            continue;
        };
        let by = Judging::of((name, marker, how), column, of, around);
        found.marker_values.extend(by.for_other_images());
        judging.push(by);
    }
    if let Some(rules) = of.recipe.body.phenotypes.get(name) {
        let stains: Vec<Stain> = judging.iter().filter(|by| by.is_of_image()).map(Judging::stain).collect();
        let kinds = two_kinds::find(name, rules, &stains);
        judging.iter_mut().for_each(|by| by.say_of(&kinds));
        found.warnings.extend(kinds.warnings);
    }
    judging.iter_mut().for_each(|by| by.look_beside(of, beside.as_ref()));
    let (mut all, mut judged, mut unsure) = (Markers::new(), vec![], vec![]);
    for by in judging {
        let Some((marker, _)) = markers.get_key_value(by.marker) else { continue };
        found.warnings.extend(by.cutoff_warnings(of.recipe));
        if by.is_unsure() {
            unsure.push(format!("{marker} ({})", by.said().count()));
        }
        found.warnings.extend(by.without_value_warning());
        found.warnings.extend(by.lit_warning());
        let is_positive = by.is_positive();
        by.add_columns(&is_positive, found);
        let highest = by.add_grades(found);
        found.warnings.extend(by.overexposed_warning(highest));
        let above = by.above_cutoff(of.recipe);
        let is_parted = by.how.is_robust().then(|| by.stain().is_parted());
        let light = measured.column(&of_light(&by.column.name));
        let (cutoff, is_of_kind) = (by.cutoff, !by.said_of.is_empty());
        judged.extend(light.and_then(|light| by.judged(light, &is_positive, of)));
        all.insert(marker, Marker { is_positive, above, is_parted, cutoff, is_of_kind });
    }
    found.warnings.extend(judged::warnings(name, &judged, of, around));
    if !unsure.is_empty() {
        found.warnings.push(format!(
            "the median of few objects says little: cutoffs of {}; numbers in [positive.{name}] do not depend on it",
            unsure.join(", ")
        ));
    }
    Ok(all)
}

/// The columns that objects are judged by, and those of the light behind them: measured now, channel by channel before, or learned from
/// children.
fn measured(
    name: &str,
    markers: &BTreeMap<String, Positive>,
    recipe: &Recipe,
    (request, kept): (&Request, Option<&Kept>),
    relations: &Relations,
) -> Result<Table> {
    let mut columns: BTreeSet<String> = markers.iter().map(|(marker, how)| how.column(marker)).collect();
    columns.extend(columns.clone().iter().map(|column| of_light(column)));
    let mut measured = values(&columns, request)?;
    measured.columns.extend(kept.map_or(vec![], |kept| kept.columns(&columns)));
    for (definition, cells) in relations.children(name, request.labels.count, recipe) {
        measured.push(definition.column(cells));
    }
    Ok(measured)
}

/// The objects of a set while they are judged by one marker.
pub(super) struct Judging<'a> {
    set: &'a str,
    marker: &'a str,
    how: &'a Positive,
    /// What is held against the cutoff.
    column: &'a Column,
    /// Its values, but none of objects that the channel has not seen.
    values: Vec<Option<f64>>,
    /// See [`cutoff_of`].
    rounding: f64,
    cutoff: Option<f64>,
    /// The objects that the cutoff is said of; all if empty.
    said_of: Vec<bool>,
    /// The cutoff of all, where that goes through objects of another kind and the one of the lower kind is taken instead.
    lowered_from: Option<f64>,
    /// Nobody can know the cutoff; a warning says why.
    is_unknown: bool,
    /// Objects above the cutoff that follows from the recipe that may have nothing but light of their neighbours.
    lit: Option<Lit>,
    /// That cutoff, where the one that objects are judged by is a higher one for their sake.
    raised_from: Option<f64>,
    /// The role of the channel behind the column, and what that can say of the objects.
    seen_in: Option<(&'a str, &'a Known)>,
    /// Objects that are at least as bright as their values say; as many as there are objects, or none.
    at_least: Vec<bool>,
}

impl<'a> Judging<'a> {
    fn of(
        (set, marker, how): (&'a str, &'a str, &'a Positive),
        column: &'a Column,
        of: &Sets,
        around: &'a Surroundings,
    ) -> Self {
        let mut values = numbers(column);
        let seen_in = around.known.by_column(set, &column.name);
        seen_in.into_iter().for_each(|(_, known)| known.forget_unseen(&mut values));
        let at_least = seen_in.map_or(vec![], |(_, known)| known.at_least());
        let rounding = rounding(column, of, around);
        let all = Self::of_several((set, marker, how), column, values, rounding);
        if all.is_of_image() {
            return Judging { seen_in, at_least, ..all };
        }
        // A cutoff over several images is no cutoff of this one.
        Judging { cutoff: None, said_of: vec![], lowered_from: None, seen_in, at_least, ..all }
    }

    /// Objects of several images together: nothing is known of them but their values.
    pub(super) fn of_several(
        (set, marker, how): (&'a str, &'a str, &'a Positive),
        column: &'a Column,
        values: Vec<Option<f64>>,
        rounding: f64,
    ) -> Self {
        let cutoff = cutoff_of(how, values.iter().flatten().copied(), rounding);
        let mut all = Judging {
            set,
            marker,
            how,
            column,
            values,
            rounding,
            cutoff,
            said_of: vec![],
            lowered_from: None,
            is_unknown: false,
            lit: None,
            raised_from: None,
            seen_in: None,
            at_least: vec![],
        };
        if let Some(lower) = all.stain().alone() {
            all.lowered_from = all.cutoff;
            all.say(lower);
        }
        all
    }

    /// Says the cutoff of these objects.
    fn say(&mut self, of: Vec<bool>) {
        self.said_of = of;
        self.cutoff = cutoff_of(self.how, self.said(), self.rounding);
    }

    /// Whether its cutoffs are those of this image alone.
    fn is_of_image(&self) -> bool {
        self.how.over == Over::Image
    }

    /// What cutoffs over several images are found from.
    fn for_other_images(&self) -> Option<MarkerValues> {
        let (set, marker) = (self.set.to_owned(), self.marker.to_owned());
        let at_least = self.values.iter().zip(&self.at_least).filter_map(|(value, is)| value.filter(|_| *is));
        let at_least = at_least.collect();
        let values = || MarkerValues { set, marker, values: self.known().collect(), at_least, rounding: self.rounding };
        (!self.is_of_image()).then(values)
    }

    /// The values that there are.
    fn known(&self) -> impl Iterator<Item = f64> + Clone {
        self.values.iter().flatten().copied()
    }

    /// Those of the objects that the cutoff is said of.
    fn said(&self) -> impl Iterator<Item = f64> + Clone {
        said(&self.values, &self.said_of)
    }

    fn stain(&self) -> Stain<'_> {
        Stain { marker: self.marker, how: self.how, values: &self.values, rounding: self.rounding, cutoff: self.cutoff }
    }

    /// Says the cutoff of the objects that are meant, where these are not all; takes none where nobody can know it.
    fn say_of(&mut self, kinds: &two_kinds::Found) {
        if let Some(of) = kinds.said_of.get(self.marker) {
            self.lowered_from = None;
            self.say(of.clone());
        } else if kinds.unknown.contains(self.marker) {
            (self.cutoff, self.lowered_from, self.is_unknown) = (None, None, true);
            self.said_of.clear();
        }
    }

    /// Looks for objects that may have nothing but light of their neighbours, and raises a cutoff above them that is said of negative ones.
    fn look_beside(&mut self, of: &Sets, beside: Option<&Beside>) {
        // Where a third of the objects and more have light of their own, nearly all lie beside one that has.
        let beside = beside.filter(|_| is_light(self.column, of) && self.lowered_from.is_none());
        self.lit = self.cutoff.zip(beside).and_then(|(first, beside)| lit(&self.values, first, beside));
        // A cutoff in deviations of negative objects says how far they go by themselves; others are what somebody wants.
        let is_of_negatives = self.how.higher.is_none()
            && matches!(self.how.above, Cutoff::Robust { deviations, of_logs: false } if deviations > 0.0);
        if let Some(lit) = self.lit.filter(|lit| lit.is_gap && is_of_negatives) {
            self.raised_from = self.cutoff.replace(lit.between);
        }
    }

    /// Whether the cutoff hangs on the median of few objects.
    fn is_unsure(&self) -> bool {
        self.cutoff.is_some() && self.said().count() < FEW && self.how.is_of_median()
    }

    /// Which objects lie above the cutoff, as far as that is known.
    fn is_positive(&self) -> Vec<Option<bool>> {
        // What is at least so bright may be brighter.
        let is_decided = |object: usize, is_above: bool| is_above || !self.at_least.get(object).is_some_and(|is| *is);
        let is_above =
            |(object, v): (usize, &Option<f64>)| Some((*v)? > self.cutoff?).filter(|is| is_decided(object, *is));
        self.values.iter().enumerate().map(is_above).collect()
    }

    /// Who is positive, the cutoff, and the share of positive objects.
    fn add_columns(&self, is_positive: &[Option<bool>], found: &mut Classified) {
        let (set, marker, column) = (self.set, self.marker, &self.column.name);
        let cells = Cells::Int(is_positive.iter().map(|p| p.map(i64::from)).collect());
        let about = format!("1 if {column} of the object lies above the cutoff of {marker}, else 0.");
        let empty = "no value or no cutoff, or overexposed and not above it".to_string();
        found.columns.push(Column { empty, ..Column::new(format!("positive_{marker}"), "1", about, cells) });
        let about = format!("The value of {column} above which an object of {set} is positive for {marker}.");
        let cells = Cells::Real(vec![self.cutoff]);
        let at = format!("positive_threshold_{set}_{marker}");
        let empty = "too few objects have a value, or all the same, or nobody can know it".to_string();
        found.totals.push(Column { empty, ..Column::new(at, &self.column.unit, about, cells) });
        let n = is_positive.iter().flatten().count();
        let number = is_positive.iter().filter(|p| **p == Some(true)).count();
        let share = speak_for(n, is_positive.len()).then(|| number as f64 / n as f64);
        let about = format!("Share of the objects of {set} with a value that are positive for {marker}.");
        let at = format!("positive_fraction_{set}_{marker}");
        found.totals.push(Column { empty: TOO_FEW.into(), ..Column::new(at, "1", about, Cells::Real(vec![share])) });
    }

    /// Grades, where the recipe has cutoffs for them. The highest cutoff comes back.
    fn add_grades(&self, found: &mut Classified) -> Option<f64> {
        let cutoffs = self.cutoffs();
        let [_, second, third] = cutoffs[..] else { return self.cutoff };
        let cutoffs = [self.cutoff, second, third];
        let (values, at_least) = (self.values.as_slice(), self.at_least.as_slice());
        let graded = Graded { set: self.set, marker: self.marker, column: self.column, values, at_least, cutoffs };
        grades::add(found, &graded);
        self.cutoff.and(third)
    }

    /// The cutoff; of 1+, 2+ and 3+, where objects are graded.
    pub(super) fn cutoffs(&self) -> Vec<Option<f64>> {
        let higher = self.how.higher.into_iter().flatten();
        let is_own = self.is_of_image() || self.cutoff.is_some();
        let found = |how| cutoff(how, self.said(), self.rounding).filter(|_| is_own);
        std::iter::once(self.cutoff).chain(higher.map(found)).collect()
    }

    /// How many robust deviations the objects lie above the cutoff, if a gallery of the set asks for them.
    fn above_cutoff(&self, recipe: &Recipe) -> Vec<Option<f64>> {
        let cutoff = self.cutoff.filter(|_| recipe.body.gallery.contains_key(self.set));
        cutoff.map_or(vec![], |cutoff| {
            candidates::above(self.how.above, cutoff, (self.values.as_slice(), self.said()), self.rounding)
        })
    }

    /// What the objects are judged by, with the column of the light behind it, where that is light of a channel.
    fn judged(self, light: &Column, is_positive: &[Option<bool>], of: &Sets) -> Option<Judged<'a>> {
        let channel = of.roles.index(channel_of(light, of)?.name).unwrap_or_default();
        Some(Judged {
            marker: self.marker,
            positive: self.how,
            channel,
            values: self.values,
            light: numbers(light),
            is_above_ground: light.name.starts_with(ABOVE_GROUND),
            rounding: self.rounding,
            said_of: self.said_of,
            least_cutoff: self.cutoff.filter(|_| self.raised_from.is_some()),
            is_positive: is_positive.to_vec(),
        })
    }
}

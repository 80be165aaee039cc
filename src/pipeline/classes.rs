//! Which class each object of a set is of: as its file says, or by rules on what is measured.

use super::Sets;
use super::candidates;
use super::classified::{Classified, Marker, Markers, TOO_FEW, speak_for};
use super::contradicted;
use super::cutoff::{Doubt, alike, cutoff, cutoff_of, doubt, halved};
use super::grades::{self, Graded};
use super::in_turn::Kept;
use super::judged::{self, Judged};
use super::marker_values::{ABOVE_GROUND, channel_of, numbers, of_light, rounding, values};
use super::relations::Relations;
use super::scores;
use super::surroundings::Surroundings;
use crate::image::{Classes, ObjectSet};
use crate::measure::Request;
use crate::recipe::{Cutoff, Positive, Rule};
use crate::table::{Cells, Column};
use crate::words::suggestion;
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Finds the classes of a set. `request` is what is measured on it, beside what was measured channel by channel.
pub(super) fn classify(
    name: &str,
    (of, set): (&Sets, &ObjectSet),
    request: (&Request, Option<&Kept>),
    (relations, around): (&Relations, &Surroundings),
) -> Result<Classified> {
    let body = &of.recipe.body;
    let mut found = Classified::default();
    let positive = positive(name, of, request, (relations, around), &mut found)?;
    found.warnings.extend(contradicted::warnings(name, of, set, &positive)?);
    if let Some(rules) = body.phenotypes.get(name) {
        let count = set.count() as usize;
        let (mut classes, may_be) = by_rules(name, rules, &positive, count)?;
        classes.unsure = unsure_classes(name, rules, &positive, (&may_be, count), &mut found.warnings);
        let how = body.positive.get(name);
        found.warnings.extend(how.map_or(vec![], |how| contradicted::nobody(name, how, rules, &positive, &classes)));
        let about = "Name of the phenotype whose rule the object satisfies; empty where it satisfies none.";
        if let Some(gallery) = body.gallery.get(name) {
            let (column, chosen) = candidates::score(gallery, rules, &classes, &positive);
            let of_median = body.positive.get(name).is_some_and(|all| all.values().any(Positive::is_of_median));
            if of_median {
                found.warnings.extend(candidates::doubt(name, &gallery.phenotype, chosen.len(), classes.of.len()));
            }
            found.columns.push(column);
            found.candidates = chosen;
        }
        found.classes(name, "phenotype", about, classes);
    } else if let Some(objects) = body.objects.get(name).filter(|o| !o.classes.is_empty()) {
        let classes = by_file(&objects.classes, set, &mut found.warnings)?;
        let about = "Class of the object in the file that it was read from; empty where the recipe does not name it.";
        found.classes(name, "class", about, classes);
    }
    if let Some((scores, classes)) = body.scores.get(name).zip(found.classes.as_ref()) {
        found.totals.columns.extend(scores::columns(name, scores, classes).columns);
    }
    Ok(found)
}

fn positive<'a>(
    name: &str,
    of: &'a Sets,
    (request, kept): (&Request, Option<&Kept>),
    (relations, around): (&Relations, &Surroundings),
    found: &mut Classified,
) -> Result<Markers<'a>> {
    let Some(markers) = of.recipe.body.positive.get(name) else { return Ok(Markers::new()) };
    let mut columns: BTreeSet<String> = markers.iter().map(|(marker, p)| p.column(marker)).collect();
    columns.extend(columns.clone().iter().map(|column| of_light(column)));
    let mut measured = values(&columns, request)?;
    measured.columns.extend(kept.map_or(vec![], |kept| kept.columns(&columns)));
    for (definition, cells) in relations.children(name, request.labels.count, of.recipe) {
        measured.push(definition.column(cells));
    }
    let (mut all, mut judged, mut unsure) = (Markers::new(), vec![], vec![]);
    for (marker, positive) in markers {
        let name_of_column = positive.column(marker);
        let Some(column) = measured.column(&name_of_column) else {
            found.warnings.push(format!(
                "no {name_of_column} in this image: no object of {name} is positive or negative for {marker}"
            ));
            continue;
        };
        let mut values = numbers(column);
        let known_of = around.known.by_column(name, &name_of_column);
        known_of.into_iter().for_each(|(_, known)| known.forget_unseen(&mut values));
        let rounding = rounding(column, of, around);
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        let known = || known.iter().copied();
        let above = cutoff_of(positive, known(), rounding);
        let n = known().len();
        if above.is_none() && n > 0 {
            found.warnings.push(format!(
                "no cutoff of {marker} can be found: all objects have the same {name_of_column}, or logarithms or a multiple of \
                 the median are wanted and the median does not stand out of values around 0; none is positive or negative"
            ));
        }
        if let (Cutoff::Robust { .. }, Some(above)) = (positive.above, above)
            && let Some(most) = alike(known())
        {
            found.warnings.push(format!(
                "more than half of {name} have the same {name_of_column}, {most}, so nothing tells how far apart values of negative \
                 ones lie: the cutoff of {marker}, {above}, says little; give a number in [positive.{name}]"
            ));
        }
        if let (Cutoff::Otsu, Some(cutoff)) = (positive.above, above)
            && let Some(apart) = halved(known(), cutoff)
        {
            let regions = contradicted::made_of(marker, name, of.recipe).join(", ");
            let nor = if regions.is_empty() {
                String::new()
            } else {
                format!(", nor do {regions}, made of the same stain, and its area in groups.csv")
            };
            found.warnings.push(format!(
                "Otsu's threshold of {name_of_column} divides {name} into two groups {apart:.1} deviations apart, as it does with one \
                 kind: positive for {marker} means nothing if only one is there{nor}; give a number in [positive.{name}]"
            ));
        }
        if let Some(doubt) = doubt(known()).filter(|_| positive.above == Cutoff::Otsu) {
            found.warnings.push(of_doubt(name, marker, n, &doubt));
        }
        if above.is_some() && n < FEW && positive.is_of_median() {
            unsure.push(format!("{marker} ({n})"));
        }
        let is_shown = of.recipe.body.gallery.contains_key(name);
        if n < values.len() {
            let (all, without) = (values.len(), values.len() - n);
            let shares = if speak_for(n, all) { "" } else { ", and no share or score is given of the others" };
            let why = if of_light(&name_of_column).starts_with(ABOVE_GROUND) { NO_GROUND } else { "" };
            found.warnings.push(format!(
                "{without} of {all} objects of {name} have no {name_of_column}: they are neither positive nor negative for {marker}{shares}{why}"
            ));
        }
        let at_least = known_of.map_or(vec![], |(_, known)| known.at_least());
        // What is at least so bright may be brighter.
        let is_decided = |object: usize, is_above: bool| is_above || !at_least.get(object).is_some_and(|is| *is);
        let is_above = |(object, v): (usize, &Option<f64>)| Some((*v)? > above?).filter(|is| is_decided(object, *is));
        let is_positive: Vec<Option<bool>> = values.iter().enumerate().map(is_above).collect();
        let cells = Cells::Int(is_positive.iter().map(|p| p.map(i64::from)).collect());
        let about = format!("1 if {name_of_column} of the object lies above the cutoff of {marker}, else 0.");
        let empty = "no value or no cutoff, or overexposed and not above it".to_string();
        found.columns.push(Column { empty, ..Column::new(format!("positive_{marker}"), "1", about, cells) });
        let about = format!("The value of {name_of_column} above which an object of {name} is positive for {marker}.");
        let cells = Cells::Real(vec![above]);
        let at = format!("positive_threshold_{name}_{marker}");
        let empty = "too few objects have a value, or all the same".to_string();
        found.totals.push(Column { empty, ..Column::new(at, &column.unit, about, cells) });
        let n = is_positive.iter().flatten().count();
        let number = is_positive.iter().filter(|p| **p == Some(true)).count();
        let share = speak_for(n, values.len()).then(|| number as f64 / n as f64);
        let about = format!("Share of the objects of {name} with a value that are positive for {marker}.");
        let at = format!("positive_fraction_{name}_{marker}");
        found.totals.push(Column { empty: TOO_FEW.into(), ..Column::new(at, "1", about, Cells::Real(vec![share])) });
        let mut highest = above;
        if let Some(higher) = positive.higher {
            let [second, third] = higher.map(|how| cutoff(how, known(), rounding));
            let cutoffs = [above, second, third];
            let graded = Graded { set: name, marker, column, values: &values, at_least: &at_least, cutoffs };
            grades::add(found, &graded);
            highest = highest.and(third);
        }
        if let Some((role, known)) = known_of {
            found.warnings.extend(known.overexposed_told((name, role, &name_of_column), &values, highest));
        }
        let above = above
            .filter(|_| is_shown)
            .map_or(vec![], |cutoff| candidates::above(positive.above, cutoff, &values, rounding));
        let light = measured.column(&of_light(&name_of_column));
        if let Some((light, channel)) = light.and_then(|light| Some((light, channel_of(light, of)?))) {
            let (is_above_ground, is_positive) = (light.name.starts_with(ABOVE_GROUND), is_positive.clone());
            let (channel, light) = (of.roles.index(channel.name).unwrap_or_default(), numbers(light));
            judged.push(Judged { marker, positive, channel, values, light, is_above_ground, rounding, is_positive });
        }
        all.insert(marker, Marker { is_positive, above });
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

/// Why there is no ground next to an object.
const NO_GROUND: &str = " (nothing around them passes for ground, or only the dark end of something brighter: cells that lie side by side or reach \
                         far, or a ground that is brighter in a part of the image, as in stitched tiles, which is made even first)";

/// What is said where a few objects lie far above all others.
fn of_doubt(set: &str, marker: &str, all: usize, doubt: &Doubt) -> String {
    let Doubt { few, higher, lower, is_lower } = doubt;
    match is_lower {
        true => format!(
            "{few} of {all} objects of {set} lie far above the others, as dead cells, folds and debris do: the cutoff of {marker} lies between the kinds below them, at \
             {lower:.4}, not at {higher:.4}; if only these are positive give a number in [positive.{set}]"
        ),
        false => format!(
            "{few} of {all} objects of {set} lie above the cutoff of {marker}, {higher:.4}, and the others may be two kinds that {lower:.4} divides: dead cells, folds or debris \
             may have taken the cutoff; look at the overlay, and give a number in [positive.{set}]"
        ),
    }
}

/// With fewer objects, half of which may be what is looked for, a median is no ground to stand on.
const FEW: usize = 30;

/// The phenotype of each object, and of each phenotype the number of objects of which it cannot be said: nothing speaks against it, but
/// a marker is not known.
///
/// # Errors
/// Objects satisfy several rules.
fn by_rules(
    set: &str,
    rules: &BTreeMap<String, Rule>,
    positive: &Markers,
    count: usize,
) -> Result<(Classes, Vec<usize>)> {
    let names: Vec<String> = rules.keys().cloned().collect();
    let satisfies = |rule: &Rule, object: usize| {
        let mut all = Some(true);
        for (marker, wanted) in &rule.markers {
            let known = positive.get(marker.as_str()).and_then(|m| m.is_positive.get(object).copied().flatten());
            match known.map(|known| known == *wanted) {
                Some(false) => return Some(false),
                Some(true) => {}
                None => all = None,
            }
        }
        all
    };
    let (mut of, mut collisions) = (Vec::with_capacity(count), BTreeMap::<[usize; 2], usize>::new());
    let (mut several, mut may_be) = (0, vec![0; names.len()]);
    for object in 0..count {
        let mut found: Vec<usize> = vec![];
        for (i, rule) in rules.values().enumerate() {
            match satisfies(rule, object) {
                Some(true) => found.push(i),
                Some(false) => {}
                None => may_be[i] += 1,
            }
        }
        several += usize::from(found.len() > 1);
        for (k, a) in found.iter().enumerate() {
            found[k + 1..].iter().for_each(|b| *collisions.entry([*a, *b]).or_default() += 1);
        }
        of.push(found.first().map(|i| *i as u32));
    }
    if several == 0 {
        return Ok((Classes { names, of, ..Classes::default() }, may_be));
    }
    let pair = |([a, b], n): (&[usize; 2], &usize)| format!("\"{}\" and \"{}\" ({n})", names[*a], names[*b]);
    let pairs: Vec<String> = collisions.iter().take(LISTED).map(pair).collect();
    let e = Error::usage(format!(
        "{several} of {count} objects of {set} satisfy the rules of several phenotypes: {}",
        pairs.join(", ")
    ));
    Err(e.remedy(format!(
        "rules in [phenotypes.{set}] that exclude each other: what one has with +, the other has with -"
    )))
}

/// Of which phenotypes no number can be given, since nothing is known of one of their markers, or nothing of it in many objects; says so.
fn unsure_classes(
    set: &str,
    rules: &BTreeMap<String, Rule>,
    positive: &Markers,
    (may_be, count): (&[usize], usize),
    warnings: &mut Vec<String>,
) -> Vec<bool> {
    let is_known = |marker: &str, few: usize| {
        let unknown = |m: &Marker| m.is_positive.iter().filter(|p| p.is_none()).count();
        positive.get(marker).is_some_and(|m| unknown(m) < m.is_positive.len() && unknown(m) <= few)
    };
    let mut unsure = vec![];
    for ((name, rule), n) in rules.iter().zip(may_be) {
        let markers = rule.markers.iter().map(|(marker, _)| marker.as_str());
        // A tenth of the objects changes no share by much.
        let few = if *n * 10 > count { count / 10 } else { count };
        let unknown: Vec<&str> = markers.filter(|marker| *n > 0 && !is_known(marker, few)).collect();
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            warnings.push(format!("{n} objects of {set} may be {name} or not: nothing is known of {unknown}"));
        }
        unsure.push(!unknown.is_empty());
    }
    unsure
}

/// Classes, and pairs of them, that are named in words.
const LISTED: usize = 5;

/// # Errors
/// The file has no classes.
fn by_file(names: &[String], set: &ObjectSet, warnings: &mut Vec<String>) -> Result<Classes> {
    let names = names.to_vec();
    let count = set.count() as usize;
    if count == 0 {
        return Ok(Classes { names, ..Classes::default() });
    }
    let in_file = set.origin.as_ref().and_then(|o| o.classes.as_ref()).ok_or_else(|| {
        Error::format("the table of points has no column class").remedy("a column class, or the recipe without classes")
    })?;
    let place = |name: &String| names.iter().position(|n| n == name).map(|i| i as u32);
    let places: Vec<Option<u32>> = in_file.names.iter().map(place).collect();
    let of = in_file.of.iter().map(|class| places.get((*class)? as usize).copied().flatten()).collect();
    let unknown = in_file.names.iter().zip(in_file.counts()).filter(|(name, n)| *n > 0 && place(name).is_none());
    let unknown: Vec<(&String, usize)> = unknown.collect();
    for (name, n) in unknown.iter().take(LISTED) {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let likely = suggestion(name, &known).map_or(String::new(), |known| format!("; it names \"{known}\""));
        warnings.push(format!("{n} objects are of the class \"{name}\", which the recipe does not name{likely}"));
    }
    let more = &unknown[unknown.len().min(LISTED)..];
    if !more.is_empty() {
        let objects: usize = more.iter().map(|(_, n)| n).sum();
        warnings.push(format!("{objects} objects are of {} other classes, which the recipe does not name", more.len()));
    }
    Ok(Classes { names, of, ..Classes::default() })
}

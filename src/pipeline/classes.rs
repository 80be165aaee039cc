//! Which class each object of a set is of: as its file says, or by rules on what is measured.

use super::Sets;
use super::candidates;
use super::classified::{Classified, Marker, Markers};
use super::contradicted;
use super::in_turn::ByChannel;
use super::paired;
use super::positive;
use super::relations::Relations;
use super::scores;
use super::surroundings::Surroundings;
use crate::image::{Classes, ObjectSet};
use crate::measure::Request;
use crate::recipe::{Positive, Rule};
use crate::words::suggestion;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Finds the classes of a set. `request` is what is measured on it, beside what was measured channel by channel.
pub(super) fn classify(
    name: &str,
    (of, set): (&Sets, &ObjectSet),
    (request, by_channel): (&Request, &ByChannel),
    (relations, around): (&Relations, &Surroundings),
) -> Result<Classified> {
    let body = &of.recipe.body;
    let mut found = Classified::default();
    paired::add(name, of, (request, by_channel), around, &mut found)?;
    let request = (request, by_channel.sets.get(name));
    let positive = positive::markers(name, of, request, (relations, around), &mut found)?;
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
                let (phenotype, counts) = (gallery.phenotype.as_str(), (chosen.len(), classes.of.len()));
                found.warnings.extend(candidates::doubt(name, (phenotype, rules.get(phenotype)), counts, &positive));
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

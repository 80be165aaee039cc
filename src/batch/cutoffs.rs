//! Cutoffs of markers that are found over several images: negative controls, or all images of a run, as a whole or by columns of their
//! metadata (each plate by its own).
//!
//! These images are looked at before the run begins, and what is found becomes a number in the recipe of each image, as if the sheet had
//! said `set.positive.SET.MARKER`. So `run.json` says it, and shards of one run and a run that is resumed take the same.

use super::budget::Budget;
use super::discover::Images;
use super::guard::guarded;
use super::item::{Item, Task};
use super::metadata::Metadata;
use super::plates::{Control, Well, WellFacts, well_column};
use super::recipes::Recipes;
use super::settings::Settings;
use super::{machine, one_by_one};
use crate::device::Device;
use crate::pipeline::{self, FoundCutoffs, MarkerValues};
use crate::recipe::{Over, Positive, Recipe};
use crate::{Error, Kind, Result};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Values that are kept together, at most.
const MOST_VALUES: usize = 1 << 28;
/// Groups of images that are named one by one.
const NAMED: usize = 24;

/// Set, marker, and what the images of the group have in the columns of `by`.
type Key = (String, String, Vec<String>);

/// Images that share the cutoffs of a marker.
struct Group {
    how: Positive,
    recipe: Recipe,
    /// Places of the images that the cutoffs are for.
    wanted_by: Vec<usize>,
    /// Of those that they are found over.
    over: Vec<usize>,
}

/// Finds all cutoffs over several images, and gives them to the images.
///
/// # Errors
/// As [`check`]; no object of the images of a group has a value, or no cutoff can be found over them; or the run is stopped.
pub fn resolve(
    settings: &Settings,
    recipes: &Recipes,
    images: &mut Images,
    (memory, pool): (u64, &rayon::ThreadPool),
) -> Result<()> {
    let groups = groups(recipes, images)?;
    if groups.is_empty() {
        return Ok(());
    }
    let over: BTreeSet<usize> = groups.values().flat_map(|group| group.over.iter().copied()).collect();
    let over: Vec<usize> = over.into_iter().collect();
    let note = |words: &str| settings.observer.note(words);
    note(&format!("note: {} images are looked at first: cutoffs are found over them", over.len()));
    let looked = look_at(settings, recipes, images, &over, (memory, pool))?;
    let mut found: BTreeMap<usize, Given> = BTreeMap::new();
    for (i, ((set, marker, cells), group)) in groups.iter().enumerate() {
        let here = in_words(&group.how, cells);
        let (objects, failed) = together((set, marker), group, &looked);
        if let Some((image, e)) = failed.first() {
            let what = e.reason();
            note(&format!(
                "note: {} of these images cannot be used for {marker}{here}; the first: {image}: {what}",
                failed.len()
            ));
        }
        let lost = failed.first().map(|(image, e)| format!("; {image}: {}", e.reason())).unwrap_or_default();
        let why = |e: Error| {
            let e = Error { what: format!("{}{lost}", e.what), ..e };
            e.needed_for(format!("the cutoff of {marker} in [positive.{set}]{here}"))
        };
        let cutoffs = pipeline::cutoffs_over_images(&group.recipe, &objects);
        let FoundCutoffs { cutoffs, warnings } = cutoffs.map_err(why)?;
        if i < NAMED {
            let (objects, from) = (objects.values.len(), group.over.len() - failed.len());
            let numbers: Vec<String> = cutoffs.iter().map(f64::to_string).collect();
            let above = numbers.join(", ");
            note(&format!(
                "note: {marker} of {set}{here}: positive above {above}, from {objects} objects of {from} images"
            ));
        }
        let warnings: Vec<String> = warnings.iter().map(|words| format!("{marker} of {set}{here}: {words}")).collect();
        warnings.iter().for_each(|words| note(&format!("warning: {words}")));
        let setting = format!("positive.{set}.{marker}={}", group.how.with_numbers(&cutoffs));
        for at in &group.wanted_by {
            let given = found.entry(*at).or_default();
            given.settings.push(setting.clone());
            given.warnings.extend(warnings.iter().cloned());
        }
    }
    if groups.len() > NAMED {
        note(&format!("note: and {} more: positive_threshold in images.csv has all cutoffs", groups.len() - NAMED));
    }
    give(images, &found)
}

/// Sees that there are images to find cutoffs over, without a look into them.
///
/// # Errors
/// Metadata lack a column, or an image a cell in it; a group has no image to find a cutoff over; images of one group want different ones.
pub fn check(recipes: &Recipes, images: &Images) -> Result<()> {
    groups(recipes, images).map(drop)
}

/// Which images share cutoffs, and over which ones they are found.
fn groups(recipes: &Recipes, images: &Images) -> Result<BTreeMap<Key, Group>> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for (i, item) in images.items.iter().enumerate() {
        if !matches!(item.task, Task::Measure) {
            continue;
        }
        let recipe = recipe_of(recipes, &item)?;
        for (set, marker, how) in markers(&recipe) {
            columns_are_known(&recipe, (set, marker, how), &images.metadata)?;
            let well = well_column(&[&*recipe]);
            let cells = how.by.iter().map(|column| cell(&images.metadata, &item, (column, column == well), marker));
            let key = (set.to_owned(), marker.to_owned(), cells.collect::<Result<Vec<_>>>()?);
            let new =
                || Group { how: how.clone(), recipe: recipe.clone().into_owned(), wanted_by: vec![], over: vec![] };
            let group = groups.entry(key).or_insert_with(new);
            if group.how != *how {
                let what = format!("{}: its cutoff of {marker} is not that of other images that share it", item.name);
                return Err(Error::usage(what)
                    .remedy(format!("by = [...] in [positive.{set}] with a column that tells them apart")));
            }
            group.wanted_by.push(i);
            if how.over == Over::Run || is_negative(&recipe, &images.metadata, &item)? {
                group.over.push(i);
            }
        }
    }
    if let Some(((set, marker, cells), group)) = groups.iter().find(|(_, group)| group.over.is_empty()) {
        let (here, n) = (in_words(&group.how, cells), group.wanted_by.len());
        let what = format!(
            "no image is a negative control{here}, and {n} want the cutoff of {marker} that is found over these"
        );
        let column = control_column(&group.recipe);
        let without = if cells.is_empty() { "" } else { ", or by without that column" };
        return Err(Error::usage(what).remedy(format!(
            "negative in the column {column} of such images{without}; or a number in [positive.{set}]"
        )));
    }
    Ok(groups)
}

/// The recipe of an image as far as its markers go; most images have no changes there.
fn recipe_of<'r>(recipes: &'r Recipes, item: &Item) -> Result<Cow<'r, Recipe>> {
    match item.settings.iter().any(|setting| setting.starts_with("positive.")) {
        true => recipes.of(item),
        false => Ok(Cow::Borrowed(recipes.kind(item))),
    }
}

/// Markers of a recipe with cutoffs over several images, with their sets.
fn markers(recipe: &Recipe) -> impl Iterator<Item = (&str, &str, &Positive)> {
    let all = recipe.body.positive.iter().flat_map(|(set, markers)| markers.iter().map(move |(m, how)| (set, m, how)));
    all.map(|(set, marker, how)| (set.as_str(), marker.as_str(), how)).filter(|(.., how)| how.over != Over::Image)
}

/// The column that says which images are controls.
fn control_column(recipe: &Recipe) -> &str {
    recipe.body.plates.as_ref().map_or("control", |keys| &keys.control)
}

/// # Errors
/// The metadata have no column of `by`, or none that says which images are controls; or a name that `--set` cannot say.
fn columns_are_known(recipe: &Recipe, (set, marker, how): (&str, &str, &Positive), metadata: &Metadata) -> Result<()> {
    if set.contains('.') || marker.contains('.') {
        let what = format!("[positive.{set}] {marker}: a name with a point has no cutoff over several images");
        return Err(Error::usage(what).remedy("a name without a point, and column = \"...\" for the value"));
    }
    let control = (how.over == Over::NegativeControls).then(|| control_column(recipe));
    // A dose of 0 is a negative control as well.
    let by_dose = recipe.body.plates.as_ref().and_then(|keys| keys.responses.as_ref()).map(|r| r.dose.as_str());
    let names = metadata.names();
    let is_known = |name: &str| names.iter().any(|known| known == name);
    let control = control.filter(|_| !by_dose.is_some_and(is_known));
    let Some(missing) = how.by.iter().map(String::as_str).chain(control).find(|name| !is_known(name)) else {
        return Ok(());
    };
    let what = format!(
        "neither a sample sheet nor files.groups has a column \"{missing}\", by which the cutoff of {marker} is found"
    );
    Err(Error::usage(what).remedy(match (Some(missing) == control, names.is_empty()) {
        (true, _) => format!("--sheet with the column {missing}, in which negative controls have the word negative"),
        (false, true) => "--sheet with that column, or by without it".into(),
        (false, false) => format!("by with some of: {}", names.join(", ")),
    }))
}

/// What an image has in a column of `by`; wells in one form.
fn cell(metadata: &Metadata, item: &Item, (column, is_well): (&str, bool), marker: &str) -> Result<String> {
    let one =
        |word: &str| Well::parse(word).filter(|_| is_well).map_or_else(|| word.to_owned(), |well| well.to_string());
    let cell = metadata.value(item, column).flatten().map(one);
    cell.ok_or_else(|| {
        let what = format!("{}: nothing in the column {column}, by which the cutoff of {marker} is found", item.name);
        Error::usage(what).remedy(format!("a word in the column {column}"))
    })
}

/// Whether an image is a negative control: so says its metadata, or its dose is 0.
fn is_negative(recipe: &Recipe, metadata: &Metadata, item: &Item) -> Result<bool> {
    let value = |name: &str| metadata.value(item, name).flatten().map(str::to_owned);
    if let Some(keys) = &recipe.body.plates
        && let Some(facts) = WellFacts::of(keys, |name| Ok(value(name)))?
    {
        return Ok(facts.control == Some(Control::Negative));
    }
    let word = value(control_column(recipe));
    let control = Control::parse(word.as_deref()).ok_or_else(|| {
        Error::usage(format!("{}: \"{}\" is no control", item.name, word.unwrap_or_default()))
            .remedy("positive, negative, sample, or an empty cell")
    })?;
    Ok(control == Some(Control::Negative))
}

/// What came of images that were looked at, by place.
type Looked = BTreeMap<usize, (String, Result<Vec<MarkerValues>>)>;

/// The values of the objects of these images, by as many images at once as the budget has room for.
fn look_at(
    settings: &Settings,
    recipes: &Recipes,
    images: &Images,
    over: &[usize],
    (memory, pool): (u64, &rayon::ThreadPool),
) -> Result<Looked> {
    let (budget, next, kept) = (Budget::new(memory), AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || -> Result<Looked> {
        let mut looked = Looked::new();
        while let Some(at) = over.get(next.fetch_add(1, Ordering::Relaxed)) {
            settings.stop.check()?;
            let item = images.items.get(*at);
            let found = guarded(|| values(&item, recipes, (&budget, settings, pool)));
            settings.stop.check()?;
            let n: usize = found.iter().flatten().map(|marker| marker.values.len()).sum();
            if kept.fetch_add(n, Ordering::Relaxed) + n > MOST_VALUES {
                let what = format!("cutoffs over more than {MOST_VALUES} objects");
                return Err(Error::limit(what).remedy("over = \"negative_controls\", or fewer images"));
            }
            looked.insert(*at, (item.name.clone(), found));
        }
        Ok(looked)
    };
    let jobs = settings.jobs.unwrap_or_else(|| settings.threads.unwrap_or_else(machine::threads));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, over.len().max(1))).map(|_| scope.spawn(work)).collect();
        let lost = || Err(Error::new(Kind::Internal, "a panic while cutoffs were looked for"));
        let parts = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| lost()));
        parts.collect::<Result<Vec<_>>>().map(|parts| parts.into_iter().flatten().collect())
    })
}

/// The values of the objects of one image.
fn values(
    item: &Item,
    recipes: &Recipes,
    (budget, settings, pool): (&Budget, &Settings, &rayon::ThreadPool),
) -> Result<Vec<MarkerValues>> {
    let recipe = &*recipes.of(item)?;
    let need = pool.install(|| one_by_one::need(item, recipe, budget))?;
    let _share = budget.take(need, &settings.stop)?;
    pool.install(|| {
        let (scan, external) = one_by_one::open(item, recipe, 1, budget)?;
        let found = pipeline::find(&scan, recipe, &Device::Cpu, &external, &|| settings.stop.check())?;
        Ok(found.measure_into(&mut |_, _| Ok(()))?.marker_values)
    })
}

/// The objects of all images of a group, and the images that have none to give, with the reason.
fn together<'l>(
    (set, marker): (&str, &str),
    group: &Group,
    looked: &'l Looked,
) -> (MarkerValues, Vec<(&'l str, &'l Error)>) {
    let mut all = MarkerValues { set: set.into(), marker: marker.into(), ..MarkerValues::default() };
    let mut failed = vec![];
    for (name, found) in group.over.iter().filter_map(|at| looked.get(at)) {
        match found {
            Ok(found) => {
                for one in found.iter().filter(|one| one.set == set && one.marker == marker) {
                    all.values.extend(&one.values);
                    all.at_least.extend(&one.at_least);
                    all.rounding = all.rounding.max(one.rounding);
                }
            }
            Err(e) => failed.push((name.as_str(), e)),
        }
    }
    (all, failed)
}

/// What an image is given.
#[derive(Default)]
struct Given {
    settings: Vec<String>,
    warnings: Vec<String>,
}

/// Puts settings and warnings into the images.
fn give(images: &mut Images, found: &BTreeMap<usize, Given>) -> Result<()> {
    let mut at = 0;
    images.items.change(|item| {
        if let Some(given) = found.get(&at) {
            item.settings = item.settings.iter().chain(&given.settings).cloned().collect();
            item.warnings.extend(given.warnings.iter().cloned());
        }
        at += 1;
        Ok(())
    })
}

/// ` (plate = P1)`
fn in_words(how: &Positive, cells: &[String]) -> String {
    let pairs: Vec<String> = how.by.iter().zip(cells).map(|(column, cell)| format!("{column} = {cell}")).collect();
    if pairs.is_empty() { String::new() } else { format!(" ({})", pairs.join(", ")) }
}

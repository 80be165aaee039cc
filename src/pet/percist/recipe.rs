//! What of a recipe the numbers of lesions hang on, and how two recipes differ in it.
//!
//! A recipe is held as lines, one value each, by their dotted paths. All of them count but these:
//!
//! - What only says how results are written, shown or summed up.
//! - Object sets, images and channels that neither the lesions nor the liver are made of or measured in.
//! - Facts of one scan: dose, weight and the like, where the liver lies, and which files regions are read from.

use std::collections::{BTreeMap, BTreeSet};

/// Values by their dotted paths.
pub(super) type Lines = BTreeMap<String, String>;

/// Tables that change no number of a lesion.
const OF_RESULTS: [&str; 12] = [
    "description",
    "output",
    "quality",
    "gallery",
    "groups",
    "plates",
    "paired",
    "positive",
    "phenotypes",
    "scores",
    "relate",
    "overlap",
];
/// Keys of `[suv]` that say what the headers of one scan do not.
const OF_THE_SCAN: [&str; 6] = ["dose_mbq", "weight_kg", "height_m", "sex", "half_life_s", "injection"];
/// Keys of `[measure.SET]` that the numbers compared hang on: the channels, and the families that they come from.
const MEASURED: [&str; 3] = ["channels", "lesion", "reference"];
/// They may well differ between two scans, but the reader should know: which time point, and what headers say wrongly.
const NOTED: [&str; 4] = ["files.", "spacing_um", "suv.decay", "objects.lesions.regions"];
/// What a set is whose regions lie in a file, whichever.
const FROM_FILE: &str = "read from a file";
/// What a set is that is a ball.
const SPHERE: &str = "a sphere of ";
/// The set that is judged.
const LESIONS: &str = "lesions";

/// The lines of a table of TOML.
pub(super) fn lines(table: toml::Table) -> Lines {
    let mut lines = Lines::new();
    flatten(&toml::Value::Table(table), String::new(), &mut lines);
    lines
}

fn flatten(value: &toml::Value, path: String, lines: &mut Lines) {
    let below = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    match value {
        toml::Value::Table(t) => t.iter().for_each(|(key, v)| flatten(v, below(key), lines)),
        toml::Value::Array(a) => a.iter().enumerate().for_each(|(i, v)| flatten(v, below(&i.to_string()), lines)),
        // 4 and 4.0 are one number.
        toml::Value::Integer(i) => drop(lines.insert(path, (*i as f64).to_string())),
        toml::Value::Float(f) => drop(lines.insert(path, f.to_string())),
        toml::Value::String(text) => drop(lines.insert(path, text.clone())),
        other => drop(lines.insert(path, other.to_string())),
    }
}

/// Changes a recipe as a cell of a sample sheet did for one image: `dotted.path=value`.
pub(super) fn change(lines: &mut Lines, setting: &str) {
    let Some((path, value)) = setting.split_once('=') else { return };
    let path = if path.trim() == "mask" { "labels.lesions" } else { path.trim() };
    if let Some(set) = path.strip_prefix("labels.") {
        // The set then comes from the file and from nothing else.
        lines.retain(|at, _| part(at, "objects", set).is_none());
        lines.insert(format!("objects.{set}.labels"), value.into());
        return;
    }
    lines.retain(|at, _| at.strip_prefix(path).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('.')));
    let read: Option<toml::Table> = toml::from_str(&format!("v = {value}")).ok();
    let read = read.and_then(|mut t| t.remove("v")).unwrap_or_else(|| toml::Value::String(value.trim().into()));
    flatten(&read, path.into(), lines);
}

/// What follows `group.name.` in a path.
fn part<'a>(path: &'a str, group: &str, name: &str) -> Option<&'a str> {
    path.strip_prefix(group)?.strip_prefix('.')?.strip_prefix(name)?.strip_prefix('.')
}

/// The first two words of a path, and the rest.
fn split(path: &str) -> (&str, &str, &str) {
    let (group, rest) = path.split_once('.').unwrap_or((path, ""));
    let (name, rest) = rest.split_once('.').unwrap_or((rest, ""));
    (group, name, rest)
}

/// The lines that count.
pub(super) fn that_count(all: &Lines) -> Lines {
    let needed = needed(all);
    let mut kept = Lines::new();
    for (path, value) in all {
        let (group, name, rest) = split(path);
        let key = rest.split('.').next().unwrap_or("");
        let counts = match group {
            "objects" | "images" | "channels" | "unmix" => needed.contains(&(group, name)) && key != "write",
            "measure" => needed.contains(&("objects", name)) && MEASURED.contains(&key),
            "suv" => !OF_THE_SCAN.contains(&name),
            "files" => !["pattern", "groups"].contains(&name),
            _ => !OF_RESULTS.contains(&group),
        };
        if !counts || group == "objects" && rest.starts_with("sphere.at") {
            continue;
        }
        if group == "objects" && all.contains_key(&format!("objects.{name}.labels")) {
            kept.insert(format!("objects.{name}"), FROM_FILE.into());
            if name != LESIONS || key != "regions" {
                continue;
            }
        }
        let is_path = group == "images" && ["flat_field", "dark"].contains(&key);
        kept.insert(path.clone(), if is_path { "a file".into() } else { value.clone() });
    }
    kept
}

/// The sets, images and channels that the lesions and the liver are made of and measured in, with themselves: group and name.
fn needed(all: &Lines) -> BTreeSet<(&str, &str)> {
    let mut things: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    let mut words: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (path, value) in all {
        let (group, name, rest) = split(path);
        let (thing, word) = match group {
            "objects" | "images" | "channels" => ((group, name), Some(name)),
            "measure" => (("objects", name), None),
            "unmix" => ((group, name), rest.strip_prefix("dyes.").map(|dye| dye.split('.').next().unwrap_or(dye))),
            _ => continue,
        };
        if let Some(word) = word {
            things.entry(word).or_default().insert(thing);
        }
        // Whatever a set says may be the name of another thing, in a key as well as in a value.
        words.entry(thing).or_default().extend(rest.split('.').chain([value.as_str()]));
    }
    let mut found: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut to_do = vec![("objects", LESIONS), ("objects", "liver")];
    to_do.extend(channels_of(all, LESIONS).into_iter().filter_map(|channel| things.get(channel)).flatten());
    while let Some(thing) = to_do.pop() {
        if found.insert(thing) {
            to_do.extend(words.get(&thing).into_iter().flatten().filter_map(|word| things.get(word)).flatten());
        }
    }
    found
}

/// What a set is measured in: the channels that it names, else all of them.
fn channels_of<'a>(all: &'a Lines, set: &str) -> BTreeSet<&'a str> {
    let named = all.iter().filter(|(path, _)| {
        part(path, "measure", set).is_some_and(|key| key == "channels" || key.starts_with("channels."))
    });
    let named: BTreeSet<&str> = named.map(|(_, channel)| channel.as_str()).collect();
    let all = all.keys().map(|path| split(path)).filter(|(group, ..)| *group == "channels").map(|(_, name, _)| name);
    if named.is_empty() { all.collect() } else { named }
}

/// Why the sites of a scan cannot stand for its lesions: they are measured in something else.
pub(super) fn sites_apart(all: &Lines) -> Option<String> {
    let [lesions, sites] =
        [LESIONS, "sites"].map(|set| channels_of(all, set).into_iter().collect::<Vec<_>>().join(", "));
    (lesions != sites).then(|| format!("lesions are measured in {lesions}, the sites of the baseline in {sites}"))
}

/// How the lines that count differ, in words.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Differences {
    /// The scans were not measured alike.
    pub against: Vec<String>,
    /// The reader should know.
    pub notes: Vec<String>,
}

/// Compares the lines that count.
pub(super) fn differences(baseline: &Lines, followup: &Lines) -> Differences {
    let mut all = Differences::default();
    let mut paths: BTreeSet<&String> = baseline.keys().chain(followup.keys()).collect();
    paths.retain(|path| baseline.get(*path) != followup.get(*path));
    let sets: BTreeSet<&str> = paths.iter().map(|path| split(path)).filter(|s| s.0 == "objects").map(|s| s.1).collect();
    for set in sets {
        let [b, f] = [baseline, followup].map(|lines| origin(lines, set));
        if b == f || ![b.as_deref(), f.as_deref()].contains(&Some(FROM_FILE)) {
            continue;
        }
        paths.retain(|path| split(path).0 != "objects" || split(path).1 != set);
        let [b, f] = [b, f].map(|origin| origin.unwrap_or("not there".into()));
        let words = format!("the set {set} is {b}, then {f}");
        // A region of reference is one wherever it lies, and whoever drew it.
        if [&b, &f].into_iter().any(|origin| origin.starts_with(SPHERE)) {
            all.notes.push(format!("{words}: see that both are alike"));
        } else {
            all.against.push(words);
        }
    }
    for path in paths {
        let value = |lines: &Lines| lines.get(path).cloned().unwrap_or("nothing".into());
        let words = format!("{path} is {}, then {}", value(baseline), value(followup));
        let is_noted = NOTED.iter().any(|key| path.starts_with(key));
        if is_noted { &mut all.notes } else { &mut all.against }.push(words);
    }
    all
}

/// Where the objects of a set come from; nothing where the recipe has no such set, or does not need it.
fn origin(lines: &Lines, set: &str) -> Option<String> {
    let sphere = lines.get(&format!("objects.{set}.sphere.diameter")).map(|diameter| format!("{SPHERE}{diameter}"));
    let drawn = lines.get(&format!("objects.{set}")).cloned();
    let is_there = lines.keys().any(|path| part(path, "objects", set).is_some());
    sphere.or(drawn).or_else(|| is_there.then(|| "found by steps".into()))
}

#[cfg(test)]
mod tests {
    //! Oracle: what changes a number and what does not, by hand.
    use super::*;

    const PERCIST: &str = include_str!("../../../recipes/pet-percist.toml");

    /// The preset with more lines, and with changes as a sheet has them.
    fn recipe(more: &str, set: &[&str]) -> Lines {
        let mut all = lines(toml::from_str(&format!("{PERCIST}\n{more}")).unwrap());
        set.iter().for_each(|setting| change(&mut all, setting));
        that_count(&all)
    }

    fn differ(more: &str, set: &[&str]) -> (String, String) {
        let all = differences(&recipe("", &[]), &recipe(more, set));
        (all.against.join("; "), all.notes.join("; "))
    }

    #[test]
    fn what_changes_numbers_is_against_the_pair() {
        for (more, set, words) in [
            ("[grid]\nvoxel = '6 mm'", &[][..], "grid.voxel is nothing, then 6 mm"),
            ("", &["objects.lesions.steps.0.factor=3.0"], "objects.lesions.steps.0.factor is 1.5, then 3"),
            (
                "",
                &["objects.lesions.steps.3.at_least=[\"3 ml\"]"],
                "objects.lesions.steps.3.at_least.0 is 1 ml, then 3 ml",
            ),
            ("", &["objects.liver.sphere.diameter=20 mm"], "objects.liver.sphere.diameter is 30 mm, then 20 mm"),
            ("", &["measure.lesions.lesion.liver=blood"], "measure.lesions.lesion.liver is liver, then blood"),
            ("", &["channels.pet=[1]"], "channels.pet.0 is 0, then 1"),
            ("", &["suv.units=bqml"], "suv.units is nothing, then bqml"),
            ("", &["suv.assume=none"], "suv.assume is suv, then none"),
        ] {
            assert_eq!(differ(more, set), (words.into(), String::new()), "{more} {set:?}");
        }
        let (drawn, _) = differ("", &["mask=gtv.nii.gz"]);
        // Drawn lesions leave nothing out.
        let words = "the set excluded is read from a file, then not there; the set lesions is found by steps, then read from a file";
        assert_eq!(drawn, words);
        let smooth = |sigma| {
            let image =
                format!("[images.flat]\nchannel = 'pet'\nsteps = [{{ op = 'gaussian', sigma = '{sigma} mm' }}]");
            recipe(&image, &["measure.lesions.channels=[\"flat\"]"])
        };
        let against = differences(&smooth(1), &smooth(8)).against;
        assert_eq!(against, ["images.flat.steps.0.sigma is 1 mm, then 8 mm"]);
    }

    #[test]
    fn facts_of_the_scan_and_what_lesions_are_not_made_of_are_not() {
        let sum = "[objects.hot]\nchannel = 'pet'\nsteps = [{ op = 'label' }]\n[measure.hot]\nfeatures = ['lesion']";
        let picture = "[images.flat]\nchannel = 'pet'\nwrite = true\nsteps = [{ op = 'gaussian', sigma = '8 mm' }]";
        for (more, set) in [
            ("", &["objects.liver.sphere.at=[48, 96, 70]"][..]),
            ("", &["labels.excluded=bladder.nii.gz"]),
            ("", &["labels.sites=b/labels/P1/lesions.nii.gz"]),
            ("", &["suv.weight_kg=82.5", "suv.height_m=1.7", "suv.sex=M", "suv.dose_mbq=300"]),
            ("[output]\nlengths = 'um'", &["description=mine"]),
            (sum, &[]),
            (picture, &[]),
            ("", &["objects.lesions.steps.0.factor=1.50", "objects.lesions.write=false"]),
        ] {
            assert_eq!(differ(more, set), (String::new(), String::new()), "{more} {set:?}");
        }
    }

    #[test]
    fn what_may_well_differ_is_noted() {
        let noted = |set: &str| differ("", &[set]);
        let drawn = "the set liver is a sphere of 30 mm, then read from a file: see that both are alike";
        assert_eq!(noted("labels.liver=liver.nii.gz"), (String::new(), drawn.into()));
        assert_eq!(noted("files.time=2"), (String::new(), "files.time is nothing, then 2".into()));
        assert_eq!(noted("suv.decay=start"), (String::new(), "suv.decay is nothing, then start".into()));
    }

    #[test]
    fn sites_are_measured_in_what_lesions_are_measured_in() {
        let apart = |set: &[&str]| {
            let mut all = lines(toml::from_str(PERCIST).unwrap());
            set.iter().for_each(|setting| change(&mut all, setting));
            sites_apart(&all)
        };
        assert_eq!(apart(&[]), None);
        assert_eq!(apart(&["measure.lesions.channels=[\"pet\"]"]), None, "all channels are the one that there is");
        let words = "lesions are measured in pet, the sites of the baseline in flat";
        assert_eq!(apart(&["measure.sites.channels=[\"flat\"]"]).as_deref(), Some(words));
    }
}

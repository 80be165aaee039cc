//! Which image at baseline belongs to which at follow-up.

use super::sheet::{Line, Sheet};
use super::{Folder, Image};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const COLUMNS: &str = "a CSV file with the columns patient, baseline, followup and, if a reader looked, new_lesions";

/// Two images of a patient, or one that has no partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What the pairs file calls the patient, else PatientID, else the name of the image.
    pub patient: String,
    /// Name of the image at baseline.
    pub baseline: Option<String>,
    /// Name of the image at follow-up.
    pub followup: Option<String>,
    /// New lesions that a reader saw; nothing if nobody looked.
    pub new_lesions: Option<u32>,
    /// Why there are not two images.
    pub lacks: Option<String>,
    /// The patient has images at both times, but which of them belong together is not known.
    pub is_open: bool,
}

/// Pairs the images of a patient, by PatientID, else images of the same name; two folders with one image each make a pair
/// whatever its names. Every image is in one pair.
///
/// # Errors
/// Both are the same folder, and no patient has two scans in it: names cannot tell baseline from follow-up then.
pub fn by_itself(baseline: &Folder, followup: &Folder) -> Result<Vec<Pair>> {
    let mut all = if same(baseline, followup) {
        if patients(baseline).values().all(|scans| scans.len() < 2) {
            let e = Error::usage("baseline and follow-up are the same folder, so names cannot pair the images");
            return Err(e.at(&baseline.path).remedy(format!("--pairs FILE, {COLUMNS}")));
        }
        by_date(baseline)
    } else if let ([a], [b]) = (&images(baseline)[..], &images(followup)[..]) {
        vec![pair(id(a).or(id(b)).unwrap_or(&a.name), Some(&a.name), Some(&b.name), None)]
    } else {
        let mut all = by_patient(baseline, followup);
        let (paired, after) = (paired(&all), followup.by_name());
        let is_free = |i: &&Image| !paired.contains(i.name.as_str());
        // A file that both runs passed over is no scan of a patient.
        let is_image = |i: &&Image| after.get(i.name.as_str()).is_some_and(|j| !(i.skipped && j.skipped));
        let both = baseline.images.iter().filter(|i| is_free(i) && is_image(i));
        let both: Vec<Pair> = both.map(|i| pair(patient(i), Some(&i.name), Some(&i.name), None)).collect();
        all.extend(both);
        all
    };
    all.extend(without_partner(baseline, followup, &all));
    Ok(all)
}

/// The names of all images of some pairs.
fn paired(pairs: &[Pair]) -> BTreeSet<&str> {
    pairs.iter().flat_map(|p| [&p.baseline, &p.followup]).filter_map(|name| name.as_deref()).collect()
}

/// PatientID, where it is known.
fn id(image: &Image) -> Option<&str> {
    image.patient_id.as_deref()
}

/// What the patient of an image is called without a pairs file.
fn patient(image: &Image) -> &str {
    id(image).unwrap_or(&image.name)
}

/// The images of each patient, where PatientID is known.
fn patients(folder: &Folder) -> BTreeMap<&str, Vec<&Image>> {
    let mut all: BTreeMap<&str, Vec<&Image>> = BTreeMap::new();
    for image in images(folder) {
        id(image).into_iter().for_each(|id| all.entry(id).or_default().push(image));
    }
    all
}

/// Those that count: all but what failed beside another one of the same day that did not. So a series without correction for attenuation
/// is not meant where the right one is there, but a time point that failed is none to be passed over.
fn meant<'a>(images: &[&'a Image]) -> Vec<&'a Image> {
    let day = |i: &Image| i.when.day().map(str::to_string);
    let days: BTreeSet<String> = images.iter().filter(|i| i.visit.is_ok()).filter_map(|i| day(i)).collect();
    images.iter().copied().filter(|i| i.visit.is_ok() || !day(i).is_some_and(|d| days.contains(&d))).collect()
}

/// Patients with one scan in each folder.
fn by_patient(baseline: &Folder, followup: &Folder) -> Vec<Pair> {
    let (before, after) = (patients(baseline), patients(followup));
    let pair_of = |(id, scans): (&&str, &Vec<&Image>)| match (&meant(scans)[..], &meant(after.get(*id)?)[..]) {
        ([a], [b]) => Some(pair(id, Some(&a.name), Some(&b.name), None)),
        _ => None,
    };
    before.iter().filter_map(pair_of).collect()
}

/// Patients with scans of two days in one folder: the earlier one is the baseline.
fn by_date(folder: &Folder) -> Vec<Pair> {
    let pair_of = |(id, scans): (&str, Vec<&Image>)| {
        let [a, b] = <[&Image; 2]>::try_from(meant(&scans)).ok()?;
        if a.when.shared_with(&b.when).is_some() {
            return None;
        }
        let (first, second) = if a.when.day()? < b.when.day()? { (a, b) } else { (b, a) };
        Some(pair(id, Some(&first.name), Some(&second.name), None))
    };
    patients(folder).into_iter().filter_map(pair_of).collect()
}

/// Why scans of one patient in one folder are no pair.
fn why_no_pair(all: &[&Image]) -> String {
    let shared = all.iter().skip(1).map(|i| i.when.shared_with(&all.first()?.when)).collect::<Option<Vec<String>>>();
    match shared.and_then(|all| all.into_iter().next()) {
        Some(why) => format!("one examination: {why}; a follow-up is of another day"),
        None => format!("which is the baseline and which the follow-up is not known; {HINT}"),
    }
}

/// A row for each image that is in none of the pairs, with the reason.
fn without_partner(baseline: &Folder, followup: &Folder, pairs: &[Pair]) -> Vec<Pair> {
    let is_one = same(baseline, followup);
    let mut left: BTreeSet<&str> = pairs.iter().filter_map(|p| p.baseline.as_deref()).collect();
    let mut right: BTreeSet<&str> = pairs.iter().filter_map(|p| p.followup.as_deref()).collect();
    if is_one {
        left.extend(right);
        right = followup.images.iter().map(|i| i.name.as_str()).collect();
    }
    let (before, after) = (patients(baseline), patients(followup));
    let mut pair_of: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for pair in pairs {
        if let (Some(a), Some(b)) = (&pair.baseline, &pair.followup) {
            pair_of.entry(&pair.patient).or_insert((a, b));
        }
    }
    let lacks = |image: &Image, what: &str| -> (String, bool) {
        let of_patient = [&before, &after].map(|folder| id(image).and_then(|id| folder.get(id)));
        let names = |all: &[&Image]| all.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
        if let Some((a, b)) = id(image).and_then(|id| pair_of.get(id)) {
            return (format!("the pair of the patient is {a} and {b}; {HINT}"), false);
        }
        match of_patient {
            [Some(all), _] if is_one && all.len() > 1 => {
                (format!("{} images of the patient ({}), {}", all.len(), names(all), why_no_pair(all)), true)
            }
            [Some(a), Some(b)] if !is_one => {
                let (all, when) = if b.len() > 1 { (b, "follow-up") } else { (a, "baseline") };
                let several = format!("{} images of the patient at {when} ({})", all.len(), names(all));
                (format!("{several}, which one is meant is not guessed; {HINT}"), true)
            }
            _ if is_one => (format!("no image at {what} of the same patient; {HINT}"), false),
            _ => (format!("no image at {what}; {HINT}"), false),
        }
    };
    alone(baseline, followup, &left, &right, &lacks)
}

const HINT: &str = "--pairs FILE can name it";

/// Pairs as a CSV file says: columns `patient`, `baseline`, `followup` and, optional, `new_lesions`. Images that it does not
/// name follow, each alone.
///
/// # Errors
/// The file cannot be read, lacks a column, names a pair twice, an image as its own follow-up or two patients of an image, or
/// `new_lesions` is no whole number.
pub fn from_file(path: &Path, baseline: &Folder, followup: &Folder) -> Result<Vec<Pair>> {
    let sheet = Sheet::open(path)?;
    sheet.needs(&["patient", "baseline", "followup"], COLUMNS)?;
    sheet.knows(&["patient", "baseline", "followup", "new_lesions"], COLUMNS)?;
    let (is_one, before, after) = (same(baseline, followup), baseline.by_name(), followup.by_name());
    let mut all = vec![];
    let (mut left, mut right) = (BTreeSet::new(), BTreeSet::new());
    let (mut pairs, mut patients) = (BTreeMap::new(), BTreeMap::new());
    for line in sheet.lines() {
        let (a, b) = (line.text("baseline"), line.text("followup"));
        let known = || [a.and_then(|a| before.get(a)), b.and_then(|b| after.get(b))].into_iter().flatten();
        let said = line.text("patient");
        let Some(patient) = said.or_else(|| known().find_map(|image| id(image))).or(a).or(b) else { continue };
        if let (Some(first), true) = (pairs.insert((a, b), line.number()), a.is_some() && b.is_some()) {
            return Err(line
                .wrong(format!("{} and {} are a pair in line {first} already", a.unwrap_or(""), b.unwrap_or("")))
                .remedy("one line for each pair"));
        }
        if a.is_some() && a == b && is_one {
            let what = format!("{} is the follow-up of itself", a.unwrap_or(""));
            return Err(line.wrong(what).remedy("another image as baseline or as followup, or an empty cell"));
        }
        left.extend(a);
        right.extend(b);
        let mut one = pair(patient, a, b, new_lesions(&line)?);
        let unknown = |folder: &Folder, images: &BTreeMap<&str, &Image>, name: Option<&str>| {
            let name = name.filter(|name| !images.contains_key(name))?;
            Some(format!("{} has no image {name}", folder.path.display()))
        };
        one.lacks = match (a, b) {
            (None, None) => Some("the pairs file names no image".into()),
            (None, _) => Some("the pairs file names no baseline".into()),
            (_, None) => Some("the pairs file names no follow-up".into()),
            _ => unknown(baseline, &before, a).or_else(|| unknown(followup, &after, b)),
        };
        let both = if one.lacks.is_none() { [("baseline", a), ("follow-up", b)] } else { [("", None); 2] };
        for (side, image) in both {
            let (Some(image), Some(said)) = (image, said) else { continue };
            let (before, first) = *patients.entry((side, image)).or_insert((said, line.number()));
            if before != said {
                return Err(line
                    .wrong(format!("the {side} {image} is of patient {said}, in line {first} of {before}"))
                    .remedy("one patient for each image"));
            }
        }
        all.push(one);
    }
    if is_one {
        left.extend(right.iter().copied());
        right.extend(followup.images.iter().map(|i| i.name.as_str()));
    }
    let lacks = |_: &Image, what: &str| (format!("no image at {what}; the pairs file does not name it"), false);
    all.extend(alone(baseline, followup, &left, &right, &lacks));
    Ok(all)
}

fn new_lesions(line: &Line) -> Result<Option<u32>> {
    let Some(text) = line.text("new_lesions") else { return Ok(None) };
    let number = text.parse().map_err(|_| {
        line.wrong(format!("new_lesions is {text:?}"))
            .remedy("a whole number; empty where nobody looked for new lesions")
    })?;
    Ok(Some(number))
}

fn pair(patient: &str, baseline: Option<&str>, followup: Option<&str>, new_lesions: Option<u32>) -> Pair {
    let own = |name: Option<&str>| name.map(str::to_string);
    let (baseline, followup) = (own(baseline), own(followup));
    Pair { patient: patient.into(), baseline, followup, new_lesions, lacks: None, is_open: false }
}

fn same(a: &Folder, b: &Folder) -> bool {
    let real = |f: &Folder| f.path.canonicalize().unwrap_or_else(|_| f.path.clone());
    real(a) == real(b)
}

/// All that the run did not pass over.
fn images(folder: &Folder) -> Vec<&Image> {
    folder.images.iter().filter(|i| !i.skipped).collect()
}

/// A row for each image that is not in the sets. `lacks` says why an image has no partner at some time, and whether there may be one.
fn alone(
    a: &Folder,
    b: &Folder,
    left: &BTreeSet<&str>,
    right: &BTreeSet<&str>,
    lacks: &dyn Fn(&Image, &str) -> (String, bool),
) -> Vec<Pair> {
    let row = |image: &Image, what: &str, one: Pair| {
        let (lacks, is_open) = match (&image.visit, image.skipped) {
            (Err(why), true) => (why.clone(), false),
            _ => lacks(image, what),
        };
        Pair { lacks: Some(lacks), is_open, ..one }
    };
    let first = a.images.iter().filter(|i| !left.contains(i.name.as_str()));
    let second = b.images.iter().filter(|i| !right.contains(i.name.as_str()));
    let first = first.map(|i| row(i, "follow-up", pair(patient(i), Some(&i.name), None, None)));
    let second = second.map(|i| row(i, "baseline", pair(patient(i), None, Some(&i.name), None)));
    first.chain(second).collect()
}

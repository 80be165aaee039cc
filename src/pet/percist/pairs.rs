//! Which image at baseline belongs to which at follow-up.

use super::patients::{Whose, are_known, images, meant};
use super::sheet::{Line, Sheet};
use super::{Folder, Image};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const COLUMNS: &str = "a CSV file with the columns patient, baseline, followup and, if a reader looked, new_lesions";

/// Two images of a patient, or one that has no partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What the pairs file calls the patient, else the sample sheets, else PatientID, else the name of the image.
    pub patient: String,
    /// Name of the image at baseline.
    pub baseline: Option<String>,
    /// Name of the image at follow-up.
    pub followup: Option<String>,
    /// New lesions that a reader saw; nothing if nobody looked.
    pub new_lesions: Option<u32>,
    /// Why there are not two images.
    pub lacks: Option<String>,
    /// The patient has images at both times, but which of them belong together is not known. Of several rows of a patient the first.
    pub is_open: bool,
    /// Their names alone put them together: neither PatientID nor a sample sheet says that both are of one patient.
    pub is_by_name: bool,
}

/// Pairs the images of a patient, by sample sheets or PatientID, else images of the same name; two folders with one image each make
/// a pair whatever its names. Every image is in one pair.
///
/// # Errors
/// Both are the same folder, and no patient has two scans in it: names cannot tell baseline from follow-up then.
pub fn by_itself(baseline: &Folder, followup: &Folder) -> Result<Vec<Pair>> {
    let whose = Whose::of(baseline, followup);
    let mut all = if same(baseline, followup) {
        if whose.patients(baseline).values().all(|scans| scans.len() < 2) {
            let e = Error::usage(
                "baseline and follow-up are the same folder, so names cannot pair the images, and no patient (PatientID, or the \
                 column patient of a sample sheet) has two of them",
            );
            return Err(e.at(&baseline.path).remedy(format!("--pairs FILE, {COLUMNS}")));
        }
        by_date(whose, baseline)
    } else if let ([a], [b]) = (&images(baseline)[..], &images(followup)[..]) {
        let patient = whose.id(a).or(whose.id(b)).unwrap_or(&a.name);
        vec![pair(patient, Some(&a.name), Some(&b.name), None)]
    } else {
        let mut all = by_patient(whose, baseline, followup);
        all.extend(by_name(whose, baseline, followup, &all));
        all
    };
    all.extend(without_partner(whose, baseline, followup, &all));
    Ok(all)
}

/// Images of the same name, but for those of patients who have a pair: what is left of them is another series.
fn by_name(whose: Whose, baseline: &Folder, followup: &Folder, found: &[Pair]) -> Vec<Pair> {
    let after = followup.by_name();
    let have_one: BTreeSet<&str> = found.iter().map(|p| p.patient.as_str()).collect();
    let is_free = |i: &Image| whose.id(i).is_none_or(|id| !have_one.contains(id));
    // A file that both runs passed over is no scan of a patient.
    let is_wanted = |(i, j): &(&Image, &Image)| is_free(i) && is_free(j) && !(i.skipped && j.skipped);
    let of_name = baseline.images.iter().filter_map(|i| Some((i, *after.get(i.name.as_str())?)));
    let both: Vec<(&Image, &Image)> = of_name.filter(is_wanted).collect();
    let count = |(i, j): &(&Image, &Image)| i.visit.is_ok() || j.visit.is_ok();
    let counted: BTreeSet<&str> = both.iter().filter(|p| count(p)).filter_map(|(i, _)| whose.id(i)).collect();
    // One that failed at both times is no second answer for a patient.
    let is_leftover = |p: &(&Image, &Image)| !count(p) && whose.id(p.0).is_some_and(|id| counted.contains(id));
    let meant = both.into_iter().filter(|p| !is_leftover(p));
    let of_two = |(i, j): (&Image, &Image)| Pair {
        is_by_name: !are_known(i, j),
        ..pair(whose.patient(i), Some(&i.name), Some(&j.name), None)
    };
    meant.map(of_two).collect()
}

/// Patients with one scan in each folder.
fn by_patient(whose: Whose, baseline: &Folder, followup: &Folder) -> Vec<Pair> {
    let (before, after) = (whose.patients(baseline), whose.patients(followup));
    let pair_of = |(id, scans): (&&str, &Vec<&Image>)| match (&meant(scans)[..], &meant(after.get(*id)?)[..]) {
        ([a], [b]) => Some(pair(id, Some(&a.name), Some(&b.name), None)),
        _ => None,
    };
    before.iter().filter_map(pair_of).collect()
}

/// Patients with scans of two days in one folder: the earlier one is the baseline.
fn by_date(whose: Whose, folder: &Folder) -> Vec<Pair> {
    let pair_of = |(id, scans): (&str, Vec<&Image>)| {
        let [a, b] = <[&Image; 2]>::try_from(meant(&scans)).ok()?;
        if a.when.shared_with(&b.when).is_some() {
            return None;
        }
        let (first, second) = if a.when.day()? < b.when.day()? { (a, b) } else { (b, a) };
        Some(pair(id, Some(&first.name), Some(&second.name), None))
    };
    whose.patients(folder).into_iter().filter_map(pair_of).collect()
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
fn without_partner(whose: Whose, baseline: &Folder, followup: &Folder, pairs: &[Pair]) -> Vec<Pair> {
    let is_one = same(baseline, followup);
    let mut left: BTreeSet<&str> = pairs.iter().filter_map(|p| p.baseline.as_deref()).collect();
    let mut right: BTreeSet<&str> = pairs.iter().filter_map(|p| p.followup.as_deref()).collect();
    if is_one {
        left.extend(right);
        right = followup.images.iter().map(|i| i.name.as_str()).collect();
    }
    let (before, after) = (whose.patients(baseline), whose.patients(followup));
    let mut pair_of: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for pair in pairs {
        if let (Some(a), Some(b)) = (&pair.baseline, &pair.followup) {
            pair_of.entry(&pair.patient).or_insert((a, b));
        }
    }
    let lacks = |image: &Image, what: &str| -> (String, bool) {
        let of_patient = [&before, &after].map(|folder| whose.id(image).and_then(|id| folder.get(id)));
        let names = |all: &[&Image]| all.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
        if let Some((a, b)) = whose.id(image).and_then(|id| pair_of.get(id)) {
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
            _ if is_one && whose.id(image).is_none() => (format!("whose scan it is is not known; {HINT}"), false),
            _ if is_one => (format!("no image at {what} of the same patient; {HINT}"), false),
            _ => (format!("no image at {what}; {HINT}"), false),
        }
    };
    alone(whose, baseline, followup, &left, &right, &lacks)
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
    let whose = Whose::of(baseline, followup);
    let mut all = vec![];
    let (mut left, mut right) = (BTreeSet::new(), BTreeSet::new());
    let (mut pairs, mut patients) = (BTreeMap::new(), BTreeMap::new());
    for line in sheet.lines() {
        let (a, b) = (line.text("baseline"), line.text("followup"));
        let known = || [a.and_then(|a| before.get(a)), b.and_then(|b| after.get(b))].into_iter().flatten();
        let said = line.text("patient");
        let Some(patient) = said.or_else(|| known().find_map(|image| whose.id(image))).or(a).or(b) else { continue };
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
    all.extend(alone(whose, baseline, followup, &left, &right, &lacks));
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
    Pair { patient: patient.into(), baseline, followup, new_lesions, lacks: None, is_open: false, is_by_name: false }
}

fn same(a: &Folder, b: &Folder) -> bool {
    let real = |f: &Folder| f.path.canonicalize().unwrap_or_else(|_| f.path.clone());
    real(a) == real(b)
}

/// A row for each image that is not in the sets. `lacks` says why an image has no partner at some time, and whether there may be one.
fn alone(
    whose: Whose,
    a: &Folder,
    b: &Folder,
    left: &BTreeSet<&str>,
    right: &BTreeSet<&str>,
    lacks: &dyn Fn(&Image, &str) -> (String, bool),
) -> Vec<Pair> {
    let mut are_open = BTreeSet::new();
    let mut row = |image: &Image, what: &str, one: Pair| {
        let (lacks, is_open) = match (&image.visit, image.skipped) {
            (Err(why), true) => (why.clone(), false),
            _ => lacks(image, what),
        };
        let is_open = is_open && are_open.insert(one.patient.clone());
        Pair { lacks: Some(lacks), is_open, ..one }
    };
    let first = a.images.iter().filter(|i| !left.contains(i.name.as_str()));
    let second = b.images.iter().filter(|i| !right.contains(i.name.as_str()));
    let mut all: Vec<Pair> = vec![];
    all.extend(first.map(|i| row(i, "follow-up", pair(whose.patient(i), Some(&i.name), None, None))));
    all.extend(second.map(|i| row(i, "baseline", pair(whose.patient(i), None, Some(&i.name), None))));
    all
}

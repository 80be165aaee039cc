//! Which image at baseline belongs to which at follow-up.

use super::sheet::{Line, Sheet};
use super::{Folder, Image, Visit};
use crate::{Error, Result};
use std::cmp::Ordering;
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
}

/// Pairs the images of a patient, by PatientID, else images of the same name; two folders with one image each make a pair
/// whatever its names. Every image is in one pair.
///
/// # Errors
/// Both are the same folder, and no patient has two scans of different dates in it: names cannot tell baseline from
/// follow-up then.
pub fn by_itself(baseline: &Folder, followup: &Folder) -> Result<Vec<Pair>> {
    if same(baseline, followup) {
        let mut all = by_date(baseline);
        if !all.is_empty() {
            let both = all.iter().flat_map(|p| [p.baseline.clone(), p.followup.clone()]).flatten().collect::<Vec<_>>();
            let left: BTreeSet<&str> = both.iter().map(String::as_str).collect();
            let right: BTreeSet<&str> = followup.images.iter().map(|i| i.name.as_str()).collect();
            all.extend(alone(baseline, followup, &left, &right, " of the same patient; --pairs FILE can name it"));
            return Ok(all);
        }
        return Err(Error::usage("baseline and follow-up are the same folder, so names cannot pair the images")
            .at(&baseline.path)
            .remedy(format!("--pairs FILE, {COLUMNS}")));
    }
    if let ([a], [b]) = (&images(baseline)[..], &images(followup)[..]) {
        let patient = id(a).or(id(b)).unwrap_or(&a.name);
        let mut all = vec![pair(patient, Some(&a.name), Some(&b.name), None)];
        all.extend(alone(baseline, followup, &[a.name.as_str()].into(), &[b.name.as_str()].into(), ""));
        return Ok(all);
    }
    let mut all = by_patient(baseline, followup);
    let taken = |of: fn(&Pair) -> &Option<String>, all: &[Pair]| -> BTreeSet<String> {
        all.iter().filter_map(|p| of(p).clone()).collect()
    };
    let (left, right) = (taken(|p| &p.baseline, &all), taken(|p| &p.followup, &all));
    let free = |i: &&Image| !left.contains(&i.name) && !right.contains(&i.name) && followup.image(&i.name).is_some();
    all.extend(baseline.images.iter().filter(free).map(|i| pair(patient(i), Some(&i.name), Some(&i.name), None)));
    let (left, right) = (taken(|p| &p.baseline, &all), taken(|p| &p.followup, &all));
    let words = |set: &'_ BTreeSet<String>| set.iter().cloned().collect::<Vec<String>>();
    let (left, right) = (words(&left), words(&right));
    let (left, right) = (left.iter().map(String::as_str).collect(), right.iter().map(String::as_str).collect());
    all.extend(alone(baseline, followup, &left, &right, "; --pairs FILE can name it"));
    Ok(all)
}

/// PatientID, where it is known.
fn id(image: &Image) -> Option<&str> {
    image.visit.as_ref().ok()?.patient_id.as_deref()
}

/// What the patient of an image is called without a pairs file.
fn patient(image: &Image) -> &str {
    id(image).unwrap_or(&image.name)
}

/// The images of each patient, where PatientID is known.
fn patients(folder: &Folder) -> BTreeMap<&str, Vec<(&Image, &Visit)>> {
    let mut all: BTreeMap<&str, Vec<(&Image, &Visit)>> = BTreeMap::new();
    for image in &folder.images {
        if let Ok(visit) = &image.visit
            && let Some(id) = &visit.patient_id
        {
            all.entry(id).or_default().push((image, visit));
        }
    }
    all
}

/// Patients with one scan in each folder.
fn by_patient(baseline: &Folder, followup: &Folder) -> Vec<Pair> {
    let (before, after) = (patients(baseline), patients(followup));
    let pair_of = |(id, scans): (&&str, &Vec<(&Image, &Visit)>)| match (scans.as_slice(), after.get(*id)?.as_slice()) {
        ([(a, _)], [(b, _)]) => Some(pair(id, Some(&a.name), Some(&b.name), None)),
        _ => None,
    };
    before.iter().filter_map(pair_of).collect()
}

/// Patients with two scans in one folder: the earlier one is the baseline.
fn by_date(folder: &Folder) -> Vec<Pair> {
    let pair_of = |(id, scans): (&str, Vec<(&Image, &Visit)>)| {
        let [(a, first), (b, second)] = scans.as_slice() else { return None };
        let (x, y) = (first.date.as_ref()?, second.date.as_ref()?);
        match x.cmp(y) {
            Ordering::Less => Some(pair(id, Some(&a.name), Some(&b.name), None)),
            Ordering::Greater => Some(pair(id, Some(&b.name), Some(&a.name), None)),
            Ordering::Equal => None,
        }
    };
    patients(folder).into_iter().filter_map(pair_of).collect()
}

/// Pairs as a CSV file says: columns `patient`, `baseline`, `followup` and, optional, `new_lesions`. Images that it does not
/// name follow, each alone.
///
/// # Errors
/// The file cannot be read, lacks a column, names a pair twice or two patients of an image, or `new_lesions` is no whole number.
pub fn from_file(path: &Path, baseline: &Folder, followup: &Folder) -> Result<Vec<Pair>> {
    let sheet = Sheet::open(path)?;
    sheet.needs(&["patient", "baseline", "followup"], COLUMNS)?;
    sheet.knows(&["patient", "baseline", "followup", "new_lesions"], COLUMNS)?;
    let mut all = vec![];
    let (mut left, mut right) = (BTreeSet::new(), BTreeSet::new());
    let (mut pairs, mut patients) = (BTreeMap::new(), BTreeMap::new());
    for line in sheet.lines() {
        let (a, b) = (line.text("baseline"), line.text("followup"));
        let known = || [a.and_then(|a| baseline.image(a)), b.and_then(|b| followup.image(b))].into_iter().flatten();
        let said = line.text("patient");
        let Some(patient) = said.or_else(|| known().find_map(id)).or(a).or(b) else { continue };
        if let (Some(first), true) = (pairs.insert((a, b), line.number()), a.is_some() && b.is_some()) {
            return Err(line
                .wrong(format!("{} and {} are a pair in line {first} already", a.unwrap_or(""), b.unwrap_or("")))
                .remedy("one line for each pair"));
        }
        left.extend(a);
        right.extend(b);
        let mut one = pair(patient, a, b, new_lesions(&line)?);
        let unknown = |folder: &Folder, name: Option<&str>| match name {
            Some(name) if folder.image(name).is_none() => {
                Some(format!("{} has no image {name}", folder.path.display()))
            }
            _ => None,
        };
        one.lacks = match (a, b) {
            (None, None) => Some("the pairs file names no image".into()),
            (None, _) => Some("the pairs file names no baseline".into()),
            (_, None) => Some("the pairs file names no follow-up".into()),
            _ => unknown(baseline, a).or_else(|| unknown(followup, b)),
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
    if same(baseline, followup) {
        left.extend(right.iter().copied());
        right.extend(followup.images.iter().map(|i| i.name.as_str()));
    }
    all.extend(alone(baseline, followup, &left, &right, "; the pairs file does not name it"));
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
    Pair { patient: patient.into(), baseline: own(baseline), followup: own(followup), new_lesions, lacks: None }
}

fn same(a: &Folder, b: &Folder) -> bool {
    let real = |f: &Folder| f.path.canonicalize().unwrap_or_else(|_| f.path.clone());
    real(a) == real(b)
}

/// All that the run did not pass over.
fn images(folder: &Folder) -> Vec<&Image> {
    folder.images.iter().filter(|i| !i.skipped).collect()
}

/// A row for each image that is not in the sets.
fn alone(a: &Folder, b: &Folder, left: &BTreeSet<&str>, right: &BTreeSet<&str>, hint: &str) -> Vec<Pair> {
    let lacks = |i: &Image, what: &str| match (&i.visit, i.skipped) {
        (Err(why), true) => Some(why.clone()),
        _ => Some(format!("no image at {what}{hint}")),
    };
    let first = a.images.iter().filter(|i| !left.contains(i.name.as_str()));
    let second = b.images.iter().filter(|i| !right.contains(i.name.as_str()));
    let first = first.map(|i| Pair { lacks: lacks(i, "follow-up"), ..pair(patient(i), Some(&i.name), None, None) });
    let second = second.map(|i| Pair { lacks: lacks(i, "baseline"), ..pair(patient(i), None, Some(&i.name), None) });
    first.chain(second).collect()
}

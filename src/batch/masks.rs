//! Which file the objects of a set are read from: the `labels` of a recipe, for one image.
//!
//! | `labels` | the file |
//! |---|---|
//! | `masks/all.tif` | one for all images, from the working directory (in a sheet: from its folder) |
//! | `{stem}_mask.tif` | beside the image; `{stem}` is its name without extension; of a series that of its folder, beside it or in it, or its own |
//! | `old/labels/{written}` | the one that a run has written for this image and set; `{written}` is its path below `labels/`, from the working directory |
//! | `old/labels/{written:lesions}` | the same of the set `lesions`, whichever set is read from it |
//! | `{dir}/../masks/{patient}_*.nii.gz` | `{dir}` is the image's folder, `{patient}` a column of metadata, `*` anything |
//! | `dicom`, `dicom:rtstruct`, `dicom:seg` | of the inputs, the one that refers to the series |
//!
//! A NIfTI may be packed or not, whatever `labels` says. A glob matches one file, or the image fails: which of several is meant is not guessed.

use super::item::{Item, Masks, Source};
use super::listing::{Listings, is_glob};
use super::metadata::Metadata;
use super::near_names;
use super::outputs;
use super::search::absolute;
use crate::read::{Drawn, Series};
use crate::recipe::{LESIONS, Recipe, SITES};
use crate::words::suggestion;
use crate::{Error, Kind, Result};
use glob::Pattern;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Looks for the files of all images of a run.
pub struct Finder<'a> {
    metadata: &'a Metadata,
    /// The folder of the sample sheet.
    sheet: Option<PathBuf>,
    drawn: &'a [Drawn],
    /// Files of regions by the series that they name, and by the frames of reference.
    of_series: HashMap<&'a str, Vec<&'a Drawn>>,
    of_frame: HashMap<&'a str, Vec<&'a Drawn>>,
    listings: Listings,
}

/// How the field begins that is the path of the label image of another set.
const WRITTEN_OF: &str = "written:";

/// Files that an error lists.
const MOST: usize = 10;

impl<'a> Finder<'a> {
    /// For images with this metadata; `drawn` are the files of regions among the inputs.
    pub fn new(metadata: &'a Metadata, sheet: Option<PathBuf>, drawn: &'a [Drawn]) -> Self {
        let (mut of_series, mut of_frame): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = Default::default();
        for file in drawn {
            file.series.iter().for_each(|uid| of_series.entry(uid.as_str()).or_default().push(file));
            file.frames.iter().for_each(|uid| of_frame.entry(uid.as_str()).or_default().push(file));
        }
        Finder { metadata, sheet, drawn, of_series, of_frame, listings: Listings::default() }
    }

    /// The files for the sets of an image, and what is to be told of them.
    ///
    /// # Errors
    /// A recipe asks for a field that there is not: that is wrong for all images.
    pub fn find(&mut self, item: &Item, recipe: &Recipe) -> Result<(Masks, Vec<String>)> {
        let (mut masks, mut told) = (Masks::new(), vec![]);
        for (set, objects) in &recipe.body.objects {
            let Some(labels) = &objects.labels else { continue };
            let found = match labels.split_once(':').unwrap_or((labels, "")) {
                ("dicom", kind) => self.referring(item, kind)?,
                _ => self.beside(item, recipe, (set, labels), &mut told)?,
            };
            let needs = |e: Error| e.needed_for(format!("the object set \"{set}\""));
            masks.push((set.clone(), found.map_err(needs)));
        }
        Ok((masks, told))
    }

    /// The file by the most particular of the image's names. Others that are there as well are told.
    fn beside(
        &mut self,
        item: &Item,
        recipe: &Recipe,
        (set, labels): (&str, &str),
        told: &mut Vec<String>,
    ) -> Result<Result<PathBuf>> {
        let (usual, all) = (item.usual_stem(), item.stems());
        let mut there: Vec<PathBuf> = vec![];
        for own in all.iter().filter(|_| all.len() > 1) {
            match self.named(item, recipe, (set, labels), own)? {
                Ok(path) if path.is_file() && !there.iter().any(|other| absolute(other) == absolute(&path)) => {
                    there.push(path);
                }
                Err(e) if e.kind != Kind::Io && there.is_empty() => return Ok(Err(e)),
                Ok(_) | Err(_) => {}
            }
        }
        let [path, others @ ..] = &there[..] else { return self.named(item, recipe, (set, labels), &usual) };
        let name = |path: &Path| path.strip_prefix(&usual.0).unwrap_or(path).display().to_string();
        told.extend(others.iter().map(|other| {
            let (left, read) = (name(other), name(path));
            format!(
                "{left} is not read as the set \"{set}\", as {read} is there too: remove or rename one of them, or --set labels.{set}=FILE"
            )
        }));
        Ok(Ok(path.clone()))
    }

    /// A path with its fields filled in, for one of the names of the image and its folder.
    fn named(
        &mut self,
        item: &Item,
        recipe: &Recipe,
        (set, labels): (&str, &str),
        (beside, name): &(PathBuf, String),
    ) -> Result<Result<PathBuf>> {
        let folder = match &item.source {
            Source::Series(series) => &series.folder,
            _ => beside,
        };
        let written = |set: &str| outputs::label_file(item, recipe, set);
        let (mut plain, mut glob, mut rest, mut fields) = (String::new(), String::new(), labels, 0);
        while let Some((words, (field, tail))) = rest.split_once('{').and_then(|(w, r)| Some((w, r.split_once('}')?))) {
            let value = match field {
                "stem" => name.as_str(),
                "written" => &*written(set),
                other if other.strip_prefix(WRITTEN_OF).is_some_and(|set| !set.is_empty()) => {
                    &*written(other.trim_start_matches(WRITTEN_OF))
                }
                "dir" if plain.is_empty() && words.is_empty() => &*folder.to_string_lossy(),
                "dir" => {
                    return Err(
                        wrong(labels, "has {dir} in its middle").remedy("{dir} at the beginning: {dir}/masks/*")
                    );
                }
                column => match self.metadata.value(item, column) {
                    Some(Some(value)) => value,
                    Some(None) => return Ok(Err(missing(format!("{labels}: the column {column} is empty"), set))),
                    None => return Err(self.unknown(labels, column)),
                },
            };
            for (text, value) in [(&mut plain, value.to_string()), (&mut glob, Pattern::escape(value))] {
                *text += words;
                *text += &value;
            }
            // Images of all folders have theirs below one.
            let is_written = field == "written" || field.starts_with(WRITTEN_OF);
            (rest, fields) = (tail, fields + usize::from(!is_written));
        }
        plain += rest;
        glob += rest;
        let base = match (fields, &self.sheet) {
            (0, Some(sheet)) if by_sheet(item, set) => sheet.clone(),
            (0, _) => PathBuf::new(),
            _ => beside.clone(),
        };
        let path = base.join(&plain);
        if path.is_file() {
            return Ok(Ok(path));
        }
        if !is_glob(labels) {
            let other = packed_otherwise(&path).filter(|other| !item.files().contains(&&absolute(other)));
            return Ok(Ok(other.unwrap_or(path)));
        }
        if Path::new(&plain).is_relative() && !base.as_os_str().is_empty() {
            glob = format!("{}/{glob}", Pattern::escape(&base.to_string_lossy()));
        }
        let files = self.listings.matches(&glob)?.into_iter();
        let files: Vec<PathBuf> = files.filter(|f| f.is_file() && !item.files().contains(&&absolute(f))).collect();
        Ok(match files.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(missing(format!("nothing matches {labels}"), set)),
            _ => Err(several(format!("{labels} matches {} files", files.len()), files.iter())),
        })
    }

    /// What to say of files beside an image that are called almost as one that its recipe can do without, and that is not there. `used`
    /// are the files that some image is read with.
    ///
    /// # Errors
    /// None in practice.
    pub fn almost(&mut self, item: &Item, recipe: &Recipe, used: &HashSet<PathBuf>) -> Result<Vec<String>> {
        near_names::almost(&mut self.listings, item, recipe, used)
    }

    /// The file of regions that refers to a series: by its number, else by its frame of reference.
    fn referring(&self, item: &Item, kind: &str) -> Result<Result<PathBuf>> {
        let modality = match kind {
            "" => None,
            "rtstruct" => Some("RTSTRUCT"),
            "seg" => Some("SEG"),
            _ => {
                let e = wrong(&format!("dicom:{kind}"), "is neither kind of regions");
                return Err(e.remedy("dicom, dicom:rtstruct or dicom:seg"));
            }
        };
        let Source::Series(series) = &item.source else {
            return Ok(Err(Error::io("regions are found by reference for DICOM series only")
                .remedy("a path, as {stem}_mask.nii.gz, or optional = true")));
        };
        let Series { uid, frame, .. } = &**series;
        let of = |by: &HashMap<&str, Vec<&Drawn>>, uid: &str| -> Vec<PathBuf> {
            let all = by.get(uid).into_iter().flatten().filter(|d| modality.is_none_or(|m| d.modality == m));
            all.map(|d| d.path.clone()).collect()
        };
        let mut files = of(&self.of_series, uid);
        if files.is_empty() {
            files = of(&self.of_frame, frame);
        }
        Ok(match files.as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let what = modality.unwrap_or("RTSTRUCT or SEG");
                let n = self.drawn.iter().filter(|d| modality.is_none_or(|m| d.modality == m)).count();
                Err(Error::io(format!("of {n} {what} files among the inputs none refers to this series"))
                    .remedy("the folder that holds it as an input too, or its path as labels"))
            }
            _ => Err(several(format!("{} files of regions refer to this series", files.len()), files.iter())),
        })
    }

    fn unknown(&self, labels: &str, field: &str) -> Error {
        let mut known = vec!["stem", "dir", "written", "written:SET"];
        known.extend(self.metadata.names().iter().map(String::as_str));
        let e = wrong(labels, &format!("has the field {{{field}}}, and there is no such column"));
        match suggestion(field, &known) {
            Some(likely) => e.remedy(format!("{{{likely}}}")),
            None => e.remedy(format!("one of {{{}}}", known.join("}, {"))),
        }
    }
}

/// The same file packed otherwise, if that is there: a NIfTI is `.nii` or `.nii.gz`.
fn packed_otherwise(path: &Path) -> Option<PathBuf> {
    let path = path.to_str()?;
    let other = match path.strip_suffix(".gz") {
        Some(plain) if plain.ends_with(".nii") => PathBuf::from(plain),
        None if path.ends_with(".nii") => PathBuf::from(format!("{path}.gz")),
        _ => return None,
    };
    other.is_file().then_some(other)
}

/// The sheet says where the file is, so its path counts from there.
fn by_sheet(item: &Item, set: &str) -> bool {
    let keys = [format!("labels.{set}="), format!("objects.{set}.labels=")];
    let is = |setting: &String| {
        keys.iter().any(|k| setting.starts_with(k)) || (set == LESIONS && setting.starts_with("mask="))
    };
    item.settings.iter().any(is)
}

/// Whether changes of a recipe may be about the files of objects, or other files that it names.
pub fn touches(settings: &[String]) -> bool {
    settings.iter().any(|s| ["labels.", "objects.", "mask", "images."].iter().any(|key| s.starts_with(key)))
}

fn wrong(labels: &str, what: &str) -> Error {
    Error::usage(format!("labels = \"{labels}\" {what}"))
}

/// There is no such file, with where it was looked for: a path counts from the folder of the image or from the working directory.
pub fn nowhere(item: &Item, path: &Path, set: &str) -> Error {
    let (folder, name) = item.usual_stem();
    // What has no field counts from the working directory, which may be that of the image.
    let Ok(below) = path.strip_prefix(&folder).map_err(|_| ()).and_then(|p| p.to_str().ok_or(())) else {
        let from = if path.is_absolute() { "" } else { ", from the working directory" };
        return missing(format!("{}{from}", path.display()), set);
    };
    let what = match &item.source {
        Source::Series(_) => format!("{below}, from the folder that {name} lies in, nor from {name} itself"),
        _ if below.contains('/') => format!("{below}, from the folder of the image"),
        _ => below.into(),
    };
    match Path::new(below).is_file() {
        true => missing(format!("{what}; it is there from the working directory"), set)
            .remedy(format!("--set labels.{set}=PATH with the whole path, from / on")),
        false => missing(what, set),
    }
}

/// There is no such file.
pub fn missing(what: String, set: &str) -> Error {
    // The sites of a scan are the lesions of another one.
    let written = match set {
        SITES => format!("BASELINE/labels/{{{WRITTEN_OF}{LESIONS}}} for the lesions of another run"),
        _ => "RESULTS/labels/{written} for those of another run".into(),
    };
    Error::io(format!("there is no label image: {what}"))
        .remedy(format!("--set labels.{set}=FILE, a pattern like \"{{stem}}_mask.tif\", or {written}"))
}

fn several<'p>(what: String, files: impl ExactSizeIterator<Item = &'p PathBuf>) -> Error {
    let more = files.len().saturating_sub(MOST);
    let mut names: Vec<String> = files.take(MOST).map(|f| f.display().to_string()).collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    Error::usage(format!("{what}: {}", names.join(", "))).remedy("a pattern or path that one of them fits")
}

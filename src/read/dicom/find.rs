//! Which files make which series, from headers alone.
//!
//! A series is the files of one SeriesInstanceUID of one patient, in whatever folders. Beyond that:
//!
//! - Slices that each have a SeriesInstanceUID of their own, or none, are one series if patient, study, frame of reference
//!   and description are the same; a note says so.
//! - Images of one series that differ in size or direction (localisers) are series of their own; in PET they are no scan.
//! - The same file twice (same SOPInstanceUID, same bytes) counts once.
//! - A file that ends early belongs to the series that it still names.
//! - Where a user names some files of a series, those beside them are part of it.

mod ways;

use self::ways::by_direction;
use super::copies::{below, same_bytes};
use super::directions::are_same;
use super::header::Header;
use super::kind::{is_image, not_a_scan};
use super::regions::{Drawn, references};
use super::series::{FoundSeries, Other, Series, name};
use super::slice;
use crate::read::{Source, common_folder};
use crate::{Error, Kind, Result};
use dicom_dictionary_std::tags;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What must be equal within a series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    patient: String,
    /// SeriesInstanceUID; the path of a file without one.
    series: String,
    size: [i64; 2],
}

/// What a header says of the series that its file belongs to.
struct Look {
    path: PathBuf,
    key: Key,
    /// Directions of rows and columns; zeros if they are not said.
    axes: Vec<f64>,
    /// It says where it lies.
    placed: bool,
    /// Where, in thousandths of a millimetre.
    position: Vec<i64>,
    /// It does, and holds one frame.
    single: bool,
    /// Study and frame of reference.
    place: [String; 2],
    instance: String,
    series: Series,
}

/// A damaged file, and the series that it still names.
struct Damaged {
    path: PathBuf,
    reason: String,
    uid: Option<String>,
}

enum Outcome {
    Image(Box<Look>),
    Other(String),
    Regions(Drawn, String),
    Damaged(Option<String>, String),
}

/// Looks that are one series.
struct Group {
    looks: Vec<Look>,
    notes: Vec<String>,
    remarks: Vec<String>,
}

/// Puts files together to series.
pub fn find_series(files: &[PathBuf]) -> FoundSeries {
    find_whole_series(files, &[])
}

/// The series of files, with the rest of each from the files that lie beside them: a list often names one file of a series.
/// What of those belongs to none of the series is left alone.
pub fn find_whole_series(files: &[PathBuf], beside: &[PathBuf]) -> FoundSeries {
    let own: BTreeSet<&PathBuf> = files.iter().collect();
    let beside: BTreeSet<&PathBuf> = beside.iter().filter(|path| !own.contains(path)).collect();
    let is_own = |path: &PathBuf| own.contains(path);
    // A file stays where a copy lies beside it: the first of equal ones counts.
    let all: Vec<&PathBuf> = own.iter().chain(&beside).copied().collect();
    let outcomes: Vec<Outcome> = all.par_iter().map(|path| look(path)).collect();
    let (mut looks, mut damaged, mut others, mut drawn) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (path, outcome) in all.into_iter().cloned().zip(outcomes) {
        match outcome {
            // Images without a place make no volume: each stands for itself, unless all of them were given.
            Outcome::Image(look) if is_own(&path) || look.placed => looks.push(*look),
            Outcome::Image(_) => {}
            Outcome::Other(reason) => others.push(Other::sound(path, reason)),
            Outcome::Regions(regions, reason) => {
                drawn.push(regions);
                others.push(Other::sound(path, reason));
            }
            Outcome::Damaged(uid, reason) => damaged.push(Damaged { path, reason, uid }),
        }
    }
    if !beside.is_empty() {
        without_versions(&mut looks, is_own);
    }
    let looks = without_copies(looks, &mut others);
    let groups = merge_singles(by_direction(looks, &mut others)).into_iter().filter_map(|g| g.of(is_own));
    let mut marks = Vec::new();
    let mut series: Vec<Series> = groups.filter_map(|g| as_series(g, &mut marks)).collect();
    for file in damaged {
        blame(&file, &mut series);
        others.push(Other { path: file.path, reason: file.reason, damaged: true, copy_of: None });
    }
    name(&mut series, &marks);
    others.retain(|other| is_own(&other.path));
    drawn.retain(|drawn| is_own(&drawn.path));
    others.sort_by(|a, b| a.path.cmp(&b.path));
    FoundSeries { series, others, drawn }
}

impl Group {
    /// The group, if files that were given are in it. Slices belong together; files of several frames may be a scan each, so that
    /// those beside are only told of.
    fn of(mut self, is_own: impl Fn(&PathBuf) -> bool) -> Option<Self> {
        let (given, all) = (self.looks.iter().filter(|look| is_own(&look.path)).count(), self.looks.len());
        let are = if given == 1 { "is" } else { "are" };
        match given {
            0 => return None,
            _ if given == all => {}
            // A whole time point or gate is meant as it was named.
            _ if self.is_at_all_places(&is_own) => self.looks.retain(|look| is_own(&look.path)),
            _ if self.looks.iter().all(|look| look.single) => self.remarks.push(format!(
                "{given} of the {all} files of the series {are} named; those beside belong to it and are read as well"
            )),
            _ => {
                self.looks.retain(|look| is_own(&look.path));
                self.notes.push(format!(
                    "doubtful: {given} of the {all} files of the series {are} named, and only that is read, because they hold \
                     several frames or no place; name their folder if they are one scan"
                ));
            }
        }
        Some(self)
    }

    /// Whether the files that were given lie at all places where files of it lie.
    fn is_at_all_places(&self, is_own: impl Fn(&PathBuf) -> bool) -> bool {
        let own: BTreeSet<_> = self.looks.iter().filter(|look| is_own(&look.path)).map(|look| &look.position).collect();
        self.looks.iter().all(|look| look.single && own.contains(&look.position))
    }
}

/// Leaves out what lies beside a file and is the same image stored otherwise.
fn without_versions(looks: &mut Vec<Look>, is_own: impl Fn(&PathBuf) -> bool) {
    let mark = |look: &Look| (look.key.clone(), look.instance.clone());
    let own: BTreeSet<_> = looks.iter().filter(|look| is_own(&look.path)).map(mark).collect();
    looks.retain(|look| is_own(&look.path) || look.instance.is_empty() || !own.contains(&mark(look)));
}

fn look(path: &Path) -> Outcome {
    let source = match Source::open(path) {
        Ok(source) => source,
        Err(e) => return Outcome::Damaged(None, e.what),
    };
    match whose(path, &source) {
        Ok(outcome) => outcome,
        Err(e) if e.kind == Kind::Unsupported => Outcome::Other(e.what),
        Err(e) => {
            let uid = Header::remains(&source).and_then(|set| set.text(tags::SERIES_INSTANCE_UID));
            Outcome::Damaged(uid, e.what)
        }
    }
}

fn whose(path: &Path, source: &Source) -> Result<Outcome> {
    if !super::header::detect(&source.head(512)?) {
        return Err(Error::unsupported("not a DICOM file"));
    }
    let header = Header::look(source)?;
    if header.pixels.is_none() && is_image(&header) {
        return Err(Error::format("the file ends before its pixels"));
    }
    if let Some(reason) = header.no_image().or_else(|| not_a_scan(&header)) {
        let modality = header.modality();
        let is_drawn = matches!(modality.as_str(), "RTSTRUCT" | "SEG");
        return match is_drawn {
            true => Ok(Outcome::Regions(references(path, modality, &header.set), reason)),
            false => Err(Error::unsupported(reason)),
        };
    }
    let set = &header.set;
    let text = |tag| set.text(tag).unwrap_or_default();
    let uid = text(tags::SERIES_INSTANCE_UID);
    let first = slice::first_place(&header)?;
    let placed = first.position.is_some() && first.axes.is_some();
    let look = Look {
        path: path.to_path_buf(),
        key: Key {
            patient: text(tags::PATIENT_ID),
            // Files without a series stand for themselves.
            series: if uid.is_empty() { path.display().to_string() } else { uid.clone() },
            size: [tags::ROWS, tags::COLUMNS].map(|tag| set.whole(tag).unwrap_or(0)),
        },
        axes: first.axes.unwrap_or_default().concat(),
        placed,
        position: first.position.iter().flatten().map(|at| (at * 1000.0).round() as i64).collect(),
        single: placed && set.whole(tags::NUMBER_OF_FRAMES).unwrap_or(1) <= 1,
        place: [text(tags::STUDY_INSTANCE_UID), text(tags::FRAME_OF_REFERENCE_UID)],
        instance: text(tags::SOP_INSTANCE_UID),
        series: Series {
            modality: header.modality(),
            description: text(tags::SERIES_DESCRIPTION),
            number: set.whole(tags::SERIES_NUMBER),
            folder: PathBuf::new(),
            name: String::new(),
            files: vec![],
            damaged: vec![],
            notes: vec![],
            remarks: vec![],
            frame: text(tags::FRAME_OF_REFERENCE_UID),
            uid,
        },
    };
    Ok(Outcome::Image(Box::new(look)))
}

/// Drops files that are there twice.
fn without_copies(looks: Vec<Look>, others: &mut Vec<Other>) -> Vec<Look> {
    let mut first: BTreeMap<(Key, String), Vec<PathBuf>> = BTreeMap::new();
    let mut kept = Vec::with_capacity(looks.len());
    for look in looks {
        let seen = first.entry((look.key.clone(), look.instance.clone())).or_default();
        let twin = seen.iter().find(|p| !look.instance.is_empty() && same_bytes(p, &look.path));
        if let Some(twin) = twin {
            let twin = twin.clone();
            let reason = format!("a copy of {}", below(&twin, &look.path).display());
            others.push(Other { path: look.path, reason, damaged: false, copy_of: Some(twin) });
            continue;
        }
        seen.push(look.path.clone());
        kept.push(look);
    }
    kept
}

/// Slices with a series each are one series, if all else says so.
fn merge_singles(groups: Vec<Group>) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    let mut singles: Vec<usize> = Vec::new();
    for mut group in groups {
        let alone = group.looks.len() == 1 && group.looks.iter().all(|l| l.single);
        let twin = group.looks.first().filter(|_| alone).and_then(|look| {
            singles.iter().copied().find(|i| all[*i].looks.first().is_some_and(|other| belongs(look, other)))
        });
        match twin {
            Some(i) => all[i].looks.append(&mut group.looks),
            None => {
                if alone {
                    singles.push(all.len());
                }
                all.push(group);
            }
        }
    }
    for group in all.iter_mut().filter(|g| g.looks.len() > 1) {
        let n = group.looks.len();
        if group.looks.iter().skip(1).all(|l| l.key.series != group.looks[0].key.series) {
            group.notes.push(format!(
                "{n} slices have a SeriesInstanceUID (0020,000E) each, or none: one series by study, frame of reference \
                 and description"
            ));
        }
    }
    all
}

/// Both lie in one study and frame of reference (files that say neither: in one folder) and are called the same.
fn belongs(a: &Look, b: &Look) -> bool {
    let unsaid = a.place.iter().any(String::is_empty);
    a.key.patient == b.key.patient
        && a.key.size == b.key.size
        && a.place == b.place
        && (!unsaid || a.path.parent() == b.path.parent())
        && (&a.series.modality, &a.series.description) == (&b.series.modality, &b.series.description)
        && are_same(&a.axes, &b.axes)
}

fn as_series(group: Group, marks: &mut Vec<String>) -> Option<Series> {
    let first = group.looks.first()?;
    let many = group.looks.iter().any(|l| l.key.series != first.key.series);
    marks.push(format!("{:?} {:?} {:?}", first.key, first.axes, first.place));
    let uid = if many { String::new() } else { first.series.uid.clone() };
    let mut files: Vec<PathBuf> = group.looks.iter().map(|l| l.path.clone()).collect();
    files.sort();
    let folder = common_folder(files.iter().map(|f| f.parent().unwrap_or(Path::new(""))));
    Some(Series { uid, folder, files, notes: group.notes, remarks: group.remarks, ..first.series.clone() })
}

/// A damaged file is held against its series, or, where it does not say whose it is, against those in its folder.
fn blame(file: &Damaged, series: &mut [Series]) {
    let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for one in series {
        let beside = one.files.iter().any(|f| f.parent() == file.path.parent());
        match &file.uid {
            Some(uid) if *uid == one.uid => one.damaged.push((file.path.clone(), file.reason.clone())),
            Some(_) if !one.uid.is_empty() => {}
            _ if beside => {
                one.notes.push(format!("{name} beside it is damaged ({}); it may be one of its slices", file.reason));
            }
            _ => {}
        }
    }
}

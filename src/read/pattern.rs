//! Images stored as one file a channel, found by a pattern of file names.
//!
//! In a [pattern](crate::name_pattern) `{channel}` stands for the channel and `{name}` for the image. Without `{name}` an image is
//! named by what the stars stand for. Files in different folders are different images.

use super::{Extent, Options, examine, open};
use crate::device::Buffer;
use crate::image::{InTurn, Scan};
use crate::name_pattern::{Part, fields, fit, parse};
use crate::units::{Shape, Spacing};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The files of one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSet {
    /// Name of the image.
    pub name: String,
    /// Folder and name of the image.
    pub place: PathBuf,
    /// Channel and file, in natural order of the channels: `w2` before `w10`.
    pub files: Vec<(String, PathBuf)>,
    /// Channels that other images have and this one has not.
    pub missing: Vec<String>,
}

/// What a list of files comes to.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// The images, in order of folder and name.
    pub sets: Vec<FileSet>,
    /// Files that the pattern does not fit, in the order given.
    pub unmatched: Vec<PathBuf>,
    /// What is wrong with images, by their place: two files are the same channel.
    pub wrong: BTreeMap<PathBuf, Error>,
}

/// The files of an image by channel, in natural order.
pub(super) type Channels = BTreeMap<(Vec<Piece>, String), PathBuf>;

/// Sorts files into images.
///
/// # Errors
/// The pattern has no `{channel}` or an unknown field.
pub fn group(paths: &[PathBuf], pattern: &str) -> Result<Groups> {
    let parts = checked(pattern)?;
    let mut images: BTreeMap<(PathBuf, String), Channels> = BTreeMap::new();
    let mut out = Groups::default();
    for path in paths {
        let file = path.file_name().and_then(|n| n.to_str());
        let Some((name, channel)) = file.and_then(|f| name_and_channel(&parts, f)) else {
            out.unmatched.push(path.clone());
            continue;
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let place = folder.join(&name);
        if let Err(e) = add(images.entry((folder, name.clone())).or_default(), &name, &channel, path) {
            out.wrong
                .insert(place, e.remedy("a pattern with {name} that tells the images apart, or one of the two files"));
        }
    }
    let channels: BTreeSet<_> = images.values().flat_map(|files| files.keys().cloned()).collect();
    for ((folder, name), files) in images {
        out.sets.push(set(name.clone(), folder.join(name), files, &channels));
    }
    Ok(out)
}

/// Adds a file to an image.
///
/// # Errors
/// The image has that channel already.
pub(super) fn add(files: &mut Channels, image: &str, channel: &str, path: &Path) -> Result<()> {
    match files.insert((natural(channel), channel.to_string()), path.to_path_buf()) {
        None => Ok(()),
        Some(other) => {
            let other = other.file_name().unwrap_or_default().to_string_lossy();
            Err(Error::usage(format!("channel {channel} of image {image} is also in {other}")).at(path))
        }
    }
}

/// The files of an image; `channels` are those of all images.
pub(super) fn set(name: String, place: PathBuf, files: Channels, channels: &BTreeSet<(Vec<Piece>, String)>) -> FileSet {
    let missing = channels.iter().filter(|c| !files.contains_key(*c)).map(|(_, c)| c.clone()).collect();
    FileSet { name, place, files: files.into_iter().map(|((_, c), p)| (c, p)).collect(), missing }
}

fn checked(pattern: &str) -> Result<Vec<Part>> {
    let bad =
        |what: &str| Error::usage(format!("the file pattern \"{pattern}\" {what}")).remedy("\"{name}_{channel}.tif\"");
    let parts = parse(pattern).map_err(|what| bad(&what))?;
    if fields(&parts).any(|f| f != "name" && f != "channel") {
        return Err(bad("has a field that is neither {name} nor {channel}"));
    }
    if fields(&parts).all(|f| f != "channel") { Err(bad("has no {channel}")) } else { Ok(parts) }
}

/// Name and channel in a file name.
fn name_and_channel(parts: &[Part], file: &str) -> Option<(String, String)> {
    let texts = fit(parts, file)?;
    let (mut name, mut channel, mut stars) = (None, String::new(), Vec::new());
    for (part, text) in parts.iter().filter(|p| !matches!(p, Part::Literal(_))).zip(texts) {
        match part {
            Part::Field(f) if f == "channel" => channel = text.to_string(),
            Part::Field(_) => name = Some(text.to_string()),
            _ => stars.push(text),
        }
    }
    Some((name.unwrap_or_else(|| stars.join("_")), channel))
}

/// A piece of a text for natural order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Piece {
    Number(u128),
    Text(String),
}

/// Digits count as numbers.
pub(super) fn natural(text: &str) -> Vec<Piece> {
    let runs = text.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    let piece = |run: &[u8]| {
        let text = String::from_utf8_lossy(run).into_owned();
        text.parse().map_or(Piece::Text(text), Piece::Number)
    };
    runs.map(piece).collect()
}

/// Reads the files of one image. A channel is named as in its file name; a file with several channels adds their own names.
///
/// # Errors
/// A channel is missing, a file cannot be read, or the files have different sizes or calibrations.
pub fn open_set(set: &FileSet, options: &Options) -> Result<Scan> {
    open_each(set, options, &|_| true)
}

/// The same of a set whose [`Extent`] says that its channels can be read in turn, of which only the channels `kept` stay in memory; the others
/// are read again when they are asked for.
///
/// # Errors
/// As [`open_set`].
pub fn open_set_in_turn(set: &FileSet, options: &Options, kept: &[usize]) -> Result<Scan> {
    let scan = open_each(set, options, &|file| kept.contains(&file))?;
    let (set, options) = (set.clone(), options.clone());
    let again = move |wanted: &[usize]| {
        let volume = |i: &usize| {
            let missing = || Error::usage(format!("image {} has no channel {i}", set.name));
            let (_, path) = set.files.get(*i).ok_or_else(missing)?;
            Ok(open(path, &options)?.channels.pop().ok_or_else(missing)?.volume)
        };
        wanted.iter().map(volume).collect()
    };
    Ok(Scan { in_turn: Some(InTurn::new(again)), ..scan })
}

/// Reads all files, and lets the samples go of those that are not kept.
fn open_each(set: &FileSet, options: &Options, is_kept: &dyn Fn(usize) -> bool) -> Result<Scan> {
    complete(set)?;
    let mut whole: Option<Scan> = None;
    for (i, (channel, path)) in set.files.iter().enumerate() {
        let mut scan = open(path, options)?;
        for c in scan.channels.iter_mut().filter(|_| !is_kept(i)) {
            c.volume.samples = Buffer::InFile(c.volume.shape.len());
        }
        let names: Vec<String> = scan.channels.iter().map(|c| c.name.clone()).collect();
        scan.channels.iter_mut().zip(channel_names(channel, &names)).for_each(|(c, name)| c.name = name);
        let Some(whole) = &mut whole else {
            whole = Some(scan);
            continue;
        };
        alike(set, channel, (scan.shape, scan.spacing), (whole.shape, whole.spacing)).map_err(|e| e.at(path))?;
        whole.channels.append(&mut scan.channels);
        whole.warnings.extend(scan.warnings.into_iter().map(|n| format!("{channel}: {n}")));
        whole.notes.extend(scan.notes.into_iter().map(|n| format!("{channel}: {n}")));
    }
    let mut whole = whole.ok_or_else(|| Error::usage(format!("image {} has no files", set.name)))?;
    whole.facts.push(("files".into(), set.files.len().to_string()));
    Ok(whole)
}

/// What the image of a set will be, from headers alone: see [`examine`].
///
/// # Errors
/// As [`open_set`], as far as headers tell.
pub fn examine_set(set: &FileSet, options: &Options) -> Result<Extent> {
    complete(set)?;
    let mut whole: Option<Extent> = None;
    for (channel, path) in &set.files {
        let mut one = examine(path, options)?;
        one.names = channel_names(channel, &one.names);
        // Files of several channels are read as a whole.
        one.in_turn = one.channels == 1;
        let Some(whole) = &mut whole else {
            whole = Some(one);
            continue;
        };
        alike(set, channel, (one.shape, one.spacing), (whole.shape, whole.spacing)).map_err(|e| e.at(path))?;
        // They are read one after the other.
        whole.reading = whole.reading.max(one.reading);
        whole.channels += one.channels;
        whole.in_turn &= one.in_turn;
        whole.names.extend(one.names);
        whole.files.extend(one.files);
    }
    whole.ok_or_else(|| Error::usage(format!("image {} has no files", set.name)))?.within(options)
}

/// The channels of a file of a set.
fn channel_names(channel: &str, own: &[String]) -> Vec<String> {
    match own {
        [_] => vec![channel.to_string()],
        _ => own.iter().map(|name| format!("{channel}_{name}")).collect(),
    }
}

/// Refuses a set without files, or without one that other images have.
fn complete(set: &FileSet) -> Result<()> {
    let Some((_, first)) = set.files.first() else {
        return Err(Error::usage(format!("image {} has no files", set.name)));
    };
    if set.missing.is_empty() {
        return Ok(());
    }
    let what = format!("image {} has no file for channel {}", set.name, set.missing.join(", "));
    Err(Error::format(what).at(first).remedy("the missing file, or a pattern that leaves this image out"))
}

/// Size and calibration of a channel or of a whole image.
type Grid = (Shape, Option<Spacing>);

/// Refuses a file unlike the first one.
fn alike(set: &FileSet, channel: &str, one: Grid, first: Grid) -> Result<()> {
    if one.0 != first.0 {
        let what = format!("channel {channel} is {}, the first file of image {} is {}", one.0, set.name, first.0);
        return Err(Error::format(what));
    }
    if one.1 != first.1 {
        let what = format!("channel {channel} has another calibration than the first file of image {}", set.name);
        return Err(Error::format(what).remedy("--set spacing_um_replace=0.65 (the size of a pixel, of all files)"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Oracle: literal lists of files.
    use super::*;

    fn sets(paths: &[&str], pattern: &str) -> Vec<(String, Vec<String>, Vec<String>)> {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let row = |s: FileSet| (s.name, s.files.into_iter().map(|(c, _)| c).collect(), s.missing);
        group(&paths, pattern).unwrap().sets.into_iter().map(row).collect()
    }

    #[test]
    fn files_are_sorted_into_images() {
        let found = sets(&["d/a_b_DAPI.tif", "d/a_b_GFP.tif", "d/c_DAPI.tif", "d/note.txt"], "{name}_{channel}.tif");
        let s = |v: &[&str]| v.iter().map(|t| t.to_string()).collect::<Vec<_>>();
        assert_eq!(found, [("a_b".into(), s(&["DAPI", "GFP"]), s(&[])), ("c".into(), s(&["DAPI"]), s(&["GFP"]))]);
        let found = sets(&["A01_w10.tif", "A01_w2.tif"], "*_w{channel}.tif");
        assert_eq!(found, [("A01".into(), s(&["2", "10"]), s(&[]))]);
        let found = sets(&["x/1_a.png", "y/1_a.png"], "{name}_{channel}.png");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn bad_patterns_and_doubles_are_refused() {
        for bad in ["*.tif", "{channel}{channel}", "{name}{name}{channel}", "{well}_{channel}", "{channel"] {
            assert!(group(&[], bad).is_err(), "{bad}");
        }
        let paths = ["a_1_x.tif", "a_2_x.tif"].map(PathBuf::from);
        assert_eq!(group(&paths, "{name}_*_{channel}.tif").unwrap().wrong.len(), 1);
        assert_eq!(group(&paths, "{name}_{channel}.png").unwrap().unmatched.len(), 2);
    }

    #[test]
    fn many_stars_end_soon() {
        let long = PathBuf::from("a".repeat(200));
        assert!(group(&[long], "*a*a*a*a*a*a*a*a*a{channel}b").unwrap().sets.is_empty());
    }
}

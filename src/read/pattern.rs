//! Images stored as one file a channel, found by a pattern of file names.
//!
//! In a pattern `{channel}` stands for the channel, `{name}` for the image, `*` for anything; the rest is taken as it is. Fields take
//! one character at least, and as many as they can from the left: `{name}_{channel}.tif` reads `a_b_DAPI.tif` as image `a_b`,
//! channel `DAPI`. Without `{name}` an image is named by what the stars stand for. Files in different folders are different images.

use super::{Extent, Options, examine, open};
use crate::scan::Scan;
use crate::units::{Shape, Spacing};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The files of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSet {
    /// Name of the image.
    pub name: String,
    /// Channel and file, in natural order of the channels: `w2` before `w10`.
    pub files: Vec<(String, PathBuf)>,
    /// Channels that other images have and this one has not.
    pub missing: Vec<String>,
}

/// What a list of files comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The images, in order of folder and name.
    pub sets: Vec<FileSet>,
    /// Files that the pattern does not fit, in the order given.
    pub unmatched: Vec<PathBuf>,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Channel,
    Name,
    Star,
}

/// The files of an image by channel, in natural order.
type Channels = BTreeMap<(Vec<Piece>, String), PathBuf>;

/// Sorts files into images.
///
/// # Errors
/// The pattern has no `{channel}` or an unknown field, or two files are the same channel of one image.
pub fn group(paths: &[PathBuf], pattern: &str) -> Result<Groups> {
    let parts = parse(pattern)?;
    let mut images: BTreeMap<(PathBuf, String), Channels> = BTreeMap::new();
    let mut out = Groups::default();
    for path in paths {
        let file = path.file_name().and_then(|n| n.to_str());
        let Some((name, channel)) = file.and_then(|f| fields(&parts, f)) else {
            out.unmatched.push(path.clone());
            continue;
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let files = images.entry((folder, name.clone())).or_default();
        if let Some(other) = files.insert((natural(&channel), channel.clone()), path.clone()) {
            let other = other.file_name().unwrap_or_default().to_string_lossy();
            let what = format!("channel {channel} of image {name} is also in {other}");
            return Err(Error::usage(what).at(path).remedy("a pattern with {name} that tells the images apart"));
        }
    }
    let channels: BTreeSet<_> = images.values().flat_map(|files| files.keys().cloned()).collect();
    for ((_, name), files) in images {
        let missing = channels.iter().filter(|c| !files.contains_key(*c)).map(|(_, c)| c.clone()).collect();
        out.sets.push(FileSet { name, files: files.into_iter().map(|((_, c), p)| (c, p)).collect(), missing });
    }
    Ok(out)
}

fn parse(pattern: &str) -> Result<Vec<Part>> {
    let bad =
        |what: &str| Error::usage(format!("the file pattern \"{pattern}\" {what}")).remedy("\"{name}_{channel}.tif\"");
    let (mut parts, mut rest) = (Vec::new(), pattern);
    while !rest.is_empty() {
        let end = rest.find(['{', '*']).unwrap_or(rest.len());
        if end > 0 {
            parts.push(Part::Literal(rest[..end].into()));
            rest = &rest[end..];
        } else if let Some(tail) = rest.strip_prefix('*') {
            parts.push(Part::Star);
            rest = tail;
        } else {
            let fields = [("{channel}", Part::Channel), ("{name}", Part::Name)];
            let found = fields.into_iter().find_map(|(f, part)| rest.strip_prefix(f).map(|tail| (tail, part)));
            let (tail, part) = found.ok_or_else(|| bad("has a field that is neither {name} nor {channel}"))?;
            parts.push(part);
            rest = tail;
        }
    }
    let count = |part| parts.iter().filter(|p| **p == part).count();
    match (count(Part::Channel), count(Part::Name)) {
        (1, 0 | 1) => Ok(parts),
        (1, _) => Err(bad("has {name} twice")),
        (0, _) => Err(bad("has no {channel}")),
        _ => Err(bad("has {channel} twice")),
    }
}

/// Name and channel in a file name.
fn fields(parts: &[Part], file: &str) -> Option<(String, String)> {
    let mut taken = Vec::new();
    if !fit(parts, file, &mut taken, &mut BTreeSet::new()) {
        return None;
    }
    let text =
        |part: Part| taken.iter().filter(|(p, _)| *p == part).map(|(_, t)| t.as_str()).collect::<Vec<_>>().join("_");
    let name = if parts.contains(&Part::Name) { text(Part::Name) } else { text(Part::Star) };
    Some((name, text(Part::Channel)))
}

/// Fits the parts to the text, fields as long as possible. What has failed once is not tried again, so time stays bounded.
fn fit(parts: &[Part], text: &str, taken: &mut Vec<(Part, String)>, failed: &mut BTreeSet<(usize, usize)>) -> bool {
    let here = (parts.len(), text.len());
    let Some((part, rest)) = parts.split_first() else { return text.is_empty() };
    if failed.contains(&here) {
        return false;
    }
    let fits = match part {
        Part::Literal(l) => text.strip_prefix(l.as_str()).is_some_and(|tail| fit(rest, tail, taken, failed)),
        field => text.char_indices().rev().map(|(i, c)| i + c.len_utf8()).any(|end| {
            taken.push((field.clone(), text[..end].into()));
            let fits = fit(rest, &text[end..], taken, failed);
            if !fits {
                taken.pop();
            }
            fits
        }),
    };
    if !fits {
        failed.insert(here);
    }
    fits
}

/// A piece of a text for natural order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Number(u128),
    Text(String),
}

/// Digits count as numbers.
fn natural(text: &str) -> Vec<Piece> {
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
    complete(set)?;
    let mut whole: Option<Scan> = None;
    for (channel, path) in &set.files {
        let mut scan = open(path, options)?;
        let single = scan.channels.len() == 1;
        for c in &mut scan.channels {
            c.name = if single { channel.clone() } else { format!("{channel}_{}", c.name) };
        }
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
        let one = examine(path, options)?;
        let Some(whole) = &mut whole else {
            whole = Some(one);
            continue;
        };
        alike(set, channel, (one.shape, one.spacing), (whole.shape, whole.spacing)).map_err(|e| e.at(path))?;
        // They are read one after the other.
        whole.reading = whole.reading.max(one.reading);
        whole.channels += one.channels;
        whole.float |= one.float;
        whole.files.extend(one.files);
    }
    whole.ok_or_else(|| Error::usage(format!("image {} has no files", set.name)))?.within(options)
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
        assert!(group(&paths, "{name}_*_{channel}.tif").is_err());
        assert_eq!(group(&paths, "{name}_{channel}.png").unwrap().unmatched.len(), 2);
    }

    #[test]
    fn many_stars_end_soon() {
        let long = PathBuf::from("a".repeat(200));
        assert!(group(&[long], "*a*a*a*a*a*a*a*a*a{channel}b").unwrap().sets.is_empty());
    }
}

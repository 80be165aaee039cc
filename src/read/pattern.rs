//! Images stored as one file a channel, found by a pattern of file names.
//!
//! In a [pattern](crate::name_pattern) `{channel}` stands for the channel and `{name}` for the image. Without `{name}` an image is
//! named by what the stars stand for. Files in different folders are different images.

use crate::name_pattern::{Part, fields, fit, parse};
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
    let channels: BTreeSet<_> = images.values().flat_map(|files| files.keys().map(|(_, c)| c.clone())).collect();
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
pub(super) fn set(name: String, place: PathBuf, files: Channels, channels: &BTreeSet<String>) -> FileSet {
    let files = files.into_iter().map(|((_, c), p)| (c, p)).collect();
    let mut set = FileSet { name, place, files, missing: vec![] };
    set.missing = missing(&set, channels);
    set
}

/// Channels that an image has not, in natural order.
pub fn missing(set: &FileSet, channels: &BTreeSet<String>) -> Vec<String> {
    let has = |channel: &String| set.files.iter().any(|(own, _)| own == channel);
    let mut missing: Vec<String> = channels.iter().filter(|c| !has(c)).cloned().collect();
    missing.sort_by_cached_key(|c| natural(c));
    missing
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
    for (part, text) in parts.iter().filter(|p| matches!(p, Part::Field(..) | Part::Star)).zip(texts) {
        match part {
            Part::Field(f, _) if f == "channel" => channel = text.to_string(),
            Part::Field(..) => name = Some(text.to_string()),
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

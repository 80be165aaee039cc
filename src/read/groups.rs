//! What the path of an image says of it: `{plate}/{well}_s{site}_w{channel}`.
//!
//! The parts between slashes are compared with the end of a path, from right to left. A last part without a dot is compared
//! with the name without its extension. `{channel}` joins files that are alike in all else to one image, even where it is the
//! name of a folder; the image is called by what is left: `P1/A01_s2_w1.tif` and `P1/A01_s2_w2.tif` are `P1/A01_s2`.

use super::pattern::{Channels, FileSet, Groups, add, natural, set};
use crate::name_pattern::{Part, fields, fit, parse_path, stem};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const CHANNEL: &str = "channel";

/// A pattern of paths.
#[derive(Clone, Debug)]
pub struct PathPattern {
    /// One entry for each part between slashes.
    parts: Vec<Vec<Part>>,
    /// The last part has the extension.
    extension: bool,
}

/// What a path says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Captured {
    /// Folder and name of the image.
    pub image: PathBuf,
    /// The values of the fields but for the channel, in their order.
    pub values: Vec<String>,
    /// What the stars stand for: files that differ there are different images.
    stars: Vec<String>,
    channel: String,
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Braces that do not match, a field twice, or none at all.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |what: String| {
            Error::usage(format!("files.groups = \"{text}\" {what}")).remedy("\"{plate}/{well}_s{site}_w{channel}\"")
        };
        let parts = parse_path(text).map_err(wrong)?;
        let extension = text.rsplit('/').next().is_some_and(|last| last.contains('.'));
        Ok(PathPattern { parts, extension })
    }

    /// Names of the fields but for the channel.
    pub fn names(&self) -> Vec<String> {
        self.parts.iter().flat_map(|p| fields(p)).filter(|f| *f != CHANNEL).map(str::to_string).collect()
    }

    /// It has the field `{channel}`.
    pub fn has_channel(&self) -> bool {
        self.parts.iter().any(|p| fields(p).any(|f| f == CHANNEL))
    }

    /// What the path of a file says; nothing if the pattern does not fit.
    pub fn file(&self, path: &Path) -> Option<Captured> {
        self.captured(path, self.extension)
    }

    /// The same of a folder, which has no extension.
    pub fn folder(&self, path: &Path) -> Option<Captured> {
        self.captured(path, true)
    }

    fn captured(&self, path: &Path, whole: bool) -> Option<Captured> {
        let mut found = Captured { image: PathBuf::new(), values: vec![], stars: vec![], channel: String::new() };
        let (mut folder, mut names) = (path, Vec::new());
        for _ in &self.parts {
            names.push(folder.file_name()?.to_str()?);
            folder = folder.parent()?;
        }
        found.image = folder.to_path_buf();
        names.reverse();
        for (i, (parts, name)) in self.parts.iter().zip(&names).enumerate() {
            let is_last = i + 1 == self.parts.len();
            let name = if is_last && !whole { stem(name) } else { name };
            let mut texts = fit(parts, name)?.into_iter();
            for part in parts {
                match part {
                    Part::Literal(_) | Part::Ignored(_) => {}
                    Part::Star => found.stars.extend(texts.next().map(str::to_string)),
                    Part::Field(f, _) if f == CHANNEL => found.channel = texts.next()?.to_string(),
                    Part::Field(..) => found.values.extend(texts.next().map(str::to_string)),
                }
            }
            let left = without_channel(parts, name);
            if !left.is_empty() {
                found.image.push(if is_last && whole { stem(&left) } else { &left });
            }
        }
        Some(found)
    }

    /// Puts files of one image together, one a channel.
    ///
    /// # Errors
    /// Two files are the same channel of one image.
    pub fn group(&self, paths: &[PathBuf]) -> Result<Groups> {
        let mut images: BTreeMap<Captured, Channels> = BTreeMap::new();
        let mut out = Groups::default();
        for path in paths {
            let Some(mut captured) = self.file(path) else {
                out.unmatched.push(path.clone());
                continue;
            };
            let channel = std::mem::take(&mut captured.channel);
            let place = captured.image.clone();
            if let Err(e) = add(images.entry(captured).or_default(), &place.to_string_lossy(), &channel, path) {
                let e = e.remedy(
                    "a pattern with one more field that tells the images apart, or --exclude for one of the two files",
                );
                out.wrong.insert(place, e);
            }
        }
        let channels: BTreeSet<_> = images.values().flat_map(|files| files.keys().map(|(_, c)| c.clone())).collect();
        let name = |image: &Path| image.file_name().unwrap_or_default().to_string_lossy().into_owned();
        out.sets = images.into_iter().map(|(c, files)| set(name(&c.image), c.image, files, &channels)).collect();
        out.sets.sort_by_cached_key(|s: &FileSet| (s.place.clone(), natural(&s.name)));
        Ok(out)
    }
}

/// A name without the channel and the words that lead to it: `A01_s2_w1` is `A01_s2`.
fn without_channel(parts: &[Part], name: &str) -> String {
    let Some(at) = fields_at(parts) else { return name.into() };
    let Some(texts) = fit(parts, name) else { return name.into() };
    let mut texts = texts.into_iter();
    let mut left = String::new();
    for (i, part) in parts.iter().enumerate() {
        // The words before it, or behind it where nothing stands before.
        let leads = i + 1 == at || (i == at + 1 && left.is_empty());
        match part {
            Part::Literal(_) if leads => {}
            Part::Ignored(_) => {}
            Part::Literal(words) => left += words,
            Part::Star | Part::Field(..) => {
                let text = texts.next().unwrap_or_default();
                if i != at {
                    left += text;
                }
            }
        }
    }
    left
}

/// Where the channel stands.
fn fields_at(parts: &[Part]) -> Option<usize> {
    parts.iter().position(|p| matches!(p, Part::Field(f, _) if f == CHANNEL))
}

#[cfg(test)]
mod tests {
    //! Oracle: literal paths.
    use super::*;

    fn groups(pattern: &str, paths: &[&str]) -> Vec<(String, Vec<String>)> {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let row = |s: FileSet| (s.place.to_string_lossy().into_owned(), s.files.into_iter().map(|(c, _)| c).collect());
        PathPattern::parse(pattern).unwrap().group(&paths).unwrap().sets.into_iter().map(row).collect()
    }

    #[test]
    fn files_that_differ_in_the_channel_alone_are_one_image() {
        let s = |c: &[&str]| c.iter().map(|c| c.to_string()).collect::<Vec<_>>();
        let paths = ["/d/P1/A01_s1_w1.tif", "/d/P1/A01_s1_w2.tif", "/d/P2/A01_s1_w1.tif", "/d/P1/A01_s1_w10.tif"];
        let found = groups("{plate}/{well}_s{site}_w{channel}", &paths);
        assert_eq!(found, [("/d/P1/A01_s1".into(), s(&["1", "2", "10"])), ("/d/P2/A01_s1".into(), s(&["1"]))]);
        assert_eq!(groups("{well}_s{site}_w{channel}.tif", &paths), found);
        let folders = ["/d/P1/DAPI/A01.tif", "/d/P1/GFP/A01.tif"];
        assert_eq!(groups("{plate}/{channel}/{well}", &folders), [("/d/P1/A01".into(), s(&["DAPI", "GFP"]))]);
        assert_eq!(groups("w{channel}_{well}", &["/w1_A.tif", "/w2_A.tif"]), [("/A".into(), s(&["1", "2"]))]);
        // Names of a screen that end in what is another one for each file.
        let screen = ["/d/x_A01_s1_w11AA5-B3.tif", "/d/x_A01_s1_w2DBF4-87.tif", "/d/x_A01_s2_w1C0-1.tif"];
        let found = groups("{well}_s{site}_w{channel:1}{_}", &screen);
        assert_eq!(found, [("/d/x_A01_s1".into(), s(&["1", "2"])), ("/d/x_A01_s2".into(), s(&["1"]))]);
        // What a star stands for tells images apart.
        assert_eq!(groups("{well}_*_w{channel}", &["/A_x_w1.tif", "/A_y_w1.tif"]).len(), 2);
        let same = ["/d/A01_s1_w1.tif", "/d/A01_s1_w1.png"].map(PathBuf::from);
        let found = PathPattern::parse("{well}_s{site}_w{channel}").unwrap().group(&same).unwrap();
        assert!(found.sets.len() == 1 && found.wrong.contains_key(Path::new("/d/A01_s1")), "{:?}", found.wrong);
    }

    #[test]
    fn a_path_says_what_the_fields_stand_for() {
        let pattern = PathPattern::parse("{patient}/{visit}").unwrap();
        assert_eq!(pattern.names(), ["patient", "visit"]);
        assert_eq!(pattern.file(Path::new("/d/P1/v1.ome.tif")).unwrap().values, ["P1", "v1"]);
        assert_eq!(pattern.folder(Path::new("/d/P1/v1.2")).unwrap().values, ["P1", "v1.2"]);
        assert_eq!(pattern.file(Path::new("/v1.tif")), None);
        for bad in ["plain", "{a}//{b}", "{a}/{a}", "{a", "/{a}"] {
            assert!(PathPattern::parse(bad).is_err(), "{bad}");
        }
    }
}

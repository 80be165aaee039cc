//! Globs, many of them in few folders: each folder is read once.

use crate::name_pattern::stem;
use crate::{Error, Result};
use glob::Pattern;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What folders hold, sorted.
#[derive(Debug, Default)]
pub struct Listings {
    names: HashMap<PathBuf, Vec<String>>,
    /// By folder and word.
    words: HashMap<(PathBuf, String), WithWord>,
}

/// Names that have a word in them, by what stands before it: in small letters, without separators at its end.
pub type WithWord = BTreeMap<String, Vec<String>>;

/// What stands before a word in a name of small letters, without separators at its end.
fn before<'a>(name: &'a str, word: &str) -> Option<&'a str> {
    let (before, _) = name.split_once(word)?;
    Some(before.trim_end_matches(|c: char| !c.is_alphanumeric()))
}

/// What stands for something else in a glob.
const SPECIAL: [char; 3] = ['*', '?', '['];

/// Does the text look like a glob?
pub fn is_glob(text: &str) -> bool {
    text.contains(SPECIAL)
}

impl Listings {
    /// What a glob matches, sorted.
    ///
    /// # Errors
    /// It is no glob.
    pub fn matches(&mut self, text: &str) -> Result<Vec<PathBuf>> {
        let bad = |e: glob::PatternError| Error::usage(format!("\"{text}\" is not a glob: {}", e.msg));
        let (folder, name) = text.rsplit_once('/').map_or(("", text), |(folder, name)| (folder, name));
        if is_glob(folder) || name.contains("**") {
            return Ok(glob::glob(text).map_err(bad)?.filter_map(std::result::Result::ok).collect());
        }
        let pattern = Pattern::new(name).map_err(bad)?;
        let folder = match (folder, text.starts_with('/')) {
            ("", true) => Path::new("/"),
            (folder, _) => Path::new(folder),
        };
        let names = self.names(folder);
        // Only names that begin as the glob does are compared with it.
        let begin = name.split(SPECIAL).next().unwrap_or_default();
        let first = names.partition_point(|n| n.as_str() < begin);
        let alike = names[first..].iter().take_while(|n| n.starts_with(begin));
        Ok(alike.filter(|n| pattern.matches(n)).map(|n| folder.join(n)).collect())
    }

    /// The names in a folder that have a word in them, whatever its case; `word` is in small letters.
    pub fn with_word(&mut self, folder: &Path, word: &str) -> &WithWord {
        let key = (folder.to_path_buf(), word.to_string());
        if !self.words.contains_key(&key) {
            let mut all = WithWord::new();
            for name in self.names(folder) {
                if let Some(before) = before(&name.to_lowercase(), word) {
                    all.entry(before.to_string()).or_default().push(name.clone());
                }
            }
            self.words.insert(key.clone(), all);
        }
        self.words.entry(key).or_default()
    }

    /// What stands before the word in a name is what another file of the folder is called, and not `own`.
    pub fn is_of_another(&mut self, folder: &Path, name: &str, word: &str, own: &str) -> bool {
        let lower = name.to_lowercase();
        let Some(before) = before(&lower, word) else { return false };
        // Small letters may be longer than those that they stand for.
        let Some(begin) = name.get(..before.len()).filter(|_| !before.is_empty() && before != own) else {
            return false;
        };
        let names = self.names(folder);
        let first = names.partition_point(|n| n.as_str() < begin);
        let mut alike = names[first..].iter().take_while(|n| n.starts_with(begin));
        alike.any(|n| stem(n).to_lowercase() == before)
    }

    fn names(&mut self, folder: &Path) -> &[String] {
        self.names.entry(folder.to_path_buf()).or_insert_with(|| {
            let real = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let entries = std::fs::read_dir(real).into_iter().flatten().flatten();
            let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
            names.sort();
            names
        })
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: the glob crate.
    use super::*;

    #[test]
    fn the_same_is_found_as_by_walking() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a1.tif", "a2.tif", "a10.png", "b.tif", ".a3.tif", "[x].tif", "sub/a1.tif"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let mut listings = Listings::default();
        for glob in
            ["*", "a*", "a?.tif", "a*.tif", "*.tif", "[ab]*", "[[]x].tif", "c*", "none/*", "*/a1.tif", "**/a1.tif"]
        {
            let text = format!("{}/{glob}", dir.path().display());
            let walked: Vec<PathBuf> = glob::glob(&text).unwrap().map(|p| p.unwrap()).collect();
            assert_eq!(listings.matches(&text).unwrap(), walked, "{glob}");
        }
        assert!(listings.matches("x/[").is_err());
    }
}

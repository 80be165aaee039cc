//! What channels, sets and images of a recipe may be called: their names become names of columns and of files.

use super::validate::Checker;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// These would overwrite tables of the run itself.
const TAKEN: [&str; 7] = ["images", "features", "run", "labels", "overlays", "galleries", "original"];

impl Checker<'_> {
    /// Names become column names and file names.
    pub fn name(&self, name: &str, path: &[&str]) -> Result<()> {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let is_taken = TAKEN.contains(&name.to_ascii_lowercase().as_str());
        if !name.is_empty() && name.len() <= 64 && name.chars().all(fine) && !is_taken {
            return Ok(());
        }
        let e = self.error(format!("\"{name}\" cannot be a name"), path);
        Err(e.remedy(if is_taken {
            "another word: this one has a meaning of its own"
        } else {
            "letters, digits, _ and -"
        }))
    }

    /// Sets and images have files of their own on file systems that do not tell upper from lower case, too.
    pub fn files_differ(&self) -> Result<()> {
        self.differ_in_more_than_case("object sets", "objects", self.body.objects.keys())?;
        self.differ_in_more_than_case("images", "images", self.body.images.keys())
    }

    /// The object set whose file is that of a table, on file systems that do not tell upper from lower case at least.
    pub fn set_like(&self, table: &str) -> Option<&str> {
        self.body.objects.keys().map(String::as_str).find(|name| name.eq_ignore_ascii_case(table))
    }

    fn differ_in_more_than_case<'a>(
        &self,
        things: &str,
        table: &str,
        names: impl Iterator<Item = &'a String>,
    ) -> Result<()> {
        let mut known: BTreeMap<String, &String> = BTreeMap::new();
        for name in names {
            let Some(other) = known.insert(name.to_ascii_lowercase(), name) else { continue };
            let what = format!(
                "the {things} \"{other}\" and \"{name}\" differ in upper and lower case alone, and some file systems would give \
                 both one file:"
            );
            return Err(self.error(what, &[table, name]).remedy(format!("another name, as {name}_2")));
        }
        Ok(())
    }
}

/// Two columns of a table would have one name: what both of them are.
pub(crate) fn one_name(table: &str, name: &str, [a, b]: [&str; 2]) -> Error {
    let [a, b] = [a, b].map(|words| words.trim_end_matches('.'));
    let what = format!("two columns of {table}.csv would be called {name}: \"{a}\" and \"{b}\"");
    Error::usage(what).remedy("another name for one of the object sets, channels or markers that these are of")
}

//! Images whose files are byte for byte those of another one: a field that was saved twice, a patient who was copied. Each counts, so
//! each is warned of, with the name of another one.
//!
//! It is seen when tables are written, from the hashes in the list of what became of each image: so it is the same for every number of
//! threads, for resumed runs and for merged shards. A digest and a number of each image are in memory meanwhile, no more.

use super::hash::{Hashed, digest};
use super::ledger::Entry;
use super::named_rows::NamedRows;
use super::record::Status;
use crate::{Error, Kind, Result};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which image of a run is like which other one.
#[derive(Default)]
pub(super) struct Alike {
    /// The number of each such image in the order of the tables, with that of another one: the first, or of the first the second.
    others: Vec<(usize, usize)>,
    /// The names of those others.
    names: BTreeMap<usize, String>,
}

impl Alike {
    /// Looks for them; `entries` gives the list from its begin.
    ///
    /// # Errors
    /// Those of the list.
    pub fn find<I: Iterator<Item = Result<Entry>>>(entries: impl Fn() -> Result<I>) -> Result<Self> {
        let mut digests: Vec<(u64, usize)> = vec![];
        for (number, entry) in entries()?.enumerate() {
            digests.extend(of_files(&entry?).map(|digest| (digest, number)));
        }
        digests.sort_unstable();
        let mut others: Vec<(usize, usize)> = vec![];
        for same in digests.chunk_by(|a, b| a.0 == b.0) {
            let [(_, first), (_, second), rest @ ..] = same else { continue };
            others.extend([(*first, *second), (*second, *first)]);
            others.extend(rest.iter().map(|(_, number)| (*number, *first)));
        }
        drop(digests);
        others.sort_unstable();
        let mut names = BTreeMap::new();
        if !others.is_empty() {
            others.iter().for_each(|(_, other)| drop(names.insert(*other, String::new())));
            for (number, entry) in entries()?.enumerate() {
                let image = entry?.image;
                names.entry(number).and_modify(|name| *name = image);
            }
        }
        Ok(Alike { others, names })
    }

    /// The name of another image with the files of the one of that number.
    pub fn other(&self, number: usize) -> Option<&str> {
        let place = self.others.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.names.get(&self.others[place].1).map(String::as_str)
    }
}

/// Adds the warning to the row of an image, and says whether it did: images of one grey value are alike for other reasons.
///
/// # Errors
/// None in practice.
pub(super) fn warn(row: &mut RecordBatch, other: &str) -> Result<bool> {
    let Some(place) = row.schema_ref().index_of("warnings").ok().filter(|_| row.num_rows() == 1) else {
        return Ok(false);
    };
    if is_even(row)? {
        return Ok(false);
    }
    let words =
        format!("its files are byte for byte those of {other}, and both count: if one is a copy, run without it");
    let said = NamedRows(row).text("warnings", 0)?.filter(|said| !said.is_empty());
    let all = said.map_or(words.clone(), |said| format!("{said}; {words}"));
    let mut columns: Vec<ArrayRef> = row.columns().to_vec();
    columns[place] = Arc::new(StringArray::from(vec![all.as_str()]));
    let changed = RecordBatch::try_new(row.schema(), columns);
    *row = changed.map_err(|e| Error::new(Kind::Internal, e.to_string()))?;
    Ok(true)
}

/// All channels hold one grey value each, where the row says so.
fn is_even(row: &RecordBatch) -> Result<bool> {
    let cells = NamedRows(row);
    let mut is_even = None;
    for field in row.schema_ref().fields() {
        let Some(channel) = field.name().strip_prefix("image_min_") else { continue };
        let ends = (cells.number(field.name(), 0)?, cells.number(&format!("image_max_{channel}"), 0)?);
        if let (Some(least), Some(most)) = ends {
            is_even = Some(is_even.unwrap_or(true) && least == most);
        }
    }
    Ok(is_even.unwrap_or(false))
}

/// Stands for the image's own files: not for masks and references, which may serve many, nor for a sidecar, which may have been edited.
fn of_files(entry: &Entry) -> Option<u64> {
    let is_own = |file: &&Hashed| {
        let is_shared = ["labels.", "reference "].iter().any(|role| file.role.starts_with(role));
        let is_sidecar = file.role.starts_with("companion ") && file.role.to_lowercase().ends_with(".json");
        !is_shared && !is_sidecar
    };
    let role = |file: &Hashed| if file.role.starts_with("companion ") { String::new() } else { file.role.clone() };
    let mut own: Vec<String> =
        entry.files.iter().filter(is_own).map(|file| format!("{} {}", role(file), file.sha256)).collect();
    own.sort_unstable();
    (entry.status == Status::Ok && !own.is_empty()).then(|| digest(&own.join("\n")))
}

#[cfg(test)]
mod tests {
    //! Oracle: lists that a reader can check by eye.
    use super::*;
    use crate::table::{Cells, Column, Table, arrow};

    fn entry(image: &str, files: &[(&str, &str)]) -> Entry {
        let hashed = |(role, sha256): &(&str, &str)| Hashed {
            file: image.into(),
            role: (*role).into(),
            sha256: (*sha256).into(),
        };
        let mut entry: Entry = serde_json::from_value(serde_json::json!({
            "image": image, "status": "ok", "reason": null, "code": null, "stage": null, "resumed": false, "seconds": 0.0, "warnings": 0,
            "objects": [], "files": [], "place": image, "is_scan": false, "part": null, "metadata": [], "set": []
        }))
        .unwrap();
        entry.files = files.iter().map(hashed).collect();
        entry
    }

    #[test]
    fn images_with_the_same_files_name_each_other() {
        let all = [
            entry("a", &[("", "1"), ("labels.nuclei", "m")]),
            entry("b", &[("", "2"), ("labels.nuclei", "m")]),
            entry("c", &[("", "1"), ("companion c.json", "3")]),
            entry("d", &[("", "1")]),
            entry("set", &[("DAPI", "5"), ("EGFR", "6")]),
            entry("turned", &[("DAPI", "6"), ("EGFR", "5")]),
            entry("again", &[("EGFR", "6"), ("DAPI", "5")]),
            Entry { status: Status::Failed, ..entry("failed", &[("", "2")]) },
        ];
        let alike = Alike::find(|| Ok(all.iter().cloned().map(Ok))).unwrap();
        let others: Vec<Option<&str>> = (0..all.len()).map(|i| alike.other(i)).collect();
        assert_eq!(others, [Some("c"), None, Some("a"), Some("a"), Some("again"), None, Some("set"), None]);
    }

    #[test]
    fn the_warning_comes_behind_others_and_not_for_even_images() {
        let row = |most: f64, said: Option<&str>| {
            let mut t = Table::default();
            t.push(Column::new("warnings", "", "", Cells::Text(vec![said.map(str::to_string)])));
            t.push(Column::new("image_min_probe", "", "", Cells::Real(vec![Some(1.0)])));
            t.push(Column::new("image_max_probe", "", "", Cells::Real(vec![Some(most)])));
            arrow::batch(&t).unwrap()
        };
        let warned = |mut row: RecordBatch| {
            let is_warned = warn(&mut row, "b.tif").unwrap();
            (is_warned, NamedRows(&row).text("warnings", 0).unwrap().unwrap_or_default())
        };
        let words = "its files are byte for byte those of b.tif, and both count: if one is a copy, run without it";
        assert_eq!(warned(row(9.0, None)), (true, words.to_string()));
        assert_eq!(warned(row(9.0, Some("dim"))), (true, format!("dim; {words}")));
        assert_eq!(warned(row(1.0, None)), (false, String::new()));
    }
}

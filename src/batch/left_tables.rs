//! The tables that a finished run left: one that is resumed and would write the same ones again lets them be.

use super::context::BatchContext;
use super::hash::hex;
use super::head::Head;
use super::ledger::{Ended, Entry};
use super::parts::Written;
use super::tables;
use crate::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Tables with what they were made of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LeftTables {
    /// SHA-256 of all that they follow from.
    made_of: String,
    files: Vec<Written>,
}

impl LeftTables {
    /// Writes the tables of a run that has ended, unless `before` are these.
    ///
    /// # Errors
    /// As of [`tables::write`].
    pub fn write(context: &BatchContext, head: &Head, ended: &Ended, before: Option<Self>) -> Result<Self> {
        let (out, made_of) = (context.out.folder(), made_of(head, ended)?);
        if let Some(same) = before.filter(|before| before.made_of == made_of && before.are_whole(out)) {
            same.files.iter().for_each(|file| context.out.keep(&file.below));
            return Ok(same);
        }
        let places = tables::write(context, ended)?;
        let files = places.into_iter().map(|below| Written::of(out, below)).collect::<Result<_>>()?;
        Ok(LeftTables { made_of, files })
    }

    fn are_whole(&self, out: &Path) -> bool {
        !self.files.is_empty() && self.files.iter().all(|file| file.is_whole(out))
    }
}

/// What tables follow from: the program, the recipes, the columns of the sheet, and what became of each image but for how
/// long that took.
fn made_of(head: &Head, ended: &Ended) -> Result<String> {
    let mut hasher = Sha256::new();
    let head = (&head.build, &head.recipes, &head.metadata, &head.outputs);
    hasher.update(json(&head)?);
    for entry in ended.entries()? {
        hasher.update(json(&Entry { seconds: 0.0, resumed: false, files: vec![], ..entry? })?);
    }
    Ok(hex(hasher))
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|e| Error::new(Kind::Internal, e.to_string()))
}

//! The tables that a finished run left: one that is resumed and would write the same ones again lets them be.

use super::closing::LeftTables;
use super::context::BatchContext;
use super::hash::hex;
use super::head::Head;
use super::ledger::{Ended, Entry};
use super::parts::Written;
use super::tables;
use crate::{Error, Kind, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Writes the tables of a run that has ended, unless `before` are these.
///
/// # Errors
/// As of [`tables::write`].
pub(super) fn write(
    context: &BatchContext,
    head: &Head,
    ended: &Ended,
    before: Option<LeftTables>,
) -> Result<LeftTables> {
    let (out, made_of) = (context.out.folder(), made_of(head, ended)?);
    if let Some(same) = before.filter(|before| before.made_of == made_of && before.are_whole(out)) {
        same.files.iter().for_each(|file| context.out.keep(&file.below));
        tell(context, same.alike);
        return Ok(same);
    }
    let (places, alike) = tables::write(context, ended)?;
    let files = places.into_iter().map(|below| Written::of(out, below)).collect::<Result<_>>()?;
    tell(context, alike);
    Ok(LeftTables { made_of, files, alike })
}

/// Says how many images are byte for byte another one.
fn tell(context: &BatchContext, alike: usize) {
    if alike > 0 {
        context.settings.observer.note(&format!(
            "note: {alike} images are byte for byte another one and count all the same; the column warnings of images.csv names them"
        ));
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

//! Reading an image of which only some channels stay in memory.

use super::{Input, Options, Source, empty_channel, tiff};
use crate::Result;
use crate::image::{InTurn, Scan};
use std::collections::BTreeMap;
use std::path::Path;

/// Reads an image whose [`Extent`](super::Extent) says that its channels can be read in turn. It is as [`open`](super::open) gives it, but only
/// the channels `kept` stay in memory; the others are read again when they are asked for.
///
/// # Errors
/// As [`open`](super::open).
pub fn open_in_turn(path: &Path, options: &Options, kept: &[usize]) -> Result<Scan> {
    let read = || {
        let input = Input { path, source: Source::open(path)?, on_disk: true };
        let mut empty = BTreeMap::new();
        let mut scan = tiff::read_in_turn(&input, options, &mut |i, channel| {
            empty.insert(i, empty_channel(channel));
            kept.contains(&i)
        })?;
        scan.warnings.extend(empty.into_values().flatten());
        Ok(scan)
    };
    let scan = read().map_err(|e: crate::Error| e.at(path))?;
    let (path, options) = (path.to_path_buf(), options.clone());
    let again = move |channels: &[usize]| {
        let input = Input { path: &path, source: Source::open(&path)?, on_disk: true };
        tiff::read_channels(&input, &options, channels).map_err(|e| e.at(&path))
    };
    Ok(Scan { in_turn: Some(InTurn::new(again)), ..scan })
}

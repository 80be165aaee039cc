//! Packed pixels: the pieces of the file that each frame is made of. After PS3.5, annex A.4.
//!
//! Each piece stands behind a head of 8 bytes. The first holds a table of offsets, often empty. One piece a frame is the rule;
//! otherwise the table tells, or else the marks that begin a JPEG stream.

use super::header::Header;
use super::syntax::Codec;
use crate::read::Source;
use crate::{Error, Result};

/// A place in the file and a length.
type Piece = (u64, u64);

const ITEM: [u8; 4] = [0xfe, 0xff, 0x00, 0xe0];
const END: [u8; 4] = [0xfe, 0xff, 0xdd, 0xe0];

/// The pieces of each frame.
///
/// # Errors
/// They are cut off, or cannot be told apart.
pub fn frames(header: &Header, source: &Source, at: u64, count: usize, codec: Codec) -> Result<Vec<Vec<Piece>>> {
    let (table, pieces) = list(header, source, at)?;
    if pieces.is_empty() {
        return Err(Error::format("no pixel data: there is no piece"));
    }
    if count == 1 {
        return Ok(vec![pieces]);
    }
    if pieces.len() == count {
        return Ok(pieces.into_iter().map(|p| vec![p]).collect());
    }
    let begins = if table.len() == count {
        let first = pieces.first().map_or(0, |p| p.0 - 8);
        let at_table = |p: &Piece| table.contains(&(p.0 - 8 - first));
        pieces.iter().map(at_table).collect()
    } else {
        marks(header, source, &pieces, codec)?
    };
    let mut frames: Vec<Vec<Piece>> = Vec::new();
    for (piece, begins) in pieces.iter().zip(begins) {
        match frames.last_mut() {
            Some(frame) if !begins => frame.push(*piece),
            _ => frames.push(vec![*piece]),
        }
    }
    if frames.len() == count {
        return Ok(frames);
    }
    Err(Error::format(format!("{count} frames are told, {} are found in {} pieces", frames.len(), pieces.len())))
}

/// The table of offsets, and all pieces behind it.
fn list(header: &Header, source: &Source, mut at: u64) -> Result<(Vec<u64>, Vec<Piece>)> {
    let mut pieces = Vec::new();
    let all = header.len(source);
    loop {
        let cut = || Error::format("the pixel data are cut off between two pieces");
        let head = header.bytes(source, at, 8).map_err(|_| cut())?;
        let (tag, len) = head.split_at(4);
        if tag == END {
            break;
        }
        if tag != ITEM {
            return Err(Error::format("the pixel data are damaged: no piece where one is expected"));
        }
        let len = len.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let next = at + 8 + len;
        if next > all {
            let (need, there) = (len, all.saturating_sub(at + 8));
            return Err(Error::format(format!("the pixel data are cut off: a piece of {need} bytes has {there}")));
        }
        pieces.push((at + 8, len));
        at = next;
        if at >= all {
            // The mark at the end is missing; everything before it is there.
            break;
        }
    }
    if pieces.is_empty() {
        return Ok((vec![], pieces));
    }
    let (place, len) = pieces.remove(0);
    let bytes = header.bytes(source, place, len)?;
    let offset = |c: &[u8]| c.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
    Ok((bytes.chunks_exact(4).map(offset).collect(), pieces))
}

/// Which pieces begin with the mark of a new stream.
fn marks(header: &Header, source: &Source, pieces: &[Piece], codec: Codec) -> Result<Vec<bool>> {
    let mark: [u8; 2] = match codec {
        Codec::Jpeg => [0xff, 0xd8],
        Codec::Jpeg2000 => [0xff, 0x4f],
        _ => return Err(Error::format(format!("the frames cannot be told apart in {} pieces", pieces.len()))),
    };
    pieces.iter().map(|p| Ok(p.1 >= 2 && header.bytes(source, p.0, 2)? == mark)).collect()
}

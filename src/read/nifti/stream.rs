//! The bytes of a file from its beginning to its end, unpacked where they are packed with gzip.
//!
//! Nothing is unpacked ahead of the reader, so a small file that unpacks to a huge one costs no memory.

use super::voxels::early;
use crate::read::Source;
use crate::{Error, Result};
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// Deflate cannot make more than this many bytes of one.
const MOST_PER_BYTE: u64 = 1032;

/// A file read from front to back.
pub struct Stream<'a> {
    reader: Box<dyn Read + 'a>,
    /// It is packed.
    pub gzip: bool,
    /// Bytes that it can hold at most, unpacked.
    pub most: u64,
    at: u64,
}

/// Is it packed with gzip?
pub fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}

/// The first bytes of what a file holds: unpacked as far as they go.
pub fn peek(head: &[u8], most: usize) -> Vec<u8> {
    let mut out = Vec::new();
    if is_gzip(head) {
        // The end of `head` cuts the stream off; what came before that is good.
        let mut part = [0; 64];
        let mut unpack = GzDecoder::new(head);
        while let Ok(n @ 1..) = unpack.read(&mut part) {
            out.extend_from_slice(part.get(..n).unwrap_or_default());
            if out.len() >= most {
                break;
            }
        }
    } else {
        out.extend_from_slice(head);
    }
    out.truncate(most);
    out
}

impl<'a> Stream<'a> {
    /// Begins at the first byte.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn open(source: &'a Source<'a>) -> Result<Self> {
        let gzip = is_gzip(&source.head(2)?);
        let plain = source.reader();
        let reader: Box<dyn Read + 'a> =
            if gzip { Box::new(Members(Some(GzDecoder::new(BufReader::new(plain))))) } else { Box::new(plain) };
        let most = if gzip { source.len().saturating_mul(MOST_PER_BYTE) } else { source.len() };
        Ok(Stream { reader, gzip, most, at: 0 })
    }

    /// Reads up to `most` bytes; fewer where the stream ends or is cut off.
    ///
    /// # Errors
    /// The compression is damaged, or the operating system refuses.
    pub fn head(&mut self, most: usize) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        match self.take(most as u64).read_to_end(&mut out) {
            Err(e) if e.kind() != ErrorKind::UnexpectedEof => Err(early(e)),
            _ => Ok(out),
        }
    }

    /// Goes on to a place further down.
    ///
    /// # Errors
    /// It lies behind, or beyond the end.
    pub fn go(&mut self, to: u64) -> Result<()> {
        let ahead = to.checked_sub(self.at).ok_or_else(|| Error::format("the voxels begin inside the header"))?;
        let gone = io::copy(&mut self.take(ahead), &mut io::sink()).map_err(early)?;
        if gone == ahead { Ok(()) } else { Err(early(io::ErrorKind::UnexpectedEof.into())) }
    }

    /// Reads on for a little, so that a checksum at the end of packed data is looked at.
    ///
    /// # Errors
    /// It does not fit the data, or is cut off.
    pub fn check(&mut self) -> Result<()> {
        if !self.gzip {
            return Ok(());
        }
        let read = io::copy(&mut self.take(1 << 16), &mut io::sink());
        read.map(|_| ()).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => {
                Error::format("the gzip data are cut off behind the voxels, before their checksum")
                    .remedy("a whole copy")
            }
            _ => early(e),
        })
    }

    fn take(&mut self, most: u64) -> io::Take<&mut Self> {
        Read::take(self, most)
    }
}

/// The members of a gzip file, one after the other. What follows the last one is padding: of tapes and block devices.
struct Members<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let count = member.read(to)?;
            if count > 0 || to.is_empty() {
                return Ok(count);
            }
            // The checksum of the member was looked at.
            self.0 = self.0.take().map(GzDecoder::into_inner).map(next_member).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The member that begins here, if one does.
fn next_member<R: BufRead>(mut from: R) -> io::Result<Option<GzDecoder<R>>> {
    let ahead = from.fill_buf()?;
    // Its first byte may be the last one that has been read so far.
    let begins = is_gzip(ahead) || ahead == [0x1f];
    Ok(begins.then(|| GzDecoder::new(from)))
}

impl Read for Stream<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(to)?;
        self.at += count as u64;
        Ok(count)
    }
}

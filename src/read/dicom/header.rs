//! The header of a DICOM file: everything before the pixels, and where those lie.
//!
//! Files begin with 128 free bytes, `DICM` and the file meta information. Old ones begin with their first element at once.

use super::set::{Coding, Element, Set, Walker};
use super::syntax::Syntax;
use crate::read::Source;
use crate::{Error, Result};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

/// What is read of a file first; it holds most headers.
const WINDOW: u64 = 1 << 14;
/// A header larger than this is refused.
const MOST_HEADER: u64 = 256 << 20;
/// Elements beyond this are refused.
const MOST_ELEMENTS: usize = 1 << 16;

/// What stands before the pixels.
#[derive(Clone, Debug)]
pub struct Header {
    /// Transfer syntax.
    pub syntax: Syntax,
    /// Elements before the pixels.
    pub set: Set,
    /// The element that holds the pixels, if there is one.
    pub pixels: Option<Element>,
    /// Where the file was deflated behind its meta information: positions then count in what comes out.
    deflated: Option<Deflated>,
}

/// A deflated file.
#[derive(Clone, Debug)]
struct Deflated {
    /// Where it begins in the file.
    begin: u64,
    /// Bytes that come out, once they have been counted.
    len: u64,
    /// The bytes themselves, once they are needed.
    bytes: Option<Vec<u8>>,
}

/// Do these first bytes of a file look like DICOM?
pub fn detect(head: &[u8]) -> bool {
    head.get(128..132) == Some(b"DICM") || begins_at_once(head)
}

/// A file without preamble: its first element is one that a data set begins with, of a length that makes sense.
fn begins_at_once(head: &[u8]) -> bool {
    let group = [[2, 0], [8, 0], [0, 8]];
    if !head.get(..2).is_some_and(|b| group.iter().any(|g| g == b)) {
        return false;
    }
    let walker = Walker { bytes: head, coding: Syntax::guess(head).coding };
    let Ok(Some(first)) = walker.element(0) else { return false };
    let sound = matches!(first.tag, Tag(2, 0 | 1 | 2 | 0x10) | Tag(8, 0 | 1 | 5 | 8 | 0x12 | 0x16));
    let second = first.len.and_then(|len| walker.element(first.at.checked_add(len)?).ok().flatten());
    sound && second.is_some_and(|s| (s.tag.0, s.tag.1) > (first.tag.0, first.tag.1) && matches!(s.tag.0, 2 | 8))
}

impl Header {
    /// Reads the header of a file and makes its pixels ready; `most` bytes may be taken where it is deflated.
    ///
    /// # Errors
    /// The file is damaged, ends early, or its header is too large.
    pub fn read(source: &Source, most: u64) -> Result<Self> {
        let mut header = Self::look(source)?.measured(source, most)?;
        header.unpack(source)?;
        Ok(header)
    }

    /// Reads the header alone.
    ///
    /// # Errors
    /// The file is damaged, ends early, or its header is too large.
    pub fn look(source: &Source) -> Result<Self> {
        let head = source.head(WINDOW as usize)?;
        if !detect(&head) {
            return Err(Error::format("no DICOM file"));
        }
        let begin = if head.get(128..132) == Some(b"DICM") { 132 } else { 0 };
        let (uid, begin) = meta(&head, begin)?;
        let rest = head.get(begin..).unwrap_or_default();
        let syntax = uid.map_or_else(|| Syntax::guess(rest), |uid| Syntax::of(&uid));
        if !syntax.deflated {
            let first = |most: u64| source.head(most.min(source.len()) as usize);
            return walk(first, begin, syntax, None);
        }
        let begin = begin as u64;
        let first = |most: u64| {
            let mut bytes = Vec::new();
            inflate(source, begin)?.take(most).read_to_end(&mut bytes).map_err(damaged)?;
            Ok(bytes)
        };
        walk(first, 0, syntax, Some(Deflated { begin, len: 0, bytes: None }))
    }

    /// Counts the bytes of a deflated file, of which there may be `most`, without keeping them.
    ///
    /// # Errors
    /// The stream is damaged, or there are more.
    pub fn measured(mut self, source: &Source, most: u64) -> Result<Self> {
        let Some(deflated) = &mut self.deflated else { return Ok(self) };
        let mut stream = inflate(source, deflated.begin)?.take(most.saturating_add(1));
        deflated.len = std::io::copy(&mut stream, &mut std::io::sink()).map_err(damaged)?;
        if deflated.len > most {
            return Err(Error::limit(format!("the deflated data set takes more than {most} bytes"))
                .remedy("a larger --memory, or a conversion to uncompressed DICOM"));
        }
        Ok(self)
    }

    /// What lies behind this place of a deflated file is not needed.
    pub fn keep(&mut self, end: u64) {
        self.deflated.iter_mut().for_each(|d| d.len = d.len.min(end));
    }

    /// Makes the pixels of a deflated file ready, as many bytes as were counted.
    ///
    /// # Errors
    /// The stream is damaged.
    pub fn unpack(&mut self, source: &Source) -> Result<()> {
        let Some(deflated) = &mut self.deflated else { return Ok(()) };
        let mut bytes = Vec::with_capacity(usize::try_from(deflated.len).unwrap_or(0));
        inflate(source, deflated.begin)?.take(deflated.len).read_to_end(&mut bytes).map_err(damaged)?;
        deflated.bytes = Some(bytes);
        Ok(())
    }

    /// The elements before the place where a damaged file ends: whose it was.
    pub fn remains(source: &Source) -> Option<Set> {
        let head = source.head(source.len().min(WINDOW << 6) as usize).ok()?;
        let begin = if head.get(128..132) == Some(b"DICM") { 132 } else { 0 };
        let (uid, begin) = meta(&head, begin).ok()?;
        let syntax = uid.map_or_else(|| Syntax::guess(head.get(begin..).unwrap_or_default()), |uid| Syntax::of(&uid));
        let found = elements(&head, begin, syntax.coding).ok().filter(|_| !syntax.deflated)?;
        Some(Set::new(Arc::new(head), found.elements, syntax.coding))
    }

    /// Bytes of the file, or of what it was deflated from.
    ///
    /// # Errors
    /// They do not lie within it.
    pub fn bytes(&self, source: &Source, at: u64, len: u64) -> Result<Vec<u8>> {
        match &self.deflated {
            Some(deflated) => Source::bytes(deflated.bytes.as_deref().unwrap_or_default()).read(at, len),
            None => source.read(at, len),
        }
    }

    /// Bytes in all.
    pub fn len(&self, source: &Source) -> u64 {
        self.deflated.as_ref().map_or(source.len(), |d| d.len)
    }

    /// Bytes of memory that the header takes, and the pixels where they are deflated.
    pub fn memory(&self) -> u64 {
        self.deflated.as_ref().map_or(0, |d| d.len).saturating_add(self.set.memory())
    }

    /// Modality (0008,0060); empty if it is not said.
    pub fn modality(&self) -> String {
        self.set.text(tags::MODALITY).unwrap_or_default()
    }

    /// Why the file holds no image, if so.
    pub fn no_image(&self) -> Option<String> {
        let modality = self.modality();
        let what = match modality.as_str() {
            "RTSTRUCT" | "SEG" => "regions, not an image",
            "SR" | "KO" => "a report, not an image",
            "RTPLAN" | "RTRECORD" => "a treatment, not an image",
            "PR" | "REG" | "DOC" | "FID" => "no image",
            _ if self.pixels.is_none() && modality.is_empty() => return Some("no pixel data".into()),
            _ if self.pixels.is_none() => "no pixel data",
            _ => return None,
        };
        Some(format!("{modality}: {what}"))
    }
}

/// The transfer syntax of the file meta information, and the place behind it.
fn meta(head: &[u8], begin: usize) -> Result<(Option<String>, usize)> {
    let walker = Walker { bytes: head, coding: Coding::META };
    let (mut at, mut elements) = (begin, Vec::new());
    // Group 2 in little-endian; what follows may be in another order.
    while head.get(at..at.saturating_add(2)) == Some(&[2, 0]) {
        let cut = || Error::format("the file ends within its meta information");
        let element = walker.element(at)?.ok_or_else(cut)?;
        at = walker.behind(&element)?.ok_or_else(cut)?;
        elements.push(element);
    }
    let set = Set::new(Arc::new(head.to_vec()), elements, Coding::META);
    Ok((set.text(tags::TRANSFER_SYNTAX_UID), at))
}

/// What a file was deflated from.
fn inflate<'a>(source: &'a Source<'a>, begin: u64) -> Result<impl Read + 'a> {
    let mut packed = source.reader();
    packed.seek(SeekFrom::Start(begin))?;
    Ok(flate2::bufread::DeflateDecoder::new(packed))
}

fn damaged(e: std::io::Error) -> Error {
    Error::format(format!("deflated data set: {e}"))
}

/// Walks over the elements up to the pixels, with as much of the file as that takes. `first` gives its first bytes, fewer than
/// it is asked for only if there are no more.
fn walk(
    first: impl Fn(u64) -> Result<Vec<u8>>,
    begin: usize,
    syntax: Syntax,
    deflated: Option<Deflated>,
) -> Result<Header> {
    let mut window = WINDOW;
    loop {
        let mut bytes = first(window)?;
        let found = elements(&bytes, begin, syntax.coding)?;
        if let Found::Cut(tag) = found.how {
            if bytes.len() as u64 == window {
                if window >= MOST_HEADER {
                    return Err(Error::limit(format!("a header of more than {MOST_HEADER} bytes")));
                }
                window = window.saturating_mul(4).min(MOST_HEADER);
                continue;
            }
            let place = tag.map_or("a head of an element".into(), |tag| format!("element {tag}"));
            return Err(Error::format(format!("the file ends within {place}")));
        }
        let pixels = if let Found::Pixels(element) = found.how { Some(element) } else { None };
        bytes.truncate(pixels.as_ref().map_or(usize::MAX, |p| p.at));
        bytes.shrink_to_fit();
        let set = Set::new(Arc::new(bytes), found.elements, syntax.coding);
        return Ok(Header { syntax, set, pixels, deflated });
    }
}

enum Found {
    /// The bytes end within an element, or within the head of one.
    Cut(Option<Tag>),
    /// Everything was walked over.
    End,
    /// The walk stopped at the pixels.
    Pixels(Element),
}

struct Walk {
    elements: Vec<Element>,
    how: Found,
}

fn elements(bytes: &[u8], begin: usize, coding: Coding) -> Result<Walk> {
    let walker = Walker { bytes, coding };
    let (mut at, mut elements) = (begin, Vec::new());
    let how = loop {
        if at >= bytes.len() {
            break Found::End;
        }
        let Some(element) = walker.element(at)? else { break Found::Cut(None) };
        if matches!(element.tag, tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA) {
            break Found::Pixels(element);
        }
        if element.tag.0 > tags::PIXEL_DATA.0 {
            break Found::End;
        }
        let Some(next) = walker.behind(&element)? else { break Found::Cut(Some(element.tag)) };
        at = next;
        if elements.len() >= MOST_ELEMENTS {
            return Err(Error::limit(format!("more than {MOST_ELEMENTS} elements")));
        }
        elements.push(element);
    };
    Ok(Walk { elements, how })
}

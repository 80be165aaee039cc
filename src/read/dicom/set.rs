//! A data set of DICOM: elements by tag, with their values still in the bytes of the file.
//!
//! The parser is the project's own, because sizes that a damaged file claims must be checked before memory is taken: a value is
//! never copied before it is asked for, and every length is held against the bytes that are there. After PS3.5, section 7.

use crate::{Error, Result};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use std::ops::Range;
use std::sync::Arc;

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    /// Most significant byte first.
    pub big: bool,
    /// Each element says its type.
    pub explicit: bool,
}

impl Coding {
    /// The coding of file meta information.
    pub const META: Coding = Coding { big: false, explicit: true };
    const PLAIN: Coding = Coding { big: false, explicit: false };
}

/// An element: where its value lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Group and number.
    pub tag: Tag,
    /// Type, if it is written.
    pub vr: Option<VR>,
    /// First byte of the value.
    pub at: usize,
    /// Bytes of the value; `None` where it ends with a mark.
    pub len: Option<usize>,
    /// Coding of what is nested in it.
    coding: Coding,
}

const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);
/// Sequences deeper than this are refused.
const DEEPEST: usize = 32;

/// Tag, type, length, and where the value begins.
type Head = (Tag, Option<VR>, u32, usize);

/// Bytes with a coding: what the parser walks over.
pub struct Walker<'a> {
    /// All bytes that are there so far.
    pub bytes: &'a [u8],
    /// How they are written.
    pub coding: Coding,
}

impl Walker<'_> {
    fn word(&self, at: usize) -> Option<u16> {
        let b: [u8; 2] = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.coding.big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let b: [u8; 4] = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.coding.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
    }

    /// The element that begins at a place; `None` where the bytes end within its head.
    ///
    /// # Errors
    /// Its type is none that there is.
    pub fn element(&self, at: usize) -> Result<Option<Element>> {
        let Some((tag, vr, len, value)) = self.head(at)? else { return Ok(None) };
        let len = (len != u32::MAX).then_some(len as usize);
        // What is nested in an element of unknown type is in the plain coding.
        let plain = vr == Some(VR::UN);
        let coding = if plain { Coding::PLAIN } else { self.coding };
        Ok(Some(Element { tag, vr, at: value, len, coding }))
    }

    fn head(&self, at: usize) -> Result<Option<Head>> {
        let head = || Some((Tag(self.word(at)?, self.word(at + 2)?), self.long(at + 4)?));
        let Some((tag, len)) = head() else { return Ok(None) };
        if !self.coding.explicit || tag.0 == ITEM.0 {
            return Ok(Some((tag, None, len, at + 8)));
        }
        let letters = [self.bytes[at + 4], self.bytes[at + 5]];
        let Some(vr) = VR::from_binary(letters) else {
            let shown = String::from_utf8_lossy(&letters).escape_default().to_string();
            return Err(Error::format(format!("element {tag} has the type \"{shown}\", which does not exist")));
        };
        use VR::*;
        if !matches!(vr, OB | OD | OF | OL | OV | OW | SQ | SV | UC | UN | UR | UT | UV) {
            return Ok(self.word(at + 6).map(|len| (tag, Some(vr), u32::from(len), at + 8)));
        }
        Ok(self.long(at + 8).map(|len| (tag, Some(vr), len, at + 12)))
    }

    /// The place behind an element; `None` where the bytes end before that.
    ///
    /// # Errors
    /// What is nested in it is no sequence, or nested too deep.
    pub fn behind(&self, element: &Element) -> Result<Option<usize>> {
        self.behind_at(element, DEEPEST)
    }

    fn behind_at(&self, element: &Element, deep: usize) -> Result<Option<usize>> {
        if let Some(len) = element.len {
            return Ok(element.at.checked_add(len).filter(|end| *end <= self.bytes.len()));
        }
        let inner = Walker { bytes: self.bytes, coding: element.coding };
        let mut at = element.at;
        loop {
            let Some(item) = inner.element(at)? else { return Ok(None) };
            match item.tag {
                SEQUENCE_END => return Ok(Some(item.at)),
                ITEM => match inner.behind_item(&item, deep)? {
                    Some(next) => at = next,
                    None => return Ok(None),
                },
                tag => return Err(no_item(tag)),
            }
        }
    }

    fn behind_item(&self, item: &Element, deep: usize) -> Result<Option<usize>> {
        if let Some(len) = item.len {
            return Ok(item.at.checked_add(len).filter(|end| *end <= self.bytes.len()));
        }
        let deep = deep.checked_sub(1).ok_or_else(|| Error::format("sequences nested too deep"))?;
        let mut at = item.at;
        loop {
            let Some(element) = self.element(at)? else { return Ok(None) };
            if element.tag == ITEM_END {
                return Ok(Some(element.at));
            }
            match self.behind_at(&element, deep)? {
                Some(next) => at = next,
                None => return Ok(None),
            }
        }
    }
}

fn no_item(tag: Tag) -> Error {
    Error::format(format!("element {tag} where an item of a sequence is expected"))
}

/// Elements of a file, or of an item of a sequence.
#[derive(Clone, Debug)]
pub struct Set {
    bytes: Arc<Vec<u8>>,
    elements: Vec<Element>,
    coding: Coding,
}

impl Set {
    /// Elements that were found in these bytes.
    pub fn new(bytes: Arc<Vec<u8>>, elements: Vec<Element>, coding: Coding) -> Self {
        Set { bytes, elements, coding }
    }

    /// A set without elements.
    pub fn empty() -> Self {
        Set { bytes: Arc::default(), elements: vec![], coding: Coding::META }
    }

    /// Bytes of memory that it takes.
    pub fn memory(&self) -> u64 {
        (self.bytes.len() + self.elements.len() * size_of::<Element>()) as u64
    }

    /// The element of this tag.
    pub fn element(&self, tag: Tag) -> Option<&Element> {
        self.elements.iter().find(|e| e.tag == tag)
    }

    /// The bytes of a value; nothing if it is absent or empty.
    pub fn bytes(&self, tag: Tag) -> Option<&[u8]> {
        let e = self.element(tag)?;
        self.bytes.get(e.at..e.at.checked_add(e.len?)?).filter(|b| !b.is_empty())
    }

    /// The first text of a value without padding; nothing if it is absent or empty.
    pub fn text(&self, tag: Tag) -> Option<String> {
        self.texts(tag).into_iter().next().filter(|t| !t.is_empty())
    }

    /// All texts of a value, parted by backslashes.
    pub fn texts(&self, tag: Tag) -> Vec<String> {
        let Some(bytes) = self.bytes(tag) else { return vec![] };
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_string(),
            Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
        };
        text.split('\\').map(|t| t.trim_matches([' ', '\0', '\t', '\r', '\n']).to_string()).collect()
    }

    /// The first number of a value; nothing if it is absent, empty or no number.
    pub fn number(&self, tag: Tag) -> Option<f64> {
        self.numbers(tag).into_iter().next()
    }

    /// The first number, if it is whole.
    pub fn whole(&self, tag: Tag) -> Option<i64> {
        self.number(tag).filter(|v| v.trunc() == *v && v.abs() < 9e15).map(|v| v as i64)
    }

    /// All numbers of a value, up to the first that is none.
    pub fn numbers(&self, tag: Tag) -> Vec<f64> {
        let Some(bytes) = self.bytes(tag) else { return vec![] };
        let vr = self.element(tag).and_then(|e| e.vr).filter(|vr| *vr != VR::UN).or_else(|| usual(tag));
        let big = self.coding.big;
        match vr {
            Some(VR::US) => fixed(bytes, big, |b| f64::from(u16::from_le_bytes(b))),
            Some(VR::SS) => fixed(bytes, big, |b| f64::from(i16::from_le_bytes(b))),
            Some(VR::UL) => fixed(bytes, big, |b| f64::from(u32::from_le_bytes(b))),
            Some(VR::SL) => fixed(bytes, big, |b| f64::from(i32::from_le_bytes(b))),
            Some(VR::FL) => fixed(bytes, big, |b| f64::from(f32::from_le_bytes(b))),
            Some(VR::FD) => fixed(bytes, big, f64::from_le_bytes),
            _ => self.texts(tag).iter().map_while(|t| t.parse().ok()).filter(|v: &f64| v.is_finite()).collect(),
        }
    }

    /// Exactly `N` numbers.
    pub fn vector<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.numbers(tag).try_into().ok()
    }

    /// The items of a sequence; none if it is absent.
    ///
    /// # Errors
    /// The sequence is damaged.
    pub fn items(&self, tag: Tag) -> Result<Vec<Set>> {
        let Some(element) = self.element(tag) else { return Ok(vec![]) };
        let whole = Walker { bytes: &self.bytes, coding: element.coding };
        let cut = || Error::format(format!("the sequence {tag} is cut off"));
        let end = match element.len {
            Some(len) => element.at.checked_add(len).filter(|e| *e <= self.bytes.len()).ok_or_else(cut)?,
            None => whole.behind(element)?.ok_or_else(cut)?,
        };
        let walker = Walker { bytes: &self.bytes[..end], coding: element.coding };
        let (mut at, mut items) = (element.at, Vec::new());
        while let Some(item) = walker.element(at)? {
            match item.tag {
                ITEM => {}
                SEQUENCE_END => break,
                tag => return Err(no_item(tag)),
            }
            let next = walker.behind_item(&item, DEEPEST)?.ok_or_else(cut)?;
            items.push(self.item(item.at..next, element.coding)?);
            at = next;
        }
        Ok(items)
    }

    fn item(&self, range: Range<usize>, coding: Coding) -> Result<Set> {
        let walker = Walker { bytes: &self.bytes[..range.end], coding };
        let (mut at, mut elements) = (range.start, Vec::new());
        while let Some(element) = walker.element(at)? {
            if element.tag == ITEM_END {
                break;
            }
            let next = walker.behind(&element)?;
            at = next.ok_or_else(|| Error::format(format!("element {} reaches beyond its item", element.tag)))?;
            elements.push(element);
        }
        Ok(Set { bytes: Arc::clone(&self.bytes), elements, coding })
    }

    /// The first item of a sequence.
    ///
    /// # Errors
    /// The sequence is damaged.
    pub fn item_of(&self, tag: Tag) -> Result<Option<Set>> {
        Ok(self.items(tag)?.into_iter().next())
    }

    /// The tag of a private element: its number within the block that `creator` has taken in this group.
    pub fn private(&self, group: u16, creator: &str, number: u8) -> Option<Tag> {
        let taken = |e: &&Element| e.tag.0 == group && (0x10..=0xff).contains(&e.tag.1);
        let block = self.elements.iter().filter(taken).find(|e| self.text(e.tag).as_deref() == Some(creator))?;
        Some(Tag(group, block.tag.1 << 8 | u16::from(number)))
    }
}

/// The type of an element in the standard's dictionary.
fn usual(tag: Tag) -> Option<VR> {
    StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed())
}

fn fixed<const N: usize>(bytes: &[u8], big: bool, number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let one = |chunk: &[u8]| {
        let mut b: [u8; N] = chunk.try_into().ok()?;
        if big {
            b.reverse();
        }
        Some(number(b))
    };
    bytes.chunks_exact(N).map_while(one).filter(|v| v.is_finite()).collect()
}

//! TIFF files written tag by tag, for tags that no encoder knows.

#![allow(dead_code, reason = "each room uses its own part")]

use crate::common::seeds;

/// A tag: number, type (1 byte, 2 text, 3 short, 4 long, 5 fraction), count, bytes.
pub type Tag = (u16, u16, u32, Vec<u8>);

pub fn text(tag: u16, text: &str) -> Tag {
    if tag == 270 {
        seeds::keep("description", text.as_bytes());
    }
    let bytes = [text.as_bytes(), b"\0"].concat();
    (tag, 2, bytes.len() as u32, bytes)
}

pub fn bytes(tag: u16, bytes: Vec<u8>) -> Tag {
    (tag, 1, bytes.len() as u32, bytes)
}

pub fn short(tag: u16, v: u16) -> Tag {
    (tag, 3, 1, v.to_le_bytes().into())
}

pub fn long(tag: u16, v: u32) -> Tag {
    (tag, 4, 1, v.to_le_bytes().into())
}

/// Numbers of 4 bytes under a tag that counts them otherwise.
pub fn longs(tag: u16, kind: u16, count: u32, values: &[u32]) -> Tag {
    (tag, kind, count, values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

/// A page of 16-bit grey.
#[derive(Clone)]
pub struct Page {
    pub height: u32,
    pub width: u32,
    /// All planes that lie behind one another.
    pub samples: Vec<u16>,
    /// In the place of, or beside, the usual ones.
    pub tags: Vec<Tag>,
}

impl Page {
    /// 4 rows of 5 columns that count from a number on.
    pub fn from(first: u16, tags: Vec<Tag>) -> Self {
        Page { height: 4, width: 5, samples: (0..20).map(|i| first + i).collect(), tags }
    }
}

/// Little-endian, one strip a page.
pub fn file(pages: &[Page]) -> Vec<u8> {
    let mut out = b"II*\0\0\0\0\0".to_vec();
    let mut link = 4;
    for page in pages {
        let at = out.len() as u32;
        out.extend(page.samples.iter().flat_map(|s| s.to_le_bytes()));
        let mut tags =
            vec![long(256, page.width), long(257, page.height), short(258, 16), short(259, 1), short(262, 1)];
        tags.extend([long(273, at), short(277, 1), long(278, page.height), long(279, page.width * page.height * 2)]);
        tags.retain(|t| page.tags.iter().all(|own| own.0 != t.0));
        tags.extend(page.tags.iter().cloned());
        tags.sort_by_key(|t| t.0);
        let mut entries = (tags.len() as u16).to_le_bytes().to_vec();
        for (tag, kind, count, bytes) in &tags {
            entries.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            entries.extend(count.to_le_bytes());
            let mut value = bytes.clone();
            if bytes.len() > 4 {
                value = (out.len() as u32).to_le_bytes().into();
                out.extend(bytes);
            }
            value.resize(4, 0);
            entries.extend(value);
        }
        let directory = (out.len() as u32).to_le_bytes();
        out[link..link + 4].copy_from_slice(&directory);
        link = out.len() + entries.len();
        out.extend(entries);
        out.extend([0; 4]);
    }
    seeds::keep("tiff", &out);
    out
}

//! What programs write about their pages: which are slices, which channels, which time points.
//!
//! A dialect is one room and one line in [`DIALECTS`]. Some are read ([`metamorph`], [`scanimage`], [`lsm`], ...); of some the
//! words about several pages are not understood, and the recipe has to say what they are ([`known`]); some are refused by name,
//! since their first page would be a wrong or a small part of the image ([`known`]). What nobody has signed is [`plain`].
//! After the readers of tifffile and Bio-Formats, which know these programs by the same marks.

mod channels;
mod fluoview;
mod known;
mod lsm;
mod metamorph;
mod micromanager;
mod placed;
mod scanimage;
mod slides;
mod stk;

use super::directory::Entry;
use super::file::File;
use super::page::Page;
use crate::read::layout::{Layout, Sizes};
use crate::read::{Options, imagej, resolution, shaped};
use crate::{Error, Result};

/// What a dialect is known by and read from.
pub struct Head<'a> {
    /// The file, with the pages that are like its first one.
    pub file: &'a File<'a>,
    /// The description of its first page.
    pub text: &'a str,
    /// The program that says it wrote it.
    pub software: String,
    /// How to read.
    pub options: &'a Options,
}

/// Bytes of a text that are looked at, but for descriptions.
const MOST_TEXT: u64 = 1 << 22;

impl Head<'_> {
    /// Number of pages.
    fn pages(&self) -> usize {
        self.file.pages.len()
    }

    /// The first page.
    fn first(&self) -> Result<&Page> {
        self.file.pages.first().ok_or_else(|| Error::format("no page in the file"))
    }

    /// A tag of the first directory.
    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.file.directory.get(tag)
    }

    fn has(&self, tag: u16) -> bool {
        self.entry(tag).is_some()
    }

    /// The text of a tag of the first directory, up to 4 MiB of it; empty if there is none.
    fn text_of(&self, tag: u16) -> String {
        let text = self.entry(tag).and_then(|e| self.file.tiff.beginning(e, MOST_TEXT).ok());
        text.map(|bytes| super::directory::text(&bytes)).unwrap_or_default()
    }

    /// Up to so many bytes of a tag of the first directory.
    fn bytes(&self, tag: u16, most: u64) -> Result<Vec<u8>> {
        self.entry(tag).map_or_else(|| Ok(vec![]), |e| self.file.tiff.beginning(e, most))
    }

    /// The description of each page.
    fn descriptions(&self) -> Result<Vec<String>> {
        let text = |p: &Page| p.description.as_ref().map(|d| self.file.tiff.text(d)).transpose();
        self.file.pages.iter().map(|p| Ok(text(p)?.unwrap_or_default())).collect()
    }
}

/// A program, or a family of them.
struct Dialect {
    /// As it stands in the facts and in messages.
    name: &'static str,
    detect: fn(&Head) -> bool,
    layout: fn(&Head, &'static str) -> Result<Layout>,
}

/// In the order in which they are tried: those that say more go first.
const DIALECTS: &[&[Dialect]] = &[
    known::DEEP,
    &[
        Dialect { name: "Micro-Manager TIFF", detect: micromanager::is, layout: micromanager::layout },
        Dialect { name: "Zeiss LSM", detect: |h| h.has(lsm::INFO), layout: lsm::layout },
        Dialect { name: "MetaMorph STK", detect: |h| h.has(stk::UIC2), layout: stk::layout },
        Dialect { name: "Olympus FluoView TIFF", detect: |h| h.has(fluoview::HEAD), layout: fluoview::layout },
        Dialect { name: "ImageJ TIFF", detect: |h| imagej::is(h.text), layout: imagej_layout },
        Dialect { name: "TIFF", detect: |h| shaped::is(h.text), layout: shaped_layout },
        Dialect { name: "MetaMorph TIFF", detect: metamorph::is, layout: metamorph::layout },
        Dialect { name: "ScanImage TIFF", detect: scanimage::is, layout: scanimage::layout },
        Dialect { name: "PerkinElmer QPTIFF", detect: channels::is_qptiff, layout: channels::qptiff },
        Dialect { name: "MIBI TIFF", detect: channels::is_mibi, layout: channels::mibi },
        Dialect { name: "Aperio SVS", detect: |h| h.text.starts_with("Aperio "), layout: slides::svs },
        Dialect { name: "Hamamatsu NDPI", detect: |h| h.has(slides::NDPI), layout: slides::ndpi },
    ],
    known::REFUSED,
    known::ASKED,
    &[Dialect { name: "TIFF", detect: |_| true, layout: |head, _| plain(head) }],
];

/// What the pages of a file are that is no OME-TIFF.
///
/// # Errors
/// The pages do not fit what the program says, it says so in words that are not read, or there are several time points.
pub fn layout(file: &File, text: &str, options: &Options) -> Result<Layout> {
    let mut head = Head { file, text, software: String::new(), options };
    head.software = head.text_of(SOFTWARE);
    let dialect = DIALECTS.iter().copied().flatten().find(|d| (d.detect)(&head));
    let dialect = dialect.ok_or_else(|| Error::format("no page in the file"))?;
    let layout = (dialect.layout)(&head, dialect.name)?;
    Ok(Layout { format: dialect.name, ..layout })
}

const SOFTWARE: u16 = 305;

/// Pages that nothing is said about.
fn plain(head: &Head) -> Result<Layout> {
    let mut warnings = Vec::new();
    let sizes = Sizes::of_pages(head.pages(), head.options, &mut warnings);
    sizes.planes()?;
    Ok(Layout {
        planes: sizes.pages("ZCT", sizes.time_point(head.options, &mut warnings)?),
        slices: sizes.z,
        stated: resolution::calibration(head.first()?.resolution, sizes.z),
        warnings,
        ..Layout::default()
    })
}

fn imagej_layout(head: &Head, _: &'static str) -> Result<Layout> {
    let page = head.first()?;
    let per_unit = page.resolution.map(|(x, y, _)| (x, y));
    imagej::layout(head.text, head.pages(), page.samples, per_unit, head.options)
}

fn shaped_layout(head: &Head, _: &'static str) -> Result<Layout> {
    let page = head.first()?;
    let plane = [page.height, page.width, page.samples];
    let layout = shaped::layout(head.text, head.pages(), plane, page.planar, head.options)?;
    // tifffile writes the tags as they are given to it, for a single plane.
    let stated = resolution::calibration(page.resolution, layout.slices);
    Ok(Layout { stated, ..layout })
}

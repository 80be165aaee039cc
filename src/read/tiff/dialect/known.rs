//! Programs that are known by name, but whose words about several pages are not read.
//!
//! Two lists. Files of [`ASKED`] are read where they have one page, or where the recipe says what their pages are. Files of
//! [`REFUSED`] are not read at all: their tiles overlap or are left out, their values are coded, or their first page is only a
//! part of the image.

use super::{Dialect, Head, plain};
use crate::read::Pages;
use crate::read::layout::Layout;
use crate::{Error, Result};

/// The way out for slides.
pub const SLIDE: &str = "the region of interest as OME-TIFF, for example from QuPath, Fiji or bfconvert";
const COPY: &str = "a copy as OME-TIFF, for example with Fiji or bfconvert";

const MAKER: u16 = 271;
const DOCUMENT: u16 = 269;
const XMP: u16 = 700;

/// Reads a file of one page, or of pages that the recipe says something about.
///
/// # Errors
/// There are several pages, and nothing says what they are.
pub fn ask(head: &Head, name: &'static str) -> Result<Layout> {
    if head.pages() > 1 && head.options.pages == Pages::Unsaid {
        let what = format!("{name} with {} pages; what they are is written in a way that is not read", head.pages());
        return Err(Error::unsupported(what)
            .remedy("--set files.pages=z if they are slices, c if they are channels, t if they are time points"));
    }
    plain(head)
}

fn slide(_: &Head, name: &'static str) -> Result<Layout> {
    Err(Error::unsupported(format!("{name} is not read")).remedy(SLIDE))
}

fn other(_: &Head, name: &'static str) -> Result<Layout> {
    Err(Error::unsupported(format!("{name} is not read")).remedy(COPY))
}

fn is_ventana(head: &Head) -> bool {
    let labels = ["Label Image", "Label_Image", "Probability_Image"];
    head.has(XMP)
        && (head.software.contains("Ventana")
            || head.software.starts_with("ScanOutputManager")
            || labels.contains(&head.text.trim()))
}

/// Molecular Dynamics GEL: codes 2 (square roots) and 128 (a scale) of the tag.
fn is_coded_gel(head: &Head) -> bool {
    let code = head.entry(33445).and_then(|e| head.file.tiff.numbers(e, 1).ok());
    code.is_some_and(|c| matches!(c.as_slice(), [2] | [128]))
}

/// Is a number of the first page above 1?
fn is_deep(head: &Head, tag: u16) -> bool {
    head.entry(tag).and_then(|e| head.file.tiff.numbers(e, 1).ok()).is_some_and(|n| n.first().is_some_and(|n| *n > 1))
}

/// Not read whatever else the file says: slices lie in one page, and descriptions count them as pages.
pub const DEEP: &[Dialect] =
    &[Dialect { name: "TIFF with an image depth (SGI)", detect: |h| is_deep(h, 32997), layout: other }];

/// Not read at all.
pub const REFUSED: &[Dialect] = &[
    Dialect { name: "Leica SCN", detect: |h| h.text.trim_end().ends_with("</scn>"), layout: slide },
    Dialect { name: "Ventana BIF", detect: is_ventana, layout: slide },
    Dialect { name: "Philips TIFF", detect: |h| h.software.starts_with("Philips DP"), layout: slide },
    Dialect { name: "Trestle TIFF", detect: |h| h.software.starts_with("MedScan"), layout: slide },
    Dialect { name: "Indica Labs TIFF", detect: |h| h.software.starts_with("IndicaLabsImageWriter"), layout: slide },
    Dialect { name: "Argos AVS", detect: |h| h.text_of(65000).starts_with("<Argos"), layout: slide },
    Dialect { name: "PerkinElmer Opera Flex", detect: |h| h.has(65200), layout: other },
    Dialect { name: "Molecular Dynamics GEL with coded values", detect: is_coded_gel, layout: other },
    Dialect {
        name: "an electron event recording (EER)",
        detect: |h| h.text_of(65001).starts_with("<metadata>"),
        layout: other,
    },
    Dialect { name: "a raw file of a camera (DNG)", detect: |h| h.has(50706), layout: other },
];

/// Read where nothing is in doubt.
pub const ASKED: &[Dialect] = &[
    Dialect { name: "Olympus SIS TIFF", detect: |h| h.has(33560) || h.has(33471), layout: ask },
    Dialect { name: "Andor TIFF", detect: |h| h.has(4864), layout: ask },
    Dialect { name: "Agilent TIFF", detect: |h| h.has(37701), layout: ask },
    Dialect { name: "Media Cybernetics TIFF", detect: |h| h.text_of(50288).starts_with("MC TIFF"), layout: ask },
    Dialect { name: "ISS Vista TIFF", detect: |h| h.software == "ISS Vista", layout: ask },
    Dialect { name: "Nikon NIS-Elements TIFF", detect: |h| h.has(65332) || h.has(65333), layout: ask },
    Dialect { name: "Nikon EZ-C1 TIFF", detect: |h| h.software.contains("EZ-C1"), layout: ask },
    Dialect { name: "Leica TCS TIFF", detect: is_leica_tcs, layout: ask },
    Dialect { name: "3i SlideBook TIFF", detect: |h| h.software.starts_with("SlideBook"), layout: ask },
    Dialect { name: "Improvision TIFF", detect: |h| h.text.trim_start().starts_with("Improvision"), layout: ask },
    Dialect {
        name: "SimplePCI TIFF",
        detect: |h| h.text.trim_start().starts_with("Created by Hamamatsu"),
        layout: ask,
    },
    Dialect { name: "Hamamatsu TIFF", detect: is_hamamatsu, layout: ask },
    Dialect {
        name: "Imaris TIFF",
        detect: |h| h.text.contains("[ImageDescription]") || h.text.contains("ImarisTiff"),
        layout: ask,
    },
    Dialect { name: "Prairie TIFF", detect: |h| h.software.starts_with("Prairie"), layout: ask },
    Dialect { name: "FEI TIFF", detect: |h| h.has(34680) || h.has(34682), layout: ask },
    Dialect { name: "Zeiss SEM TIFF", detect: |h| h.has(34118), layout: ask },
    Dialect { name: "TVIPS TIFF", detect: |h| h.has(37706), layout: ask },
    Dialect { name: "Nuvu TIFF", detect: |h| h.text_of(65000).starts_with("Field '65001' is "), layout: ask },
    Dialect { name: "EPICS areaDetector TIFF", detect: is_epics, layout: ask },
    Dialect { name: "Pilatus TIFF", detect: |h| h.software.starts_with("TVX TIFF"), layout: ask },
    Dialect { name: "NIH Image TIFF", detect: |h| h.has(43314), layout: ask },
    Dialect { name: "AstroTIFF", detect: |h| h.text.starts_with("SIMPLE "), layout: ask },
    Dialect { name: "GeoTIFF", detect: |h| h.has(34735) || h.has(42112), layout: ask },
];

fn is_leica_tcs(head: &Head) -> bool {
    head.software.contains("TCS") || head.text_of(DOCUMENT).starts_with("CHANNEL")
}

fn is_hamamatsu(head: &Head) -> bool {
    let streak = head.text.starts_with('[') && head.text.get(1..32).is_some_and(|t| t.contains("],"));
    streak || head.text_of(MAKER).starts_with("Hamamatsu")
}

fn is_epics(head: &Head) -> bool {
    [head.text, head.software.as_str()].contains(&"EPICS areaDetector")
}

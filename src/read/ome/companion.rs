//! OME-XML in a file of its own (`name.companion.ome`): a description whose planes lie in TIFF files beside it.

use super::files;
use super::metadata::{self, Metadata};
use super::xml::{child, images, parse};
use crate::image::Scan;
use crate::read::{Extent, Format, Input, Options, Source, tiff};
use crate::{Error, Result};
use std::path::PathBuf;

/// Companion files.
pub const FORMAT: Format =
    Format { name: "OME-XML companion", is_scan: false, extensions: &["ome"], detect, examine, read };

fn detect(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let holds = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
    (text.starts_with(b"<?xml") || text.starts_with(b"<OME")) && (holds(b"<OME") || holds(b"OME-XML metadata"))
}

fn examine(input: &Input, options: &Options) -> Result<Extent> {
    let (member, metadata, options) = member(input, options)?;
    let source = Source::open(&member).map_err(|e| missing(e, &member))?;
    let input = Input { path: &member, source, on_disk: true };
    tiff::examine_as(&input, &options, metadata).map_err(|e| e.at(&member))
}

fn read(input: &Input, options: &Options) -> Result<Scan> {
    let (member, metadata, options) = member(input, options)?;
    let source = Source::open(&member).map_err(|e| missing(e, &member))?;
    let input = Input { path: &member, source, on_disk: true };
    tiff::read_as(&input, &options, metadata).map_err(|e| e.at(&member))
}

fn missing(e: Error, member: &PathBuf) -> Error {
    Error { what: format!("a file of the OME-TIFF set: {}", e.what), ..e }.at(member)
}

/// The first file of the image, which is read with the companion's description.
fn member(input: &Input, options: &Options) -> Result<(PathBuf, Metadata, Options)> {
    if !input.on_disk {
        return Err(Error::usage("OME-XML whose planes lie in other files").remedy("its path instead of its bytes"));
    }
    let xml = metadata::xml(&input.source, options)?;
    let document = parse(&xml)?;
    let images = images(&document);
    let series = options.series.unwrap_or(0);
    let none = || Error::usage(format!("image {series} of OME-XML with {}", images.len()));
    let image = images.get(series).ok_or_else(none)?;
    let pixels = child(*image, "Pixels").ok_or_else(|| Error::format("OME-XML: an image without Pixels"))?;
    if child(pixels, "BinData").is_some() {
        return Err(Error::unsupported("OME-XML that holds its pixels itself is not read")
            .remedy("a conversion to OME-TIFF, for example with Fiji or bfconvert"));
    }
    let named = files::of_images(&images).into_iter().nth(series).unwrap_or_default();
    let first = named.iter().map(|n| n.name.as_str()).find(|n| !n.is_empty());
    let first = first.ok_or_else(|| Error::format("OME-XML: no file is named that planes lie in"))?;
    let member = input.path.with_file_name(first);
    let mut warnings = Vec::new();
    if images.len() > 1 && options.series.is_none() {
        warnings.push(format!("the companion describes {} images; the first was read", images.len()));
    }
    let metadata = Metadata { xml: xml.clone(), uuid: None, file: Some(input.path.to_path_buf()), warnings };
    Ok((member, metadata, Options { series: Some(series), ..options.clone() }))
}

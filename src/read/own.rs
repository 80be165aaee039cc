//! Files that a run of this program has written: no images to measure, should they lie among some.
//!
//! Label images, derived images and overlays carry a mark that says so, and nothing else does: images that went through the same writer, such
//! as the samples, have none. Label images of versions before the mark are known by their place, the folder `labels`, beside
//! what their writer says; overlays of those versions are not known.

use super::{HEAD_BYTES, Source, nifti, raster, tiff};
use std::path::Path;

/// Who wrote an OME-TIFF, as its XML says it.
const CREATOR: &str = "Creator=\"uptake\"";
/// Namespace of the annotation in the OME-XML of a label image or derived image.
pub const NAMESPACE: &str = "uptake/label-image";
/// How the annotation of a derived image begins.
pub const DERIVED: &str = "a derived image";
/// The text chunk `Software` of an overlay.
pub const OVERLAY: &str = "uptake overlay";
/// How the description of a NIfTI label image or derived image begins.
pub const NIFTI: &str = "uptake: ";
/// Intent of a NIfTI label image (NIFTI_INTENT_LABEL).
pub const NIFTI_LABEL: i16 = 1002;

/// Descriptions longer than this are not those of our own label images.
const MOST_DESCRIPTION: u64 = 1 << 16;

/// What a file is to this program, if it is the result of a run: `a label image`, `a derived image`, `an overlay`.
pub fn written_by_us(path: &Path) -> Option<&'static str> {
    let source = Source::open(path).ok()?;
    let head = source.head(HEAD_BYTES).ok()?;
    if (tiff::FORMAT.detect)(&head) {
        let xml = tiff::description(&source, MOST_DESCRIPTION).ok().flatten()?;
        let is_ours = xml.contains(CREATOR) && (is_marked(&xml) || is_older(&xml, path));
        let what = if xml.contains(DERIVED) { "a derived image" } else { "a label image" };
        return is_ours.then_some(what);
    }
    if (raster::PNG.detect)(&head) {
        return (png_text(&source, "Software").as_deref() == Some(OVERLAY)).then_some("an overlay");
    }
    let (description, intent) = nifti::description(&source)?;
    let what = if intent == i32::from(NIFTI_LABEL) { "a label image" } else { "a derived image" };
    description.starts_with(NIFTI).then_some(what)
}

fn is_marked(xml: &str) -> bool {
    xml.contains(&format!(" Namespace=\"{NAMESPACE}\""))
}

/// One channel, called as the image and as the end of the file's name, in a folder of labels.
fn is_older(xml: &str, path: &Path) -> bool {
    let folders = path.parent().into_iter().flat_map(Path::components);
    let between = |from: &str| xml.split_once(from)?.1.split_once('"').map(|v| v.0);
    let (image, channel) = (between("<Image ID=\"Image:0\" Name=\""), between("<Channel ID=\"Channel:0:0\" Name=\""));
    let stem = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    image.is_some()
        && image == channel
        && !xml.contains("Channel:0:1")
        && folders.into_iter().any(|f| f.as_os_str() == "labels")
        && image.is_some_and(|set| stem.ends_with(&format!("_{set}.ome.tif")))
}

/// A text chunk that stands before the pixels of a PNG, among its first bytes.
fn png_text(source: &Source, keyword: &str) -> Option<String> {
    const MOST: usize = 4096;
    let bytes = source.head(MOST).ok()?;
    let mut at = 8usize;
    loop {
        let head: [u8; 8] = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
        let (len, kind) = head.split_at(4);
        let len = u32::from_be_bytes(len.try_into().ok()?) as usize;
        let data = bytes.get(at + 8..(at + 8).checked_add(len)?)?;
        if kind == b"IDAT" {
            return None;
        }
        if kind == b"tEXt"
            && let Some(text) = data.strip_prefix(keyword.as_bytes()).and_then(|rest| rest.strip_prefix(&[0]))
        {
            return Some(text.iter().map(|b| char::from(*b)).collect());
        }
        at = (at + 12).checked_add(len)?;
    }
}

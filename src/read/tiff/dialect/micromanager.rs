//! Micro-Manager without OME-XML: each page carries its place as JSON in a private tag.

use super::Head;
use super::placed::{self, Key};
use crate::read::layout::Layout;
use crate::read::resolution;
use crate::{Error, Result};
use serde_json::Value;
use std::collections::BTreeSet;

/// Does the first page carry its place?
pub fn is(head: &Head) -> bool {
    head.file.pages.first().is_some_and(|p| p.micro_manager.is_some())
}

/// Makes the layout.
///
/// # Errors
/// Pages are without their place or do not fill a grid, or are of several time points or positions.
pub fn layout(head: &Head, name: &'static str) -> Result<Layout> {
    let bad = |what: String| Error::format(format!("{name}: {what}"));
    let page = |(n, p): (usize, &crate::read::tiff::page::Page)| {
        let entry = p.micro_manager.as_ref().ok_or_else(|| bad(format!("page {n} does not say what it is")))?;
        let text = head.file.tiff.text(entry)?;
        serde_json::from_str::<Value>(&text).map_err(|e| bad(format!("page {n}: {e}")))
    };
    let pages = head.file.pages.iter().enumerate().map(page).collect::<Result<Vec<Value>>>()?;
    let number = |p: &Value, keys: &[&str]| keys.iter().find_map(|k| p.get(k)?.as_f64());
    let index = |p: &Value, keys: &[&str]| number(p, keys).unwrap_or(0.0) as i64;
    let positions: BTreeSet<i64> = pages.iter().map(|p| index(p, &["PositionIndex", "Position"])).collect();
    if positions.len() > 1 {
        let what = format!("{name} with {} positions", positions.len());
        return Err(Error::unsupported(what).remedy("one file a position, or an OME-TIFF"));
    }
    let known = ["ChannelIndex", "SliceIndex", "FrameIndex"];
    if pages.len() > 1 && !pages.iter().all(|p| known.iter().any(|k| p.get(k).is_some())) {
        return Err(bad("its pages do not say what they are".into())
            .remedy("a copy as OME-TIFF, for example with Fiji or bfconvert"));
    }
    let text = |p: &Value, key: &str| p.get(key).and_then(Value::as_str).map(String::from);
    let key = |p: &Value| Key {
        channel: index(p, &["ChannelIndex"]).to_string(),
        slice: index(p, &["SliceIndex", "Slice"]),
        um: number(p, &["ZPositionUm"]),
    };
    let placed = placed::place(&pages.iter().map(key).collect::<Vec<_>>());
    let placed = placed.map_err(|e| Error { what: format!("{name}: {}", e.what), ..e })?;
    let mut layout = placed.layout(head.options)?;
    let of = |channel: &String| pages.iter().find(|p| key(p).channel == *channel).and_then(|p| text(p, "Channel"));
    layout.names = placed.channels.iter().map(of).collect();
    let size = pages.first().and_then(|p| number(p, &["PixelSizeUm"])).filter(|v| *v != 0.0);
    if size.is_some() {
        // Heights that are uneven are no sign of times here: the slices are counted.
        let step = placed.step().ok().flatten();
        layout.stated = resolution::stated([step, size, size], layout.slices);
    }
    Ok(layout)
}

//! Programs that write a page a channel and name each: PerkinElmer and Akoya (QPTIFF), Ionpath (MIBI).

use super::Head;
use crate::Result;
use crate::read::layout::{Layout, Sizes};
use crate::read::resolution;

/// Is it a QPTIFF?
pub fn is_qptiff(head: &Head) -> bool {
    head.software.starts_with("PerkinElmer-QPI") || head.text.contains("<PerkinElmer-QPI-ImageDescription>")
}

/// Is it by Ionpath?
pub fn is_mibi(head: &Head) -> bool {
    head.software.starts_with("IonpathMIBI")
}

/// The element `Name` of each page.
pub fn qptiff(head: &Head, _: &'static str) -> Result<Layout> {
    let name = |xml: &str| Some(xml.split_once("<Name>")?.1.split_once("</Name>")?.0.trim().to_string());
    layout(head, name)
}

/// The key `channel.target` of each page.
pub fn mibi(head: &Head, _: &'static str) -> Result<Layout> {
    let name = |json: &str| {
        let page: serde_json::Value = serde_json::from_str(json).ok()?;
        page.get("channel.target").and_then(serde_json::Value::as_str).map(String::from)
    };
    layout(head, name)
}

fn layout(head: &Head, name: impl Fn(&str) -> Option<String>) -> Result<Layout> {
    let sizes = Sizes { c: head.pages(), z: 1, t: 1 };
    sizes.planes()?;
    let names = head.descriptions()?.iter().map(|d| name(d)).collect();
    let stated = resolution::calibration(head.first()?.resolution, 1);
    let planes = sizes.pages("CZT", sizes.time(head.options)?);
    Ok(Layout { planes, slices: 1, names, stated, ..Layout::default() })
}

//! MetaMorph and MetaXpress: XML in the description of each page, with the wavelength and the height of its plane.
//!
//! `<prop id="..." value="..."/>` below `MetaData` and `PlaneInfo`: `wavelength`, `_IllumSetting_` (a name for it), `z-position`,
//! `stage-label`, `spatial-calibration-state`, `-x`, `-y` and `-units`.

use super::Head;
use super::placed::{self, Key};
use crate::read::imagej::micrometres;
use crate::read::layout::Layout;
use crate::read::resolution::{self, Stated};
use crate::{Error, Result};
use std::collections::{BTreeSet, HashMap};

/// Is it by MetaMorph?
pub fn is(head: &Head) -> bool {
    head.text.trim_start().starts_with("<MetaData>")
}

type Properties = HashMap<String, String>;

fn properties(xml: &str) -> Result<Properties> {
    let bad = |e| Error::format(format!("MetaMorph XML: {e}"));
    let document = roxmltree::Document::parse(xml.trim()).map_err(bad)?;
    let props = document.descendants().filter(|n| n.has_tag_name("prop"));
    Ok(props.filter_map(|p| Some((p.attribute("id")?.into(), p.attribute("value")?.into()))).collect())
}

/// Makes the layout.
///
/// # Errors
/// Pages are without XML or do not fill a grid, or are of several time points or places.
pub fn layout(head: &Head, name: &'static str) -> Result<Layout> {
    let pages = head.descriptions()?.iter().map(|xml| properties(xml)).collect::<Result<Vec<_>>>()?;
    let places: BTreeSet<&str> = pages.iter().filter_map(|p| p.get("stage-label")).map(String::as_str).collect();
    if places.len() > 1 {
        let what = format!("{name} with {} places of the stage", places.len());
        return Err(Error::unsupported(what).remedy("one file a place, for example with Fiji or bfconvert"));
    }
    let number = |p: &Properties, id: &str| p.get(id).and_then(|v| v.trim().parse::<f64>().ok());
    let channel = |p: &Properties| match (p.get("_IllumSetting_"), number(p, "wavelength")) {
        (Some(setting), _) if !setting.trim().is_empty() => setting.trim().to_string(),
        (_, Some(nm)) if nm > 0.0 => format!("{nm} nm"),
        _ => String::new(),
    };
    let keys: Vec<Key> = pages.iter().map(|p| Key::at(channel(p), number(p, "z-position"))).collect();
    let placed = placed::place(&keys).map_err(|e| Error { what: format!("{name}: {}", e.what), ..e })?;
    let mut layout = placed.layout(head.options)?;
    let step = placed.step()?;
    layout.names = placed.channels.iter().map(|c| Some(c.clone()).filter(|c| !c.is_empty())).collect();
    let first = pages.first().cloned().unwrap_or_default();
    let text = |id: &str| first.get(id).map(|v| v.trim()).unwrap_or_default();
    let sizes = (number(&first, "spatial-calibration-x"), number(&first, "spatial-calibration-y"));
    if text("spatial-calibration-state") == "off" || sizes == (None, None) {
        return Ok(layout);
    }
    let unit = text("spatial-calibration-units");
    match micrometres(unit) {
        Some(um) => {
            let [y, x] = [sizes.1, sizes.0].map(|v| v.map(|v| v * um));
            layout.stated = resolution::stated([step, y, x], layout.slices);
        }
        None if unit == "pixel" || unit == "pixels" => {}
        None => layout.stated = Stated::nothing(resolution::not_understood(unit)),
    }
    Ok(layout)
}

//! ScanImage: settings as `key = value` lines, in the tag `Software` (since 2016) or in the description.
//!
//! | | 2016 and later: `SI.`; before: `scanimage.SI.` | 4 and 5: `scanimage.SI5.` | 3: `state.acq.` |
//! |---|---|---|---|
//! | channels | `hChannels.channelSave` | `channelsSave` | `numberOfChannelsSave` |
//! | slices | `hStackManager.numSlices` (`actualNumSlices`) | `stackNumSlices` | `numberOfZSlices` |
//! | frames a slice | `hStackManager.framesPerSlice` | `acqNumFrames` | `numberOfFrames` |
//! | frames that were averaged | `hScan2D.logAverageFactor` | `acqNumAveragedFrames` | `averaging` (all of them) |
//! | step of slices, um | `hStackManager.stackZStepSize` | `stackZStepSize` | `zStepSize` |
//!
//! Pages lie in the order channel, frame, slice, volume. Their number decides: what does not fit is refused.

use super::Head;
use crate::read::layout::{Layout, Sizes};
use crate::read::resolution;
use crate::{Error, Result};
use std::collections::HashMap;

/// Is it by ScanImage?
pub fn is(head: &Head) -> bool {
    let in_text = ["state.", "scanimage.SI"].iter().any(|w| head.text.starts_with(w));
    in_text || head.software.starts_with("SI.") || head.text.contains("\nscanimage.SI")
}

/// The settings that count.
struct Settings<'a>(HashMap<&'a str, &'a str>);

impl<'a> Settings<'a> {
    fn of(text: &'a str) -> Self {
        let short = |key: &'a str| {
            let key = key.trim();
            let known = ["scanimage.SI.", "scanimage.SI5.", "scanimage.SI4.", "SI.", "state.acq."];
            known.iter().find_map(|p| key.strip_prefix(p)).unwrap_or(key)
        };
        Settings(
            text.split(['\n', '\r']).filter_map(|l| l.split_once('=')).map(|(k, v)| (short(k), v.trim())).collect(),
        )
    }

    fn text(&self, keys: &[&str]) -> Option<&'a str> {
        keys.iter().find_map(|k| self.0.get(k)).copied()
    }

    fn number(&self, keys: &[&str]) -> Option<f64> {
        self.text(keys)?.parse().ok()
    }

    /// A count of 1 at least; infinity and nothing are `None`.
    fn count(&self, keys: &[&str]) -> Option<usize> {
        self.number(keys).filter(|v| (1.0..1e6).contains(v)).map(|v| v as usize)
    }

    /// Numbers of the channels: `[1;2]`, `1`.
    fn channels(&self) -> Option<Vec<usize>> {
        let list = self.text(&["hChannels.channelSave", "channelsSave"])?;
        let list = list.trim_matches(['[', ']']).split([';', ' ', ',']).filter(|n| !n.is_empty());
        list.map(|n| n.parse().ok()).collect::<Option<Vec<usize>>>().filter(|c| !c.is_empty())
    }

    /// Names of all channels: `{'green';'red'}`.
    fn names(&self) -> Vec<String> {
        let list = self.text(&["hChannels.channelName", "channelName"]).unwrap_or_default();
        list.trim_matches(['{', '}']).split([';', ',']).map(|n| n.trim().trim_matches('\'').to_string()).collect()
    }
}

/// Makes the layout.
///
/// # Errors
/// The pages do not fit the settings, or are of several time points.
pub fn layout(head: &Head, name: &'static str) -> Result<Layout> {
    let text = if head.software.starts_with("SI.") { head.software.as_str() } else { head.text };
    let settings = Settings::of(text);
    let pages = head.pages();
    let refuse = |what: String| {
        let what = format!("{name} of {pages} pages, {what}");
        Err(Error::unsupported(what).remedy("a copy as OME-TIFF, for example with Fiji or tifffile.imwrite"))
    };
    let list = settings.channels();
    let c = list.as_ref().map(Vec::len).or_else(|| settings.count(&["numberOfChannelsSave"]));
    let Some(c) = c else { return refuse("which does not say how many channels it has".into()) };
    let off = settings.text(&["hStackManager.enable"]).is_some_and(|v| v == "false" || v == "0");
    let slices = ["hStackManager.actualNumSlices", "hStackManager.numSlices", "stackNumSlices", "numberOfZSlices"];
    let z = if off { 1 } else { settings.count(&slices).unwrap_or(1) };
    let frames = settings.count(&["hStackManager.framesPerSlice", "acqNumFrames", "numberOfFrames"]).unwrap_or(1);
    let averaged = match settings.text(&["averaging"]) {
        Some("1") => frames,
        _ => settings.count(&["hScan2D.logAverageFactor", "acqNumAveragedFrames"]).unwrap_or(1),
    };
    let frames = (frames / averaged).max(1);
    let flyback = settings.count(&["hFastZ.numDiscardFlybackFrames"]).filter(|_| z > 1);
    let rest = pages / c;
    // Of one plane all frames are times, however many were meant to be; a stack may be repeated as a whole.
    let (sizes, order) = match (pages % c, z, frames) {
        (0, 1, _) => (Sizes { c, z: 1, t: rest }, "CTZ"),
        (0, _, 1) if rest.is_multiple_of(z) && flyback.is_none() => (Sizes { c, z, t: rest / z }, "CZT"),
        (0, _, _) if rest == z * frames => (Sizes { c, z, t: frames }, "CTZ"),
        _ => return refuse(format!("{c} channels, {z} slices and {frames} frames a slice: they do not fit")),
    };
    sizes.planes()?;
    let mut warnings = Vec::new();
    let all = settings.names();
    let named = |id: usize| all.get(id.wrapping_sub(1)).filter(|n| !n.is_empty()).cloned();
    let names = list.unwrap_or_default().into_iter().map(|id| named(id).or(Some(format!("channel {id}"))));
    let step = settings.number(&["hStackManager.stackZStepSize", "stackZStepSize", "zStepSize"]).map(f64::abs);
    let plane = resolution::calibration(head.first()?.resolution, 1).spacing.map(|s| s.zyx);
    let stated = plane.map(|[_, y, x]| resolution::stated([step, Some(y), Some(x)], z)).unwrap_or_default();
    let planes = sizes.pages(order, sizes.time_point(head.options, &mut warnings)?);
    Ok(Layout { planes, slices: z, names: names.collect(), stated, warnings, ..Layout::default() })
}

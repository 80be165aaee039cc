//! The keys and values of a sidecar.

use crate::{Error, Result};
use serde_json::{Map, Value};

/// Keys that have a value for each frame.
const OF_FRAMES: [&str; 4] = ["FrameTimesStart", "FrameDuration", "ActualFrameDuration", "FrameReferenceTime"];

/// More apart than digits that were rounded.
pub(super) fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e-3 * a.abs().max(b.abs())
}

/// Two facts that cannot both be.
pub(super) fn contradiction(a: &str, b: &str) -> Error {
    Error::format(format!("{a}, but {b}")).needed_for("SUVbw").remedy("a sidecar that says one of the two")
}

/// A sidecar, looked at for one time point.
pub(super) struct Sidecar<'a> {
    pub keys: &'a Map<String, Value>,
    pub time: usize,
    /// Time points of the image.
    pub times: usize,
}

impl Sidecar<'_> {
    /// The value of the first key that is there; of a list the one of the time point, or its only one.
    pub fn value(&self, names: &[&str]) -> Option<&Value> {
        let value = names.iter().find_map(|n| self.keys.get(*n)).filter(|v| !v.is_null())?;
        match value {
            Value::Array(list) if list.len() == 1 => list.first(),
            Value::Array(list) => list.get(self.time),
            one => Some(one),
        }
    }

    /// Lists of frames that are longer or shorter than the image has time points.
    pub fn misfits(&self) -> Vec<String> {
        let length = |name: &&str| self.keys.get(*name).and_then(Value::as_array).map(Vec::len);
        let found = OF_FRAMES.iter().filter_map(|name| Some((name, length(name).filter(|n| *n != self.times)?)));
        found.map(|(name, n)| format!("{name} has {n} values, the image {} time points", self.times)).collect()
    }

    /// Text, or a number as text; nothing for `n/a`.
    pub fn text(&self, names: &[&str]) -> Option<String> {
        let text = match self.value(names)? {
            Value::String(s) => s.trim().to_string(),
            Value::Number(n) => n.to_string(),
            _ => return None,
        };
        (!text.is_empty() && !text.eq_ignore_ascii_case("n/a")).then_some(text)
    }

    /// A number.
    pub fn number(&self, names: &[&str]) -> Result<Option<f64>> {
        self.agreed(names, |v| v)
    }

    /// The number under any of these names, made alike by `norm`; all that are there must say the same.
    pub fn agreed(&self, names: &[&str], norm: impl Fn(f64) -> f64) -> Result<Option<f64>> {
        let mut found: Option<(&str, f64)> = None;
        for name in names {
            let Some(text) = self.text(&[*name]) else { continue };
            let Some(v) = text.parse::<f64>().ok().filter(|v| v.is_finite()) else {
                return Err(Error::format(format!("{name} = \"{text}\": not a number")));
            };
            match found {
                None => found = Some((*name, norm(v))),
                Some((other, before)) if differ(before, norm(v)) => {
                    return Err(contradiction(&format!("{other} = {before}"), &format!("{name} = {}", norm(v))));
                }
                Some(_) => {}
            }
        }
        Ok(found.map(|(_, v)| v))
    }
}

//! What the types of a recipe cannot say: names that exist, values in range, no object set that needs itself.

use super::place::{line_of, list, quote};
use super::{Body, Contour, Measure, Method, Objects, Pick, Sphere, SphereAt, Step, Threshold, suggestion};
use crate::measure::Family;
use crate::units::Length;
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Checks a recipe and returns its object sets in an order in which each comes after those that it needs.
pub(super) fn check(body: &Body, text: &str) -> Result<Vec<String>> {
    let checker = Checker { body, text };
    checker.files()?;
    checker.calibration()?;
    for (role, picks) in &body.channels {
        checker.role(role, picks)?;
    }
    for (name, set) in &body.objects {
        checker.set(name, set)?;
    }
    for (name, measure) in &body.measure {
        checker.known("object set", name, &["measure", name], &body.objects)?;
        for role in measure.channels.iter().flatten() {
            checker.known("channel", role, &["measure", name, "channels"], &body.channels)?;
        }
        checker.sensitivity(name, measure)?;
        for role in measure.positive.keys() {
            checker.known("channel", role, &["measure", name, "positive"], &body.channels)?;
        }
    }
    if body.objects.is_empty() {
        return Err(
            Error::usage("the recipe has no object set").remedy("a table [objects.NAME]; see `uptake recipes nuclei`")
        );
    }
    checker.order()
}

/// Sizes of a pixel in micrometres that can be meant.
const PIXEL_UM: std::ops::RangeInclusive<f64> = 0.001..=10_000.0;

struct Checker<'a> {
    body: &'a Body,
    text: &'a str,
}

impl Checker<'_> {
    fn error(&self, what: impl std::fmt::Display, path: &[&str]) -> Error {
        Error::usage(format!("{what} in {}", quote(self.text, line_of(self.text, path))))
    }

    fn known<T>(&self, thing: &str, name: &str, path: &[&str], all: &BTreeMap<String, T>) -> Result<()> {
        if all.contains_key(name) {
            return Ok(());
        }
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        let e = self.error(format!("there is no {thing} \"{name}\""), path);
        Err(match suggestion(name, &names) {
            Some(likely) => e.remedy(likely),
            None if names.is_empty() => e.remedy(format!("define the {thing} first")),
            None => e.remedy(format!("one of: {}", list(&names))),
        })
    }

    fn sensitivity(&self, set: &str, measure: &Measure) -> Result<()> {
        let here = ["measure", set, "sensitivity"];
        let mut before = BTreeSet::new();
        for other in &measure.sensitivity {
            self.known("object set", other, &here, &self.body.objects)?;
            if !before.insert(other) {
                return Err(self.error(format!("\"{other}\" stands there twice"), &here).remedy("each set once"));
            }
        }
        if measure.sensitivity.is_empty() || measure.features.contains(&Family::Lesion) {
            return Ok(());
        }
        Err(self.error("sensitivity is of use only for lesions", &here).remedy("features = [\"lesion\"]"))
    }

    fn files(&self) -> Result<()> {
        let Some(pattern) = &self.body.files.pattern else { return Ok(()) };
        if pattern.matches("{name}").count() <= 1 && pattern.matches("{channel}").count() == 1 {
            return Ok(());
        }
        Err(self
            .error("a pattern needs {channel}, and at most one {name}", &["files", "pattern"])
            .remedy("pattern = \"{name}_{channel}.tif\""))
    }

    fn calibration(&self) -> Result<()> {
        let keys = [("spacing_um", self.body.spacing_um), ("spacing_um_replace", self.body.spacing_um_replace)];
        for (key, spacing) in keys {
            let bad = |v: &f64| !PIXEL_UM.contains(v);
            if let Some(um) = spacing.and_then(|s| s.zyx().into_iter().find(bad)) {
                let e = self.error(format!("{um} is no size of a pixel in micrometres"), &[key]);
                return Err(e.remedy(format!("{key} = 0.65, or [z, y, x]; from 0.001 to 10000")));
            }
        }
        match keys {
            [(_, Some(_)), (_, Some(_))] => Err(self
                .error("spacing_um is for images that say nothing, and spacing_um_replace for all", &["spacing_um"])
                .remedy("one of them")),
            _ => Ok(()),
        }
    }

    fn role(&self, role: &str, picks: &[Pick]) -> Result<()> {
        self.name(role, &["channels", role])?;
        if picks.is_empty() {
            return Err(self
                .error(format!("the channel \"{role}\" is empty"), &["channels", role])
                .remedy("names or indices: [\"DAPI\", 0]"));
        }
        Ok(())
    }

    /// Names become column names and file names.
    fn name(&self, name: &str, path: &[&str]) -> Result<()> {
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        // These would overwrite tables of the run itself.
        let taken = ["images", "features", "run", "labels", "overlays", "original"].contains(&name);
        if !name.is_empty() && name.len() <= 64 && name.chars().all(fine) && !taken {
            return Ok(());
        }
        let e = self.error(format!("\"{name}\" cannot be a name"), path);
        Err(e.remedy(if taken {
            "another word: this one has a meaning of its own"
        } else {
            "letters, digits, _ and -"
        }))
    }

    fn set(&self, name: &str, set: &Objects) -> Result<()> {
        let here = ["objects", name];
        self.name(name, &here)?;
        let sources =
            [set.steps.is_some(), set.grow.is_some(), set.minus.is_some(), set.sphere.is_some(), set.labels.is_some()];
        if sources.iter().filter(|s| **s).count() != 1 {
            return Err(self
                .error("an object set has exactly one source", &here)
                .remedy("one of: steps, grow, minus, sphere, labels"));
        }
        if let (Some(start), None) = (&set.start, &set.steps) {
            return Err(self
                .error(format!("nothing is done with the objects of \"{start}\""), &["objects", name, "start"])
                .remedy("steps = [...] that begin with them"));
        }
        if let Some(sphere) = &set.sphere {
            self.sphere(sphere, &["objects", name, "sphere"])?;
        }
        if let Some(parent) = &set.parent {
            self.known("object set", parent, &["objects", name, "parent"], &self.body.objects)?;
        }
        if let Some(start) = &set.start {
            self.known("object set", start, &["objects", name, "start"], &self.body.objects)?;
        }
        for (i, step) in set.steps.iter().flatten().enumerate() {
            if let Some(other) = step.set() {
                self.known("object set", other, &["objects", name, "steps", &i.to_string()], &self.body.objects)?;
            }
        }
        for needed in needs(set) {
            self.known("object set", needed, &here, &self.body.objects)?;
        }
        let in_channel = set.steps.is_some() || set.sphere.is_some();
        match (&set.steps, &set.channel) {
            (Some(_), None) => {
                Err(self.error("steps need a channel to work on", &here).remedy("channel = \"nuclear\""))
            }
            (Some(steps), Some(channel)) => {
                self.known("channel", channel, &["objects", name, "channel"], &self.body.channels)?;
                self.steps(name, steps, set.start.is_some())
            }
            (None, Some(channel)) if in_channel => {
                self.known("channel", channel, &["objects", name, "channel"], &self.body.channels)
            }
            (None, Some(_)) => Err(self
                .error("a channel is of use only with steps", &["objects", name, "channel"])
                .remedy("leave it out")),
            (None, None) if set.scale.is_some() && set.labels.is_none() => Err(self
                .error("a scale is of use only with steps or labels", &["objects", name, "scale"])
                .remedy("leave it out: objects that come from others share their scale")),
            (None, None) => Ok(()),
        }
    }

    fn sphere(&self, sphere: &Sphere, here: &[&str]) -> Result<()> {
        let nothing = matches!(sphere.diameter, Length::Px(v) | Length::Um(v) | Length::Mm(v) if v <= 0.0);
        if nothing || matches!(sphere.diameter, Length::R(_)) {
            return Err(self.error("a sphere needs a size of its own", here).remedy("diameter = \"30 mm\""));
        }
        match sphere.at {
            SphereAt::Place(at) if at.iter().any(|v| !v.is_finite()) => {
                Err(self.error("a place has no inf or nan", here).remedy("at = [x, y, z] in mm"))
            }
            _ => Ok(()),
        }
    }

    /// `masked`: the steps begin with objects.
    fn steps(&self, name: &str, steps: &[Step], mut masked: bool) -> Result<()> {
        let mut named = BTreeMap::from([("original", ())]);
        for (i, step) in steps.iter().enumerate() {
            let index = i.to_string();
            let here = ["objects", name, "steps", &index];
            if let Some(of) = step.of().filter(|of| !named.contains_key(of)) {
                let names: Vec<&str> = named.keys().copied().collect();
                return Err(self.error(format!("no earlier step is called \"{of}\""), &here).remedy(
                    suggestion(of, &names).map_or_else(|| format!("one of: {}", list(&names)), str::to_string),
                ));
            }
            if let Some(kept) = step.keeps_as() {
                named.insert(kept, ());
            }
            if step.needs_objects() && !masked {
                return Err(self
                    .error(format!("\"{}\" comes before any threshold", step.name()), &here)
                    .remedy("a threshold step before it"));
            }
            masked |= matches!(step, Step::Threshold(_));
            match step {
                Step::Threshold(t) => self.threshold(t, &here)?,
                Step::Exclude(e) => self.percentage(e.touching, "touching = 50", &here)?,
                Step::Contour(c) => self.contour(c, &here)?,
                Step::Watershed(w) => self.percentage(w.core, "core = 70", &here)?,
                _ => {}
            }
        }
        if masked {
            return Ok(());
        }
        Err(self
            .error("the steps never make a mask", &["objects", name, "steps"])
            .remedy("{ op = \"threshold\", method = \"otsu\" }"))
    }

    fn threshold(&self, t: &Threshold, here: &[&str]) -> Result<()> {
        let m = t.method.name();
        let needs = |key: &str, example: &str| {
            Err(self.error(format!("method \"{m}\" needs {key}"), here).remedy(format!("{key} = {example}")))
        };
        self.belongs(t, here)?;
        match t.method {
            Method::Fixed if t.value.is_none() && t.at_least.is_none() => needs("value", "4.0"),
            Method::Reference if t.set.is_none() => needs("set", "\"liver\""),
            Method::Percentile if t.percent.is_none() => needs("percent", "95"),
            Method::Hysteresis if t.low.is_none() => needs("low", "2.5"),
            Method::Hysteresis if t.high.is_none() => needs("high", "4.0"),
            _ if t.method.is_local() && t.radius.is_none() => needs("radius", "\"25 px\""),
            _ => Ok(()),
        }?;
        let numbers = [t.correction, t.noise, t.k, t.low, t.high, t.percent, t.value];
        let numbers = numbers.into_iter().chain([t.at_least, t.factor, t.deviations]);
        let bad_number = numbers.flatten().any(|v| !v.is_finite());
        let bad_bins = t.bins.is_some_and(|b| !(2..=65_536).contains(&b));
        let bad_percent = t.percent.is_some_and(|p| !(0.0..=100.0).contains(&p));
        let bad_bounds = t.bounds.is_some_and(|[low, high]| low > high || low.is_nan() || high.is_nan());
        if bad_number || bad_bins || bad_percent || bad_bounds {
            return Err(self
                .error("a number is out of range", here)
                .remedy("bins 2 to 65536, percent 0 to 100, bounds = [low, high], and no inf or nan"));
        }
        Ok(())
    }

    /// Keys that only one method knows would be passed over in silence with another.
    fn belongs(&self, t: &Threshold, here: &[&str]) -> Result<()> {
        let is = |method| t.method == method;
        let adjusted = t.correction.is_some() || t.noise.is_some() || t.bounds.is_some();
        let wrong = [
            ("at_least", "method = \"fixed\"", t.at_least.is_some() && !is(Method::Fixed)),
            ("set", "method = \"reference\"", t.set.is_some() && !is(Method::Reference)),
            ("factor", "method = \"reference\"", t.factor.is_some() && !is(Method::Reference)),
            ("deviations", "method = \"reference\"", t.deviations.is_some() && !is(Method::Reference)),
            ("at_least", "value, or at_least", t.at_least.is_some() && t.value.is_some()),
            ("at_least", "at_least without correction, noise and bounds", t.at_least.is_some() && adjusted),
        ];
        match wrong.into_iter().find(|(.., wrong)| *wrong) {
            Some((key, remedy, _)) => Err(self.error(format!("{key} is out of place"), here).remedy(remedy)),
            None => Ok(()),
        }
    }

    fn percentage(&self, percent: Option<f64>, example: &str, here: &[&str]) -> Result<()> {
        // More than 0: everything has at least that, and a limit of 0 is none.
        match percent {
            Some(p) if !(p > 0.0 && p <= 100.0) => {
                Err(self.error(format!("{p} is no percentage of an object"), here).remedy(example))
            }
            _ => Ok(()),
        }
    }

    fn contour(&self, c: &Contour, here: &[&str]) -> Result<()> {
        let rules = [c.percent, c.at_least, c.above, c.deviations];
        if rules.iter().flatten().count() != 1 {
            return Err(self
                .error("a contour has exactly one limit", here)
                .remedy("one of: percent, at_least, above, deviations"));
        }
        self.percentage(c.percent, "percent = 41", here)?;
        if rules.iter().flatten().any(|v| !v.is_finite()) || c.deviations.is_some_and(|k| k < 0.0) {
            return Err(self.error("a number is out of range", here).remedy("no inf or nan, and deviations from 0 on"));
        }
        match c.background {
            Some(_) if c.percent.is_none() => {
                Err(self.error("a background is of use only with percent", here).remedy("percent = 50"))
            }
            _ => Ok(()),
        }
    }

    /// Of the sets that have all that they need, the first by name comes next.
    fn order(&self) -> Result<Vec<String>> {
        // How many sets each one waits for, and who waits for it.
        let mut waits: BTreeMap<&str, usize> = BTreeMap::new();
        let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, set) in &self.body.objects {
            let needed = needs(set);
            waits.insert(name, needed.len());
            needed.into_iter().for_each(|other| waiting.entry(other).or_default().push(name));
        }
        let mut ready: BTreeSet<&str> = waits.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
        let mut done: Vec<String> = Vec::new();
        while let Some(name) = ready.pop_first() {
            waits.remove(name);
            done.push(name.to_owned());
            for other in waiting.get(name).into_iter().flatten() {
                if let Some(n) = waits.get_mut(other) {
                    *n -= 1;
                    if *n == 0 {
                        ready.insert(other);
                    }
                }
            }
        }
        let stuck: Vec<&str> = waits.into_keys().collect();
        match stuck.first() {
            None => Ok(done),
            Some(first) => Err(self
                .error(format!("object sets need each other: {}", list(&stuck)), &["objects", first])
                .remedy("let one of them come from steps or labels")),
        }
    }
}

/// The sets that must be there before this one can be made. A parent is looked up afterwards.
fn needs(set: &Objects) -> Vec<&str> {
    let grow = set.grow.iter().map(|g| g.from.as_str());
    let minus = set.minus.iter().flat_map(|m| [m.cells.as_str(), m.nuclei.as_str()]);
    let steps = set.steps.iter().flatten().filter_map(Step::set);
    grow.chain(minus).chain(set.start.as_deref()).chain(steps).collect()
}

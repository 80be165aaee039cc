//! What the types of a recipe cannot say about its steps: names of images, what a method reads, values in range.

use super::place::{likely, list};
use super::validate::Checker;
use super::{
    Centres, ClusterCentres, Contour, CountedFrom, Habitats, Keep, Method, Prescription, Propagate, PropagateMethod,
    Split, SplitBy, SplitDepth, SpotSigma, Spots, Step, Threshold,
};
use crate::Result;
use crate::ops::spots::SIGMA_PX;
use crate::units::Length;
use std::collections::BTreeSet;

/// The largest dose that can be meant.
const MOST_GRAY: f64 = 1000.0;

impl Checker<'_> {
    /// `masked`: the steps begin with objects.
    pub fn steps(&self, name: &str, steps: &[Step], mut masked: bool) -> Result<()> {
        self.names_and_reaches(steps, &["objects", name, "steps"])?;
        let mut has_landscape = false;
        for (i, step) in steps.iter().enumerate() {
            let index = i.to_string();
            let here = ["objects", name, "steps", &index];
            if step.needs_objects() && !masked {
                return Err(self
                    .error(format!("\"{}\" comes before any threshold", step.name()), &here)
                    .remedy("a threshold step before it"));
            }
            masked |= matches!(step, Step::Threshold(_) | Step::Spots(_) | Step::Habitats(_));
            has_landscape |= matches!(step, Step::Landscape(_));
            match step {
                Step::Filter(_) | Step::Texture(_) => {
                    return Err(self
                        .error(format!("\"{}\" makes an image of its own", step.name()), &here)
                        .remedy("[images.NAME] with this step, and channel = \"NAME\" in the object set"));
                }
                Step::Prescription(_) => {
                    return Err(self
                        .error("\"prescription\" makes an image", &here)
                        .remedy("[images.NAME] with this step and write = true"));
                }
                Step::Threshold(t) => self.threshold(t, &here)?,
                Step::Habitats(h) => self.habitats(h, &here)?,
                Step::Spots(s) => self.spots(s, &here)?,
                Step::Split(s) => self.split(s, has_landscape, &here)?,
                Step::Keep(k) => self.keep(k, &here)?,
                Step::Exclude(e) => self.percentage(e.touching, "touching = 50", &here)?,
                Step::Contour(c) => self.contour(c, &here)?,
                Step::Watershed(w) => self.percentage(w.core, "core = 70", &here)?,
                Step::Propagate(p) => self.propagate(p, &here)?,
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

    /// Steps read images that earlier ones have named, and look around where they have to.
    pub fn names_and_reaches(&self, steps: &[Step], here: &[&str]) -> Result<()> {
        let mut named = BTreeSet::from(["original"]);
        for (i, step) in steps.iter().enumerate() {
            if let Some(radius) = step.reach().filter(|radius| radius.is_zero()) {
                let what = format!("\"{}\" with a radius of \"{radius}\" sees nothing around a pixel", step.name());
                let index = i.to_string();
                let here = [here, &[&index]].concat();
                return Err(self.error(what, &here).remedy("radius = \"20 px\""));
            }
            if let Some(of) = step.of().filter(|of| !named.contains(of)) {
                let (names, index): (Vec<&str>, String) = (named.into_iter().collect(), i.to_string());
                let here = [here, &[&index]].concat();
                return Err(self
                    .error(format!("no earlier step is called \"{of}\""), &here)
                    .remedy(likely(of, &names)));
            }
            self.ranges(step, &[here, &[&i.to_string()]].concat())?;
            named.extend(step.keeps_as());
        }
        Ok(())
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
            _ if t.from == Some(CountedFrom::Ground) && t.noise.is_none() => needs("noise beside from", "5.0"),
            _ => Ok(()),
        }?;
        self.threshold_numbers(t, here)
    }

    /// Keys that another method knows would be passed over in silence.
    fn belongs(&self, t: &Threshold, here: &[&str]) -> Result<()> {
        let keys = t.method.keys();
        if let Some(key) = t.given().find(|key| !keys.contains(key)) {
            let what = format!("{key} says nothing to the method \"{}\"", t.method.name());
            return Err(self.error(what, here).remedy(format!("leave {key} out; its keys are {}", list(keys))));
        }
        if t.at_least.is_none() {
            return Ok(());
        }
        match t.given().find(|key| *key != "at_least") {
            Some("value") => Err(self.error("value and at_least are two limits", here).remedy("leave value out")),
            Some(key) => {
                let what = format!("{key} would move the limit that at_least sets");
                Err(self.error(what, here).remedy(format!("leave {key} out")))
            }
            None => Ok(()),
        }
    }

    fn split(&self, s: &Split, has_landscape: bool, here: &[&str]) -> Result<()> {
        let wrong = |what: &str, remedy: &str| Err(self.error(what, here).remedy(remedy));
        match (s.by, s.depth) {
            (SplitBy::Landscape, _) if !has_landscape => wrong(
                "\"split\" by landscape without one",
                "{ op = \"landscape\" } before it (which needs a scale of the set), or by = \"shape\"",
            ),
            (SplitBy::Landscape | SplitBy::Shape, _) if s.of.is_some() => {
                wrong("of is of use only for a split by intensity", "by = \"intensity\"")
            }
            (SplitBy::Landscape | SplitBy::Intensity, Some(SplitDepth::Length(_))) => {
                wrong("a depth that is a length is one of shapes", "depth = 0.1, or by = \"shape\"")
            }
            (_, Some(SplitDepth::Share(share))) if !(0.0..=1.0).contains(&share) => {
                wrong(&format!("depth = {share} is no share of the lower peak"), "from 0 to 1: depth = 0.1")
            }
            _ => Ok(()),
        }
    }

    fn keep(&self, k: &Keep, here: &[&str]) -> Result<()> {
        for [from, to] in k.area.iter().chain(&k.volume) {
            if from.unit == to.unit && from.value > to.value {
                let what = format!("nothing is from \"{from}\" to \"{to}\"");
                return Err(self.error(what, here).remedy(format!("[\"{to}\", \"{from}\"]")));
            }
        }
        Ok(())
    }

    fn spots(&self, s: &Spots, here: &[&str]) -> Result<()> {
        let [least, most] = SIGMA_PX;
        let wrong = |length: &Length| matches!(length, Length::Px(v) if !(least..=most).contains(v));
        if s.sigma.ends().iter().any(wrong) {
            let what = "spots of a sigma that is too small or too large to be found";
            return Err(self.error(what, here).remedy(format!("{least} to {most} px: sigma = \"1.4 px\"")));
        }
        match s.sigma {
            SpotSigma::Range(ends) => self.ascends(ends, "sigma", here),
            SpotSigma::One(_) => Ok(()),
        }
    }

    fn percentage(&self, percent: Option<f64>, example: &str, here: &[&str]) -> Result<()> {
        match percent {
            // More than 0: everything has at least that, and a limit of 0 is none.
            Some(p) if !(p > 0.0 && p <= 100.0) => {
                Err(self.error(format!("percent: {p} is no percentage of an object"), here).remedy(example))
            }
            // Others write 0.41 for 41 %.
            Some(p) if p < 1.0 => Err(self
                .error(
                    format!("percent: {p} is less than one percent of an object: percentages are meant, not shares"),
                    here,
                )
                .remedy(example)),
            _ => Ok(()),
        }
    }

    fn habitats(&self, h: &Habitats, here: &[&str]) -> Result<()> {
        let example = "percent = [40, 70], values = [2.5, 4.0], classes = 3, or clusters = 3 with images";
        let ways = [h.values.is_some(), h.percent.is_some(), h.classes.is_some(), h.by_clusters()];
        if ways.iter().filter(|way| **way).count() != 1 {
            return Err(self.error("habitats are divided in exactly one way", here).remedy(example));
        }
        let limits: Vec<f64> = h.values.iter().chain(&h.percent).flatten().copied().collect();
        if h.by_clusters() || !h.images.is_empty() {
            self.clusters(h, here)?;
        } else if h.classes.is_none() && (limits.is_empty() || !limits.windows(2).all(|w| w[0] < w[1])) {
            return Err(self.error("the limits of habitats rise, and there is one at least", here).remedy(example));
        }
        for percent in h.percent.iter().flatten() {
            self.percentage(Some(*percent), "percent = [40, 70]", here)?;
        }
        self.habitat_numbers(h, here)
    }

    /// Doses and values that rise.
    pub fn prescription(&self, p: &Prescription, here: &[&str]) -> Result<()> {
        let wrong = |what: String, remedy: &str| Err(self.error(what, here).remedy(remedy));
        let rises = |[low, high]: [f64; 2]| low < high && low.is_finite() && high.is_finite();
        let [least, most] = p.dose;
        if !rises(p.dose) || least < 0.0 || most > MOST_GRAY {
            let what = format!("a dose from {least} to {most} Gy");
            return wrong(what, &format!("dose = [60, 84]: the least and the largest, 0 to {MOST_GRAY} Gy"));
        }
        match (p.values, p.percentiles) {
            (Some(limits), None) if rises(limits) => Ok(()),
            (None, Some([a, b])) if rises([a, b]) && a >= 0.0 && (1.0..=100.0).contains(&b) => Ok(()),
            (Some([low, high]), None) => wrong(
                format!("values from {low} to {high}: no dose lies between"),
                "values = [4.0, 12.0], the lower one first",
            ),
            (None, Some([a, b])) => wrong(
                format!("percentiles from {a} to {b} %: no dose lies between"),
                "percentiles = [5, 95], in percent and the lower one first",
            ),
            _ => wrong(
                "a prescription has exactly one pair of limits".into(),
                "values = [4.0, 12.0], or percentiles = [5, 95]",
            ),
        }
    }

    /// Clusters need images, and nothing else does.
    fn clusters(&self, h: &Habitats, here: &[&str]) -> Result<()> {
        let wrong = |what: &str, remedy: &str| Err(self.error(what, here).remedy(remedy));
        if !h.by_clusters() {
            return wrong("images are of use only with clusters", "clusters = 3 in the place of limits");
        }
        if h.images.is_empty() {
            return wrong("nothing says by which images clusters are told apart", "images = [\"pet\", \"log\"]");
        }
        if h.of.is_some() {
            return wrong("of says nothing to clusters", "leave it out: images says what they read");
        }
        for (i, image) in h.images.iter().enumerate() {
            self.source(image, here)?;
            if h.images[..i].contains(image) {
                return wrong(&format!("\"{image}\" stands there twice"), "each image once");
            }
        }
        match &h.centres {
            Some(Centres::Known(known)) => self.centres(h, known, here),
            _ => Ok(()),
        }
    }

    /// Centres are those of these images, and as many as the recipe says.
    fn centres(&self, h: &Habitats, known: &ClusterCentres, here: &[&str]) -> Result<()> {
        let wrong = |what: &str, remedy: &str| Err(self.error(what, here).remedy(remedy));
        if let Some(fault) = known.fault() {
            return wrong(&fault, "a file as uptake habitats learn writes it");
        }
        if known.images != h.images {
            let (theirs, ours) = (known.images.join(", "), h.images.join(", "));
            let what = format!("the centres are those of the images {theirs}, the step reads {ours}");
            return wrong(&what, "the images that they were learned from, in that order, or centres of these");
        }
        match h.clusters {
            Some(n) if n != known.centres.len() => {
                let what = format!("{n} clusters, and the centres are {}", known.centres.len());
                wrong(&what, "leave clusters out, or learn the centres again")
            }
            _ => Ok(()),
        }
    }

    fn propagate(&self, p: &Propagate, here: &[&str]) -> Result<()> {
        let wrong = |what: String, remedy: &str| Err(self.error(what, here).remedy(remedy));
        match (p.method, p.regularisation, p.boundary) {
            (_, Some(v), _) if !(v > 0.0 && v.is_finite()) => {
                wrong(format!("{v} is no regularisation"), "a number above 0: regularisation = 0.1")
            }
            (PropagateMethod::Propagation, _, Some(_)) => {
                wrong("a boundary says nothing to propagation".into(), "leave it out, or method = \"watershed\"")
            }
            (PropagateMethod::Watershed, Some(_), _) => wrong(
                "a regularisation says nothing to a watershed".into(),
                "leave it out, or method = \"propagation\"",
            ),
            (PropagateMethod::Watershed, _, None) => wrong(
                "a watershed needs to know what cells meet at".into(),
                "boundary = \"bright\" (stained membranes), \"dark\" (gaps) or \"steep\"",
            ),
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
        self.contour_numbers(c, here)?;
        match c.background {
            Some(_) if c.percent.is_none() => Err(self
                .error("a background is of use only with percent", here)
                .remedy("percent = 50 as the only limit")),
            Some(between) => self.ascends(between, "background", here),
            _ => Ok(()),
        }
    }
}

//! What the types of a recipe cannot say: names that exist, values in range, no object set that needs itself.

use super::place::likely;
use super::pointed::Source;
use super::{Body, Modality, Objects, Pick, SphereAt};
use crate::name_pattern::parse_path;
use crate::units::Length;
use crate::{Error, Result};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Checks a recipe and returns its object sets in an order in which each comes after those that it needs.
/// And in an order in which those come first that others learn something of.
pub(super) fn check(body: &Body, source: &Source) -> Result<(Vec<String>, Vec<String>)> {
    let checker = Checker { body, source };
    checker.files()?;
    checker.calibration()?;
    checker.grid()?;
    for (role, picks) in &body.channels {
        checker.role(role, picks)?;
    }
    checker.files_differ()?;
    for (name, set) in &body.objects {
        checker.object_set(name, set)?;
    }
    for (name, measure) in &body.measure {
        checker.known("object set", name, &["measure", name], &body.objects)?;
        for role in measure.channels.iter().flatten() {
            checker.source(role, &["measure", name, "channels"])?;
        }
        checker.families(name, measure)?;
    }
    checker.paired()?;
    checker.classes()?;
    checker.scores()?;
    checker.galleries()?;
    checker.image_groups()?;
    checker.plates()?;
    checker.overlap()?;
    for (name, relate) in &body.relate {
        checker.relate(name, relate)?;
    }
    if body.objects.is_empty() {
        return Err(
            Error::usage("the recipe has no object set").remedy("a table [objects.NAME]; see `uptake recipes nuclei`")
        );
    }
    checker.modality()?;
    let order = checker.order()?;
    let mut known = BTreeSet::new();
    for name in &order {
        if body.knows_radius(name, &known) {
            known.insert(name.as_str());
        } else {
            checker.needs_no_radius(name)?;
        }
    }
    let children_first = checker.children_first(&order)?;
    Ok((order, children_first))
}

/// Sizes of a pixel in micrometres that can be meant.
const PIXEL_UM: std::ops::RangeInclusive<f64> = 0.001..=10_000.0;

pub(super) struct Checker<'a> {
    pub body: &'a Body,
    pub source: &'a Source<'a>,
}

impl Checker<'_> {
    pub fn error(&self, what: impl std::fmt::Display, path: &[&str]) -> Error {
        self.source.error(what, path)
    }

    /// A channel by its role, or a derived image.
    pub fn source(&self, name: &str, here: &[&str]) -> Result<()> {
        if self.body.makes_image(name) {
            return Ok(());
        }
        self.known("channel", name, here, &self.body.channels)
    }

    pub fn known<T>(&self, thing: &str, name: &str, path: &[&str], all: &BTreeMap<String, T>) -> Result<()> {
        if all.contains_key(name) {
            return Ok(());
        }
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        let e = self.error(format!("there is no {thing} \"{name}\""), path);
        Err(e.remedy(if names.is_empty() { format!("define the {thing} first") } else { likely(name, &names) }))
    }

    /// From here to there, where both are counted in one unit.
    pub fn ascends(&self, [from, to]: [Length; 2], key: &str, here: &[&str]) -> Result<()> {
        let e = self.error(format!("{key} runs from \"{from}\" to \"{to}\": there is nothing between them"), here);
        Err(match from.compare(to) {
            Some(Ordering::Greater) => e.remedy(format!("{key} = [\"{to}\", \"{from}\"]")),
            Some(Ordering::Equal) => e.remedy(format!("{key} = [\"2 px\", \"7 px\"]")),
            _ => return Ok(()),
        })
    }

    /// Keys of the other kind of image would be passed over in silence.
    fn modality(&self) -> Result<()> {
        let wrong = |key: &[&str], what: &str, of: &str, remedy: &str| {
            Err(self.error(format!("{what} is for {of}"), key).remedy(remedy))
        };
        match self.body.modality {
            Some(Modality::Pet) if self.body.spacing_um.is_some() || self.body.spacing_um_replace.is_some() => {
                let key = if self.body.spacing_um.is_some() { "spacing_um" } else { "spacing_um_replace" };
                wrong(&[key], key, "microscopy: PET says the size of its voxels", &format!("leave {key} out"))
            }
            Some(Modality::Fluorescence) if self.body.suv != crate::pet::suv::Settings::default() => {
                wrong(&["suv"], "suv", "PET", "leave suv out, or a recipe with modality = \"pet\"")
            }
            Some(Modality::Fluorescence) => {
                for (name, measure) in &self.body.measure {
                    if let Some(chosen) = measure.families.iter().find(|c| c.family.needs().uptake) {
                        let what = format!("the family {}", chosen.name);
                        return wrong(
                            &["measure", name, "features"],
                            &what,
                            "PET",
                            "features = [\"shape\", \"intensity\"], or modality = \"pet\"",
                        );
                    }
                }
                let at_organ = |set: &Objects| matches!(&set.sphere, Some(s) if matches!(s.at, SphereAt::Organ(_)));
                match self.body.objects.iter().find(|(_, set)| at_organ(set)) {
                    Some((name, _)) => wrong(
                        &["objects", name, "sphere"],
                        "an organ that is looked for",
                        "PET",
                        "at = [x, y, z] in mm, or modality = \"pet\"",
                    ),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Nothing of a set without a radius may count in r.
    fn needs_no_radius(&self, name: &str) -> Result<()> {
        let Some(path) = self.body.in_r(name) else { return Ok(()) };
        let source = self.body.source_of_radius(name);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let e = self.error("this counts in r, the radius of the typical object, which nothing says", &path);
        let has_steps = |name: &str| self.body.objects.get(name).is_some_and(|set| set.steps.is_some());
        Err(match [name, source].into_iter().find(|name| has_steps(name)) {
            Some(name) => e.remedy(format!("objects.{name}.scale = \"auto\"")),
            None => e.remedy("px, um or mm in place of r: a sphere has no typical object"),
        })
    }

    fn files(&self) -> Result<()> {
        let files = &self.body.files;
        if let Some(groups) = &files.groups {
            self.groups(groups)?;
        }
        let Some(pattern) = &files.pattern else { return Ok(()) };
        // With a number of characters, or without.
        let count = |field: &str| {
            pattern.matches(&format!("{{{field}}}")).count() + pattern.matches(&format!("{{{field}:")).count()
        };
        if count("name") <= 1 && count("channel") == 1 {
            return Ok(());
        }
        Err(self
            .error("a pattern needs {channel}, and at most one {name}", &["files", "pattern"])
            .remedy("pattern = \"{name}_{channel}.tif\""))
    }

    fn groups(&self, groups: &str) -> Result<()> {
        let here = ["files", "groups"];
        if self.body.files.pattern.is_some() {
            let e = self.error("pattern and groups both say which files make an image", &here);
            return Err(e.remedy("groups alone, with {channel} in it"));
        }
        let remedy = "groups = \"{plate}/{well}_s{site}_w{channel}\"";
        parse_path(groups).map(drop).map_err(|what| self.error(format!("the pattern {what}"), &here).remedy(remedy))
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
                .remedy(format!("{role} = [\"DAPI\", 0]: names or indices")));
        }
        Ok(())
    }
}

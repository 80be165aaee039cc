//! `[gallery.SET]`: the objects of one phenotype, each with a score, in a picture to be looked at.

use super::place::likely;
use super::validate::Checker;
use crate::Result;
use crate::units::Length;
use crate::words::some_words;
use serde::Deserialize;

/// Which objects are shown, and how.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gallery {
    /// Objects of this phenotype.
    pub phenotype: String,
    /// Side of what is shown around each.
    pub side: Length,
    /// So many at most, the best first.
    #[serde(default = "most")]
    pub most: usize,
    /// Roles of the channels that are shown; all if absent.
    #[serde(default, deserialize_with = "some_words")]
    pub channels: Option<Vec<String>>,
}

/// A picture that can still be looked at.
const MOST: usize = 1000;

fn most() -> usize {
    100
}

impl Checker<'_> {
    /// Galleries that can be.
    pub fn galleries(&self) -> Result<()> {
        for (set, gallery) in &self.body.gallery {
            let here = |key: &'static str| ["gallery", set, key];
            self.known("object set", set, &["gallery", set], &self.body.objects)?;
            let rules = self.body.phenotypes.get(set);
            if !rules.is_some_and(|rules| rules.contains_key(&gallery.phenotype)) {
                let known: Vec<&str> = rules.iter().flat_map(|rules| rules.keys()).map(String::as_str).collect();
                let e =
                    self.error(format!("there is no phenotype \"{}\" of {set}", gallery.phenotype), &here("phenotype"));
                return Err(e.remedy(match known.is_empty() {
                    true => format!("a rule in [phenotypes.{set}]"),
                    false => likely(&gallery.phenotype, &known),
                }));
            }
            if !self.body.objects.get(set).is_some_and(|set| set.write) {
                let e = self.error(format!("\"{set}\" has no table to find the objects in"), &["gallery", set]);
                return Err(e.remedy(format!("write = true in [objects.{set}]")));
            }
            for channel in gallery.channels.iter().flatten() {
                self.source(channel, &here("channels"))?;
            }
            if !(1..=MOST).contains(&gallery.most) {
                let e = self.error(format!("{} objects in a picture", gallery.most), &here("most"));
                return Err(e.remedy(format!("most = 100: from 1 to {MOST}")));
            }
        }
        Ok(())
    }
}

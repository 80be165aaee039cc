//! `[gallery.SET]`: the objects of one phenotype, each with a score, in a picture to be looked at.

use super::Body;
use super::place::likely;
use super::validate::Checker;
use crate::Result;
use crate::measure::suffixes;
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
/// Side by side.
const MOST_CHANNELS: usize = 12;

fn most() -> usize {
    100
}

impl Body {
    /// The first phenotype of a gallery whose rule asks for a column of this channel: no object can be of it without.
    pub fn shown_phenotype_of(&self, role: &str) -> Option<&str> {
        let suffix = suffixes(&[role]).concat();
        let is_of = |column: String| column.ends_with(&format!("_{suffix}")) || column.contains(&format!("_{suffix}_"));
        let asks = |(set, gallery): &(&String, &Gallery)| {
            let markers = self.phenotypes.get(*set).and_then(|rules| rules.get(&gallery.phenotype));
            let mut markers = markers.iter().flat_map(|rule| &rule.markers);
            let positive = self.positive.get(*set);
            markers.any(|(m, _)| positive.and_then(|p| p.get(m)).is_some_and(|p| is_of(p.column(m))))
        };
        self.gallery.iter().find(asks).map(|(_, gallery)| gallery.phenotype.as_str())
    }
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
            let channels = gallery.channels.as_ref().map_or(self.body.channels.len(), Vec::len);
            if !(1..=MOST_CHANNELS).contains(&channels) {
                let e = self.error(format!("{channels} channels side by side"), &["gallery", set]);
                return Err(e.remedy(format!("channels = [...] with 1 to {MOST_CHANNELS} of them")));
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

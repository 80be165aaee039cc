//! What the user should look at where objects are judged by a cutoff.

use super::Judging;
use crate::pipeline::beside::Lit;
use crate::pipeline::classified::speak_for;
use crate::pipeline::contradicted;
use crate::pipeline::cutoff::{Doubt, alike, doubt, halved, parted};
use crate::pipeline::marker_values::{ABOVE_GROUND, of_light};
use crate::recipe::{Cutoff, Recipe};

/// Why there is no ground next to an object.
const NO_GROUND: &str = " (no ground was found next to them, or only the dark end of something brighter: cells lie side by side or reach far, or the ground is brighter in a \
                         part of the image, as in stitched tiles, and has to be made even first)";

impl Judging<'_> {
    /// Warnings of a cutoff that cannot be found, or that says little.
    pub(in crate::pipeline) fn cutoff_warnings(&self, recipe: &Recipe) -> Vec<String> {
        let (set, marker, column) = (self.set, self.marker, &self.column.name);
        let of_kinds = self.said_of.is_empty().then(|| self.stain().warning(set)).flatten();
        let Some(cutoff) = self.cutoff else {
            if !self.is_of_image() {
                return vec![format!(
                    "the cutoff of {marker} is one over several images: a run of these finds it, and one image alone has none; give a number in [positive.{set}]"
                )];
            }
            if self.is_unknown {
                return of_kinds.into_iter().collect();
            }
            let none = format!(
                "no cutoff of {marker} can be found, so no object is positive or negative: all objects have the same {column}, or the cutoff \
                 is a multiple of the median or uses logarithms and the median is not clearly above 0, or it is too large for a number; give a number in [positive.{set}]"
            );
            return of_kinds.into_iter().chain((self.known().count() > 0).then_some(none)).collect();
        };
        // Where two kinds are told with the median, one warning is enough.
        let missed = if of_kinds.is_none() { self.missed_warning() } else { None };
        let said = match self.how.above {
            Cutoff::Robust { .. } => alike(self.said())
                .map(|most| {
                    format!(
                        "more than half of {set} have the same {column}, {most}, so the spread of negative ones is not known, and the cutoff of {marker} that follows \
                         from it, {cutoff}, says little; give a number in [positive.{set}]"
                    )
                })
                .into_iter()
                .chain(of_kinds)
                .chain(self.lowered_warning(cutoff))
                .collect(),
            Cutoff::Otsu => {
                let halved = halved(self.known(), cutoff).map(|apart| self.of_one_kind(apart, recipe));
                let doubt = doubt(self.known()).map(|doubt| of_doubt(set, marker, self.known().count(), &doubt));
                halved.into_iter().chain(doubt).collect()
            }
            _ => vec![],
        };
        said.into_iter().chain(missed).collect()
    }

    /// What is said where the values are two kinds and a cutoff that is found among them does not divide these.
    fn missed_warning(&self) -> Option<String> {
        // What another stain of a phenotype says of the objects is more than their values do.
        let is_by_pair = !self.said_of.is_empty() && self.lowered_from.is_none();
        let cutoff = self.cutoff.filter(|_| !is_by_pair && !matches!(self.how.above, Cutoff::Value(_)))?;
        let limit = parted::limit(self.known())?;
        let is_missed = |cutoff: f64| parted::is_missed(self.known(), limit, cutoff);
        if !self.cutoffs().into_iter().flatten().all(is_missed) {
            return None;
        }
        let (set, marker, column) = (self.set, self.marker, &self.column.name);
        let above = |limit: f64| self.known().filter(|v| *v > limit).count();
        let (all, now, kind) = (self.known().count(), above(cutoff), above(limit));
        let share = |n: usize| n as f64 / all as f64;
        Some(format!(
            "the {column} of {set} is that of two kinds, and the cutoff of {marker}, {cutoff}, does not divide them: {now} of {all} are positive ({:.3}), and {kind} ({:.3}) lie above {limit}, \
             which is between the kinds; look at the overlay, and if these {kind} are positive: {}",
            share(now),
            share(kind),
            self.remedy(limit),
        ))
    }

    /// A number in the place of the cutoff, as a recipe has it.
    fn remedy(&self, number: f64) -> String {
        let (set, marker, column) = (self.set, self.marker, &self.column.name);
        match (self.is_of_image() && self.how.at_least.is_none(), self.how.higher) {
            (true, None) => format!("{} = {number}", self.key()),
            (true, Some(_)) => format!("{} = [...], three cutoffs of which the first is {number}", self.key()),
            // A number over several images is none, and one below at_least is not taken.
            (false, _) => format!("positive.{set}.{marker} = {{ above = {number}, column = \"{column}\" }}"),
        }
    }

    /// What is said where the cutoff of all objects went through the upper one of two kinds.
    fn lowered_warning(&self, taken: f64) -> Option<String> {
        let (set, marker, column, first) = (self.set, self.marker, &self.column.name, self.lowered_from?);
        let above = |limit: f64| self.known().filter(|v| *v > limit).count();
        let (all, now, before) = (self.known().count(), above(taken), above(first));
        let share = |n: usize| n as f64 / all as f64;
        Some(format!(
            "the cutoff of {marker} that follows from the median of all objects of {set}, {first}, goes through the upper one of two kinds that {column} has, which is so large that it \
             widens the deviation: the cutoff is that of the {} objects of the lower kind instead, {taken}, and {now} of {all} are positive ({:.3}) instead of {before} ({:.3}); if \
             those between are negative: {}",
            self.said_of.iter().filter(|is| **is).count(),
            share(now),
            share(before),
            self.remedy(first),
        ))
    }

    /// Where a recipe has the cutoff.
    fn key(&self) -> String {
        let (set, marker) = (self.set, self.marker);
        match self.how.column.is_none() && self.how.at_least.is_none() {
            true => format!("positive.{set}.{marker}"),
            false => format!("positive.{set}.{marker}.above"),
        }
    }

    /// What is said where Otsu's threshold may have divided objects of one kind.
    fn of_one_kind(&self, apart: f64, recipe: &Recipe) -> String {
        let (set, marker, column) = (self.set, self.marker, &self.column.name);
        let regions = contradicted::made_of(marker, set, recipe).join(", ");
        let nor = match regions.is_empty() {
            true => String::new(),
            false => format!(", nor do {regions}, made of the same stain, and its area in groups.csv"),
        };
        format!(
            "Otsu's threshold of {column} divides {set} into two groups whose means lie {apart:.1} standard deviations apart, no farther than where it divides objects of \
             one kind: positive for {marker} means nothing if only one is there{nor}; give a number in [positive.{set}]"
        )
    }

    /// A warning where objects have no value.
    pub(super) fn without_value_warning(&self) -> Option<String> {
        let (set, marker, column) = (self.set, self.marker, &self.column.name);
        let (n, all) = (self.known().count(), self.values.len());
        let shares = if speak_for(n, all) { "" } else { ", and no share or score is given of the others" };
        let why = if of_light(column).starts_with(ABOVE_GROUND) { NO_GROUND } else { "" };
        (n < all).then(|| {
            format!(
                "{} of {all} objects of {set} have no {column}: they are neither positive nor negative for {marker}{shares}{why}",
                all - n
            )
        })
    }

    /// A warning where objects may be positive by light of their neighbours.
    pub(super) fn lit_warning(&self) -> Option<String> {
        let (set, marker, Lit { objects, positive, all, between, .. }) = (self.set, self.marker, self.lit?);
        let key = self.key();
        let others = positive - objects;
        let share = |n: usize| n as f64 / all as f64;
        let what = "at most a quarter of the light of an object that they touch, as light that reaches over from it";
        Some(match (self.raised_from, self.how.higher) {
            (Some(first), _) => format!(
                "{objects} of {positive} objects of {set} above the cutoff of {marker}, {first}, have {what}, and there is a gap above them: the cutoff is \
                 {between} instead, and {others} of {all} are positive ({:.3}) instead of {positive} ({:.3}); if they are positive by themselves: {key} = {first}",
                share(others),
                share(positive),
            ),
            (None, higher) => format!(
                "{objects} of {positive} objects of {set} that are positive for {marker} have {what}. If they are negative, {others} of {all} are positive \
                 ({:.3}) instead of {positive} ({:.3}): {key} = {}",
                share(others),
                share(positive),
                if higher.is_some() {
                    format!("[...], three cutoffs of which the first is {between}")
                } else {
                    between.to_string()
                },
            ),
        })
    }

    /// A warning of objects whose light lies beyond the end of the channel's scale.
    pub(super) fn overexposed_warning(&self, highest: Option<f64>) -> Option<String> {
        let (role, known) = self.seen_in?;
        known.overexposed_warning((self.set, role, &self.column.name), &self.values, highest)
    }
}

/// What is said where a few objects lie far above all others.
fn of_doubt(set: &str, marker: &str, all: usize, doubt: &Doubt) -> String {
    let Doubt { few, higher, lower, is_lower } = doubt;
    match is_lower {
        true => format!(
            "{few} of {all} objects of {set} lie far above the others, as dead cells, folds and debris do: the cutoff of {marker} lies between the kinds below them, at \
             {lower:.4}, not at {higher:.4}; if only these are positive give a number in [positive.{set}]"
        ),
        false => format!(
            "{few} of {all} objects of {set} lie above the cutoff of {marker}, {higher:.4}, and the others may be two kinds that {lower:.4} divides: dead cells, \
             folds or debris \
             may have taken the cutoff; look at the overlay, and give a number in [positive.{set}]"
        ),
    }
}

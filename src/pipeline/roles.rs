//! Which channel of the image plays which role.
//!
//! Names come first, the nearest to what the recipe says before those with additions; an index behind names is what is fallen back
//! to, and a note says so. A channel plays one role, unless the recipe gives it to both by its own name or by a plain index.

use super::made::Derived;
use super::mixed::Mixed;
use crate::device::Device;
use crate::image::{Channel, Scan};
use crate::ops::histogram::range;
use crate::read;
use crate::recipe::{Likeness, Pick, Recipe, likeness};
use crate::words::misspelt;
use crate::{Error, Result};
use std::collections::BTreeSet;

/// Roles of the recipe with the index of their channel, in the order of the channels of the file.
#[derive(Default)]
pub(super) struct Roles {
    pub found: Vec<(String, usize)>,
    /// Roles that the image has no channel for.
    pub missing: Vec<String>,
    /// What was fallen back to, and other choices that the user should look at.
    pub warnings: Vec<String>,
    /// Channels that play no role.
    pub left_out: Vec<String>,
    /// Images made of channels.
    pub derived: Vec<Derived>,
    /// Mixtures of dyes that were unmixed.
    pub mixed: Vec<Mixed>,
}

impl Roles {
    /// A channel for each role, where the image has one.
    ///
    /// # Errors
    /// A role that the user gave fits no channel, or several; two roles want one channel; object sets are to be found in a
    /// channel that is not there.
    pub fn find(scan: &Scan, recipe: &Recipe) -> Result<Self> {
        let mut cast = Cast { scan, recipe, held: vec![], warnings: vec![] };
        let mut open: Vec<&String> = recipe.body.channels.keys().collect();
        // The surest claim of all roles is granted first: a name with additions gives way to a name without.
        while !open.is_empty() {
            let claims = open.iter().map(|role| cast.claim(role)).collect::<Result<Vec<_>>>()?;
            let surest = claims.into_iter().flatten().min_by_key(|c| (c.rank, !is_needed(recipe, &c.role)));
            let Some(claim) = surest else { break };
            open.retain(|role| **role != claim.role);
            cast.grant(claim)?;
        }
        for role in &open {
            cast.check_missing(role)?;
        }
        let left_out = |(i, c): (usize, &Channel)| cast.holders(i).next().is_none().then(|| c.name.clone());
        let left_out = scan.channels.iter().enumerate().filter_map(left_out).collect();
        let missing = open.into_iter().cloned().collect();
        let mut found: Vec<(String, usize)> = cast.held.iter().map(|c| (c.role.clone(), c.channel)).collect();
        found.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        Ok(Roles { found, missing, warnings: cast.warnings, left_out, derived: vec![], mixed: vec![] })
    }

    /// The channel of a role, or a derived image.
    pub fn index(&self, role: &str) -> Option<usize> {
        let found = self.found.iter().find(|(r, _)| r == role).map(|(_, i)| *i);
        found.or_else(|| self.derived.iter().find(|d| d.name == role).map(|d| d.index))
    }

    /// The channel of the file that a channel, or a derived image, comes from.
    pub fn in_file(&self, index: usize) -> usize {
        self.derived.iter().find(|d| d.index == index).map_or(index, |d| d.of)
    }
}

/// Object sets are found in it, images made of it, or a gallery asks for it.
pub(super) fn is_needed(recipe: &Recipe, role: &str) -> bool {
    let mut sets = recipe.body.objects.values();
    recipe.body.shown_phenotype_of(role).is_some()
        || sets.any(|set| set.channel.as_deref() == Some(role) || set.reads_image(role))
        || recipe.body.makes_images_of(role)
}

/// How sure it is that a channel is the one that is meant, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Its very name, or an index that stands before any name: what the user cannot say more clearly.
    Firm,
    /// A name with other punctuation or with additions.
    Alike(Likeness),
    /// The blue of a colour picture.
    Colour,
    /// An index because no name fits.
    Fallback,
}

#[derive(Clone)]
struct Claim {
    role: String,
    channel: usize,
    rank: Rank,
    /// What the user should know if it is granted, or why it cannot be.
    warning: Result<Option<String>>,
}

struct Cast<'a> {
    scan: &'a Scan,
    recipe: &'a Recipe,
    held: Vec<Claim>,
    warnings: Vec<String>,
}

impl Cast<'_> {
    /// The first name or index of a role that the image has a free channel for.
    fn claim(&self, role: &str) -> Result<Option<Claim>> {
        let picks = self.recipe.body.channels.get(role).map_or(&[][..], Vec::as_slice);
        let claim = |channel, rank, warning| Ok(Some(Claim { role: role.into(), channel, rank, warning }));
        let mut wanted_too = None;
        for (k, pick) in picks.iter().enumerate() {
            let is_firm = !picks[..k].iter().any(|p| matches!(p, Pick::Name(_)));
            match pick {
                Pick::Name(name) => {
                    let (rank, all) = self.named(name);
                    let free: Vec<usize> = all.iter().copied().filter(|i| self.is_free(*i, rank)).collect();
                    match free[..] {
                        [] => wanted_too = wanted_too.or(all.first().copied()),
                        [one] => return claim(one, rank, Ok(self.doubt(role, one, rank))),
                        [one, ..] => return claim(one, rank, self.several(role, name, &free).map(Some)),
                    }
                }
                Pick::Index(i) if is_firm => {
                    let i = *i as usize;
                    if i < self.scan.channels.len() && self.is_free(i, Rank::Firm) {
                        return claim(i, Rank::Firm, Ok(None));
                    }
                }
                Pick::Index(i) => {
                    self.check_wanted(role, wanted_too)?;
                    if let Some(i) = self.fallback(*i as usize) {
                        return claim(i, Rank::Fallback, Ok(self.doubt(role, i, Rank::Fallback)));
                    }
                }
            }
        }
        self.check_wanted(role, wanted_too)?;
        Ok(None)
    }

    /// The channels of that name, and how sure it is.
    fn named(&self, name: &str) -> (Rank, Vec<usize>) {
        let of = |(i, c): (usize, &Channel)| {
            let rank = match likeness(name, &c.name) {
                Some(Likeness::Same) => Rank::Firm,
                Some(other) => Rank::Alike(other),
                None if self.colour(i).is_some_and(|colour| name == colour) && !self.is_dark(i) => Rank::Colour,
                None => return None,
            };
            Some((rank, i))
        };
        let all: Vec<(Rank, usize)> = self.scan.channels.iter().enumerate().filter_map(of).collect();
        let Some(best) = all.iter().map(|(rank, _)| *rank).min() else { return (Rank::Fallback, vec![]) };
        let mut all: Vec<usize> = all.into_iter().filter(|(rank, _)| *rank == best).map(|(_, i)| i).collect();
        // The very name goes before one in other letters.
        if let [one] = all.iter().filter(|i| self.name(**i) == name).collect::<Vec<_>>()[..] {
            all = vec![*one];
        }
        // What the file calls by the same name has got a number.
        let again: Vec<usize> = all.iter().flat_map(|i| self.repeats(*i)).filter(|i| !all.contains(i)).collect();
        all.extend(again);
        (best, all)
    }

    /// Channels that have the name of this one in the file.
    fn repeats(&self, channel: usize) -> impl Iterator<Item = usize> {
        let channels = self.scan.channels.iter().enumerate();
        channels.filter(move |(_, c)| read::is_repeat(&c.name, self.name(channel))).map(|(i, _)| i)
    }

    /// The channel to fall back to: the index itself, or the first free one in the place of one that is taken or dark.
    fn fallback(&self, index: usize) -> Option<usize> {
        let n = self.scan.channels.len();
        let free = |i: &usize| self.holders(*i).next().is_none();
        let others = || (0..n).filter(free);
        (index < n).then(|| {
            let itself = Some(index).filter(free);
            itself
                .filter(|i| !self.is_dark(*i))
                .or_else(|| others().find(|i| !self.is_dark(*i)))
                .or(itself)
                .or(others().next())
        })?
    }

    fn holders(&self, channel: usize) -> impl Iterator<Item = &Claim> {
        self.held.iter().filter(move |c| c.channel == channel)
    }

    fn is_free(&self, channel: usize, rank: Rank) -> bool {
        self.holders(channel).all(|c| rank == Rank::Firm && c.rank == Rank::Firm)
    }

    fn is_given(&self, role: &str) -> bool {
        self.recipe.given_roles.contains(role)
    }

    /// The colour that a channel of a colour picture stands for.
    fn colour(&self, channel: usize) -> Option<&'static str> {
        let names: Vec<&str> = self.scan.channels.iter().map(|c| c.name.as_str()).collect();
        (names == ["R", "G", "B"]).then(|| ["red", "green", "blue"].get(channel).copied())?
    }

    /// A colour that has next to nothing in it, beside others that have.
    fn is_dark(&self, channel: usize) -> bool {
        let span =
            |c: &Channel| range(&Device::Cpu, &c.volume).map_or(0, |(least, most)| i64::from(most) - i64::from(least));
        let widest = || self.scan.channels.iter().map(span).max().unwrap_or(0);
        // What JPEG leaves of a neighbouring colour is less than an eighth of it.
        self.colour(channel).is_some() && self.scan.channels.get(channel).is_some_and(|c| span(c) * 8 < widest())
    }

    fn name(&self, channel: usize) -> &str {
        self.scan.channels.get(channel).map_or("", |c| &c.name)
    }

    fn names(&self) -> String {
        self.scan.channels.iter().map(|c| format!("\"{}\"", c.name)).collect::<Vec<_>>().join(", ")
    }

    /// What to say where neither the name of the channel nor the recipe says it for sure.
    fn doubt(&self, role: &str, channel: usize, rank: Rank) -> Option<String> {
        let name = self.name(channel);
        let why = match rank {
            Rank::Colour => "its colour",
            Rank::Fallback => "its place",
            _ => return None,
        };
        // With one channel that has no name there is nothing to choose, and nothing to doubt.
        let only = self.scan.channels.len() == 1 && name == "ch0";
        (!only).then(|| {
            format!(
                "{role} = \"{name}\" by {why}: no name fits; --set channels.{role}='\"NAME\"' says which channel it is"
            )
        })
    }

    /// Several channels fit equally well: the first is taken for a preset, but what the user wrote is to be clear.
    fn several(&self, role: &str, name: &str, fit: &[usize]) -> Result<String> {
        let names: Vec<String> = fit.iter().map(|i| format!("\"{}\"", self.name(*i))).collect();
        let what = format!("{role}: \"{name}\" fits the channels {}", names.join(", "));
        if self.is_given(role) {
            return Err(Error::usage(what).remedy(self.set(role, fit[0])));
        }
        Ok(format!("{what}; {} is taken", names[0]))
    }

    /// A name of the role fits a channel that another role has.
    fn check_wanted(&self, role: &str, wanted_too: Option<usize>) -> Result<()> {
        let Some(channel) = wanted_too else { return Ok(()) };
        match self.holders(channel).find(|c| self.is_given(role) || self.is_given(&c.role)) {
            None => Ok(()),
            Some(other) => {
                let what = format!("the channel \"{}\" would be {} and {role}", self.name(channel), other.role);
                // What the user gave is more likely to be wrong than the name of a stain.
                let turns = if self.is_given(role) { [role, &other.role] } else { [&other.role, role] };
                Err(Error::usage(what).remedy(self.remedy(&turns)))
            }
        }
    }

    fn check_missing(&self, role: &str) -> Result<()> {
        if !self.is_given(role) && !is_needed(self.recipe, role) {
            return Ok(());
        }
        let picks = self.recipe.body.channels.get(role).map_or(&[][..], Vec::as_slice);
        let says = picks.iter().map(Pick::to_string).collect::<Vec<_>>().join(", ");
        let what = format!("no channel for \"{role}\": the recipe says {says}; the image has {}", self.names());
        let e = Error::usage(what).remedy(self.remedy(&[role]));
        let set = self.recipe.body.objects.iter().find(|(_, o)| o.channel.as_deref() == Some(role));
        Err(match (set, self.recipe.body.shown_phenotype_of(role)) {
            (Some((set, _)), _) => e.needed_for(format!("the object set \"{set}\"")),
            (None, Some(phenotype)) => e.needed_for(format!("the phenotype \"{phenotype}\"")),
            (None, None) => e,
        })
    }

    /// For the first of some roles, the free channel whose name is nearest to what the recipe says, or any if that is no molecule with a
    /// number (CD45 is not CD4). Where none is free, what is searched first may be what that channel shows; nothing else is.
    fn remedy(&self, roles: &[&str]) -> String {
        let role = roles.first().copied().unwrap_or_default();
        let free: Vec<usize> = (0..self.scan.channels.len()).filter(|i| self.holders(*i).next().is_none()).collect();
        let names: Vec<&str> = free.iter().map(|i| self.name(*i)).collect();
        let picks = self.recipe.body.channels.get(role).map_or(&[][..], Vec::as_slice);
        let near = picks.iter().find_map(|p| match p {
            Pick::Name(name) => misspelt(name, &names).map(|k| free[k]),
            Pick::Index(_) => None,
        });
        let is_molecule = |p: &Pick| matches!(p, Pick::Name(name) if name.contains(|c: char| c.is_ascii_digit()));
        let is_first = self.recipe.body.objects.values().find_map(|o| o.channel.as_deref()) == Some(role);
        let is_lacking = roles.len() == 1 && free.is_empty() && !is_first && !self.is_given(role);
        if near.is_none() && (is_lacking || !picks.is_empty() && picks.iter().all(is_molecule)) {
            return format!("--set channels.{role}='\"NAME\"', the channel that shows it, or a recipe without {role}");
        }
        if let Some(channel) = near.or(free.first().copied()) {
            return self.set(role, channel);
        }
        if self.recipe.body.files.is_file_a_channel() {
            return "the file of that channel as an input too: the folder that holds it, or a glob".into();
        }
        let all: BTreeSet<&str> = self.holders(0).map(|c| c.role.as_str()).chain(roles.iter().copied()).collect();
        all.iter().map(|role| format!("--set channels.{role}=0")).collect::<Vec<_>>().join(" ")
    }

    /// A name if it is one that a shell and TOML leave alone, else the index.
    fn set(&self, role: &str, channel: usize) -> String {
        let name = self.name(channel);
        let plain = |c: char| c.is_alphanumeric() || " -_().,:/+".contains(c);
        let same = self.scan.channels.iter().filter(|c| likeness(name, &c.name) == Some(Likeness::Same)).count();
        if same == 1 && self.repeats(channel).next().is_none() && !name.is_empty() && name.chars().all(plain) {
            return format!("--set channels.{role}='\"{name}\"'");
        }
        format!("--set channels.{role}={channel}")
    }

    fn grant(&mut self, claim: Claim) -> Result<()> {
        let note = self.holders(claim.channel).next().map(|other| {
            format!("the channel \"{}\" is both {} and {}", self.name(claim.channel), other.role, claim.role)
        });
        self.warnings.extend(note);
        self.warnings.extend(claim.warning.clone()?);
        self.held.push(claim);
        Ok(())
    }
}

/// The channel of a role, or an image that is there already.
pub(super) fn source<'a>(role: &str, scan: &'a Scan, roles: &Roles) -> Result<(usize, &'a Channel)> {
    let missing = || Error::usage(format!("no channel for \"{role}\""));
    let index = roles.index(role).ok_or_else(missing)?;
    Ok((index, scan.channels.get(index).ok_or_else(missing)?))
}

#[cfg(test)]
#[path = "roles_tests.rs"]
mod tests;

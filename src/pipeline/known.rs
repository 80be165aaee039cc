//! How much a channel says of the objects of a set: of some it says only that they are at least so bright, of some nothing.
//!
//! Where half of the voxels of an object and more lie at the end of a channel's scale, its values stop while the light goes on: what they
//! exceed they exceed, but what they do not exceed they may. Where the channel has not seen half of an object (`unseen`), its values are none.

use super::channel_refs::has_columns_of;
use crate::Result;
use crate::image::{Modality, ObjectSet};
use crate::measure::{ChannelRef, suffixes};
use crate::recipe::{Measure, Recipe};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// From this share of its voxels on a thing holds for an object.
const MOST: f64 = 0.5;
/// From this share of its voxels at the end of the scale on the mean of an object is told to be too low.
const SOME: f64 = 0.01;
/// An object of which this share was not seen has values that are off.
const PART: f64 = 0.1;

/// What a channel says of the objects of a set that are judged by it.
pub(super) struct Known {
    /// The end of its scale, and the share of the channel that lies there.
    end: Option<(f64, f64)>,
    /// The share of the voxels of each object that lie there; as many as there are objects, or none.
    at_end: Vec<f64>,
    /// The share of the voxels of each object that were not seen; as many as there are objects, or none.
    unseen: Vec<f64>,
}

/// By object set and by role; where nothing is to be said there is nothing.
#[derive(Default)]
pub(super) struct KnownObjects<'a> {
    /// Sets that are measured, and what of them.
    sets: Vec<(&'a str, &'a ObjectSet, &'a Measure)>,
    recipe: Option<&'a Recipe>,
    found: BTreeMap<(String, String), Known>,
}

impl<'a> KnownObjects<'a> {
    /// Of the sets that a recipe measures.
    pub fn of(recipe: &'a Recipe, made: &'a BTreeMap<String, ObjectSet>) -> Self {
        // Labels with gaps have no tables by label.
        let has_table = |set: &ObjectSet| set.count() as usize <= set.labels.shape.len();
        let measured =
            |(name, set): (&'a String, &'a ObjectSet)| Some((name.as_str(), set, recipe.body.measure.get(name)?));
        let sets = made.iter().filter(|(_, set)| has_table(set)).filter_map(measured).collect();
        KnownObjects { sets, recipe: Some(recipe), found: BTreeMap::new() }
    }

    /// Looks at the objects in a channel of a camera; `unseen` is 1 where it has not seen the image, if there is such a place. Gives warnings of
    /// objects that were not seen.
    ///
    /// # Errors
    /// Data on a device.
    pub fn look_at(&mut self, channel: &ChannelRef, unseen: Option<&[u8]>, modality: Modality) -> Result<Vec<String>> {
        let samples = channel.volume.samples.host()?;
        let end = channel.end_of_scale().filter(|_| modality == Modality::Fluorescence);
        let reaching = |end: i32| samples.par_iter().filter(|sample| **sample >= end).count();
        let end = end.map(|end| (end, reaching(end) as f64 / samples.len() as f64)).filter(|(_, share)| *share > 0.0);
        let mut told = vec![];
        let has_columns =
            |wanted: &Measure| self.recipe.is_some_and(|recipe| has_columns_of(wanted, channel.name, recipe));
        for (name, set, _) in self.sets.iter().filter(|(_, _, wanted)| has_columns(wanted)) {
            if end.is_none() && unseen.is_none() {
                continue;
            }
            let known = Known {
                end: end.map(|(end, share)| (channel.volume.scale.value(f64::from(end)), share)),
                at_end: end.map_or(Ok(vec![]), |(end, _)| shares(set, |i| samples[i] >= end))?,
                unseen: unseen.map_or(Ok(vec![]), |unseen| shares(set, |i| unseen[i] == 1))?,
            };
            told.extend(known.unseen_warning(name, channel.name));
            self.found.insert(((*name).to_owned(), channel.name.to_owned()), known);
        }
        Ok(told)
    }

    /// Of a set in the channel that a column is about: the one whose name ends the column's, the longest of several.
    pub fn by_column(&self, set: &str, column: &str) -> Option<(&str, &Known)> {
        let of_set: Vec<_> = self.found.iter().filter(|((name, _), _)| name == set).collect();
        let names: Vec<&str> = of_set.iter().map(|((_, role), _)| role.as_str()).collect();
        let endings = suffixes(&names).into_iter().zip(of_set);
        let named = endings.filter(|(ending, _)| column.ends_with(&format!("_{ending}")));
        named.max_by_key(|(ending, _)| ending.len()).map(|(_, ((_, role), known))| (role.as_str(), known))
    }
}

/// The share of the voxels of each object that something is true of.
fn shares(set: &ObjectSet, is: impl Fn(usize) -> bool + Sync) -> Result<Vec<f64>> {
    let (runs, width) = (set.labels.runs()?, set.labels.shape.x);
    let share = |label: u32| {
        let voxels = || runs.of(label).iter().flat_map(|run| run.voxels(width));
        voxels().filter(|i| is(*i)).count() as f64 / (runs.voxels(label) as f64).max(1.0)
    };
    Ok((1..=set.labels.count).into_par_iter().map(share).collect())
}

fn count(shares: &[f64], is: impl Fn(f64) -> bool) -> usize {
    shares.iter().filter(|share| is(**share)).count()
}

impl Known {
    /// Takes the values of objects that were not seen.
    pub fn forget_unseen(&self, values: &mut [Option<f64>]) {
        values.iter_mut().zip(&self.unseen).filter(|(_, share)| **share >= MOST).for_each(|(value, _)| *value = None);
    }

    /// Which objects are at least as bright as their values say; as many as there are objects, or none.
    pub fn at_least(&self) -> Vec<bool> {
        self.at_end.iter().map(|share| *share >= MOST).collect()
    }

    /// Of which objects so much of the voxels lies at the end of its scale that their mean is too low; as many as there are objects, or none.
    pub fn partly_at_end(&self) -> Vec<bool> {
        self.at_end.iter().map(|share| (SOME..MOST).contains(share)).collect()
    }

    /// A warning of these, of a set by the values of a column of a role that are held against cutoffs up to the highest.
    pub fn overexposed_warning(
        &self,
        (set, role, column): (&str, &str, &str),
        values: &[Option<f64>],
        highest: Option<f64>,
    ) -> Option<String> {
        let (end, share) = self.end?;
        let n = count(&self.at_end, |share| share >= MOST);
        let is_below = |value: &Option<f64>| highest.zip(*value).is_some_and(|(highest, value)| value <= highest);
        let undecided =
            values.iter().zip(&self.at_end).filter(|(value, share)| **share >= MOST && is_below(value)).count();
        let left = match undecided {
            0 => String::new(),
            some => format!(
                "; {some} of them lie below a cutoff that their true light may exceed, so they are neither negative nor graded there"
            ),
        };
        (n > 0).then(|| {
            format!(
                "{n} of {} objects of {set} are overexposed in {role}: half of their voxels and more lie at {end}, where its scale ends, as {:.1} % of the channel do; \
                 their {column} is at least what is given{left}; a shorter exposure tells them apart",
                self.at_end.len(),
                100.0 * share
            )
        })
    }

    /// A warning of objects that a role has not seen.
    fn unseen_warning(&self, set: &str, role: &str) -> Option<String> {
        let (most, part) =
            (count(&self.unseen, |share| share >= MOST), count(&self.unseen, |s| (PART..MOST).contains(&s)));
        let of = match (most, part) {
            (0, 0) => return None,
            (most, 0) => format!("half and more of {most}"),
            (0, part) => format!("a tenth to a half of {part}"),
            (most, part) => format!("half and more of {most}, and a tenth to a half of {part},"),
        };
        let judged =
            if most > 0 { "those that it has not seen in half are neither positive nor negative by it; " } else { "" };
        Some(format!(
            "{role} has not seen {of} of {} objects of {set} (it has one value there, as in a missing tile or slice, or beside a channel that was moved): \
             {judged}cnr, tbr and specific_uptake leave out what it has not seen, all other columns contain it",
            self.unseen.len()
        ))
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: counted by hand.
    use super::*;
    use crate::image::{Labels, Volume};
    use crate::units::Shape;

    /// Three objects of two to three voxels in a channel.
    fn known(samples: Vec<i32>, saturation: i32, unseen: Option<&[u8]>) -> (Option<Known>, Vec<String>) {
        let shape = Shape::flat(1, 8);
        let labels = Labels::new(shape, vec![1, 1, 0, 2, 2, 2, 3, 3]).unwrap();
        let set = ObjectSet::on_both(labels.clone(), labels);
        let volume = Volume::new(shape, samples).unwrap();
        let channel = ChannelRef { saturation: Some(saturation), ..ChannelRef::new("probe", "au", &volume) };
        let text = "channels = { probe = [0] }\n[objects.cells]\nlabels = \"m.tif\"\n[measure.cells]\nfeatures = [\"intensity\"]";
        let recipe = Recipe::parse("masks", text, &[]).unwrap();
        let made = BTreeMap::from([("cells".to_owned(), set)]);
        let mut all = KnownObjects::of(&recipe, &made);
        let told = all.look_at(&channel, unseen, Modality::Fluorescence).unwrap();
        assert!(all.by_column("cells", "cnr_other").is_none() && all.by_column("nuclei", "cnr_probe").is_none());
        assert_eq!(
            all.by_column("cells", "cnr_probe").map(|(role, _)| role),
            all.found.keys().next().map(|key| &*key.1)
        );
        (all.found.into_values().next(), told)
    }

    #[test]
    fn half_of_an_object_at_the_end_of_the_scale_is_at_least_so_bright() {
        let samples = vec![255, 7, 255, 255, 9, 9, 8, 8];
        let (found, told) = known(samples.clone(), 255, None);
        let found = found.unwrap();
        assert!(found.at_least() == [true, false, false] && told.is_empty());
        let said = |cutoff| {
            let values = [Some(5.0), Some(1.0), None];
            found.overexposed_warning(("cells", "probe", "cnr_probe"), &values, Some(cutoff)).unwrap()
        };
        assert!(
            said(3.0).starts_with("1 of 3 objects of cells are overexposed in probe") && said(3.0).contains("37.5 %")
        );
        assert!(
            said(30.0).contains("; 1 of them lie below a cutoff") && !said(3.0).contains("below"),
            "{}",
            said(30.0)
        );
        assert!(known(samples, 4095, None).0.is_none(), "nothing lies there");
    }

    #[test]
    fn objects_that_were_not_seen_have_no_value() {
        let unseen = [1, 1, 1, 1, 0, 0, 0, 0];
        let (found, told) = known(vec![9; 8], 255, Some(&unseen));
        let mut values = [Some(5.0), Some(1.0), None];
        found.unwrap().forget_unseen(&mut values);
        assert_eq!(values, [None, Some(1.0), None]);
        let of = "probe has not seen half and more of 1, and a tenth to a half of 1, of 3 objects of cells";
        assert!(told.len() == 1 && told[0].starts_with(of), "{told:?}");
    }
}

//! Whether objects and the region that is made of their stain say the same of it.
//!
//! What is positive for a stain lies where the stain is. Where fewer than half do, either the cutoff of the objects or the threshold
//! of the region was taken by something else, and two numbers of one row contradict each other. And where objects in the region are
//! positive no more often than those beside it, the region says nothing of the stain: none of it is there, or it is everywhere, and the threshold went through
//! what it found, as where cells lie close.

use super::Sets;
use super::classified::Markers;
use crate::Result;
use crate::device::Device;
use crate::image::{Classes, Labels, ObjectSet};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::sizes::sizes;
use crate::recipe::{Cutoff, Positive, Recipe, Rule};
use std::collections::BTreeMap;

/// Fewer positive objects say nothing, nor do fewer on either side of the edge of a region.
const FEW: usize = 5;
/// Shares that lie no more than so many standard errors apart may be one.
const CHANCE: f64 = 2.0;

/// A warning for each marker of a set, and each region of its parents that is found in the channel of that name.
///
/// # Errors
/// Objects are not on the host.
pub(super) fn warnings(name: &str, of: &Sets, set: &ObjectSet, markers: &Markers) -> Result<Vec<String>> {
    let objects = &of.recipe.body.objects;
    let mut told = vec![];
    for parent in objects.get(name).map_or(&[][..], |objects| &objects.parent) {
        let Some((made, region)) = of.made.get(parent).zip(objects.get(parent)) else { continue };
        let Some((marker, of_marker)) = region.channel.as_ref().and_then(|role| markers.get_key_value(role.as_str()))
        else {
            continue;
        };
        let inside = mostly_inside(&set.labels, &made.labels)?;
        let positive = || of_marker.is_positive.iter().zip(&inside).filter(|(p, _)| **p == Some(true));
        let (n, within) = (positive().count(), positive().filter(|(_, inside)| **inside).count());
        let are_outside = n >= FEW && 2 * within < n;
        if are_outside {
            told.push(format!(
                "{within} of {n} objects of {name} that are positive for {marker} lie in {parent}, which is made of the same stain: a bright speck may have taken \
                 its threshold or the cutoff of {marker}; look at the overlay; shares inside of {parent} and areas of it mean nothing until both agree"
            ));
        }
        let known = of_marker.is_positive.iter().zip(&inside).filter_map(|(p, inside)| Some(((*p)?, *inside)));
        let [of_inside, of_outside] = Share::inside_and_outside(known);
        if !are_outside && !of_inside.is_above(&of_outside) {
            let ([a, all_in], [b, all_out]) = (of_inside.counts(), of_outside.counts());
            told.push(format!(
                "{a} of {all_in} objects of {name} in {parent} are positive for {marker}, and {b} of {all_out} outside of it, so {parent} does not show \
                 where the stain is (none may be there, or all objects have it); shares inside of {parent} and areas of it, those in groups.csv too, mean nothing; \
                 look at the overlay, and give a threshold in [objects.{parent}]"
            ));
        }
    }
    Ok(told)
}

/// The regions among the parents of a set that are made of the stain of a marker.
pub(super) fn made_of(marker: &str, name: &str, recipe: &Recipe) -> Vec<String> {
    let objects = &recipe.body.objects;
    let parents = objects.get(name).map_or(&[][..], |objects| &objects.parent);
    let is_made =
        |parent: &&String| objects.get(*parent).is_some_and(|region| region.channel.as_deref() == Some(marker));
    parents.iter().filter(is_made).cloned().collect()
}

/// How many of some objects are positive.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    positive: usize,
    all: usize,
}

impl Share {
    /// Of those inside of a region, and of those outside of it.
    fn inside_and_outside(objects: impl Iterator<Item = (bool, bool)>) -> [Self; 2] {
        let mut found = [Share::default(); 2];
        for (is_positive, is_inside) in objects {
            let of = &mut found[usize::from(!is_inside)];
            of.all += 1;
            of.positive += usize::from(is_positive);
        }
        found
    }

    fn counts(&self) -> [usize; 2] {
        [self.positive, self.all]
    }

    /// Whether it is the larger one by more than chance; with few objects on either side it may be.
    fn is_above(&self, other: &Share) -> bool {
        if self.all < FEW || other.all < FEW {
            return true;
        }
        let share = |of: &Share| of.positive as f64 / of.all as f64;
        let both = share(&Share { positive: self.positive + other.positive, all: self.all + other.all });
        let error = (both * (1.0 - both) * (1.0 / self.all as f64 + 1.0 / other.all as f64)).sqrt();
        share(self) - share(other) > CHANCE * error
    }
}

/// A warning for each marker that objects are positive for by Otsu's threshold, which is there for images with both kinds, where no object is of a class that
/// asks for it: light in all channels, as of debris or burned-in text, has taken the threshold.
pub(super) fn nobody(
    name: &str,
    how: &BTreeMap<String, Positive>,
    rules: &BTreeMap<String, Rule>,
    markers: &Markers,
    classes: &Classes,
) -> Vec<String> {
    let counts = classes.counts();
    let by_otsu = how.iter().filter(|(_, positive)| positive.above == Cutoff::Otsu);
    let told = by_otsu.filter_map(|(marker, _)| {
        let n = markers.get(marker.as_str())?.is_positive.iter().filter(|p| **p == Some(true)).count();
        let asks = |rule: &Rule| rule.markers.iter().any(|(other, wanted)| other == marker && *wanted);
        let places: Vec<usize> = rules.values().enumerate().filter(|(_, rule)| asks(rule)).map(|(i, _)| i).collect();
        let is_empty = |i: &usize| classes.is_sure(*i) && counts.get(*i) == Some(&0);
        let names: Vec<&str> = places.iter().filter_map(|i| classes.names.get(*i)).map(String::as_str).collect();
        (n > 0 && !places.is_empty() && places.iter().all(is_empty)).then(|| {
            format!(
                "{n} objects of {name} are positive for {marker}, and none of them is {}: their other markers exclude that, as where debris or text that was drawn \
                 into the image has light in several \
                 channels and took the cutoff of {marker}; look at the overlay, and give a number in [positive.{name}]",
                names.join(" or ")
            )
        })
    });
    told.collect()
}

/// For each object whether more than half of it lies in a region.
fn mostly_inside(objects: &Labels, region: &Labels) -> Result<Vec<bool>> {
    let all = sizes(&Device::Cpu, objects)?;
    let outside = sizes(&Device::Cpu, &cytoplasm(&Device::Cpu, objects, region)?)?;
    // Entry 0 counts the background.
    Ok(all.iter().zip(&outside).skip(1).map(|(all, outside)| outside * 2 < *all).collect())
}

#[cfg(test)]
mod tests {
    //! Oracle: counted by hand.
    use super::super::classified::Marker;
    use super::*;
    use crate::units::Shape;

    #[test]
    fn objects_that_are_positive_and_of_no_class_that_asks_for_it_are_told() {
        let how = |above| BTreeMap::from([("tumour".to_owned(), Positive::by_mean(above))]);
        let rule =
            |markers: &[(&str, bool)]| Rule { markers: markers.iter().map(|(m, p)| ((*m).to_owned(), *p)).collect() };
        let rules = BTreeMap::from([
            ("immune".to_owned(), rule(&[("immune", true)])),
            ("tumour".to_owned(), rule(&[("tumour", true), ("immune", false)])),
        ]);
        let names: Vec<String> = rules.keys().cloned().collect();
        let told = |above, of: [Option<u32>; 3], is_positive: [bool; 3], is_unsure: bool| {
            let marker = Marker { is_positive: is_positive.map(Some).to_vec(), ..Marker::default() };
            let unsure = vec![false, is_unsure];
            let classes = Classes { names: names.clone(), of: of.to_vec(), unsure };
            nobody("cells", &how(above), &rules, &Markers::from([("tumour", marker)]), &classes)
        };
        let both = [true, true, false];
        let said = told(Cutoff::Otsu, [Some(0), Some(0), None], both, false);
        assert!(
            said.len() == 1
                && said[0].starts_with("2 objects of cells are positive for tumour, and none of them is tumour"),
            "{said:?}"
        );
        assert!(told(Cutoff::Otsu, [Some(0), Some(1), None], both, false).is_empty(), "one is");
        assert!(told(Cutoff::Otsu, [None; 3], both, true).is_empty(), "nobody knows");
        assert!(told(Cutoff::Otsu, [None; 3], [false; 3], false).is_empty(), "none is positive");
        assert!(
            told(Cutoff::Value(9.0), [Some(0), Some(0), None], both, false).is_empty(),
            "a number may be above all"
        );
    }

    #[test]
    fn a_share_is_above_another_one_by_more_than_chance() {
        let of = |positive: usize, all: usize| Share { positive, all };
        assert!(of(5, 5).is_above(&of(0, 5)) && of(3, 6).is_above(&of(5, 95)));
        assert!(!of(20, 30).is_above(&of(38, 60)) && !of(0, 9).is_above(&of(0, 80)) && !of(9, 9).is_above(&of(80, 80)));
        assert!(of(0, 4).is_above(&of(60, 80)) && of(60, 80).is_above(&of(3, 4)), "too few to say");
        let objects = [(true, true), (false, true), (true, false)];
        assert_eq!(Share::inside_and_outside(objects.into_iter()).map(|of| of.counts()), [[1, 2], [1, 1]]);
    }

    #[test]
    fn more_than_half_of_an_object_is_mostly() {
        let row = |voxels: Vec<u32>| Labels::new(Shape::flat(1, voxels.len()), voxels).unwrap();
        let objects = row(vec![1, 1, 0, 2, 2, 2, 3, 3]);
        let region = row(vec![1, 0, 1, 1, 4, 0, 0, 0]);
        assert_eq!(mostly_inside(&objects, &region).unwrap(), [false, true, false]);
    }
}

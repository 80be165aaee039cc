//! A marker that objects are judged by, and who would be positive with less light: light that is not of the marker makes positive what has
//! none of it, and moves the cutoffs that are found among the objects.

mod bleeding;
mod unspecific;

use super::Sets;
use super::classified::said;
use super::cutoff::cutoff_of;
use super::object_light::Light;
use super::surroundings::Surroundings;
use crate::recipe::Positive;
use bleeding::Stain;

/// What is known of a marker, object by object.
pub(super) struct Judged<'a> {
    pub marker: &'a str,
    pub positive: &'a Positive,
    /// The channel that it is seen in, by its place in the scan.
    pub channel: usize,
    /// What is held against the cutoff.
    pub values: Vec<Option<f64>>,
    /// The light that the values are made of: what `cnr` divides by noise, else the values themselves.
    pub light: Vec<Option<f64>>,
    /// The ground next to the object is taken off that light.
    pub is_above_ground: bool,
    /// See [`cutoff_of`].
    pub rounding: f64,
    /// The objects that the cutoff is said of; all if empty.
    pub said_of: Vec<bool>,
    /// The cutoff is never below this: it was raised because of light of neighbours.
    pub least_cutoff: Option<f64>,
    pub is_positive: Vec<Option<bool>>,
}

/// What is said of light in the values of markers that is not their own: of other stains, of faulty pixels, and of what is all over the cells.
pub(super) fn warnings(set: &str, judged: &[Judged], of: &Sets, around: &Surroundings) -> Vec<String> {
    let mut told = vec![];
    for marker in judged {
        let source = of.roles.in_file(marker.channel);
        for (role, channel) in &of.roles.found {
            let Some(light) = around.light.in_channel(set, role) else { continue };
            if *channel == source {
                told.extend(marker.faulty(set, light));
            } else {
                let stain = Stain { name: role, channel: *channel, light: &light.mean };
                told.extend(bleeding::warning(set, marker, &stain, judged));
            }
        }
        told.extend(unspecific::warning(set, marker));
    }
    told
}

/// What becomes of the objects where some light is taken away.
pub(super) struct Change {
    /// So many are positive.
    pub positive: usize,
    /// So many are what they were not.
    pub changed: usize,
}

impl Judged<'_> {
    /// With so much light taken from each object.
    pub fn without(&self, taken: impl Fn(usize) -> f64) -> Change {
        let value = |(i, (value, light)): (usize, (&Option<f64>, &Option<f64>))| match (*value, *light) {
            (Some(value), Some(light)) if light != 0.0 => Some(value * (light - taken(i)) / light),
            (value, _) => value,
        };
        let values: Vec<Option<f64>> = self.values.iter().zip(&self.light).enumerate().map(value).collect();
        let cutoff = cutoff_of(self.positive, said(&values, &self.said_of), self.rounding)
            .map(|cutoff| self.least_cutoff.map_or(cutoff, |least| cutoff.max(least)));
        let now: Vec<Option<bool>> = values.iter().map(|v| Some((*v)? > cutoff?)).collect();
        let changed = now.iter().zip(&self.is_positive).filter(|(now, before)| now != before).count();
        Change { positive: count(&now), changed }
    }

    /// How many are positive.
    pub fn positive(&self) -> usize {
        count(&self.is_positive)
    }

    /// A warning where faulty pixels decide about objects.
    pub fn faulty(&self, set: &str, light: &Light) -> Option<String> {
        let touched = light.of_faults.iter().filter(|added| **added != 0.0).count();
        let without = self.without(|i| light.of_faults.get(i).copied().unwrap_or(0.0));
        (touched > 0 && without.changed > 0).then(|| {
            format!(
                "{}: {} in its channel lie in {touched} of {} objects of {set}, whose values have them; without them {} instead of {} would be positive: \
                 take them out of the image first (a median filter, or a dark image of the camera)",
                self.marker,
                light.faults,
                self.values.len(),
                without.positive,
                self.positive()
            )
        })
    }
}

fn count(is_positive: &[Option<bool>]) -> usize {
    is_positive.iter().filter(|p| **p == Some(true)).count()
}

#[cfg(test)]
impl<'a> Judged<'a> {
    /// Objects with these values, made of this light above the ground, in the second channel of a scan.
    fn by(marker: &'a str, positive: &'a Positive, values: &[f64], light: &[f64]) -> Self {
        let some = |numbers: &[f64]| numbers.iter().copied().map(Some).collect();
        let cutoff = cutoff_of(positive, values.iter().copied(), 0.0);
        Judged {
            marker,
            positive,
            channel: 1,
            values: some(values),
            light: some(light),
            is_above_ground: true,
            rounding: 0.0,
            said_of: vec![],
            least_cutoff: None,
            is_positive: values.iter().map(|v| Some(*v > cutoff?)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: counted by hand.
    use super::*;
    use crate::pipeline::faults::Faults;
    use crate::recipe::Cutoff;

    #[test]
    fn what_is_taken_from_the_light_is_taken_from_the_ratio() {
        let positive = Positive::by_mean(Cutoff::Value(3.0));
        let light = [0.0, 10.0, 20.0, 100.0];
        let dead = Judged::by("dead", &positive, &light.map(|l| l / 5.0), &light);
        // 2 and 4 and 20 deviations; without 8 of the light 0.4, 2.4 and 18.4.
        let change = dead.without(|_| 8.0);
        assert_eq!((dead.positive(), change.positive, change.changed), (2, 1, 1));
        let light = |of_faults: Vec<f64>| Light { mean: vec![], faults: Faults { hot: 3, dead: 0 }, of_faults };
        let told = dead.faulty("cells", &light(vec![0.0, 0.0, 8.0, 0.0])).unwrap();
        assert!(told.starts_with("dead: 3 hot pixels in its channel lie in 1 of 4 objects"), "{told}");
        assert!(told.contains("without them 1 instead of 2"), "{told}");
        assert!(dead.faulty("cells", &light(vec![0.0, 0.0, 0.0, 8.0])).is_none(), "it decides nothing");
        assert!(dead.faulty("cells", &light(vec![])).is_none());
    }
}

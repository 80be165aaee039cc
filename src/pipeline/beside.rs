//! Light of a bright object in those beside it. The blur of an image carries some of it over, and cells that were grown until they meet have some of the
//! other one's rim. Where the values of negative objects hardly differ, as means of hundreds of pixels do, that light lifts its neighbours above a cutoff
//! that is given in their deviations.
//!
//! Such objects lie just above the cutoff, beside an object that has several times their light, and seldom is there anything between them and the objects that
//! have light of their own. So of the objects above the cutoff the lowest ones are looked at, up to the first one that no neighbour explains: a
//! dim object that lies by itself ends the row, and with it all that is done here. If as many as these would hardly lie beside such an object by chance, they are
//! told. Reference: this project.

use super::cutoff::percentile;
use crate::Result;
use crate::image::Labels;
use crate::measure::Request;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// A neighbour gives no more of its light than this part: a whole rim of a blurred cell is a tenth of it.
const PART: f64 = 0.25;
/// Objects that have light of their own, at least.
const SOME: usize = 3;
/// As many of all objects make a difference, and two at least.
const TOLD: f64 = 0.02;
/// Chance that so many lie beside a bright object without having anything to do with it.
const CHANCE: f64 = 0.05;
/// Between light of a neighbour and that of its own lies a gap: from the one to the other it rises by this factor.
const GAP: f64 = 1.5;
/// Objects lie beside each other if no more than this part of the typical radius is between them, and two pixels at least.
const BESIDE: f64 = 0.25;
const BESIDE_PX: f64 = 2.0;

/// The objects of a set, to ask for those beside one.
pub(super) struct Beside<'a> {
    labels: &'a Labels,
    voxels: &'a [u32],
    far: usize,
}

impl<'a> Beside<'a> {
    /// Nothing for points, which have no light.
    ///
    /// # Errors
    /// Labels on a device, or above their count.
    pub fn of(request: &Request<'a>) -> Result<Option<Self>> {
        if request.points.is_some() {
            return Ok(None);
        }
        let labels = request.labels;
        labels.runs()?;
        let far = (BESIDE * request.radius_px.unwrap_or_default()).max(BESIDE_PX) as usize;
        Ok(Some(Beside { labels, voxels: labels.voxels().host()?, far }))
    }

    /// The objects beside one, by their places in a table.
    fn neighbours(&self, object: usize) -> Vec<usize> {
        let (shape, own) = (self.labels.shape, object as u32 + 1);
        let mut met = BTreeSet::new();
        let mut last = 0;
        for run in self.labels.runs().map(|runs| runs.of(own)).unwrap_or_default() {
            let [z, y] = run.zy(shape);
            let xs = (run.start as usize).saturating_sub(self.far)..(run.end as usize + self.far).min(shape.x);
            for z in z.saturating_sub(1)..(z + 2).min(shape.z) {
                for y in y.saturating_sub(self.far)..(y + self.far + 1).min(shape.y) {
                    let start = shape.index(z, y, 0);
                    for label in &self.voxels[start + xs.start..start + xs.end] {
                        if *label != last && *label != 0 && *label != own {
                            met.insert(*label as usize - 1);
                            last = *label;
                        }
                    }
                }
            }
        }
        met.into_iter().collect()
    }
}

/// Objects above a cutoff that may have nothing but light of those beside them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lit {
    /// How many there are.
    pub objects: usize,
    /// Above the cutoff.
    pub positive: usize,
    /// With a value.
    pub all: usize,
    /// A cutoff between them and the others.
    pub between: f64,
    /// It lies in a gap.
    pub is_gap: bool,
}

/// Looks at the objects above a cutoff. `values` are light.
pub(super) fn lit(values: &[Option<f64>], cutoff: f64, beside: &Beside) -> Option<Lit> {
    let mut below: Vec<f64> = values.iter().flatten().copied().filter(|v| *v <= cutoff).collect();
    below.sort_unstable_by(f64::total_cmp);
    let ground = percentile(&below, 50.0)?;
    let excess = |object: usize| values.get(object).copied().flatten().map_or(0.0, |v| v - ground);
    let mut above: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some_and(|v| v > cutoff)).collect();
    above.sort_by(|a, b| excess(*a).total_cmp(&excess(*b)).then(a.cmp(b)));
    let room = above.len().checked_sub(SOME)?;
    let near: Vec<Vec<usize>> = above.par_iter().map(|object| beside.neighbours(*object)).collect();
    let is_explained =
        |(object, near): &(&usize, &Vec<usize>)| near.iter().any(|other| excess(**object) <= PART * excess(*other));
    let explained = above.iter().zip(&near).take_while(is_explained).count().min(room);
    let all = below.len() + above.len();
    let told = ((TOLD * all as f64).floor() as usize + 1).max(2);
    if explained < told {
        return None;
    }
    let typical = excess(above[explained / 2]);
    let bright = above.iter().zip(&near).filter(|(object, _)| PART * excess(**object) >= typical);
    let beside_bright: BTreeSet<usize> = bright.flat_map(|(_, near)| near.iter().copied()).collect();
    let is_below = |object: &&usize| values.get(**object).copied().flatten().is_some_and(|v| v <= cutoff);
    let share = beside_bright.iter().filter(is_below).count() as f64 / below.len() as f64;
    if libm::pow(share, explained as f64) > CHANCE {
        return None;
    }
    let rise = |k: usize| excess(above[k]) / excess(above[k - 1]);
    let widest = (told..=explained).max_by(|a, b| rise(*a).total_cmp(&rise(*b)))?;
    let is_gap = rise(widest) >= GAP;
    let objects = if is_gap { widest } else { explained };
    let [low, high] = [excess(above[objects - 1]), excess(above[objects])];
    let between = ground + if is_gap { (low * high).sqrt() } else { low.midpoint(high) };
    Some(Lit { objects, positive: above.len(), all, between, is_gap })
}

#[cfg(test)]
mod tests {
    //! Oracle: objects in a row whose light is known.
    use super::*;
    use crate::units::Shape;

    /// Objects of three columns side by side, some with a gap of five behind them.
    fn row(values: &[f64], is_apart: impl Fn(usize) -> bool) -> (Labels, Vec<Option<f64>>) {
        let mut voxels = vec![];
        for i in 0..values.len() {
            voxels.extend([i as u32 + 1; 3]);
            voxels.extend(if is_apart(i) { &[0; 5][..] } else { &[] });
        }
        let labels = Labels::new(Shape::flat(1, voxels.len()), voxels).unwrap();
        (labels, values.iter().copied().map(Some).collect())
    }

    fn of((labels, values): &(Labels, Vec<Option<f64>>), cutoff: f64) -> Option<Lit> {
        let beside = Beside::of(&Request::new(labels)).unwrap().unwrap();
        lit(values, cutoff, &beside)
    }

    /// Of twelve objects each the seventh is bright, with `rim` to both sides of it.
    fn field(rim: impl Fn(usize) -> f64) -> Vec<f64> {
        let value = |i: usize| match i % 12 {
            6 => 500.0 + i as f64,
            5 | 7 => rim(i),
            k => 200.0 + 0.1 * k as f64,
        };
        (0..120).map(value).collect()
    }

    #[test]
    fn light_of_a_neighbour_is_told_with_a_cutoff_in_the_gap() {
        let found = of(&row(&field(|i| 210.0 + (i % 9) as f64), |_| false), 203.0).unwrap();
        assert_eq!((found.objects, found.positive, found.all, found.is_gap), (20, 30, 120, true));
        assert!(found.between > 225.0 && found.between < 480.0, "{found:?}");
    }

    #[test]
    fn dim_objects_by_themselves_are_kept() {
        // As dim as the rims, but nothing bright is beside them.
        let mut values = field(|i| 210.0 + (i % 9) as f64);
        values[0] = 205.0;
        assert_eq!(of(&row(&values, |_| false), 203.0), None);
        // Above half of the rims: no cutoff is above it.
        values[0] = 213.5;
        let found = of(&row(&values, |_| false), 203.0).unwrap();
        assert!(found.between < 213.5 && !found.is_gap, "{found:?}");
        // Nobody is beside a bright one.
        assert_eq!(of(&row(&field(|_| 210.0), |_| true), 203.0), None);
        // Half of the light of a neighbour is no rim.
        assert_eq!(of(&row(&field(|i| 360.0 + (i % 9) as f64), |_| false), 203.0), None);
        assert_eq!(of(&row(&field(|_| 201.0), |_| false), 203.0), None, "none lifted");
        assert_eq!(of(&row(&[200.0; 40], |_| false), 203.0), None, "none positive");
        assert_eq!(of(&row(&[], |_| false), 203.0), None);
    }

    #[test]
    fn weak_objects_among_many_bright_ones_are_chance() {
        // Nearly every object is beside a bright one: so are those that are weak by themselves.
        let value = |i: usize| match i % 3 {
            0 => 900.0,
            _ if i % 8 == 1 => 240.0 + i as f64 / 10.0,
            _ => 200.0 + (i % 7) as f64 / 10.0,
        };
        assert_eq!(of(&row(&(0..120).map(value).collect::<Vec<_>>(), |_| false), 203.0), None);
    }

    #[test]
    fn without_a_gap_it_is_told_all_the_same() {
        // From the rims to the bright ones without a step.
        let mut values = field(|i| 206.0 + (i / 12) as f64 * 5.0);
        (0..10).for_each(|k| values[12 * k + 6] = 430.0 + 40.0 * k as f64);
        let mut next = 255.0;
        for k in [1, 3, 9, 11] {
            (0..10).for_each(|j| {
                values[12 * j + k] = next;
                next *= 1.015;
            });
        }
        let found = of(&row(&values, |_| false), 203.0).unwrap();
        assert!(!found.is_gap && found.objects >= 15, "{found:?}");
    }
}

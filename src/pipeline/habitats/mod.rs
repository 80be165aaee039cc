//! The step `habitats`: each object of another set becomes one object for each range of its values, or for each cluster of its voxels,
//! the coldest first.

mod clusters;
mod cohort;

pub use cohort::{HabitatValues, MOST_VOXELS, habitat_values, learn_centres};

use super::state::State;
use crate::image::{Labels, ObjectRun, Regions, Scale};
use crate::ops::threshold::multi_otsu::cuts;
use crate::recipe::Habitats;
use crate::{Error, Result};
use clusters::Clusters;
use rayon::prelude::*;

/// Steps of the histogram that classes are found on, as in `skimage.filters.threshold_multiotsu`.
const BINS: usize = 256;

impl State<'_> {
    /// Divides the objects of a set. Voxels of no habitat do not exist: together they are the object.
    pub fn habitats(&mut self, p: &Habitats) -> Result<()> {
        let known = self.sets.get(&p.set).ok_or_else(|| Error::usage(format!("no object set \"{}\"", p.set)))?;
        let labels = known.labels.to_host()?;
        // A volume says nothing of one slice, nor an area of a stack, as for `keep`.
        let smallest = p.smallest.filter(|size| size.fits(self.geometry.shape.is_flat()));
        let least = smallest.map(|size| self.geometry.fewest(size)).transpose()?.unwrap_or(0);
        let mut levels = if p.by_clusters() { self.by_clusters(p, &labels)? } else { self.by_values(p, &labels)? };
        levels.par_iter_mut().for_each(|levels| join(levels, least));
        let (runs, size) = (labels.runs()?, labels.shape.len());
        let (mut voxels, mut first) = (vec![0u32; size], 1);
        let mut numbers = vec![0u32; size];
        for (label, levels) in (1..).zip(&levels) {
            let mut present = levels.clone();
            present.sort_unstable();
            present.dedup();
            let inside = runs.of(label).iter().flat_map(|run| run.voxels(labels.shape.x));
            for (at, level) in inside.zip(levels) {
                voxels[at] = first + present.partition_point(|other| other < level) as u32;
                numbers[at] = level + 1;
            }
            first += present.len() as u32;
        }
        self.mask = None;
        self.labels = Some(Labels::new(labels.shape, voxels)?.to(self.device)?);
        self.origin = Some(Regions::of_voxels(labels.shape, &numbers)?);
        Ok(())
    }

    /// The level of each voxel of each object, from 0, by the values of one image.
    fn by_values(&self, p: &Habitats, labels: &Labels) -> Result<Vec<Vec<u32>>> {
        let (src, runs) = (self.of(&p.of)?, labels.runs()?);
        let samples = self.device.fetch(&src.samples)?;
        let divide = |label: u32| {
            let inside = runs.of(label).iter().flat_map(|run| samples_of(run, labels.shape.x, &samples));
            levels(&inside.copied().collect::<Vec<i32>>(), src.scale, p)
        };
        Ok((1..=labels.count).into_par_iter().map(divide).collect())
    }

    /// The same by the clusters of the values of several images.
    fn by_clusters(&mut self, p: &Habitats, labels: &Labels) -> Result<Vec<Vec<u32>>> {
        let images = self.channels(&p.images)?;
        let found = Clusters::of(p, &images, labels)?;
        self.warnings.extend(found.warning);
        Ok(found.levels)
    }
}

fn samples_of<'a>(run: &ObjectRun, width: usize, samples: &'a [i32]) -> &'a [i32] {
    samples.get(run.voxels(width)).unwrap_or_default()
}

/// The level of each sample, from 0.
fn levels(samples: &[i32], scale: Scale, p: &Habitats) -> Vec<u32> {
    let value = |sample: i32| scale.value(f64::from(sample));
    let by_limits = |limits: &[f64]| {
        let level = |sample: &i32| limits.partition_point(|limit| value(*sample) >= *limit) as u32;
        samples.iter().map(level).collect()
    };
    if let Some(classes) = p.classes {
        return by_classes(samples, classes);
    }
    if let Some(percent) = &p.percent {
        let most = samples.iter().max().map_or(0.0, |sample| value(*sample));
        // Of nothing, and of what lies below it, there are no parts.
        if most <= 0.0 {
            return vec![0; samples.len()];
        }
        return by_limits(&percent.iter().map(|percent| percent / 100.0 * most).collect::<Vec<_>>());
    }
    by_limits(p.values.as_deref().unwrap_or_default())
}

/// Otsu's method for several classes, on bins of equal width with the sums of their own samples; of fewer values each is a class.
fn by_classes(samples: &[i32], classes: usize) -> Vec<u32> {
    let (Some(min), Some(max)) = (samples.iter().min(), samples.iter().max()) else { return vec![] };
    let range = i64::from(*max) - i64::from(*min) + 1;
    // Bins of one sample where there are fewer values than bins.
    let bin = |sample: i32| ((i64::from(sample) - i64::from(*min)) * BINS as i64 / range.max(BINS as i64)) as usize;
    let mut all = vec![(0.0, 0.0); BINS];
    for sample in samples {
        let (count, sum) = &mut all[bin(*sample)];
        *count += 1.0;
        *sum += f64::from(*sample) - f64::from(*min);
    }
    let filled: Vec<usize> = (0..BINS).filter(|k| all[*k].0 > 0.0).collect();
    let held: Vec<(f64, f64)> = filled.iter().map(|k| all[*k]).collect();
    let cuts = cuts(&held, classes.min(held.len())).unwrap_or_default();
    samples.iter().map(|sample| cuts.partition_point(|cut| bin(*sample) > filled[*cut]) as u32).collect()
}

/// Levels with fewer voxels than `least` join a neighbour, the smallest first, the coldest of equals.
fn join(levels: &mut [u32], least: u64) {
    loop {
        let mut counts = std::collections::BTreeMap::<u32, usize>::new();
        levels.iter().for_each(|level| *counts.entry(*level).or_default() += 1);
        let Some((&small, &n)) = counts.iter().min_by_key(|(level, n)| (**n, **level)) else { return };
        if n as u64 >= least {
            return;
        }
        let colder = counts.range(..small).next_back();
        let Some((&other, _)) = colder.or_else(|| counts.range(small + 1..).next()) else { return };
        levels.iter_mut().filter(|level| **level == small).for_each(|level| *level = other);
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: divisions worked out by hand, and every division of few values.
    use super::*;

    #[test]
    fn classes_are_those_of_an_exhaustive_search() {
        let values: Vec<i32> = (0..40).map(|i| (i * i * 7) % 23 + if i % 3 == 0 { 60 } else { 0 }).collect();
        let mut known: Vec<i32> = values.clone();
        known.sort_unstable();
        known.dedup();
        let score = |limits: &[i32]| {
            let of = |k: usize| values.iter().filter(move |v| limits.partition_point(|l| **v >= *l) == k);
            let part = |k: usize| {
                let (n, sum) = (of(k).count() as f64, of(k).map(|v| f64::from(*v)).sum::<f64>());
                if n > 0.0 { sum * sum / n } else { 0.0 }
            };
            (0..=limits.len()).map(part).sum::<f64>()
        };
        let mut best = (0.0, [0; 2]);
        for a in &known {
            for b in known.iter().filter(|b| *b > a) {
                let sum = score(&[*a, *b]);
                if sum > best.0 + 1e-9 {
                    best = (sum, [*a, *b]);
                }
            }
        }
        let expected: Vec<u32> = values.iter().map(|v| best.1.partition_point(|l| v >= l) as u32).collect();
        assert_eq!(by_classes(&values, 3), expected);
        assert_eq!(by_classes(&[5; 4], 3), [0; 4], "one value is one class");
        assert_eq!(by_classes(&[], 3), [0; 0]);
    }

    #[test]
    fn small_habitats_join_their_neighbours() {
        let mut levels = vec![0, 0, 0, 1, 2, 2, 2, 3];
        join(&mut levels, 2);
        assert_eq!(levels, [0, 0, 0, 0, 2, 2, 2, 2]);
        let mut levels = vec![0, 1, 1];
        join(&mut levels, 2);
        assert_eq!(levels, [1, 1, 1]);
        join(&mut levels, 9);
        assert_eq!(levels, [1, 1, 1], "the last one stays");
    }

    #[test]
    fn limits_belong_to_the_hotter_side() {
        let p = |values: Option<Vec<f64>>, percent| {
            let set = "lesions".to_string();
            Habitats { set, values, percent, ..Habitats::default() }
        };
        assert_eq!(levels(&[1, 2, 3, 4], Scale::ONE, &p(Some(vec![2.0, 4.0]), None)), [0, 1, 1, 2]);
        assert_eq!(levels(&[1, 5, 9, 10], Scale::ONE, &p(None, Some(vec![50.0, 90.0]))), [0, 1, 2, 2]);
    }
}

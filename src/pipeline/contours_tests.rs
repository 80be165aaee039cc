//! Invariant: on random small images, what is drawn in windows is what is drawn in the whole: contours, notes and warnings. Mechanics: crowds take few turns.
use super::*;
use crate::pipeline::windows::joined;
use crate::units::{Shape, Spacing};

const CPU: &Device = &Device::Cpu;

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % end.max(1) as u64) as usize
    }

    /// From 0 to less than `end`, in quarters of a pixel: distances between voxels are met exactly.
    fn length(&mut self, end: usize) -> f64 {
        self.below(4 * end) as f64 / 4.0
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Boxes of a few voxels, of which later ones lie over earlier ones.
    fn labels(&mut self, shape: Shape, most: usize) -> Labels {
        let mut voxels = vec![0; shape.len()];
        for label in 1..=self.below(most + 1) as u32 {
            self.each_of_a_box(shape, |i| voxels[i] = label);
        }
        Labels::new(shape, voxels).unwrap()
    }

    fn each_of_a_box(&mut self, shape: Shape, mut f: impl FnMut(usize)) {
        let size = shape.zyx();
        let lo = size.map(|size| self.below(size));
        let sides = size.map(|size| 1 + self.below(size.min(4)));
        (0..shape.len())
            .filter(|i| (0..3).all(|a| (lo[a]..lo[a] + sides[a]).contains(&shape.position(*i)[a])))
            .for_each(&mut f);
    }

    /// Few grey values, so that many are alike; on a level ground, which contours go over, lie hot boxes.
    fn volume(&mut self, shape: Shape, hot: &[&Labels]) -> Volume {
        let ground = self.below(40) as i32;
        let mut samples: Vec<i32> = (0..shape.len()).map(|_| ground + self.below(6) as i32).collect();
        for labels in hot {
            let heights: Vec<i32> = (0..=labels.count).map(|_| 10 * self.below(9) as i32).collect();
            for (sample, label) in samples.iter_mut().zip(labels.voxels().host().unwrap()).filter(|(_, l)| **l > 0) {
                *sample += heights[*label as usize];
            }
        }
        Volume::new(shape, samples).unwrap()
    }

    fn rule(&mut self) -> Rule {
        match self.below(6) {
            0 => Rule::AtLeast(self.below(60) as f64),
            1 => Rule::Above(self.below(60) as f64),
            2 => Rule::Deviations(self.length(4)),
            _ => Rule::Share { share: 0.1 + self.below(8) as f64 / 10.0, around: None },
        }
    }
}

/// All that notes, warnings and labels are made of.
fn all_of(drawn: &Drawn, dropped: &[Labels]) -> (Vec<u32>, [u32; 4], usize, BTreeSet<Object>) {
    let found = &drawn.found;
    let blocked = objects_at(CPU, dropped, &drawn.blocked).unwrap().into_values().collect();
    let counts = [found.labels.count, found.lost, found.bare, found.thin];
    (found.labels.voxels().host().unwrap().to_vec(), counts, drawn.cut_off, blocked)
}

#[test]
fn contours_in_windows_are_those_of_the_whole_image() {
    // How often there was something to go wrong.
    let [mut blocked, mut twice, mut cut_off, mut shells, mut several, mut lost] = [0; 6];
    for seed in 0..450 {
        let numbers = &mut Numbers(seed * 7919);
        let shape = match seed % 3 {
            0 => Shape::new(2 + numbers.below(5), 6 + numbers.below(6), 16 + numbers.below(24)),
            _ => Shape::flat(8 + numbers.below(12), 30 + numbers.below(60)),
        };
        let mut sets = |most_sets: usize, most: usize| -> Vec<Labels> {
            (0..numbers.below(most_sets + 1)).map(|_| numbers.labels(shape, most)).collect()
        };
        let (excluded, dropped) = (sets(2, 3), sets(3, 4));
        let seeds = numbers.labels(shape, 5);
        let hot: Vec<&Labels> = dropped.iter().chain([&seeds]).collect();
        let src = numbers.volume(shape, &hot);
        let sides = [[1.0; 3], [3.0, 1.0, 1.0], [0.6, 1.0, 1.3]][numbers.below(3)];
        let spacing = if numbers.one_in(3) { None } else { Spacing::mm(sides) };
        let geometry = Geometry { shape, spacing, radius_px: None };
        let from = numbers.length(3);
        let how = Contours {
            within: numbers.length(4),
            background: numbers.one_in(2).then(|| [from, from + numbers.length(4)]),
            geometry: &geometry,
            rule: numbers.rule(),
        };
        let of = ContourSeeds { seeds: &seeds, excluded: &excluded, dropped: &dropped };
        let around = |reach| joined(&seeds, reach);
        let whole = how.draw_whole(CPU, &src, &of).unwrap();
        let parts = how.draw_around(CPU, &src, &of, |reach| around(reach).map(Some)).unwrap();
        let (whole, parts) = (all_of(&whole, &dropped), all_of(&parts, &dropped));
        assert_eq!(whole, parts, "{seed}");
        assert_eq!(whole, all_of(&how.draw(CPU, &src, &of).unwrap(), &dropped), "{seed}");
        let is = |is: bool| u32::from(is);
        blocked += is(!whole.3.is_empty());
        twice += is(whole.3.len() > 1);
        cut_off += is(whole.2 > 0);
        lost += is(whole.1[1] > 0);
        shells += is(how.background.is_some() && !whole.3.is_empty());
        several += is(around(geometry.along(how.wide_reach())).unwrap().len() > 1 && !whole.3.is_empty());
    }
    let met = [blocked, twice, cut_off, shells, several, lost];
    assert!(met.iter().all(|n| *n > 9), "{met:?}");
}

/// A row of seeds, each with a hotter dropped object beside it.
#[test]
fn contours_far_from_each_other_take_one_turn() {
    let shape = Shape::flat(3, 400);
    let row = |first: usize| {
        let label = |i: usize| if i / 400 == 1 && i % 40 == first { 1 + (i % 400 / 40) as u32 } else { 0 };
        Labels::new(shape, (0..shape.len()).map(label).collect()).unwrap()
    };
    let (seeds, dropped) = (row(10), [row(14)]);
    let geometry = Geometry { shape, spacing: None, radius_px: None };
    let turns = |within: f64| {
        let how = Contours { within, background: None, geometry: &geometry, rule: Rule::AtLeast(1.0) };
        let of = ContourSeeds { seeds: &seeds, excluded: &[], dropped: &dropped };
        let dropped_by: Vec<_> = (0..=10).map(|l| (1..=10).filter(|o| *o == l).map(|o| (0, o)).collect()).collect();
        how.beside(CPU, &of, &dropped_by).unwrap().len()
    };
    assert_eq!([turns(5.0), turns(16.0)], [1, 2]);
}

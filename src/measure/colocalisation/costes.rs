//! Thresholds of both channels at once (Costes et al. 2004): along the line of orthogonal regression through the voxels, down
//! to where the voxels below either threshold are no longer correlated.
//!
//! Three searches, as in CellProfiler. Values are counted in the full scale, and thresholds of the first channel lie on a grid.
//! The bisection asks few points of it. The walks start at the largest value; each step is subtracted in 64 bits, so a voxel
//! whose value is a threshold may fall on either side of it, as it does there. CellProfiler adds all voxels up at every step;
//! here a voxel is added once, when the thresholds pass it.

use super::ranks::Ranks;
use super::side::Side;
use super::sums::{Pairs, Sums};
use serde::Deserialize;

/// How the thresholds are searched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Search {
    /// Narrows a window of the grid; the next point is asked a sixth below its upper end.
    #[default]
    Bisection,
    /// Walks down, in longer steps as long as the correlation is high.
    Jumps,
    /// Walks down step by step.
    Exhaustive,
}

/// The least samples that reach a pair of thresholds, and the least above them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thresholds {
    /// In parts of the full scale.
    pub at: [f64; 2],
    pub reaching: [i64; 2],
}

/// Steps of the grid at most; images of floats have more samples than any camera.
const MOST_STEPS: f64 = 65_535.0;
/// Fewer voxels below the thresholds say nothing of their correlation.
const FEWEST: i128 = 3;

/// The thresholds; nothing where there are none.
pub(super) fn thresholds(sides: &[Side; 2], ranks: &[Ranks; 2], search: Search) -> Option<Thresholds> {
    let line = Line::through(sides)?;
    let steps = sides.iter().map(|s| (s.full / s.scale.factor()).round()).fold(2.0, f64::max).min(MOST_STEPS);
    let pairs = Pairs::new(sides.map(|s| s.samples));
    let found = match search {
        Search::Bisection => bisection(sides, &pairs, &line, steps)?,
        Search::Jumps => walk(sides, ranks, &line, steps, true)?,
        Search::Exhaustive => walk(sides, ranks, &line, steps, false)?,
    };
    correlation(&pairs.below(found.reaching))?;
    Some(found)
}

/// Of the voxels below the thresholds.
fn correlation(below: &Sums) -> Option<f64> {
    below.pearson().filter(|_| below.n >= FEWEST)
}

/// Thresholds of the second channel as those of the first one fall.
struct Line {
    slope: f64,
    offset: f64,
}

impl Line {
    /// The line of least orthogonal distances to the voxels that are above 0 in either channel.
    fn through(sides: &[Side; 2]) -> Option<Line> {
        let [a, b] = sides;
        if a.samples.len() < FEWEST as usize {
            return None;
        }
        let pairs = a.samples.iter().copied().zip(b.samples.iter().copied());
        let above = [a, b].map(|s| s.least_above(0.0));
        let sums = Sums::of(pairs.filter(|&(a, b)| i64::from(a) >= above[0] || i64::from(b) >= above[1]));
        if sums.n < FEWEST {
            return None;
        }
        let ([va, vb], vab) = sums.spread();
        if va == 0 || vb == 0 {
            return None;
        }
        let (step, n2) = (sides.map(|s| s.scale.factor() / s.full), (sums.n * (sums.n - 1)) as f64);
        let (va, vb, vab) = (
            va as f64 / n2 * step[0] * step[0],
            vb as f64 / n2 * step[1] * step[1],
            vab as f64 / n2 * step[0] * step[1],
        );
        // Too small to tell from rounding.
        if vab.abs() <= 8.0 * f64::EPSILON * va.max(vb) {
            return None;
        }
        let slope = (vb - va + ((vb - va) * (vb - va) + 4.0 * vab * vab).sqrt()) / (2.0 * vab);
        let mean = |k: usize| sides[k].part(sums.sum[k] as f64 / sums.n as f64);
        let line = Line { slope, offset: mean(1) - slope * mean(0) };
        (line.slope.is_finite() && line.offset.is_finite()).then_some(line)
    }

    fn at(&self, first: f64, sides: &[Side; 2]) -> Thresholds {
        let at = [first, self.slope * first + self.offset];
        Thresholds { at, reaching: [0, 1].map(|k| sides[k].least_reaching(at[k])) }
    }
}

fn bisection(sides: &[Side; 2], pairs: &Pairs, line: &Line, steps: f64) -> Option<Thresholds> {
    let (mut low, mut high) = (1i64, steps as i64);
    let next = |low: i64, high: i64| {
        let window = high - low;
        low + if window > 6 { (5 * window).div_euclid(6) } else { window.div_euclid(2) }
    };
    let (mut at, mut last, mut found) = (low + (5 * (high - low)).div_euclid(6), 0, None);
    // The window shrinks; the bound is there for one that goes to and fro.
    for _ in 0..256 {
        if at == last {
            return found.map(|at: i64| line.at((at - 1) as f64 / steps, sides));
        }
        let below = pairs.below(line.at(at as f64 / steps, sides).reaching);
        match correlation(&below) {
            Some(r) if r >= 0.0 => {
                high = at + 1;
                found = Some(at);
            }
            _ => low = at - 1,
        }
        last = at;
        at = next(low, high);
    }
    None
}

fn walk(sides: &[Side; 2], ranks: &[Ranks; 2], line: &Line, steps: f64, jumps: bool) -> Option<Thresholds> {
    let step = 1.0 / steps;
    let largest = [0, 1].map(|k| sides[k].part(ranks[k].distinct.last().copied().map_or(0.0, f64::from)));
    let top = largest[0].max(largest[1]);
    let mut first = step * (((top - top % step) / step).round() + 1.0);
    let mut found = line.at(first, sides);
    while first > largest[0] && line.slope * first + line.offset > largest[1] {
        first -= step;
    }
    let mut above = Above::new(sides, ranks);
    let (mut before, mut r) = (None, f64::NAN);
    while first > step {
        found = line.at(first, sides);
        above.move_to(found.reaching);
        let below = above.all.without(&above.sums);
        if before != Some(below.n) {
            r = correlation(&below)?;
            before = Some(below.n);
        }
        if r <= 0.0 {
            break;
        }
        let stride = match r {
            _ if !jumps || first < step * 10.0 => 1.0,
            r if r > 0.45 => 10.0,
            r if r > 0.35 => 5.0,
            r if r > 0.25 => 2.0,
            _ => 1.0,
        };
        first -= step * stride;
    }
    Some(found)
}

/// The voxels that reach both thresholds, kept as these move.
struct Above<'a> {
    sides: &'a [Side<'a>; 2],
    /// Voxels by falling sample.
    order: [Vec<u32>; 2],
    /// How many of them reach the threshold of each channel.
    reached: [usize; 2],
    /// In how many channels each voxel does.
    times: Vec<u8>,
    all: Sums,
    sums: Sums,
}

impl<'a> Above<'a> {
    fn new(sides: &'a [Side<'a>; 2], ranks: &[Ranks; 2]) -> Self {
        let falling = |ranks: &Ranks| ranks.order().into_iter().rev().collect::<Vec<u32>>();
        let all = Sums::of(sides[0].samples.iter().copied().zip(sides[1].samples.iter().copied()));
        Above {
            sides,
            order: [falling(&ranks[0]), falling(&ranks[1])],
            reached: [0; 2],
            times: vec![0; sides[0].samples.len()],
            all,
            sums: Sums::default(),
        }
    }

    /// Thresholds of the first channel fall; those of the second one rise where the line falls.
    fn move_to(&mut self, limits: [i64; 2]) {
        for k in [0, 1] {
            let sample = |at: usize| Some(i64::from(self.sides[k].samples[*self.order[k].get(at)? as usize]));
            while sample(self.reached[k]).is_some_and(|s| s >= limits[k]) {
                let voxel = self.order[k][self.reached[k]] as usize;
                self.reached[k] += 1;
                self.times[voxel] += 1;
                if self.times[voxel] == 2 {
                    self.sums.add(self.sides[0].samples[voxel], self.sides[1].samples[voxel]);
                }
            }
            let sample = |at: usize| i64::from(self.sides[k].samples[self.order[k][at] as usize]);
            while self.reached[k] > 0 && sample(self.reached[k] - 1) < limits[k] {
                self.reached[k] -= 1;
                let voxel = self.order[k][self.reached[k]] as usize;
                if self.times[voxel] == 2 {
                    let mut one = Sums::default();
                    one.add(self.sides[0].samples[voxel], self.sides[1].samples[voxel]);
                    self.sums = self.sums.without(&one);
                }
                self.times[voxel] -= 1;
            }
        }
    }
}

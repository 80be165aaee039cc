//! Spots that lie near each other.
//!
//! A Gaussian that is fitted alone takes the flank of its neighbour for its own width, or for its background: of two that are five
//! sigmas apart the dimmer one would have up to five times its light. So each is fitted to the samples less the light of the others as they were found
//! last: first with the sigma that is given, which always ends well, then with sigmas free.

use super::{Spot, Start, fit, given_width};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Two spots see each other within so many sigmas: the samples of one reach three, and so does the light of the other.
const REACH: f64 = 6.0;
/// Of two that are nearer nobody knows which light is whose.
const NEAREST: f64 = 2.0;
/// Rounds with the sigma that is given.
const GIVEN: usize = 4;
/// Rounds with sigmas free.
const FREE: usize = 4;

/// What fits to the spots that have neighbours, by their place in the list, with the light of these taken away. Spots without neighbours
/// are not in it.
pub(crate) fn fit_neighbours(starts: &[Start]) -> BTreeMap<usize, Option<Spot>> {
    let near = neighbours(starts);
    let mut found: BTreeMap<usize, Option<Spot>> = near.keys().map(|i| (*i, None)).collect();
    for round in 0..GIVEN + FREE {
        let next = near.par_iter().map(|(i, near)| {
            let others: Vec<Spot> = near.iter().filter_map(|j| found.get(j).copied().flatten()).collect();
            let start = Start { others: &others, ..starts[*i] };
            (*i, if round < GIVEN { given_width(&start) } else { fit(&start) })
        });
        found = next.collect();
    }
    found
}

/// Which spots see which others.
fn neighbours(starts: &[Start]) -> BTreeMap<usize, Vec<usize>> {
    let reach = |start: &Start| start.sigma.map(|s| REACH * s.max(0.5));
    let cell = |start: &Start| {
        let reach = reach(start);
        [0, 1, 2].map(|a| (start.at[a] / reach[a]).floor() as i64)
    };
    let mut cells: BTreeMap<[i64; 3], Vec<usize>> = BTreeMap::new();
    starts.iter().enumerate().for_each(|(i, start)| cells.entry(cell(start)).or_default().push(i));
    let near = starts.par_iter().enumerate().map(|(i, start)| {
        let (reach, [z, y, x]) = (reach(start), cell(start));
        let sees = |j: &usize| {
            let far: f64 = (0..3).map(|a| ((starts[*j].at[a] - start.at[a]) / reach[a]).powi(2)).sum();
            (NEAREST * NEAREST..=REACH * REACH).contains(&(far * REACH * REACH))
        };
        let rows = (z - 1..=z + 1).flat_map(|z| (y - 1..=y + 1).map(move |y| [z, y]));
        let here = rows.flat_map(|[z, y]| cells.range([z, y, x - 1]..=[z, y, x + 1]).flat_map(|(_, here)| here));
        (i, here.copied().filter(sees).collect::<Vec<usize>>())
    });
    near.filter(|(_, near)| !near.is_empty()).collect()
}

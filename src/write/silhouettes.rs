//! Objects as a picture shows them: of each row the stretches that each of them covers.

use rayon::prelude::*;

/// A stretch of a row of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    pub label: u32,
    pub from: usize,
    /// Behind the last pixel.
    pub to: usize,
}

/// The objects of a panel. In a projection a pixel may belong to several.
#[derive(Debug, Default)]
pub(super) struct Silhouettes {
    pub width: usize,
    /// The runs of each row, by label, those of one label from left to right.
    pub rows: Vec<Vec<Run>>,
}

/// Where an object lies in a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub label: u32,
    /// Mean row and column.
    pub centre: [usize; 2],
    /// First row and column.
    pub first: [usize; 2],
    /// Rows and columns behind the last ones.
    pub end: [usize; 2],
}

impl Silhouettes {
    /// All runs of a row; none outside of the panel.
    pub fn row(&self, y: usize) -> &[Run] {
        self.rows.get(y).map_or(&[], Vec::as_slice)
    }

    /// The runs of an object in a row.
    pub fn of(&self, y: usize, label: u32) -> &[Run] {
        let row = self.row(y);
        let from = row.partition_point(|r| r.label < label);
        let to = row.partition_point(|r| r.label <= label);
        &row[from..to]
    }

    /// The labels that are there, ascending.
    pub fn labels(&self) -> Vec<u32> {
        let mut labels: Vec<u32> = self.rows.iter().flatten().map(|r| r.label).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// Where each object lies, by label.
    pub fn places(&self) -> Vec<Place> {
        let blank = |label| (Place { label, centre: [0; 2], first: [usize::MAX; 2], end: [0; 2] }, 0);
        let mut places: Vec<(Place, usize)> = self.labels().into_iter().map(blank).collect();
        for (y, run) in self.rows.iter().enumerate().flat_map(|(y, row)| row.iter().map(move |r| (y, r))) {
            let Some(i) = find(&places, run.label, |(p, _)| p.label) else { continue };
            let (p, pixels) = &mut places[i];
            let n = run.to - run.from;
            *pixels += n;
            p.centre = [p.centre[0] + n * y, p.centre[1] + n * (run.from + run.to - 1) / 2];
            p.first = [p.first[0].min(y), p.first[1].min(run.from)];
            p.end = [p.end[0].max(y + 1), p.end[1].max(run.to)];
        }
        let mean = |(p, pixels): (Place, usize)| Place { centre: p.centre.map(|sum| sum / pixels.max(1)), ..p };
        places.into_iter().map(mean).collect()
    }

    /// Pairs (higher, lower) of different labels that come within `reach` pixels of each other in a row or a column, sorted.
    pub fn near(&self, reach: usize) -> Vec<(u32, u32)> {
        const ROWS: usize = 64;
        let starts: Vec<usize> = (0..self.rows.len()).step_by(ROWS).collect();
        let pairs_from = |&start: &usize| {
            let place = |y| {
                let mut row = self.row(y).to_vec();
                row.sort_unstable_by_key(|r| (r.from, r.label));
                row
            };
            let rows: Vec<Vec<Run>> = (start..start + ROWS + reach).map(place).collect();
            let (mut pairs, mut open) = (Vec::new(), Vec::new());
            for y in 0..ROWS {
                meet(&rows[y], &rows[y], reach, &mut open, &mut pairs);
                (1..=reach).for_each(|down| meet(&rows[y], &rows[y + down], 0, &mut open, &mut pairs));
            }
            pairs.sort_unstable();
            pairs.dedup();
            pairs
        };
        let mut pairs = starts.par_iter().map(pairs_from).flatten().collect::<Vec<_>>();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

/// Where a label stands among ascending ones: mostly none is left out, so that its place is known.
pub(super) fn find<T>(ascending: &[T], label: u32, label_of: impl Fn(&T) -> u32) -> Option<usize> {
    let place = (label as usize).checked_sub(1)?;
    let is_there = ascending.get(place).is_some_and(|at| label_of(at) == label);
    if is_there { Some(place) } else { ascending.binary_search_by_key(&label, label_of).ok() }
}

/// Labels of runs in two rows that overlap, or come within `reach` of each other. Both rows go from left to right; `open` is
/// room for those of the other row that are near.
fn meet(one: &[Run], other: &[Run], reach: usize, open: &mut Vec<Run>, pairs: &mut Vec<(u32, u32)>) {
    open.clear();
    let mut next = 0;
    for a in one {
        while let Some(b) = other.get(next).filter(|b| b.from < a.to + reach) {
            open.push(*b);
            next += 1;
        }
        open.retain(|b| b.to + reach > a.from);
        let others = open.iter().filter(|b| b.label != a.label && b.from < a.to + reach);
        pairs.extend(others.map(|b| (a.label.max(b.label), a.label.min(b.label))));
    }
}

#[cfg(test)]
pub(super) mod tests {
    //! Mechanics, on small literal grids.
    use super::*;

    /// The silhouettes of a label image.
    pub fn of(labels: &[u32], width: usize) -> Silhouettes {
        let row = |row: &[u32]| {
            let mut from = 0;
            let mut runs = Vec::new();
            for run in row.chunk_by(|a, b| a == b) {
                runs.extend(Some(Run { label: run[0], from, to: from + run.len() }).filter(|r| r.label > 0));
                from += run.len();
            }
            runs.sort_unstable();
            runs
        };
        Silhouettes { width, rows: labels.chunks(width).map(row).collect() }
    }

    #[test]
    fn objects_are_where_they_are() {
        #[rustfmt::skip]
        let objects = of(&[
            7, 7, 0, 7,
            0, 7, 0, 2,
        ], 4);
        assert_eq!(objects.of(0, 7).len(), 2);
        assert_eq!(objects.labels(), [2, 7]);
        let seven = Place { label: 7, centre: [0, 1], first: [0, 0], end: [2, 4] };
        assert_eq!(objects.places(), [Place { label: 2, centre: [1, 3], first: [1, 3], end: [2, 4] }, seven]);
    }

    #[test]
    fn near_objects_are_those_of_a_naive_search() {
        let width = 23;
        for reach in [1, 6] {
            let mix = |n: u64| (n ^ n >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let random = |i: usize| mix(mix(mix(i as u64 + 1))) >> 33;
            let labels: Vec<u32> = (0..width * 150)
                .map(|i| if random(i).is_multiple_of(3) { (random(i) / 3 % 40) as u32 } else { 0 })
                .collect();
            let at = |y: usize, x: usize| labels.get(y * width + x).copied().filter(|_| x < width).unwrap_or(0);
            let mut expected = Vec::new();
            for (i, &a) in labels.iter().enumerate() {
                let (y, x) = (i / width, i % width);
                let others = (1..=reach).flat_map(|k| [at(y + k, x), at(y, x + k)]);
                expected.extend(others.filter(|&b| a > 0 && b > 0 && a != b).map(|b| (a.max(b), a.min(b))));
            }
            expected.sort_unstable();
            expected.dedup();
            assert!(expected.len() > 100);
            assert_eq!(of(&labels, width).near(reach), expected);
        }
    }
}

//! Grey morphology of 64-bit numbers: minima and maxima of whole rows, and reconstruction (Vincent 1993). What lies outside of
//! the image does not count.

use super::grid::Plane;
use crate::simd::wide;
use std::collections::VecDeque;

wide! {
    /// The smaller (or larger) of two rows, in the first.
    fn take(row: &mut [f64], other: &[f64], largest: bool) {
        if largest {
            for (a, b) in row.iter_mut().zip(other) {
                *a = if *b > *a { *b } else { *a };
            }
        } else {
            for (a, b) in row.iter_mut().zip(other) {
                *a = if *b < *a { *b } else { *a };
            }
        }
    }
}

/// The smallest (or largest) value within a disc around each cell.
fn within_disc(plane: &Plane, radius: usize, largest: bool) -> Plane {
    let [height, width] = plane.size;
    let mut out = plane.clone();
    // Along rows, `reach` cells to both sides; rows of the disc of the same reach are taken together.
    let mut along = plane.clone();
    let reach_of = |dy: usize| (radius * radius - dy * dy).isqrt();
    for reach in 0..=radius {
        if reach > 0 {
            for row in along.cells.chunks_exact_mut(width) {
                let before = row.to_vec();
                if width > 1 {
                    take(&mut row[1..], &before[..width - 1], largest);
                    take(&mut row[..width - 1], &before[1..], largest);
                }
            }
        }
        for dy in (0..=radius.min(height - 1)).filter(|&dy| reach_of(dy) == reach) {
            let cells = dy * width;
            let end = out.cells.len() - cells;
            take(&mut out.cells[cells..], &along.cells[..end], largest);
            take(&mut out.cells[..end], &along.cells[cells..], largest);
        }
    }
    out
}

/// An image without what is smaller than a disc.
pub(super) fn open(plane: &Plane, radius: usize) -> Plane {
    within_disc(&within_disc(plane, radius, false), radius, true)
}

/// The smallest value of each cell and its four neighbours.
pub(super) fn erode(plane: &Plane) -> Plane {
    let [height, width] = plane.size;
    let mut out = plane.clone();
    for y in 0..height {
        let row = |y: usize| &plane.cells[y * width..][..width];
        let around = [y.checked_sub(1), (y + 1 < height).then_some(y + 1)];
        let out = &mut out.cells[y * width..][..width];
        around.into_iter().flatten().for_each(|y| take(out, row(y), false));
        take(&mut out[1..], &row(y)[..width - 1], false);
        take(&mut out[..width - 1], &row(y)[1..], false);
    }
    out
}

/// Markers that grow side by side, in the lanes of wide registers.
pub(super) const LANES: usize = 4;

/// A cell of as many images.
pub(super) type Lanes = [f64; LANES];

/// The markers grown under the mask, from cell to cell across sides, until nothing changes: from the first row to the last and
/// back, then from cell to cell wherever one can still raise another. The last one stands for those that are missing.
pub(super) fn reconstruct(markers: &[Plane], mask: &Plane) -> Vec<Lanes> {
    let Some(last) = markers.last() else { return vec![] };
    let marker: [&[f64]; LANES] = std::array::from_fn(|k| &markers.get(k).unwrap_or(last).cells[..]);
    let mut cells: Vec<Lanes> = (0..mask.cells.len()).map(|i| marker.map(|cells| cells[i])).collect();
    let width = mask.size[1];
    let mut rising = VecDeque::new();
    scan(&mut cells, &mask.cells, width, &mut rising);
    spread(&mut cells, &mask.cells, width, &mut rising);
    cells
}

/// Raises a cell to its neighbour, as far as the mask goes.
#[inline(always)]
fn grow(cell: &mut Lanes, from: &Lanes, top: f64) {
    for (cell, &from) in cell.iter_mut().zip(from) {
        let higher = if from > *cell { from } else { *cell };
        *cell = if higher < top { higher } else { top };
    }
}

/// Whether that would change it.
#[inline(always)]
fn can_grow(cell: &Lanes, from: &Lanes, top: f64) -> bool {
    cell.iter().zip(from).fold(false, |any, (&cell, &from)| any | ((cell < from) & (cell < top)))
}

/// What lies beside the first and the last cell of a row: lower than all.
const NOTHING: f64 = f64::NEG_INFINITY;

wide! {
    /// Raises all cells in raster order to those before them, then in the reverse order to those behind; `rising` gets those that
    /// could raise others then.
    fn scan(cells: &mut [Lanes], top: &[f64], width: usize, rising: &mut VecDeque<usize>) {
        let n = cells.len();
        for start in (0..n).step_by(width) {
            let mut left = [NOTHING; LANES];
            for i in start..start + width {
                let mut cell = cells[i];
                if start > 0 {
                    grow(&mut cell, &cells[i - width], top[i]);
                }
                grow(&mut cell, &left, top[i]);
                (cells[i], left) = (cell, cell);
            }
        }
        for start in (0..n).step_by(width).rev() {
            let (mut right, mut right_top, has_below) = ([NOTHING; LANES], NOTHING, start + width < n);
            for i in (start..start + width).rev() {
                let mut cell = cells[i];
                if has_below {
                    grow(&mut cell, &cells[i + width], top[i]);
                }
                grow(&mut cell, &right, top[i]);
                let raises_below = has_below && can_grow(&cells[i + width], &cell, top[i + width]);
                if raises_below | can_grow(&right, &cell, right_top) {
                    rising.push_back(i);
                }
                (cells[i], right, right_top) = (cell, cell, top[i]);
            }
        }
    }
}

wide! {
    /// Raises the neighbours of rising cells, which rise then themselves.
    fn spread(cells: &mut [Lanes], top: &[f64], width: usize, rising: &mut VecDeque<usize>) {
        while let Some(i) = rising.pop_front() {
            let (cell, x) = (cells[i], i % width);
            let around = [
                (i >= width).then(|| i - width),
                (x > 0).then(|| i - 1),
                (x + 1 < width).then(|| i + 1),
                (i + width < cells.len()).then(|| i + width),
            ];
            for q in around.into_iter().flatten() {
                if can_grow(&cells[q], &cell, top[q]) {
                    grow(&mut cells[q], &cell, top[q]);
                    rising.push_back(q);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: plain loops.
    use super::*;

    fn plane(height: usize, width: usize) -> Plane {
        let cells = (0..height * width).map(|i| f64::from(((i + 3) * (i + 7) * 31 % 101) as u32)).collect();
        Plane { size: [height, width], cells }
    }

    #[test]
    fn discs_are_discs() {
        for (height, width, radius) in
            [(9, 13, 0), (9, 13, 1), (1, 6, 1), (6, 1, 1), (9, 13, 3), (1, 5, 2), (6, 1, 4), (4, 4, 10)]
        {
            let plane = plane(height, width);
            for largest in [false, true] {
                let got = within_disc(&plane, radius, largest);
                for i in 0..height * width {
                    let near = |j: &usize| {
                        let (dy, dx) = ((i / width).abs_diff(j / width), (i % width).abs_diff(j % width));
                        dy * dy + dx * dx <= radius * radius
                    };
                    let all = (0..height * width).filter(near).map(|j| plane.cells[j]);
                    let want = if largest { all.fold(f64::MIN, f64::max) } else { all.fold(f64::MAX, f64::min) };
                    assert_eq!(got.cells[i], want, "{height} {width} {radius} {i}");
                }
                assert!(radius != 1 || largest || got == erode(&plane));
            }
        }
    }

    #[test]
    fn reconstruction_ends_where_nothing_changes() {
        for (height, width) in [(17, 23), (1, 9), (8, 1)] {
            let mask = plane(height, width);
            let markers = [erode(&mask), erode(&erode(&mask))];
            let grown = reconstruct(&markers, &mask);
            for (k, marker) in markers.into_iter().enumerate() {
                let mut want = marker;
                loop {
                    let mut next = within_disc(&want, 1, true);
                    next.cells.iter_mut().zip(&mask.cells).for_each(|(v, top)| *v = v.min(*top));
                    if next == want {
                        break;
                    }
                    want = next;
                }
                assert_eq!(grown.iter().map(|lanes| lanes[k]).collect::<Vec<_>>(), want.cells);
            }
        }
    }
}

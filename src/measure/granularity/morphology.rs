//! Grey morphology of 64-bit numbers: minima and maxima of whole rows, and reconstruction (Vincent 1993). What lies outside of
//! the image does not count.

use super::grid::Plane;
use crate::simd::wide;

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

wide! {
    /// The smallest values of the cells of a row and their four neighbours.
    fn erode_row(out: &mut [f64], row: &[f64], above: &[f64], below: &[f64]) {
        let least = |a: f64, b: f64| if b < a { b } else { a };
        for ((out, &cell), (&above, &below)) in out.iter_mut().zip(row).zip(above.iter().zip(below)) {
            *out = least(cell, least(above, below));
        }
        for (out, &left) in out.iter_mut().skip(1).zip(row) {
            *out = least(*out, left);
        }
        for (out, &right) in out.iter_mut().zip(row.iter().skip(1)) {
            *out = least(*out, right);
        }
    }
}

/// Images that lie side by side, in the lanes of wide registers.
pub(super) const LANES: usize = 8;

/// A cell of as many images.
pub(super) type Lanes = [f64; LANES];

/// Fills `cells` with an image eroded 1, 2, ... times by a cell and its four neighbours; it becomes the last of them.
///
/// Each erosion is a row behind the one before, so that the rows that it looks at are still near.
pub(super) fn erode(plane: &mut Plane, cells: &mut [Lanes]) {
    let [height, width] = plane.size;
    let mut last = vec![0.0; height * width];
    // The last three rows of each erosion.
    let mut rows = vec![vec![0.0; 3 * width]; LANES];
    let part = |y: usize| y % 3 * width..(y % 3 + 1) * width;
    for step in 0..height + LANES - 1 {
        for k in (step + 1).saturating_sub(height)..LANES.min(step + 1) {
            let y = step - k;
            let (before, rest) = rows.split_at_mut(k);
            let row = |y: usize| match before.last() {
                Some(rows) => &rows[part(y)],
                None => &plane.cells[y * width..][..width],
            };
            let out = &mut rest[0][part(y)];
            erode_row(out, row(y), row(y.saturating_sub(1)), row((y + 1).min(height - 1)));
            cells[y * width..].iter_mut().zip(&*out).for_each(|(cell, value): (&mut Lanes, _)| cell[k] = *value);
            if k + 1 == LANES {
                last[y * width..][..width].copy_from_slice(out);
            }
        }
    }
    plane.cells = last;
}

/// What lies beside the first and the last cell of a row, and beyond the first and the last row: lower than all.
const NOTHING: Lanes = [f64::NEG_INFINITY; LANES];

/// Grows images under a mask, from cell to cell across sides, until nothing changes: row by row down and up again. A row is
/// left out once neither way has changed it or the rows beside it.
pub(super) fn reconstruct(cells: &mut [Lanes], mask: &Plane) {
    let [height, width] = mask.size;
    let nothing = vec![NOTHING; width];
    // How many ways are still to be gone, by row, with one before the first and one behind the last.
    let mut ways = vec![2u8; height + 2];
    while ways[1..=height].iter().any(|n| *n > 0) {
        for (y, is_down) in (0..height).map(|y| (y, true)).chain((0..height).rev().map(|y| (y, false))) {
            if ways[y + 1] == 0 {
                continue;
            }
            let (before, rest) = cells.split_at_mut(y * width);
            let (row, after) = rest.split_at_mut(width);
            let other = if is_down { before.rchunks(width).next() } else { after.chunks(width).next() };
            let mut has_grown = false;
            grow(row, other.unwrap_or(&nothing), &mask.cells[y * width..][..width], is_down, &mut has_grown);
            if has_grown { ways[y..y + 3].fill(2) } else { ways[y + 1] -= 1 }
        }
    }
}

wide! {
    /// Raises the cells of a row to those of the row before and, one after the other, to the one before in this row, as far as
    /// the mask goes.
    fn grow(row: &mut [Lanes], before: &[Lanes], mask: &[f64], is_down: bool, has_grown: &mut bool) {
        let (mut beside, mut grown) = (NOTHING, [false; LANES]);
        let mut raise = |cell: &mut Lanes, before: &Lanes, top: f64| {
            for (((cell, &before), beside), grown) in cell.iter_mut().zip(before).zip(&mut beside).zip(&mut grown) {
                let higher = if before > *cell { before } else { *cell };
                let higher = if *beside > higher { *beside } else { higher };
                *beside = if higher < top { higher } else { top };
                *grown |= *beside != *cell;
                *cell = *beside;
            }
        };
        let cells = row.iter_mut().zip(before).zip(mask);
        if is_down {
            for ((cell, before), &top) in cells {
                raise(cell, before, top);
            }
        } else {
            for ((cell, before), &top) in cells.rev() {
                raise(cell, before, top);
            }
        }
        *has_grown = grown.iter().any(|grown| *grown);
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
            }
        }
    }

    #[test]
    fn erosions_are_minima_of_minima() {
        for (height, width) in [(17, 23), (1, 9), (8, 1), (2, 2)] {
            let mut last = plane(height, width);
            let mut want = last.clone();
            let mut got = vec![NOTHING; height * width];
            erode(&mut last, &mut got);
            for k in 0..LANES {
                want = within_disc(&want, 1, false);
                assert_eq!(got.iter().map(|lanes| lanes[k]).collect::<Vec<_>>(), want.cells, "{height} {width} {k}");
            }
            assert_eq!(last, want);
        }
    }

    #[test]
    fn reconstruction_ends_where_nothing_changes() {
        for (height, width) in [(17, 23), (1, 9), (8, 1)] {
            let mask = plane(height, width);
            let mut grown = vec![NOTHING; height * width];
            erode(&mut mask.clone(), &mut grown);
            let markers = grown.clone();
            reconstruct(&mut grown, &mask);
            for k in 0..LANES {
                let mut want = Plane { size: mask.size, cells: markers.iter().map(|lanes| lanes[k]).collect() };
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

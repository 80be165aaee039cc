//! Grey morphology of 64-bit numbers: minima and maxima of whole rows, and reconstruction (Vincent 1993). What lies outside of
//! the image does not count.

use super::grid::Plane;
use crate::simd::{wide, zeros};
use rayon::prelude::*;

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

/// Images that lie side by side, in the lanes of wide registers.
pub(super) const LANES: usize = 8;

/// A cell of as many images.
pub(super) type Lanes = [f64; LANES];

/// What lies beside the first and the last cell of a row, and beyond the first and the last row: lower than all.
const NOTHING: Lanes = [f64::NEG_INFINITY; LANES];

/// Rows of a strip at least: the lower it is, the more grows across seams.
const STRIP: usize = 256;

/// Fills `cells` with an image eroded 1, 2, ... times by a cell and its four neighbours, each grown back under `mask`; the image
/// becomes the last of the eroded ones.
///
/// Each thread erodes a strip and grows it back by itself; then goes on what grows across the seams. It ends in the one image that
/// nothing can grow in, whatever the strips.
pub(super) fn openings(image: &mut Plane, cells: &mut [Lanes], mask: &Plane) {
    let [height, width] = image.size;
    let rows = height.div_ceil(rayon::current_num_threads()).max(STRIP);
    let mut last = zeros(height * width);
    let strips = cells.par_chunks_mut(rows * width).zip(last.par_chunks_mut(rows * width)).enumerate();
    strips.for_each(|(k, (cells, last))| {
        let mask = &mask.cells[k * rows * width..][..last.len()];
        erode(image, k * rows, cells, last);
        reconstruct(cells, mask, vec![true; last.len() / width]);
    });
    image.cells = last;
    let at_seam = |y: usize| y > 0 && y.is_multiple_of(rows) || y + 1 < height && (y + 1).is_multiple_of(rows);
    reconstruct(cells, &mask.cells, (0..height).map(at_seam).collect());
}

/// Fills the rows from `first` on with an image that is eroded 1, 2, ... times, and `last` with the last of them.
///
/// Each erosion is a row behind the one before, so that the rows that it looks at are still near. Where rows are left out, those
/// that are looked at begin so many before that no wanted one can tell.
fn erode(image: &Plane, first: usize, cells: &mut [Lanes], last: &mut [f64]) {
    let [height, width] = image.size;
    let wanted = first..first + last.len() / width;
    let (start, end) = (first.saturating_sub(LANES), height.min(wanted.end + LANES));
    // The last rows of each erosion: as many as it is ahead of the last one.
    let mut rows = vec![vec![0.0; LANES * width]; LANES];
    let part = |y: usize| y % LANES * width..(y % LANES + 1) * width;
    for step in start..end + LANES - 1 {
        for k in (step + 1).saturating_sub(end)..LANES.min(step + 1 - start) {
            let y = step - k;
            let (before, rest) = rows.split_at_mut(k);
            let row = |y: usize| match before.last() {
                Some(rows) => &rows[part(y)],
                None => &image.cells[y * width..][..width],
            };
            erode_row(&mut rest[0][part(y)], row(y), row(start.max(y.saturating_sub(1))), row((y + 1).min(end - 1)));
        }
        if let Some(y) = (step + 1).checked_sub(LANES).filter(|y| wanted.contains(y)) {
            let (done, at): ([&[f64]; LANES], _) = (std::array::from_fn(|k| &rows[k][part(y)]), (y - first) * width);
            last[at..][..width].copy_from_slice(done[LANES - 1]);
            lay_side_by_side(&mut cells[at..][..width], done);
        }
    }
}

wide! {
    /// The smallest values of the cells of a row and their four neighbours.
    fn erode_row(out: &mut [f64], row: &[f64], above: &[f64], below: &[f64]) {
        let least = |a: f64, b: f64| if b < a { b } else { a };
        for ((out, &cell), (&above, &below)) in out.iter_mut().zip(row).zip(above.iter().zip(below)) {
            *out = least(cell, least(above, below));
        }
        for ((out, &left), &right) in out.iter_mut().skip(1).zip(row).zip(row.iter().skip(2)) {
            *out = least(*out, least(left, right));
        }
        // The first and the last cell have one neighbour in the row.
        if let ([first, .., last], [_, second, ..], [.., before, _]) = (out, row, row) {
            (*first, *last) = (least(*first, *second), least(*last, *before));
        }
    }
}

wide! {
    /// Rows of images become a row of their lanes.
    fn lay_side_by_side(cells: &mut [Lanes], rows: [&[f64]; LANES]) {
        let rows = rows.map(|row| &row[..cells.len()]);
        for (x, cell) in cells.iter_mut().enumerate() {
            for (value, row) in cell.iter_mut().zip(rows) {
                *value = row[x];
            }
        }
    }
}

/// Grows images under a mask, from cell to cell across sides, until nothing changes: row by row down and up again. It begins with the
/// rows that are `due`; a row is due again when it or one beside it has changed.
fn reconstruct(cells: &mut [Lanes], mask: &[f64], due: Vec<bool>) {
    let (height, width) = (due.len(), mask.len() / due.len().max(1));
    let (nothing, mut room) = (vec![NOTHING; width], vec![NOTHING; width]);
    // How many ways are still to be gone, by row.
    let mut ways: Vec<u8> = due.iter().map(|&is| 2 * u8::from(is)).collect();
    while ways.iter().any(|n| *n > 0) {
        for (y, is_down) in (0..height).map(|y| (y, true)).chain((0..height).rev().map(|y| (y, false))) {
            if ways[y] == 0 {
                continue;
            }
            let (before, rest) = cells.split_at_mut(y * width);
            let (row, after) = rest.split_at_mut(width);
            let other = if is_down { before.rchunks(width).next() } else { after.chunks(width).next() };
            let mut has_grown = false;
            grow(row, other.unwrap_or(&nothing), &mask[y * width..][..width], &mut room, &mut has_grown);
            if has_grown { ways[y.saturating_sub(1)..height.min(y + 2)].fill(2) } else { ways[y] -= 1 }
        }
    }
}

wide! {
    /// Raises the cells of a row to those of the row before and to each other, as far as the mask goes.
    ///
    /// One way goes from the left and one from the right, so that neither waits for the other; each leaves half of its cells in
    /// `room` until they have met.
    fn grow(row: &mut [Lanes], before: &[Lanes], mask: &[f64], room: &mut [Lanes], has_grown: &mut bool) {
        let n = row.len();
        let (before, mask, room) = (&before[..n], &mask[..n], &mut room[..n]);
        let (mut left, mut right, mut grown) = (NOTHING, NOTHING, [false; LANES]);
        for i in 0..n / 2 {
            let j = n - 1 - i;
            raise(&mut left, &row[i], &before[i], mask[i]);
            raise(&mut right, &row[j], &before[j], mask[j]);
            (room[i], room[j]) = (left, right);
        }
        if n % 2 == 1 {
            let i = n / 2;
            raise(&mut left, &row[i], &before[i], mask[i]);
            raise(&mut right, &row[i], &before[i], mask[i]);
            settle(&mut row[i], &left, &right, &mut grown);
        }
        for i in n.div_ceil(2)..n {
            let j = n - 1 - i;
            raise(&mut left, &row[i], &before[i], mask[i]);
            raise(&mut right, &row[j], &before[j], mask[j]);
            settle(&mut row[i], &left, &room[i], &mut grown);
            settle(&mut row[j], &right, &room[j], &mut grown);
        }
        *has_grown = grown.iter().any(|grown| *grown);
    }
}

/// What comes along a row becomes the largest of itself, a cell and the one in the row before, as far as the mask goes.
#[inline(always)]
fn raise(along: &mut Lanes, cell: &Lanes, before: &Lanes, top: f64) {
    for ((along, &cell), &before) in along.iter_mut().zip(cell).zip(before) {
        let higher = if before > cell { before } else { cell };
        let higher = if *along > higher { *along } else { higher };
        *along = if higher < top { higher } else { top };
    }
}

/// A cell becomes the larger of what came from both sides.
#[inline(always)]
fn settle(cell: &mut Lanes, left: &Lanes, right: &Lanes, grown: &mut [bool; LANES]) {
    for (((cell, &left), &right), grown) in cell.iter_mut().zip(left).zip(right).zip(grown) {
        let most = if left > right { left } else { right };
        *grown |= most != *cell;
        *cell = most;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
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
        for (height, width, some) in [(17, 23, 5..9), (1, 9, 0..1), (8, 1, 3..8), (2, 2, 1..2), (40, 3, 20..21)] {
            let image = plane(height, width);
            for rows in [0..height, some] {
                let (mut got, mut last) = (vec![NOTHING; rows.len() * width], vec![0.0; rows.len() * width]);
                erode(&image, rows.start, &mut got, &mut last);
                let mut want = image.clone();
                for k in 0..LANES {
                    want = within_disc(&want, 1, false);
                    let want = &want.cells[rows.start * width..rows.end * width];
                    assert_eq!(got.iter().map(|lanes| lanes[k]).collect::<Vec<_>>(), want, "{height} {width} {k}");
                }
                assert_eq!(last, want.cells[rows.start * width..rows.end * width]);
            }
        }
    }

    /// Also where several threads have strips of their own.
    #[test]
    fn openings_end_where_nothing_changes() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        for (height, width) in [(17, 23), (1, 9), (8, 1), (2 * STRIP + 9, 3)] {
            let mask = plane(height, width);
            let (mut image, mut got) = (mask.clone(), vec![NOTHING; height * width]);
            pool.install(|| openings(&mut image, &mut got, &mask));
            let mut eroded = mask.clone();
            for k in 0..LANES {
                eroded = within_disc(&eroded, 1, false);
                let mut want = eroded.clone();
                loop {
                    let mut next = within_disc(&want, 1, true);
                    next.cells.iter_mut().zip(&mask.cells).for_each(|(v, top)| *v = v.min(*top));
                    if next == want {
                        break;
                    }
                    want = next;
                }
                assert_eq!(got.iter().map(|lanes| lanes[k]).collect::<Vec<_>>(), want.cells, "{height} {width} {k}");
            }
            assert_eq!(image, eroded);
        }
    }
}

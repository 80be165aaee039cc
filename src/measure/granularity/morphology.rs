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

/// The smallest value within a disc.
pub(super) fn erode(plane: &Plane, radius: usize) -> Plane {
    within_disc(plane, radius, false)
}

/// An image without what is smaller than a disc.
pub(super) fn open(plane: &Plane, radius: usize) -> Plane {
    within_disc(&erode(plane, radius), radius, true)
}

/// The marker grown under the mask, from cell to cell across sides, until nothing changes.
pub(super) fn reconstruct(marker: &Plane, mask: &Plane) -> Plane {
    let [_, width] = marker.size;
    let mut out = marker.clone();
    let (cells, top) = (&mut out.cells, &mask.cells);
    let grow = |cells: &mut [f64], i: usize, from: usize| {
        let higher = if cells[from] > cells[i] { cells[from] } else { cells[i] };
        cells[i] = if higher < top[i] { higher } else { top[i] };
    };
    let n = cells.len();
    for i in 0..n {
        if i >= width {
            grow(cells, i, i - width);
        }
        if i % width > 0 {
            grow(cells, i, i - 1);
        }
    }
    let mut queue = std::collections::VecDeque::new();
    for i in (0..n).rev() {
        let below = (i + width < n).then(|| i + width);
        let right = (i % width + 1 < width).then(|| i + 1);
        for q in [below, right].into_iter().flatten() {
            grow(cells, i, q);
        }
        if [below, right].into_iter().flatten().any(|q| cells[q] < cells[i] && cells[q] < top[q]) {
            queue.push_back(i);
        }
    }
    while let Some(i) = queue.pop_front() {
        let around = [
            (i >= width).then(|| i - width),
            (i % width > 0).then(|| i - 1),
            (i % width + 1 < width).then(|| i + 1),
            (i + width < n).then(|| i + width),
        ];
        for q in around.into_iter().flatten() {
            if cells[q] < cells[i] && cells[q] < top[q] {
                cells[q] = if cells[i] < top[q] { cells[i] } else { top[q] };
                queue.push_back(q);
            }
        }
    }
    out
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
        for (height, width, radius) in [(9, 13, 0), (9, 13, 1), (9, 13, 3), (1, 5, 2), (6, 1, 4), (4, 4, 10)] {
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
    fn reconstruction_ends_where_nothing_changes() {
        for (height, width) in [(17, 23), (1, 9), (8, 1)] {
            let mask = plane(height, width);
            let marker = erode(&erode(&mask, 1), 1);
            let mut want = marker.clone();
            loop {
                let mut next = within_disc(&want, 1, true);
                next.cells.iter_mut().zip(&mask.cells).for_each(|(v, top)| *v = v.min(*top));
                if next == want {
                    break;
                }
                want = next;
            }
            assert_eq!(reconstruct(&marker, &mask), want);
        }
    }
}

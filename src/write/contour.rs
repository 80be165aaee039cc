//! Outlines of a region in a slice, along the edges of its voxels: closed lines whose corners are corners of voxels.
//!
//! The region lies on the right of each line as rows go down: outer lines and holes run in opposite senses. Where
//! voxels touch in a corner alone, a line turns around its own voxel, so none crosses itself; by the even-odd rule exactly the
//! centres of the region's voxels lie inside.

use std::collections::BTreeMap;

/// A corner: row and column of the voxel behind it, so that voxel (y, x) reaches from (y, x) to (y + 1, x + 1).
pub type Corner = [usize; 2];

/// Steps in row and column: right, down, left, up. The next one is a turn to the right.
const STEPS: [[isize; 2]; 4] = [[0, 1], [1, 0], [0, -1], [-1, 0]];

/// The closed lines around the voxels of a slice; `runs` are row, first column, and the column behind the last one, in order.
pub fn outlines(runs: &[[usize; 3]]) -> Vec<Vec<Corner>> {
    let mut edges = edges(runs);
    let mut lines = Vec::new();
    while let Some((&start, &leaving)) = edges.iter().next() {
        let (mut at, mut heading) = (start, leaving.trailing_zeros() as usize);
        let mut line = Vec::new();
        while let Some(leaving) = edges.get_mut(&at) {
            // Where two lines meet, a turn to the right stays at the same voxel.
            let next = [heading + 1, heading, heading + 3].map(|d| d % 4).into_iter().find(|d| *leaving & 1 << d != 0);
            let first = line.is_empty();
            let direction = if first { heading } else { next.unwrap_or(heading) };
            *leaving &= !(1 << direction);
            if *leaving == 0 {
                edges.remove(&at);
            }
            if first || direction != heading {
                line.push(at);
            }
            heading = direction;
            at = [at[0].wrapping_add_signed(STEPS[heading][0]), at[1].wrapping_add_signed(STEPS[heading][1])];
            if at == start {
                break;
            }
        }
        // A line that goes straight through its start has no corner there.
        if line.get(1).is_some_and(|second| straight(line[line.len() - 1], start, *second)) {
            line.remove(0);
        }
        lines.push(line);
    }
    lines
}

/// The same line through the centres of the voxels on its inner side: voxels as row and column, corners alone.
///
/// For programs that count what a contour touches as inside. A line of one voxel is a point.
pub fn through_centres(line: &[Corner]) -> Vec<Corner> {
    let mut centres: Vec<Corner> = Vec::new();
    for (&[y, x], &[to_y, to_x]) in line.iter().zip(line.iter().cycle().skip(1)) {
        // The first and the last voxel on the right of this side.
        let (first, last) = match (to_x > x, to_y > y, to_x < x) {
            (true, ..) => ([y, x], [y, to_x - 1]),
            (_, true, _) => ([y, x - 1], [to_y - 1, x - 1]),
            (.., true) => ([y - 1, x - 1], [y - 1, to_x]),
            _ => ([y - 1, x], [to_y, x]),
        };
        centres.extend([first, last]);
    }
    centres.dedup();
    if centres.len() > 1 && centres.first() == centres.last() {
        centres.pop();
    }
    centres
}

fn straight(a: Corner, b: Corner, c: Corner) -> bool {
    (a[0] == b[0] && b[0] == c[0]) || (a[1] == b[1] && b[1] == c[1])
}

/// Edges between the inside and the outside, by the corner that they leave, as bits of their directions.
fn edges(runs: &[[usize; 3]]) -> BTreeMap<Corner, u8> {
    let mut rows: BTreeMap<usize, Vec<[usize; 2]>> = BTreeMap::new();
    runs.iter().for_each(|&[y, begin, end]| rows.entry(y).or_default().push([begin, end]));
    let none = Vec::new();
    let row = |y: Option<usize>| y.and_then(|y| rows.get(&y)).unwrap_or(&none);
    let mut edges = BTreeMap::<Corner, u8>::new();
    let mut leave = |corner: Corner, direction: usize| *edges.entry(corner).or_default() |= 1 << direction;
    for (&y, own) in &rows {
        for &[begin, end] in own {
            leave([y + 1, begin], 3);
            leave([y, end], 1);
        }
        for x in uncovered(own, row(y.checked_sub(1))) {
            leave([y, x], 0);
        }
        for x in uncovered(own, row(Some(y + 1))) {
            leave([y + 1, x + 1], 2);
        }
    }
    edges
}

/// The columns of some runs that lie in none of the others.
fn uncovered(own: &[[usize; 2]], others: &[[usize; 2]]) -> impl Iterator<Item = usize> {
    let is_free = |x: &usize| !others.iter().any(|[begin, end]| (*begin..*end).contains(x));
    own.iter().flat_map(|[begin, end]| *begin..*end).filter(is_free)
}

#[cfg(test)]
mod tests {
    //! Mechanics, on shapes that a reader can draw.
    use super::*;

    fn of(rows: &[&str]) -> Vec<Vec<Corner>> {
        let mut runs = Vec::new();
        for (y, row) in rows.iter().enumerate() {
            let mut x = 0;
            for part in row.split_inclusive('.') {
                let n = part.trim_end_matches('.').len();
                if n > 0 {
                    runs.push([y, x, x + n]);
                }
                x += part.len();
            }
        }
        outlines(&runs)
    }

    #[test]
    fn a_box_has_four_corners() {
        assert_eq!(of(&["....", ".##.", ".##."]), [[[1, 1], [1, 3], [3, 3], [3, 1]]]);
        assert_eq!(of(&["#"]), [[[0, 0], [0, 1], [1, 1], [1, 0]]]);
    }

    #[test]
    fn a_hole_is_a_line_of_its_own() {
        let lines = of(&["###", "#.#", "###"]);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], [[0, 0], [0, 3], [3, 3], [3, 0]]);
        assert_eq!(lines[1], [[1, 1], [2, 1], [2, 2], [1, 2]]);
    }

    #[test]
    fn voxels_that_touch_in_a_corner_have_lines_of_their_own() {
        let lines = of(&["#.", ".#"]);
        assert_eq!(lines, [[[0, 0], [0, 1], [1, 1], [1, 0]], [[1, 1], [1, 2], [2, 2], [2, 1]]]);
        assert_eq!(of(&[".#", "#."]).len(), 2);
    }

    #[test]
    fn lines_go_through_centres_as_well() {
        let centres = |rows: &[&str]| of(rows).iter().map(|l| through_centres(l)).collect::<Vec<_>>();
        assert_eq!(centres(&["#"]), [[[0, 0]]]);
        assert_eq!(centres(&["###", "###"]), [[[0, 0], [0, 2], [1, 2], [1, 0]]]);
        assert_eq!(centres(&["##"]), [[[0, 0], [0, 1]]]);
        // Around a hole, through the voxels beside it.
        assert_eq!(centres(&["###", "#.#", "###"])[1], [[1, 0], [2, 1], [1, 2], [0, 1]]);
    }

    #[test]
    fn a_step_has_six_corners() {
        assert_eq!(of(&["#.", "##"]), [[[0, 0], [0, 1], [1, 1], [1, 2], [2, 2], [2, 0]]]);
    }
}

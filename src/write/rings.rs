//! Polygons of a region in a slice, along the edges of its pixels: outlines taken apart into simple rings, holes with the outline that
//! they lie in. The polygons are valid by the rules of OGC: no ring touches itself.

use super::contour::{Corner, outlines};

/// An outer ring and the holes in it; rings are open, their first corner does not come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polygon {
    pub outer: Vec<Corner>,
    pub holes: Vec<Vec<Corner>>,
}

/// The polygons of a slice's runs (row, first column, and the column behind the last one), in the order in which outlines are met.
pub fn polygons(runs: &[[usize; 3]]) -> Vec<Polygon> {
    let rings = outlines(runs).into_iter().flat_map(simple);
    let (outer, holes): (Vec<_>, Vec<_>) = rings.partition(|ring| twice_area(ring) > 0);
    let mut polygons: Vec<Polygon> = outer.into_iter().map(|outer| Polygon { outer, holes: vec![] }).collect();
    if let [only] = &mut polygons[..] {
        only.holes = holes;
        return polygons;
    }
    for hole in holes {
        let beside = beside(&hole);
        let around = polygons.iter_mut().filter(|p| has(&p.outer, beside));
        // An island in a hole lies in the outline of both: the smallest is its own.
        if let Some(own) = around.min_by_key(|p| twice_area(&p.outer)) {
            own.holes.push(hole);
        }
    }
    polygons
}

/// Twice the area within a ring, by the shoelace sum: below 0 for holes, which run the other way round.
pub fn twice_area(ring: &[Corner]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    let cross = |([y, x], [to_y, to_x]): (&Corner, &Corner)| *x as i64 * *to_y as i64 - *to_x as i64 * *y as i64;
    ring.iter().zip(next).map(cross).sum()
}

/// Takes a line apart where it comes to a corner again.
fn simple(line: Vec<Corner>) -> Vec<Vec<Corner>> {
    let (mut rings, mut open) = (Vec::new(), Vec::<Corner>::new());
    let mut places = std::collections::HashMap::new();
    for corner in line {
        if let Some(from) = places.get(&corner).copied() {
            let ring: Vec<Corner> = open.drain(from..).collect();
            for corner in &ring {
                places.remove(corner);
            }
            rings.push(ring);
        }
        places.insert(corner, open.len());
        open.push(corner);
    }
    rings.push(open);
    rings
}

/// The pixel of the region at the first side of a hole: the region lies on its right.
fn beside(hole: &[Corner]) -> Corner {
    let ([y, x], [to_y, to_x]) = (hole[0], hole[1]);
    match (to_x > x, to_y > y, to_x < x) {
        (true, ..) => [y, x],
        (_, true, _) => [y, x - 1],
        (.., true) => [y - 1, x - 1],
        _ => [y - 1, x],
    }
}

/// The centre of a pixel lies within a ring: a line from it to the left crosses an odd number of sides.
fn has(ring: &[Corner], [y, x]: Corner) -> bool {
    let sides = ring.iter().zip(ring.iter().cycle().skip(1));
    let crosses =
        |([ay, ax], [by, bx]): &(&Corner, &Corner)| ax == bx && *ax <= x && (*ay.min(by)..*ay.max(by)).contains(&y);
    sides.filter(crosses).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    //! Invariant: areas are numbers of pixels, no ring comes to a corner twice. Mechanics, on shapes that a reader can draw.
    use super::*;
    use std::collections::BTreeSet;

    fn runs(rows: &[&str]) -> Vec<[usize; 3]> {
        let pixels = |(y, row): (usize, &&str)| {
            row.bytes().enumerate().filter(|(_, b)| *b == b'#').map(move |(x, _)| [y, x, x + 1]).collect::<Vec<_>>()
        };
        let mut runs: Vec<[usize; 3]> = Vec::new();
        for [y, x, end] in rows.iter().enumerate().flat_map(pixels) {
            match runs.last_mut() {
                Some(last) if last[0] == y && last[2] == x => last[2] = end,
                _ => runs.push([y, x, end]),
            }
        }
        runs
    }

    fn check(runs: &[[usize; 3]]) -> Vec<Polygon> {
        let polygons = polygons(runs);
        let rings = || polygons.iter().flat_map(|p| std::iter::once(&p.outer).chain(&p.holes));
        let pixels: usize = runs.iter().map(|[_, begin, end]| end - begin).sum();
        assert_eq!(rings().map(|ring| twice_area(ring)).sum::<i64>(), 2 * pixels as i64);
        for ring in rings() {
            assert!(ring.len() >= 4 && ring.iter().collect::<BTreeSet<_>>().len() == ring.len(), "{ring:?}");
        }
        for polygon in &polygons {
            assert!(polygon.holes.iter().all(|h| twice_area(h) < 0
                && h.iter().all(|[y, x]| {
                    let [least, most] = [polygon.outer.iter().min(), polygon.outer.iter().max()];
                    least.is_some_and(|l| l[0] <= *y) && most.is_some_and(|m| m[0] >= *y) && *x > 0
                })));
        }
        polygons
    }

    fn counts(rows: &[&str]) -> Vec<usize> {
        check(&runs(rows)).iter().map(|p| p.holes.len()).collect()
    }

    #[test]
    fn shapes_have_their_polygons() {
        assert_eq!(counts(&["#"]), [0]);
        assert_eq!(counts(&["#.", ".#"]), [0, 0], "they touch in a corner");
        assert_eq!(counts(&["###", "#.#", "###"]), [1]);
        assert_eq!(counts(&["##.", "#.#", "###"]), [1], "the hole touches the outside in a corner");
        assert_eq!(counts(&["####", "#.##", "##.#", "####"]), [2], "two holes touch in a corner");
        assert_eq!(counts(&["#####", "#...#", "#.#.#", "#...#", "#####"]), [1, 0], "an island");
        assert_eq!(counts(&["#####", "#.###", "#####", "###.#", "#####"]), [2]);
        assert!(polygons(&[]).is_empty());
    }

    #[test]
    fn random_pixels_keep_their_area() {
        let mut state = 1u32;
        for size in 1..40usize {
            let rows: Vec<String> = (0..size)
                .map(|_| {
                    let mut pixel = || {
                        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
                        if state >> 30 > 0 { '#' } else { '.' }
                    };
                    (0..size + 3).map(|_| pixel()).collect()
                })
                .collect();
            check(&runs(&rows.iter().map(String::as_str).collect::<Vec<_>>()));
        }
    }
}

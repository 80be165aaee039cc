//! The Delaunay triangulation of places in a plane: who is linked to whom.
//!
//! No place lies inside of the circle through the corners of a triangle; predicates are exact (Shewchuk 1997). Long edges of
//! the hull are kept. Of four places on one circle either diagonal does: it is the same one in each run. Places on one line
//! are linked along it.

use super::tree::Place;
use spade::{DelaunayTriangulation, HasPosition, Point2, Triangulation};

/// Links between places.
#[derive(Default)]
pub struct Links {
    /// Pairs of numbers, each pair once.
    pub edges: Vec<[u32; 2]>,
    /// Links of the place of each number; nothing where it has none.
    pub degrees: Vec<Option<u32>>,
    /// Places that differ; where several numbers share one, the lowest stands for them in the edges.
    pub places: usize,
}

struct Site {
    at: Point2<f64>,
    number: u32,
}

impl HasPosition for Site {
    type Scalar = f64;
    fn position(&self) -> Point2<f64> {
        self.at
    }
}

impl Links {
    /// Of the numbers 0..count, some of which have a place; z does not count.
    pub fn new(places: Vec<(u32, Place)>, count: usize) -> Self {
        let mut sites: Vec<Site> = places
            .into_iter()
            .map(|(number, [_, y, x])| Site { at: Point2::new(whole(x), whole(y)), number })
            .collect();
        sites.sort_unstable_by(|a, b| {
            a.at.y.total_cmp(&b.at.y).then(a.at.x.total_cmp(&b.at.x)).then(a.number.cmp(&b.number))
        });
        let all: Vec<(Point2<f64>, u32)> = sites.iter().map(|site| (site.at, site.number)).collect();
        sites.dedup_by(|b, a| a.at == b.at);
        let mut links = Links { edges: vec![], degrees: vec![None; count], places: sites.len() };
        // It refuses what is not finite, and there is nothing of that kind.
        let Ok(triangles) = DelaunayTriangulation::<Site>::bulk_load(sites) else { return links };
        links.edges = triangles.undirected_edges().map(|e| e.vertices().map(|v| v.data().number)).collect();
        let mut degrees = vec![0u32; count];
        links.edges.iter().flatten().for_each(|number| degrees[*number as usize] += 1);
        let mut first: Option<(Point2<f64>, u32)> = None;
        for (at, number) in all {
            let of = first.filter(|(place, _)| *place == at).unwrap_or((at, number));
            links.degrees[number as usize] = Some(degrees[of.1 as usize]);
            first = Some(of);
        }
        links
    }
}

/// What is nearly nothing is nothing: predicates know no smaller numbers than 1e-43.
fn whole(v: f64) -> f64 {
    if v.abs() < 1e-40 { 0.0 } else { v }
}

#[cfg(test)]
mod tests {
    //! Oracle: circles through three places, worked out in whole numbers.
    use super::*;
    use std::collections::BTreeSet;

    fn links(places: &[[i64; 2]]) -> Links {
        let places: Vec<_> = (0..).zip(places).map(|(i, [y, x])| (i, [0.0, *y as f64, *x as f64])).collect();
        let count = places.len();
        Links::new(places, count)
    }

    #[test]
    fn few_places() {
        assert!(links(&[]).edges.is_empty());
        assert_eq!(links(&[[3, 4]]).degrees, [Some(0)]);
        assert_eq!(links(&[[0, 0], [0, 5]]).degrees, [Some(1), Some(1)]);
        assert_eq!(links(&[[0, 0], [0, 5], [0, 2]]).degrees, [Some(1), Some(1), Some(2)], "on a line");
        assert_eq!(links(&[[0, 0], [0, 5], [0, 0]]).degrees, [Some(1); 3], "at one place");
        assert_eq!(links(&[[0, 0], [0, 2], [2, 0], [2, 2]]).edges.len(), 5, "on a circle");
    }

    #[test]
    fn edges_are_those_of_empty_circles() {
        let places: Vec<[i64; 2]> =
            (0..40i64).map(|i| [(i * i * 7919 + 13 * i) % 997, (i * i * 104_729 + 7 * i) % 1009]).collect();
        let n = places.len();
        let turn =
            |a: [i64; 2], b: [i64; 2], c: [i64; 2]| (b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1]);
        let inside = |a: [i64; 2], b: [i64; 2], c: [i64; 2], p: [i64; 2]| {
            let [(ay, ax), (by, bx), (cy, cx)] = [a, b, c].map(|q| (q[0] - p[0], q[1] - p[1]));
            let [a2, b2, c2] = [ay * ay + ax * ax, by * by + bx * bx, cy * cy + cx * cx];
            let det = ax * (by * c2 - b2 * cy) - ay * (bx * c2 - b2 * cx) + a2 * (bx * cy - by * cx);
            det * turn(a, b, c).signum() > 0
        };
        let mut expected = BTreeSet::new();
        for (i, j, k) in (0..n).flat_map(|i| (i + 1..n).flat_map(move |j| (j + 1..n).map(move |k| (i, j, k)))) {
            let [a, b, c] = [places[i], places[j], places[k]];
            let empty = turn(a, b, c) != 0 && (0..n).all(|p| [i, j, k].contains(&p) || !inside(a, b, c, places[p]));
            if empty {
                expected.extend([[i, j], [j, k], [i, k]]);
            }
        }
        let sorted = |[a, b]: &[u32; 2]| [*a.min(b) as usize, *a.max(b) as usize];
        let found: BTreeSet<[usize; 2]> = links(&places).edges.iter().map(sorted).collect();
        assert_eq!(found, expected);
    }
}

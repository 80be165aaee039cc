//! Which lesions of two scans are one, by the places of their centroids.
//!
//! Partners are made one to one, the nearest two first (then in the order of the tables). What is left at follow-up and lies near
//! enough to a lesion of the baseline is a piece of the nearest one: that lesion has split.

use super::Lesion;
use super::change::within;

/// Centroids of one lesion in two scans lie so far apart at most, in mm.
const SAME_PLACE: f64 = 20.0;

/// What became of the lesions of one list in another; lists are counted from 0.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Same {
    /// The partner of each lesion of the first list.
    pub partner: Vec<Option<usize>>,
    /// Other pieces of each lesion of the first list.
    pub pieces: Vec<Vec<usize>>,
    /// Lesions of the second list that are near none of the first.
    pub lone: Vec<usize>,
}

/// How far two places lie apart.
pub(super) fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
}

/// Finds the lesions of `before` in `after`; nothing unless all places are known.
pub(super) fn same(before: &[Lesion], after: &[Lesion]) -> Option<Same> {
    let places = |all: &[Lesion]| all.iter().map(|l| l.place).collect::<Option<Vec<_>>>();
    let (from, to) = (places(before)?, places(after)?);
    let all = from.iter().enumerate().flat_map(|(i, a)| to.iter().enumerate().map(move |(j, b)| (apart(*a, *b), i, j)));
    let mut near: Vec<(f64, usize, usize)> = all.filter(|(d, ..)| within(*d, SAME_PLACE)).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut partner, mut pieces, mut is_lone) =
        (vec![None; from.len()], vec![vec![]; from.len()], vec![true; to.len()]);
    for &(_, i, j) in &near {
        if partner[i].is_none() && is_lone[j] {
            (partner[i], is_lone[j]) = (Some(j), false);
        }
    }
    for &(_, i, j) in &near {
        if is_lone[j] {
            pieces[i].push(j);
            is_lone[j] = false;
        }
    }
    let lone = (0..to.len()).filter(|j| is_lone[*j]).collect();
    Some(Same { partner, pieces, lone })
}

#[cfg(test)]
mod tests {
    //! Oracle: lesions along a line, by hand.
    use super::*;

    fn at(places: &[f64]) -> Vec<Lesion> {
        places.iter().map(|x| Lesion { place: Some([*x, 0.0, 0.0]), ..Lesion::default() }).collect()
    }

    #[test]
    fn partners_are_one_to_one_and_the_nearest_come_first() {
        let found = same(&at(&[0.0, 18.0]), &at(&[0.5])).unwrap();
        assert_eq!(found.partner, [Some(0), None], "the second one is gone");
        let found = same(&at(&[0.0, 15.0]), &at(&[8.0, 1.0])).unwrap();
        assert_eq!(found.partner, [Some(1), Some(0)], "8 is nearer to 15 than to 0");
        let found = same(&at(&[0.0, 100.0]), &at(&[20.0, 79.9])).unwrap();
        assert_eq!((found.partner, found.lone), (vec![Some(0), None], vec![1]), "20 mm at most");
    }

    #[test]
    fn what_is_left_beside_a_lesion_is_a_piece_of_it() {
        let found = same(&at(&[0.0, 60.0]), &at(&[-6.6, 19.1, 61.0, 300.0])).unwrap();
        assert_eq!(found.partner, [Some(0), Some(2)]);
        assert_eq!((found.pieces, found.lone), (vec![vec![1], vec![]], vec![3]));
        let mut unknown = at(&[0.0]);
        unknown[0].place = None;
        assert_eq!(same(&unknown, &at(&[0.0])), None);
    }
}

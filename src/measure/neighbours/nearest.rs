//! How far the nearest object of each class is from each object of a set.

use super::around::Surroundings;
use super::pairs::PART;
use super::places::Places;
use crate::image::Classes;
use rayon::prelude::*;

/// Squares of the distances to the nearest objects.
pub struct Nearest {
    /// Classes, and all.
    kinds: usize,
    /// Object by object: to the nearest other of each class, and of all; infinite where there is none.
    squares: Vec<f64>,
}

impl Nearest {
    /// Of each object that has a place.
    pub fn of(places: &Places, classes: Option<&Classes>) -> Self {
        let kinds = places.by_class.len() + 1;
        let surroundings = Surroundings::new(places, classes, &[]);
        let mut squares = vec![f64::INFINITY; places.at.len() * kinds];
        let some = |(part, squares): (usize, &mut [f64])| {
            let mut around = surroundings.room(places);
            for (own, squares) in (part * PART..).zip(squares.chunks_exact_mut(kinds)) {
                if let Some(Some(place)) = places.at.get(own) {
                    surroundings.look(places, place, own as u32, &mut around);
                    squares.copy_from_slice(&around.nearest);
                }
            }
        };
        squares.par_chunks_mut(kinds * PART).enumerate().for_each(some);
        Nearest { kinds, squares }
    }

    /// From the object called `own` to the nearest of each class, and of all.
    pub fn to(&self, own: u32) -> (&[f64], f64) {
        match self.squares.chunks_exact(self.kinds).nth(own as usize).and_then(<[f64]>::split_last) {
            Some((of_all, of_class)) => (of_class, *of_all),
            None => (&[], f64::INFINITY),
        }
    }
}

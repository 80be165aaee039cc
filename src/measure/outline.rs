//! Perimeters and the Euler number of a 2-D object, from exact counts of pixel patterns.
//!
//! - Perimeter (Benkrid and Crookes): the pixels of the object with a face neighbour outside are its border; each of
//!   them counts 1, sqrt 2 or (1 + sqrt 2) / 2 by how many border pixels touch it along faces and at corners.
//! - Crofton: pi / 4 times the number of runs along rows and columns plus pi / (4 sqrt 2) times those along diagonals.
//! - Euler number: corners - edges + pixels of the closed pixels, so pixels that touch at a corner are connected.
//!
//! The counts are those of scikit-image `perimeter` (neighborhood 4), `perimeter_crofton` (4 directions) and
//! `euler_number` (connectivity 2).

use super::bits::{Bits, east, west};
use std::f64::consts::{FRAC_PI_4, SQRT_2};

/// Counts along the outline of a 2-D object.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Outline {
    straight: u64,
    diagonal: u64,
    mixed: u64,
    axis_runs: u64,
    diagonal_runs: u64,
    /// Objects minus holes.
    pub euler: i64,
}

impl Outline {
    /// Of a framed 2-D object.
    pub fn of(bits: &Bits) -> Self {
        let mut o = Outline::default();
        o.count_quads(bits);
        o.count_border(bits);
        o
    }

    /// Length by Benkrid and Crookes, in pixels.
    pub fn perimeter(&self) -> f64 {
        self.straight as f64 + self.diagonal as f64 * SQRT_2 + self.mixed as f64 * ((1.0 + SQRT_2) / 2.0)
    }

    /// Length by Crofton's formula with four directions, in pixels.
    pub fn crofton(&self) -> f64 {
        FRAC_PI_4 * self.axis_runs as f64 + FRAC_PI_4 / SQRT_2 * self.diagonal_runs as f64
    }

    fn count_quads(&mut self, bits: &Bits) {
        for y in 1..bits.height() {
            let (above, below) = (bits.row(0, y - 1), bits.row(0, y));
            for k in 0..above.len() {
                let [nw, ne, sw, se] = [above[k], east(above, k), below[k], east(below, k)];
                self.axis_runs += count(nw & !ne) + count(se & !ne);
                self.diagonal_runs += count(se & !nw) + count(ne & !sw);
                let positive = count(nw | ne | sw | se) + count(se);
                self.euler += positive as i64 - (count(ne | se) + count(sw | se)) as i64;
            }
        }
    }

    fn count_border(&mut self, bits: &Bits) {
        let (height, words) = (bits.height(), bits.row(0, 0).len());
        // Border pixels of three rows on end; those of the frame are none.
        let (mut above, mut here, mut below) = (vec![0; words], vec![0; words], vec![0; words]);
        border(bits, 1, &mut here);
        for y in 1..height - 1 {
            border(bits, y + 1, &mut below);
            for k in 0..words {
                let faces = sum([above[k], below[k], west(&here, k), east(&here, k)]);
                let corners = sum([west(&above, k), east(&above, k), west(&below, k), east(&below, k)]);
                let none = !(faces[0] | faces[1] | faces[2]);
                let one = faces[0] & !faces[1];
                let two_or_three = faces[1];
                let some = corners[0] | corners[1];
                let three = corners[0] & corners[1];
                let two = corners[1] & !corners[0];
                self.straight += count(here[k] & two_or_three & !(corners[2] | three));
                self.diagonal += count(here[k] & (none & two | one & three));
                self.mixed += count(here[k] & one & some & !three);
            }
            (above, here, below) = (here, below, above);
        }
    }
}

/// Pixels of a row with a face neighbour outside.
fn border(bits: &Bits, y: usize, out: &mut [u64]) {
    // The last row is frame, whatever lies below it.
    let (above, row, below) = (bits.row(0, y - 1), bits.row(0, y), bits.row(0, (y + 1).min(bits.height() - 1)));
    for (k, out) in out.iter_mut().enumerate() {
        *out = row[k] & !(above[k] & below[k] & west(row, k) & east(row, k));
    }
}

fn count(bits: u64) -> u64 {
    u64::from(bits.count_ones())
}

/// How many of four are set, place by place, as a binary number with its lowest digit first.
fn sum([a, b, c, d]: [u64; 4]) -> [u64; 3] {
    let (low, carry) = (a ^ b ^ c ^ d, (a ^ b) & (c ^ d));
    let (p, q) = (a & b, c & d);
    [low, p ^ q ^ carry, p & q]
}

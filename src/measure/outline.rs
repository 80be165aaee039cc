//! Perimeters and the Euler number of a 2-D object, from exact counts of pixel patterns.
//!
//! - Perimeter (Benkrid and Crookes): the pixels of the object with a face neighbour outside are its border; each of
//!   them counts 1, sqrt 2 or (1 + sqrt 2) / 2 by how many border pixels touch it along faces and at corners.
//! - Crofton: pi / 4 times the number of runs along rows and columns plus pi / (4 sqrt 2) times those along diagonals.
//! - Euler number: corners - edges + pixels of the closed pixels, so pixels that touch at a corner are connected.
//!
//! The counts are those of scikit-image `perimeter` (neighborhood 4), `perimeter_crofton` (4 directions) and
//! `euler_number` (connectivity 2).

use super::object::Crop;
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
    /// Of a framed 2-D crop.
    pub fn of(crop: &Crop) -> Self {
        let mut o = Outline::default();
        o.count_quads(crop);
        o.count_border(crop);
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

    fn count_quads(&mut self, crop: &Crop) {
        let w = crop.size[2];
        let mut patterns = [0u64; 16];
        for (above, below) in crop.cells.chunks_exact(w).zip(crop.cells.chunks_exact(w).skip(1)) {
            for (a, b) in above.windows(2).zip(below.windows(2)) {
                patterns[usize::from(a[0] | a[1] << 1 | b[0] << 2 | b[1] << 3)] += 1;
            }
        }
        for (pattern, &n) in patterns.iter().enumerate() {
            let [nw, ne, sw, se] = [0, 1, 2, 3].map(|bit| pattern >> bit & 1);
            self.axis_runs += n * (nw & !ne & 1) as u64 + n * (se & !ne & 1) as u64;
            self.diagonal_runs += n * (se & !nw & 1) as u64 + n * (ne & !sw & 1) as u64;
            let corner = i64::from(pattern != 0);
            self.euler += n as i64 * (corner - (ne | se) as i64 - (sw | se) as i64 + se as i64);
        }
    }

    fn count_border(&mut self, crop: &Crop) {
        let w = crop.size[2];
        let cells = &crop.cells;
        let mut border = vec![0u8; cells.len()];
        for i in w..cells.len() - w {
            border[i] = cells[i] & (1 ^ (cells[i - w] & cells[i + w] & cells[i - 1] & cells[i + 1]));
        }
        for i in w..cells.len() - w {
            if border[i] == 0 {
                continue;
            }
            let faces = border[i - w] + border[i + w] + border[i - 1] + border[i + 1];
            let corners = border[i - w - 1] + border[i - w + 1] + border[i + w - 1] + border[i + w + 1];
            match (faces, corners) {
                (2 | 3, 0..=2) => self.straight += 1,
                (0, 2) | (1, 3) => self.diagonal += 1,
                (1, 1 | 2) => self.mixed += 1,
                _ => {}
            }
        }
    }
}

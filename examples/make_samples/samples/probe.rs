//! A second channel: a probe that binds to the membranes of the cells around the nuclei.

use super::field::Field;
use super::nuclei::{Grid, Nucleus, owners};
use super::random::Random;

/// Light of the probe. Cells reach up to `reach` micrometres beyond their nucleus; two in three carry the receptor, each
/// in its own amount; `delivered` is the part of the probe that gets to a place.
pub fn membranes(
    grid: &Grid,
    nuclei: &[Nucleus],
    reach: f64,
    delivered: impl Fn([f64; 3]) -> f64,
    random: &mut Random,
) -> Field {
    let amounts: Vec<f64> = nuclei
        .iter()
        .map(|_| if random.chance(0.65) { random.between(250.0, 900.0) } else { random.between(10.0, 60.0) })
        .collect();
    let cells = owners(grid, nuclei, reach);
    let shape = grid.shape;
    let mut field = Field::dark(shape);
    for (i, &(cell, depth)) in cells.iter().enumerate().filter(|(_, c)| c.0 > 0) {
        let [z, y, x] = shape.position(i);
        let differs = |to: [usize; 3]| {
            to.iter().zip(shape.zyx()).all(|(p, n)| *p < n) && cells[shape.index(to[0], to[1], to[2])].0 != cell
        };
        let sides = [
            [z, y.wrapping_sub(1), x],
            [z, y + 1, x],
            [z, y, x.wrapping_sub(1)],
            [z, y, x + 1],
            [z.wrapping_sub(1), y, x],
            [z + 1, y, x],
        ];
        let on_membrane = sides.into_iter().any(differs);
        // Some of it is taken up into the cell, little into the nucleus.
        let part = if on_membrane {
            1.0
        } else if depth > 1.0 {
            0.2
        } else {
            0.08
        };
        field.v[i] = amounts[cell as usize - 1] * part * delivered(grid.place(i));
    }
    field
}

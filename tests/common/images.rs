//! Small images that tests write themselves.

use image::{ImageBuffer, Luma};
use std::path::Path;

/// Writes a 16-bit PNG with `spots` bright disks on a noisy ground; the seed moves and changes them.
pub fn spots(path: &Path, seed: u32, spots: u32) {
    let (width, height) = (140u32, 110u32);
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let mut random = move || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737) >> 8
    };
    let mut centres = Vec::new();
    for i in 0..spots {
        // On a grid, so that none touches another.
        let (row, column) = (i / 5, i % 5);
        centres.push((
            14 + 27 * column + random() % 4,
            14 + 27 * row + random() % 4,
            5 + random() % 4,
            15_000 + random() % 9000,
        ));
    }
    let image = ImageBuffer::from_fn(width, height, |x, y| {
        let ground = 700 + random() % 300;
        let inside = centres.iter().find(|(cx, cy, r, _)| cx.abs_diff(x).pow(2) + cy.abs_diff(y).pow(2) <= r * r);
        Luma([(ground + inside.map_or(0, |c| c.3)) as u16])
    });
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save(path).unwrap();
}

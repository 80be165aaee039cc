//! The images that parity is tried on.

use super::Input;
use crate::Result;
use crate::image::{Labels, Mask, Volume};
use crate::units::Shape;

/// Small images that reach the corners: single voxels, lines, odd sizes, 3-D, constant, extreme and signed samples,
/// more rows than columns, touching and nested objects.
///
/// # Errors
/// None in practice: the shapes are literal.
pub fn inputs() -> Result<Vec<Input>> {
    let table: [(&'static str, Shape, Pattern); 9] = [
        ("one voxel", Shape::flat(1, 1), Pattern::Noise),
        ("a row", Shape::flat(1, 19), Pattern::Noise),
        ("a column", Shape::flat(23, 1), Pattern::Noise),
        ("noise", Shape::flat(37, 53), Pattern::Noise),
        ("constant", Shape::flat(20, 31), Pattern::Constant),
        ("blobs", Shape::flat(97, 130), Pattern::Blobs),
        ("blobs in depth", Shape::new(13, 29, 41), Pattern::Blobs),
        ("full range of i32", Shape::flat(33, 40), Pattern::Extreme),
        ("noise in depth", Shape::new(5, 17, 23), Pattern::Noise),
    ];
    table.into_iter().map(|(name, shape, pattern)| input(name, shape, pattern)).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Pattern {
    Noise,
    Constant,
    Blobs,
    Extreme,
}

/// A small generator of its own (PCG by O'Neill, 32 bits out of a 64-bit state), so that cases never change with a crate.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        let s = self.0;
        self.0 = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let x = (((s >> 18) ^ s) >> 27) as u32;
        x.rotate_right((s >> 59) as u32)
    }
}

fn input(name: &'static str, shape: Shape, pattern: Pattern) -> Result<Input> {
    let mut random = Random(shape.len() as u64 + 7);
    let blobs: Vec<([i64; 3], i64, i64)> = (0..24)
        .map(|_| {
            let c = shape.zyx().map(|n| (random.next() as usize % n) as i64);
            (c, 3 + (random.next() % 7) as i64, 2000 + (random.next() % 50_000) as i64)
        })
        .collect();
    let mut samples = Vec::with_capacity(shape.len());
    let mut raw_labels = vec![0u32; shape.len()];
    for (i, label) in raw_labels.iter_mut().enumerate() {
        let at = shape.position(i).map(|v| v as i64);
        let noise = random.next();
        let mut value = match pattern {
            Pattern::Noise => (noise % 65_536) as i64,
            Pattern::Constant => 700,
            Pattern::Blobs => 300 + (noise % 400) as i64,
            Pattern::Extreme => [i32::MIN, i32::MAX, noise as i32, 0, -1][noise as usize % 5] as i64,
        };
        for (k, (c, r, height)) in blobs.iter().enumerate() {
            let d2: i64 = (0..3).map(|a| (at[a] - c[a]).pow(2)).sum();
            if d2 <= r * r {
                if pattern == Pattern::Blobs {
                    value = (value + height * (r * r - d2 + 1) / (r * r + 1)).min(65_535);
                }
                // Every fifth object has a hole in its middle.
                *label = if k % 5 == 0 && d2 <= 1 { 0 } else { k as u32 + 1 };
            }
        }
        samples.push(value as i32);
    }
    let mask = raw_labels.iter().map(|&l| (l > 0) as u8).collect();
    Ok(Input {
        name,
        volume: Volume::new(shape, samples)?,
        mask: Mask::new(shape, mask)?,
        labels: Labels::new(shape, raster_order(&raw_labels))?,
    })
}

/// Numbers labels by the order in which they first appear.
fn raster_order(labels: &[u32]) -> Vec<u32> {
    let mut seen = vec![0u32; labels.iter().max().map_or(1, |&m| m as usize + 1)];
    let mut next = 0;
    let number = |&l: &u32| {
        if l > 0 && seen[l as usize] == 0 {
            next += 1;
            seen[l as usize] = next;
        }
        seen[l as usize]
    };
    labels.iter().map(number).collect()
}

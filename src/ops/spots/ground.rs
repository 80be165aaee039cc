//! How the noise of an image follows its brightness: photons make bright parts noisier than dark ones.
//!
//! Each block of 16 x 16 pixels of a slice has a brightness, its mean, and a noise: the mean magnitude of second differences along
//! x of second differences along y, in which a spot is all but invisible (Immerkaer 1996). Blocks in order of their brightness
//! are put into groups of equal size; the medians of a group are a point of the curve.

use super::super::cut_ground::CutGround;
use crate::Result;
use crate::image::Volume;
use rayon::prelude::*;

/// Side of a block.
const BLOCK: usize = 16;
/// Most groups of blocks.
const GROUPS: usize = 12;
/// Most blocks that the typical noise is found from.
const MOST: usize = 4096;
/// A group has so many blocks at least.
const MEMBERS: usize = 20;
/// Noise is not taken for less than this share of the typical one.
const LEAST: f64 = 0.2;

/// The noise by brightness, as a multiple of the typical one.
pub(super) struct Ground {
    /// Brightness and noise, by brightness.
    curve: Vec<(f64, f64)>,
}

impl Ground {
    /// Of an image on the host, whose ground may have been cut off: its noise is that before it was.
    pub fn of(image: &Volume, cut: Option<&CutGround>) -> Result<Self> {
        let mut blocks = blocks(image, cut)?;
        // Where nothing differs, as in the black frame of a mosaic, there is no noise to look at.
        blocks.retain(|(_, noise)| *noise > 0.0);
        if blocks.is_empty() {
            return Ok(Ground { curve: vec![] });
        }
        blocks.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let typical = typical(&blocks);
        let groups = (blocks.len() / MEMBERS).clamp(1, GROUPS);
        let group = |k: usize| &blocks[k * blocks.len() / groups..(k + 1) * blocks.len() / groups];
        let point = |blocks: &[(f64, f64)]| {
            (median(blocks.iter().map(|b| b.0)), (median(blocks.iter().map(|b| b.1)) / typical).max(LEAST))
        };
        Ok(Ground { curve: (0..groups).map(|k| point(group(k))).collect() })
    }

    /// At a brightness: between two points of the curve on the line, beyond its ends as at the end.
    pub fn at(&self, brightness: f64) -> f64 {
        let after = self.curve.partition_point(|p| p.0 <= brightness);
        match (after.checked_sub(1).and_then(|k| self.curve.get(k)), self.curve.get(after)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (brightness - a.0) / (b.0 - a.0),
            (Some(p), None) | (None, Some(p)) => p.1,
            (None, None) => 1.0,
        }
    }

    /// The least of the curve.
    pub fn least(&self) -> f64 {
        self.curve.iter().map(|p| p.1).reduce(f64::min).unwrap_or(1.0)
    }
}

/// The noise that the median of magnitudes sees where parts of an image differ in their noise: half of all magnitudes lie below
/// 0.6745 times it, those of each block being normal.
fn typical(blocks: &[(f64, f64)]) -> f64 {
    let some: Vec<f64> = blocks.iter().step_by(blocks.len().div_ceil(MOST)).map(|b| b.1).collect();
    let below = |m: f64| some.iter().map(|noise| libm::erf(m / (noise * 2f64.sqrt()))).sum::<f64>() / some.len() as f64;
    let (mut low, mut high) = (0.0, some.iter().copied().fold(0.0, f64::max));
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if below(middle) < 0.5 { low = middle } else { high = middle }
    }
    high / 0.6745
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len();
    if n == 0 { 0.0 } else { (values[(n - 1) / 2] + values[n / 2]) / 2.0 }
}

/// Brightness and noise of the whole blocks.
fn blocks(image: &Volume, cut: Option<&CutGround>) -> Result<Vec<(f64, f64)>> {
    let (shape, samples) = (image.shape, image.samples.host()?);
    let (down, across) = (shape.y / BLOCK, shape.x / BLOCK);
    let block = |i: usize| {
        let (z, y, x) = (i / (down * across), i / across % down * BLOCK, i % across * BLOCK);
        let line = |y: usize| samples[shape.index(z, y, x)..][..BLOCK].iter().map(|s| i64::from(*s));
        let sum: i64 = (y..y + BLOCK).map(|y| line(y).sum::<i64>()).sum();
        let mut noise = 0i64;
        let mut second = [0i64; BLOCK];
        for y in y + 1..y + BLOCK - 1 {
            let lines = line(y - 1).zip(line(y)).zip(line(y + 1));
            second.iter_mut().zip(lines).for_each(|(s, ((a, b), c))| *s = a - 2 * b + c);
            noise += second.windows(3).map(|w| (w[0] - 2 * w[1] + w[2]).abs()).sum::<i64>();
        }
        let left = cut.map_or(1.0, |cut| {
            let above = cut.above(z, y..y + BLOCK, x..x + BLOCK).max(1);
            cut.left_of_neighbours(above as f64 / (BLOCK * BLOCK) as f64)
        });
        (sum as f64, noise as f64 / left)
    };
    Ok((0..shape.z * down * across).into_par_iter().map(block).collect())
}

/// Mean of the samples of a slice around a voxel, `reach` to each side, as a sum of a block.
pub(super) fn brightness(image: &Volume, samples: &[i32], voxel: usize, reach: usize) -> f64 {
    let [z, y, x] = image.shape.position(voxel);
    let around = |at: usize, n: usize| at.saturating_sub(reach)..(at + reach + 1).min(n);
    let (rows, columns) = (around(y, image.shape.y), around(x, image.shape.x));
    let n = (rows.len() * columns.len()) as f64;
    let line = |y: usize| &samples[image.shape.index(z, y, columns.start)..][..columns.len()];
    let sum: i64 = rows.map(|y| line(y).iter().map(|s| i64::from(*s)).sum::<i64>()).sum();
    sum as f64 / n * (BLOCK * BLOCK) as f64
}

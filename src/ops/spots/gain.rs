//! What the response makes of white noise, exactly, also where it meets the border: there the repeated edge makes noise louder.

use super::weights;
use crate::ops::gaussian::kernel;
use crate::units::Shape;

/// Standard deviations of the response to white noise of standard deviation 1.
pub(super) struct Gain {
    shape: Shape,
    weights: [f64; 3],
    /// For each axis, by the distance from the nearer edge: the sums of squares of the kernel, of its product with its second
    /// difference, and of squares of that.
    axes: [Vec<[f64; 3]>; 3],
}

impl Gain {
    pub fn new(shape: Shape, sigma: [f64; 3]) -> Self {
        let axis = |a: usize| {
            let (n, half) = (shape.zyx()[a], if shape.zyx()[a] > 1 { kernel(sigma[a], 4.0) } else { vec![1.0] });
            (0..(half.len() + 2).min(n.div_ceil(2).max(1))).map(|i| sums(&half, i as isize, n as isize)).collect()
        };
        Gain { shape, weights: weights(sigma).map(f64::from), axes: std::array::from_fn(axis) }
    }

    /// Far from the border, to noise that has a blur of so many voxels along each axis.
    pub fn inside_blurred(shape: Shape, sigma: [f64; 3], blur: [f64; 3]) -> f64 {
        let both = std::array::from_fn(|a| libm::hypot(sigma[a], blur[a]));
        let gain = Gain { weights: weights(sigma).map(f64::from), ..Gain::new(shape, both) };
        // What the blur alone leaves of white noise.
        let left = |a: usize| {
            let half = if shape.zyx()[a] > 1 { kernel(blur[a], 4.0) } else { vec![1.0] };
            half.iter().enumerate().map(|(k, w)| if k == 0 { w * w } else { 2.0 * w * w }).sum::<f64>().sqrt()
        };
        gain.inside() / (0..3).map(left).product::<f64>()
    }

    /// Far from the border.
    pub fn inside(&self) -> f64 {
        self.of(std::array::from_fn(|a| self.axes[a].last()))
    }

    /// At a voxel.
    pub fn at(&self, voxel: usize) -> f64 {
        let at = self.shape.position(voxel);
        self.of(std::array::from_fn(|a| {
            let edge = at[a].min(self.shape.zyx()[a].saturating_sub(at[a] + 1));
            self.axes[a].get(edge).or(self.axes[a].last())
        }))
    }

    fn of(&self, axes: [Option<&[f64; 3]>; 3]) -> f64 {
        let mut all = 0.0;
        for a in 0..3 {
            for b in 0..3 {
                let sum = |axis: usize| axes[axis].map_or(1.0, |s| s[usize::from(axis == a) + usize::from(axis == b)]);
                all += self.weights[a] * self.weights[b] * (0..3).map(sum).product::<f64>();
            }
        }
        all.max(0.0).sqrt()
    }
}

/// The response at a voxel that is 1 higher than all others.
pub(super) fn of_one_voxel(shape: Shape, sigma: [f64; 3]) -> f64 {
    let line = |a: usize| {
        let half = if shape.zyx()[a] > 1 { kernel(sigma[a], 4.0) } else { vec![] };
        let [here, beside] = [0, 1].map(|k| half.get(k).copied().unwrap_or(0.0));
        if half.is_empty() { [1.0, 0.0] } else { [here, 2.0 * (here - beside)] }
    };
    let (lines, weights) = ([0, 1, 2].map(line), weights(sigma).map(f64::from));
    (0..3).map(|a| weights[a] * (0..3).map(|b| lines[b][usize::from(a == b)]).product::<f64>()).sum()
}

/// The sums at voxel `i` of a line of `n`.
fn sums(half: &[f64], i: isize, n: isize) -> [f64; 3] {
    let reach = half.len() as isize;
    let from = i - reach - 1;
    // The weight of each voxel of the line in the smooth image at j.
    let smooth = |j: isize| {
        let mut line = vec![0.0; 2 * reach as usize + 3];
        for k in 1 - reach..reach {
            let to = (j.clamp(0, n - 1) + k).clamp(0, n - 1) - from;
            if let Some(at) = usize::try_from(to).ok().and_then(|to| line.get_mut(to)) {
                *at += half[k.unsigned_abs()];
            }
        }
        line
    };
    let (before, here, after) = (smooth(i - 1), smooth(i), smooth(i + 1));
    let mut sums = [0.0; 3];
    for ((b, h), a) in before.iter().zip(&here).zip(&after) {
        let second = 2.0 * h - b - a;
        sums[0] += h * h;
        sums[1] += h * second;
        sums[2] += second * second;
    }
    sums
}

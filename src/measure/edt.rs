//! Exact squared Euclidean distances on a small grid (Felzenszwalb and Huttenlocher 2012), one axis after the other.
//!
//! Distances are whole numbers below 2^53 where a voxel is 1 wide on every axis, so they are exact; other sizes are
//! rounded in the one order of the loops below.

use super::object::Crop;

/// Squared distance of every cell to the nearest cell whose value is `target`, a voxel being `size` wide in z, y, x.
/// Infinite where there is none.
pub(super) fn squared(crop: &Crop, target: u8, size: [f64; 3]) -> Vec<f64> {
    let mut d: Vec<f64> = crop.cells.iter().map(|&c| if c == target { 0.0 } else { f64::INFINITY }).collect();
    let [nz, ny, nx] = crop.size;
    let mut line = Line::default();
    for row in d.chunks_exact_mut(nx) {
        sweep(row, size[2]);
    }
    for z in 0..nz {
        for x in 0..nx {
            line.pass(&mut d, z * ny * nx + x, nx, ny, size[1] * size[1]);
        }
    }
    if nz > 1 {
        for i in 0..ny * nx {
            line.pass(&mut d, i, ny * nx, nz, size[0] * size[0]);
        }
    }
    d
}

/// Along the first axis the values are 0 or infinite: count steps from both ends.
fn sweep(row: &mut [f64], size: f64) {
    let mut steps = f64::INFINITY;
    for v in row.iter_mut() {
        steps = if *v == 0.0 { 0.0 } else { steps + 1.0 };
        *v = steps;
    }
    steps = f64::INFINITY;
    for v in row.iter_mut().rev() {
        steps = if *v == 0.0 { 0.0 } else { steps + 1.0 };
        let d = steps.min(*v) * size;
        *v = d * d;
    }
}

/// Room for one line: its values, and the parabolas of its lower envelope with where each begins.
#[derive(Default)]
struct Line {
    values: Vec<f64>,
    roots: Vec<usize>,
    starts: Vec<f64>,
}

impl Line {
    /// `n` values from `first` on, `step` apart, become the lower envelope of their parabolas `w * distance^2`.
    fn pass(&mut self, d: &mut [f64], first: usize, step: usize, n: usize, w: f64) {
        self.values.clear();
        self.values.extend((0..n).map(|q| d[first + q * step]));
        self.roots.clear();
        self.starts.clear();
        for q in 0..n {
            let f = self.values[q];
            if f == f64::INFINITY {
                continue;
            }
            let mut start = f64::NEG_INFINITY;
            while let (Some(&v), Some(&s)) = (self.roots.last(), self.starts.last()) {
                let (a, b) = (q as f64, v as f64);
                start = ((f - self.values[v]) + w * (a * a - b * b)) / (2.0 * w * (a - b));
                if start > s {
                    break;
                }
                self.roots.pop();
                self.starts.pop();
                start = f64::NEG_INFINITY;
            }
            self.roots.push(q);
            self.starts.push(start);
        }
        if self.roots.is_empty() {
            return;
        }
        let mut k = 0;
        for q in 0..n {
            while k + 1 < self.starts.len() && self.starts[k + 1] < q as f64 {
                k += 1;
            }
            let away = q.abs_diff(self.roots[k]) as f64;
            d[first + q * step] = self.values[self.roots[k]] + w * (away * away);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_search_over_all_pairs() {
        let size = [3usize, 7, 9];
        let cells: Vec<u8> = (0..189u32).map(|i| u8::from(i.wrapping_mul(2654435761) >> 27 == 0)).collect();
        let crop = Crop { size, cells };
        let at = |i: usize| [i / 63, i / 9 % 7, i % 9].map(|v| v as f64);
        for wide in [[1.0, 1.0, 1.0], [2.5, 0.5, 1.0]] {
            let got = squared(&crop, 1, wide);
            for (i, got) in got.iter().enumerate() {
                let far = |j: usize| (0..3).map(|a| ((at(i)[a] - at(j)[a]) * wide[a]).powi(2)).sum::<f64>();
                let want = (0..189).filter(|&j| crop.cells[j] == 1).map(far).fold(f64::INFINITY, f64::min);
                assert_eq!(*got, want, "{i}");
            }
        }
        let empty = Crop { size, cells: vec![0; 189] };
        assert!(squared(&empty, 1, [1.0; 3]).iter().all(|d| d.is_infinite()));
    }
}

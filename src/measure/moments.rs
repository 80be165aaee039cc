//! Exact moments of an object's voxel centres up to second order, and the axes of the ellipse or ellipsoid that has them.
//!
//! Sums are kept in `i128` over coordinates that start at the bounding box. With fewer than 2^31 voxels and coordinates
//! below 2^31 the largest product, `n * sum(x^2)`, stays below 2^124. Covariances are population covariances of voxel
//! centres (scikit-image; no 1/12 for the extent of a voxel).

use super::object::Object;

/// Sums over an object, coordinates counted from the first corner of its bounding box.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    /// Voxels.
    pub n: i128,
    /// Sums of z, y, x.
    pub first: [i128; 3],
    /// Sums of products: row and column in z, y, x.
    pub second: [[i128; 3]; 3],
}

/// Sum of the squares of 0..k.
fn squares(k: i128) -> i128 {
    // In nearly all images it fits 64 bits, which divide many times as fast.
    if k < 1 << 20 {
        let k = k as i64;
        return i128::from((k - 1) * k * (2 * k - 1) / 6);
    }
    (k - 1) * k * (2 * k - 1) / 6
}

impl Moments {
    /// Of an object.
    pub fn of(object: &Object) -> Self {
        let lo = object.extent.lo;
        let mut m = Moments::default();
        object.each_run(|z, y, x0, x1| {
            let [z, y, x0, x1] = [z - lo[0], y - lo[1], x0 - lo[2], x1 - lo[2]].map(|v| v as i128);
            m.add_run(z, y, x0, x1);
        });
        m.mirror();
        m
    }

    /// Adds the voxels z, y, x0..x1; [`Moments::mirror`] comes last.
    pub fn add_run(&mut self, z: i128, y: i128, x0: i128, x1: i128) {
        let n = x1 - x0;
        let sx = (x0 + x1 - 1) * n / 2;
        self.n += n;
        self.first = [self.first[0] + z * n, self.first[1] + y * n, self.first[2] + sx];
        self.second[0][0] += z * z * n;
        self.second[0][1] += z * y * n;
        self.second[0][2] += z * sx;
        self.second[1][1] += y * y * n;
        self.second[1][2] += y * sx;
        self.second[2][2] += squares(x1) - squares(x0);
    }

    /// Fills in the products that are there already, the other way round.
    pub fn mirror(&mut self) {
        for (a, b) in [(1, 0), (2, 0), (2, 1)] {
            self.second[a][b] = self.second[b][a];
        }
    }

    /// `n^2` times the covariance of two axes.
    pub fn central(&self, a: usize, b: usize) -> i128 {
        self.n * self.second[a][b] - self.first[a] * self.first[b]
    }

    /// Covariance of two axes, in squared voxels.
    pub fn covariance(&self, a: usize, b: usize) -> f64 {
        self.central(a, b) as f64 / (self.n * self.n) as f64
    }

    /// Ellipse with the same second moments in y and x, one pixel being `aspect` wide in y and 1 in x.
    pub fn ellipse(&self, aspect: f64) -> Ellipse {
        let (vyy, vyx, vxx) = (self.central(1, 1), self.central(1, 2), self.central(2, 2));
        let (a, b, c) =
            (self.covariance(1, 1) * aspect * aspect, self.covariance(1, 2) * aspect, self.covariance(2, 2));
        let n2 = (self.n * self.n) as f64;
        // Exact where it fits, so that a straight line has no width at all.
        let det = match (vyy.checked_mul(vxx), vyx.checked_mul(vyx)) {
            (Some(p), Some(q)) => (p - q) as f64 / n2 / n2 * aspect * aspect,
            _ => (a * c - b * b).max(0.0),
        };
        let spread = ((a - c) * (a - c) + 4.0 * b * b).sqrt();
        let major = (a + c + spread) / 2.0;
        let minor = if major > 0.0 { (det / major).min(major) } else { 0.0 };
        Ellipse {
            axes: [4.0 * major.sqrt(), 4.0 * minor.sqrt()],
            eccentricity: if major > 0.0 { (spread / major).min(1.0).sqrt() } else { 0.0 },
            orientation: (a != c || b != 0.0).then(|| 0.5 * libm::atan2(2.0 * b, a - c)),
        }
    }

    /// Axes of the ellipsoid with the same second moments, longest first, a voxel having the given size in z, y, x.
    pub fn ellipsoid(&self, size: [f64; 3]) -> [f64; 3] {
        let mut c = [[0.0; 3]; 3];
        for (i, row) in c.iter_mut().enumerate() {
            for (j, v) in row.iter_mut().enumerate() {
                *v = self.covariance(i, j) * size[i] * size[j];
            }
        }
        let values = eigenvalues(c);
        // What is left of a flat object's thickness is rounding.
        values.map(|l| if l > 1e-14 * values[0] { 2.0 * (5.0 * l).sqrt() } else { 0.0 })
    }
}

/// The ellipse with the second moments of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ellipse {
    /// Full lengths, longest first.
    pub axes: [f64; 2],
    /// 0 for a circle, 1 for a line.
    pub eccentricity: f64,
    /// Angle of the major axis from the y axis towards x, in -pi/2..=pi/2; nothing if no direction is special.
    pub orientation: Option<f64>,
}

/// Eigenvalues of a symmetric matrix by cyclic Jacobi rotations, largest first.
pub(super) fn eigenvalues(mut m: [[f64; 3]; 3]) -> [f64; 3] {
    for _ in 0..32 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if m[p][q] == 0.0 {
                continue;
            }
            let theta = (m[q][q] - m[p][p]) / (2.0 * m[p][q]);
            let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
            let c = 1.0 / (t * t + 1.0).sqrt();
            let s = t * c;
            let r = 3 - p - q;
            let (pp, qq, pq) = (m[p][p], m[q][q], m[p][q]);
            let (rp, rq) = (m[r][p], m[r][q]);
            m[p][p] = pp - t * pq;
            m[q][q] = qq + t * pq;
            m[p][q] = 0.0;
            m[q][p] = 0.0;
            m[r][p] = c * rp - s * rq;
            m[p][r] = m[r][p];
            m[r][q] = s * rp + c * rq;
            m[q][r] = m[r][q];
        }
    }
    let mut values = [m[0][0], m[1][1], m[2][2]];
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_of_known_matrices() {
        assert_eq!(eigenvalues([[1.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 2.0]]), [3.0, 2.0, 1.0]);
        let e = eigenvalues([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]]);
        for (got, want) in e.iter().zip([2.0 + 2f64.sqrt(), 2.0, 2.0 - 2f64.sqrt()]) {
            assert!((got - want).abs() < 1e-14, "{got} {want}");
        }
    }
}

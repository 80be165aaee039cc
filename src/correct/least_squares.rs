//! The least squares solution without negative numbers, for a few unknowns.
//!
//! Source: C. L. Lawson, R. J. Hanson, Solving Least Squares Problems (1974), chapter 23, on the normal equations: with a
//! handful of spectra they are small and well-conditioned (`Mixture` refuses others), and all that a voxel needs is one
//! product with the matrix.

use super::MOST_DYES;

/// As many numbers as there may be unknowns.
pub(super) type Numbers = [f64; MOST_DYES];

/// A pivot below this share of its diagonal is none: the unknown follows from the others.
const PIVOT: f64 = 1e-10;
/// A slope below this share of the largest number on the right side is none.
const SLOPE: f64 = 1e-12;

/// The products of the columns of a matrix with each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gram {
    pub n: usize,
    pub products: [Numbers; MOST_DYES],
}

impl Gram {
    /// Of these rows, each with a number for each unknown.
    pub fn of<'a>(n: usize, rows: impl Iterator<Item = &'a Numbers>) -> Self {
        let mut products = [[0.0; MOST_DYES]; MOST_DYES];
        for row in rows {
            for (i, sums) in products.iter_mut().enumerate().take(n) {
                for (j, sum) in sums.iter_mut().enumerate().take(n) {
                    *sum += row[i] * row[j];
                }
            }
        }
        Gram { n, products }
    }

    /// The numbers, negative ones too, that give the right side; nothing where one of them follows from the others.
    pub fn inverse_times(&self, right: &Numbers) -> Option<Numbers> {
        self.solve((1u16 << self.n) - 1, right)
    }

    /// The numbers from 0 on that come nearest to the right side; an unknown that nothing says anything of is 0.
    pub fn solve_without_negatives(&self, right: &Numbers) -> Numbers {
        let all = (1u16 << self.n) - 1;
        if let Some(x) = self.solve(all, right).filter(|x| x.iter().all(|v| *v >= 0.0)) {
            return x;
        }
        let least = SLOPE * right.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        let (mut x, mut set, mut barred) = ([0.0; MOST_DYES], 0, 0);
        // An unknown comes in few times; the limit is there for numbers that are none.
        for _ in 0..3 * self.n {
            let slopes = self.slopes(&x, right);
            let may = |i: &usize| !has(set | barred, *i) && slopes[*i] > least;
            let Some(next) = (0..self.n).filter(may).max_by(|a, b| slopes[*a].total_cmp(&slopes[*b])) else { break };
            match self.towards(set | 1 << next, x, right) {
                Some((with, there)) if has(with, next) => (set, x) = (with, there),
                _ => barred |= 1 << next,
            }
        }
        x
    }

    /// Goes from `x`, which has no negative number, to the solution of a set of unknowns; those that fall to 0 on the way leave
    /// the set. Nothing if one of them follows from the others.
    fn towards(&self, mut set: u16, mut x: Numbers, right: &Numbers) -> Option<(u16, Numbers)> {
        loop {
            let wanted = self.solve(set, right)?;
            let falling: Vec<(usize, f64)> = (0..self.n)
                .filter(|i| has(set, *i) && wanted[*i] <= 0.0)
                .map(|i| (i, if x[i] > 0.0 { x[i] / (x[i] - wanted[i]) } else { 0.0 }))
                .collect();
            if falling.is_empty() {
                return Some((set, wanted));
            }
            let part = falling.iter().fold(1.0, |least: f64, (_, part)| least.min(*part));
            x.iter_mut().zip(&wanted).for_each(|(x, wanted)| *x += part * (wanted - *x));
            for (i, _) in falling.iter().filter(|(_, of)| *of <= part) {
                set &= !(1 << i);
                x[*i] = 0.0;
            }
        }
    }

    /// How fast the error falls as each unknown grows.
    fn slopes(&self, x: &Numbers, right: &Numbers) -> Numbers {
        let mut slopes = *right;
        for (slope, row) in slopes.iter_mut().zip(&self.products).take(self.n) {
            *slope -= (0..self.n).map(|j| row[j] * x[j]).sum::<f64>();
        }
        slopes
    }

    /// The solution of these unknowns where all others are 0, by Cholesky's factors; nothing if one follows from the others.
    fn solve(&self, set: u16, right: &Numbers) -> Option<Numbers> {
        let mut at = [0; MOST_DYES];
        let mut n = 0;
        for i in (0..self.n).filter(|i| has(set, *i)) {
            at[n] = i;
            n += 1;
        }
        let mut low = [[0.0; MOST_DYES]; MOST_DYES];
        let mut y = [0.0; MOST_DYES];
        for i in 0..n {
            for j in 0..=i {
                let rest = self.products[at[i]][at[j]] - (0..j).map(|k| low[i][k] * low[j][k]).sum::<f64>();
                if i > j {
                    low[i][j] = rest / low[j][j];
                } else if rest > PIVOT * self.products[at[i]][at[i]] {
                    low[i][i] = rest.sqrt();
                } else {
                    return None;
                }
            }
            y[i] = (right[at[i]] - (0..i).map(|k| low[i][k] * y[k]).sum::<f64>()) / low[i][i];
        }
        let mut x = [0.0; MOST_DYES];
        for i in (0..n).rev() {
            x[at[i]] = (y[i] - (i + 1..n).map(|k| low[k][i] * x[at[k]]).sum::<f64>()) / low[i][i];
        }
        Some(x)
    }

    /// Of each unknown, how much of it does not follow from those before it: the squared sine of an angle.
    pub fn least_pivot(&self) -> f64 {
        let mut low = [[0.0; MOST_DYES]; MOST_DYES];
        let mut least = 1.0f64;
        for i in 0..self.n {
            for j in 0..=i {
                let rest = self.products[i][j] - (0..j).map(|k| low[i][k] * low[j][k]).sum::<f64>();
                if i > j {
                    low[i][j] = rest / low[j][j];
                    continue;
                }
                let share = rest / self.products[i][i];
                if share.is_nan() || share <= 0.0 {
                    return 0.0;
                }
                least = least.min(share);
                low[i][i] = rest.sqrt();
            }
        }
        least
    }
}

fn has(set: u16, i: usize) -> bool {
    set >> i & 1 == 1
}

#[cfg(test)]
mod tests {
    //! Oracle: systems worked out by hand, and the best of all subsets.
    use super::*;
    use proptest::prelude::*;

    fn numbers(some: &[f64]) -> Numbers {
        let mut all = [0.0; MOST_DYES];
        all[..some.len()].copy_from_slice(some);
        all
    }

    fn products(rows: &[&[f64]], light: &[f64]) -> (Gram, Numbers) {
        let rows: Vec<Numbers> = rows.iter().map(|r| numbers(r)).collect();
        let n = 2.max(rows.iter().map(|r| r.iter().rposition(|v| *v != 0.0).map_or(0, |i| i + 1)).max().unwrap_or(0));
        let mut right = [0.0; MOST_DYES];
        for (row, light) in rows.iter().zip(light) {
            right.iter_mut().zip(row).for_each(|(sum, a)| *sum += a * light);
        }
        (Gram::of(n, rows.iter()), right)
    }

    #[test]
    fn two_unknowns_by_hand() {
        let rows: &[&[f64]] = &[&[1.0, 0.0], &[1.0, 1.0], &[0.0, 1.0]];
        let solve = |light: &[f64]| {
            let (gram, right) = products(rows, light);
            gram.solve_without_negatives(&right)
        };
        let near = |light: &[f64], wanted: [f64; 2]| {
            let x = solve(light);
            assert!((x[0] - wanted[0]).abs() + (x[1] - wanted[1]).abs() < 1e-12, "{light:?}: {x:?}");
        };
        near(&[2.0, 5.0, 3.0], [2.0, 3.0]);
        // Without the limit it would be (11/3, -4/3); on the axis it is the mean of 4 and 2.
        near(&[4.0, 2.0, -1.0], [3.0, 0.0]);
        assert_eq!(solve(&[-1.0, -2.0, -3.0]), [0.0; MOST_DYES]);
        assert_eq!(solve(&[0.0; 3]), [0.0; MOST_DYES]);
    }

    #[test]
    fn what_nothing_is_known_of_is_none() {
        let (gram, right) = products(&[&[1.0, 0.0], &[2.0, 0.0]], &[3.0, 6.0]);
        let x = gram.solve_without_negatives(&right);
        assert!((x[0] - 3.0).abs() < 1e-12 && x[1] == 0.0, "{x:?}");
        assert_eq!(gram.least_pivot(), 0.0);
        let (gram, right) = products(&[&[1.0, 1.0], &[1.0, 1.0]], &[2.0, 2.0]);
        let x = gram.solve_without_negatives(&right);
        assert!((x[0] + x[1] - 2.0).abs() < 1e-12 && x[0] * x[1] == 0.0, "{x:?}");
    }

    proptest! {
        #[test]
        fn no_subset_of_the_unknowns_is_better(
            matrix in prop::collection::vec(prop::collection::vec(0.0f64..1.0, 4), 5..7),
            light in prop::collection::vec(-50.0f64..200.0, 7),
        ) {
            let rows: Vec<&[f64]> = matrix.iter().map(Vec::as_slice).collect();
            let (gram, right) = products(&rows, &light[..rows.len()]);
            prop_assume!(gram.n == 4 && gram.least_pivot() > 1e-4);
            let error = |x: &Numbers| -> f64 {
                let rest = |(row, light): (&&[f64], &f64)| light - row.iter().zip(x).map(|(a, x)| a * x).sum::<f64>();
                rows.iter().zip(&light).map(rest).map(|r| r * r).sum()
            };
            let x = gram.solve_without_negatives(&right);
            prop_assert!(x.iter().all(|v| *v >= 0.0));
            let others = (0..16).filter_map(|set| gram.solve(set, &right)).filter(|x| x.iter().all(|v| *v >= 0.0));
            let best = others.map(|x| error(&x)).fold(f64::INFINITY, f64::min);
            prop_assert!(error(&x) <= best * (1.0 + 1e-9) + 1e-9, "{} {}", error(&x), best);
        }
    }
}

//! Probabilities of the distributions of F and t, from the regularised incomplete beta function (NIST DLMF 8.17), with `libm` and in
//! a fixed order: the same bits on every machine.

use libm::{exp, fabs, lgamma, log, sqrt};

/// Steps after which the continued fraction has long met its limit.
const STEPS: usize = 1000;
/// In place of a denominator of 0.
const TINY: f64 = 1e-300;

/// The regularised incomplete beta function, for positive `a` and `b`, and `x` of 0 to 1.
pub fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction ends soon below the mean of the distribution, and the function is symmetric.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1.0 - x)) / a;
    front * fraction(x, a, b)
}

/// The continued fraction of DLMF 8.17.22, from its beginning (the way of Lentz).
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let apart = |v: f64| if fabs(v) < TINY { TINY } else { v };
    let term = |k: usize| {
        let m = (k / 2) as f64;
        match k % 2 {
            0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        }
    };
    let (mut above, mut below) = (1.0, 1.0 / apart(1.0 + term(1)));
    let mut value = below;
    for k in 2..STEPS {
        below = 1.0 / apart(1.0 + term(k) * below);
        above = apart(1.0 + term(k) / above);
        value *= above * below;
        if fabs(above * below - 1.0) < 1e-16 {
            break;
        }
    }
    value
}

/// The probability of a ratio of variances of at least `f`, with these degrees of freedom.
pub fn f_tail(f: f64, of: f64, within: f64) -> f64 {
    if f.is_nan() { 1.0 } else { incomplete_beta(within / (within + of * f.max(0.0)), within / 2.0, of / 2.0) }
}

/// The value of Student's t that lies within plus and minus of itself with the probability `inside`.
pub fn t_quantile(inside: f64, degrees: f64) -> f64 {
    // Halved until nothing changes: t rises with x = t^2 / (degrees + t^2).
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let x = 0.5 * (low + high);
        if incomplete_beta(x, 0.5, degrees / 2.0) < inside { low = x } else { high = x }
    }
    sqrt(degrees * low / (1.0 - low))
}

#[cfg(test)]
mod tests {
    //! Oracle: SciPy 1.17.1 (`scipy.special.betainc`, `scipy.stats.f.sf`, `scipy.stats.t.ppf`).
    use super::*;

    #[test]
    fn as_scipy_has_them() {
        let close = |got: f64, want: f64| assert!(fabs(got - want) <= 1e-11 * want, "{got} {want}");
        close(incomplete_beta(0.3, 2.5, 0.5), 0.018927124071945658);
        close(incomplete_beta(0.9, 0.5, 7.0), 0.9999999780702157);
        close(incomplete_beta(0.01, 30.0, 40.0), 2.1646349506126083e-41);
        close(incomplete_beta(0.5, 100.0, 100.0), 0.4999999999999996);
        close(incomplete_beta(0.999, 0.5, 0.5), 0.9798649583666235);
        close(incomplete_beta(0.2, 1.0, 1.0), 0.2);
        close(f_tail(3.2, 3.0, 8.0), 0.08366788076687533);
        close(f_tail(0.1, 3.0, 20.0), 0.9590747827791757);
        close(f_tail(150.0, 3.0, 1.0), 0.05993234507850611);
        close(f_tail(25.0, 3.0, 300.0), 1.8249022179358108e-14);
        close(t_quantile(0.95, 1.0), 12.706204736174694);
        close(t_quantile(0.95, 2.0), 4.302652729749462);
        close(t_quantile(0.95, 5.0), 2.5705818356363146);
        close(t_quantile(0.95, 12.0), 2.1788128296672284);
        close(t_quantile(0.95, 100.0), 1.9839715185235518);
        close(t_quantile(0.95, 5000.0), 1.9604385517065073);
    }

    #[test]
    fn t_is_that_of_published_tables() {
        // Two-sided 95 % for 2 to 30 values (1 to 29 degrees of freedom), to three decimals: NIST/SEMATECH e-Handbook, 1.3.6.7.2.
        let table = [
            12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
            2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045,
        ];
        for (below, t) in table.into_iter().enumerate() {
            let got = t_quantile(0.95, below as f64 + 1.0);
            assert!(fabs(got - t) <= 0.0005 + 1e-9, "{} degrees: {got} {t}", below + 1);
        }
    }
}

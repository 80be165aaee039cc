//! How much light is one copy of a gene, by the lights of single signals.
//!
//! Copies are unlike (probes bind unevenly, some lie out of focus), and some single signals are two copies on each other. So lights
//! are a mixture of one copy and of two: the light of k copies has a gamma distribution with the mean `k light` and the variance
//! `k (spread light)^2`, as the sum of k copies has that are so distributed themselves. Light and spread are those of the likeliest
//! mixture, by expectation and maximisation from several beginnings; that there are two kinds is believed where it makes the lights
//! likelier by more than a factor of their number, twice the measure of Schwarz (1978, doi 10.1214/aos/1176344136). So the mean of copies comes
//! out, and the sum of copies over nuclei is right, however unlike they are: the lowest of them would be too dim a copy.
//!
//! What is far from the lowest group, below a quarter or above four times its light, is debris or a cluster, and not looked at.

use super::signals::middle;

/// So many single signals say what a copy is.
const SINGLES: usize = 5;
/// Lights of the lowest group differ by no more than this share of it.
const ALIKE: f64 = 0.4;
/// So often the lowest group is looked for again.
const ROUNDS: usize = 5;
/// What is looked at, as multiples of the light of the lowest group.
const LOOKED_AT: [f64; 2] = [0.25, 4.0];
/// So many lights tell enough; of more, every so many-th in rising order. With very many any distribution that is not quite a gamma one
/// is likelier as two of them.
const MOST: usize = 300;
/// Steps of expectation and maximisation.
const STEPS: usize = 60;
/// Copies are no more alike, and no less.
const SPREADS: [f64; 2] = [0.03, 1.0];

/// One copy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Copy {
    /// Mean light.
    pub light: f64,
    /// Standard deviation of the light over its mean.
    pub spread: f64,
}

impl Copy {
    /// By the lights of single signals, which are above 0; nothing where there are too few.
    pub fn of_singles(mut lights: Vec<f64>) -> Option<Self> {
        lights.sort_unstable_by(f64::total_cmp);
        let lowest = lowest(&lights).filter(|_| lights.len() >= SINGLES)?;
        let [from, to] = LOOKED_AT.map(|times| lights.partition_point(|l| *l < times * lowest));
        let near = &lights[from..to];
        let step = near.len().div_ceil(MOST).max(1);
        let some: Vec<f64> = near.iter().skip(step / 2).step_by(step).copied().collect();
        let mean = some.iter().sum::<f64>() / some.len() as f64;
        let one = Mixture { copy: Copy { light: mean, spread: 0.3 }, doubles: None };
        let two = [lowest, mean / 1.2, mean]
            .into_iter()
            .flat_map(|light| [0.1, 0.3].map(|spread| Mixture { copy: Copy { light, spread }, doubles: Some(0.2) }));
        let (mut best, mut copy) = one.fitted(&some);
        best += (some.len() as f64).ln();
        for (likelihood, other) in two.map(|two| two.fitted(&some)) {
            if likelihood > best {
                (best, copy) = (likelihood, other);
            }
        }
        Some(copy)
    }

    /// The logarithm of the density of lights of so many copies: `a ln(light) + b light + c`, as a, b, c.
    fn density(&self, copies: f64) -> [f64; 3] {
        let (shape, width) = (copies / (self.spread * self.spread), self.light * self.spread * self.spread);
        [shape - 1.0, -1.0 / width, -shape * libm::log(width) - libm::lgamma(shape)]
    }
}

/// The light of the lowest group, where a half and twice lie apart: from the first quartile on, the median of those that differ from
/// the last one by no more than 40 %.
fn lowest(sorted: &[f64]) -> Option<f64> {
    let mut group = *sorted.get(sorted.len() / 4)?;
    for _ in 0..ROUNDS {
        let end = |limit: f64| sorted.partition_point(|l| *l <= limit * group);
        group = middle(sorted[end(1.0 - ALIKE)..end(1.0 + ALIKE)].to_vec())?;
    }
    Some(group)
}

/// Single signals of one copy, and some of two.
#[derive(Clone, Copy)]
struct Mixture {
    copy: Copy,
    /// Share of those that are two copies, if there are such.
    doubles: Option<f64>,
}

impl Mixture {
    /// The likeliest mixture from here on: the logarithm of its likelihood, and its copy.
    fn fitted(mut self, lights: &[f64]) -> (f64, Copy) {
        let logarithms: Vec<f64> = lights.iter().map(|l| libm::log(*l)).collect();
        let (n, all) = (lights.len() as f64, lights.iter().sum::<f64>());
        let mut likelihood = f64::NEG_INFINITY;
        for _ in 0..STEPS {
            let (one, two) = (self.copy.density(1.0), self.copy.density(2.0));
            let at = |[a, b, c]: [f64; 3], k: usize| a * logarithms[k] + b * lights[k] + c;
            // Which share of each light is of two copies.
            let mut shares = vec![0.0; lights.len()];
            likelihood = 0.0;
            for (k, share) in shares.iter_mut().enumerate() {
                let first = at(one, k);
                likelihood += first;
                if let Some(doubles) = self.doubles {
                    let odds = doubles / (1.0 - doubles) * libm::exp((at(two, k) - first).clamp(-600.0, 600.0));
                    likelihood += libm::log((1.0 - doubles) * (1.0 + odds));
                    *share = odds / (1.0 + odds);
                }
            }
            let second: f64 = shares.iter().sum();
            let light = all / (n + second);
            let square = |(light_of, share): (&f64, &f64)| {
                let [one, two] = [1.0, 2.0].map(|copies| (light_of - copies * light).powi(2) / copies);
                (1.0 - share) * one + share * two
            };
            let variance = lights.iter().zip(&shares).map(square).sum::<f64>() / n;
            let spread = (variance.sqrt() / light).clamp(SPREADS[0], SPREADS[1]);
            self = Mixture {
                copy: Copy { light, spread },
                doubles: self.doubles.map(|_| (second / n).clamp(1e-9, 1.0 - 1e-9)),
            };
        }
        (likelihood, self.copy)
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: copies of known light and spread, at the quantiles of their distribution.
    use super::*;
    use crate::ops::dark_side::normal_quantile;

    /// Lights of a mean, with normal logarithms.
    fn lights(n: usize, mean: f64, spread: f64) -> impl Iterator<Item = f64> {
        let sigma = libm::log(1.0 + spread * spread).sqrt();
        (0..n)
            .map(move |i| mean * libm::exp(sigma * normal_quantile((i as f64 + 0.5) / n as f64) - sigma * sigma / 2.0))
    }

    fn near(got: f64, want: f64, share: f64) {
        assert!((got / want - 1.0).abs() < share, "{got} for {want}");
    }

    #[test]
    fn a_copy_is_the_mean_of_copies_however_unlike() {
        for n in [20, 60, 400, 9000] {
            for spread in [0.05, 0.15, 0.25, 0.35, 0.5] {
                let copy = Copy::of_singles(lights(n, 700.0, spread).collect()).unwrap();
                near(copy.light, 700.0, 0.04);
                near(copy.spread, spread, 0.25);
            }
        }
    }

    #[test]
    fn two_copies_on_each_other_are_no_copy() {
        for (ones, twos) in [(40, 30), (60, 10), (50, 50), (200, 20)] {
            for spread in [0.03, 0.08, 0.15] {
                let double = lights(twos, 200.0, spread / 2f64.sqrt());
                let copy = Copy::of_singles(lights(ones, 100.0, spread).chain(double).collect()).unwrap();
                near(copy.light, 100.0, 0.03);
            }
        }
    }

    #[test]
    fn debris_and_clusters_have_no_say() {
        let all = lights(60, 100.0, 0.1).chain([3.0, 8.0, 900.0, 4000.0]);
        near(Copy::of_singles(all.collect()).unwrap().light, 100.0, 0.01);
    }

    #[test]
    fn few_or_equal_lights() {
        near(Copy::of_singles(vec![5.0; 5]).unwrap().light, 5.0, 1e-9);
        assert_eq!(Copy::of_singles(vec![5.0; 4]), None);
    }
}

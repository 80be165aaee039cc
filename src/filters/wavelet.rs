//! Separable wavelets (IBSI:25BO), undecimated: each level leaves an image of the same size.
//!
//! A level is a low-pass (L) or a high-pass (H) kernel along each axis; each further level works on what the low-pass kernels of
//! those before have left, with kernels whose values stand twice as far apart (*a trous*). Kernels of even length have a 0 at their
//! end, so that they have a middle.

use super::field::Field;
use super::padding::Padding;
use super::pooling::Pooling;
use super::separable::{Chain, separable};
use super::wavelet_kernels::Wavelet;

/// Low-pass or high-pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// L.
    Low,
    /// H.
    High,
}

/// The most levels.
pub const LEVELS: u32 = 8;

/// The response of a level, from 1 on, in bands along x and y, or x, y and z.
pub fn wavelet(
    field: &Field,
    family: Wavelet,
    bands: &[Band],
    level: u32,
    padding: Padding,
    pooling: Option<Pooling>,
) -> Field {
    let low = family.low_pass();
    let chains: Vec<Chain> = bands.iter().map(|band| chain(low, *band, level.clamp(1, LEVELS))).collect();
    separable(field, &chains, padding, pooling)
}

/// The kernels of an axis from level 1 on.
fn chain(low: &[f64], band: Band, level: u32) -> Chain {
    let last = match band {
        Band::Low => low.to_vec(),
        Band::High => high_pass(low),
    };
    let kernel = |at: u32| centred(if at == level { &last } else { low }, 1 << (at - 1));
    (1..=level).map(kernel).collect()
}

/// The quadrature mirror of a low-pass kernel: the other way round, with every second sign changed.
fn high_pass(low: &[f64]) -> Vec<f64> {
    low.iter().rev().enumerate().map(|(k, v)| if k % 2 == 0 { -v } else { *v }).collect()
}

/// With values so far apart, and a middle.
fn centred(kernel: &[f64], apart: usize) -> Vec<f64> {
    let mut all = vec![0.0; kernel.len() * apart];
    kernel.iter().enumerate().for_each(|(k, v)| all[k * apart] = *v);
    if all.len().is_multiple_of(2) {
        all.push(0.0);
    }
    all
}

#[cfg(test)]
mod tests {
    //! Oracle: what defines the wavelets. Mechanics: literal kernels.
    use super::Wavelet::*;
    use super::*;

    #[test]
    fn kernels_are_orthonormal_and_high_ones_answer_nothing_to_polynomials() {
        // As many moments vanish as the number in the name says, for coiflets twice as many.
        let daubechies = [Db1, Db2, Db3, Db4, Db5, Db6, Db7, Db8, Db9, Db10].into_iter().zip(1..);
        for (name, order) in daubechies.chain([(Coif1, 2), (Coif2, 4), (Coif3, 6)]) {
            let low = name.low_pass();
            let product = |shift: usize| low.iter().zip(&low[shift..]).map(|(a, b)| a * b).sum::<f64>();
            assert!((product(0) - 1.0).abs() < 1e-14, "{name:?}");
            assert!((2..low.len()).step_by(2).all(|shift| product(shift).abs() < 1e-14), "{name:?}");
            assert!((low.iter().sum::<f64>() - 2f64.sqrt()).abs() < 1e-14, "{name:?}");
            let middle = low.len() as f64 / 2.0;
            for power in 0..order {
                let term = |(k, v): (usize, &f64)| v * ((k as f64 - middle) / middle).powi(power);
                let moment: f64 = high_pass(low).iter().enumerate().map(term).sum();
                assert!(moment.abs() < 1e-13, "{name:?} {power}: {moment}");
            }
        }
    }

    #[test]
    fn values_stand_apart_and_even_kernels_get_a_middle() {
        assert_eq!(centred(&[1.0, 2.0], 1), [1.0, 2.0, 0.0]);
        assert_eq!(centred(&[1.0, 2.0], 2), [1.0, 0.0, 2.0, 0.0, 0.0]);
        assert_eq!(high_pass(&[1.0, 2.0]), [-2.0, 1.0]);
    }
}

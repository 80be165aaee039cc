//! Responses in several directions become one.

use rayon::prelude::*;
use serde::Deserialize;

/// What becomes of the responses in several directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The largest.
    Max,
    /// Their mean.
    Mean,
    /// The smallest.
    Min,
}

/// Values that a thread takes at a time.
const CHUNK: usize = 1 << 14;

/// Responses so far, in the order in which they come.
pub(super) struct Pool {
    how: Pooling,
    values: Vec<f64>,
    weight: usize,
}

impl Pool {
    /// For responses of so many values.
    pub fn new(how: Pooling, len: usize) -> Self {
        let start = match how {
            Pooling::Max => f64::NEG_INFINITY,
            Pooling::Mean => 0.0,
            Pooling::Min => f64::INFINITY,
        };
        Pool { how, values: vec![start; len], weight: 0 }
    }

    /// A response that comes `times` times.
    pub fn add(&mut self, response: &[f64], times: usize) {
        self.weight += times;
        let (how, weight) = (self.how, times as f64);
        let parts = self.values.par_chunks_mut(CHUNK).zip(response.par_chunks(CHUNK));
        parts.for_each(|(to, from)| {
            let both = to.iter_mut().zip(from);
            match how {
                Pooling::Max => both.for_each(|(a, b)| *a = a.max(*b)),
                Pooling::Mean => both.for_each(|(a, b)| *a += weight * b),
                Pooling::Min => both.for_each(|(a, b)| *a = a.min(*b)),
            }
        });
    }

    /// What they are together.
    pub fn finish(mut self) -> Vec<f64> {
        if self.how == Pooling::Mean {
            let n = self.weight.max(1) as f64;
            self.values.par_chunks_mut(CHUNK).for_each(|part| part.iter_mut().for_each(|v| *v /= n));
        }
        self.values
    }
}

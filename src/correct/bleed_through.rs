//! Bleed-through: light of other dyes in a channel, taken away as a share of their own channels.

use super::{finer, sample};
use crate::device::Buffer;
use crate::image::Volume;
use crate::simd::span;
use crate::{Error, Result};
use rayon::prelude::*;

/// The channel less so much of each other one, never below 0.
///
/// # Errors
/// Channels of different shapes, or on a device.
pub fn subtract_bleed_through(channel: &Volume, others: &[(f64, &Volume)]) -> Result<Volume> {
    let own = channel.samples.host()?;
    let light = others.iter().map(|(_, v)| v.samples.host()).collect::<Result<Vec<&[i32]>>>()?;
    if let Some((_, other)) = others.iter().find(|(_, v)| v.shape != channel.shape) {
        return Err(Error::usage(format!("channels of {} and {}", channel.shape, other.shape)));
    }
    // A negative value of another channel adds to this one.
    let most = |v: &Volume, samples: &[i32]| {
        let (low, high) = span(samples);
        [low, high].map(|s| v.scale.value(f64::from(s)).abs()).into_iter().fold(0.0, f64::max)
    };
    let reach = others.iter().zip(&light).map(|((k, v), samples)| k * most(v, samples)).sum::<f64>();
    let scale = finer(channel.scale.factor(), most(channel, own) + reach)?;
    let value = |(i, s): (usize, &i32)| {
        let mut value = channel.scale.value(f64::from(*s));
        for ((k, v), samples) in others.iter().zip(&light) {
            value -= k * v.scale.value(f64::from(samples[i]));
        }
        sample(scale, value.max(0.0))
    };
    let samples: Vec<i32> = own.par_iter().enumerate().map(value).collect();
    Ok(Volume { scale, ..channel.with(Buffer::on_host(samples)) })
}

#[cfg(test)]
mod tests {
    //! Oracle: by hand.
    use super::*;
    use crate::image::Scale;
    use crate::units::Shape;

    fn volume(samples: &[i32]) -> Volume {
        Volume::new(Shape::flat(1, samples.len()), samples.to_vec()).unwrap()
    }

    #[test]
    fn shares_of_other_channels_are_taken_away() {
        let (a, b, c) = (volume(&[100, 100, 10, 0]), volume(&[50, 0, 200, 0]), volume(&[0, 100, 0, 0]));
        let out = subtract_bleed_through(&a, &[(0.1, &b), (0.25, &c)]).unwrap();
        let values: Vec<f64> = out.samples.host().unwrap().iter().map(|s| out.scale.value(f64::from(*s))).collect();
        assert_eq!(values, [95.0, 75.0, 0.0, 0.0]);
        // Values count, not samples.
        let halves = Volume { scale: Scale::new(0.5, 0.0).unwrap(), ..b };
        let out = subtract_bleed_through(&a, &[(0.2, &halves)]).unwrap();
        assert_eq!(out.scale.value(f64::from(out.samples.host().unwrap()[0])), 95.0);
        assert!(subtract_bleed_through(&a, &[(0.1, &volume(&[1]))]).is_err());
    }
}

//! Noise of an image: how much neighbours along a row differ from a straight line.
//!
//! `median |x[i-1] - 2 x[i] + x[i+1]| / (0.6745 sqrt 6)`: for independent Gaussian noise of standard deviation s the
//! second difference has s sqrt 6, and a median of absolute values is 0.6745 of a deviation. Smooth structure and the
//! few differences at edges do not count. The median is exact (mean of the middle two where there are two).
//! Limits: differences past 2^31 - 1 count as that. Reference: Immerkaer 1996, doi 10.1006/cviu.1996.0060, for the
//! idea of second differences; Donoho and Johnstone 1994 for the median.

use super::threshold::percentile::at_ranks;
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::units::Shape;
use crate::volume::Volume;
use rayon::prelude::*;

/// The room's entry.
pub const OP: Op = Op {
    name: "noise",
    summary: "Noise from second differences along rows",
    reference: "median absolute deviation of second differences",
    cases: &[Case {
        name: "differences and their median",
        run: |d, i| {
            let v = i.volume(d)?;
            let mut words = vec![noise(d, &v)?.to_bits() as u32];
            if v.shape.x >= 3 {
                words.extend(d.fetch(&differences(d, &v)?.samples)?.iter().map(|&s| s as u32));
            }
            Ok(words)
        },
    }],
};

crate::params! {
    struct Params { row: u32, inner: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "noise",
    source: include_str!("../../shaders/noise.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

/// Standard deviation of the noise, in samples; 0 for an image of fewer than three columns.
///
/// # Errors
/// The device is lost or too small.
pub fn noise(device: &Device, src: &Volume) -> Result<f64> {
    if src.shape.x < 3 || src.shape.is_empty() {
        return Ok(0.0);
    }
    let d = differences(device, src)?;
    let n = d.samples.len();
    let middle = at_ranks(device, &d, &[(n - 1) / 2, n / 2])?;
    let median = (f64::from(middle[0]) + f64::from(middle[1])) / 2.0;
    Ok(median / (0.6745 * 6f64.sqrt()))
}

/// The absolute second differences, two columns narrower.
fn differences(device: &Device, src: &Volume) -> Result<Volume> {
    let (row, inner) = (src.shape.x, src.shape.x - 2);
    let shape = Shape::new(src.shape.z, src.shape.y, inner);
    let samples = match device {
        Device::Cpu => Buffer::on_host(twin(src.samples.host()?, row)),
        Device::Gpu(gpu) => {
            let from = src.samples.gpu()?;
            let to = gpu.alloc::<i32>(shape.len())?;
            let params = Params { row: row as u32, inner: inner as u32 };
            gpu.dispatch(&KERNEL, to.len(), &params, &[&from.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    };
    Ok(Volume { shape, ..src.with(samples) })
}

fn twin(src: &[i32], row: usize) -> Vec<i32> {
    let mut out = vec![0; src.len() / row * (row - 2)];
    out.par_chunks_mut(row - 2).zip(src.par_chunks(row)).with_min_len(16).for_each(|(out, line)| {
        for (o, w) in out.iter_mut().zip(line.windows(3)) {
            let d = i64::from(w[0]) - 2 * i64::from(w[1]) + i64::from(w[2]);
            *o = d.abs().min(i32::MAX.into()) as i32;
        }
    });
    out
}

#[cfg(test)]
mod tests {
    //! Oracle: values worked out by hand and by sorting.
    use super::*;

    #[test]
    fn a_ramp_has_none_and_a_comb_has_much() {
        let of = |samples: Vec<i32>| {
            noise(&Device::Cpu, &Volume::new(Shape::flat(1, samples.len()), samples).unwrap()).unwrap()
        };
        assert_eq!(of((0..50).map(|i| 7 * i).collect()), 0.0);
        assert_eq!(of(vec![0, 5, 0, 5, 0, 5]), 10.0 / (0.6745 * 6f64.sqrt()));
        // Differences 10, 6: an even number of them.
        assert_eq!(of(vec![0, 5, 0, 1]), 8.0 / (0.6745 * 6f64.sqrt()));
        assert_eq!(of(vec![0, 5]), 0.0);
        assert_eq!(of(vec![i32::MIN, i32::MAX, i32::MIN]), 2147483647.0 / (0.6745 * 6f64.sqrt()));
    }

    #[test]
    fn rows_do_not_run_into_each_other() {
        let v = Volume::new(Shape::flat(2, 3), vec![0, 1, 0, 100, 100, 100]).unwrap();
        assert_eq!(differences(&Device::Cpu, &v).unwrap().samples.host().unwrap(), [2, 0]);
    }
}

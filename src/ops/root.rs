//! Integer square root, with binary places: turns squared distances into distances.
//!
//! `dst = floor(2^bits * sqrt(src))`, with `src` cut to 0 .. 2^(32 - 2 bits) - 1 (and to i32).
//! Bit budget: 32 bits under the root.
//! Reference: the definition, checked by squaring.

use super::op::words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::{Scale, Volume};
use crate::simd::{all_bits, wide};
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "root",
    summary: "Integer square root with binary places",
    reference: "definition",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "whole", run: |d, i| words(d, root(d, i.volume(d)?, 0)?) },
        Case { name: "six binary places", run: |d, i| words(d, root(d, i.volume(d)?, 6)?) },
    ],
};

crate::params! {
    struct Params { bits: u32, most: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "root",
    source: include_str!("../../shaders/root.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

/// Square roots of samples with `bits` binary places (at most 15). Only a scale without offset has a root.
///
/// # Errors
/// More than 15 binary places; the device is lost or too small.
pub fn root(device: &Device, mut src: Volume, bits: u32) -> Result<Volume> {
    if bits > 15 {
        return Err(Error::usage(format!("a root with {bits} binary places")).remedy("at most 15"));
    }
    let samples = match device {
        Device::Cpu => {
            let root = of(bits);
            let known: Vec<i32> = (0..KNOWN as i32).map(&root).collect();
            src.samples.host_mut()?.par_chunks_mut(1 << 16).for_each(|samples| roots(samples, &known, bits));
            src.samples.clone()
        }
        Device::Gpu(gpu) => {
            let from = src.samples.gpu()?;
            let to = gpu.alloc::<i32>(from.len())?;
            gpu.dispatch(&KERNEL, from.len(), &Params { bits, most: most(bits) }, &[&from.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    };
    let scale = Scale::new(src.scale.factor().sqrt(), 0.0)?.finer(bits);
    Ok(Volume { scale, ..src.with(samples) })
}

/// The largest sample that has a root.
fn most(bits: u32) -> u32 {
    (u32::MAX >> (2 * bits)).min(i32::MAX as u32)
}

/// The root of a sample on the host.
#[inline(always)]
pub(super) fn of(bits: u32) -> impl Fn(i32) -> i32 + Sync {
    let most = most(bits) as i32;
    move |s| (f64::from((s.clamp(0, most) as u32) << (2 * bits))).sqrt() as i32
}

/// Squared distances within objects are smaller than this, as a rule: their roots are looked up.
const KNOWN: usize = 1 << 12;

/// Most of a distance map is 0, and a root costs much more than a look.
fn roots(samples: &mut [i32], known: &[i32], bits: u32) {
    for some in samples.chunks_mut(128) {
        let mut all = 0;
        all_bits(bytemuck::cast_slice(some), &mut all);
        match all as usize {
            0 => {}
            1..KNOWN => some.iter_mut().for_each(|s| *s = known[*s as usize]),
            _ => each_root(some, bits),
        }
    }
}

wide! {
    fn each_root(samples: &mut [i32], bits: u32) {
        let root = of(bits);
        for s in samples {
            *s = root(*s);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Shape;

    #[test]
    fn roots_square_back() {
        let samples: Vec<i32> = (0..5000).chain([1 << 19, (1 << 20) - 1]).collect();
        let v = Volume::new(Shape::flat(1, samples.len()), samples.clone()).unwrap();
        let r = root(&Device::Cpu, v, 6).unwrap();
        for (&s, &r) in samples.iter().zip(r.samples.host().unwrap()) {
            let (s, r) = (i64::from(s) << 12, i64::from(r));
            assert!(r * r <= s && s < (r + 1) * (r + 1));
        }
    }

    #[test]
    fn what_has_no_root_is_cut() {
        let v = Volume::new(Shape::flat(1, 3), vec![-9, 9, i32::MAX]).unwrap();
        let r = root(&Device::Cpu, v, 8).unwrap();
        assert_eq!(r.samples.host().unwrap(), [0, 768, 65_535]);
    }
}

//! Voxel by voxel: differences, comparisons and the logic of masks.
//!
//! `dst[i] = f(a[i], b[i])`. Differences saturate at the ends of i32.
//! Reference: NumPy's operators.

use super::op::words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device, GpuBuffer, Word};
use crate::image::{Labels, Mask, Volume};
use crate::simd;
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "pixelwise",
    summary: "Voxel by voxel: differences, comparisons, logic",
    reference: "NumPy",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case {
            name: "sums and differences that saturate",
            run: |d, i| {
                let v = i.volume(d)?;
                let w = shift_left(d, &v, 3)?;
                words(d, add(d, &v, &subtract(d, &minimum(d, &w, &v)?, &w)?)?)
            },
        },
        Case {
            name: "comparisons and logic",
            run: |d, i| {
                let (v, m) = (i.volume(d)?, i.mask(d)?);
                let high = above(d, &v, 900)?;
                let each = above_each(d, &shift_left(d, &v, 1)?, &positive(d, &v)?)?;
                let all = or(d, &and(d, &high, &not(d, &m)?)?, &and(d, &each, &foreground(d, &i.labels(d)?)?)?)?;
                Ok(d.fetch(&all.voxels)?.iter().map(|&v| v.into()).collect())
            },
        },
        Case {
            name: "objects and what is outside of others",
            run: |d, i| {
                let labels = i.labels(d)?;
                let grown = super::grow::grow(d, &labels, 2.0, [1; 3])?;
                super::op::label_words(d, &with_outside(d, &labels, &grown)?)
            },
        },
    ],
};

/// The numbers are those of the shader.
#[derive(Clone, Copy)]
enum What {
    Subtract,
    Minimum,
    Shift,
    AtLeast,
    Above,
    AboveEach,
    And,
    Or,
    Not,
    NonZero,
    Add,
    Outside,
}

crate::params! {
    struct Params { what: u32, value: i32 }
}

const KERNEL: Kernel = Kernel {
    name: "pixelwise",
    source: include_str!("../../shaders/pixelwise.wgsl"),
    shared: &[include_str!("../../shaders/shared/saturating.wgsl")],
    params: Params::WGSL,
    arrays: &[read("a", "i32"), read("b", "i32"), write("dst", "i32")],
};

fn both<A: Word, B: Word, C: Word>(
    device: &Device,
    (what, value): (What, i32),
    a: &Buffer<A>,
    b: &Buffer<B>,
    f: impl Fn(A, B) -> C + Sync,
) -> Result<Buffer<C>> {
    if a.len() != b.len() {
        return Err(Error::usage(format!("two images of {} and {} voxels", a.len(), b.len())));
    }
    match device {
        Device::Cpu => {
            let (a, b) = (a.host()?, b.host()?);
            Ok(Buffer::on_host(simd::map2(a, b, f)))
        }
        Device::Gpu(gpu) => {
            let a = a.gpu()?;
            let to: GpuBuffer<C> = gpu.alloc(a.len())?;
            let params = Params { what: what as u32, value };
            gpu.dispatch(&KERNEL, a.len(), &params, &[&a.cast(), &b.gpu()?.cast(), &to.cast()])?;
            Ok(Buffer::Gpu(to))
        }
    }
}

/// `a - b`, at the scale of `a`.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn subtract(device: &Device, a: &Volume, b: &Volume) -> Result<Volume> {
    let samples = both(device, (What::Subtract, 0), &a.samples, &b.samples, |a: i32, b: i32| a.saturating_sub(b))?;
    // The offset of a difference is gone with the subtrahend's.
    let scale = a.scale.with_offset(a.scale.offset() - b.scale.offset());
    Ok(Volume { scale, ..a.with(samples) })
}

/// The smaller of two samples.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn minimum(device: &Device, a: &Volume, b: &Volume) -> Result<Volume> {
    Ok(a.with(both(device, (What::Minimum, 0), &a.samples, &b.samples, |a: i32, b: i32| a.min(b))?))
}

/// Samples times 2^bits; the scale goes down with it, so values stay. Bits beyond 32 fall off: the caller knows the range.
///
/// # Errors
/// The device is lost or too small.
pub fn shift_left(device: &Device, a: &Volume, bits: u32) -> Result<Volume> {
    let bits = bits.min(31);
    let samples = both(device, (What::Shift, bits as i32), &a.samples, &a.samples, |a: i32, _: i32| a << bits)?;
    let scale = a.scale.finer(bits);
    Ok(Volume { scale, ..a.with(samples) })
}

/// `max(a, floor)` of the samples.
///
/// # Errors
/// The device is lost or too small.
pub fn at_least(device: &Device, a: &Volume, floor: i32) -> Result<Volume> {
    Ok(a.with(both(device, (What::AtLeast, floor), &a.samples, &a.samples, |a: i32, _: i32| a.max(floor))?))
}

/// `max(a, 0)` of the samples.
///
/// # Errors
/// The device is lost or too small.
pub fn positive(device: &Device, a: &Volume) -> Result<Volume> {
    at_least(device, a, 0)
}

/// `a + b` of the samples, at the scale of `a`.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn add(device: &Device, a: &Volume, b: &Volume) -> Result<Volume> {
    Ok(a.with(both(device, (What::Add, 0), &a.samples, &b.samples, |a: i32, b: i32| a.saturating_add(b))?))
}

/// Where samples are larger than `t`.
///
/// # Errors
/// The device is lost or too small.
pub fn above(device: &Device, a: &Volume, t: i32) -> Result<Mask> {
    let voxels = both(device, (What::Above, t), &a.samples, &a.samples, |a: i32, _: i32| u8::from(a > t))?;
    Ok(Mask { shape: a.shape, voxels })
}

/// Where the samples of `a` are larger than those of `b`.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn above_each(device: &Device, a: &Volume, b: &Volume) -> Result<Mask> {
    let voxels = both(device, (What::AboveEach, 0), &a.samples, &b.samples, |a: i32, b: i32| u8::from(a > b))?;
    Ok(Mask { shape: a.shape, voxels })
}

/// In both masks.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn and(device: &Device, a: &Mask, b: &Mask) -> Result<Mask> {
    let voxels = both(device, (What::And, 0), &a.voxels, &b.voxels, |a: u8, b: u8| a & b)?;
    Ok(Mask { shape: a.shape, voxels })
}

/// In one mask or the other.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn or(device: &Device, a: &Mask, b: &Mask) -> Result<Mask> {
    let voxels = both(device, (What::Or, 0), &a.voxels, &b.voxels, |a: u8, b: u8| a | b)?;
    Ok(Mask { shape: a.shape, voxels })
}

/// Not in the mask.
///
/// # Errors
/// The device is lost or too small.
pub fn not(device: &Device, a: &Mask) -> Result<Mask> {
    let voxels = both(device, (What::Not, 0), &a.voxels, &a.voxels, |a: u8, _: u8| 1 - a)?;
    Ok(Mask { shape: a.shape, voxels })
}

/// Where there is any object.
///
/// # Errors
/// The device is lost or too small.
pub fn foreground(device: &Device, a: &Labels) -> Result<Mask> {
    let voxels = both(device, (What::NonZero, 0), a.voxels(), a.voxels(), |a: u32, _: u32| u8::from(a != 0))?;
    Ok(Mask { shape: a.shape, voxels })
}

/// The objects of `a`, and under the next number all voxels that are in no object of `b` nor of `a`.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn with_outside(device: &Device, a: &Labels, b: &Labels) -> Result<Labels> {
    let next = a.count + 1;
    let label = |a: u32, b: u32| if a == 0 && b == 0 { next } else { a };
    let voxels = both(device, (What::Outside, next as i32), a.voxels(), b.voxels(), label)?;
    Ok(Labels::of(a.shape, next, voxels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Shape;

    #[test]
    fn differences_saturate() {
        let shape = Shape::flat(1, 3);
        let a = Volume::new(shape, vec![i32::MIN, 5, i32::MAX]).unwrap();
        let b = Volume::new(shape, vec![1, 7, -1]).unwrap();
        let d = subtract(&Device::Cpu, &a, &b).unwrap();
        assert_eq!(d.samples.host().unwrap(), [i32::MIN, -2, i32::MAX]);
    }

    #[test]
    fn shifting_keeps_values() {
        let a = Volume::new(Shape::flat(1, 2), vec![3, -2]).unwrap();
        let s = shift_left(&Device::Cpu, &a, 4).unwrap();
        let values: Vec<f64> = s.samples.host().unwrap().iter().map(|&v| s.scale.value(v.into())).collect();
        assert_eq!(values, [3.0, -2.0]);
    }

    #[test]
    fn sizes_must_agree() {
        let a = Volume::new(Shape::flat(1, 2), vec![3, -2]).unwrap();
        let b = Volume::new(Shape::flat(1, 1), vec![3]).unwrap();
        assert!(minimum(&Device::Cpu, &a, &b).is_err());
    }
}

//! Elements on their way to a device: where they span no more than 8 or 16 bits they travel four or two in a word, and are
//! taken apart there. The way up is the slowest part of most recipes.

use super::buffer::GpuBuffer;
use super::gpu::Gpu;
use super::kernel::{Kernel, read, write};
use super::word::Word;
use crate::Result;
use rayon::prelude::*;

crate::params! {
    struct Params { low: u32, each: u32, bits: u32, mask: u32 }
}

/// Takes elements apart.
pub(crate) const UNPACK: Kernel = Kernel {
    name: "unpack",
    source: include_str!("../../shaders/unpack.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "u32"), write("dst", "u32")],
};

/// Fewer elements than this travel as they are.
const FEW: usize = 1 << 12;
/// Words that a thread packs at a time.
const BLOCK: usize = 1 << 14;

/// Elements as offsets from the lowest one, several in a word. Words wrap around, so it does not matter whether they have a
/// sign.
struct Packed {
    low: u32,
    bits: u32,
    words: Vec<u32>,
}

impl Packed {
    /// Nothing where it would save nothing.
    fn of<T: Word>(data: &[T]) -> Option<Self> {
        let first = data.first().filter(|_| data.len() >= FEW)?.word();
        let ends = |part: &[T]| {
            part.iter().fold([0i32; 2], |[low, high], v| {
                let off = v.word().wrapping_sub(first) as i32;
                [low.min(off), high.max(off)]
            })
        };
        let both = |a: [i32; 2], b: [i32; 2]| [a[0].min(b[0]), a[1].max(b[1])];
        let [low, high] = data.par_chunks(BLOCK).map(ends).reduce(|| [0; 2], both);
        let bits = match high.abs_diff(low) {
            0..=0xff => 8,
            0x100..=0xffff => 16,
            _ => return None,
        };
        let low = first.wrapping_add_signed(low);
        let word =
            |part: &[T]| part.iter().rev().fold(0u32, |word, v| word.unbounded_shl(bits) | v.word().wrapping_sub(low));
        let words = data.par_chunks(32 / bits as usize).with_min_len(BLOCK).map(word).collect();
        Some(Packed { low, bits, words })
    }
}

/// A copy on the device.
pub(super) fn upload<T: Word>(gpu: &Gpu, data: &[T]) -> Result<GpuBuffer<T>> {
    let Some(packed) = Packed::of(data) else { return gpu.upload(data) };
    let (from, to) = (gpu.upload(&packed.words)?, gpu.alloc::<T>(data.len())?);
    let params =
        Params { low: packed.low, each: 32 / packed.bits, bits: packed.bits, mask: u32::MAX >> (32 - packed.bits) };
    gpu.dispatch(&UNPACK, data.len(), &params, &[&from, &to.cast()])?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    //! Invariant: what is packed is what is taken out again, whatever the type and its ends.
    use super::*;

    fn back<T: Word + PartialEq + std::fmt::Debug>(data: &[T], bits: u32) {
        let packed = Packed::of(data).unwrap();
        assert_eq!(packed.bits, bits);
        let each = 32 / bits as usize;
        let element = |i: usize| {
            let word = packed.words[i / each] >> (i % each * bits as usize) & (u32::MAX >> (32 - bits));
            T::from_word(packed.low.wrapping_add(word))
        };
        assert_eq!((0..data.len()).map(element).collect::<Vec<T>>(), data);
    }

    #[test]
    fn elements_come_out_as_they_went_in() {
        let ramp = |from: i64, span: i64| (0..FEW as i64 + 3).map(move |i| from + i * i % (span + 1));
        for from in [i64::from(i32::MIN), -300, 0, i64::from(i32::MAX) - 255] {
            back(&ramp(from, 255).map(|v| v as i32).collect::<Vec<_>>(), 8);
        }
        for from in [i64::from(i32::MIN), -300, 0, i64::from(i32::MAX) - 65_535] {
            let mut data: Vec<i32> = ramp(from, 65_535).map(|v| v as i32).collect();
            data[7] = (from + 65_535) as i32;
            back(&data, 16);
        }
        back(&ramp(i64::from(u32::MAX) - 255, 255).map(|v| v as u32).collect::<Vec<_>>(), 8);
        back(&ramp(0, 1).map(|v| v as u8).collect::<Vec<_>>(), 8);
        let wide: Vec<i32> = ramp(0, 65_535).map(|v| v as i32 * 3).chain([-1]).collect();
        assert!(Packed::of(&wide).is_none());
        assert!(Packed::of(&[1i32, 2]).is_none());
    }
}

//! Elements on their way to a device: where they span no more than 8 or 16 bits they travel four or two in a word, and are
//! taken apart there. The way up is the slowest part of most recipes.

use super::buffer::GpuBuffer;
use super::gpu::Gpu;
use super::kernel::{Kernel, read, write};
use super::word::Word;
use crate::Result;
use crate::simd::{self, convert};
use bytemuck::Pod;
use rayon::prelude::*;
use wgpu::WriteOnly;

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
/// Bytes of narrowed elements that are written at a time: they are in the nearest cache until then.
const BLOCK: usize = 1 << 13;

/// How elements become offsets from the lowest one, several in a word. Words wrap around, so it does not matter whether they
/// have a sign.
#[derive(Clone, Copy)]
struct Packing {
    low: u32,
    bits: u32,
}

impl Packing {
    /// Nothing where it would save nothing.
    fn of(words: &[u32]) -> Option<Self> {
        if words.len() < FEW {
            return None;
        }
        let (low, high) = simd::span(bytemuck::cast_slice(words));
        let bits = match high.abs_diff(low) {
            0..=0xff => 8,
            0x100..=0xffff => 16,
            _ => return None,
        };
        Some(Packing { low: low as u32, bits })
    }

    /// Elements in a word.
    fn each(self) -> u32 {
        32 / self.bits
    }

    /// Words that so many elements take.
    fn len(self, elements: usize) -> usize {
        elements.div_ceil(self.each() as usize)
    }

    /// Writes elements where a device finds them, the first one in the lowest bits of its word: bytes from the lowest on, as
    /// all devices and their hosts have them.
    fn write(self, words: &[u32], room: WriteOnly<'_, [u8]>) {
        match self.bits {
            8 => narrow(words, room, |word| word.wrapping_sub(self.low) as u8),
            _ => narrow(words, room, |word| word.wrapping_sub(self.low) as u16),
        }
    }
}

/// Writes words as narrower ones, and zeros where there are none for the end of the room. Block by block through a small array,
/// because memory that a device reaches may be slow for all but long rows.
fn narrow<T: Pod>(words: &[u32], room: WriteOnly<'_, [u8]>, f: impl Fn(u32) -> T + Sync) {
    let write = |block: &[u32], mut part: WriteOnly<'_, [u8]>| {
        let mut narrowed = [0u32; BLOCK / size_of::<u32>()];
        convert(&mut bytemuck::cast_slice_mut(&mut narrowed)[..block.len()], block, &f);
        let bytes = part.len();
        part.copy_from_slice(&bytemuck::cast_slice(&narrowed)[..bytes]);
    };
    let (blocks, end) = room.into_chunks::<BLOCK>();
    let (blocks, each): (Vec<_>, _) = (blocks.into_iter().collect(), BLOCK / size_of::<T>());
    let (whole, rest) = words.split_at(words.len().min(blocks.len() * each));
    blocks
        .into_par_iter()
        .zip(whole.par_chunks(each))
        .with_min_len(4)
        .for_each(|(part, words)| write(words, part.into()));
    write(rest, end);
}

/// A copy on the device.
pub(super) fn upload<T: Word>(gpu: &Gpu, data: &[T]) -> Result<GpuBuffer<T>> {
    let words = T::words(data);
    let Some(packing) = Packing::of(&words) else { return gpu.upload(&words).map(|there| there.cast()) };
    let from = gpu.upload_written(packing.len(words.len()), |room| packing.write(&words, room))?;
    let to = gpu.alloc::<T>(data.len())?;
    let Packing { low, bits } = packing;
    let params = Params { low, each: packing.each(), bits, mask: u32::MAX >> (32 - bits) };
    gpu.dispatch(&UNPACK, data.len(), &params, &[&from, &to.cast()])?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    //! Invariant: what is packed is what is taken out again, whatever the type and its ends.
    use super::*;

    fn back<T: Word + PartialEq + std::fmt::Debug>(data: &[T], bits: u32) {
        let words = T::words(data);
        let packing = Packing::of(&words).unwrap();
        assert_eq!(packing.bits, bits);
        // Whatever was there before.
        let mut packed = vec![u32::MAX; packing.len(data.len())];
        packing.write(&words, WriteOnly::from_mut(bytemuck::cast_slice_mut(&mut packed)));
        let each = packing.each() as usize;
        let element = |i: usize| {
            let word = packed[i / each] >> (i % each * bits as usize) & (u32::MAX >> (32 - bits));
            T::from_word(packing.low.wrapping_add(word))
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
        assert!(Packing::of(&i32::words(&wide)).is_none());
        assert!(Packing::of(&[1, 2]).is_none());
    }
}

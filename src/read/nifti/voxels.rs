//! Stored voxels, read straight into their place: no more memory than the samples, and an eighth more for 64-bit types.

use crate::read::numbers::{Kind, Numbers, Stored};
use crate::{Error, Result};
use rayon::prelude::*;
use std::io::{ErrorKind, Read};

/// A type of voxels that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// Kind and bits of a number.
    pub stored: Stored,
    /// Numbers in a voxel: 1, or 3 and 4 for colour.
    pub samples: usize,
}

impl Type {
    /// The type of a code of the standard.
    ///
    /// # Errors
    /// It is one that is not read; the error names it.
    pub fn of(code: i16) -> Result<Type> {
        let (kind, bits, samples) = match code {
            2 => (Kind::Uint, 8, 1),
            4 => (Kind::Int, 16, 1),
            8 => (Kind::Int, 32, 1),
            16 => (Kind::Float, 32, 1),
            64 => (Kind::Float, 64, 1),
            128 => (Kind::Uint, 8, 3),
            256 => (Kind::Int, 8, 1),
            512 => (Kind::Uint, 16, 1),
            768 => (Kind::Uint, 32, 1),
            1024 => (Kind::Int, 64, 1),
            1280 => (Kind::Uint, 64, 1),
            2304 => (Kind::Uint, 8, 4),
            other => return Err(refused(other)),
        };
        Ok(Type { stored: Stored { kind, bits }, samples })
    }

    /// Bytes of a voxel in the file.
    pub fn bytes(self) -> u64 {
        u64::from(self.stored.bits / 8) * self.samples as u64
    }
}

fn refused(code: i16) -> Error {
    let name = match code {
        1 => "voxels of one bit (datatype 1)",
        32 | 1792 | 2048 => "complex numbers",
        1536 => "floats of 128 bits",
        _ => return Error::format(format!("datatype {code} is none that NIfTI knows")),
    };
    Error::unsupported(format!("{name} in NIfTI")).remedy("a copy in 16-bit integers or 32-bit floats")
}

/// Numbers converted at a time where the type is not as wide as the samples.
const CHUNK: usize = 1 << 18;

/// Reads `count` voxels: one list of numbers for each sample of a voxel.
///
/// # Errors
/// The file ends early, or its compression is damaged.
pub fn read(from: &mut dyn Read, of: Type, big: bool, count: usize) -> Result<Vec<Numbers>> {
    let swap = big != cfg!(target_endian = "big");
    Ok(vec![match (of.stored.kind, of.stored.bits, of.samples) {
        (_, 8, 3 | 4) => return colours(from, of.samples, count),
        (Kind::Uint, 8, _) => Numbers::Uint(narrow(from, count, |[b]: [u8; 1]| b.into())?),
        (Kind::Int, 8, _) => Numbers::Int(narrow(from, count, |[b]: [u8; 1]| i32::from(b as i8))?),
        (Kind::Uint, 16, _) if big => Numbers::Uint(narrow(from, count, |b| u16::from_be_bytes(b).into())?),
        (Kind::Uint, 16, _) => Numbers::Uint(narrow(from, count, |b| u16::from_le_bytes(b).into())?),
        (Kind::Int, 16, _) if big => Numbers::Int(narrow(from, count, |b| i16::from_be_bytes(b).into())?),
        (Kind::Int, 16, _) => Numbers::Int(narrow(from, count, |b| i16::from_le_bytes(b).into())?),
        (Kind::Uint, 32, _) => Numbers::Uint(words(from, count, swap)?),
        (Kind::Int, 32, _) => Numbers::Int(bytemuck::cast_vec(words(from, count, swap)?)),
        (Kind::Float, 32, _) => Numbers::Float(bytemuck::cast_vec(words(from, count, swap)?)),
        (Kind::Float, ..) => Numbers::Real(bytemuck::cast_vec(double_words(from, count, swap)?)),
        (Kind::Int, ..) => Numbers::Long(bytemuck::cast_vec(double_words(from, count, swap)?)),
        (Kind::Uint, ..) => {
            let mut v = double_words(from, count, swap)?;
            v.par_iter_mut().for_each(|w| *w = (*w).min(i64::MAX as u64));
            Numbers::Long(bytemuck::cast_vec(v))
        }
    }])
}

fn words(from: &mut dyn Read, count: usize, swap: bool) -> Result<Vec<u32>> {
    let mut v = vec![0u32; count];
    from.read_exact(bytemuck::cast_slice_mut(&mut v)).map_err(early)?;
    if swap {
        v.par_iter_mut().for_each(|w| *w = w.swap_bytes());
    }
    Ok(v)
}

fn double_words(from: &mut dyn Read, count: usize, swap: bool) -> Result<Vec<u64>> {
    let mut v = vec![0u64; count];
    from.read_exact(bytemuck::cast_slice_mut(&mut v)).map_err(early)?;
    if swap {
        v.par_iter_mut().for_each(|w| *w = w.swap_bytes());
    }
    Ok(v)
}

fn narrow<const N: usize, T>(from: &mut dyn Read, count: usize, number: impl Fn([u8; N]) -> T) -> Result<Vec<T>> {
    let mut out = Vec::with_capacity(count);
    let mut buffer = vec![0; CHUNK.min(count) * N];
    while out.len() < count {
        let part = &mut buffer[..CHUNK.min(count - out.len()) * N];
        from.read_exact(part).map_err(early)?;
        out.extend(part.as_chunks::<N>().0.iter().map(|b| number(*b)));
    }
    Ok(out)
}

fn colours(from: &mut dyn Read, samples: usize, count: usize) -> Result<Vec<Numbers>> {
    let mut out = vec![Vec::with_capacity(count); samples];
    let mut buffer = vec![0; CHUNK.min(count) * samples];
    let mut done = 0;
    while done < count {
        let part = &mut buffer[..CHUNK.min(count - done) * samples];
        from.read_exact(part).map_err(early)?;
        for (c, room) in out.iter_mut().enumerate() {
            room.extend(part.iter().skip(c).step_by(samples).map(|b| u32::from(*b)));
        }
        done += part.len() / samples;
    }
    Ok(out.into_iter().map(Numbers::Uint).collect())
}

/// What it means that no more bytes came.
pub fn early(e: std::io::Error) -> Error {
    match e.kind() {
        ErrorKind::UnexpectedEof => Error::format("the file ends before its voxels do"),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => Error::format(format!("the gzip data are damaged: {e}")),
        _ => e.into(),
    }
}

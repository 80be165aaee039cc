//! What an image will be, from its header alone, so that memory can be waited for before any is taken.

use super::Options;
use crate::units::{Shape, Spacing};
use crate::{Error, Result};
use std::path::PathBuf;

/// Bytes of a sample in memory.
const SAMPLE: u128 = 4;

/// Size and need of an image that has not been read yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Extent {
    /// Size of every channel.
    pub shape: Shape,
    /// Channels that the scan will have; of a PNG, JPEG or BMP in colour at most, since it may turn out to be grey.
    pub channels: usize,
    /// Their names, as far as the header tells: what is left out later (transparency, grey that is stored as colour) is not
    /// known yet.
    pub names: Vec<String>,
    /// Calibration, as the scan will have it.
    pub spacing: Option<Spacing>,
    /// Bytes that the reader takes at its peak beside the finished samples, at most.
    pub reading: u64,
    /// Its channels can be read one after the other: see [`open_in_turn`](super::open_in_turn).
    pub in_turn: bool,
    /// Every file that is read for it, in a fixed order: the file itself, then its companions.
    pub files: Vec<PathBuf>,
}

impl Extent {
    /// Bytes of the finished samples.
    pub fn finished(&self) -> u64 {
        self.samples(self.channels)
    }

    /// Bytes of the finished samples of so many channels.
    pub fn samples(&self, channels: usize) -> u64 {
        let voxels = self.shape.zyx().iter().fold(channels as u128, |n, s| n.saturating_mul(*s as u128));
        u64::try_from(voxels.saturating_mul(SAMPLE)).unwrap_or(u64::MAX)
    }

    /// Bytes that are taken at the peak of reading, at most.
    pub fn peak(&self) -> u64 {
        self.finished().saturating_add(self.reading)
    }

    /// Refuses what passes the limit of the options even if channels are read one after the other.
    pub(super) fn within(self, options: &Options) -> Result<Self> {
        let least = self.samples(1).saturating_add(self.reading);
        if self.in_turn && least <= options.max_bytes { Ok(self) } else { self.whole_within(options) }
    }

    /// Refuses what passes the limit of the options as a whole.
    pub(super) fn whole_within(self, options: &Options) -> Result<Self> {
        let (need, most) = (self.peak(), options.max_bytes.min(isize::MAX as u64));
        if need <= most {
            return Ok(self);
        }
        let channels = if self.channels == 1 { String::new() } else { format!(" with {} channels", self.channels) };
        Err(Error::limit(format!(
            "an image of {}{channels} takes {need} bytes to read; the limit is {most} bytes",
            self.shape
        ))
        .remedy("a larger --memory, or a crop of the image"))
    }
}

/// Bytes for so many numbers of that many bytes, as large as it can be said.
pub(super) fn bytes(count: &[usize], each: usize) -> u64 {
    let all = count.iter().fold(each as u128, |n, s| n.saturating_mul(*s as u128));
    u64::try_from(all).unwrap_or(u64::MAX)
}

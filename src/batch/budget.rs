//! How much memory the images in work may take together.

use crate::{Error, Result};
use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes that one voxel takes while its object sets are found: images, masks, labels and the copies between steps.
const BYTES_A_VOXEL: u64 = 64;
/// The same for each channel: the samples, and what is kept of them while they are measured.
const BYTES_A_CHANNEL_VOXEL: u64 = 8;

/// Bytes of memory a byte of a file is likely to need: 16 bits a sample, one channel.
const GUESS_A_BYTE: u64 = (BYTES_A_VOXEL + BYTES_A_CHANNEL_VOXEL) / 2;

/// What an image is likely to need, before it is opened.
pub fn guess(file_bytes: u64) -> u64 {
    file_bytes.saturating_mul(GUESS_A_BYTE)
}

/// What an image of that many voxels and channels needs.
pub fn need(voxels: usize, channels: usize) -> u64 {
    voxels as u64 * (BYTES_A_VOXEL + BYTES_A_CHANNEL_VOXEL * channels as u64)
}

/// A budget that images take from and give back to.
pub struct Budget {
    bytes: u64,
    taken: Mutex<u64>,
    given_back: Condvar,
}

/// A share of the budget, given back when it is dropped.
pub struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    /// A budget of that many bytes.
    pub fn new(bytes: u64) -> Self {
        Budget { bytes, taken: Mutex::new(0), given_back: Condvar::new() }
    }

    /// Waits until there is room. A guess above the whole budget waits until nothing else is in work.
    pub fn take(&self, guess: u64) -> Share<'_> {
        let bytes = guess.min(self.bytes);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken > 0 && *taken + bytes > self.bytes {
            taken = self.given_back.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += bytes;
        Share { budget: self, bytes }
    }
}

impl Share<'_> {
    /// Puts the true need in place of the guess, at once: the next image waits for it. Waiting here could wait forever.
    ///
    /// # Errors
    /// It is more than the whole budget.
    pub fn correct(&mut self, need: u64) -> Result<()> {
        if need > self.budget.bytes {
            let (need, whole) = (Bytes(need), Bytes(self.budget.bytes));
            return Err(Error::limit(format!("the image needs about {need} of memory, the budget is {whole}"))
                .remedy(format!("--memory {}", Bytes(need.0.next_multiple_of(1 << 30)))));
        }
        let mut taken = self.budget.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = *taken - self.bytes + need;
        self.bytes = need;
        drop(taken);
        self.budget.given_back.notify_all();
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.taken.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.budget.given_back.notify_all();
    }
}

/// Memory that is free now, or 4 GiB where the system does not say.
pub fn free_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map_or(4 << 30, |k| k << 10)
}

/// A number of bytes as people write it: `8GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, size) = UNITS[..3].iter().rev().find(|(_, s)| self.0 >= *s).unwrap_or(&UNITS[6]);
        let count = self.0 as f64 / *size as f64;
        if count.fract() == 0.0 { write!(f, "{count}{name}") } else { write!(f, "{count:.1}{name}") }
    }
}

impl std::str::FromStr for Bytes {
    type Err = Error;
    fn from_str(s: &str) -> Result<Self> {
        let bad = || Error::usage(format!("\"{s}\" is not an amount of memory")).remedy("8GiB, 500MB");
        let (name, size) = UNITS.iter().find(|(name, _)| s.ends_with(name)).ok_or_else(bad)?;
        let count: f64 = s.strip_suffix(name).unwrap_or(s).trim().parse().map_err(|_| bad())?;
        if (0.0..1e12).contains(&count) { Ok(Bytes((count * *size as f64) as u64)) } else { Err(bad()) }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, bytes) in [("8GiB", 8 << 30), ("500MB", 500_000_000), ("1.5KiB", 1536), ("12B", 12)] {
            assert_eq!(text.parse::<Bytes>().unwrap(), Bytes(bytes), "{text}");
        }
        assert_eq!(Bytes(8 << 30).to_string(), "8GiB");
        assert_eq!(Bytes(1536).to_string(), "1.5KiB");
        for bad in ["8", "GiB", "-1GiB", "nanGiB", "8GiBs"] {
            assert!(bad.parse::<Bytes>().is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_wait_for_room() {
        let budget = Budget::new(100);
        let most = Mutex::new(0u64);
        std::thread::scope(|s| {
            for _ in 0..8 {
                s.spawn(|| {
                    for _ in 0..20 {
                        let _share = budget.take(40);
                        let taken = *budget.taken.lock().unwrap();
                        let mut most = most.lock().unwrap();
                        *most = (*most).max(taken);
                    }
                });
            }
        });
        // How many threads met is up to the scheduler; three shares never fit.
        assert!([40, 80].contains(&*most.lock().unwrap()));
        let mut share = budget.take(1000);
        assert!(share.correct(101).is_err());
        share.correct(7).unwrap();
        assert_eq!(*budget.taken.lock().unwrap(), 7);
        drop(share);
        assert_eq!(*budget.taken.lock().unwrap(), 0);
    }
}

//! How much memory the images in work may take together.
//!
//! An image takes its share before anything of it is read, and waits for it while it holds nothing. Where it turns out to
//! need more and there is no room, it gives all back and begins again with what it now knows to need: nobody waits for
//! memory while holding some, so nobody can wait for ever.

use super::machine;
use super::stop::Stop;
use crate::{Error, Result};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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

/// What comes of asking for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// It is there.
    Granted,
    /// It is not there now: give the share back and take so many bytes.
    Later(u64),
}

impl Budget {
    /// A budget of that many bytes.
    pub fn new(bytes: u64) -> Self {
        Budget { bytes, taken: Mutex::new(0), given_back: Condvar::new() }
    }

    /// All of it.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn taken(&self) -> MutexGuard<'_, u64> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room. To be called while holding no share.
    ///
    /// # Errors
    /// It is more than the whole budget, or the run is stopped.
    pub fn take(&self, bytes: u64, stop: &Stop) -> Result<Share<'_>> {
        self.check(bytes)?;
        let mut taken = self.taken();
        while *taken + bytes > self.bytes {
            stop.check()?;
            // A while at most: a stop does not wake those who wait here.
            let wait = self.given_back.wait_timeout(taken, Duration::from_millis(100));
            taken = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken += bytes;
        Ok(Share { budget: self, bytes })
    }

    /// Refuses what will never fit.
    ///
    /// # Errors
    /// It is more than the whole budget.
    pub fn check(&self, bytes: u64) -> Result<()> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let (need, whole) = (Bytes(bytes), Bytes(self.bytes));
        Err(Error::limit(format!("the image needs about {need} of memory, the budget for images is {whole}")))
    }
}

impl Share<'_> {
    /// Asks for `all` bytes in place of what is held, if that is more; never waits.
    ///
    /// # Errors
    /// It is more than the whole budget.
    pub fn grow(&mut self, all: u64) -> Result<More> {
        self.budget.check(all)?;
        let more = all.saturating_sub(self.bytes);
        let mut taken = self.budget.taken();
        if *taken + more > self.budget.bytes {
            return Ok(More::Later(all));
        }
        *taken += more;
        self.bytes += more;
        Ok(More::Granted)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.taken() -= self.bytes;
        self.budget.given_back.notify_all();
    }
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

/// What of the memory that the whole program may take is left for images.
pub(super) fn for_images(memory: Option<u64>) -> Result<u64> {
    let itself = machine::resident_memory();
    let Some(all) = memory else { return Ok(machine::free_memory() / 5 * 4) };
    // Below this nothing of use can be done.
    let least = itself + (16 << 20);
    if all >= least {
        return Ok(all - itself);
    }
    let what = format!("--memory {}: the program alone takes {}", Bytes(all), Bytes(itself));
    // Twice: it may take a little more next time.
    Err(Error::usage(what).remedy(format!("--memory {}", Bytes((2 * least).next_multiple_of(64 << 20)))))
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
    fn shares_wait_for_room_and_never_pass_the_budget() {
        let (budget, stop) = (Budget::new(100), Stop::default());
        std::thread::scope(|s| {
            for need in [40, 30, 100, 1, 60, 99, 0, 50] {
                let (budget, stop) = (&budget, &stop);
                s.spawn(move || {
                    for round in 0..200 {
                        let mut need = need;
                        // As images do: begin again with what is needed.
                        loop {
                            let mut share = budget.take(need, stop).unwrap();
                            let all = *budget.taken();
                            assert!(all <= 100, "{all}");
                            match share.grow(100.min(need + round % 7)).unwrap() {
                                More::Granted => break,
                                More::Later(all) => need = all,
                            }
                        }
                    }
                });
            }
        });
        assert_eq!(*budget.taken(), 0);
    }

    #[test]
    fn what_never_fits_is_refused_and_a_stop_ends_the_waiting() {
        let (budget, stop) = (Budget::new(100), Stop::default());
        assert!(budget.take(101, &stop).is_err());
        let mut share = budget.take(60, &stop).unwrap();
        assert!(share.grow(101).is_err());
        assert_eq!(share.grow(100).unwrap(), More::Granted);
        assert_eq!(share.grow(20).unwrap(), More::Granted, "it is held already");
        stop.interrupt();
        assert_eq!(budget.take(1, &stop).err().map(|e| e.kind), Some(crate::Kind::Stopped));
        drop(share);
        assert!(budget.take(1, &stop).is_ok(), "with room there is nothing to wait for");
    }
}

//! `--device auto`: which side does an image, the CPU or the GPU.
//!
//! Both give the same bytes, so a batch may try both and stay with the faster one. Images are taken together by size, in
//! steps of two. The first of a size goes where most machines are faster: to the GPU from 2^22 samples on (a 2048 x 2048
//! image), else to the CPU, where no kernel has to be compiled and nothing travels. The next ones go to the other side
//! until the CPU has done one and the GPU two, of which the first compiles kernels and does not count. From then on the
//! least time for a sample decides. A software adapter is never a choice: it is this CPU, slower.
//!
//! A GPU that has failed, or was too small for an image, is not asked again for images of that size and larger.

use crate::Result;
use crate::device::{Device, Gpu, Opening};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// From this many samples on the GPU goes first.
const LARGE: usize = 1 << 22;

/// Where an image is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Cpu,
    Gpu,
}

/// Runs of images of one size.
#[derive(Clone, Copy, Default)]
struct Tried {
    /// Begun.
    cpu: u32,
    gpu: u32,
    /// Finished on the GPU.
    warm: u32,
    /// Least seconds a sample.
    cpu_time: Option<f64>,
    gpu_time: Option<f64>,
}

/// The GPU of a run if it has one, and what is known of both sides.
pub(super) struct DeviceChooser {
    gpu: Option<Opening>,
    /// Nothing where the GPU does what it can.
    tried: Option<Mutex<BTreeMap<u32, Tried>>>,
    /// Images of so many samples are no longer given to the GPU.
    too_many: AtomicUsize,
}

impl DeviceChooser {
    /// `auto`: an image may be done on the CPU as well.
    pub fn new(gpu: Option<Opening>, auto: bool) -> Self {
        DeviceChooser { gpu, tried: auto.then(Mutex::default), too_many: AtomicUsize::new(usize::MAX) }
    }

    /// Where an image of so many samples is done.
    pub fn side(&self, samples: usize) -> Side {
        let Some(gpu) = self.gpu.as_ref().filter(|_| samples < self.too_many.load(Ordering::Relaxed)) else {
            return Side::Cpu;
        };
        match &self.tried {
            None => Side::Gpu,
            // Nobody waits for a GPU that was not asked for.
            Some(_) if gpu.opened().is_none() => Side::Cpu,
            Some(tried) => {
                let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
                tried.entry(class(samples)).or_default().next(samples >= LARGE)
            }
        }
    }

    /// The device of a side; waits until it is open.
    ///
    /// # Errors
    /// It does not open.
    pub fn device(&self, side: Side) -> Result<&Device> {
        match (side, &self.gpu) {
            (Side::Gpu, Some(gpu)) => gpu.device(),
            _ => Ok(&Device::Cpu),
        }
    }

    /// The GPU, if it is open by now.
    pub fn gpu(&self) -> Option<&Gpu> {
        match self.gpu.as_ref().and_then(Opening::opened) {
            Some(Device::Gpu(gpu)) => Some(gpu),
            _ => None,
        }
    }

    /// Whether the GPU will do no other image either.
    pub fn is_lost(&self) -> bool {
        self.gpu().is_none_or(|gpu| gpu.failure().is_some())
    }

    /// The GPU could not do an image of so many samples; if it is lost, it can do none. Returns whether this is news.
    pub fn give_up(&self, samples: usize, lost: bool) -> bool {
        let most = if lost { 0 } else { samples };
        self.too_many.fetch_min(most, Ordering::Relaxed) > most
    }

    /// What an image took.
    pub fn tell(&self, samples: usize, side: Side, time: Duration) {
        if let Some(tried) = &self.tried {
            let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
            tried.entry(class(samples)).or_default().tell(side, time.as_secs_f64() / samples.max(1) as f64);
        }
    }
}

fn class(samples: usize) -> u32 {
    samples.max(1).ilog2()
}

impl Tried {
    fn next(&mut self, gpu_first: bool) -> Side {
        let guess = if gpu_first { Side::Gpu } else { Side::Cpu };
        let side = match (self.cpu < 1, self.gpu < 2, self.cpu_time, self.gpu_time) {
            (true, true, ..) => guess,
            (true, false, ..) => Side::Cpu,
            (false, true, ..) => Side::Gpu,
            (.., Some(cpu), Some(gpu)) if cpu < gpu => Side::Cpu,
            (.., Some(_), Some(_)) => Side::Gpu,
            // Others are still at work.
            _ => guess,
        };
        match side {
            Side::Cpu => self.cpu += 1,
            Side::Gpu => self.gpu += 1,
        }
        side
    }

    fn tell(&mut self, side: Side, time: f64) {
        let least = |known: Option<f64>| Some(known.map_or(time, |k| k.min(time)));
        match side {
            Side::Cpu => self.cpu_time = least(self.cpu_time),
            Side::Gpu => {
                self.warm += 1;
                if self.warm > 1 {
                    self.gpu_time = least(self.gpu_time);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::device::AdapterChoice;

    fn sides(gpu_first: bool, cpu: f64, gpu: f64) -> Vec<Side> {
        let mut tried = Tried::default();
        let one = |_| {
            let side = tried.next(gpu_first);
            tried.tell(side, if side == Side::Cpu { cpu } else { gpu });
            side
        };
        (0..6).map(one).collect()
    }

    #[test]
    fn both_are_tried_and_the_faster_one_stays() {
        use Side::{Cpu, Gpu};
        assert_eq!(sides(false, 1.0, 2.0), [Cpu, Gpu, Gpu, Cpu, Cpu, Cpu]);
        assert_eq!(sides(false, 2.0, 1.0), [Cpu, Gpu, Gpu, Gpu, Gpu, Gpu]);
        assert_eq!(sides(true, 1.0, 2.0), [Gpu, Gpu, Cpu, Cpu, Cpu, Cpu]);
        assert_eq!(sides(true, 2.0, 1.0), [Gpu, Gpu, Cpu, Gpu, Gpu, Gpu]);
    }

    #[test]
    fn while_nothing_is_known_the_guess_holds() {
        let mut tried = Tried::default();
        let begun: Vec<Side> = (0..5).map(|_| tried.next(true)).collect();
        assert_eq!(begun, [Side::Gpu, Side::Gpu, Side::Cpu, Side::Gpu, Side::Gpu]);
    }

    #[test]
    fn a_gpu_that_failed_is_not_asked_again() {
        // One that does not open.
        let nothing = AdapterChoice::Named("no such adapter".into());
        let chooser = DeviceChooser::new(Some(Opening::begin(&nothing, vec![], 1).unwrap()), false);
        assert_eq!(chooser.side(LARGE), Side::Gpu);
        assert!(chooser.device(Side::Gpu).unwrap_err().what.contains("no such GPU adapter") && chooser.is_lost());
        assert!(chooser.give_up(LARGE, false) && !chooser.give_up(LARGE, false));
        assert_eq!(chooser.side(LARGE), Side::Cpu);
        assert_eq!(chooser.side(LARGE - 1), Side::Gpu);
        assert!(chooser.give_up(LARGE, true), "lost is more than too small");
        assert!((0..9).all(|_| chooser.side(1) == Side::Cpu));
        assert!(!chooser.give_up(1, true));
    }

    #[test]
    fn nobody_waits_for_a_gpu_that_was_not_asked_for() {
        let nothing = AdapterChoice::Named("no such adapter".into());
        for gpu in [None, Some(Opening::begin(&nothing, vec![], 1).unwrap())] {
            let chooser = DeviceChooser::new(gpu, true);
            assert_eq!([chooser.side(1), chooser.side(1 << 30)], [Side::Cpu; 2]);
            chooser.tell(1, Side::Cpu, Duration::ZERO);
            assert!(matches!(chooser.device(Side::Cpu), Ok(Device::Cpu)));
        }
    }
}

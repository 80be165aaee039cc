//! Which device does an image. All give the same bytes, so a run may use several, and with `--device auto` leave it to the
//! times of the images before.

use super::gpus::{Gpus, Task};
use super::times::{self, Side, Times};
use crate::Result;
use crate::device::{Counters, Device, Opening};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The GPUs of a run, and what is known of both sides.
pub(super) struct DeviceChooser {
    gpus: Gpus,
    /// Nothing where the GPUs do what they can.
    learned: Option<Learned>,
}

/// What is known of both sides.
struct Learned {
    times: Times,
    /// What it depends on beside the GPU.
    run: Vec<String>,
    is_loaded: AtomicBool,
}

/// An image on its device.
pub(super) struct Turn<'a> {
    chooser: &'a DeviceChooser,
    samples: usize,
    /// Nothing on the CPU.
    task: Option<Task<'a>>,
}

impl DeviceChooser {
    /// The GPUs do what they can.
    pub fn new(gpus: Vec<Opening>) -> Self {
        DeviceChooser { gpus: Gpus::new(gpus), learned: None }
    }

    /// `auto`: the CPU and a GPU, whichever is faster. What earlier runs with the same words (recipes, program, threads) have
    /// learned is known already.
    pub fn auto(gpu: Option<Opening>, run: Vec<String>) -> Self {
        let learned = Learned { times: Times::default(), run, is_loaded: AtomicBool::new(false) };
        DeviceChooser { gpus: Gpus::new(gpu.into_iter().collect()), learned: Some(learned) }
    }

    /// The device for an image of so many samples.
    pub fn turn(&self, samples: usize) -> Turn<'_> {
        let wants_gpu = match &self.learned {
            None => true,
            // Nobody waits for a GPU that was not asked for.
            Some(_) if !self.gpus.is_ready() => false,
            Some(learned) => {
                if !learned.is_loaded.swap(true, Ordering::Relaxed) {
                    let _ = self.file(learned).map(|file| learned.times.load(&file));
                }
                learned.times.next(samples) == Side::Gpu
            }
        };
        let task = if wants_gpu { self.gpus.take(samples) } else { None };
        Turn { chooser: self, samples, task }
    }

    /// Leaves what was learned for later runs.
    pub fn save(&self) {
        if let Some(learned) = &self.learned {
            let _ = self.file(learned).map(|file| learned.times.save(&file));
        }
    }

    /// The names of the GPUs that are open.
    pub fn names(&self) -> Vec<String> {
        self.gpus.names()
    }

    /// What GPUs were given to do, if one was opened.
    pub fn counters(&self) -> Option<Counters> {
        self.gpus.counters()
    }

    fn file(&self, learned: &Learned) -> Option<PathBuf> {
        let gpu = self.gpus.first()?;
        times::file(&learned.run.iter().chain([&gpu]).map(String::as_str).collect::<Vec<_>>())
    }
}

impl Turn<'_> {
    /// The device; waits until it is open.
    ///
    /// # Errors
    /// It does not open.
    pub fn device(&self) -> Result<&Device> {
        self.task.as_ref().map_or(Ok(&Device::Cpu), Task::device)
    }

    /// It is a GPU.
    pub fn is_gpu(&self) -> bool {
        self.task.is_some()
    }

    /// The GPU could not do the image. Says which images it will not be given any more, if that is news.
    pub fn give_up(&self) -> Option<&'static str> {
        self.task.as_ref().and_then(Task::give_up)
    }

    /// What the image took.
    pub fn tell(&self, time: Duration) {
        if let Some(learned) = &self.chooser.learned {
            learned.times.tell(self.samples, if self.is_gpu() { Side::Gpu } else { Side::Cpu }, time);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::device::AdapterChoice;

    fn nothing() -> Opening {
        Opening::begin(&AdapterChoice::Named("no such adapter".into()), vec![], 1).unwrap()
    }

    #[test]
    fn nobody_waits_for_a_gpu_that_was_not_asked_for() {
        for gpu in [None, Some(nothing())] {
            let chooser = DeviceChooser::auto(gpu, vec![]);
            for samples in [1, 1 << 30] {
                let turn = chooser.turn(samples);
                assert!(!turn.is_gpu() && matches!(turn.device(), Ok(Device::Cpu)));
                turn.tell(Duration::from_millis(1));
            }
            // Nothing was learned of a GPU that is not there.
            chooser.save();
        }
    }

    #[test]
    fn one_that_was_asked_for_and_does_not_open_leaves_its_images_to_the_cpu() {
        let chooser = DeviceChooser::new(vec![nothing()]);
        let turn = chooser.turn(9);
        assert!(turn.is_gpu() && turn.device().is_err() && turn.give_up().is_some());
        assert!(!chooser.turn(1).is_gpu() && chooser.names().is_empty());
    }
}

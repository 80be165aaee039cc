//! What is known of the time that images take on either side, the CPU or a GPU, by their size in steps of two.
//!
//! The first image of a size goes where most machines are faster: to the GPU from 2^22 samples on (a 2048 x 2048 image), else to
//! the CPU, from which nothing travels. The next ones go to the other side until the CPU has done one and the GPU two, of
//! which the better one counts. From then on the lesser time of a sample decides, where the last images count most; one image
//! of 32 goes to the other side, if that is not four times as slow, so that no answer stands for ever.
//!
//! What a run has learned is kept in a file for the next one with the same recipe, program, GPU and threads. The file is a
//! hint: whoever removes or changes it changes no table.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// From this many samples on the GPU goes first.
const LARGE: usize = 1 << 22;
/// One of so many images goes to the slower side.
const AGAIN: u32 = 32;
/// Unless it is so many times as slow.
const HOPELESS: f64 = 4.0;

/// Where an image is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Cpu,
    Gpu,
}

/// Images of one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Tried {
    /// Begun.
    cpu: u32,
    gpu: u32,
    /// Finished on the GPU.
    gpu_done: u32,
    /// Seconds a sample.
    cpu_time: Option<f64>,
    gpu_time: Option<f64>,
}

/// What is known, by the size of images.
#[derive(Default)]
pub(super) struct Times(Mutex<BTreeMap<u32, Tried>>);

impl Times {
    fn known(&self) -> MutexGuard<'_, BTreeMap<u32, Tried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the next image of so many samples is done.
    pub fn next(&self, samples: usize) -> Side {
        self.known().entry(class(samples)).or_default().next(samples >= LARGE)
    }

    /// What an image took.
    pub fn tell(&self, samples: usize, side: Side, time: Duration) {
        self.known().entry(class(samples)).or_default().tell(side, time.as_secs_f64() / samples.max(1) as f64);
    }

    /// Takes over what earlier runs have left, where this one knows nothing yet.
    pub fn load(&self, file: &Path) {
        let text = fs::read(file).unwrap_or_default();
        let kept: BTreeMap<u32, Tried> = serde_json::from_slice(&text).unwrap_or_default();
        let kept = kept.into_iter().filter(|(_, tried)| tried.is_sound());
        let mut known = self.known();
        kept.for_each(|(class, tried)| {
            known.entry(class).or_insert(tried);
        });
    }

    /// Leaves it for later runs. Where it cannot, they learn it again.
    pub fn save(&self, file: &Path) {
        let Ok(text) = serde_json::to_vec(&*self.known()) else { return };
        let draft = file.with_extension(std::process::id().to_string());
        let made = file.parent().is_some_and(|folder| fs::create_dir_all(folder).is_ok());
        if made && fs::write(&draft, text).and_then(|()| fs::rename(&draft, file)).is_err() {
            let _ = fs::remove_file(&draft);
        }
    }
}

/// Where the times of a recipe on a device are kept, if the user has a folder for such things. `what` is all that they
/// depend on.
pub(super) fn file(what: &[&str]) -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let cache = if cfg!(windows) {
        var("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        var("HOME").map(|home| home.join("Library/Caches"))
    } else {
        var("XDG_CACHE_HOME").filter(|f| f.is_absolute()).or_else(|| var("HOME").map(|home| home.join(".cache")))
    };
    let mut hasher = Sha256::new();
    what.iter().for_each(|word| hasher.update(format!("{}:{word}\n", word.len())));
    cache.map(|cache| cache.join("uptake/times").join(super::hash::hex(hasher)).with_extension("json"))
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
            (.., Some(cpu), Some(gpu)) => self.better(cpu, gpu),
            // Others are still at work.
            _ => guess,
        };
        match side {
            Side::Cpu => self.cpu = self.cpu.saturating_add(1),
            Side::Gpu => self.gpu = self.gpu.saturating_add(1),
        }
        side
    }

    fn better(&self, cpu: f64, gpu: f64) -> Side {
        let again = self.cpu.saturating_add(self.gpu) % AGAIN == AGAIN - 1;
        let is_hopeless = cpu > HOPELESS * gpu || gpu > HOPELESS * cpu;
        if (cpu < gpu) != (again && !is_hopeless) { Side::Cpu } else { Side::Gpu }
    }

    fn tell(&mut self, side: Side, time: f64) {
        let recent = |known: Option<f64>| Some(known.map_or(time, |k| (k + time) / 2.0));
        match side {
            Side::Cpu => self.cpu_time = recent(self.cpu_time),
            Side::Gpu => {
                self.gpu_done = self.gpu_done.saturating_add(1);
                let least = self.gpu_time.filter(|_| self.gpu_done <= 2).map_or(time, |k| k.min(time));
                self.gpu_time = if self.gpu_done <= 2 { Some(least) } else { recent(self.gpu_time) };
            }
        }
    }

    fn is_sound(&self) -> bool {
        [self.cpu_time, self.gpu_time].iter().flatten().all(|t| t.is_finite() && *t > 0.0)
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use Side::{Cpu, Gpu};

    fn sides(gpu_first: bool, cpu: f64, gpu: f64, images: usize) -> Vec<Side> {
        let mut tried = Tried::default();
        let one = |_| {
            let side = tried.next(gpu_first);
            tried.tell(side, if side == Cpu { cpu } else { gpu });
            side
        };
        (0..images).map(one).collect()
    }

    #[test]
    fn both_are_tried_and_the_faster_one_stays() {
        assert_eq!(sides(false, 1.0, 2.0, 6), [Cpu, Gpu, Gpu, Cpu, Cpu, Cpu]);
        assert_eq!(sides(false, 2.0, 1.0, 6), [Cpu, Gpu, Gpu, Gpu, Gpu, Gpu]);
        assert_eq!(sides(true, 1.0, 2.0, 6), [Gpu, Gpu, Cpu, Cpu, Cpu, Cpu]);
        assert_eq!(sides(true, 2.0, 1.0, 6), [Gpu, Gpu, Cpu, Gpu, Gpu, Gpu]);
    }

    #[test]
    fn the_slower_one_is_asked_again_now_and_then_and_costs_less_than_a_tenth() {
        for (cpu, gpu) in [(1.0, 1.2), (1.0, 3.9), (3.9, 1.0), (1.0, 100.0)] {
            let images = 320;
            let after = &sides(false, cpu, gpu, images)[3..];
            let slower = after.iter().filter(|side| (**side == Cpu) == (cpu > gpu)).count();
            assert_eq!(slower > 0, cpu.max(gpu) < HOPELESS, "{cpu} {gpu}");
            let lost = slower as f64 * (cpu - gpu).abs() / (images as f64 * cpu.min(gpu));
            assert!(lost < 0.1, "{cpu} {gpu}: {lost}");
        }
    }

    #[test]
    fn a_side_that_becomes_slow_is_left() {
        let mut tried = Tried::default();
        (0..9).for_each(|_| {
            let side = tried.next(true);
            tried.tell(side, if side == Cpu { 2.0 } else { 1.0 });
        });
        assert_eq!(tried.next(true), Gpu);
        (0..3).for_each(|_| tried.tell(Gpu, 5.0));
        assert_eq!(tried.next(true), Cpu);
    }

    #[test]
    fn while_nothing_is_known_the_guess_holds() {
        let mut tried = Tried::default();
        let begun: Vec<Side> = (0..5).map(|_| tried.next(true)).collect();
        assert_eq!(begun, [Gpu, Gpu, Cpu, Gpu, Gpu]);
    }

    #[test]
    fn a_run_knows_what_the_one_before_has_learned() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a/b.json");
        let (first, second) = (Times::default(), Times::default());
        for (side, ms) in [(Cpu, 90), (Gpu, 20), (Gpu, 10)] {
            assert_eq!(first.next(1000), side);
            first.tell(1000, side, Duration::from_millis(ms));
        }
        first.save(&file);
        second.load(&file);
        assert_eq!(*first.known(), *second.known());
        assert_eq!(second.next(1000), Gpu);
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1);
        // What is damaged, or no time at all, says nothing.
        for text in
            ["{", "[]", r#"{"9":{"cpu":5,"gpu":5,"cpu_time":-1.0,"gpu_time":0.0}}"#, r#"{"9":{"cpu_time":"x"}}"#]
        {
            fs::write(&file, text).unwrap();
            let third = Times::default();
            third.load(&file);
            assert!(third.known().is_empty(), "{text}");
        }
        // A folder that cannot be made is no reason to fail.
        fs::write(dir.path().join("c"), "").unwrap();
        first.save(&dir.path().join("c/d.json"));
    }
}

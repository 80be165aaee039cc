//! What does the work of a run, and when a GPU is opened for it.

use super::item::Item;
use super::item_list::ItemList;
use super::recipes::Recipes;
use crate::Result;
use crate::device::{AdapterChoice, Device, Gpu, Opening};
use crate::pipeline::kernels;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What does the work of a run.
#[derive(Clone, Debug)]
pub enum DeviceChoice {
    /// The CPU; no adapter is looked for.
    Cpu,
    /// The CPU and a real GPU, whichever is faster for an image.
    Auto,
    /// Adapters, which open while the first image is read; each does a part of the images.
    Adapters(Vec<AdapterChoice>),
    /// A GPU that is open.
    Opened(Gpu),
}

impl From<&Device> for DeviceChoice {
    fn from(device: &Device) -> Self {
        match device {
            Device::Cpu => DeviceChoice::Cpu,
            Device::Gpu(gpu) => DeviceChoice::Opened(gpu.clone()),
        }
    }
}

/// `auto` opens no GPU for files that take fewer bytes together: a CPU is done with them before a driver is awake (0.2 s on
/// an H200).
const WORTH_OPENING: u64 = 1 << 27;

impl DeviceChoice {
    /// Begins to open what was asked for.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub(super) fn open(&self, recipes: &Recipes, threads: usize) -> Result<Vec<Opening>> {
        match self {
            DeviceChoice::Cpu | DeviceChoice::Auto => Ok(vec![]),
            DeviceChoice::Adapters(all) => all.iter().map(|choice| begin(choice, recipes, threads)).collect(),
            DeviceChoice::Opened(gpu) => Ok(vec![gpu.clone().into()]),
        }
    }

    /// Begins to open a GPU that nobody asked for, if the images are worth it.
    pub(super) fn open_for(&self, items: &ItemList, recipes: &Recipes, threads: usize) -> Option<Opening> {
        let is_worth = || weighs(items.measured(), WORTH_OPENING);
        let is_auto = matches!(self, DeviceChoice::Auto);
        if is_auto && is_worth() { begin(&AdapterChoice::Hardware, recipes, threads).ok() } else { None }
    }
}

fn begin(choice: &AdapterChoice, recipes: &Recipes, threads: usize) -> Result<Opening> {
    let all = recipes.all().into_iter().flat_map(kernels);
    let once: BTreeMap<_, _> = all.map(|kernel| (kernel.name, kernel)).collect();
    Opening::begin(choice, once.into_values().collect(), threads)
}

/// Whether the files of images take so many bytes together. Looks at no more of them than it takes to know.
fn weighs<'a>(items: impl Iterator<Item = Cow<'a, Item>>, bytes: u64) -> bool {
    let mut sum = 0;
    for item in items {
        for file in item.files() {
            sum += std::fs::metadata(file).map_or(0, |m| m.len());
            if sum >= bytes {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::Error;
    use crate::batch::item::Task;

    #[test]
    fn what_is_to_be_measured_has_weight() {
        let dir = tempfile::tempdir().unwrap();
        let item = |name: &str, task: Task| {
            let file = dir.path().join(name);
            std::fs::write(&file, [0; 100]).unwrap();
            Item::file(file, dir.path(), task, false)
        };
        let failed = Task::Fail(Box::new(Error::format("odd")));
        let mut items = ItemList::default();
        assert!(!weighs(items.measured(), 1));
        [item("a", Task::Measure), item("b", failed), item("c", Task::Measure)].into_iter().for_each(|i| items.push(i));
        assert!(weighs(items.measured(), 200) && !weighs(items.measured(), 201));
    }
}

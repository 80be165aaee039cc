//! What went wrong on a device first. One that has failed once is not asked again.

use crate::{Error, Result};
use std::sync::{Arc, OnceLock};

/// The first failure of a device.
pub(super) struct Failure {
    adapter: String,
    first: Arc<OnceLock<String>>,
}

impl Failure {
    /// Listens to what becomes of a device.
    pub fn of(device: &wgpu::Device, adapter: &str) -> Self {
        let first = Arc::new(OnceLock::new());
        let note = first.clone();
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| {
            let _ = note.set(failed(&e));
        }));
        let note = first.clone();
        device.set_device_lost_callback(move |reason, text| {
            let _ = note.set(format!("the device is lost ({reason:?}) {text}").trim().to_string());
        });
        Failure { adapter: adapter.into(), first }
    }

    /// In words, if there is one.
    pub fn first(&self) -> Option<String> {
        self.first.get().cloned()
    }

    /// An error if there is one.
    pub fn check(&self) -> Result<()> {
        match self.first.get() {
            Some(what) => Err(Error::device(format!("{}: {what}", self.adapter))),
            None => Ok(()),
        }
    }

    /// The device has failed: what is known already says more than what it led to.
    pub fn error(&self, what: &impl std::fmt::Display) -> Error {
        let what = failed(what);
        let what = self.first.get_or_init(|| what);
        Error::device(format!("{}: {what}", self.adapter))
    }
}

/// A driver that panicked while it opened.
pub(super) fn of_driver() -> Error {
    Error::device("the driver failed while the device was opened").remedy("--device cpu (the same table)")
}

/// On one line, for messages and tables.
fn failed(what: &impl std::fmt::Display) -> String {
    let what = what.to_string();
    format!("the device failed: {}", what.split_whitespace().collect::<Vec<_>>().join(" "))
}

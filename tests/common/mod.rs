//! What the test rooms share.

#![allow(dead_code, reason = "each room uses its own part")]

pub mod nifti;
pub mod score;

use std::path::PathBuf;
use uptake::device::{AdapterChoice, Device, Gpu};

/// The best adapter. A machine without one fails the test: install a software adapter (Debian: mesa-vulkan-drivers).
pub fn gpu(window_bytes: Option<u64>) -> Device {
    match Gpu::open_with(&AdapterChoice::Best, window_bytes) {
        Ok(gpu) => Device::Gpu(gpu),
        Err(e) => panic!("these tests need a GPU adapter; a software one will do.\n{e}"),
    }
}

/// A folder of the shared reference data, or nothing, said loudly: those data are not part of the project. Where `CI=true`
/// they have to be there.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "CI=true, but there is no reference data at {}",
        path.display()
    );
    eprintln!("SKIPPED: no reference data at {}; this check did not run", path.display());
    None
}

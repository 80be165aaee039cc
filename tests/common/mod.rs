//! What the test rooms share.

#![allow(dead_code, reason = "each room uses its own part")]

pub mod bench;
pub mod blood;
pub mod cell_profiler;
pub mod light;
pub mod nifti;
pub mod score;
pub mod seeds;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use uptake::device::{AdapterChoice, Device, Gpu};

/// The best adapter. A machine without one fails the test: install a software adapter (Debian: mesa-vulkan-drivers).
pub fn gpu(window_bytes: Option<u64>) -> Device {
    match Gpu::open_with(&AdapterChoice::Best, window_bytes) {
        Ok(gpu) => Device::Gpu(gpu),
        Err(e) => panic!("these tests need a GPU adapter; a software one will do.\n{e}"),
    }
}

/// A folder of the reference data. They are not part of the project: where they are missing (`no_shared`, of `build.rs`) the
/// tests that need them are listed as ignored, but for `CI=true`, where they have to be there.
pub fn shared(folder: &str) -> PathBuf {
    beside(Path::new("data").join(folder))
}

/// A file or folder of the inputs that once went wrong, which lie beside the reference data.
pub fn failing(name: &str) -> PathBuf {
    beside(Path::new("failing").join(name))
}

fn beside(place: PathBuf) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(place);
    assert!(path.exists(), "this test needs {}", path.display());
    path
}

/// All files below a folder, by their places in it.
pub fn files_below(folder: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let (mut all, mut folders) = (BTreeMap::new(), vec![folder.to_path_buf()]);
    while let Some(inner) = folders.pop() {
        for path in std::fs::read_dir(inner).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                all.insert(path.strip_prefix(folder).unwrap().to_path_buf(), path);
            }
        }
    }
    all
}

/// A line of CSV with quoted fields.
pub fn fields(line: &str) -> Vec<String> {
    let (mut out, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    out
}

/// What every file of a run holds, but for `run.json` and what is kept for resuming.
pub fn results(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let is_result = |below: &PathBuf| !below.starts_with(".uptake") && !below.ends_with("run.json");
    let all = files_below(folder).into_iter().filter(|(below, _)| is_result(below));
    all.map(|(below, path)| (below, std::fs::read(path).unwrap())).collect()
}

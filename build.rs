//! Gives the program the hash of its own sources as `UPTAKE_BUILD`: results that another build has left behind are then
//! told from those of this one, whatever the version is called. Tells the tests whether the reference data are there.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

fn main() {
    hash_sources();
    look_for_reference_data();
}

fn hash_sources() {
    let mut files = Vec::new();
    for place in ["src", "shaders", "recipes", "Cargo.toml", "Cargo.lock"] {
        // Printed for folders as well: cargo looks at all that lies in them.
        println!("cargo::rerun-if-changed={place}");
        collect(Path::new(place), &mut files);
    }
    files.sort();
    let mut hasher = Sha256::new();
    for file in &files {
        let text = std::fs::read(file).unwrap_or_default();
        // With lengths, so that no two trees read the same.
        hasher.update(file.to_string_lossy().replace('\\', "/"));
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    }
    let hash: String = hasher.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect();
    println!("cargo::rustc-env=UPTAKE_BUILD={hash}");
}

/// Tests that need the reference data are listed as ignored where these are missing (`no_shared`), but for `CI=true`: there
/// they fail.
fn look_for_reference_data() {
    println!("cargo::rustc-check-cfg=cfg(no_shared)");
    let places = ["../shared/data", "../shared/failing"].map(Path::new);
    if places.iter().all(|place| place.is_dir()) {
        // One file of each, and not the folders: cargo would go through thousands of files before each build.
        let notes = places.iter().map(|place| place.join("README.md")).filter(|note| note.is_file());
        notes.for_each(|note| println!("cargo::rerun-if-changed={}", note.display()));
        return;
    }
    // Nothing is watched that is not there: cargo would build all again each time.
    println!("cargo::rerun-if-env-changed=CI");
    if std::env::var("CI").as_deref() != Ok("true") {
        println!("cargo::rustc-cfg=no_shared");
    }
}

/// Files below a place; one that is missing (a package without its lock file) is left out.
fn collect(place: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(place) else {
        if place.is_file() {
            files.push(place.to_path_buf());
        }
        return;
    };
    entries.flatten().for_each(|e| collect(&e.path(), files));
}

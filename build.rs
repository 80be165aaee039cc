//! Gives the program the hash of its own sources as `UPTAKE_BUILD`: results that another build has left behind are then
//! told from those of this one, whatever the version is called.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

fn main() {
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

//! What tests write makes good inputs for the fuzz targets: it is kept where `FUZZ_CORPUS` names a folder (`fuzz/corpus.sh`).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// Keeps a small file for a target.
pub fn keep(target: &str, bytes: &[u8]) {
    let Some(corpus) = std::env::var_os("FUZZ_CORPUS").filter(|_| bytes.len() < 20_000) else { return };
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let folder = Path::new(&corpus).join(target);
    std::fs::create_dir_all(&folder).expect("a folder for the corpus");
    std::fs::write(folder.join(format!("{:016x}", hasher.finish())), bytes).expect("room for the corpus");
}

//! Hashes of files.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::path::Path;

/// Hexadecimal SHA-256 of a file.
///
/// # Errors
/// It cannot be read.
pub fn hash_file(path: &Path) -> Result<String> {
    let open = || -> std::io::Result<String> {
        let mut file = fs::File::open(path)?;
        let mut hasher = Sha256::new();
        // No larger than the file: clearing a large block would cost more than reading a small one.
        let mut block = vec![0; file.metadata()?.len().clamp(1 << 12, 1 << 18) as usize];
        loop {
            let n = file.read(&mut block)?;
            if n == 0 {
                return Ok(hex(hasher));
            }
            hasher.update(&block[..n]);
        }
    };
    open().map_err(|e| Error::from(e).at(path))
}

/// Hexadecimal SHA-256 of a text.
pub fn hash_text(text: &str) -> String {
    hex(Sha256::new_with_prefix(text))
}

/// Hexadecimal words of a hash.
pub fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Stands for a name in lists of many. Two names with the same one are hardly ever met.
pub fn digest(name: &str) -> u64 {
    let bytes: [u8; 32] = Sha256::digest(name).into();
    bytes.iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
}

/// A file that was read, by its place and by what it holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hashed {
    /// Its path below the folder that holds all inputs; the whole path if it lies elsewhere.
    pub file: String,
    /// Channel, object set, or companion.
    pub role: String,
    /// What it holds.
    pub sha256: String,
}

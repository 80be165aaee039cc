//! What is kept of each finished image, so that an interrupted run can go on where it stopped.
//!
//! A part is one file in `OUT/.uptake/parts`, named by the SHA-256 over everything that its rows follow from: the content
//! of all files that were read, the recipe with its settings but for what only sums rows up (`[groups]`, `[plates]`), the build of
//! this program, and the name of the image, after which its files are called. Its rows are Arrow record batches, written as they are made (see [`PartWriter`]). A part that is
//! damaged, cut off or of another image, or of which a file is not as it was written, is found out, and the image is done
//! again. What the columns mean is the same for thousands of parts and stands in files of its own. Only finished images have
//! parts; failed ones are tried again.

mod columns;
mod ending;
mod reader;
mod store;
mod writer;

pub use ending::{Ending, IMAGES, Written};
pub use store::Store;
pub use writer::PartWriter;

use super::hash::{Hashed, hex};
use crate::recipe::Recipe;
use sha2::{Digest, Sha256};

/// The name of a part: of the image, the files that it was read from, the recipe, the size of its overlays and this build.
pub fn key(image: &str, files: &[Hashed], recipe: &Recipe, overlay_size: usize) -> String {
    let mut hasher = Sha256::new();
    let mut add = |s: &str| {
        // With its length, so that no two lists read the same.
        hasher.update((s.len() as u64).to_le_bytes());
        hasher.update(s);
    };
    add(env!("UPTAKE_BUILD"));
    add(image);
    add(&recipe.measured_by);
    add(&overlay_size.to_string());
    for file in files {
        add(&file.role);
        add(&file.sha256);
    }
    hex(hasher)
}

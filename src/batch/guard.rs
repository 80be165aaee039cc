//! Work on one image whose failure costs that image alone.

use crate::{Error, Kind, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Works on an image: a panic, the last resort of a mistake in this program, costs this image alone.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(Error::new(Kind::Internal, words.unwrap_or("a panic")).remedy("report this, with the image if you can"))
    })
}

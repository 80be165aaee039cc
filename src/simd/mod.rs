//! How the host walks over images: what many rooms stand on.
//!
//! Inner loops get wide registers through [`wide`], images are shared out among the threads in blocks, and whatever is
//! computed here is exact, so that neither the processor nor the number of threads shows in a result.

mod blank;
mod border;
mod look;
mod map;
mod narrow;
mod walk;
mod wide;

pub(crate) use blank::{Blank, new_columns, new_parts};
pub use border::Border;
pub(crate) use look::{all_bits, end_of_run, span, span_of_row};
pub(crate) use map::{convert, convert2, floor, map, map2, map3, whole_part, zeros};
pub(crate) use narrow::{Narrow, Sample};
pub(crate) use walk::{Axis, blocks, columns, pad};
#[cfg(target_arch = "x86_64")]
pub(crate) use wide::has_avx512;
pub(crate) use wide::wide;

/// Voxels that a thread takes at a time.
const BLOCK: usize = 1 << 16;

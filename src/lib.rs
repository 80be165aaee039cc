//! `uptake` turns molecular images into tables: it segments and quantifies targeted-probe fluorescence, headless, on the
//! CPU and through WGSL compute shaders on any GPU, with the same table byte for byte.
//!
//! # The map of the house
//!
//! An image flows one way: a file becomes a [`Scan`](image::Scan), its channels are [`Volume`](image::Volume)s,
//! operations make [`Mask`](image::Mask)s and [`Labels`](image::Labels) of them, measures make a
//! [`Table`](table::Table), and writers set that down.
//!
//! - `cli` (feature `cli`, on by default): one file a subcommand, over [`batch`]: many files, none lost.
//! - [`pipeline`]: one scan through a [`recipe`].
//! - [`read`]: formats in. [`write`](mod@write): tables, label images and overlays out.
//! - [`pet`]: the rules of SUV; response to therapy from the tables of two PET runs.
//! - [`measure`]: families of features. [`ops`]: operations, each with its shader.
//! - [`device`]: CPU or GPU, buffers, kernels.
//! - [`profile`]: where the time goes. [`memory`]: large blocks that are used again.
//! - [`image`], [`units`], [`table`], [`Error`]: the nouns.
//!
//! ```no_run
//! use uptake::{device::Device, pipeline, read, recipe};
//!
//! # fn main() -> uptake::Result<()> {
//! let scan = read::open("field.ome.tif".as_ref(), &read::Options::default())?;
//! let recipe = recipe::preset("nuclei")?.recipe()?;
//! let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &pipeline::External::new())?;
//! println!("{} nuclei", outcome.sets[0].objects.count());
//! # Ok(())
//! # }
//! ```
//!
//! An array is an image as well:
//!
//! ```
//! use uptake::image::{Channel, Modality, Scan};
//! use uptake::{device::Device, pipeline, recipe::Recipe};
//!
//! # fn main() -> uptake::Result<()> {
//! // Two squares of 5 x 5 pixels in a slice of 20 x 40.
//! let square = |y: usize, x: usize| (5..10).contains(&y) && ((5..10).contains(&x) || (25..30).contains(&x));
//! let voxels = ndarray::Array3::from_shape_fn((1, 20, 40), |(_, y, x)| if square(y, x) { 900u16 } else { 100 });
//! let channel = Channel::of_array("DAPI", voxels.view())?;
//! let scan = Scan::new(Modality::Fluorescence, channel.volume.shape, vec![channel]);
//!
//! let recipe = Recipe::parse(
//!     "squares.toml",
//!     r#"
//!     channels = { nuclear = ["DAPI"] }
//!     [objects.squares]
//!     channel = "nuclear"
//!     steps = [{ op = "threshold", method = "otsu" }, { op = "label" }]
//!     [measure.squares]
//!     features = ["shape", "intensity"]
//!     "#,
//!     &[],
//! )?;
//! let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &pipeline::External::new())?;
//! let rows = uptake::table::arrow::batch(&outcome.sets[0].table)?;
//! assert_eq!(rows.num_rows(), 2);
//! assert!(rows.column_by_name("intensity_mean_nuclear").is_some());
//! # Ok(())
//! # }
//! ```

pub mod batch;
#[cfg(feature = "cli")]
pub mod cli;
pub mod correct;
pub mod device;
mod distributions;
mod error;
pub mod filters;
pub mod image;
mod in_order;
pub mod measure;
pub mod memory;
mod name_pattern;
pub mod ops;
pub mod pet;
pub mod pipeline;
pub mod profile;
pub mod read;
pub mod recipe;
mod rounding;
mod simd;
pub mod table;
pub mod units;
mod words;
pub mod write;

pub use error::{Error, Kind, Result, printable};

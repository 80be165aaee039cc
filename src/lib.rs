//! uptake

pub mod batch;
pub mod cli;
pub mod device;
mod error;
pub mod measure;
pub mod ops;
pub mod pipeline;
pub mod read;
pub mod recipe;
pub mod scan;
pub mod table;
pub mod units;
pub mod volume;
pub mod write;

pub use error::{Error, Kind, Result};

//! uptake

pub mod device;
mod error;
pub mod measure;
pub mod ops;
pub mod recipe;
pub mod scan;
pub mod table;
pub mod units;
pub mod volume;

pub use error::{Error, Kind, Result};

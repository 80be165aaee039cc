//! uptake

pub mod device;
mod error;
pub mod ops;
pub mod scan;
pub mod table;
pub mod units;
pub mod volume;
pub mod write;

pub use error::{Error, Kind, Result};

//! The writers of the tests.

#![allow(dead_code, reason = "the tests use the rest")]

#[path = "../../tests/common/nifti.rs"]
pub mod nifti;
#[path = "../../tests/common/raw_tiff.rs"]
pub mod raw_tiff;
#[path = "../../tests/common/seeds.rs"]
pub mod seeds;

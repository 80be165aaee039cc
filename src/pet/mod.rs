//! What knows PET: how samples become SUV, and how response to therapy is judged.

pub mod percist;
pub mod suv;

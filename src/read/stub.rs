#![allow(missing_docs)]
use super::*;
#[derive(Clone, Debug)]
pub struct Foreign { pub name: &'static str, pub remedy: &'static str }
impl Foreign { pub fn error(&self) -> Error { Error::unsupported("x") } }
pub fn foreign(_: &Path) -> Option<Foreign> { None }
pub fn foreign_folder(_: &Path) -> Option<Foreign> { None }
pub fn written_by_us(_: &Path) -> Option<&'static str> { None }

//! The nouns: what is read, computed on and measured. A [`Scan`] has channels, each a [`Volume`] of integer samples with a
//! [`Scale`]; operations make [`Mask`]s and [`Labels`] of them.

mod classes;
mod gallery;
mod in_turn;
mod labels;
mod object_runs;
mod object_set;
mod patient_grid;
mod regions;
mod scale;
mod scan;
mod volume;

pub use classes::Classes;
pub use gallery::Gallery;
pub use in_turn::InTurn;
pub use labels::Labels;
pub(crate) use object_runs::{ObjectRun, ObjectRuns, scan_rows};
pub use object_set::{ObjectSet, Origin, SpotDepth};
pub use patient_grid::PatientGrid;
pub use regions::{NONE_DRAWN, PointOrigin, Regions};
pub use scale::Scale;
pub use scan::{Channel, GRAY_UNIT, Modality, NO_UNIT, SUV_UNIT, Scan};
pub use volume::{Mask, Volume};

//! Response to therapy by PERCIST 1.0, from the tables of two runs.
//!
//! [`judge`] holds the rules, [`comparability`] says whether two scans may be compared; both work on [`Visit`]s and touch no
//! file. [`Folder`] reads visits from the folder of a run, with what `run.json` has of its recipe, [`pairs`] says which belong
//! together, [`table`] sets the rows down.
//!
//! Sources: Wahl RL, Jacene H, Kasamon Y, Lodge MA. J Nucl Med 2009;50(Suppl 1):122S-150S; O JH, Lodge MA, Wahl RL. Radiology
//! 2016;280:576-584. Limits: lesions are matched by their place alone, so new lesions must be told; organs are not known, so
//! the rule of two lesions an organ is left out.

mod change;
mod comparable;
mod examination;
mod folder;
mod judge;
pub mod pairs;
mod patients;
mod recipe;
mod record;
mod response;
mod row;
mod same;
mod sheet;
mod sites;
mod sites_file;
mod table;
mod together;
mod visit;

pub use change::Change;
pub use comparable::{Comparability, LIVER_SUV, comparability};
pub use examination::Examination;
pub use folder::{Folder, Image};
pub use judge::judge;
pub use pairs::Pair;
pub use record::Files;
pub use response::{Judgement, Response};
pub use row::{Doubtful, ResponseRow, Summary, UNPROVED, compare};
pub use table::table;
pub use visit::{Lesion, Missing, Visit, Zeros};

//! What became of an image.

use super::hash::Hashed;
use super::late::KnownOfScan;
use super::parts::Ending;
use crate::Error;
use serde::{Deserialize, Serialize};

/// What became of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// Its rows are in the tables.
    Ok,
    /// It could not be done.
    Failed,
    /// It is no image, or the run did not reach it.
    Skipped,
}

impl Status {
    /// The word for tables.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
        }
    }
}

/// How far an image has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Its files are looked for.
    Search,
    /// Its header is read, and the files that belong to it are looked for.
    Examine,
    /// It waits for memory.
    Memory,
    /// Its files are read.
    Read,
    /// Masks and contours that come with it are read.
    Regions,
    /// Objects are found.
    Objects,
    /// Objects are measured.
    Measure,
    /// Label images, overlays and rows are written.
    Write,
}

impl Stage {
    /// The word for lists and events.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Search => "search",
            Stage::Examine => "examine",
            Stage::Memory => "memory",
            Stage::Read => "read",
            Stage::Regions => "regions",
            Stage::Objects => "objects",
            Stage::Measure => "measure",
            Stage::Write => "write",
        }
    }
}

/// What is known of an image after its turn.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub status: Status,
    /// Why it is not in the tables.
    pub reason: Option<String>,
    /// The error as the user sees it.
    pub error: Option<Box<Error>>,
    /// How far it came.
    pub stage: Stage,
    /// Its part.
    pub key: Option<String>,
    /// The files that it was read from.
    pub hashes: Vec<Hashed>,
    /// Taken over from an earlier run.
    pub resumed: bool,
    pub seconds: f64,
    /// Objects by set.
    pub counts: Vec<(String, usize)>,
    /// Roles and the channels that play them, where the image has several channels; for those who listen.
    pub roles: Vec<(String, String)>,
    /// Things that the user should look at.
    pub warnings: usize,
    /// Their words.
    pub warning: Option<String>,
    /// Of an image that failed: what its row in `images` says all the same, by column.
    pub known: Vec<(String, String)>,
    /// What was known of it once it was read, should it fail after that.
    pub read: KnownOfScan,
}

/// How the reason of an image begins that was in work when the run was stopped.
pub const NOT_FINISHED: &str = "not finished";
/// And of one that waited for its turn.
pub const NOT_REACHED: &str = "not reached";

impl Record {
    pub fn skipped(reason: &str) -> Self {
        Record { status: Status::Skipped, reason: Some(reason.into()), ..Self::blank() }
    }

    pub fn blank() -> Self {
        Record {
            status: Status::Ok,
            reason: None,
            error: None,
            stage: Stage::Search,
            key: None,
            hashes: vec![],
            resumed: false,
            seconds: 0.0,
            counts: vec![],
            roles: vec![],
            warnings: 0,
            warning: None,
            known: vec![],
            read: KnownOfScan::default(),
        }
    }

    /// Takes over what a part says.
    pub fn has(&mut self, ending: Ending) {
        self.counts = ending.counts();
        self.roles = ending.roles;
        self.warnings = ending.warnings;
    }
}

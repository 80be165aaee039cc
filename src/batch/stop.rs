//! Why a run ends before all images are done: it is asked for between images, and between the stages of one.

use crate::{Error, Kind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A wish to stop, shared by all who work and by who may wish it. The strongest reason counts.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicU8>);

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// An image failed, and the run is strict.
    Strict = 1,
    /// Nothing more can be written.
    DiskFull = 2,
    /// A signal, or whoever uses the library.
    Interrupted = 3,
}

impl Reason {
    const ALL: [Reason; 3] = [Reason::Strict, Reason::DiskFull, Reason::Interrupted];

    /// For the images that were not reached.
    pub fn words(self) -> &'static str {
        match self {
            Reason::Interrupted => "the run was interrupted",
            Reason::DiskFull => "the disk of the output folder is full",
            Reason::Strict => "an image before it failed, and the run is strict",
        }
    }
}

impl Stop {
    /// Asks the run to end: images in work are given up at their next stage, the tables of what is done are written.
    pub fn interrupt(&self) {
        self.ask(Reason::Interrupted);
    }

    pub(super) fn ask(&self, reason: Reason) {
        self.0.fetch_max(reason as u8, Ordering::Relaxed);
    }

    /// Why the run is to end, if it is.
    pub fn reason(&self) -> Option<Reason> {
        let asked = self.0.load(Ordering::Relaxed);
        Reason::ALL.into_iter().find(|r| *r as u8 == asked)
    }

    /// Ends the work on an image if the run is to end at once.
    ///
    /// # Errors
    /// Of the kind [`Kind::Stopped`].
    pub fn check(&self) -> Result<()> {
        match self.reason() {
            // A strict run finishes the images in work.
            None | Some(Reason::Strict) => Ok(()),
            Some(reason) => Err(Error::new(Kind::Stopped, reason.words())),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn the_strongest_reason_counts() {
        let stop = Stop::default();
        assert!(stop.reason().is_none() && stop.check().is_ok());
        stop.ask(Reason::Strict);
        assert!(stop.check().is_ok(), "images in work are finished");
        stop.clone().interrupt();
        stop.ask(Reason::DiskFull);
        assert_eq!(stop.reason(), Some(Reason::Interrupted));
        assert_eq!(stop.check().unwrap_err().kind, Kind::Stopped);
    }
}

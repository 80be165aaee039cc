//! What a run tells those who listen: the command prints it as text or as JSON, a program that uses the library does with
//! it what it likes. The run itself prints nothing.

use super::head::Head;
use super::item::Item;
use super::record::{Record, Stage, Status};
use super::summary::Summary;
use crate::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Something that happened in a run. Events of one image come in order; those of images in work at once are mixed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The images are known, and the first is about to begin.
    Begun {
        /// What is run.
        head: &'a Head,
        /// Images of this share.
        images: usize,
        /// Where the results go.
        out: &'a Path,
    },
    /// An image begins.
    ImageBegun {
        /// Its name in the tables.
        image: &'a str,
    },
    /// An image is done, or given up.
    ImageEnded(ImageEnded<'a>),
    /// Something that the user should know.
    Note(&'a str),
    /// All images have had their turn, and the tables are written.
    Ended(&'a Summary),
}

/// What became of an image.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ImageEnded<'a> {
    /// Its name in the tables.
    pub image: &'a str,
    /// What became of it.
    pub status: Status,
    /// Why it failed.
    pub error: Option<&'a Error>,
    /// How far it came.
    pub stage: Stage,
    /// Why it failed or was skipped, in the words of `images.csv`.
    pub reason: Option<&'a str>,
    /// Taken over from an earlier run.
    pub resumed: bool,
    /// Its time.
    pub seconds: f64,
    /// Objects by set.
    pub objects: &'a [(String, usize)],
    /// Roles and the channels that play them, where the image has several channels.
    pub roles: &'a [(String, String)],
    /// How many things the user should look at.
    pub warnings: usize,
    /// Which they are.
    pub warning: Option<&'a str>,
}

impl<'a> ImageEnded<'a> {
    pub(super) fn of(item: &'a Item, record: &'a Record) -> Self {
        ImageEnded {
            image: &item.name,
            status: record.status,
            error: record.error.as_deref(),
            stage: record.stage,
            reason: record.reason.as_deref(),
            resumed: record.resumed,
            seconds: record.seconds,
            objects: &record.counts,
            roles: &record.roles,
            warnings: record.warnings,
            warning: record.warning.as_deref(),
        }
    }
}

/// Who listens to a run: nobody by default. It is called by all threads of the run, and must not make them wait.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<Hear>>);

type Hear = dyn Fn(Event) + Send + Sync;

impl Observer {
    /// Calls a function with each event.
    pub fn new(hear: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Observer(Some(Arc::new(hear)))
    }

    pub(super) fn tell(&self, event: Event) {
        if let Some(hear) = &self.0 {
            hear(event);
        }
    }

    pub(super) fn note(&self, words: &str) {
        self.tell(Event::Note(words));
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "no observer" })
    }
}

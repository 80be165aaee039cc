//! What the targets share: a folder in memory to put the input in, and what has to hold for whatever comes out of it.

pub mod common;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;
use uptake::read::{self, Colour, Extent, Options, Pages};
use uptake::scan::Scan;
use uptake::{Error, Kind};

/// Most memory that an image may take. Small, so that a claim that gets past the limit is seen by libFuzzer's own.
const MOST: u64 = 16 << 20;

/// A path in the folder of this process.
pub fn place(name: &str) -> PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let memory = Path::new("/dev/shm");
    let made = || if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let begin = || {
        // libFuzzer's hook would end the process at panics of decoders that the readers catch; others end it all the same.
        std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
        made().expect("a folder for the inputs")
    };
    FOLDER.get_or_init(begin).path().join(name)
}

/// Writes a file into the folder of this process.
pub fn put(name: &str, bytes: &[u8]) -> PathBuf {
    let path = place(name);
    std::fs::write(&path, bytes).expect("room for the input");
    path
}

/// Options of two kinds: as they come, and with an answer to every question that a reader may have.
pub fn options() -> [Options; 2] {
    let usual = Options { max_bytes: MOST, ..Options::default() };
    let answered = Options {
        pages: Pages::Channels,
        series: Some(0),
        time: Some(0),
        incomplete: true,
        colour: Colour::AsStored,
        ..usual.clone()
    };
    [usual, answered]
}

/// Looks at an image and reads it.
pub fn read(path: &Path) {
    for options in options() {
        agree(&read::examine(path, &options), &read::open(path, &options));
    }
}

/// What the header promises is what comes, what it refuses is refused in the same words, and damage is not ours.
pub fn agree(looked: &Result<Extent, Error>, opened: &Result<Scan, Error>) {
    match (looked, opened) {
        (Ok(extent), Ok(scan)) => {
            assert_eq!((extent.shape, extent.spacing), (scan.shape, scan.spacing));
            assert!(extent.channels >= scan.channels.len() && !scan.channels.is_empty());
            for channel in &scan.channels {
                let samples = channel.volume.samples.host().expect("readers fill memory of the host");
                assert_eq!(samples.len(), scan.shape.len());
                assert!(channel.volume.scale.factor().is_finite() && channel.volume.scale.offset().is_finite());
            }
        }
        (Err(a), Err(b)) => assert_eq!(a.reason(), b.reason()),
        // Damage of the pixels is seen only when they are read.
        (Ok(_), Err(e)) => {
            assert!(matches!(e.kind, Kind::Format | Kind::Unsupported | Kind::Limit | Kind::Usage), "{e}")
        }
        (Err(e), Ok(_)) => panic!("refused by its header, but read: {e}"),
    }
    for e in [looked.as_ref().err(), opened.as_ref().err()].into_iter().flatten() {
        assert!(e.kind != Kind::Internal && !e.what.is_empty(), "{e}");
    }
}

//! Reading images: what a file holds becomes a [`Scan`] of integer samples with a scale, calibration and provenance.
//!
//! - [`open`] reads one image, whatever its format; the content decides, not the extension.
//! - [`open_in_turn`] reads one of which not all channels fit into memory.
//! - [`open_bytes`] does the same for bytes in memory.
//! - [`group`] and [`open_set`] read images that are stored as one file a channel.
//! - [`find_ome_sets`] finds the files that make up an OME-TIFF image together.
//! - [`examine`] says from the header alone what an image will be and what reading it takes.
//! - [`foreign`] names formats that are not read, [`written_by_us`] the results of a run.
//! - [`labels`] reads a label image made elsewhere.
//!
//! Every size that a header claims is checked against the file and against [`Options::max_bytes`] before memory is taken.
//! [`FORMATS`] lists the formats; a new one is a file with a [`Format`] and one line there.

mod bmp;
mod calibration;
mod dicom;
mod extent;
mod field_of_view;
mod file_set;
mod floats;
mod foreign;
mod grid;
mod groups;
pub(crate) mod identity;
mod imagej;
mod in_turn;
mod jpeg;
mod label_image;
mod layout;
mod nifti;
mod numbers;
mod ome;
pub(crate) mod own;
mod paths;
mod pattern;
mod png;
pub(crate) mod points;
mod raster;
mod raster_decoder;
mod regions;
mod resolution;
mod samples;
mod shaped;
mod source;
mod step;
mod stored;
mod tiff;
mod voxel_size;

pub use dicom::{DicomSource, Drawn, FoundSeries, Other, Series, SourceFrame};
pub use dicom::{examine_series, find_series, find_whole_series, is_dicom, read_series, source as dicom_source};
pub use extent::Extent;
pub use file_set::{examine_set, open_set, open_set_in_turn};
pub use foreign::{Foreign, foreign, foreign_folder};
pub use groups::{Captured, PathPattern};
pub use in_turn::open_in_turn;
pub use label_image::labels;
pub(crate) use layout::is_repeat;
pub use nifti::header_of_voxels;
pub use ome::{OmeSet, find_ome_sets};
pub use own::written_by_us;
pub use paths::Paths;
pub use pattern::{FileSet, Groups, group, missing};
pub use points::is_points;
pub use regions::{Pick, regions};
pub use source::Source;

use crate::image::{Channel, Scan};
use crate::units::Spacing;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// What the pages of a TIFF without any description of its axes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pages {
    /// Not said: slices of one volume, with a note. Files of programs that are known to say it in words that are not read are
    /// refused.
    #[default]
    Unsaid,
    /// Slices of one volume.
    Slices,
    /// Channels of one plane.
    Channels,
    /// Time points.
    Times,
}

/// What becomes of colour images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Colour {
    /// Transparency is left out. A PNG, JPEG or BMP that is opaque and has R = G = B everywhere is one grey channel. Notes or
    /// facts say so.
    #[default]
    Measured,
    /// Every stored sample is a channel.
    AsStored,
}

/// How to read an image. The default suits files that describe themselves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Meaning of the pages of a TIFF that does not say it.
    pub pages: Pages,
    /// Which image of a file that holds several, from 0.
    pub series: Option<usize>,
    /// Which time point, from 0. Without it an image with more than one is an error.
    pub time: Option<usize>,
    /// DICOM: a series of which slices are missing or damaged is read all the same, with a note.
    pub incomplete: bool,
    /// Treatment of colour.
    pub colour: Colour,
    /// Calibration of files that state none. Scans of patients and animals keep their own.
    pub spacing: Option<Spacing>,
    /// Calibration that takes the place of the file's own, but for scans of patients and animals.
    pub spacing_replace: Option<Spacing>,
    /// Most memory that one image may take while it is read, in bytes.
    pub max_bytes: u64,
    /// PET: what the user says instead of, or beside, the headers.
    pub suv: crate::pet::suv::Settings,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            pages: Pages::default(),
            series: None,
            time: None,
            incomplete: false,
            colour: Colour::default(),
            spacing: None,
            spacing_replace: None,
            max_bytes: 8 << 30,
            suv: crate::pet::suv::Settings::default(),
        }
    }
}

impl Options {
    /// Refuses `voxels` that take `bytes` each, before any memory is taken.
    fn afford(&self, what: &str, voxels: u128, bytes: u128) -> Result<()> {
        let need = voxels.saturating_mul(bytes);
        if need <= u128::from(self.max_bytes) && need <= (isize::MAX as u128) {
            return Ok(());
        }
        Err(Error::limit(format!("{what} takes {need} bytes to read; the limit is {} bytes", self.max_bytes))
            .remedy("a larger --memory, or a crop of the image"))
    }
}

impl Options {
    /// Refuses a choice of an image or time point in a format that has one only.
    fn only_image(&self) -> Result<()> {
        match self.series {
            Some(n) if n > 0 => Err(Error::usage(format!("image {n} of a file with 1"))),
            _ => Ok(()),
        }
    }
}

/// A file to read: its name and its bytes.
pub struct Input<'a> {
    /// Path, or a name for bytes in memory.
    pub path: &'a Path,
    /// The bytes.
    pub source: Source<'a>,
    /// It lies in a folder, so that companion files can be looked for beside it.
    pub on_disk: bool,
}

/// A file format.
pub struct Format {
    /// As it stands in messages.
    pub name: &'static str,
    /// It holds scans of patients and animals, not microscopy.
    pub is_scan: bool,
    /// Usual extensions in lower case, for finding files in folders. They do not decide how a file is read.
    pub extensions: &'static [&'static str],
    /// Looks at the first bytes of a file (up to 512).
    pub detect: fn(&[u8]) -> bool,
    /// Looks at its header: what it will be, and what reading takes. Opening gives every error that this gives.
    pub examine: fn(&Input, &Options) -> Result<Extent>,
    /// Reads it.
    pub read: fn(&Input, &Options) -> Result<Scan>,
}

/// Every format, in the order in which they are tried: DICOM first, since its free bytes may hold the magic of another.
pub const FORMATS: &[&Format] = &[
    &dicom::FORMAT,
    &nifti::FORMAT,
    &tiff::FORMAT,
    &raster::PNG,
    &raster::JPEG,
    &raster::BMP,
    &ome::companion::FORMAT,
];

const HEAD_BYTES: usize = 512;

/// The format of a file by its first bytes, if it is one that is read.
pub fn format_of(path: &Path) -> Option<&'static Format> {
    let head = Source::open(path).and_then(|s| s.head(HEAD_BYTES)).ok()?;
    FORMATS.iter().copied().find(|f| (f.detect)(&head))
}

/// Reads an image. A folder is read if it holds exactly one DICOM series.
///
/// # Errors
/// The file cannot be read, is damaged, is of a variant that is not read, or passes a limit; the error names the file.
pub fn open(path: &Path, options: &Options) -> Result<Scan> {
    let read = || {
        if path.is_dir() {
            return dicom::read_folder(path, options);
        }
        let input = Input { path, source: Source::open(path)?, on_disk: true };
        read_input(&input, options)
    };
    read().map_err(|e| e.at(path))
}

/// What an image will be, what reading it takes, and which files belong to it, from headers alone: cheap, and with every error
/// that a header can give. It needs no thread but its own.
///
/// # Errors
/// As [`open`], as far as headers tell.
pub fn examine(path: &Path, options: &Options) -> Result<Extent> {
    let look = || {
        if path.is_dir() {
            return dicom::examine_folder(path, options);
        }
        let input = Input { path, source: Source::open(path)?, on_disk: true };
        examine_input(&input, options)
    };
    look().map_err(|e| e.at(path))
}

/// As [`examine`], of an image in memory.
///
/// # Errors
/// As [`open_bytes`], as far as headers tell.
pub fn examine_bytes(bytes: &[u8], name: &str, options: &Options) -> Result<Extent> {
    let input = Input { path: Path::new(name), source: Source::bytes(bytes), on_disk: false };
    examine_input(&input, options).map_err(|e| e.at(input.path))
}

/// Reads an image from memory. `name` stands in messages.
///
/// # Errors
/// As [`open`]; sets of several files cannot be read this way.
pub fn open_bytes(bytes: &[u8], name: &str, options: &Options) -> Result<Scan> {
    let input = Input { path: Path::new(name), source: Source::bytes(bytes), on_disk: false };
    read_input(&input, options).map_err(|e| e.at(input.path))
}

/// The deepest folder that holds all of these folders.
pub(crate) fn common_folder<'a>(mut folders: impl Iterator<Item = &'a Path>) -> PathBuf {
    let mut common = folders.next().map(Path::to_path_buf).unwrap_or_default();
    for folder in folders {
        while !folder.starts_with(&common) && common.pop() {}
    }
    common
}

/// The format of a file by its first bytes.
fn format(input: &Input) -> Result<&'static Format> {
    let head = input.source.head(HEAD_BYTES)?;
    // Also of what looks like a format that is read, and is a preview only.
    if let Some(foreign) = foreign::recognise(input.path, &head) {
        return Err(foreign.error());
    }
    if let Some(format) = FORMATS.iter().copied().find(|f| (f.detect)(&head)) {
        return Ok(format);
    }
    let names: Vec<_> = FORMATS.iter().map(|f| f.name).collect();
    Err(Error::unsupported(format!("not an image in a format that is read ({})", names.join(", "))))
}

fn examine_input(input: &Input, options: &Options) -> Result<Extent> {
    let format = format(input)?;
    (format.examine)(input, options)
}

fn read_input(input: &Input, options: &Options) -> Result<Scan> {
    let format = format(input)?;
    let mut scan = (format.read)(input, options)?;
    if !format.is_scan {
        scan.warnings.extend(scan.channels.iter().filter_map(empty_channel).collect::<Vec<_>>());
    }
    Ok(scan)
}

/// What to say of a channel of which all pixels are the same.
fn empty_channel(channel: &Channel) -> Option<String> {
    let samples = channel.volume.samples.host().ok()?;
    let first = *samples.first().filter(|first| samples.len() > 1 && samples.iter().all(|s| s == *first))?;
    let value = channel.volume.scale.value(f64::from(first));
    Some(format!("the channel {} is empty: every pixel is {value}", channel.name))
}

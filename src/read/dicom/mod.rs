//! DICOM: series of one file a slice, and single files of one or several frames.
//!
//! | read | |
//! |---|---|
//! | syntaxes | implicit, explicit, big-endian, deflated; RLE, JPEG baseline and lossless, JPEG 2000 |
//! | numbers | 1, 8, 16 and 32 bits, signed and unsigned, any BitsStored; floats of 32 bits |
//! | colour | grey, palette (the index is the value), RGB, YBR made RGB |
//! | series | one scan wherever its files lie; all of it must be there; projections and screenshots are none |
//! | volumes | sorted by position; gaps, doubles and tilt are errors that name the files; one time point or gate is read |
//! | values | slope and intercept of each slice; PET becomes SUV by `crate::pet::suv` |
//!
//! Not read, with an error that names it: JPEG-LS, JPEG XL, video, floats of 64 bits. A file is parsed here and not by a general
//! library, so that no size in a damaged one is believed before it is checked. Of the patient weight, height and sex are looked
//! at for SUV, and PatientID goes to the tables of PET; names go nowhere. After PS3.3, PS3.5 and PS3.10 of the standard.

mod codec;
mod complete;
mod copies;
mod directions;
mod find;
mod frame;
mod header;
mod kind;
mod padding;
mod pet;
mod pieces;
mod pixels;
mod real_world;
mod regions;
mod series;
mod set;
mod slice;
mod source;
mod stack;
mod syntax;
mod values;
mod volume;

pub use find::{find_series, find_whole_series};
pub use regions::{Drawn, regions};
pub use series::{FoundSeries, Other, Series, is_dicom};
pub use source::{DicomSource, SourceFrame, source};

use super::extent::Extent;
use super::{Format, Input, Options, Source};
use crate::image::Scan;
use crate::pet::suv::Identity;
use crate::{Error, Result};
use header::Header;
use pixels::Pixels;
use std::path::{Path, PathBuf};
use volume::Plan;

/// DICOM.
pub const FORMAT: Format = Format {
    name: "DICOM",
    is_scan: true,
    extensions: &["dcm", "dicom", "ima"],
    detect: header::detect,
    examine,
    read,
};

/// A file of an image.
struct File<'a> {
    path: PathBuf,
    header: Header,
    pixels: Pixels,
    /// Its bytes, where they are open already.
    source: Option<&'a Source<'a>>,
}

impl File<'_> {
    /// Looks at the header.
    fn new(path: &Path, source: &Source, options: &Options) -> Result<Self> {
        let mut header = Header::look(source)?.measured(source, options.max_bytes)?;
        let pixels = Pixels::new(&header, source)?;
        header.keep(pixels.end().unwrap_or(u64::MAX));
        Ok(File { path: path.to_path_buf(), header, pixels, source: None })
    }

    /// Makes deflated pixels ready.
    fn unpack(&mut self) -> Result<()> {
        let opened;
        let source = match self.source {
            Some(source) => source,
            None => {
                opened = Source::open(&self.path)?;
                &opened
            }
        };
        self.header.unpack(source)
    }

    fn open(path: &Path, options: &Options) -> Result<Self> {
        let file = || File::new(path, &Source::open(path)?, options);
        file().map_err(|e| e.at(path))
    }
}

/// Whose scan a file is, as far as its header can be read.
pub fn identity(source: &Source) -> Option<Identity> {
    let header = Header::look(source).ok()?;
    Some(pet::identity(|tag| header.set.text(tag)))
}

fn plan<'a>(input: &'a Input, options: &Options) -> Result<Plan<'a>> {
    options.only_image()?;
    let mut file = File::new(input.path, &input.source, options)?;
    file.source = Some(&input.source);
    Plan::new(vec![file], options)
}

fn examine(input: &Input, options: &Options) -> Result<Extent> {
    plan(input, options).map(|plan| plan.extent)
}

fn read(input: &Input, options: &Options) -> Result<Scan> {
    plan(input, options)?.read(options)
}

/// What a series will be, from the headers of its files.
///
/// # Errors
/// As [`read_series`], as far as headers tell.
pub fn examine_series(series: &Series, options: &Options) -> Result<Extent> {
    options.only_image()?;
    damage(series, options).map_err(|e| e.at(&series.folder))?;
    let mut files = Vec::new();
    let mut bytes = 0u64;
    for path in &series.files {
        let file = File::open(path, options)?;
        bytes = bytes.saturating_add(file.header.memory());
        options.afford("the headers of the series", bytes.into(), 1).map_err(|e| e.at(&series.folder))?;
        files.push(file);
    }
    Plan::new(files, options).map(|plan| plan.extent).map_err(|e| e.at(&series.folder))
}

/// Reads a series as one volume.
///
/// # Errors
/// A file cannot be read, the slices do not make one volume, or no SUV can be worked out; the error names the file or tag.
pub fn read_series(series: &Series, options: &Options) -> Result<Scan> {
    use rayon::prelude::*;
    options.only_image()?;
    let mut notes = series.notes.clone();
    notes.extend(damage(series, options).map_err(|e| e.at(&series.folder))?);
    let files = series.files.par_iter().map(|path| File::open(path, options)).collect::<Vec<_>>();
    let files = files.into_iter().collect::<Result<Vec<_>>>()?;
    let mut scan = Plan::new(files, options).and_then(|plan| plan.read(options)).map_err(|e| e.at(&series.folder))?;
    scan.warnings.splice(0..0, notes);
    scan.notes.splice(0..0, series.remarks.iter().cloned());
    Ok(scan)
}

/// A series without its damaged files is another one: refused, or noted where the user allows it.
fn damage(series: &Series, options: &Options) -> Result<Option<String>> {
    let Some((path, reason)) = series.damaged.first() else { return Ok(None) };
    let (n, name) = (series.damaged.len(), path.file_name().unwrap_or_default().to_string_lossy());
    let what = format!("{n} of its files {} damaged, the first is {name}: {reason}", if n == 1 { "is" } else { "are" });
    if options.incomplete { Ok(Some(what)) } else { Err(complete::missing(what)) }
}

/// Reads the only image series of a folder.
///
/// # Errors
/// There is none or more than one; the error names them.
pub fn read_folder(folder: &Path, options: &Options) -> Result<Scan> {
    read_series(&only_series(folder)?, options)
}

/// What the only image series of a folder will be.
///
/// # Errors
/// As [`read_folder`].
pub fn examine_folder(folder: &Path, options: &Options) -> Result<Extent> {
    examine_series(&only_series(folder)?, options)
}

fn only_series(folder: &Path) -> Result<Series> {
    let entries = std::fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    let files: Vec<PathBuf> = entries.into_iter().map(|e| e.path()).filter(|p| is_dicom(p)).collect();
    let found = find_series(&files);
    match found.series.as_slice() {
        [one] => Ok(one.clone()),
        [] if found.others.is_empty() => Err(Error::unsupported("is a folder").remedy("the files in it")),
        [] => {
            let Other { path, reason, .. } = &found.others[0];
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Err(Error::unsupported(format!("no DICOM image in the folder: {name} is {reason}")))
        }
        all => {
            let names: Vec<String> = all.iter().map(Series::to_string).collect();
            Err(Error::usage(format!("{} DICOM series in one folder: {}", all.len(), names.join(", ")))
                .remedy("a folder for each series"))
        }
    }
}

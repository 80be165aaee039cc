//! Reading an image that is stored as one file a channel: the files have to be one grid, in one place, of one patient.

use super::grid::{Grid, Order, order};
use super::pattern::FileSet;
use super::{Extent, Options, examine, open};
use crate::device::Buffer;
use crate::image::{InTurn, Scan, Volume};
use crate::table::{Cells, Table};
use crate::units::{Shape, Spacing, Unit};
use crate::{Error, Result};

/// Reads the files of one image. A channel is named as in its file name; a file with several channels adds their own names.
///
/// # Errors
/// A channel is missing, a file cannot be read, or the files have different sizes, calibrations, places or patients.
pub fn open_set(set: &FileSet, options: &Options) -> Result<Scan> {
    open_each(set, options, &|_| true)
}

/// The same of a set whose [`Extent`] says that its channels can be read in turn, of which only the channels `kept` stay in memory; the others
/// are read again when they are asked for.
///
/// # Errors
/// As [`open_set`].
pub fn open_set_in_turn(set: &FileSet, options: &Options, kept: &[usize]) -> Result<Scan> {
    let scan = open_each(set, options, &|file| kept.contains(&file))?;
    let (set, options, onto) = (set.clone(), options.clone(), place(&scan));
    let again = move |wanted: &[usize]| {
        let volume = |i: &usize| {
            let missing = || Error::usage(format!("image {} has no channel {i}", set.name));
            let (channel, path) = set.files.get(*i).ok_or_else(missing)?;
            let mut scan = open(path, &options)?;
            if let Some(order) = order_onto(&scan, &onto, channel, &set)? {
                reorder(&mut scan, order)?;
            }
            Ok(scan.channels.pop().ok_or_else(missing)?.volume)
        };
        wanted.iter().map(volume).collect()
    };
    Ok(Scan { in_turn: Some(InTurn::new(again)), ..scan })
}

/// Reads all files, and lets the samples go of those that are not kept.
fn open_each(set: &FileSet, options: &Options, is_kept: &dyn Fn(usize) -> bool) -> Result<Scan> {
    complete(set)?;
    let mut whole: Option<Scan> = None;
    for (i, (channel, path)) in set.files.iter().enumerate() {
        let mut scan = open(path, options)?;
        if !is_kept(i) {
            scan.channels.iter_mut().for_each(|c| c.volume.samples = Buffer::InFile(c.volume.shape.len()));
        }
        let names: Vec<String> = scan.channels.iter().map(|c| c.name.clone()).collect();
        scan.channels.iter_mut().zip(channel_names(channel, &names)).for_each(|(c, name)| c.name = name);
        match &mut whole {
            None => whole = Some(scan),
            Some(whole) => add(whole, scan, channel, set).map_err(|e| e.at(path))?,
        }
    }
    let mut whole = whole.ok_or_else(|| Error::usage(format!("image {} has no files", set.name)))?;
    whole.facts.push(("files".into(), set.files.len().to_string()));
    Ok(whole)
}

/// Adds the channels of a further file.
fn add(whole: &mut Scan, mut scan: Scan, channel: &str, set: &FileSet) -> Result<()> {
    alike(set, channel, (scan.shape, scan.spacing), (whole.shape, whole.spacing))?;
    one_patient(&whole.audit, &scan.audit, channel, set)?;
    let onto = place(whole);
    if let Some(order) = order_onto(&scan, &onto, channel, set)? {
        reorder(&mut scan, order)?;
        scan.notes.push(format!("stored in another order ({order}) and reordered; no voxel changed"));
    } else if onto.is_some() != place(&scan).is_some() {
        scan.warnings.push(format!(
            "one of the files of image {} does not say where it lies in the patient; voxels were taken as they are stored",
            set.name
        ));
    }
    scan.channels.iter_mut().for_each(|c| c.volume.spacing = whole.spacing);
    whole.channels.append(&mut scan.channels);
    whole.warnings.extend(scan.warnings.into_iter().map(|n| format!("{channel}: {n}")));
    whole.notes.extend(scan.notes.into_iter().map(|n| format!("{channel}: {n}")));
    if says_more(&scan.audit, &whole.audit) {
        (whole.audit, whole.sul_factor) = (scan.audit, scan.sul_factor);
        whole.notes.push(format!("{channel}: the columns of SUV are those of this file"));
    }
    Ok(())
}

/// Where an image lies, if it says so.
fn place(scan: &Scan) -> Option<Grid> {
    Some(Grid { shape: scan.shape, spacing: scan.spacing?, patient_grid: scan.patient_grid? })
}

/// How the voxels of a file have to be counted to lie as those of the first file; nothing if they do.
fn order_onto(scan: &Scan, onto: &Option<Grid>, channel: &str, set: &FileSet) -> Result<Option<Order>> {
    let (Some(from), Some(onto)) = (place(scan), onto) else { return Ok(None) };
    let order = order(&from, onto).map_err(|difference| {
        let what =
            format!("channel {channel} lies on another grid than the first file of image {}: {difference}", set.name);
        Error::format(what).remedy(RESAMPLE)
    })?;
    Ok(Some(order).filter(|order| *order != Order::STORED))
}

fn reorder(scan: &mut Scan, order: Order) -> Result<()> {
    for c in scan.channels.iter_mut().filter(|c| !matches!(c.volume.samples, Buffer::InFile(_))) {
        let samples = order.of(c.volume.samples.host()?, c.volume.shape);
        c.volume = Volume { samples: Buffer::on_host(samples), ..c.volume.clone() };
    }
    Ok(())
}

/// Refuses scans of two patients as one image.
fn one_patient(first: &Table, one: &Table, channel: &str, set: &FileSet) -> Result<()> {
    match (first.first_text("patient_id"), one.first_text("patient_id")) {
        (Some(a), Some(b)) if a != b => {
            let what =
                format!("channel {channel} is of patient {b}, the first file of image {} of patient {a}", set.name);
            Err(Error::format(what)
                .remedy("a pattern that tells patients apart, or PatientID in the sidecars as it is"))
        }
        _ => Ok(()),
    }
}

/// One row says how a dose became SUV, the other does not.
fn says_more(one: &Table, other: &Table) -> bool {
    let has_dose = |audit: &Table| matches!(audit.column("dose_mbq").map(|c| &c.cells), Some(Cells::Real(v)) if v.iter().any(Option::is_some));
    let has_rule = |audit: &Table| audit.first_text("suv_rule").is_some();
    (has_dose(one), has_rule(one)) > (has_dose(other), has_rule(other))
}

/// What the image of a set will be, from headers alone: see [`examine`].
///
/// # Errors
/// As [`open_set`], as far as headers tell.
pub fn examine_set(set: &FileSet, options: &Options) -> Result<Extent> {
    complete(set)?;
    let mut whole: Option<Extent> = None;
    for (channel, path) in &set.files {
        let mut one = examine(path, options)?;
        one.names = channel_names(channel, &one.names);
        // Files of several channels are read as a whole.
        one.in_turn = one.channels == 1;
        let Some(whole) = &mut whole else {
            whole = Some(one);
            continue;
        };
        alike(set, channel, (one.shape, one.spacing), (whole.shape, whole.spacing)).map_err(|e| e.at(path))?;
        // They are read one after the other.
        whole.reading = whole.reading.max(one.reading);
        whole.channels += one.channels;
        whole.in_turn &= one.in_turn;
        whole.names.extend(one.names);
        whole.files.extend(one.files);
    }
    let mut whole = whole.ok_or_else(|| Error::usage(format!("image {} has no files", set.name)))?;
    if set.files.len() > 1 && whole.spacing.is_some_and(|s| s.unit == Unit::Mm) {
        // A file in another order is copied.
        whole.reading = whole.reading.saturating_add(whole.samples(1));
    }
    whole.within(options)
}

/// The channels of a file of a set.
fn channel_names(channel: &str, own: &[String]) -> Vec<String> {
    match own {
        [_] => vec![channel.to_string()],
        _ => own.iter().map(|name| format!("{channel}_{name}")).collect(),
    }
}

/// Refuses a set without files, or without one that other images have.
fn complete(set: &FileSet) -> Result<()> {
    let Some((_, first)) = set.files.first() else {
        return Err(Error::usage(format!("image {} has no files", set.name)));
    };
    if set.missing.is_empty() {
        return Ok(());
    }
    let what = format!("image {} has no file for channel {}", set.name, set.missing.join(", "));
    Err(Error::format(what).at(first).remedy(
        "the missing file, a pattern that leaves this image out, or {channel:1}{_} where names end in what is another one for each file",
    ))
}

/// Size and calibration of a channel or of a whole image.
type Measure = (Shape, Option<Spacing>);

const RESAMPLE: &str = "a copy of one file on the grid of the other, resampled by the program that registers them";

/// Sides of voxels that differ by no more than this share are one: affines are stored in 32 bits.
const SAME_SIDE: f64 = 1e-5;

/// Refuses a file unlike the first one.
fn alike(set: &FileSet, channel: &str, one: Measure, first: Measure) -> Result<()> {
    let in_patient = [one.1, first.1].iter().flatten().any(|s| s.unit == Unit::Mm);
    if one.0 != first.0 {
        let what = format!("channel {channel} is {}, the first file of image {} is {}", one.0, set.name, first.0);
        let e = Error::format(what);
        return Err(if in_patient { e.remedy(RESAMPLE) } else { e });
    }
    let is_one = match (one.1, first.1) {
        (Some(a), Some(b)) => a.to(b.unit).zyx.iter().zip(b.zyx).all(|(a, b)| (a - b).abs() <= SAME_SIDE * b),
        (a, b) => a == b,
    };
    if is_one {
        return Ok(());
    }
    let words = |s: Option<Spacing>| match s {
        Some(Spacing { zyx: [z, y, x], unit }) => format!("{z} x {y} x {x} {}", unit.name()),
        None => "no size of a voxel".into(),
    };
    let what = format!(
        "channel {channel} has {}, the first file of image {} has {} (z, y, x)",
        words(one.1),
        set.name,
        words(first.1)
    );
    Err(Error::format(what).remedy(match (in_patient, one.0.is_flat()) {
        (true, _) => RESAMPLE,
        (false, true) => "--set spacing_um_replace=0.65 (the size of a pixel, of all files)",
        (false, false) => "--set \"spacing_um_replace=[2,0.65,0.65]\" (along z, y and x, of all files)",
    }))
}

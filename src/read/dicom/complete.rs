//! Whether a PET series is all there: its slices held against what its headers say.
//!
//! | fact | held against | where they differ |
//! |---|---|---|
//! | NumberOfSlices (0054,0081) | places of slices | fewer: refused; more: a note |
//! | NumberOfTimeSlices (0054,0101) | time points | fewer: a note |
//! | SliceThickness (0018,0050), SpacingBetweenSlices (0018,0088) | distance of slices | half as far again and more: refused |
//! | InstanceNumber (0020,0013) | begins with 1, where NumberOfSlices is not said | a note |
//! | one slice | where NumberOfSlices is not said | a note |
//!
//! `files.incomplete = true` makes a note of each refusal.

use super::File;
use super::stack::Stack;
use crate::read::Options;
use crate::{Error, Result};
use dicom_dictionary_std::tags;

/// Slices of PET lie side by side. Farther apart than this many times their thickness, some are missing.
const APART: f64 = 1.4;

/// Checks a series; what is only worth a word goes into the notes of the stack.
///
/// # Errors
/// Slices are missing, and the user has not allowed it.
pub fn check(files: &[File], first: &File, stack: &mut Stack, options: &Options) -> Result<()> {
    let set = &first.header.set;
    let found = stack.slices.len();
    let said = set.whole(tags::NUMBER_OF_SLICES).filter(|n| *n > 0).and_then(|n| usize::try_from(n).ok());
    if let Some(said) = said.filter(|said| *said > found) {
        lost(format!("{found} of {said} slices are there: NumberOfSlices (0054,0081) is {said}"), stack, options)?;
    }
    if let Some(said) = said.filter(|said| *said < found) {
        stack.notes.push(format!("{found} slices, but NumberOfSlices (0054,0081) is {said}"));
    }
    let times = set.whole(tags::NUMBER_OF_TIME_SLICES).and_then(|n| usize::try_from(n).ok());
    if let Some(said) = times.filter(|n| *n > stack.times) {
        stack.notes.push(format!("{} of {said} time points are there (NumberOfTimeSlices)", stack.times));
    }
    let distance = set.number(tags::SPACING_BETWEEN_SLICES).map(f64::abs);
    let thick = set.number(tags::SLICE_THICKNESS).into_iter().chain(distance).filter(|v| *v > 0.0).reduce(f64::max);
    if let (Some(thick), Some(step), true) = (thick, stack.spacing.map(|s| s.zyx[0]), found > 1)
        && step > APART * thick
    {
        let what = format!("slices lie {step:.3} mm apart, but are {thick:.3} mm thick: some are missing");
        lost(what, stack, options)?;
    }
    let number = |f: &File| f.header.set.whole(tags::INSTANCE_NUMBER);
    if let (None, Some(least), true) = (said, files.iter().filter_map(number).min(), files.len() > 1)
        && least > 1
    {
        stack.notes.push(format!("the first InstanceNumber is {least}: slices before it may be missing"));
    }
    if let (None, [_], 1) = (said, files, found) {
        stack.notes.push("one slice, and no NumberOfSlices (0054,0081): the rest of the series may be missing".into());
    }
    Ok(())
}

fn lost(what: String, stack: &mut Stack, options: &Options) -> Result<()> {
    if !options.incomplete {
        return Err(missing(what));
    }
    stack.notes.push(format!("{what}; taken all the same (files.incomplete)"));
    Ok(())
}

/// An error that the user may allow.
pub fn missing(what: String) -> Error {
    Error::format(what).remedy("the whole series, or --set files.incomplete=true to take what is there")
}

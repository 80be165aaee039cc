//! Label maps (DICOM Supplement 243): a voxel has the number of its segment.
//!
//! The background is what PixelPaddingValue says, whether a segment describes it or not. Without that element it is the segment
//! of the type Background, and 0 where no segment has that number.

use super::{File, Named, Sheet, choose, plural};
use crate::read::dicom::frame;
use crate::read::dicom::pixels::Pixels;
use crate::read::dicom::set::Set;
use crate::read::grid::Grid;
use crate::read::numbers::Kind;
use crate::{Error, Result};
use dicom_dictionary_std::tags;
use std::collections::{BTreeMap, BTreeSet};

/// Code of the type Background in the scheme DCM.
const BACKGROUND: &str = "125040";
/// A value that means nothing.
const UNKNOWN: u32 = u32::MAX;

/// Reads the frames of a label map; `places` are their slices in `own`.
pub fn read(file: &File, pixels: &Pixels, own: &Grid, places: &[usize]) -> Result<Sheet> {
    if pixels.kind != Kind::Uint {
        return Err(Error::format("a label map of samples that are not unsigned whole numbers"));
    }
    let segments = segments(&file.header.set)?;
    let picked = choose(segments.regions.clone(), file.pick)?;
    let table = segments.table(&picked);
    let mut sheet = Sheet::new(own.shape, file.options)?;
    let (mut voxels, mut unknown) = (vec![0usize; picked.len() + 1], BTreeMap::<u32, usize>::new());
    let (mut plane, mut filled) = (vec![0u32; pixels.plane()], BTreeSet::new());
    for (frame, &z) in places.iter().enumerate().take(pixels.frames) {
        if !filled.insert(z) {
            return Err(Error::format("two frames of a label map at one place"));
        }
        frame::read(file.header, file.source, pixels, frame, &mut [&mut plane])?;
        let labels = sheet.labels.chunks_exact_mut(pixels.plane()).nth(z).unwrap_or_default();
        for (label, value) in labels.iter_mut().zip(&plane) {
            match table.get(*value as usize).copied().unwrap_or(UNKNOWN) {
                UNKNOWN => *unknown.entry(*value).or_default() += 1,
                number => {
                    *label = number;
                    voxels[number as usize] += 1;
                }
            }
        }
    }
    if let Some((value, count)) = unknown.iter().max_by_key(|(_, count)| **count) {
        let all: usize = unknown.values().sum();
        let of = plural(all, "voxel");
        let what = format!("{of} of the label map left out, of values that no segment describes ({value} in {count})");
        sheet.notes.push(what);
    }
    sheet.number(&picked, &voxels);
    Ok(sheet)
}

/// What the values of a label map mean.
struct Segments {
    regions: Vec<Named>,
    background: BTreeSet<i64>,
}

fn segments(set: &Set) -> Result<Segments> {
    let (mut regions, mut typed) = (Vec::new(), BTreeSet::new());
    for item in set.items(tags::SEGMENT_SEQUENCE)? {
        let named = Named::of_segment(&item)?;
        let kind = item.item_of(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE)?;
        let is_background = |code: Set| {
            let scheme = code.text(tags::CODING_SCHEME_DESIGNATOR);
            code.text(tags::CODE_VALUE).as_deref() == Some(BACKGROUND) && scheme.as_deref() == Some("DCM")
        };
        if kind.is_some_and(is_background) {
            typed.insert(named.number);
        }
        regions.push(named);
    }
    let background = match set.whole(tags::PIXEL_PADDING_VALUE) {
        Some(told) => BTreeSet::from([told]),
        None if regions.iter().any(|r| r.number == 0) => typed,
        None => typed.into_iter().chain([0]).collect(),
    };
    regions.retain(|r| !background.contains(&r.number));
    Ok(Segments { regions, background })
}

impl Segments {
    /// By value: the place of its segment in `picked`, from 1 on; 0 for the background and for segments that are not wanted.
    fn table(&self, picked: &[Named]) -> Vec<u32> {
        let mut table = vec![UNKNOWN; 1 << 16];
        let mut set = |value: i64, number: u32| {
            usize::try_from(value).ok().and_then(|v| table.get_mut(v)).into_iter().for_each(|n| *n = number);
        };
        self.regions.iter().for_each(|region| set(region.number, 0));
        self.background.iter().for_each(|value| set(*value, 0));
        picked.iter().zip(1..).for_each(|(region, number)| set(region.number, number));
        table
    }
}

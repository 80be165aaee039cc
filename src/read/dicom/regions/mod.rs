//! Regions that a DICOM file holds, brought onto the grid of an image: contours (RTSTRUCT) and segmentations (SEG).
//!
//! Regions get the numbers 1, 2, ... in the order of their numbers in the file. A voxel can belong to one region only, so regions
//! that overlap cannot be taken together; the error names both. Which ones are taken is chosen by name.

mod label_map;
mod polygon;
mod references;
mod rtstruct;
mod seg;

pub use references::{Drawn, references};

use super::header::Header;
use super::set::Set;
use crate::image::{Regions, Scan};
use crate::read::grid::Grid;
use crate::read::{Options, Pick, Source};
use crate::table::Cells;
use crate::units::Shape;
use crate::{Error, Result};
use dicom_dictionary_std::tags;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// Name of the fact of a scan that tells its frame of reference.
pub const FRAME_FACT: &str = "frame of reference";

/// A short mark of a frame of reference, since UIDs of patients' data go nowhere; the same UID has the same mark.
pub fn frame_mark(uid: &str) -> String {
    Sha256::digest(uid.as_bytes()).iter().take(4).map(|b| format!("{b:02x}")).collect()
}

/// Reads the regions of a DICOM file.
///
/// # Errors
/// The file is damaged or holds no regions, no region has the wanted name, or they do not lie on the grid of the image.
pub fn regions(path: &Path, scan: &Scan, pick: &Pick, options: &Options) -> Result<Regions> {
    let source = Source::open(path)?;
    let header = Header::read(&source, options.max_bytes)?;
    let read = match header.modality().as_str() {
        "RTSTRUCT" => rtstruct::read,
        "SEG" => seg::read,
        other => {
            let what = if other.is_empty() { "a DICOM file without a modality" } else { other };
            return Err(Error::unsupported(format!("{what}: no regions"))
                .remedy("an RTSTRUCT, a DICOM segmentation (SEG), or a label image as NIfTI or OME-TIFF"));
        }
    };
    let (Some(spacing), Some(patient_grid)) = (scan.spacing, scan.patient_grid) else {
        return Err(Error::usage("the image does not say where it lies in the patient")
            .needed_for("regions from DICOM")
            .remedy("the image as DICOM or NIfTI, or the regions as a label image of the same size"));
    };
    let onto = Grid { shape: scan.shape, spacing, patient_grid };
    let mut regions = read(&File { header: &header, source: &source, onto, pick, options })?;
    regions.notes.extend(frame_note(&header.set, scan)?);
    regions.notes.extend(patient_note(&header.set, scan));
    Ok(regions)
}

/// What a reader of regions gets.
struct File<'a> {
    header: &'a Header,
    source: &'a Source<'a>,
    onto: Grid,
    pick: &'a Pick,
    options: &'a Options,
}

/// Says it where regions and image count positions from different places.
fn frame_note(set: &Set, scan: &Scan) -> Result<Option<String>> {
    let drawn = set.items(tags::STRUCTURE_SET_ROI_SEQUENCE)?.first().map(|roi| roi.text(DRAWN_IN));
    let uid = drawn.unwrap_or_else(|| set.text(tags::FRAME_OF_REFERENCE_UID));
    let image = scan.facts.iter().find(|f| f.0 == FRAME_FACT).map(|f| f.1.as_str());
    let differs = matches!((uid, image), (Some(uid), Some(image)) if frame_mark(&uid) != image);
    let note = || "the regions have another frame of reference than the image; their places were taken as they are";
    Ok(differs.then(|| note().into()))
}

/// Says it where regions and image are of different patients.
fn patient_note(set: &Set, scan: &Scan) -> Option<String> {
    let Cells::Text(image) = &scan.audit.column("patient_id")?.cells else { return None };
    let (image, regions) = (image.first()?.as_deref()?.trim(), set.text(tags::PATIENT_ID)?);
    let differ = !image.is_empty() && !regions.trim().is_empty() && image != regions.trim();
    differ.then(|| format!("doubtful: the regions are of patient {}, the image of patient {image}", regions.trim()))
}

const DRAWN_IN: dicom_core::Tag = tags::REFERENCED_FRAME_OF_REFERENCE_UID;

/// A region that a file names.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    number: i64,
    name: String,
}

impl Named {
    /// Number and name of a segment.
    fn of_segment(item: &Set) -> Result<Self> {
        let number = item.whole(tags::SEGMENT_NUMBER);
        let number = number.ok_or_else(|| Error::format("a segment without SegmentNumber (0062,0004)"))?;
        Ok(Named { number, name: item.text(tags::SEGMENT_LABEL).unwrap_or_else(|| format!("segment {number}")) })
    }
}

/// The wanted regions, in the order of their numbers.
fn choose(mut all: Vec<Named>, pick: &Pick) -> Result<Vec<Named>> {
    all.sort_by_key(|r| r.number);
    all.dedup_by_key(|r| r.number);
    let options = glob::MatchOptions { case_sensitive: false, ..Default::default() };
    let mut wanted = vec![pick.names.is_empty(); all.len()];
    for text in &pick.names {
        let glob = glob::Pattern::new(text);
        // A name may hold letters that mean something in a glob.
        let fits = |name: &str| {
            name.to_lowercase() == text.to_lowercase() || glob.as_ref().is_ok_and(|g| g.matches_with(name, options))
        };
        let before = all.iter().filter(|r| fits(&r.name)).count();
        if before == 0 {
            let names: Vec<String> = all.iter().map(|r| format!("\"{}\"", r.name)).collect();
            let there = if names.is_empty() { "none".into() } else { names.join(", ") };
            return Err(Error::usage(format!("no region is named \"{text}\"; there are: {there}"))
                .remedy("regions = [\"NAME\"] in the object set; * stands for anything"));
        }
        wanted.iter_mut().zip(&all).for_each(|(w, r)| *w |= fits(&r.name));
    }
    if all.is_empty() {
        return Err(Error::format("the file names no region"));
    }
    Ok(all.into_iter().zip(wanted).filter(|r| r.1).map(|r| r.0).collect())
}

/// Which voxels of a slice belong to a region, by slice.
type Planes = BTreeMap<usize, Vec<bool>>;

/// The label image that regions are put on one after the other.
struct Sheet {
    shape: Shape,
    labels: Vec<u32>,
    names: BTreeMap<u32, String>,
    notes: Vec<String>,
}

impl Sheet {
    fn new(shape: Shape, options: &Options) -> Result<Self> {
        let voxels = shape.zyx().iter().fold(1u128, |n, v| n.saturating_mul(*v as u128));
        // The labels, and a region while it is drawn.
        options.afford("a label image", voxels, 5)?;
        Ok(Sheet { shape, labels: vec![0; shape.len()], names: BTreeMap::new(), notes: vec![] })
    }

    /// Puts a region on. One without a voxel leaves a note and gets no number.
    fn add(&mut self, name: &str, planes: &Planes) -> Result<()> {
        let plane = self.shape.y * self.shape.x;
        let number = self.names.len() as u32 + 1;
        let mut shared = BTreeMap::<u32, usize>::new();
        let mut voxels = 0usize;
        for (z, mask) in planes {
            let labels = self.labels.chunks_exact_mut(plane).nth(*z).unwrap_or_default();
            for (label, _) in labels.iter_mut().zip(mask).filter(|(_, inside)| **inside) {
                match *label {
                    0 => *label = number,
                    taken => *shared.entry(taken).or_default() += 1,
                }
                voxels += 1;
            }
        }
        if let Some((other, count)) = shared.iter().max_by_key(|(_, count)| **count) {
            let other = self.names.get(other).map_or("", String::as_str);
            let what = format!("the regions \"{other}\" and \"{name}\" overlap in {}", plural(*count, "voxel"));
            return Err(Error::usage(what).remedy("regions = [\"NAME\"] in the object set, one set for each of them"));
        }
        if voxels == 0 {
            self.notes.push(format!("region \"{name}\" has no voxel in the image"));
        } else {
            self.names.insert(number, name.into());
        }
        Ok(())
    }

    /// Names the labels 1 to n, of which `voxels` tells the sizes. Those without a voxel leave a note and get no number.
    fn number(&mut self, regions: &[Named], voxels: &[usize]) {
        let mut numbers = vec![0; voxels.len()];
        for (label, region) in (1..).zip(regions) {
            if voxels[label] == 0 {
                self.notes.push(format!("region \"{}\" has no voxel in the image", region.name));
            } else {
                numbers[label] = self.names.len() as u32 + 1;
                self.names.insert(numbers[label], region.name.clone());
            }
        }
        if self.names.len() < regions.len() {
            self.labels.iter_mut().for_each(|label| *label = numbers[*label as usize]);
        }
    }

    /// The label image with its names.
    fn finish(self) -> Result<Regions> {
        if self.names.is_empty() {
            let why = self.notes.join("; ");
            return Err(Error::usage(format!("no region meets the image: {why}"))
                .remedy("regions of the same patient and examination"));
        }
        Ok(Regions { names: self.names, notes: self.notes, ..Regions::of_voxels(self.shape, &self.labels)? })
    }
}

/// `1 voxel`, `2 voxels`.
fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    fn named() -> Vec<Named> {
        [(7, "Liver"), (2, "GTV_Mass"), (3, "GTV [PET]")]
            .map(|(number, name)| Named { number, name: name.into() })
            .into()
    }

    fn chosen(names: &[&str]) -> Result<Vec<i64>> {
        let names = names.iter().map(|n| n.to_string()).collect();
        Ok(choose(named(), &Pick { names, ..Pick::default() })?.iter().map(|r| r.number).collect())
    }

    #[test]
    fn regions_are_chosen_by_globs_whatever_the_case() {
        assert_eq!(chosen(&[]).unwrap(), [2, 3, 7]);
        assert_eq!(chosen(&["gtv*"]).unwrap(), [2, 3]);
        assert_eq!(chosen(&["LIVER", "GTV_M?ss"]).unwrap(), [2, 7]);
        assert_eq!(chosen(&["gtv [pet]"]).unwrap(), [3]);
        let e = chosen(&["liver", "spleen"]).unwrap_err();
        assert!(e.what.contains("\"spleen\"; there are: \"GTV_Mass\", \"GTV [PET]\", \"Liver\""), "{e}");
    }

    #[test]
    fn a_voxel_has_one_region() {
        let mut sheet = Sheet::new(Shape::new(1, 1, 4), &Options::default()).unwrap();
        let planes = |mask: [bool; 4]| Planes::from([(0, mask.to_vec())]);
        sheet.add("a", &planes([true, true, false, false])).unwrap();
        sheet.add("empty", &planes([false; 4])).unwrap();
        sheet.add("b", &planes([false, false, true, false])).unwrap();
        assert_eq!(sheet.labels, [1, 1, 2, 0]);
        let e = sheet.add("c", &planes([true, true, true, true])).unwrap_err();
        assert_eq!(e.what, "the regions \"a\" and \"c\" overlap in 2 voxels");
    }
}

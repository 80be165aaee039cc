//! Regions that a DICOM file holds, brought onto the grid of an image: contours (RTSTRUCT) and segmentations (SEG).
//!
//! Regions get the numbers 1, 2, ... in the order of their numbers in the file, which they keep beside. A voxel can belong to one region only, so regions
//! that overlap cannot be taken together; the error names both. Which ones are taken is chosen by name.

mod label_map;
mod named;
mod polygon;
mod references;
mod rtstruct;
mod seg;
mod slabs;

pub use references::{Drawn, references};

use super::header::Header;
use super::set::Set;
use crate::image::{Regions, Scan};
use crate::read::grid::Grid;
use crate::read::{Options, Pick, Source};
use crate::units::Shape;
use crate::{Error, Result};
use dicom_dictionary_std::tags;
use named::{Named, choose, in_words, remedy};
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
    let (image, regions) = (scan.audit.first_text("patient_id")?, set.text(tags::PATIENT_ID)?);
    let differ = !regions.trim().is_empty() && image != regions.trim();
    differ.then(|| format!("doubtful: the regions are of patient {}, the image of patient {image}", regions.trim()))
}

const DRAWN_IN: dicom_core::Tag = tags::REFERENCED_FRAME_OF_REFERENCE_UID;

/// Which voxels of a slice belong to a region, by slice.
type Planes = BTreeMap<usize, Vec<bool>>;

/// The label image that regions are put on one after the other.
struct Sheet {
    shape: Shape,
    labels: Vec<u32>,
    regions: BTreeMap<u32, Named>,
    notes: Vec<String>,
}

impl Sheet {
    fn new(shape: Shape, options: &Options) -> Result<Self> {
        let voxels = shape.zyx().iter().fold(1u128, |n, v| n.saturating_mul(*v as u128));
        // The labels, and a region while it is drawn.
        options.afford("a label image", voxels, 5)?;
        Ok(Sheet { shape, labels: vec![0; shape.len()], regions: BTreeMap::new(), notes: vec![] })
    }

    /// Puts a region on. One without a voxel leaves a note and gets no number.
    fn add(&mut self, region: &Named, planes: &Planes) -> Result<()> {
        let plane = self.shape.y * self.shape.x;
        let number = self.regions.len() as u32 + 1;
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
        let most = shared.iter().max_by_key(|(_, count)| **count);
        if let Some((other, count)) = most.and_then(|(other, count)| Some((self.regions.get(other)?, count))) {
            let what = format!("the regions {} overlap in {}", in_words(other, region), plural(*count, "voxel"));
            return Err(Error::usage(what).remedy(remedy(other, region)));
        }
        if voxels == 0 {
            self.notes.push(format!("region \"{}\" has no voxel in the image", region.name));
        } else {
            self.regions.insert(number, region.clone());
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
                numbers[label] = self.regions.len() as u32 + 1;
                self.regions.insert(numbers[label], region.clone());
            }
        }
        if self.regions.len() < regions.len() {
            self.labels.iter_mut().for_each(|label| *label = numbers[*label as usize]);
        }
    }

    /// The label image with its names.
    fn finish(self, pick: &Pick) -> Result<Regions> {
        if self.regions.is_empty() && !pick.may_miss {
            let why = self.notes.join("; ");
            return Err(Error::usage(format!("no region meets the image: {why}"))
                .remedy("regions of the same patient and examination"));
        }
        let in_file = self.regions.iter().map(|(label, region)| (*label, region.number)).collect();
        let names = self.regions.into_iter().map(|(label, region)| (label, region.name)).collect();
        Ok(Regions { in_file, names, notes: self.notes, ..Regions::of_voxels(self.shape, &self.labels)? })
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

    #[test]
    fn a_voxel_has_one_region() {
        let mut sheet = Sheet::new(Shape::new(1, 1, 4), &Options::default()).unwrap();
        let mut add = |number, name: &str, mask: [bool; 4]| {
            sheet.add(&Named { number, name: name.into() }, &Planes::from([(0, mask.to_vec())]))
        };
        add(1, "a", [true, true, false, false]).unwrap();
        add(2, "empty", [false; 4]).unwrap();
        add(3, "b", [false, false, true, false]).unwrap();
        let e = add(4, "c", [true; 4]).unwrap_err();
        assert_eq!(e.what, "the regions \"a\" and \"c\" overlap in 2 voxels");
        assert_eq!(sheet.labels[..3], [1, 1, 2]);
    }
}

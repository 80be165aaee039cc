//! The frames of a segmentation: where each lies, and their voxels.

use super::Found;
use crate::{Error, Result};

/// Frames, one behind the other.
pub struct Frames {
    /// Where each lies.
    pub places: Vec<Place>,
    /// Bits of a voxel: 1 if frames are masks, 8 or 16 if they are label maps.
    pub bits: u16,
    /// Their voxels, without padding between frames.
    pub pixels: Vec<u8>,
}

/// Where a frame lies.
#[derive(Clone, Copy)]
pub struct Place {
    /// The segment that it is a mask of; none in a label map.
    pub segment: Option<u16>,
    /// The slice.
    pub z: usize,
}

impl Frames {
    /// A voxel has the number of its segment.
    pub fn is_label_map(&self) -> bool {
        self.bits > 1
    }

    /// The type of the segmentation.
    pub fn kind(&self) -> &'static str {
        if self.is_label_map() { "LABELMAP" } else { "BINARY" }
    }

    /// What its UIDs follow from.
    pub fn mark(&self) -> &'static str {
        if self.is_label_map() { "LABELMAP" } else { "SEG" }
    }
}

/// A mask for each slice that a segment has voxels in.
pub fn binary(found: &Found) -> Result<Frames> {
    let mut masks = Vec::new();
    for label in 1..=found.labels.count {
        masks.extend(found.slices(label)?.into_iter().map(|(z, runs)| (label, z, runs)));
    }
    let [_, rows, columns] = found.labels.shape.zyx();
    let mut pixels = room(masks.len(), rows * columns, 1)?;
    for (number, (_, _, runs)) in masks.iter().enumerate() {
        for [y, begin, end] in runs {
            for i in (number * rows + y) * columns + begin..(number * rows + y) * columns + end {
                pixels[i / 8] |= 1 << (i % 8);
            }
        }
    }
    let place = |(label, z, _): &(u32, usize, Vec<[usize; 3]>)| Place { segment: Some(*label as u16), z: *z };
    Ok(Frames { places: masks.iter().map(place).collect(), bits: 1, pixels })
}

/// The numbers of segments, from the first slice that has voxels to the last: a volume without gaps.
pub fn label_map(found: &Found) -> Result<Frames> {
    let (shape, runs) = (found.labels.shape, found.labels.runs()?);
    let slices = || (1..=found.labels.count).flat_map(|label| runs.of(label)).map(|run| run.zy(shape)[0]);
    let (first, last) = (slices().min().unwrap_or(0), slices().max().unwrap_or(0));
    let bits = if found.labels.count < 256 { 8 } else { 16 };
    let bytes = usize::from(bits / 8);
    let mut pixels = room(last - first + 1, shape.y * shape.x, usize::from(bits))?;
    for label in 1..=found.labels.count {
        let number = (label as u16).to_le_bytes();
        for run in runs.of(label) {
            let [z, y] = run.zy(shape);
            let row = ((z - first) * shape.y + y) * shape.x;
            let voxels = &mut pixels[(row + run.start as usize) * bytes..(row + run.end as usize) * bytes];
            voxels.chunks_exact_mut(bytes).for_each(|voxel| voxel.copy_from_slice(&number[..bytes]));
        }
    }
    Ok(Frames { places: (first..=last).map(|z| Place { segment: None, z }).collect(), bits, pixels })
}

/// Empty frames, as many bytes as an element may hold at most.
fn room(frames: usize, plane: usize, bits: usize) -> Result<Vec<u8>> {
    let all = frames.checked_mul(plane).and_then(|voxels| voxels.checked_mul(bits));
    let bytes = all.map(|bits| bits.div_ceil(8).next_multiple_of(2)).filter(|bytes| *bytes < u32::MAX as usize);
    Ok(vec![0; bytes.ok_or_else(|| Error::limit("more than 4 GiB of frames: too many for DICOM"))?])
}

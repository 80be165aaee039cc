//! The basins of a split on a device. What they are is written down there and merged on the host; all that the host looks at
//! comes down in one wait.

use super::basins::{CLIMB, NAME, NEIGHBOURS, Params, params};
use super::object_runs::{read_runs, room, write_down};
use super::split_saddles::{Pair, Peak, highest_saddles};
use crate::Result;
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Gpu, GpuBuffer};
use crate::image::{Mask, ObjectRun, Volume, scan_rows};
use crate::units::Shape;
use rayon::prelude::*;

/// Kernels of a split.
pub(super) const KERNELS: &[&Kernel] = &[&ASCEND, &CENSUS, &EMIT, &GREATEST, &PAINT, &CLIMB, &NAME];

const ASCEND: Kernel = Kernel {
    name: "split",
    source: include_str!("../../shaders/split.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("land", "i32"), read("mask", "u32"), write("parent", "u32")],
};

/// Counts the voxels of each basin, or of whatever else has its first voxel for a name.
pub(super) const CENSUS: Kernel = Kernel {
    name: "split_census",
    source: include_str!("../../shaders/split_census.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("parent", "u32"), atomic("size", "u32")],
};

crate::params! {
    struct EmitParams { depth: u32, height: u32, width: u32, peaks: u32, pairs: u32 }
}

const EMIT: Kernel = Kernel {
    name: "split_emit",
    source: include_str!("../../shaders/split_emit.wgsl"),
    shared: NEIGHBOURS,
    params: EmitParams::WGSL,
    arrays: &[
        read("land", "i32"),
        read("parent", "u32"),
        read("size", "u32"),
        atomic("tally", "u32"),
        write("peak", "u32"),
        write("pair", "u32"),
    ],
};

crate::params! {
    struct Round { round: u32 }
}

const GREATEST: Kernel = Kernel {
    name: "split_greatest",
    source: include_str!("../../shaders/split_greatest.wgsl"),
    shared: &[],
    params: Round::WGSL,
    arrays: &[
        read("src", "i32"),
        read("parent", "u32"),
        atomic("best", "u32"),
        read("tally", "u32"),
        read("peak", "u32"),
        write("greatest", "u32"),
    ],
};

const PAINT: Kernel = Kernel {
    name: "split_paint",
    source: include_str!("../../shaders/split_paint.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("parent", "u32"), read("table", "u32"), write("dst", "u32")],
};

/// A voxel outside of the mask leads to no peak.
const NOWHERE: u32 = u32::MAX;

/// The basins of a landscape inside a mask.
pub(super) struct Basins<'a> {
    gpu: &'a Gpu,
    shape: Shape,
    land: GpuBuffer<u32>,
    /// The index of the peak that each voxel leads to.
    parent: GpuBuffer<u32>,
    /// Voxels of each basin, at its peak.
    size: GpuBuffer<u32>,
}

/// What the host knows of the basins.
pub(super) struct Found<T> {
    /// In the order of their indices.
    pub peaks: Vec<Peak>,
    /// The basins that touch, with their highest saddles, in the order of merging.
    pub pairs: Vec<Pair>,
    /// What was asked for beside them.
    pub beside: Vec<T>,
}

/// What a device has written down of the basins.
pub(super) struct Written<T> {
    /// In no order.
    peaks: Vec<Peak>,
    /// The basins that touch, with their highest saddles, in the order of merging.
    pub pairs: Vec<Pair>,
    /// What was asked for beside them.
    beside: T,
}

/// Buffers for peaks and pairs, and how many there are of each.
struct Emitted {
    tally: GpuBuffer<u32>,
    peaks: GpuBuffer<u32>,
    pairs: GpuBuffer<u32>,
}

impl<'a> Basins<'a> {
    /// Finds them.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn new(gpu: &'a Gpu, landscape: &Volume, mask: &Mask) -> Result<Self> {
        let (shape, n, land) = (mask.shape, mask.shape.len(), landscape.samples.gpu()?.cast());
        let (parent, size) = (gpu.alloc::<u32>(n)?, gpu.zeros::<u32>(n)?);
        let p = params(shape);
        gpu.dispatch(&ASCEND, n, &p, &[&land, &mask.voxels.gpu()?.cast(), &parent])?;
        gpu.dispatch(&CLIMB, n, &p, &[&parent])?;
        gpu.dispatch(&CENSUS, n, &p, &[&parent, &size])?;
        Ok(Basins { gpu, shape, land, parent, size })
    }

    /// With the runs of all of them in raster order, each with the number of its peak from 1 on.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn with_runs(&self) -> Result<Found<(u32, ObjectRun)>> {
        let (width, room) = (self.shape.x, room(self.shape.len()));
        let runs = |_: &Emitted| Ok(write_down(self.gpu, &self.parent, width, NOWHERE, room)?.to_vec());
        let Written { mut peaks, pairs, beside } = self.written(runs, |words| read_runs(words, width))?;
        peaks.par_sort_unstable_by_key(|p| p.index);
        let number = |peak: u32| peaks.binary_search_by_key(&peak, |p| p.index).map_or(0, |k| k as u32 + 1);
        let runs = match beside {
            Some(mut runs) => {
                runs.par_iter_mut().for_each(|(peak, _)| *peak = number(*peak));
                runs
            }
            // In noise there are too many: then the pointers themselves come.
            None => scan_rows(&self.parent.download()?, 0, width.max(1), number),
        };
        Ok(Found { peaks, pairs, beside: runs })
    }

    /// With the greatest sample of another volume in each.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn with_greatest(&self, of: &Volume) -> Result<Found<i32>> {
        let (gpu, n, samples) = (self.gpu, self.shape.len(), of.samples.gpu()?.cast());
        let best = gpu.zeros::<u32>(n)?;
        let greatest = |emitted: &Emitted| {
            let room = emitted.peaks.len() / 3;
            let greatest = gpu.alloc::<u32>(room)?;
            let arrays = [&samples, &self.parent, &best, &emitted.tally, &emitted.peaks, &greatest];
            for (round, count) in [(0, n), (1, room)] {
                gpu.dispatch(&GREATEST, count, &Round { round }, &arrays)?;
            }
            Ok(vec![greatest])
        };
        let samples_of = |words: &[&[u32]]| words.concat().iter().map(|key| (key ^ 0x8000_0000) as i32).collect();
        let Written { peaks, pairs, beside } = self.written(greatest, samples_of)?;
        let mut peaks: Vec<(Peak, i32)> = peaks.into_iter().zip::<Vec<i32>>(beside).collect();
        peaks.par_sort_unstable_by_key(|(p, _)| p.index);
        let (peaks, greatest) = peaks.into_iter().unzip();
        Ok(Found { peaks, pairs, beside: greatest })
    }

    /// Gives the voxels of each basin the label of its peak.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn paint(&self, peaks: &[Peak], labels: &[u32]) -> Result<GpuBuffer<u32>> {
        let (gpu, n, p) = (self.gpu, self.shape.len(), params(self.shape));
        let indices = gpu.upload(&peaks.iter().map(|p| p.index).collect::<Vec<_>>())?;
        let (table, voxels) = (gpu.alloc::<u32>(n)?, gpu.alloc::<u32>(n)?);
        gpu.dispatch(&NAME, peaks.len(), &p, &[&indices, &gpu.upload(labels)?, &table])?;
        gpu.dispatch(&PAINT, n, &p, &[&self.parent, &table, &voxels])?;
        Ok(voxels)
    }

    /// Has peaks and pairs written down, and something beside them that is then read, and waits for all of it. How many there are
    /// comes back with them: asking before would be a wait of its own. Where there was too little room it is done again.
    fn written<T>(
        &self,
        beside: impl Fn(&Emitted) -> Result<Vec<GpuBuffer<u32>>>,
        read: impl Fn(&[&[u32]]) -> T,
    ) -> Result<Written<T>> {
        let n = self.shape.len();
        let mut room = [(n / 256).max(1 << 10), (n / 32).max(1 << 13)];
        loop {
            let emitted = self.emit(room)?;
            let mut asked = beside(&emitted)?;
            let Emitted { tally, peaks, pairs } = emitted;
            asked.splice(..0, [tally, peaks, pairs]);
            let (found, written) = self.gpu.ask(&asked)?.read(|words| {
                let found = [0, 1].map(|k| words[0][k] as usize);
                let has_room = found.iter().zip(room).all(|(found, room)| *found <= room);
                let written = has_room.then(|| {
                    let peaks = words[1].as_chunks().0.iter().take(found[0]).map(peak).collect();
                    let pairs = words[2].as_chunks().0.iter().take(found[1]).map(pair).collect();
                    Written { peaks, pairs, beside: read(&words[3..]) }
                });
                (found, written)
            })?;
            if let Some(Written { peaks, pairs, beside }) = written {
                return Ok(Written { peaks, pairs: highest_saddles(pairs), beside });
            }
            room = [0, 1].map(|k| found[k].max(room[k]));
        }
    }

    fn emit(&self, [peaks, pairs]: [usize; 2]) -> Result<Emitted> {
        let gpu = self.gpu;
        let tally = gpu.zeros(2)?;
        let (found, touching) = (gpu.alloc(3 * peaks)?, gpu.alloc(3 * pairs)?);
        let Params { depth, height, width } = params(self.shape);
        let p = EmitParams { depth, height, width, peaks: peaks as u32, pairs: pairs as u32 };
        let arrays = [&self.land, &self.parent, &self.size, &tally, &found, &touching];
        gpu.dispatch(&EMIT, self.shape.len(), &p, &arrays)?;
        Ok(Emitted { tally, peaks: found, pairs: touching })
    }
}

fn peak(&[index, height, size]: &[u32; 3]) -> Peak {
    Peak { index, height: height as i32, size }
}

fn pair(&[a, b, saddle]: &[u32; 3]) -> Pair {
    Pair { a, b, saddle: saddle as i32 }
}

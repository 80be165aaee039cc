//! Which object of one set covers most of each object of another: nuclei to cells, spots to nuclei.
//!
//! For each child the parent with the most voxels in common; at equal counts the lowest label; 0 if it lies in none, though
//! it may lie outside of parents for the most part. Counts are exact.
//! GPU: a hash table of the pairs that occur, with open addressing. A place is claimed by the index of a voxel, whose two
//! labels are its key; which voxel comes first differs from run to run, the counts do not. If the table is too small for
//! the pairs, the work is done again with a larger one. Reference: CellProfiler, RelateObjects.

use super::sizes::dense;
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read};
use crate::device::{Device, Gpu, GpuBuffer};
use crate::image::{Labels, ObjectRun, ObjectRuns};
use crate::{Error, Result};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "overlap",
    summary: "The parent that covers most of each object",
    reference: "CellProfiler RelateObjects",
    kernels: &[&COUNT, &MOST, &CHOOSE],
    uses: &[],
    cases: &[
        Case {
            name: "of noise in labels",
            run: |d, i| {
                let noise = super::pixelwise::above(d, &i.volume(d)?, 30_000)?;
                parents(d, &super::label::label(d, &noise, super::label::Connectivity::Face)?, &i.labels(d)?)
            },
        },
        Case {
            name: "of labels in grown labels",
            run: |d, i| {
                let l = i.labels(d)?;
                parents(d, &l, &super::grow::grow(d, &l, 5.0, [1; 3])?)
            },
        },
        Case {
            name: "of labels that the host knows in grown ones",
            run: |d, i| {
                let l = i.known_labels(d)?;
                let kept: Vec<bool> = (0..=l.count).map(|label| label % 4 == 1).collect();
                let grown = super::grow::grow(d, &super::renumber::select(d, &l, &kept)?, 9.0, [1; 3])?;
                super::object_runs::bring(d, &[&grown])?;
                parents(d, &l, &grown)
            },
        },
        Case {
            name: "of labels in noise",
            run: |d, i| {
                let noise = super::pixelwise::above(d, &i.volume(d)?, 30_000)?;
                parents(d, &i.labels(d)?, &super::label::label(d, &noise, super::label::Connectivity::Face)?)
            },
        },
    ],
};

crate::params! {
    struct Params { mask: u32, tries: u32 }
}

const COUNT: Kernel = Kernel {
    name: "overlap",
    source: include_str!("../../shaders/overlap.wgsl"),
    shared: &[include_str!("../../shaders/shared/hash.wgsl")],
    params: Params::WGSL,
    arrays: &[read("child", "u32"), read("parent", "u32"), atomic("place", "u32"), atomic("tally", "u32")],
};

const MOST: Kernel = Kernel {
    name: "overlap_most",
    source: include_str!("../../shaders/overlap_most.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("child", "u32"), read("place", "u32"), read("tally", "u32"), atomic("most", "u32")],
};

const CHOOSE: Kernel = Kernel {
    name: "overlap_choose",
    source: include_str!("../../shaders/overlap_choose.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[
        read("child", "u32"),
        read("parent", "u32"),
        read("place", "u32"),
        read("tally", "u32"),
        read("most", "u32"),
        atomic("choice", "u32"),
    ],
};

/// For each child, by label, the parent that shares most voxels with it. Index 0, the background, is always 0.
///
/// # Errors
/// Different shapes; labels that are larger than the number of voxels; the device is lost or too small.
pub fn parents(device: &Device, children: &Labels, parents: &Labels) -> Result<Vec<u32>> {
    if children.shape != parents.shape {
        return Err(Error::usage(format!("children of {} and parents of {}", children.shape, parents.shape)));
    }
    dense(children)?;
    match device {
        Device::Cpu => Ok(twin(children.voxels().host()?, parents.voxels().host()?, children.count)),
        Device::Gpu(gpu) => {
            if let (Some(children), Some(parents)) = (children.known_runs(), parents.known_runs()) {
                return Ok(by_runs(children, parents));
            }
            let objects = children.count as usize + parents.count.min(children.voxels().len() as u32) as usize;
            let (child, parent) = (children.voxels().gpu()?, parents.voxels().gpu()?);
            // Never more pairs than voxels, so a table of twice as many ends the search.
            let largest = (2 * child.len()).next_power_of_two().max(2);
            let mut size = (4 * objects + 64).next_power_of_two().min(largest);
            loop {
                match dispatch(gpu, child, parent, children.count, size)? {
                    Some(choice) => return Ok(choice),
                    None => size = (8 * size).min(largest),
                }
            }
        }
    }
}

/// By runs that the host has, so that a device is not asked.
fn by_runs(children: &ObjectRuns, parents: &ObjectRuns) -> Vec<u32> {
    let labelled = |label: u32| parents.of(label).iter().map(move |run| (*run, label));
    let mut all: Vec<(ObjectRun, u32)> = (1..parents.count() + 1).flat_map(labelled).collect();
    // Parents do not overlap, so they end in the order in which they begin.
    all.par_sort_unstable_by_key(|(run, _)| (run.row, run.start));
    let parent = |child: u32| {
        let mut common: BTreeMap<u32, u32> = BTreeMap::new();
        for run in children.of(child) {
            let first = all.partition_point(|(other, _)| (other.row, other.end) <= (run.row, run.start));
            let touching = all[first..].iter().take_while(|(other, _)| other.row == run.row && other.start < run.end);
            for (other, label) in touching {
                *common.entry(*label).or_default() += other.end.min(run.end) - other.start.max(run.start);
            }
        }
        // Labels rise: an equal count does not replace a lower one.
        common.into_iter().fold((0, 0), |best, (label, n)| if n > best.1 { (label, n) } else { best }).0
    };
    let found = (1..children.count() + 1).into_par_iter().map(parent);
    rayon::iter::once(0).chain(found).collect()
}

/// Nothing if the table was too small.
fn dispatch(
    gpu: &Gpu,
    child: &GpuBuffer<u32>,
    parent: &GpuBuffer<u32>,
    count: u32,
    size: usize,
) -> Result<Option<Vec<u32>>> {
    // One more than the table: its last element says that there was no room.
    let (place, tally) = (gpu.zeros(size + 1)?, gpu.zeros(size)?);
    let (most, choice) = (gpu.zeros(count as usize + 1)?, gpu.zeros(count as usize + 1)?);
    // The largest table has room for all: there the search may be as long as it takes.
    let tries = if size > child.len() { u32::MAX } else { 256 };
    let params = Params { mask: size as u32 - 1, tries };
    gpu.dispatch(&COUNT, child.len(), &params, &[child, parent, &place, &tally])?;
    gpu.dispatch(&MOST, size, &params, &[child, &place, &tally, &most])?;
    gpu.dispatch(&CHOOSE, size + 1, &params, &[child, parent, &place, &tally, &most, &choice])?;
    let mut choice = choice.download()?;
    let full = choice.first().is_some_and(|&c| c != 0);
    // Labels are kept as complements, so that the lowest is a maximum over zeros.
    choice.iter_mut().filter(|c| **c != 0).for_each(|c| *c = !*c);
    Ok((!full).then_some(choice))
}

fn twin(children: &[u32], parents: &[u32], count: u32) -> Vec<u32> {
    let block = 1 << 16;
    let counts = children.par_chunks(block).zip(parents.par_chunks(block)).map(|(c, p)| {
        let mut common: HashMap<(u32, u32), u32> = HashMap::new();
        let mut at = 0;
        while at < c.len() {
            let n = c[at..].iter().zip(&p[at..]).take_while(|&(&a, &b)| a == c[at] && b == p[at]).count();
            if c[at] != 0 && p[at] != 0 {
                *common.entry((c[at], p[at])).or_default() += n as u32;
            }
            at += n;
        }
        common.into_iter().collect::<Vec<_>>()
    });
    let mut counts: Vec<((u32, u32), u32)> = counts.flatten_iter().collect();
    counts.par_sort_unstable();
    let mut best = vec![(0u32, 0u32); count as usize + 1];
    for pair in counts.chunk_by(|a, b| a.0 == b.0) {
        let ((child, parent), n) = (pair[0].0, pair.iter().map(|p| p.1).sum());
        // Parents come in rising order: an equal count does not replace a lower one.
        if let Some(best) = best.get_mut(child as usize).filter(|b| b.0 < n) {
            *best = (n, parent);
        }
    }
    best.into_iter().map(|b| b.1).collect()
}

#[cfg(test)]
mod tests {
    //! Oracle.
    use super::*;
    use crate::ops::naive::images;
    use crate::units::Shape;

    #[test]
    fn the_most_voxels_then_the_lowest_label() {
        let shape = Shape::flat(3, 4);
        let children = Labels::new(shape, vec![1, 1, 2, 2, 1, 3, 2, 2, 3, 4, 4, 4]).unwrap();
        let owners = Labels::new(shape, vec![9, 9, 8, 7, 1, 5, 7, 8, 6, 0, 0, 3]).unwrap();
        assert_eq!(parents(&Device::Cpu, &children, &owners).unwrap(), [0, 9, 7, 5, 3]);
    }

    #[test]
    fn counting_pair_by_pair_gives_the_same() {
        for ((shape, children), (_, mut owners)) in images(7).into_iter().zip(images(4).into_iter().rev()) {
            owners.resize(children.len(), 2);
            let set = |v: &Vec<u32>| Labels::new(shape, v.clone()).unwrap();
            if children.iter().any(|&c| c as usize > children.len()) {
                continue;
            }
            let got = parents(&Device::Cpu, &set(&children), &set(&owners)).unwrap();
            for (child, &parent) in got.iter().enumerate().skip(1) {
                let shared =
                    |p: u32| children.iter().zip(&owners).filter(|&(&c, &o)| c as usize == child && o == p).count();
                let most = (1..=4).map(shared).max().unwrap_or(0);
                let want = (1..=4).find(|&p| most > 0 && shared(p) == most).unwrap_or(0);
                assert_eq!(parent, want, "{shape} child {child}");
            }
        }
    }
}

//! Watershed from markers: every voxel belongs to the marker that it reaches over the lowest pass.
//!
//! Voxels of a marker are one node of a graph. Every other voxel points at the lowest of itself and its 8 (26)
//! neighbours: lower landscape first, then lower index. Following the pointers leads to a marker or to the bottom of a
//! basin, which is another node. (Were markers lower than all else here too, a voxel behind a narrow ridge would fall to
//! the marker in front of it.) Two nodes that touch are joined by an edge of height `max(L[p], L[q])`, the lowest over
//! their neighbouring voxels p, q; here the voxels of markers are as low as can be. Edges are taken in order
//! (height, then nodes) and join what they connect, unless both sides have a marker already: the minimum spanning
//! forest with one marker a tree. As no two edges are equal in that order the answer is unique. Voxels that no marker
//! can be reached from are 0. Labels keep the numbers of the markers.
//!
//! Bit budget: landscape of 32 bits, compared only; the edges are joined on the host.
//! Reference: Meyer 1994; Cousty et al., IEEE TPAMI 31 (2009) 1362 (watershed cuts); `skimage.segmentation.watershed`,
//! which has other ties.

use super::basins::{CLIMB, NAME, NEIGHBOURS, Neighbourhood, Params, ROOT, climb, params};
use super::op::label_words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::image::{Labels, Volume};
use crate::simd;
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "watershed",
    summary: "Watershed from markers as a minimum spanning forest",
    reference: "Meyer 1994; Cousty et al. 2009",
    kernels: &[&DESCEND, &COUNT, &EDGES, &PAINT, &CLIMB, &NAME],
    uses: &[],
    cases: &[
        Case { name: "on the gradient, from the brightest of each object", run: |d, i| case(d, i, true) },
        Case { name: "on the image itself, from whole objects", run: |d, i| case(d, i, false) },
    ],
};

fn case(device: &Device, input: &super::Input, on_gradient: bool) -> Result<Vec<u32>> {
    let (v, objects) = (input.volume(device)?, input.labels(device)?);
    if !on_gradient {
        return label_words(device, &watershed(device, &v, &objects)?);
    }
    let hot = super::maximum_position::maximum_position(device, &v, &objects)?;
    let limits: Vec<i32> = hot.samples.iter().map(|&s| s.saturating_sub((s.unsigned_abs() / 4) as i32)).collect();
    let cores = super::contour::contour(device, &v, &objects, &hot.voxels, &limits)?;
    label_words(device, &watershed(device, &super::gradient::gradient(device, &v, [1.0; 3])?, &cores)?)
}

const DESCEND: Kernel = Kernel {
    name: "watershed",
    source: include_str!("../../shaders/watershed.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("land", "i32"), read("marker", "u32"), write("parent", "u32")],
};

const COUNT: Kernel = Kernel {
    name: "watershed_count",
    source: include_str!("../../shaders/watershed_count.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("marker", "u32"), read("parent", "u32"), atomic("tally", "u32")],
};

const EDGES: Kernel = Kernel {
    name: "watershed_edges",
    source: include_str!("../../shaders/watershed_edges.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[
        read("land", "i32"),
        read("marker", "u32"),
        read("parent", "u32"),
        atomic("tally", "u32"),
        write("edge", "u32"),
    ],
};

const PAINT: Kernel = Kernel {
    name: "watershed_paint",
    source: include_str!("../../shaders/watershed_paint.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("marker", "u32"), read("parent", "u32"), read("table", "u32"), write("dst", "u32")],
};

/// Set in the number of a node that is a marker; else it is the index of a bottom, which is below 2^31.
const MARKER: u32 = 1 << 31;

/// Two nodes that touch. Derived order: height first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    height: i32,
    a: u32,
    b: u32,
}

/// Floods a landscape from markers, over the whole image.
///
/// # Errors
/// Different sizes, markers above 2^31; the device is lost or too small.
pub fn watershed(device: &Device, landscape: &Volume, markers: &Labels) -> Result<Labels> {
    if landscape.shape != markers.shape {
        return Err(Error::usage(format!("markers of {} on a landscape of {}", markers.shape, landscape.shape)));
    }
    if markers.count >= MARKER {
        return Err(Error::limit(format!("a marker with the number {}", markers.count)).remedy("renumber them"));
    }
    let shape = markers.shape;
    let voxels = match device {
        Device::Cpu => {
            let (land, marker) = (landscape.samples.host()?, markers.voxels().host()?);
            let mut bottoms = descend(shape, land, marker);
            climb(&mut bottoms, |_| false);
            let owners = join(edges(shape, land, marker, &bottoms));
            let mut table = vec![0u32; shape.len()];
            owners.iter().for_each(|&(bottom, owner)| table[bottom as usize] = owner);
            let paint = |root: u32| {
                let bottom = (root ^ ROOT) as usize;
                if marker[bottom] != 0 { marker[bottom] } else { table[bottom] }
            };
            Buffer::on_host(simd::map(&bottoms, paint))
        }
        Device::Gpu(gpu) => Buffer::Gpu(dispatch(gpu, shape, landscape, markers)?),
    };
    Ok(markers.with(voxels))
}

fn dispatch(gpu: &Gpu, shape: Shape, landscape: &Volume, markers: &Labels) -> Result<GpuBuffer<u32>> {
    let (n, land, marker) = (shape.len(), landscape.samples.gpu()?.cast(), markers.voxels().gpu()?);
    let p = params(shape);
    let parent = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&DESCEND, n, &p, &[&land, marker, &parent])?;
    gpu.dispatch(&CLIMB, n, &p, &[&parent])?;
    let tally = gpu.zeros::<u32>(2)?;
    gpu.dispatch(&COUNT, n, &p, &[marker, &parent, &tally])?;
    let count = tally.download_first(1)?.first().copied().unwrap_or(0) as usize;
    let found = gpu.alloc::<u32>(3 * count)?;
    gpu.dispatch(&EDGES, n, &p, &[&land, marker, &parent, &tally, &found])?;
    let edge = |&[height, a, b]: &[u32; 3]| Edge { height: height as i32, a, b };
    let owners = join(found.download()?.as_chunks::<3>().0.iter().map(edge).collect());
    let (bottoms, owners): (Vec<u32>, Vec<u32>) = owners.into_iter().unzip();
    let table = gpu.zeros::<u32>(n)?;
    gpu.dispatch(&NAME, bottoms.len(), &p, &[&gpu.upload(&bottoms)?, &gpu.upload(&owners)?, &table])?;
    let dst = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&PAINT, n, &p, &[marker, &parent, &table, &dst])?;
    Ok(dst)
}

/// Each voxel's lowest neighbour; the bottoms are roots with their own index.
fn descend(shape: Shape, land: &[i32], marker: &[u32]) -> Vec<u32> {
    let mut pointers = vec![0; shape.len()];
    pointers.par_chunks_mut(shape.x.max(1)).with_min_len(16).enumerate().for_each(|(row, pointers)| {
        let around = Neighbourhood::row(shape, row);
        for (x, pointer) in pointers.iter_mut().enumerate() {
            let i = row * shape.x + x;
            let mut lowest = (land[i], i);
            if marker[i] == 0 {
                around.each(x, |j| lowest = lowest.min((land[j], j)));
            }
            *pointer = if lowest.1 == i { ROOT | i as u32 } else { lowest.1 as u32 + 1 };
        }
    });
    pointers
}

/// Every pair of neighbouring voxels in two nodes, at least one of which is no marker.
fn edges(shape: Shape, land: &[i32], marker: &[u32], bottoms: &[u32]) -> Vec<Edge> {
    let node = |i: usize| {
        let bottom = bottoms[i] ^ ROOT;
        match marker[bottom as usize] {
            0 => bottom,
            m => MARKER | m,
        }
    };
    let height = |i: usize| if marker[i] == 0 { land[i] } else { i32::MIN };
    let rows = (0..shape.z * shape.y).into_par_iter().with_min_len(16);
    let found = rows.fold(Vec::new, |mut found: Vec<Edge>, row| {
        let around = Neighbourhood::row(shape, row);
        for x in 0..shape.x {
            let i = row * shape.x + x;
            let a = node(i);
            around.each_later(x, |j| {
                let b = node(j);
                if a != b && a & b & MARKER == 0 {
                    let edge = Edge { height: height(i).max(height(j)), a: a.min(b), b: a.max(b) };
                    // Along a border the same two nodes meet again and again.
                    if found.last() != Some(&edge) {
                        found.push(edge);
                    }
                }
            });
        }
        found
    });
    found.reduce(Vec::new, |mut a, mut b| {
        a.append(&mut b);
        a
    })
}

/// Joins nodes over the lowest edges; gives the bottoms of basins with the marker that each belongs to.
fn join(mut edges: Vec<Edge>) -> Vec<(u32, u32)> {
    edges.par_sort_unstable();
    let mut nodes: Vec<u32> = edges.iter().flat_map(|e| [e.a, e.b]).collect();
    nodes.par_sort_unstable();
    nodes.dedup();
    let position = |node: u32| nodes.binary_search(&node).unwrap_or(0);
    let mut root: Vec<usize> = (0..nodes.len()).collect();
    // Nodes are sorted, so markers come last: the higher root of two has the marker if either has one.
    for edge in &edges {
        let (a, b) = (find(&mut root, position(edge.a)), find(&mut root, position(edge.b)));
        if nodes[a] & nodes[b] & MARKER == 0 {
            root[a.min(b)] = a.max(b);
        }
    }
    let bottoms = (0..nodes.len()).filter(|&k| nodes[k] & MARKER == 0);
    let owner = |k: usize| Some(nodes[find(&mut root, k)]).filter(|n| n & MARKER != 0).map(|n| (nodes[k], n ^ MARKER));
    bottoms.filter_map(owner).collect()
}

fn find(root: &mut [usize], mut k: usize) -> usize {
    while root[k] != k {
        root[k] = root[root[k]];
        k = root[k];
    }
    k
}

#[cfg(test)]
mod tests {
    //! Oracle: literal rows, a slow Kruskal from the definition, and the lowest passes themselves.
    use super::*;
    use crate::ops::label::Connectivity;
    use crate::ops::naive::{images, neighbours as around};
    use std::collections::BTreeMap;

    fn flood(shape: Shape, land: &[i32], markers: &[u32]) -> Vec<u32> {
        let land = Volume::new(shape, land.to_vec()).unwrap();
        let markers = Labels::new(shape, markers.to_vec()).unwrap();
        watershed(&Device::Cpu, &land, &markers).unwrap().voxels().host().unwrap().to_vec()
    }

    #[test]
    fn the_border_lies_on_the_ridge() {
        let row = |land: &[i32], markers: &[u32]| flood(Shape::flat(1, land.len()), land, markers);
        // The ridge itself falls to its lower neighbour.
        assert_eq!(row(&[0, 1, 5, 9, 4, 2, 0], &[1, 0, 0, 0, 0, 0, 2]), [1, 1, 1, 2, 2, 2, 2]);
        // A basin without a marker goes where its lower rim leads.
        assert_eq!(row(&[0, 7, 1, 0, 1, 6, 0], &[1, 0, 0, 0, 0, 0, 2]), [1, 1, 2, 2, 2, 2, 2]);
        // A marker on a slope holds what comes down to it, and a bottom beside it is reached from there.
        assert_eq!(row(&[0, 1, 2, 3, 4, 5, 6], &[1, 0, 0, 0, 2, 0, 0]), [1, 1, 1, 1, 2, 2, 2]);
        assert_eq!(row(&[0, 9, 6, 3, 4, 5, 6], &[1, 0, 0, 0, 2, 0, 0]), [1, 1, 2, 2, 2, 2, 2]);
        // Behind a ridge of one voxel.
        assert_eq!(row(&[8, 9, 3, 1, 0, 1], &[1, 0, 0, 0, 0, 2]), [1, 2, 2, 2, 2, 2]);
        assert_eq!(row(&[3, 1, 2], &[0, 0, 0]), [0, 0, 0]);
        assert_eq!(row(&[3, 1, 2], &[0, 2, 1]), [2, 2, 1]);
    }

    /// Few levels, so that there are many ties and plateaus; few markers.
    fn trials() -> impl Iterator<Item = (Shape, Vec<i32>, Vec<u32>)> {
        images(9).into_iter().enumerate().map(|(k, (shape, values))| {
            let levels = [3, 10, 1000][k % 3];
            let land = (0..shape.len()).map(|i| ((i * i * 7919 + i * (31 + k)) % 4099 % levels) as i32 - 2).collect();
            let markers = values.iter().enumerate().map(|(i, &v)| if i % 7 == 3 { v } else { 0 }).collect();
            (shape, land, markers)
        })
    }

    fn definition(shape: Shape, land: &[i32], markers: &[u32]) -> Vec<u32> {
        let key = |i: usize| (land[i], i);
        let bottom = |mut i: usize| loop {
            let next = around(i, shape, Connectivity::Full).into_iter().chain([i]).min_by_key(|&j| key(j)).unwrap();
            if markers[i] != 0 || next == i {
                return i;
            }
            i = next;
        };
        let node: Vec<u32> = (0..shape.len())
            .map(|i| match bottom(i) {
                b if markers[b] != 0 => MARKER + markers[b],
                b => b as u32,
            })
            .collect();
        let height = |i: usize| if markers[i] == 0 { land[i] } else { i32::MIN };
        let mut edges = BTreeMap::new();
        for i in 0..shape.len() {
            for j in around(i, shape, Connectivity::Full).into_iter().filter(|&j| node[i] < node[j]) {
                let lowest = edges.entry((node[i], node[j])).or_insert(i32::MAX);
                *lowest = height(i).max(height(j)).min(*lowest);
            }
        }
        let mut order: Vec<_> = edges.into_iter().map(|((a, b), height)| (height, a, b)).collect();
        order.sort_unstable();
        let mut tree: BTreeMap<u32, u32> = node.iter().map(|&n| (n, n)).collect();
        for (_, a, b) in order {
            let (a, b) = (tree[&a], tree[&b]);
            if a < MARKER || b < MARKER {
                tree.values_mut().filter(|t| **t == a.min(b)).for_each(|t| *t = a.max(b));
            }
        }
        node.iter().map(|n| tree[n].saturating_sub(MARKER)).collect()
    }

    #[test]
    fn the_definition_gives_the_same() {
        for (shape, land, markers) in trials() {
            assert_eq!(flood(shape, &land, &markers), definition(shape, &land, &markers), "{shape}");
        }
    }

    /// The least height that must be passed from any voxel of `from` to each voxel, walking inside of `inside` only.
    fn passes(shape: Shape, land: &[i32], markers: &[u32], from: u32, inside: impl Fn(usize) -> bool) -> Vec<i32> {
        let mut pass: Vec<i32> = markers.iter().map(|&m| if m == from { i32::MIN } else { i32::MAX }).collect();
        loop {
            let mut changed = false;
            for i in (0..shape.len()).filter(|&i| markers[i] == 0 && inside(i)) {
                let reached = around(i, shape, Connectivity::Full).into_iter().map(|j| pass[j]).min();
                let new = reached.unwrap_or(i32::MAX).max(land[i]);
                changed |= new < pass[i];
                pass[i] = pass[i].min(new);
            }
            if !changed {
                return pass;
            }
        }
    }

    #[test]
    fn no_other_marker_is_reached_over_a_lower_pass() {
        for (shape, land, markers) in trials().filter(|(s, ..)| s.len() < 200) {
            let out = flood(shape, &land, &markers);
            let kinds = || (1..=8).filter(|m| markers.contains(m));
            let free: Vec<Vec<i32>> = kinds().map(|m| passes(shape, &land, &markers, m, |_| true)).collect();
            for m in kinds() {
                let own = passes(shape, &land, &markers, m, |i| out[i] == m);
                for i in (0..shape.len()).filter(|&i| out[i] == m && markers[i] == 0) {
                    assert_eq!(Some(own[i]), free.iter().map(|f| f[i]).min(), "{shape} {land:?} {markers:?}");
                }
            }
        }
    }
}

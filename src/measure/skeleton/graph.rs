//! The skeleton as a graph: which of its voxels are joined, where its branches meet and where they end.
//!
//! - Two neighbours are joined, but not across a corner where a third voxel of the skeleton joins both in shorter steps.
//! - Voxels with three joints and more that are joined are one branch point. Of the joints within it only as many count as hold it
//!   together, the shortest first, so a knot of voxels adds no loops and no length that is not there.
//! - A branch goes from a branch point or an end to the next one, or round to where it began.

/// z, y, x of a step to a neighbour; those behind the cell in raster order.
const AHEAD: [[isize; 3]; 13] = {
    let mut ahead = [[0; 3]; 13];
    let mut k = 0;
    while k < 13 {
        let place = k as isize + 14;
        ahead[k] = [place / 9 - 1, place / 3 % 3 - 1, place % 3 - 1];
        k += 1;
    }
    ahead
};

/// How many steps there are of each kind: bit 2 says that z changes, bit 1 y and bit 0 x.
pub(super) type Steps = [u64; 8];

/// The length of steps, a voxel being `size` wide in z, y, x.
pub(super) fn length(steps: &Steps, size: [f64; 3]) -> f64 {
    let one =
        |kind: usize| (0..3).map(move |axis| if kind >> (2 - axis) & 1 == 1 { size[axis] * size[axis] } else { 0.0 });
    (1..8).map(|kind| steps[kind] as f64 * one(kind).sum::<f64>().sqrt()).sum()
}

/// Lines between branch points and ends.
pub(super) struct Branch {
    pub steps: Steps,
    /// How far its ends are apart, z, y, x in voxels.
    pub apart: [usize; 3],
}

/// The graph of a skeleton.
#[derive(Default)]
pub(super) struct Graph {
    /// Of all joints.
    pub steps: Steps,
    pub branches: Vec<Branch>,
    pub branch_points: usize,
    pub end_points: usize,
    /// Parts that do not touch.
    pub pieces: usize,
}

/// Two voxels, by their place in the list of all, and the kind of the step between them.
struct Joint {
    ends: [usize; 2],
    kind: usize,
}

impl Graph {
    /// Of voxels in raster order within a box; none lies at its border.
    pub fn of(voxels: &[usize], size: [usize; 3]) -> Self {
        let joints = joints(voxels, size);
        let mut degrees = vec![0u32; voxels.len()];
        joints.iter().flat_map(|joint| joint.ends).for_each(|end| degrees[end] += 1);
        let mut pieces = Sets::new(voxels.len());
        let mut graph = Graph { pieces: voxels.len(), ..Graph::default() };
        joints.iter().for_each(|joint| graph.pieces -= usize::from(pieces.join(joint.ends)));
        graph.end_points = degrees.iter().filter(|n| **n == 1).count();
        graph.branch_points = degrees.iter().filter(|n| **n > 2).count();
        let is_inner = |joint: &Joint| joint.ends.iter().all(|end| degrees[*end] > 2);
        let (mut inner, outer): (Vec<Joint>, Vec<Joint>) = joints.into_iter().partition(is_inner);
        inner.sort_by_key(|joint| joint.kind.count_ones());
        let mut knots = Sets::new(voxels.len());
        for joint in inner {
            if knots.join(joint.ends) {
                graph.branch_points -= 1;
                graph.steps[joint.kind] += 1;
            }
        }
        graph.branches = branches(&outer, &degrees, voxels, size);
        for branch in &graph.branches {
            graph.steps.iter_mut().zip(branch.steps).for_each(|(all, one)| *all += one);
        }
        graph
    }
}

/// Which voxels are joined.
fn joints(voxels: &[usize], [_, ny, nx]: [usize; 3]) -> Vec<Joint> {
    let find = |i: usize, [z, y, x]: [isize; 3]| {
        voxels.binary_search(&i.wrapping_add_signed((z * ny as isize + y) * nx as isize + x)).ok()
    };
    let mut joints = Vec::with_capacity(voxels.len());
    for (a, &i) in voxels.iter().enumerate() {
        for step in AHEAD {
            let Some(b) = find(i, step) else { continue };
            let kind = (0..3).fold(0, |bits, axis| bits << 1 | usize::from(step[axis] != 0));
            // A third voxel lies at a part of the step.
            let part = |axes: usize| [0, 1, 2].map(|axis| if axes >> (2 - axis) & 1 == 1 { step[axis] } else { 0 });
            if !(1..kind).any(|axes| axes & !kind == 0 && find(i, part(axes)).is_some()) {
                joints.push(Joint { ends: [a, b], kind });
            }
        }
    }
    joints
}

/// Follows joints through voxels that have two of them.
fn branches(joints: &[Joint], degrees: &[u32], voxels: &[usize], [_, ny, nx]: [usize; 3]) -> Vec<Branch> {
    // The joints of voxel v stand from first[v] on.
    let mut first = vec![0; voxels.len() + 1];
    joints.iter().flat_map(|joint| joint.ends).for_each(|end| first[end + 1] += 1);
    (0..voxels.len()).for_each(|v| first[v + 1] += first[v]);
    let mut next = first.clone();
    let mut of = vec![0; 2 * joints.len()];
    for (k, joint) in joints.iter().enumerate() {
        for end in joint.ends {
            of[next[end]] = k;
            next[end] += 1;
        }
    }
    let place = |v: usize| [voxels[v] / nx / ny, voxels[v] / nx % ny, voxels[v] % nx];
    let mut is_done = vec![false; joints.len()];
    let mut follow = |start: usize, joint: usize| {
        if is_done[joint] {
            return None;
        }
        let (mut here, mut joint, mut steps) = (start, joint, Steps::default());
        loop {
            is_done[joint] = true;
            steps[joints[joint].kind] += 1;
            let [a, b] = joints[joint].ends;
            here = if here == a { b } else { a };
            let others = &of[first[here]..first[here + 1]];
            match others.iter().find(|other| degrees[here] == 2 && !is_done[**other]) {
                Some(other) => joint = *other,
                None => break,
            }
        }
        let (from, to) = (place(start), place(here));
        Some(Branch { steps, apart: [0, 1, 2].map(|axis| from[axis].abs_diff(to[axis])) })
    };
    let mut branches = Vec::new();
    // Those that are closed and meet no other come last.
    for is_node in [true, false] {
        for v in (0..voxels.len()).filter(|v| (degrees[*v] != 2) == is_node) {
            branches.extend(of[first[v]..first[v + 1]].iter().filter_map(|joint| follow(v, *joint)));
        }
    }
    branches
}

/// Voxels that hang together.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Sets((0..count).collect())
    }

    fn root(&mut self, mut v: usize) -> usize {
        while self.0[v] != v {
            self.0[v] = self.0[self.0[v]];
            v = self.0[v];
        }
        v
    }

    /// Whether they did not before.
    fn join(&mut self, ends: [usize; 2]) -> bool {
        let [a, b] = ends.map(|end| self.root(end));
        self.0[a.max(b)] = a.min(b);
        a != b
    }
}

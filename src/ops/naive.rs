//! Slow and plain versions that the tests of the label rooms compare with, and small random images for them.

use super::label::Connectivity;
use super::runs::Of;
use crate::units::Shape;

/// Random images of values `0..kinds`: sparse, half full and dense, flat and deep, down to a single voxel.
pub(super) fn images(kinds: u32) -> Vec<(Shape, Vec<u32>)> {
    let mut state = 12345u64;
    let mut random = move |n: u32| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 33) % u64::from(n)) as u32
    };
    let mut out = Vec::new();
    for k in 0..300 {
        let z = if k % 2 == 0 { 1 } else { 1 + random(6) };
        let shape = Shape::new(z as usize, 1 + random(9) as usize, 1 + random(24) as usize);
        let (percent, grain) = ([15, 40, 60, 90][k % 4], 1 + random(3) as usize);
        let mut values = vec![0; shape.len()];
        for block in values.chunks_mut(grain) {
            let v = if random(100) < percent { 1 + random((kinds - 1).max(1)) } else { 0 };
            block.fill(v);
        }
        out.push((shape, values));
    }
    out
}

/// Neighbours of a voxel.
pub(super) fn neighbours(i: usize, shape: Shape, connectivity: Connectivity) -> Vec<usize> {
    let at = shape.position(i).map(|v| v as isize);
    let mut out = Vec::new();
    for (dz, dy, dx) in (0..27).map(|k| (k / 9 - 1, k / 3 % 3 - 1, k % 3 - 1)) {
        let steps = dz * dz + dy * dy + dx * dx;
        if steps == 0 || connectivity == Connectivity::Face && steps > 1 {
            continue;
        }
        let [z, y, x] = [at[0] + dz, at[1] + dy, at[2] + dx];
        let inside = |v: isize, n: usize| v >= 0 && (v as usize) < n;
        if inside(z, shape.z) && inside(y, shape.y) && inside(x, shape.x) {
            out.push(shape.index(z as usize, y as usize, x as usize));
        }
    }
    out
}

/// Components by flood fill.
pub(super) fn flood(values: &[u32], shape: Shape, connectivity: Connectivity, of: Of) -> (Vec<u32>, u32) {
    let (mut out, mut count) = (vec![0; values.len()], 0);
    for start in 0..values.len() {
        if out[start] != 0 || (values[start] == 0) != (of == Of::Background) {
            continue;
        }
        count += 1;
        out[start] = count;
        let mut open = vec![start];
        while let Some(i) = open.pop() {
            for j in neighbours(i, shape, connectivity) {
                if out[j] == 0 && values[j] == values[start] {
                    out[j] = count;
                    open.push(j);
                }
            }
        }
    }
    (out, count)
}

/// Lies on the border of the image. A flat image has none above and below.
pub(super) fn on_border(i: usize, shape: Shape) -> bool {
    let [z, y, x] = shape.position(i);
    let edge = |v: usize, n: usize| v == 0 || v + 1 == n;
    edge(y, shape.y) || edge(x, shape.x) || shape.z > 1 && edge(z, shape.z)
}

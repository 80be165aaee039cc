//! What several references need.

use uptake::units::Shape;

/// The voxels of a box around one, as far as they lie in the image, in raster order.
pub fn around(i: usize, shape: Shape, reach: [usize; 3]) -> Vec<usize> {
    let [z, y, x] = shape.position(i);
    let near = |at: usize, by: usize, size: usize| at.saturating_sub(by)..(at + by + 1).min(size);
    let mut out = Vec::new();
    for zz in near(z, reach[0], shape.z) {
        for yy in near(y, reach[1], shape.y) {
            out.extend(near(x, reach[2], shape.x).map(|xx| shape.index(zz, yy, xx)));
        }
    }
    out
}

/// The largest sample of the box around each voxel.
pub fn dilate(samples: &[i32], shape: Shape, reach: [usize; 3]) -> Vec<i32> {
    (0..shape.len()).map(|i| around(i, shape, reach).iter().map(|j| samples[*j]).max().unwrap()).collect()
}

/// The smallest one.
pub fn erode(samples: &[i32], shape: Shape, reach: [usize; 3]) -> Vec<i32> {
    (0..shape.len()).map(|i| around(i, shape, reach).iter().map(|j| samples[*j]).min().unwrap()).collect()
}

/// The squared distance of each voxel of a mask to the nearest voxel outside of it, at most the largest sample; that also
/// where nothing is outside.
pub fn squared_distance(mask: &[u8], shape: Shape, weights: [u32; 3]) -> Vec<i32> {
    let squared = |a: [usize; 3], b: [usize; 3]| -> i64 {
        (0..3).map(|k| i64::from(weights[k]) * (a[k].abs_diff(b[k]) as i64).pow(2)).sum()
    };
    let outside: Vec<[usize; 3]> = (0..shape.len()).filter(|j| mask[*j] == 0).map(|j| shape.position(j)).collect();
    let nearest = |i| outside.iter().map(|q| squared(shape.position(i), *q)).min().unwrap_or(i64::MAX);
    let distance = |i: usize| if mask[i] == 0 { 0 } else { nearest(i).min(i32::MAX.into()) as i32 };
    (0..shape.len()).map(distance).collect()
}

/// The whole part of `2^places * sqrt(v)`. What lies under the root has 32 bits, so distances end there.
pub fn root(v: i32, places: u32) -> i32 {
    let under = (i64::from(v.max(0)) << (2 * places)).min(u32::MAX.into());
    let mut root = (under as f64).sqrt() as i64;
    while root * root > under {
        root -= 1;
    }
    while (root + 1) * (root + 1) <= under {
        root += 1;
    }
    root as i32
}

/// Fills what cannot be reached from the border of the image over faces outside of the mask. A flat image has no border
/// above and below.
pub fn fill_holes(mask: &[u8], shape: Shape) -> Vec<u8> {
    let edge = |at: usize, size: usize| at == 0 || at + 1 == size;
    let border = |i: usize| {
        let [z, y, x] = shape.position(i);
        edge(y, shape.y) || edge(x, shape.x) || (shape.z > 1 && edge(z, shape.z))
    };
    let mut open: Vec<usize> = (0..shape.len()).filter(|i| mask[*i] == 0 && border(*i)).collect();
    let mut filled = vec![1; shape.len()];
    open.iter().for_each(|i| filled[*i] = 0);
    while let Some(i) = open.pop() {
        let by_face = |j: &usize| {
            let (a, b) = (shape.position(i), shape.position(*j));
            (0..3).map(|k| a[k].abs_diff(b[k])).sum::<usize>() == 1
        };
        for j in around(i, shape, [1; 3]).into_iter().filter(by_face) {
            if mask[j] == 0 && filled[j] == 1 {
                filled[j] = 0;
                open.push(j);
            }
        }
    }
    filled
}

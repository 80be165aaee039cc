//! Ways through planes.

use crate::units::Shape;

/// A line so narrow with the picture on both sides hides no object.
const NARROW: usize = 4;

/// A way through a plane: where it begins, how far it goes with each step, and how many voxels it has.
pub(super) type Line = (usize, isize, usize);

/// From each voxel of the border of a plane straight inwards.
pub(super) fn inwards(shape: Shape) -> impl Iterator<Item = Line> {
    let Shape { y, x, .. } = shape;
    let rows = (0..y).flat_map(move |row| [(row * x, 1, x), (row * x + x - 1, -1, x)]);
    let columns = (0..x).flat_map(move |column| [(column, x as isize, y), ((y - 1) * x + column, -(x as isize), y)]);
    rows.chain(columns)
}

/// The voxels of a line.
pub(super) fn along((start, step, n): Line) -> impl Iterator<Item = usize> {
    (0..n).map(move |k| start.wrapping_add_signed(step * k as isize))
}

/// The picture with narrow lines through it, and with a few slices that see nothing between others.
pub(super) fn with_narrow(shape: Shape, picture: &[u8]) -> Vec<u8> {
    let plane = shape.y * shape.x;
    let mut all = picture.to_vec();
    for z in 0..shape.z {
        for (start, step, n) in inwards(shape).filter(|line| line.1 > 0) {
            let line: Vec<usize> = along((start + z * plane, step, n)).collect();
            bridge(picture, &line, &mut all);
        }
    }
    let is_empty = |z: &usize| !picture[z * plane..(z + 1) * plane].contains(&1);
    if (0..shape.z).any(|z| is_empty(&z)) {
        for i in 0..plane {
            let line: Vec<usize> = (0..shape.z).map(|z| z * plane + i).collect();
            bridge(picture, &line, &mut all);
        }
    }
    all
}

/// Fills narrow gaps of the picture along a line.
fn bridge(picture: &[u8], line: &[usize], all: &mut [u8]) {
    let mut last = None;
    for (k, _) in line.iter().enumerate().filter(|(_, i)| picture[**i] == 1) {
        let gap = last.map_or(k..k, |last| last + 1..k);
        if gap.len() <= NARROW {
            line[gap].iter().for_each(|i| all[*i] = 1);
        }
        last = Some(k);
    }
}

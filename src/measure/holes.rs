//! Pixels of a 2-D object with its holes filled: background that cannot be reached from outside, not even across
//! corners, belongs to the object (scikit-image `area_filled`).
//!
//! A hole lies between two runs of each of its rows. So only such gaps need be looked at: one is open if it sees past the
//! ends of the row above or below, or an open gap there.

use super::object::Object;

/// Background between two runs of a row.
struct Gap {
    y: usize,
    x0: usize,
    x1: usize,
    open: bool,
}

/// Pixels of a 2-D object with the holes filled.
pub(super) fn area_filled(object: &Object) -> u64 {
    let top = object.extent.lo[1];
    // First x and the x behind the last, by row; an empty row is open all along.
    let mut ends = vec![None; object.extent.hi[1] - top];
    let mut gaps = Vec::new();
    object.each_run(|_, y, x0, x1| {
        let row: &mut Option<[usize; 2]> = &mut ends[y - top];
        if let Some([_, before]) = *row {
            gaps.push(Gap { y, x0: before, x1: x0, open: false });
        }
        *row = Some([row.map_or(x0, |r| r[0]), x1]);
    });
    let is_closed = |y: Option<usize>, gap: &Gap| {
        let row = y.and_then(|y| *ends.get(y.checked_sub(top)?)?);
        row.is_some_and(|[first, end]| first < gap.x0 && gap.x1 < end)
    };
    let mut found = Vec::new();
    for (i, gap) in gaps.iter_mut().enumerate() {
        if !(is_closed(gap.y.checked_sub(1), gap) && is_closed(Some(gap.y + 1), gap)) {
            gap.open = true;
            found.push(i);
        }
    }
    while let Some(i) = found.pop() {
        let Gap { y, x0, x1, .. } = gaps[i];
        for y in [y.checked_sub(1), Some(y + 1)].into_iter().flatten() {
            // Those that touch it, if only at a corner.
            let first = gaps.partition_point(|g| (g.y, g.x1) < (y, x0));
            let touching = gaps[first..].iter_mut().take_while(|g| g.y == y && g.x0 <= x1);
            for (k, gap) in touching.enumerate().filter(|(_, g)| !g.open) {
                gap.open = true;
                found.push(first + k);
            }
        }
    }
    object.extent.n + gaps.iter().filter(|g| !g.open).map(|g| (g.x1 - g.x0) as u64).sum::<u64>()
}

#[cfg(test)]
mod tests {
    //! Oracle: a flood from outside, pixel by pixel.
    use super::*;
    use crate::image::Labels;
    use crate::ops::extent::extents;
    use crate::units::Shape;
    use proptest::prelude::*;

    fn filled(shape: Shape, voxels: &[u32]) -> u64 {
        let labels = Labels::new(shape, voxels.to_vec()).unwrap();
        let extent = extents(&labels).unwrap()[0];
        area_filled(&Object::new(&labels, 1, extent).unwrap())
    }

    fn flooded(shape: Shape, voxels: &[u32]) -> u64 {
        let (h, w) = (shape.y + 2, shape.x + 2);
        let mut reached = vec![false; h * w];
        for (i, _) in voxels.iter().enumerate().filter(|(_, v)| **v != 0) {
            reached[(i / shape.x + 1) * w + i % shape.x + 1] = true;
        }
        let (mut stack, mut outside) = (vec![0], 1);
        reached[0] = true;
        while let Some(i) = stack.pop() {
            let (y, x) = (i / w, i % w);
            for (ny, nx) in (y.saturating_sub(1)..h.min(y + 2))
                .flat_map(|y| (x.saturating_sub(1)..w.min(x + 2)).map(move |x| (y, x)))
            {
                if !std::mem::replace(&mut reached[ny * w + nx], true) {
                    outside += 1;
                    stack.push(ny * w + nx);
                }
            }
        }
        (h * w - outside) as u64
    }

    #[test]
    fn a_hole_is_closed_by_faces_only() {
        let ring = |corner| [corner, 1, 1, /**/ 1, 0, 1, /**/ 1, 1, 1];
        assert_eq!(filled(Shape::flat(3, 3), &ring(1)), 9);
        assert_eq!(filled(Shape::flat(3, 3), &ring(0)), 7);
    }

    proptest! {
        #[test]
        fn gaps_and_floods_agree(w in 1usize..24, full in 1u32..8, voxels in prop::collection::vec(any::<u32>(), 1..400)) {
            let h = voxels.len().div_ceil(w);
            let mut voxels: Vec<u32> = voxels.iter().map(|v| u32::from(v % 8 < full)).collect();
            voxels.resize(h * w, 1);
            prop_assume!(voxels.contains(&1));
            let shape = Shape::flat(h, w);
            prop_assert_eq!(filled(shape, &voxels), flooded(shape, &voxels));
        }
    }
}

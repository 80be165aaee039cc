//! The voxels of a ball.

use crate::units::Shape;

/// The voxels whose centre is in a ball, and whether it reaches beyond the image. Radii are in voxels along z, y, x.
pub(super) fn ball(shape: Shape, centre: [f64; 3], radii: [f64; 3]) -> (Vec<usize>, bool) {
    let mut voxels = Vec::new();
    let sizes = shape.zyx();
    // A flat image has a depth of nothing, and the ball is a disk in it.
    let deep = |a: usize| sizes[a] > 1 || a > 0;
    let (mut from, mut to, mut beyond) = ([0; 3], sizes, false);
    for a in (0..3).filter(|&a| deep(a)) {
        let (low, high) = ((centre[a] - radii[a]).ceil(), (centre[a] + radii[a]).floor());
        beyond |= low < 0.0 || high > (sizes[a] as f64) - 1.0;
        // The casts stop at 0 and at the end of the type.
        (from[a], to[a]) = (low as usize, (high.max(-1.0) + 1.0) as usize);
        to[a] = to[a].min(sizes[a]);
    }
    for z in from[0]..to[0] {
        for y in from[1]..to[1] {
            for x in from[2]..to[2] {
                let at = [z, y, x];
                let far = |a: usize| ((at[a] as f64 - centre[a]) / radii[a]).powi(2);
                if (0..3).filter(|&a| deep(a)).map(far).sum::<f64>() <= 1.0 {
                    voxels.push(shape.index(z, y, x));
                }
            }
        }
    }
    (voxels, beyond)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn voxel_centres_are_in_or_out() {
        let (voxels, beyond) = ball(Shape::flat(5, 5), [0.0, 2.0, 2.0], [0.0, 2.0, 1.0]);
        // A column of five, and one to either side of its middle.
        assert_eq!(voxels, [2, 7, 11, 12, 13, 17, 22]);
        assert!(!beyond);
        // Between slices, and over the edge.
        let (voxels, beyond) = ball(Shape::new(2, 1, 3), [0.5, 0.0, 0.0], [0.5, 1.0, 1.2]);
        assert_eq!(voxels, [0, 3]);
        assert!(beyond);
        let (voxels, beyond) = ball(Shape::new(2, 2, 2), [9.0, -9.0, 0.0], [1.0; 3]);
        assert!(beyond && voxels.is_empty());
    }
}

//! The place of the sphere in the liver.

use super::cells::Cells;
use crate::Result;
use crate::image::Volume;
use crate::ops::sums::Sums;
use crate::pipeline::ball::ball;
use crate::units::Shape;

/// The cells of a region that are left when layers are taken off, as long as any are; none if one layer is all it has.
pub(super) fn deepest(shape: Shape, region: Vec<bool>) -> Option<Vec<usize>> {
    let mut left = None;
    let mut now = region;
    loop {
        let inner: Vec<bool> = (0..shape.len())
            .map(|i| {
                let at = shape.position(i);
                let edge = (0..3).any(|a| at[a] == 0 || at[a] + 1 == shape.zyx()[a]);
                let [z, y, x] = at;
                let full = |z: usize| (y - 1..=y + 1).all(|y| (x - 1..=x + 1).all(|x| now[shape.index(z, y, x)]));
                now[i] && !edge && (z - 1..=z + 1).all(full)
            })
            .collect();
        if !inner.contains(&true) {
            return left;
        }
        left = Some((0..shape.len()).filter(|&i| inner[i]).collect());
        now = inner;
    }
}

/// The place whose sphere lies in the image and varies least, and the sums of its voxels; the first of equals.
pub(super) fn quietest(
    cells: &Cells,
    places: &[usize],
    volume: &Volume,
    radii: [f64; 3],
) -> Result<Option<([f64; 3], Sums)>> {
    let samples = volume.samples.host()?;
    let mut best: Option<(f64, [f64; 3], Sums)> = None;
    for &place in places {
        let centre = cells.middle(place);
        let (voxels, beyond) = ball(volume.shape, centre, radii);
        let mut sums = Sums::default();
        for i in voxels {
            let s = i64::from(samples[i]);
            sums += Sums { n: 1, sum: s, squares: (s * s).into() };
        }
        let (Some(mean), Some(deviation), false) = (sums.mean(), sums.deviation(), beyond) else { continue };
        let variation = deviation * volume.scale.factor() / volume.scale.value(mean);
        if best.as_ref().is_none_or(|(v, ..)| variation < *v) {
            best = Some((variation, centre, sums));
        }
    }
    Ok(best.map(|(_, centre, sums)| (centre, sums)))
}

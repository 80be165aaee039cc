//! Windows side by side: what stands at one place of each of them lies together, so that wide registers go over windows and not over
//! the few voxels of one.

use crate::units::Shape;

/// Windows that are looked at together.
pub(crate) const LANES: usize = 32;

/// One number of each window.
pub(super) type Lanes<T> = [T; LANES];

/// Which voxels belong to the window around a voxel: so many to each side in z, y, x.
pub(super) type Reach = [usize; 3];

/// Voxels of a whole window in z, y, x.
pub(super) fn size(reach: Reach) -> [usize; 3] {
    reach.map(|r| 2 * r + 1)
}

/// Fills the places of windows around voxels of an image, raster order within a window. Places outside of the image, and windows
/// that there are not, hold `none`.
pub(super) fn gather<T: Copy>(
    image: &[T],
    shape: Shape,
    reach: Reach,
    around: &[usize],
    none: T,
    cells: &mut [Lanes<T>],
) {
    let [_, rows, columns] = size(reach);
    if around.len() < LANES {
        cells.fill([none; LANES]);
    }
    let mut lane = 0;
    // Voxels that follow each other in a row have windows that do so at each place.
    for run in around.chunk_by(|a, b| a + 1 == *b && b % shape.x != 0) {
        let ([z, y, x], lanes) = (shape.position(run[0]), lane..lane + run.len());
        lane = lanes.end;
        for (k, places) in cells.chunks_mut(columns).enumerate() {
            let row = inside(z, k / rows, reach[0], shape.z).zip(inside(y, k % rows, reach[1], shape.y));
            for (column, place) in places.iter_mut().enumerate() {
                let to = &mut place[lanes.clone()];
                let Some((z, y)) = row else {
                    to.fill(none);
                    continue;
                };
                // The columns x + column - reach and further that the image has.
                let first = (reach[2].saturating_sub(x + column)).min(run.len());
                let end = (shape.x + reach[2]).saturating_sub(x + column).min(run.len()).max(first);
                to[..first].fill(none);
                to[end..].fill(none);
                if first < end {
                    let from = shape.index(z, y, x + column + first - reach[2]);
                    to[first..end].copy_from_slice(&image[from..from + end - first]);
                }
            }
        }
    }
}

/// Where the image has place `k` of the window around `at` along an axis.
fn inside(at: usize, k: usize, reach: usize, size: usize) -> Option<usize> {
    (at + k).checked_sub(reach).filter(|i| *i < size)
}

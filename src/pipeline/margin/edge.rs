//! Away from the border: what hangs together with it, and how bright the picture is behind its edge.

use super::lines::inwards;
use crate::pipeline::faults::neighbours;
use crate::units::Shape;

/// A layer of the picture in which light has reached its height behind any edge.
pub(super) const DEEP: usize = 5;

/// Takes away from the picture what hangs together with the border of its plane and is `beside`; gives what it took.
pub(super) fn shrink(shape: Shape, picture: &mut [u8], beside: impl Fn(usize) -> bool) -> Vec<usize> {
    let plane = shape.y * shape.x;
    let mut taken: Vec<usize> = vec![];
    let mut take = |i: usize, taken: &mut Vec<usize>| {
        if picture[i] == 1 && beside(i) {
            picture[i] = 0;
            taken.push(i);
        }
    };
    for z in 0..shape.z {
        inwards(shape).for_each(|line| take(z * plane + line.0, &mut taken));
    }
    let mut seen = 0;
    while let Some(&i) = taken.get(seen) {
        neighbours(shape, i).for_each(|j| take(j, &mut taken));
        seen += 1;
    }
    taken
}

/// The median light of layers of the picture behind what was taken away, from the first on; optics draw edges that rise slowly.
pub(super) fn behind(shape: Shape, picture: &[u8], taken: Vec<usize>, light: impl Fn(usize) -> f64) -> [f64; DEEP] {
    let (mut left, mut layer) = (picture.to_vec(), taken);
    let mut medians = [0.0; DEEP];
    for middle in &mut medians {
        let mut next = vec![];
        for j in layer.into_iter().flat_map(|i| neighbours(shape, i)) {
            if left[j] == 1 {
                left[j] = 0;
                next.push(j);
            }
        }
        *middle = median(next.iter().map(|i| light(*i)).collect());
        layer = next;
    }
    medians
}

/// The median, of grouped values as whole samples are; 0 without values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let Some(middle) = values.get(values.len() / 2) else { return 0.0 };
    let below = values.partition_point(|v| v < middle);
    let alike = values.partition_point(|v| v <= middle) - below;
    middle - 0.5 + (values.len() as f64 / 2.0 - below as f64) / alike as f64
}

//! Filters that are a product of kernels along the axes, and their responses over all right-angle rotations.
//!
//! A rotation by right angles takes axes to axes, so the rotated filter is a product again: each axis has the kernels of another
//! one, turned round where the axis points the other way. In the plane there are 4 such rotations, in space 24.

use super::convolve::along;
use super::field::{Axes, Field};
use super::padding::Padding;
use super::pooling::{Pool, Pooling};

/// Kernels along one axis, one after the other.
pub type Chain = Vec<Vec<f64>>;

/// The kernels of an axis: those of one of the filter's axes, turned round or not.
type Source = (usize, bool);

/// The response to kernels along x and y, or along x, y and z; pooled over all right-angle rotations if asked for.
pub fn separable(field: &Field, chains: &[Chain], padding: Padding, pooling: Option<Pooling>) -> Field {
    let axes = if chains.len() == 2 { Axes::Slices } else { Axes::Volume };
    // Axes are counted from z, kernels from x.
    let chains: Vec<&Chain> = chains.iter().rev().collect();
    let Some(pooling) = pooling else {
        let axis = |field: Field, (axis, chain): (&usize, &&Chain)| apply(&field, *axis, chain, false, padding);
        return axes.list().iter().zip(&chains).fold(field.clone(), axis);
    };
    let mut sources: Vec<Vec<Source>> = rotations(chains.len());
    for source in sources.iter_mut().flatten() {
        *source = simplest(*source, &chains);
    }
    // Rotations that begin alike are done together, and those that are the same once.
    sources.sort_unstable();
    let mut pool = Pool::new(pooling, field.values.len());
    branch(field, &sources, &Branch { axes: axes.list(), chains: &chains, padding }, &mut pool);
    field.with(pool.finish())
}

struct Branch<'a> {
    axes: &'a [usize],
    chains: &'a [&'a Chain],
    padding: Padding,
}

/// Convolves along the first axis that is left, once for all rotations that agree on it, and goes on from there.
fn branch(field: &Field, rotations: &[Vec<Source>], of: &Branch, pool: &mut Pool) {
    let done = of.chains.len() - of.axes.len();
    let Some((axis, rest)) = of.axes.split_first() else {
        return pool.add(&field.values, rotations.len());
    };
    for same in rotations.chunk_by(|a, b| a[done] == b[done]) {
        let (chain, turned) = same[0][done];
        let next = apply(field, *axis, of.chains[chain], turned, of.padding);
        branch(&next, same, &Branch { axes: rest, ..*of }, pool);
    }
}

fn apply(field: &Field, axis: usize, chain: &Chain, turned: bool, padding: Padding) -> Field {
    let mut done: Option<Field> = None;
    for kernel in chain {
        let kernel: Vec<f64> = if turned { kernel.iter().rev().copied().collect() } else { kernel.clone() };
        done = Some(along(done.as_ref().unwrap_or(field), axis, &kernel, padding));
    }
    done.unwrap_or_else(|| field.clone())
}

/// Of equal kernels the first, and not turned round if that changes nothing.
fn simplest((chain, turned): Source, chains: &[&Chain]) -> Source {
    let first = chains.iter().position(|c| *c == chains[chain]).unwrap_or(chain);
    let is_even = chains[chain].iter().all(|kernel| kernel.iter().eq(kernel.iter().rev()));
    (first, turned && !is_even)
}

/// All rotations by right angles: for each axis the one that it comes from, and whether it points the other way.
fn rotations(axes: usize) -> Vec<Vec<Source>> {
    // Permutations with their parity.
    let orders: &[(&[usize], bool)] = if axes == 2 {
        &[(&[0, 1], false), (&[1, 0], true)]
    } else {
        &[
            (&[0, 1, 2], false),
            (&[1, 2, 0], false),
            (&[2, 0, 1], false),
            (&[0, 2, 1], true),
            (&[1, 0, 2], true),
            (&[2, 1, 0], true),
        ]
    };
    let mut all = vec![];
    for (order, is_odd) in orders {
        for signs in 0..1u32 << axes {
            // What is odd in one of the two alone is a mirror image.
            if (signs.count_ones() % 2 == 1) == *is_odd {
                all.push(order.iter().enumerate().map(|(i, from)| (*from, signs >> i & 1 == 1)).collect());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    //! Invariant: the pooled response to a rotated image is the rotated response.
    use super::*;
    use crate::units::Shape;

    fn noise(n: usize) -> Field {
        let values = (0..n * n * n).map(|i| f64::from((i as u32).wrapping_mul(2_654_435_761) >> 20)).collect();
        Field::new(Shape::new(n, n, n), values).unwrap()
    }

    /// Turned around z by a right angle.
    fn turned(field: &Field) -> Field {
        let n = field.shape.x;
        let from = |i: usize| {
            let [z, y, x] = field.shape.position(i);
            field.values[field.shape.index(z, n - 1 - x, y)]
        };
        field.with((0..field.values.len()).map(from).collect())
    }

    #[test]
    fn there_are_4_rotations_in_the_plane_and_24_in_space() {
        for (axes, n) in [(2, 4), (3, 24)] {
            let mut all = rotations(axes);
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), n);
        }
    }

    #[test]
    fn pooled_responses_turn_with_the_image() {
        let chain = |kernel: &[f64]| vec![kernel.to_vec()];
        let chains = [chain(&[1.0, 2.0, 0.5]), chain(&[-1.0, 0.0, 2.0]), chain(&[0.5, 1.0, 0.5])];
        let field = noise(7);
        for axes in [2, 3] {
            for pooling in [Pooling::Max, Pooling::Mean, Pooling::Min] {
                let pooled = |f: &Field| separable(f, &chains[..axes], Padding::Mirror, Some(pooling));
                let (a, b) = (turned(&pooled(&field)), pooled(&turned(&field)));
                let far = a.values.iter().zip(&b.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(far < 1e-9, "{axes} {pooling:?} {far}");
            }
        }
    }
}

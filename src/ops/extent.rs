//! Where objects are: bounding boxes and sizes, in one pass over labels on the host.

use super::runs::end_of_run;
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// Bounding box and size of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extent {
    /// Voxels.
    pub n: u64,
    /// First z, y, x.
    pub lo: [usize; 3],
    /// Behind the last z, y, x.
    pub hi: [usize; 3],
}

const NOTHING: Extent = Extent { n: 0, lo: [usize::MAX; 3], hi: [0; 3] };

impl Extent {
    fn add_run(&mut self, z: usize, y: usize, x0: usize, x1: usize) {
        self.n += (x1 - x0) as u64;
        self.lo = [self.lo[0].min(z), self.lo[1].min(y), self.lo[2].min(x0)];
        self.hi = [self.hi[0].max(z + 1), self.hi[1].max(y + 1), self.hi[2].max(x1)];
    }
    fn merge(&mut self, other: &Extent) {
        self.n += other.n;
        for a in 0..3 {
            self.lo[a] = self.lo[a].min(other.lo[a]);
            self.hi[a] = self.hi[a].max(other.hi[a]);
        }
    }
}

/// Calls `f(label, x0, x1)` for every run of equal values in a row.
pub(crate) fn runs(row: &[u32], mut f: impl FnMut(u32, usize, usize)) {
    let mut x = 0;
    while x < row.len() {
        let end = end_of_run(row, x);
        f(row[x], x, end);
        x = end;
    }
}

/// Extents of the labels 1..=count. Sums, minima and maxima have no order, so the threads do not matter.
///
/// # Errors
/// A label above `count`.
pub(crate) fn extents(labels: &[u32], shape: Shape, count: u32) -> Result<Vec<Extent>> {
    let rows = shape.z * shape.y;
    if rows == 0 || shape.x == 0 || count == 0 && labels.par_iter().all(|l| *l == 0) {
        return Ok(vec![NOTHING; count as usize]);
    }
    let block = rows.div_ceil(rayon::current_num_threads());
    let parts: Vec<Option<Vec<Extent>>> = labels
        .par_chunks(block * shape.x)
        .enumerate()
        .map(|(b, chunk)| {
            let mut part = vec![NOTHING; count as usize + 1];
            for (r, row) in chunk.chunks_exact(shape.x).enumerate() {
                let row_index = b * block + r;
                let mut known = true;
                runs(row, |label, x0, x1| match part.get_mut(label as usize) {
                    Some(e) if label > 0 => e.add_run(row_index / shape.y, row_index % shape.y, x0, x1),
                    Some(_) => {}
                    None => known = false,
                });
                if !known {
                    return None;
                }
            }
            Some(part)
        })
        .collect();
    let mut all = vec![NOTHING; count as usize + 1];
    for part in parts {
        let part = part.ok_or_else(|| Error::usage(format!("the labels hold numbers above their count, {count}")))?;
        all.iter_mut().zip(&part).for_each(|(a, p)| a.merge(p));
    }
    all.remove(0);
    Ok(all)
}

#[cfg(test)]
mod tests {
    //! Oracle: a literal grid.
    use super::*;

    #[test]
    fn extents_on_a_small_grid() {
        let shape = Shape::flat(3, 4);
        let labels = [0, 1, 1, 0, /**/ 0, 0, 1, 3, /**/ 3, 0, 0, 0];
        let all = extents(&labels, shape, 3).unwrap();
        assert_eq!(all[0], Extent { n: 3, lo: [0, 0, 1], hi: [1, 2, 3] });
        assert_eq!(all[1], NOTHING);
        assert_eq!(all[2], Extent { n: 2, lo: [0, 1, 0], hi: [1, 3, 4] });
        assert!(extents(&labels, shape, 2).is_err());
        assert!(extents(&labels, shape, 0).is_err());
    }
}

//! Where objects are: bounding boxes and sizes, from the runs of labels on the host.

use crate::Result;
use crate::image::Labels;
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
}

/// Extents of the labels 1..=count.
///
/// # Errors
/// The labels are on the device, or one of them is above their count.
pub(crate) fn extents(labels: &Labels) -> Result<Vec<Extent>> {
    let runs = labels.runs()?;
    let extent = |label: u32| {
        let mut extent = NOTHING;
        for run in runs.of(label) {
            let [z, y] = run.zy(labels.shape);
            extent.add_run(z, y, run.start as usize, run.end as usize);
        }
        extent
    };
    Ok((1..labels.count + 1).into_par_iter().with_min_len(64).map(extent).collect())
}

#[cfg(test)]
mod tests {
    //! Oracle: a literal grid.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn extents_on_a_small_grid() {
        let shape = Shape::flat(3, 4);
        let labels = Labels::new(shape, vec![0, 1, 1, 0, /**/ 0, 0, 1, 3, /**/ 3, 0, 0, 0]).unwrap();
        let all = extents(&labels).unwrap();
        assert_eq!(all[0], Extent { n: 3, lo: [0, 0, 1], hi: [1, 2, 3] });
        assert_eq!(all[1], NOTHING);
        assert_eq!(all[2], Extent { n: 2, lo: [0, 1, 0], hi: [1, 3, 4] });
        for count in [0, 2] {
            assert!(extents(&Labels::of(shape, count, labels.voxels().clone())).is_err());
        }
    }
}

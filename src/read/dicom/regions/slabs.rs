//! Contours that were drawn on thicker slices than those of the image: each stands for a slab, as thick as planes are apart.

/// Contours closer than this, in slices, lie in one plane.
pub const SAME_PLANE: f64 = 0.1;
/// Distances of planes are those of slabs where half of them differ from the usual one by less than this share: places are rounded, to a tenth of
/// a millimetre, say.
const ALIKE: f64 = 0.25;
/// Slabs that are thicker than slices by less than this, in slices, are slices.
const DIFFER: f64 = 0.02;
/// Planes that are farther apart, in mm, are those of several things; where there are two alone, half as far.
const THICKEST: f64 = 12.0;
/// Between planes that are so many times as far apart as usual some are missing.
const GAP: f64 = 1.5;

/// Planes of contours, in slices from the first one of the image.
pub struct Slabs {
    /// Ascending.
    planes: Vec<f64>,
    /// In slices.
    thickness: f64,
    /// All planes of the region lie in the middle of slices: it may have been drawn on some slices of this image and not on those between.
    pub is_of_image: bool,
}

impl Slabs {
    /// The planes of a region, `own`, and those of all regions of the file, which tell where its own are too few. Nothing where contours
    /// were drawn slice by slice, or it cannot be told.
    pub fn of(own: &[f64], all: &[f64], slice_mm: f64) -> Option<Self> {
        let planes = apart(own);
        let thickness = if planes.len() > 2 { usual(&planes, slice_mm) } else { usual(&apart(all), slice_mm) }?;
        let is_of_image = own.iter().all(|plane| (plane - plane.round()).abs() <= SAME_PLANE);
        (thickness > 1.0 + DIFFER).then_some(Slabs { planes, thickness, is_of_image })
    }

    /// In slices.
    pub fn thickness(&self) -> f64 {
        self.thickness
    }

    /// The slices whose middle lies nearest to a plane, and no farther away than a slab reaches where planes are missing: the first, and the one behind
    /// the last. A slice halfway between two planes belongs to the upper one.
    pub fn slices(&self, plane: f64) -> [f64; 2] {
        // All contours of a plane stand for the same slices.
        let at = self.planes.partition_point(|p| *p <= plane).saturating_sub(1);
        let plane = self.planes.get(at).copied().unwrap_or(plane);
        let reach = |other: Option<&f64>| {
            let apart = other.map(|other| (other - plane).abs()).filter(|apart| *apart <= GAP * self.thickness);
            apart.unwrap_or(self.thickness) / 2.0
        };
        let (below, above) = (at.checked_sub(1).and_then(|k| self.planes.get(k)), self.planes.get(at + 1));
        [plane - reach(below), plane + reach(above)].map(|end| (end - ROUNDING).ceil())
    }
}

/// Ends that lie this near to the middle of a slice lie there.
const ROUNDING: f64 = 1e-3;

/// The planes that differ, ascending.
fn apart(planes: &[f64]) -> Vec<f64> {
    let mut planes = planes.to_vec();
    planes.sort_unstable_by(f64::total_cmp);
    planes.dedup_by(|next, first| *next - *first <= SAME_PLANE);
    planes
}

/// The usual distance of planes, if it is one of slabs.
fn usual(planes: &[f64], slice_mm: f64) -> Option<f64> {
    let mut gaps: Vec<f64> = planes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable_by(f64::total_cmp);
    let median = *gaps.get(gaps.len() / 2)?;
    let alike = gaps.iter().filter(|gap| (**gap - median).abs() < ALIKE * median).count();
    let thickest = if gaps.len() > 1 { THICKEST } else { THICKEST / 2.0 };
    (2 * alike >= gaps.len() && median * slice_mm <= thickest).then_some(median)
}

#[cfg(test)]
mod tests {
    //! Mechanics: planes by hand.
    use super::*;

    #[test]
    fn regular_planes_farther_apart_than_slices_are_slabs() {
        let thickness = |own: &[f64], all: &[f64]| Slabs::of(own, all, 3.0).map(|s| s.thickness);
        let thick = [1.0, 1.0 + 5.0 / 3.0, 1.0 + 10.0 / 3.0, 6.0];
        assert!(thickness(&thick, &thick).is_some_and(|t| (t - 5.0 / 3.0).abs() < 1e-9));
        assert!(thickness(&thick[..2], &thick).is_some(), "few planes of a region: those of the file tell");
        assert!(thickness(&thick[..2], &thick[..2]).is_some(), "two alone");
        assert_eq!(thickness(&[1.0, 4.0], &[1.0, 4.0]), None, "two that are 9 mm apart");
        assert_eq!(thickness(&thick[..1], &thick[..1]), None);
        assert_eq!(thickness(&[1.0, 2.0, 3.0, 5.0], &[]), None, "one slice is left out");
        assert_eq!(thickness(&[1.0, 3.0, 9.0, 14.0, 20.0], &[]), None, "not regular");
        assert_eq!(thickness(&[1.0, 6.0, 11.0], &[]), None, "15 mm");
        assert_eq!(thickness(&[1.0, 3.0, 5.0], &[]), Some(2.0));
        assert_eq!(thickness(&[1.0, 1.01, 2.0, 2.99], &[]), None, "all but one slice");
        let rounded = [3.3, 6.5, 9.8, 13.1, 16.4, 19.6].map(|mm| mm / 2.0);
        assert!(thickness(&rounded, &[]).is_some_and(|t| (t - 1.65).abs() < 0.1), "of 3.27 mm, in tenths");
    }

    #[test]
    fn planes_that_are_rounded_leave_no_slice_between_them() {
        // Of 4 mm on slices of 2 mm, off by a hundredth, and one that is not as far from the last.
        let planes = [10.005, 12.0, 13.995, 16.01, 18.0, 19.75];
        let slabs = Slabs::of(&planes, &planes, 2.0).unwrap();
        let covered: Vec<[f64; 2]> = planes.iter().map(|plane| slabs.slices(*plane)).collect();
        assert!(covered.windows(2).all(|pair| pair[0][1] == pair[1][0]), "{covered:?}");
        assert!(covered[0][0] <= 10.0 && covered[5][1] >= 20.0, "{covered:?}");
    }

    #[test]
    fn slabs_lie_side_by_side() {
        let planes = [1.0, 1.05, 3.0, 5.0, 9.0];
        let slabs = Slabs::of(&planes, &planes, 3.0).unwrap();
        let slices = |plane: f64| slabs.slices(plane);
        assert_eq!(
            [1.0, 1.05, 3.0, 5.0, 9.0].map(slices),
            [[0.0, 2.0], [0.0, 2.0], [2.0, 4.0], [4.0, 6.0], [8.0, 10.0]]
        );
    }
}

//! Contours that were drawn on thicker slices than those of the image: each stands for a slab, as thick as planes are apart.

/// Contours closer than this, in slices, lie in one plane.
pub const SAME_PLANE: f64 = 0.1;
/// So many distances of planes that are equal say how thick slabs are, and half of all are.
const EQUAL: usize = 2;
/// Distances are equal, or a slice, that differ by less than this, in slices.
const DIFFER: f64 = 0.02;
/// Planes that are farther apart, in mm, are those of several things.
const THICKEST: f64 = 12.0;

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
        let thickness = if planes.len() > EQUAL { step(&planes) } else { step(&apart(all)) }?;
        let is_of_image = own.iter().all(|plane| (plane - plane.round()).abs() <= SAME_PLANE);
        let is_thick = thickness > 1.0 + DIFFER && thickness * slice_mm <= THICKEST;
        is_thick.then_some(Slabs { planes, thickness, is_of_image })
    }

    /// In slices.
    pub fn thickness(&self) -> f64 {
        self.thickness
    }

    /// The slices whose middle lies in the slab of a plane, its lower end among them and its upper one not: the first, and the one behind the last.
    pub fn slices(&self, plane: f64) -> [f64; 2] {
        // All contours of a plane stand for the same slices.
        let at = self.planes.partition_point(|p| *p <= plane).saturating_sub(1);
        let plane = self.planes.get(at).copied().unwrap_or(plane);
        [plane - self.thickness / 2.0, plane + self.thickness / 2.0].map(|end| (end - ROUNDING).ceil())
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

/// The least distance of planes, if it is the usual one.
fn step(planes: &[f64]) -> Option<f64> {
    let gaps: Vec<f64> = planes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let least = gaps.iter().copied().min_by(f64::total_cmp)?;
    let equal = gaps.iter().filter(|gap| **gap - least < DIFFER).count();
    (equal >= EQUAL && 2 * equal >= gaps.len()).then_some(least)
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
        assert_eq!(thickness(&thick[..2], &thick[..2]), None);
        assert_eq!(thickness(&[1.0, 2.0, 3.0, 5.0], &[]), None, "one slice is left out");
        assert_eq!(thickness(&[1.0, 3.0, 9.0, 14.0, 20.0], &[]), None, "not regular");
        assert_eq!(thickness(&[1.0, 6.0, 11.0], &[]), None, "15 mm");
        assert_eq!(thickness(&[1.0, 3.0, 5.0], &[]), Some(2.0));
        assert_eq!(thickness(&[1.0, 1.01, 2.0, 2.99], &[]), None, "all but one slice");
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

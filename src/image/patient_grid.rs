//! Where a volume lies in the patient: positions in millimetres, in the axes of DICOM (x to the patient's left, y to the
//! back, z to the head; LPS).

use crate::units::{Shape, Spacing};

/// Position and directions of a grid of voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PatientGrid {
    /// Centre of the voxel z = y = x = 0, in mm.
    pub origin: [f64; 3],
    /// Unit vectors along which z, y and x of the grid rise, each one as patient x, y, z.
    pub directions: [[f64; 3]; 3],
}

impl PatientGrid {
    /// A grid along the patient's axes that begins at the origin.
    pub const STRAIGHT: PatientGrid =
        PatientGrid { origin: [0.0; 3], directions: [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]] };

    /// Patient x, y, z in mm of a place in the grid (z, y, x; whole numbers are voxel centres).
    pub fn at(&self, spacing: &Spacing, zyx: [f64; 3]) -> [f64; 3] {
        let mm = spacing.unit.um() / 1000.0;
        let mut place = self.origin;
        for (axis, direction) in self.directions.iter().enumerate() {
            let along = zyx[axis] * spacing.zyx[axis] * mm;
            place.iter_mut().zip(direction).for_each(|(p, d)| *p += along * d);
        }
        place
    }

    /// The place in the grid (z, y, x) of patient x, y, z in mm. Directions are taken to be at right angles.
    pub fn grid(&self, spacing: &Spacing, xyz: [f64; 3]) -> [f64; 3] {
        let mm = spacing.unit.um() / 1000.0;
        std::array::from_fn(|axis| {
            let along: f64 = (0..3).map(|k| (xyz[k] - self.origin[k]) * self.directions[axis][k]).sum();
            along / (spacing.zyx[axis] * mm)
        })
    }

    /// The largest distance in mm between the corners of two grids of one shape: 0 where they are the same place.
    pub fn distance(&self, spacing: &Spacing, other: &PatientGrid, other_spacing: &Spacing, shape: Shape) -> f64 {
        let [z, y, x] = shape.zyx().map(|n| n.saturating_sub(1) as f64);
        let corner = |bits: u32| [z * f64::from(bits & 1), y * f64::from(bits >> 1 & 1), x * f64::from(bits >> 2)];
        let apart = |c: [f64; 3]| {
            let (a, b) = (self.at(spacing, c), other.at(other_spacing, c));
            (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
        };
        (0..8).map(|bits| apart(corner(bits))).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics, on grids worked out by hand.
    use super::*;

    #[test]
    fn places_go_there_and_back() {
        let spacing = Spacing::mm([3.0, 2.0, 1.0]).unwrap();
        let turned = PatientGrid {
            origin: [10.0, 20.0, 30.0],
            directions: [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
        };
        assert_eq!(turned.at(&spacing, [1.0, 2.0, 4.0]), [13.0, 24.0, 26.0]);
        assert_eq!(turned.grid(&spacing, [13.0, 24.0, 26.0]), [1.0, 2.0, 4.0]);
        let um = Spacing::um([3000.0, 2000.0, 1000.0]).unwrap();
        assert_eq!(turned.at(&um, [1.0, 2.0, 4.0]), [13.0, 24.0, 26.0]);
    }

    #[test]
    fn the_farthest_corner_tells_the_distance() {
        let a = Spacing::mm([1.0; 3]).unwrap();
        let b = Spacing::mm([1.0, 1.0, 1.5]).unwrap();
        let p = PatientGrid::STRAIGHT;
        assert_eq!(p.distance(&a, &p, &a, Shape::new(2, 3, 4)), 0.0);
        assert_eq!(p.distance(&a, &p, &b, Shape::new(2, 3, 4)), 1.5);
    }
}

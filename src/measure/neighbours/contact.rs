//! Who touches an object: objects that share sides of voxels with it.

use crate::measure::object::Object;
use crate::units::Spacing;

/// The sides of the voxels of an object that another voxel of the image lies beyond.
#[derive(Default)]
pub struct Contact {
    /// Objects beyond them.
    pub touching: usize,
    /// Those with an object beyond, across z, y, x.
    pub shared: [u64; 3],
    /// All of them.
    pub sides: u64,
}

impl Contact {
    /// Of an object; `voxels` are the labels of the image.
    pub fn of(object: &Object, label: u32, voxels: &[u32]) -> Self {
        let [depth, height, width] = object.shape.zyx();
        let (mut contact, mut others) = (Contact::default(), Vec::new());
        let mut meet = |axis: usize, beyond: &[u32]| {
            for other in beyond.iter().filter(|other| **other != label) {
                contact.sides += 1;
                if *other != 0 {
                    contact.shared[axis] += 1;
                    if others.last() != Some(other) {
                        others.push(*other);
                    }
                }
            }
        };
        object.each_run(|z, y, x0, x1| {
            let mut row = |z: usize, y: usize, axis: usize| {
                let start = object.shape.index(z, y, 0);
                meet(axis, &voxels[start + x0..start + x1]);
            };
            if y > 0 {
                row(z, y - 1, 1);
            }
            if y + 1 < height {
                row(z, y + 1, 1);
            }
            if z > 0 {
                row(z - 1, y, 0);
            }
            if z + 1 < depth {
                row(z + 1, y, 0);
            }
            let start = object.shape.index(z, y, 0);
            if x0 > 0 {
                meet(2, &voxels[start + x0 - 1..start + x0]);
            }
            if x1 < width {
                meet(2, &voxels[start + x1..start + x1 + 1]);
            }
        });
        others.sort_unstable();
        others.dedup();
        contact.touching = others.len();
        contact
    }

    /// Sides that others have as well.
    pub fn all_shared(&self) -> u64 {
        self.shared.iter().sum()
    }

    /// Length of the shared border in a plane.
    pub fn length(&self, spacing: &Spacing) -> f64 {
        // A side across y is as long as a voxel along x.
        self.shared[1] as f64 * spacing.zyx[2] + self.shared[2] as f64 * spacing.zyx[1]
    }

    /// Share of the sides that others have as well; nothing where there are no sides.
    pub fn fraction(&self) -> Option<f64> {
        (self.sides > 0).then(|| self.all_shared() as f64 / self.sides as f64)
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: sides counted by eye.
    use super::*;
    use crate::image::Labels;
    use crate::ops::extent::extents;
    use crate::units::Shape;

    #[test]
    fn sides_on_a_small_grid() {
        let shape = Shape::flat(3, 4);
        let voxels = vec![1, 1, 2, 0, /**/ 1, 1, 2, 2, /**/ 3, 0, 0, 0];
        let labels = Labels::new(shape, voxels.clone()).unwrap();
        let extents = extents(&labels).unwrap();
        let of = |label: u32| {
            let object = Object::new(&labels, label, extents[label as usize - 1]).unwrap();
            Contact::of(&object, label, &voxels)
        };
        let one = of(1);
        assert_eq!((one.touching, one.shared, one.sides), (2, [0, 1, 2], 4));
        assert_eq!(one.length(&Spacing::um([1.0, 0.5, 2.0]).unwrap()), 3.0);
        let two = of(2);
        assert_eq!((two.touching, two.shared, two.sides), (1, [0, 0, 2], 6));
        let three = of(3);
        assert_eq!((three.touching, three.shared, three.fraction()), (1, [0, 1, 0], Some(0.5)));
    }
}

//! Whether objects and the region that is made of their stain say the same of it.
//!
//! What is positive for a stain lies where the stain is. Where fewer than half do, either the cutoff of the objects or the threshold
//! of the region was taken by something else, and two numbers of one row contradict each other.

use super::Sets;
use super::classified::Markers;
use crate::Result;
use crate::device::Device;
use crate::image::{Labels, ObjectSet};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::sizes::sizes;

/// Fewer positive objects say nothing.
const FEW: usize = 5;

/// A warning for each marker of a set, and each region of its parents that is found in the channel of that name.
///
/// # Errors
/// Objects are not on the host.
pub(super) fn warnings(name: &str, of: &Sets, set: &ObjectSet, markers: &Markers) -> Result<Vec<String>> {
    let objects = &of.recipe.body.objects;
    let mut told = vec![];
    for parent in objects.get(name).map_or(&[][..], |objects| &objects.parent) {
        let Some((made, region)) = of.made.get(parent).zip(objects.get(parent)) else { continue };
        let Some((marker, of_marker)) = region.channel.as_ref().and_then(|role| markers.get_key_value(role.as_str()))
        else {
            continue;
        };
        let inside = mostly_inside(&set.labels, &made.labels)?;
        let positive = || of_marker.is_positive.iter().zip(&inside).filter(|(p, _)| **p == Some(true));
        let (n, within) = (positive().count(), positive().filter(|(_, inside)| **inside).count());
        if n >= FEW && 2 * within < n {
            told.push(format!(
                "{within} of {n} objects of {name} that are positive for {marker} lie in {parent}, which is made of the same stain: a bright speck may have taken \
                 its threshold or the cutoff of {marker}; look at the overlay; shares inside of {parent} and areas of it mean nothing until both agree"
            ));
        }
    }
    Ok(told)
}

/// For each object whether more than half of it lies in a region.
fn mostly_inside(objects: &Labels, region: &Labels) -> Result<Vec<bool>> {
    let all = sizes(&Device::Cpu, objects)?;
    let outside = sizes(&Device::Cpu, &cytoplasm(&Device::Cpu, objects, region)?)?;
    // Entry 0 counts the background.
    Ok(all.iter().zip(&outside).skip(1).map(|(all, outside)| outside * 2 < *all).collect())
}

#[cfg(test)]
mod tests {
    //! Oracle: counted by hand.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn more_than_half_of_an_object_is_mostly() {
        let row = |voxels: Vec<u32>| Labels::new(Shape::flat(1, voxels.len()), voxels).unwrap();
        let objects = row(vec![1, 1, 0, 2, 2, 2, 3, 3]);
        let region = row(vec![1, 0, 1, 1, 4, 0, 0, 0]);
        assert_eq!(mostly_inside(&objects, &region).unwrap(), [false, true, false]);
    }
}

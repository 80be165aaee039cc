//! Mechanics: images of odd sizes, and with samples up to the ends of what there are, are looked at without trouble.

use super::even_slices::EvenSlices;
use super::margin::Margin;
use crate::device::Device;
use crate::image::{Modality, Volume};
use crate::measure::slice_grounds;
use crate::ops::cut_ground::CutGround;
use crate::units::Shape;

/// A sample by its slice, by whether it lies in a margin, and by a number of no order.
type Sample = fn(i32, bool, i32) -> i32;

const KINDS: [Sample; 9] = [
    |_, _, _| 7,
    |_, _, r| r.wrapping_mul(2),
    |z, _, r| if z == 0 { i32::MIN } else { i32::MAX - r % 3 },
    |_, margin, r| if margin { i32::MIN } else { i32::MAX - r % 65_536 },
    |_, margin, r| if margin { i32::MAX } else { i32::MIN + r % 256 },
    |_, margin, r| if margin { 300 } else { 200 + r % 200 },
    |z, _, r| if z % 2 == 0 { 100 + r % 3 } else { 5000 + r % 900 },
    |z, _, r| (r % 1000 - 500 - 200 * z).max(0),
    |z, _, r| ((r % 1000 - 500) * (1 + z) * 100_000).max(-1_000_000),
];

fn look_at(image: &Volume) {
    let margin = Margin::of(image, Modality::Fluorescence).unwrap();
    let searched = margin.as_ref().map(|margin| margin.searched.voxels.host().unwrap());
    for seen in [image].into_iter().chain(margin.as_ref().map(|margin| &margin.filled)) {
        EvenSlices::of(seen, Modality::Fluorescence).unwrap();
        EvenSlices::to_search(seen, Modality::Fluorescence).unwrap();
        slice_grounds(seen, None, searched).unwrap();
        if let Some(cut) = CutGround::of(seen).unwrap() {
            assert!(cut.mean().is_finite() && cut.noise(&Device::Cpu, seen, 2).unwrap().is_finite());
        }
    }
}

#[test]
fn images_of_odd_sizes_are_no_trouble() {
    let mut state = 0_u64;
    let mut random = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as i32
    };
    let sides = [1, 2, 16, 33];
    let planes = || sides.into_iter().flat_map(|y| sides.map(|x| (y, x)));
    for shape in [1, 2, 5].into_iter().flat_map(|z| planes().map(move |(y, x)| Shape::new(z, y, x))) {
        for kind in KINDS {
            let sample = |i: usize| {
                let [z, y, x] = shape.position(i);
                kind(z as i32, y < shape.y / 4 || x < shape.x / 4, random())
            };
            look_at(&Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap());
        }
    }
}

//! Pixels of a 2-D object with its holes filled: background that cannot be reached from outside, not even across
//! corners, belongs to the object (scikit-image `area_filled`).

use super::object::Crop;

/// Pixels of a framed 2-D crop with the holes filled.
pub(super) fn area_filled(crop: &Crop) -> u64 {
    let (h, w) = (crop.size[1], crop.size[2]);
    let mut reached = crop.cells.clone();
    let mut outside = 1u64;
    let mut stack = vec![0usize];
    if let Some(corner) = reached.first_mut() {
        *corner = 1;
    }
    while let Some(i) = stack.pop() {
        let (y, x) = (i / w, i % w);
        for ny in y.saturating_sub(1)..=(y + 1).min(h - 1) {
            for nx in x.saturating_sub(1)..=(x + 1).min(w - 1) {
                let j = ny * w + nx;
                if reached[j] == 0 {
                    reached[j] = 1;
                    outside += 1;
                    stack.push(j);
                }
            }
        }
    }
    crop.cells.len() as u64 - outside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_closed_by_faces_only() {
        let ring = |corner: u8| Crop {
            size: [1, 5, 5],
            cells: vec![
                0, 0, 0, 0, 0, //
                0, corner, 1, 1, 0, //
                0, 1, 0, 1, 0, //
                0, 1, 1, 1, 0, //
                0, 0, 0, 0, 0,
            ],
        };
        assert_eq!(area_filled(&ring(1)), 9);
        assert_eq!(area_filled(&ring(0)), 7);
    }
}

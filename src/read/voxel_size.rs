//! Voxels of patients and animals: which sizes cannot be, and which can hardly be.
//!
//! A header whose lengths are in another unit than it says makes every volume 10^9 times too large or too small, and then lesions
//! are "dropped by size" without a word. What no scanner makes is refused, as nothing here could say what was meant; what is
//! unusual is doubted.

use crate::units::{Shape, Spacing, Unit};
use crate::{Error, Result};
use std::ops::RangeInclusive;

/// Sides of voxels in mm that a PET scanner can have, with grids that scans are brought onto.
const CAN_BE: RangeInclusive<f64> = 0.01..=100.0;
/// Those of scanners of animals and of patients.
const USUAL: RangeInclusive<f64> = 0.05..=20.0;

/// Looks at the voxels of PET. A doubt is given. A single slice may be as thick as it likes.
///
/// # Errors
/// No scanner has such voxels.
pub fn of_pet(spacing: Option<Spacing>, shape: Shape) -> Result<Option<String>> {
    let Some(spacing) = spacing else { return Ok(None) };
    let [z, y, x] = spacing.to(Unit::Mm).zyx;
    let sides = if shape.is_flat() { vec![y, x] } else { vec![z, y, x] };
    let (words, names) =
        if shape.is_flat() { (format!("{y} x {x} mm"), "y, x") } else { (format!("{z} x {y} x {x} mm"), "z, y, x") };
    let within = |range: &RangeInclusive<f64>| sides.iter().all(|side| range.contains(side));
    if !within(&CAN_BE) {
        return Err(Error::format(format!(
            "a voxel of {words} ({names}) cannot be one of PET, whose sides are {} to {} mm: the header has another unit",
            USUAL.start(),
            USUAL.end()
        ))
        .remedy("the true sizes in the header, in mm (NIfTI: sform, qform, pixdim and xyzt_units; DICOM: PixelSpacing and ImagePositionPatient)"));
    }
    Ok((!within(&USUAL)).then(|| {
        format!(
            "doubtful: a voxel has {words} ({names}); those of PET have sides of {} to {} mm, and the header may have another unit",
            USUAL.start(),
            USUAL.end()
        )
    }))
}

#[cfg(test)]
mod tests {
    //! Oracle: scanners of patients and animals, and their lengths in other units.
    use super::*;

    #[test]
    fn scanners_are_believed_and_other_units_are_not() {
        let of = |zyx, z| of_pet(Spacing::mm(zyx), Shape::new(z, 4, 4));
        for usual in [[3.0, 4.0, 4.0], [5.0, 7.0, 7.0], [0.8, 0.4, 0.4], [1.2, 0.1, 0.1], [2.0; 3], [10.0, 2.0, 2.0]] {
            assert_eq!(of(usual, 3).unwrap(), None, "{usual:?}");
        }
        for other in [[3000.0, 4000.0, 4000.0], [0.003, 0.004, 0.004], [3.0, 4.0, 0.004], [0.003, 4.0, 4.0]] {
            let e = of(other, 3).unwrap_err();
            assert!(e.what.contains(&format!("{} x {} x {} mm", other[0], other[1], other[2])), "{e}");
            assert!(e.what.contains("0.05 to 20 mm") && e.remedy.is_some(), "{e}");
        }
        let doubt = of([3.0, 25.0, 25.0], 3).unwrap().unwrap();
        assert!(doubt.starts_with("doubtful: a voxel has 3 x 25 x 25 mm (z, y, x)"), "{doubt}");
        assert_eq!(of([300.0, 4.0, 4.0], 1).unwrap(), None, "a projection has no slices");
        assert_eq!(of_pet(None, Shape::flat(4, 4)).unwrap(), None);
        let um = of_pet(Spacing::um([3.0, 4.0, 4.0]), Shape::new(3, 4, 4)).unwrap_err();
        assert!(um.what.contains("0.003 x 0.004 x 0.004 mm"), "{um}");
    }
}

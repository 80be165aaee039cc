//! Where the scale of a camera ends: what lies there had at least so much light.
//!
//! That is the largest number that the file can hold, where several voxels have it; one alone is the maximum of an image that was
//! stretched to the whole scale. A camera of fewer bits ends below that, its numbers may stand at the top of a longer word, and floats
//! hold what integers held. So it is the greatest value of an image as well where that is 1, or 255, 1023, 4095 and the like, or such ones at the top
//! of a word of 16 bits, and where half of the voxels that have it (two at least) lie beside another one that has it, in a row or a
//! column: optics blur, so light that was cut off leaves a plain, and light that was not has one highest voxel.

use crate::Result;
use crate::image::Volume;
use crate::simd::span;
use crate::units::Shape;
use rayon::prelude::*;

/// So many voxels at the end of the scale are no chance.
const FEWEST: usize = 2;
/// No camera has a shorter scale.
const SHORTEST: f64 = 255.0;
/// One more than the largest number of the words that cameras fill.
const WORD: f64 = 65_536.0;

/// The sample from which on more light shows the same, of an image on the host; nothing where no light was cut off. `of_file` is the
/// largest sample that the file can hold, if it has integers.
///
/// # Errors
/// The image lies on a device.
pub fn end_of_scale(image: &Volume, of_file: Option<i32>) -> Result<Option<i32>> {
    let samples = image.samples.host()?;
    let (_, top) = span(samples);
    let is_end_of_file = of_file == Some(top);
    if !is_end_of_file && !ends_a_scale(image.scale.value(f64::from(top))) {
        return Ok(None);
    }
    let in_plain = |i: usize| beside(image.shape, i).any(|j| samples[j] == top);
    let there = samples.par_iter().enumerate().filter(|(_, s)| **s == top);
    let counts = there.map(|(i, _)| [1, usize::from(in_plain(i))]).reduce(|| [0; 2], |a, b| [a[0] + b[0], a[1] + b[1]]);
    let [n, in_plains] = counts;
    Ok((n >= FEWEST && (is_end_of_file || 2 * in_plains >= n)).then_some(top))
}

/// 1, or ones in binary, or such ones at the top of a word.
fn ends_a_scale(value: f64) -> bool {
    let is_whole = value.fract() == 0.0 && (SHORTEST..WORD).contains(&value);
    let whole = if is_whole { value as u32 } else { 0 };
    let step = whole & whole.wrapping_neg();
    let end = whole + step;
    value == 1.0 || (is_whole && end.is_power_of_two() && (step == 1 || (step <= 256 && f64::from(end) == WORD)))
}

/// The voxels next to one in its slice.
fn beside(shape: Shape, i: usize) -> impl Iterator<Item = usize> {
    let [_, y, x] = shape.position(i);
    let sides = [
        (x > 0).then(|| i - 1),
        (x + 1 < shape.x).then_some(i + 1),
        (y > 0).then(|| i - shape.x),
        (y + 1 < shape.y).then_some(i + shape.x),
    ];
    sides.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    //! Mechanics: literal grids.
    use super::*;
    use crate::image::Scale;

    fn image(samples: &[i32], scale: Scale) -> Volume {
        let mut image = Volume::new(Shape::flat(samples.len() / 4, 4), samples.to_vec()).unwrap();
        image.scale = scale;
        image
    }

    #[test]
    fn a_scale_ends_where_light_was_cut_off() {
        let end = |samples: &[i32], of_file| end_of_scale(&image(samples, Scale::ONE), of_file).unwrap();
        let plain = |top: i32| [3, top, top, 4, 5, 6, top, 7];
        // The end of the file; two voxels that do not touch are enough.
        assert_eq!(end(&plain(255), Some(255)), Some(255));
        assert_eq!(end(&[255, 3, 4, 255], Some(255)), Some(255));
        assert_eq!(end(&[255, 3, 4, 5], Some(255)), None, "stretched to the whole scale");
        // Twelve bits in a word of sixteen, at its lower and at its upper end.
        assert_eq!(end(&plain(4095), Some(65535)), Some(4095));
        assert_eq!(end(&plain(65520), Some(65535)), Some(65520));
        assert_eq!(end(&plain(4095), None), Some(4095), "floats");
        assert_eq!(end(&[4095, 3, 4, 4095, 5, 6, 7, 8], Some(65535)), None, "two peaks that are as high");
        assert_eq!(end(&plain(4000), Some(65535)), None);
        assert_eq!(end(&plain(127), Some(65535)), None, "no camera has seven bits");
        // Divided by the end of the scale.
        let share = Scale::new(1.0 / 4096.0, 0.0).unwrap();
        assert_eq!(end_of_scale(&image(&plain(4096), share), None).unwrap(), Some(4096));
    }

    #[test]
    fn scales_end_with_ones() {
        let yes = [1.0, 255.0, 1023.0, 4095.0, 65_472.0, 65_520.0, 65_535.0];
        let no = [0.0, 0.5, 127.0, 256.0, 4094.0, 32_768.0, 65_536.0, 1e9, -1.0];
        assert!(yes.into_iter().all(ends_a_scale) && !no.into_iter().any(ends_a_scale));
    }
}

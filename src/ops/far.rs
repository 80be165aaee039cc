//! What lies far from everything bright, and what lies near: on the host.

use super::morphology::dilate_mask;
use crate::Result;
use crate::device::Buffer;
use crate::image::Volume;
use crate::simd;

/// 1 where a box of this half-width around a voxel, along z, y, x, holds a sample above a limit.
///
/// # Errors
/// The volume is on a device.
pub(crate) fn near(src: &Volume, reach: [usize; 3], limit: i32) -> Result<Vec<u8>> {
    let bright = simd::map(src.samples.host()?, |s| u8::from(s > limit));
    Ok(dilate_mask(&bright, src.shape, reach))
}

/// The samples that are not near, and the least of all numbers elsewhere: histograms pass it over.
///
/// # Errors
/// The volume is on a device.
pub(crate) fn far_from(src: &Volume, near: &[u8]) -> Result<Volume> {
    let far = |sample, near| if near == 0 { sample } else { i32::MIN };
    Ok(src.with(Buffer::on_host(simd::map2(src.samples.host()?, near, far))))
}

#[cfg(test)]
mod tests {
    //! Oracle: a row that is worked out by eye.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn samples_beyond_the_reach_stay() {
        let row = Volume::new(Shape::flat(1, 8), vec![1, 2, 3, 9, 4, 5, 6, 7]).unwrap();
        let near = near(&row, [0, 0, 2], 8).unwrap();
        assert_eq!(near, [0, 1, 1, 1, 1, 1, 0, 0]);
        let far = far_from(&row, &near).unwrap();
        assert_eq!(far.samples.host().unwrap(), [1, i32::MIN, i32::MIN, i32::MIN, i32::MIN, i32::MIN, 6, 7]);
    }
}

//! What lies beyond the edge of an image.

/// What lies beyond the edge of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Border {
    /// The nearest voxel: `aaa|abcd|ddd`.
    Nearest,
    /// Mirrored with the edge voxel repeated: `cba|abcd|dcb`.
    Reflect,
    /// Mirrored about the edge voxel: `dcb|abcd|cba`.
    Mirror,
}

impl Border {
    /// The index inside `0..n` that stands for `i`.
    pub fn index(self, i: isize, n: usize) -> usize {
        let n = n as isize;
        match self {
            Border::Nearest => i.clamp(0, n - 1) as usize,
            Border::Reflect => {
                let k = i.rem_euclid(2 * n);
                (if k < n { k } else { 2 * n - 1 - k }) as usize
            }
            Border::Mirror => {
                let period = (2 * n - 2).max(1);
                let k = i.rem_euclid(period);
                (if k < n { k } else { period - k }) as usize
            }
        }
    }
    /// As the shaders of `shared/border.wgsl` know it.
    pub fn code(self) -> u32 {
        self as u32
    }
}

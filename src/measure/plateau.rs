//! Where a scale ends before the type of its samples does: at 4095 of a camera of 12 bits in a file of 16, or where a program has cut it off.
//!
//! Light fades towards its brightest places, so the greatest sample of an image is one of few. Where the image was overexposed all light
//! above the end of the scale is that one sample: more voxels have it than its neighbours below, and none lies beyond. Of such a voxel it is known
//! only that it is at least so bright. A mask or a drawing has a pile as well, but nothing that rises to it, as light does behind any lens.
//! Reference: this project.

use super::background::groups;

/// A first look at so many samples tells most images from those with a plateau.
const SOME: usize = 1 << 14;
/// The plateau has more of the voxels than one in so many.
const ONE_IN: u64 = 1000;
/// It has so many times as many as the levels of the brighter half have at the mean,
const PILE: f64 = 4.0;
/// of which there are so many.
const LEVELS: usize = 4;
/// What was drawn above it, as a scale bar is, has less than one voxel in so many of it,
const DRAWN: u64 = 4;
/// and lies so many times as far above the least sample.
const BEYOND: f64 = 1.5;

/// What features say of the share of voxels that lie at the end of a scale, of an object or of an image.
pub(super) const SHARE_AT_END: &str = "Share of voxels at the largest value that the source can store, or at the end of a shorter scale, which 0.1 % of the \
                                       channel and more pile up at: of these it is known only that they are at least so bright";

/// The sample of the plateau, if there is one.
#[must_use]
pub fn plateau(samples: &[i32]) -> Option<i32> {
    // Their distance is odd, so that they are of all columns. A part of the samples says it less surely.
    let some: Vec<i32> = samples.iter().copied().step_by((samples.len() / SOME) | 1).collect();
    of_levels(&groups(&some, None), 0.5)?;
    of_levels(&groups(samples, None), 1.0)
}

/// Of samples that occur, rising, with how often they do; `share` of what a plateau has is enough.
fn of_levels(levels: &[(i32, u64)], share: f64) -> Option<i32> {
    let all: u64 = levels.iter().map(|level| level.1).sum();
    let least = levels.first()?.0;
    let height = |sample: i32| f64::from(sample) - f64::from(least);
    let mut above = 0;
    for (k, &(sample, n)) in levels.iter().enumerate().rev() {
        if above * DRAWN > all {
            return None;
        }
        let is_end = above * DRAWN <= n
            && levels.get(k + 1).is_none_or(|next| height(next.0) >= BEYOND * height(sample))
            && (n * ONE_IN) as f64 >= share * all as f64;
        if is_end && is_pile(n, &levels[..k], |s| 2.0 * height(s) >= height(sample), share) {
            return Some(sample);
        }
        above += n;
    }
    None
}

/// Whether so many are a pile beside the levels below that are bright.
fn is_pile(n: u64, below: &[(i32, u64)], is_bright: impl Fn(i32) -> bool, share: f64) -> bool {
    let bright = &below[below.partition_point(|level| !is_bright(level.0))..];
    let voxels: u64 = bright.iter().map(|level| level.1).sum();
    bright.len() >= LEVELS && n as f64 * bright.len() as f64 >= share * PILE * voxels as f64
}

#[cfg(test)]
mod tests {
    //! Oracle: light that was cut off where it is known, and images that were not.
    use super::*;

    /// Soft discs of many heights on a ground with noise, times a gain.
    fn field(gain: f64) -> Vec<i32> {
        let mut state = 11u64;
        let mut uniform = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        let sample = |i: usize| {
            let (y, x) = (i / 320, i % 320);
            let (dy, dx) = (y as f64 % 40.0 - 20.0, x as f64 % 40.0 - 20.0);
            let height = 200.0 + 700.0 * ((y / 40 * 8 + x / 40) as f64 / 64.0);
            let light = 120.0 + height / (1.0 + libm::exp(dy.hypot(dx) - 11.0));
            let noise = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            (gain * (light + noise * light.sqrt())) as i32
        };
        (0..320 * 320).map(sample).collect()
    }

    #[test]
    fn the_end_of_a_scale_is_found_whatever_it_is() {
        for gain in [1.0, 7.0, 23.0] {
            let whole = field(gain);
            let ends = [300.0, 500.0, 700.0].map(|end| (gain * end) as i32);
            for end in ends {
                let cut: Vec<i32> = whole.iter().map(|s| (*s).min(end)).collect();
                assert_eq!(plateau(&cut), Some(end), "times {gain}");
                // Letters were burned in above it, in every 500th voxel.
                let drawn: Vec<i32> =
                    cut.iter().enumerate().map(|(i, s)| if i % 500 == 0 { 65_535 } else { *s }).collect();
                assert_eq!(plateau(&drawn), Some(end), "drawn over, times {gain}");
            }
            assert_eq!(plateau(&whole), None, "times {gain}");
        }
        // Nearly all of it: the ground is cut off as well.
        let bright: Vec<i32> = field(30.0).iter().map(|s| (*s).min(3300)).collect();
        assert_eq!(plateau(&bright), Some(3300));
    }

    #[test]
    fn masks_drawings_and_few_levels_have_none() {
        assert_eq!(plateau(&[]), None);
        assert_eq!(plateau(&[7; 500]), None);
        assert_eq!(plateau(&field(1.0).iter().map(|s| i32::from(*s > 300)).collect::<Vec<_>>()), None);
        // Discs of one height with sharp rims on a ground with noise.
        let drawn: Vec<i32> = field(1.0).iter().map(|s| if *s > 300 { 900 } else { (*s).min(180) }).collect();
        assert_eq!(plateau(&drawn), None);
        // A dim picture of 8 bits.
        assert_eq!(plateau(&field(0.05)), None);
    }
}

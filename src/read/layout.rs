//! Which page is which plane of an image: what the metadata of a TIFF family file come down to.

use super::resolution::Stated;
use super::{Options, Pages};
use crate::units::Spacing;
use crate::{Error, Result};
use std::path::PathBuf;

/// Where a plane is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plane {
    /// 0 is the file itself, n the n-th of its companions.
    pub file: usize,
    /// Page of that file.
    pub page: usize,
}

/// The planes of one image at one time point.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// For the facts: `OME-TIFF`, `ImageJ TIFF`, `TIFF`.
    pub format: &'static str,
    /// Plane of each channel and slice, at `channel * slices + slice`. A pixel may hold several channels more.
    pub planes: Vec<Plane>,
    /// Slices.
    pub slices: usize,
    /// Other files that planes lie in.
    pub companions: Vec<PathBuf>,
    /// Their UUIDs, as far as the file knows them.
    pub uuids: Vec<Option<String>>,
    /// Another file that this was read from.
    pub metadata: Option<PathBuf>,
    /// The samples of planar pages count as pages.
    pub unfolded: bool,
    /// Pages that the description stands for, where it is checked against the file.
    pub described: Option<usize>,
    /// Pages beyond the first may follow it without a directory.
    pub runs: bool,
    /// Names of the channels, as far as they have one.
    pub names: Vec<Option<String>>,
    /// What the file says of the size of its voxels.
    pub stated: Stated,
    /// The calibration that counts, which is worked out from that and the recipe.
    pub spacing: Option<Spacing>,
    /// Bits that carry the numbers, where the file says it: 12 for a 12-bit camera stored in 16.
    pub significant_bits: Option<u8>,
    /// For the scan.
    pub facts: Vec<(String, String)>,
    /// For the warnings of the scan.
    pub warnings: Vec<String>,
    /// For its notes.
    pub notes: Vec<String>,
}

/// Sizes of the axes that are counted in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Channels.
    pub c: usize,
    /// Slices.
    pub z: usize,
    /// Time points.
    pub t: usize,
}

impl Sizes {
    /// Planes in all.
    ///
    /// # Errors
    /// An axis has no extent, or there are more than 2^20 planes.
    pub fn planes(self) -> Result<usize> {
        let count = [self.c, self.z, self.t].iter().try_fold(1usize, |n, s| n.checked_mul(*s));
        match count {
            Some(n @ 1..=0x10_0000) => Ok(n),
            _ => Err(Error::format(format!("{} channels, {} slices, {} time points", self.c, self.z, self.t))),
        }
    }

    /// Pages without any word about them: what the recipe says, else slices, with a warning.
    pub fn of_pages(count: usize, options: &Options, warnings: &mut Vec<String>) -> Self {
        match options.pages {
            Pages::Unsaid if count > 1 => warnings.push(format!(
                "{count} pages were taken as slices, since the file does not say what they are: files.pages = \"c\" if they \
                 are channels, \"t\" if they are time points"
            )),
            _ => {}
        }
        match options.pages {
            Pages::Unsaid | Pages::Slices => Sizes { c: 1, z: count, t: 1 },
            Pages::Channels => Sizes { c: count, z: 1, t: 1 },
            Pages::Times => Sizes { c: 1, z: 1, t: count },
        }
    }

    /// The time point to read.
    ///
    /// # Errors
    /// There are several and none was asked for, or the one asked for is not there.
    pub fn time(self, options: &Options) -> Result<usize> {
        let usage =
            |what: String| Error::usage(what).remedy("--set files.time=0 for the first, or one file a time point");
        match options.time {
            Some(t) if t < self.t => Ok(t),
            Some(t) => Err(usage(format!("time point {t} of an image with {}, counted from 0", self.t))),
            None if self.t == 1 => Ok(0),
            None => Err(usage(format!("the image has {} time points, and nothing was read", self.t))),
        }
    }

    /// As [`Sizes::time`]; which one of several it is becomes a warning.
    pub fn time_point(self, options: &Options, warnings: &mut Vec<String>) -> Result<usize> {
        let time = self.time(options)?;
        if self.t > 1 {
            warnings.push(format!("time point {time} of {}, counted from 0, was read", self.t));
        }
        Ok(time)
    }

    /// Position of a plane among all, for an order of the axes such as `ZCT`, the first one running fastest.
    pub fn index(self, order: &str, c: usize, z: usize, t: usize) -> usize {
        let axis = |a| match a {
            'C' => (c, self.c),
            'Z' => (z, self.z),
            _ => (t, self.t),
        };
        order.chars().rev().map(axis).fold(0, |index, (at, size)| index * size + at)
    }

    /// The pages of one time point, channel after channel, where pages lie in the given order.
    pub fn pages(self, order: &str, t: usize) -> Vec<Plane> {
        let plane = |c, z| Plane { file: 0, page: self.index(order, c, z, t) };
        (0..self.c).flat_map(|c| (0..self.z).map(move |z| plane(c, z))).collect()
    }
}

/// Names for channels: the file's own, else R, G, B for colour, else `ch0`, `ch1`, ... Equal ones get a number.
pub fn names(given: &[Option<String>], planes: usize, samples: usize, rgb: bool) -> Vec<String> {
    let colours = ["R", "G", "B"];
    let mut out: Vec<String> = Vec::new();
    for channel in 0..planes * samples {
        let (plane, sample) = (channel / samples, channel % samples);
        let given = |i: usize| given.get(i).cloned().flatten().map(|n| n.trim().to_string()).filter(|n| !n.is_empty());
        let part = if rgb {
            colours.get(sample).map_or_else(|| format!("s{sample}"), |c| (*c).into())
        } else {
            format!("s{sample}")
        };
        let name = match (samples, planes) {
            (1, _) => given(plane).unwrap_or_else(|| format!("ch{plane}")),
            (_, 1) if rgb => part,
            (_, 1) => given(sample).unwrap_or_else(|| format!("ch{sample}")),
            _ => given(plane).unwrap_or_else(|| format!("ch{plane}")) + "_" + &part,
        };
        let same = out.iter().filter(|n| **n == name || is_repeat(n, &name)).count();
        out.push(if same == 0 { name } else { format!("{name} ({})", same + 1) });
    }
    out
}

/// Whether a name was made of another one that several channels have.
pub fn is_repeat(name: &str, of: &str) -> bool {
    let number = name.strip_prefix(of).and_then(|rest| rest.strip_prefix(" (")?.strip_suffix(')'));
    // A wavelength in brackets is another matter.
    number.and_then(|n| n.parse().ok()).is_some_and(|n| (2..100).contains(&n))
}

#[cfg(test)]
mod tests {
    //! Oracle: literal grids.
    use super::*;

    #[test]
    fn planes_follow_the_order_of_the_axes() {
        let sizes = Sizes { c: 2, z: 3, t: 2 };
        let pages = |order, t| sizes.pages(order, t).iter().map(|p| p.page).collect::<Vec<_>>();
        assert_eq!(pages("CZT", 0), [0, 2, 4, 1, 3, 5]);
        assert_eq!(pages("ZCT", 1), [6, 7, 8, 9, 10, 11]);
        assert_eq!(pages("TZC", 1), [1, 3, 5, 7, 9, 11]);
        assert_eq!(sizes.planes().unwrap(), 12);
        assert!(Sizes { c: 0, z: 1, t: 1 }.planes().is_err());
    }

    #[test]
    fn names_are_never_equal() {
        let given = [Some("DAPI".into()), None, Some("DAPI".into())];
        assert_eq!(names(&given, 3, 1, false), ["DAPI", "ch1", "DAPI (2)"]);
        assert_eq!(names(&[], 1, 3, true), ["R", "G", "B"]);
        assert_eq!(names(&[], 1, 2, false), ["ch0", "ch1"]);
        assert_eq!(names(&[], 2, 3, true), ["ch0_R", "ch0_G", "ch0_B", "ch1_R", "ch1_G", "ch1_B"]);
    }
}

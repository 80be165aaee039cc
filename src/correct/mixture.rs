//! How dyes share channels: a matrix of channels by dyes, and the dyes that explain the light of a voxel.

use super::least_squares::{Gram, Numbers};
use crate::{Error, Result};

/// Most dyes of a mixture.
pub const MOST_DYES: usize = 10;
/// Most channels of a mixture.
pub const MOST_CHANNELS: usize = 32;

/// A dye has less than this of its own (the squared sine of the angle to what the others can look like: a twentieth of a
/// degree): noise would decide.
const OWN: f64 = 1e-6;

/// How the light of dyes falls on channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// A row a channel: its light from so much of each dye as gives 1 in the brightest channel. So it does not matter on which scale
    /// the numbers of a dye are.
    rows: Vec<Numbers>,
    gram: Gram,
    /// The light of one unit of each dye in its brightest channel.
    brightest: Numbers,
}

impl Mixture {
    /// Of the spectra of dyes: for each dye its light in each channel.
    ///
    /// # Errors
    /// No dye, more dyes than channels, too many, spectra of different lengths, a number below 0 or none, a dye without light,
    /// or dyes that look alike.
    pub fn new(spectra: &[&[f64]]) -> Result<Self> {
        let channels = spectra.first().map_or(0, |s| s.len());
        let dyes = spectra.len();
        if dyes == 0 || dyes > MOST_DYES || channels > MOST_CHANNELS || dyes > channels {
            return Err(Error::usage(format!("{dyes} dyes in {channels} channels")).remedy(format!(
                "1 to {MOST_DYES} dyes, at least as many channels as dyes, {MOST_CHANNELS} channels at most"
            )));
        }
        for spectrum in spectra {
            if spectrum.len() != channels {
                let what = format!("{} numbers for {channels} channels", spectrum.len());
                return Err(Error::usage(what).remedy("one number a channel"));
            }
            if let Some(bad) = spectrum.iter().find(|v| !(v.is_finite() && **v >= 0.0)) {
                return Err(Error::usage(format!("{bad} is no light of a dye")).remedy("numbers from 0 on"));
            }
            if spectrum.iter().all(|v| *v == 0.0) {
                return Err(Error::usage("a dye without light in any channel").remedy("a number above 0"));
            }
        }
        let mut brightest = [1.0; MOST_DYES];
        let largest = |spectrum: &&[f64]| spectrum.iter().copied().fold(0.0, f64::max);
        brightest.iter_mut().zip(spectra).for_each(|(v, spectrum)| *v = largest(spectrum));
        let row = |channel: usize| {
            let mut row = [0.0; MOST_DYES];
            let light = spectra.iter().zip(&brightest).map(|(spectrum, brightest)| spectrum[channel] / brightest);
            row.iter_mut().zip(light).for_each(|(v, light)| *v = light);
            row
        };
        let rows: Vec<Numbers> = (0..channels).map(row).collect();
        let gram = Gram::of(dyes, rows.iter());
        if gram.least_pivot() < OWN {
            return Err(Error::usage("the dyes look alike: one of them is a mixture of the others")
                .remedy("spectra that differ, or fewer dyes"));
        }
        Ok(Mixture { rows, gram, brightest })
    }

    /// Number of dyes.
    pub fn dyes(&self) -> usize {
        self.gram.n
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.rows.len()
    }

    /// The channel that a dye is brightest in; the first of equals.
    pub fn main_channel(&self, dye: usize) -> usize {
        let light = |channel: usize| self.rows[channel].get(dye).copied().unwrap_or(0.0);
        (0..self.rows.len()).rev().max_by(|a, b| light(*a).total_cmp(&light(*b))).unwrap_or(0)
    }

    /// The light of one unit of a dye in its brightest channel.
    pub fn brightest(&self, dye: usize) -> f64 {
        self.brightest.get(dye).copied().unwrap_or(1.0)
    }

    /// No dye can be brighter than this, in its brightest channel, where no channel is brighter than `light`.
    pub(super) fn most(&self, light: f64) -> f64 {
        let least = (0..self.dyes()).map(|k| self.gram.products[k][k].sqrt()).fold(f64::INFINITY, f64::min);
        (self.rows.len() as f64).sqrt() * light / least
    }

    /// The dyes that come nearest to the light of a voxel, none of them below 0, as bright as they are in their brightest channel. Of a saturated channel it is known only that its
    /// light is at least so much: it is passed over as long as the others explain that.
    pub(super) fn dyes_of(&self, light: &[f64], saturated: u32) -> Numbers {
        let whole = self.right(light, 0);
        if saturated == 0 {
            return self.gram.solve_without_negatives(&whole);
        }
        let without = |channels: u32| {
            let kept = self.rows.iter().enumerate().filter(|(c, _)| channels >> c & 1 == 0).map(|(_, row)| row);
            Gram::of(self.dyes(), kept).solve_without_negatives(&self.right(light, channels))
        };
        let dyes = without(saturated);
        let explained = |c: &usize| self.light_of(&dyes, *c) >= light[*c];
        let passed =
            (0..self.rows.len()).filter(|c| saturated >> c & 1 == 1).filter(explained).fold(0, |m, c| m | 1 << c);
        if passed == saturated { dyes } else { without(passed) }
    }

    /// The light, in a channel, of dyes that are so bright.
    pub(super) fn light_of(&self, dyes: &Numbers, channel: usize) -> f64 {
        self.rows[channel].iter().zip(dyes).map(|(a, x)| a * x).sum()
    }

    /// How much of the noise of the channels a dye has, where some of them are passed over: noise of 1 in each of the others gives
    /// so much. Nothing where the others do not tell the dye.
    fn noise(&self, dye: usize, without: u32) -> Option<f64> {
        let kept = self.rows.iter().enumerate().filter(|(c, _)| without >> c & 1 == 0).map(|(_, row)| row);
        let mut right = [0.0; MOST_DYES];
        *right.get_mut(dye)? = 1.0;
        Gram::of(self.dyes(), kept).inverse_times(&right)?.get(dye).map(|v| v.sqrt()).filter(|v| v.is_finite())
    }

    /// How many times as much the noise counts, at most, in a dye where some channels are passed over; nothing where the others do not
    /// tell it.
    pub(super) fn noisier(&self, without: u32) -> Option<f64> {
        let times = |dye: usize| Some(self.noise(dye, without)? / self.noise(dye, 0)?);
        (0..self.dyes()).try_fold(1.0, |most: f64, dye| Some(most.max(times(dye)?)))
    }

    /// How many times as much noise the dye that is told least from the others has as it would have alone. One over the sine of the
    /// angle between it and what the others can look like.
    pub fn told_apart(&self) -> f64 {
        let times = |dye: usize| self.noise(dye, 0).unwrap_or(f64::INFINITY) * self.gram.products[dye][dye].sqrt();
        (0..self.dyes()).map(times).fold(1.0, f64::max)
    }

    fn right(&self, light: &[f64], without: u32) -> Numbers {
        let mut right = [0.0; MOST_DYES];
        for (c, (row, light)) in self.rows.iter().zip(light).enumerate() {
            if without >> c & 1 == 0 {
                right.iter_mut().zip(row).for_each(|(sum, a)| *sum += a * light);
            }
        }
        right
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: by hand. Mechanics: refusals.
    use super::*;

    #[test]
    fn what_is_no_mixture_is_refused() {
        let cases: [(&[&[f64]], &str); 7] = [
            (&[], "0 dyes"),
            (&[&[1.0], &[1.0]], "2 dyes in 1 channels"),
            (&[&[1.0, 0.0], &[1.0]], "1 numbers for 2 channels"),
            (&[&[1.0, -0.1], &[0.0, 1.0]], "-0.1 is no light"),
            (&[&[1.0, f64::NAN], &[0.0, 1.0]], "NaN is no light"),
            (&[&[0.0, 0.0], &[0.0, 1.0]], "without light"),
            (&[&[1.0, 0.5], &[2.0, 1.0]], "look alike"),
        ];
        for (spectra, words) in cases {
            let e = Mixture::new(spectra).unwrap_err();
            assert!(e.what.contains(words) && e.remedy.is_some(), "{words}: {e}");
        }
    }

    #[test]
    fn a_saturated_channel_says_at_least() {
        let m = Mixture::new(&[&[1.0, 0.5, 0.0], &[0.0, 0.5, 1.0]]).unwrap();
        let two = |light: &[f64], saturated| {
            m.dyes_of(light, saturated)[..2].iter().map(|v| (v * 1e9).round() / 1e9).collect::<Vec<f64>>()
        };
        assert_eq!(two(&[200.0, 150.0, 100.0], 0), [200.0, 100.0]);
        // The first channel ends at 120; the others know better.
        assert_eq!(two(&[120.0, 150.0, 100.0], 1), [200.0, 100.0]);
        // What it shows is more than the others explain, so it counts.
        assert_eq!(two(&[200.0, 50.0, 100.0], 1), two(&[200.0, 50.0, 100.0], 0));
        // Where all are saturated they are all that is known.
        assert_eq!(two(&[200.0, 150.0, 100.0], 0b111), [200.0, 100.0]);
        assert_eq!((m.main_channel(0), m.main_channel(1)), (0, 2));
    }

    #[test]
    fn noise_counts_more_where_less_tells_a_dye() {
        // Alone a dye is its first channel, with the noise of that; without it a quarter of its light is left, and no other dye.
        let m = Mixture::new(&[&[1.0, 0.25, 0.0], &[0.0, 0.0, 1.0]]).unwrap();
        let full = (1.0 / 1.0625f64).sqrt();
        assert!((m.noisier(1).unwrap() - 4.0 / full).abs() < 1e-9);
        assert_eq!((m.noisier(0), m.noisier(0b100)), (Some(1.0), None));
        assert!((m.told_apart() - 1.0).abs() < 1e-9);
        // 0.1 in 1 is an angle of 5.71 degrees, whose sine is 1 / 10.05.
        let close = Mixture::new(&[&[1.0, 0.0], &[1.0, 0.1]]).unwrap();
        assert!((close.told_apart() - 1.01f64.sqrt() / 0.1).abs() < 1e-6);
    }
}

//! What the types of a recipe cannot say about its filters: how many axes they have, and numbers in range.

use super::validate::Checker;
use super::{Filter, Gabor, Step};
use crate::Result;
use crate::filters::{LEVELS, ORDER};
use crate::units::Length;

/// The most voxels along an axis that a mean or an energy is taken over.
const SUPPORT: usize = 4001;
/// The finest step of angles, in degrees.
const FINEST: f64 = 1.0;

impl Checker<'_> {
    pub(super) fn filters(&self, steps: &[Step], here: &[&str]) -> Result<()> {
        for (i, step) in steps.iter().enumerate() {
            let index = i.to_string();
            if let Step::Filter(filter) = step {
                self.filter(filter, &[here, &[&index]].concat())?;
            }
        }
        Ok(())
    }

    fn filter(&self, filter: &Filter, here: &[&str]) -> Result<()> {
        let wrong = |what: String, remedy: &str| Err(self.error(what, here).remedy(remedy));
        let no_length =
            |l: &Length| matches!(l, Length::Px(v) | Length::Um(v) | Length::Mm(v) | Length::R(v) if *v <= 0.0);
        if let Some(length) = filter.lengths().iter().find(|l| no_length(l)) {
            return wrong(format!("a filter of a width of {length}"), "a length above 0: \"1.5 mm\"");
        }
        match filter {
            Filter::Mean(p) if p.support.is_multiple_of(2) || p.support > SUPPORT => wrong(
                format!("a mean over {} voxels has no voxel in its middle, or is too wide", p.support),
                &format!("an odd number up to {SUPPORT}: support = 5"),
            ),
            Filter::LaplacianOfGaussian(p) if p.cutoff.is_some_and(|c| !(c > 0.0 && c <= 20.0)) => {
                wrong("a kernel ends at a number of sigmas from 0 to 20".into(), "cutoff = 4")
            }
            Filter::Laws(p) if !is_plane_or_space(p.kernels.len()) => {
                wrong(format!("{} kernels", p.kernels.len()), "one for x and y, or x, y and z: [\"L5\", \"E5\"]")
            }
            Filter::Laws(p) if p.energy.is_some_and(|d| d == 0 || 2 * d.min(SUPPORT) + 1 > SUPPORT) => {
                wrong("an energy is that of the voxels up to a distance".into(), "energy = 7")
            }
            Filter::Gabor(p) => self.gabor(p, here),
            Filter::Wavelet(p) if !is_plane_or_space(p.bands.0.len()) => {
                wrong(format!("{} bands", p.bands.0.len()), "one for x and y, or x, y and z: \"LH\", \"LLH\"")
            }
            Filter::Wavelet(p) => self.level(p.level, here),
            Filter::Simoncelli(p) => self.level(p.level, here),
            Filter::Riesz(p) if !is_plane_or_space(p.order.len()) => {
                wrong(format!("{} orders", p.order.len()), "one for x and y, or x, y and z: [1, 0, 0]")
            }
            Filter::Riesz(p) if p.order.iter().all(|n| *n == 0) || p.order.iter().any(|n| *n > ORDER) => {
                wrong("a transform without an order, or of one too high".into(), &format!("[1, 0, 0], up to {ORDER}"))
            }
            _ => Ok(()),
        }
    }

    fn level(&self, level: Option<u32>, here: &[&str]) -> Result<()> {
        match level {
            Some(level) if !(1..=LEVELS).contains(&level) => {
                Err(self.error(format!("there is no level {level}"), here).remedy(format!("from 1 to {LEVELS}")))
            }
            _ => Ok(()),
        }
    }

    fn gabor(&self, p: &Gabor, here: &[&str]) -> Result<()> {
        let wrong = |what: &str, remedy: &str| Err(self.error(what, here).remedy(remedy));
        if p.angles.is_empty() == p.angle_step.is_none() {
            return wrong("the angles are said in exactly one way", "angles = [0, 45] or angle_step = 22.5");
        }
        if p.angles.len() > 360 || p.angles.iter().any(|a| !a.is_finite()) {
            return wrong("an angle is a number of degrees, and there are at most 360", "angles = [0, 45]");
        }
        if p.angle_step.is_some_and(|step| !(FINEST..=360.0).contains(&step)) {
            return wrong("angles in steps of no sensible size", "angle_step = 22.5, from 1 to 360");
        }
        if !(0.01..=100.0).contains(&p.ratio) {
            return wrong("a ratio of sigmas that cannot be", "ratio = 0.5, from 0.01 to 100");
        }
        let waves = |l: &Length| match l {
            Length::Px(v) | Length::Um(v) | Length::Mm(v) | Length::R(v) => *v,
        };
        let same = std::mem::discriminant(&p.sigma) == std::mem::discriminant(&p.wavelength);
        if same && waves(&p.sigma) / waves(&p.wavelength) > 1000.0 {
            return wrong("more than 1000 waves in one sigma", "wavelength = \"4 mm\"");
        }
        Ok(())
    }
}

fn is_plane_or_space(axes: usize) -> bool {
    axes == 2 || axes == 3
}

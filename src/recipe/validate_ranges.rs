//! Numbers of a step that its operation would refuse, wherever no image is needed to tell: then the recipe is refused, not image after image.

use super::validate::Checker;
use super::{ElementShape, Method, Refine, Step};
use crate::units::Length;
use crate::{Error, Result};

impl Step {
    /// The length that says how far the step looks around a pixel, the most pixels that it can, and the key.
    pub(crate) fn widest(&self) -> Option<(Length, f64, &'static str)> {
        match self {
            Step::Threshold(t) => t.radius.map(|radius| (radius, 2000.0, "radius")),
            Step::Gaussian(p) => Some((p.sigma, 1000.0, "sigma")),
            Step::BlankNoise(p) => Some((p.sigma, 1000.0, "sigma")),
            Step::Median(p) => Some((p.radius, 100.0, "radius")),
            Step::Mean(p) => Some((p.radius, 32_767.0, "radius")),
            Step::Background(p) => Some((p.radius, 10_000.0, "radius")),
            Step::RollingBall(p) => Some((p.radius, 500.0, "radius")),
            Step::TopHat(p) | Step::Opening(p) | Step::Closing(p) if p.shape == ElementShape::Ball => {
                Some((p.radius, 1000.0, "radius"))
            }
            _ => None,
        }
    }

    /// What is wrong with a length of so many pixels, of a step that cannot look so far.
    pub(crate) fn too_wide(&self, px: impl Fn(Length) -> Option<f64>) -> Option<Error> {
        let (length, most, key) = self.widest()?;
        // Radii are rounded to whole pixels.
        let px = px(length).filter(|px| px.round() > most)?;
        let here = if matches!(length, Length::Px(_)) { String::new() } else { format!(", {px:.1} px here,") };
        let what =
            format!("\"{}\" with {key} = \"{length}\"{here} is wider than the {most} px that it can do", self.name());
        Some(Error::usage(what).remedy(format!("{key} = \"{most} px\"")))
    }
}

impl Checker<'_> {
    pub fn ranges(&self, step: &Step, here: &[&str]) -> Result<()> {
        let wrong = |what: String, remedy: &str| Err(self.error(what, here).remedy(remedy));
        match step {
            Step::Refine(r) => self.refine(r, here),
            Step::Denoise(p) if !(p.share > 0.0 && p.share.is_finite()) => {
                wrong(format!("share = {} leaves nothing of an image", p.share), "a number above 0: share = 0.08")
            }
            Step::Threshold(t) if t.method == Method::Sauvola && t.k.is_some_and(|k| k > 1.0) => wrong(
                format!("k = {} is more than Sauvola's threshold can be moved by", t.k.unwrap_or(0.0)),
                "k from 0 to 1: k = 0.2",
            ),
            Step::Spots(p) if p.sigma_z.is_some_and(|sigma| sigma.is_zero()) => {
                wrong("sigma_z = 0: a spot has a width along z too".into(), "sigma_z = \"1.4 px\", or leave it out")
            }
            _ => {
                // What other units are in pixels, each image says.
                let in_pixels = |length| if let Length::Px(px) = length { Some(px) } else { None };
                match step.too_wide(in_pixels) {
                    Some(Error { what, remedy, .. }) => wrong(what, &remedy.unwrap_or_default()),
                    None => Ok(()),
                }
            }
        }
    }

    /// Shares of the brightness of an object.
    fn refine(&self, r: &Refine, here: &[&str]) -> Result<()> {
        let shares = [
            ("fraction", r.fraction, "of its own brightness", "fraction = 0.375"),
            ("quantile", r.quantile, "of the samples of an object", "quantile = 0.7"),
            ("floor", r.floor, "of the samples of an object", "floor = 0.1"),
            ("dimmest", r.dimmest, "of the median brightness", "dimmest = 0.2"),
        ];
        let wrong =
            |(_, share, ..): &&(&str, Option<f64>, &str, &str)| share.is_some_and(|v| !(0.0..=1.0).contains(&v));
        match shares.iter().find(wrong) {
            Some((key, Some(share), of, remedy)) => Err(self
                .error(format!("{key} = {share} is no share {of}"), here)
                .remedy(format!("from 0 to 1: {remedy}"))),
            _ => Ok(()),
        }
    }
}

//! Numbers of a step that its operation would refuse, wherever no image is needed to tell: then the recipe is refused, not image after image.

use super::validate::Checker;
use super::{ElementShape, Method, Refine, Step};
use crate::Result;
use crate::units::Length;

impl Checker<'_> {
    pub fn ranges(&self, step: &Step, here: &[&str]) -> Result<()> {
        let wrong = |what: String, remedy: &str| Err(self.error(what, here).remedy(remedy));
        let at_most = |length: &Length, most: f64, key: &str| match length {
            // Radii are rounded to whole pixels.
            Length::Px(v) if v.round() > most => {
                let what =
                    format!("\"{}\" with {key} = \"{length}\" is wider than the {most} px that it can do", step.name());
                wrong(what, &format!("{key} = \"{most} px\""))
            }
            _ => Ok(()),
        };
        match step {
            Step::Refine(r) => self.refine(r, here),
            Step::Denoise(p) if !(p.share > 0.0 && p.share.is_finite()) => {
                wrong(format!("share = {} leaves nothing of an image", p.share), "a number above 0: share = 0.08")
            }
            Step::Threshold(t) if t.method == Method::Sauvola && t.k.is_some_and(|k| k > 1.0) => wrong(
                format!("k = {} is more than Sauvola's threshold can be moved by", t.k.unwrap_or(0.0)),
                "k from 0 to 1: k = 0.2",
            ),
            Step::Threshold(t) => t.radius.iter().try_for_each(|radius| at_most(radius, 2000.0, "radius")),
            Step::Spots(p) if p.sigma_z.is_some_and(|sigma| sigma.is_zero()) => {
                wrong("sigma_z = 0: a spot has a width along z too".into(), "sigma_z = \"1.4 px\", or leave it out")
            }
            Step::Gaussian(p) => at_most(&p.sigma, 1000.0, "sigma"),
            Step::BlankNoise(p) => at_most(&p.sigma, 1000.0, "sigma"),
            Step::Median(p) => at_most(&p.radius, 100.0, "radius"),
            Step::Mean(p) => at_most(&p.radius, 32_767.0, "radius"),
            Step::Background(p) => at_most(&p.radius, 10_000.0, "radius"),
            Step::RollingBall(p) => at_most(&p.radius, 500.0, "radius"),
            Step::TopHat(p) | Step::Opening(p) | Step::Closing(p) if p.shape == ElementShape::Ball => {
                at_most(&p.radius, 1000.0, "radius")
            }
            _ => Ok(()),
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

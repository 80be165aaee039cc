//! Steps that make a mask.

use super::state::State;
use crate::Result;
use crate::ops::fill::{fill_holes, fill_label_holes};
use crate::ops::histogram::BinScale;
use crate::ops::hysteresis::hysteresis;
use crate::ops::label::{Connectivity, label};
use crate::ops::local::{Local, Statistic, local};
use crate::ops::noise::noise;
use crate::ops::pixelwise::{and, or};
use crate::ops::threshold::{Adjust, BinChoice, Cut, Method as Choice, Middle, Robust, choose, threshold};
use crate::recipe::{self, Combine, Method, Threshold, Transform};
use crate::units::Length;
use crate::volume::{Mask, Scale, Volume};

/// Of Sauvola: half the range of the 16 bits that samples are lifted to.
const GREATEST_DEVIATION: f64 = 32_767.5;

/// The sample of a value; samples of differences and filters have fractions.
fn sample(scale: &Scale, value: f64) -> f64 {
    (value - scale.offset) / scale.factor
}

impl State<'_> {
    pub fn threshold(&mut self, p: &Threshold) -> Result<()> {
        let src = self.of(&p.of)?;
        let mask = match p.method {
            Method::LocalMean | Method::LocalGaussian | Method::Sauvola => self.local(p, &src)?,
            Method::Hysteresis => {
                let [low, high] = [p.low, p.high].map(|v| sample(&src.scale, v.unwrap_or(0.0)));
                self.thresholds.extend(p.low.into_iter().chain(p.high));
                hysteresis(self.device, &src, low, high)?
            }
            _ => self.global(p, &src)?,
        };
        self.mask = Some(match (p.combine, self.mask_if_any()?) {
            (Combine::And, Some(before)) => and(self.device, &before, &mask)?,
            (Combine::Or, Some(before)) => or(self.device, &before, &mask)?,
            _ => mask,
        });
        self.labels = None;
        Ok(())
    }

    fn global(&mut self, p: &Threshold, src: &Volume) -> Result<Mask> {
        if let Some(value) = p.at_least {
            self.thresholds.push(value);
            // Whole samples from that one on are those above the one before it.
            return threshold(self.device, src, src.scale.least_reaching(value) as f64 - 1.0);
        }
        let method = match p.method {
            Method::Fixed => Choice::Fixed(sample(&src.scale, p.value.unwrap_or(0.0))),
            Method::Reference => Choice::Fixed(self.reference(p, src)?),
            Method::Percentile => Choice::Percentile(p.percent.unwrap_or(50.0)),
            Method::MultiOtsu => Choice::MultiOtsu { classes: 3, middle: Middle::Background },
            Method::Li => Choice::Li,
            Method::Triangle => Choice::Triangle,
            Method::Yen => Choice::Yen,
            Method::RobustBackground => Choice::RobustBackground(Robust::default()),
            _ => Choice::Otsu,
        };
        let spacing = if p.transform == Some(Transform::Sqrt) { BinScale::Sqrt } else { BinScale::Linear };
        let bins = match (p.bins, p.transform) {
            (None, None) => BinChoice::Unit,
            (n, _) => BinChoice::Equal { n: n.map_or(256, |n| n as usize), spacing, cut: Cut::Edge },
        };
        let mut t = choose(self.device, src, &method, bins)?;
        if let Some(times) = p.noise {
            // Filters take noise away, so it is measured on what they were given.
            t = t.max(times * noise(self.device, self.original()?)?);
        }
        let [low, high] = p.bounds.map_or([f64::NEG_INFINITY, f64::INFINITY], |b| b.map(|v| sample(&src.scale, v)));
        // The factor is one of values, so it has to know where the value 0 is.
        let zero = sample(&src.scale, 0.0);
        let factor = p.correction.unwrap_or(1.0);
        let t = if zero == 0.0 { t * factor } else { (t - zero) * factor + zero };
        let t = Adjust { factor: 1.0, low, high }.apply(t);
        self.thresholds.push(src.scale.value(t));
        threshold(self.device, src, t)
    }

    fn local(&self, p: &Threshold, src: &Volume) -> Result<Mask> {
        let radius = p.radius.unwrap_or(Length::Px(25.0));
        let statistic = match p.method {
            Method::Sauvola => Statistic::Sauvola { k: p.k.unwrap_or(0.2), r: GREATEST_DEVIATION },
            Method::LocalGaussian => Statistic::Gaussian { offset: 0.0 },
            _ => Statistic::Mean { offset: 0.0 },
        };
        let window = self.geometry.steps(radius)?.map(|r| r.saturating_mul(2).saturating_add(1));
        local(self.device, src, &Local { statistic, window })
    }

    /// Holes of the mask, or of each object once there are labels.
    pub fn fill_holes(&mut self) -> Result<()> {
        if let Some(labels) = &self.labels {
            self.labels = Some(fill_label_holes(self.device, labels)?);
        } else {
            self.mask = Some(fill_holes(self.device, &self.mask("fill_holes")?)?);
        }
        Ok(())
    }

    pub fn label(&mut self, p: &recipe::Label) -> Result<()> {
        let connectivity = match p.connectivity {
            recipe::Connectivity::Face => Connectivity::Face,
            recipe::Connectivity::Full => Connectivity::Full,
        };
        self.labels = Some(label(self.device, &self.mask("label")?, connectivity)?);
        Ok(())
    }
}

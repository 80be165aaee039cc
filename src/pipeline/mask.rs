//! Steps that make a mask.

use super::state::{Picture, State};
use crate::image::{Mask, Scale, Volume};
use crate::ops::histogram::{BinScale, range};
use crate::ops::hysteresis::hysteresis;
use crate::ops::label::{Connectivity, label};
use crate::ops::local::{Local, Statistic, least_deviation, local};
use crate::ops::noise;
use crate::ops::pixelwise::{and, or};
use crate::ops::threshold::{
    Adjust, Beyond, BinChoice, Cut, Method as Choice, Middle, Own, Robust, choose, signal_and_noise, threshold,
    with_rest,
};
use crate::recipe::{self, Combine, CountedFrom, Method, Threshold, Transform};
use crate::units::Length;
use crate::{Error, Kind, Result};

/// The threshold above which samples from that one on lie.
fn below(least: i64) -> f64 {
    least as f64 - 1.0
}

/// What a threshold may have found far from all that it was chosen for.
pub(super) struct Dimmer {
    /// Notes before it.
    place: usize,
    scale: Scale,
    threshold: f64,
    own: Own,
}

impl State<'_> {
    pub fn threshold(&mut self, p: &Threshold) -> Result<()> {
        let image = self.picture(&p.of)?;
        let src = &image.volume;
        let mask = match p.method {
            Method::LocalMean | Method::LocalGaussian | Method::Sauvola => self.local(p, src)?,
            Method::Hysteresis => {
                let [low, high] = [p.low, p.high].map(|v| below(src.scale.least_above(v.unwrap_or(0.0))));
                self.thresholds.extend(p.low.into_iter().chain(p.high));
                hysteresis(self.device, src, low, high)?
            }
            _ => self.global(p, &image)?,
        };
        let mask = match (p.combine, self.mask_if_any()?) {
            (Combine::And, Some(before)) => and(self.device, &before, &mask)?,
            (Combine::Or, Some(before)) => or(self.device, &before, &mask)?,
            _ => mask,
        };
        self.mask = Some(match self.searched {
            Some(searched) => and(self.device, &mask, &searched.to(self.device)?)?,
            None => mask,
        });
        self.labels = None;
        Ok(())
    }

    fn global(&mut self, p: &Threshold, image: &Picture) -> Result<Mask> {
        let src = &image.volume;
        if let Some(value) = p.at_least {
            self.thresholds.push(value);
            return threshold(self.device, src, below(src.scale.least_reaching(value)));
        }
        let is_moved = p.correction.is_some() || p.bounds.is_some() || p.noise.is_some();
        if let Some(value) = p.value.filter(|_| !is_moved) {
            self.thresholds.push(value);
            return threshold(self.device, src, below(src.scale.least_above(value)));
        }
        let method = self.method(p, src)?;
        let spacing = match p.transform {
            Some(Transform::Sqrt) => BinScale::Sqrt,
            Some(Transform::Log) => BinScale::Log,
            None => BinScale::Linear,
        };
        let bins = match (p.bins, p.transform) {
            (None, None) => BinChoice::Lifted(self.lift.trailing_zeros()),
            (Some(n), None) => BinChoice::Equal { n: n as usize, spacing, cut: Cut::BelowEdge },
            (n, Some(_)) => BinChoice::Equal { n: n.map_or(256, |n| n as usize), spacing, cut: Cut::Edge },
        };
        let (t, floor, least) = match p.noise {
            None => (choose(self.device, src, &method, bins)?, f64::NEG_INFINITY, None),
            Some(times) => {
                let noise = match self.noise.take() {
                    Some(asked) => asked,
                    None => noise::ask(self.device, self.original()?)?,
                };
                let signal = signal_and_noise(self.device, src, &method, bins, noise)?;
                let (t, floor) = match p.from {
                    Some(CountedFrom::Ground) => self.above_ground(image, &signal, &method, bins, times)?,
                    _ => (signal.threshold, self.floor(image, &signal, times, spacing == BinScale::Log)?),
                };
                let t = match (p.method, spacing) {
                    (Method::Otsu, BinScale::Sqrt) => self.above_uneven_ground(image, &signal, t.max(floor))?,
                    _ => t.max(floor),
                };
                (t, floor, Some(signal.classes.least))
            }
        };
        let [low, high] = p.bounds.map_or([f64::NEG_INFINITY, f64::INFINITY], |b| b.map(|v| src.scale.sample(v)));
        // The factor is one of values, so it has to know where the value 0 is.
        let zero = src.scale.sample(0.0);
        let factor = p.correction.unwrap_or(1.0);
        let t = if zero == 0.0 { t * factor } else { (t - zero) * factor + zero };
        let t = Adjust { factor: 1.0, low, high }.apply(t);
        self.thresholds.push(src.scale.value(t));
        let mask = threshold(self.device, src, t)?;
        match p.dimmer_beyond {
            None => Ok(mask),
            Some(reach) => {
                let least = least.map_or_else(|| range(self.device, src).map(|r| r.0), Ok)?;
                let beyond = Beyond { reach: self.geometry.steps(reach)?, least, floor: floor.max(low) };
                self.with_dimmer(&mask, src, t, &beyond)
            }
        }
    }

    /// How the threshold is chosen, as operations know it.
    fn method(&self, p: &Threshold, src: &Volume) -> Result<Choice> {
        Ok(match p.method {
            Method::Fixed => Choice::Fixed(src.scale.sample(p.value.unwrap_or(0.0))),
            Method::Reference => Choice::Fixed(self.reference(p, src)?),
            Method::Percentile => Choice::Percentile(p.percent.unwrap_or(50.0)),
            Method::MultiOtsu => {
                let dim_counts = p.middle == Some(recipe::Middle::Foreground);
                Choice::MultiOtsu {
                    classes: p.classes.unwrap_or(3),
                    middle: if dim_counts { Middle::Foreground } else { Middle::Background },
                }
            }
            Method::Li => Choice::Li,
            Method::Triangle => Choice::Triangle,
            Method::Yen => Choice::Yen,
            Method::RobustBackground => Choice::RobustBackground(Robust::default()),
            _ => Choice::Otsu,
        })
    }

    /// A mask, and what lies far from it above a threshold of its own.
    fn with_dimmer(&mut self, mask: &Mask, src: &Volume, t: f64, beyond: &Beyond) -> Result<Mask> {
        let (both, own) = with_rest(self.device, src, mask, t, beyond)?;
        self.dimmer.push(Dimmer { place: self.notes.len(), scale: src.scale, threshold: t, own });
        Ok(both)
    }

    /// Says where dimmer objects were found beside others, among the other notes in the order of the steps. A device has told
    /// it with what was asked of it since.
    ///
    /// # Errors
    /// The device is lost.
    pub fn note_dimmer(&mut self) -> Result<()> {
        for Dimmer { place, scale, threshold, own } in self.dimmer.drain(..).rev() {
            if let Some(own) = own.threshold()? {
                let [above, below] = [threshold, own].map(|t| scale.value(t));
                let note = format!("dimmer objects were found above {below:.4} beside those above {above:.4}");
                self.notes.insert(place, note);
            }
        }
        Ok(())
    }

    fn local(&mut self, p: &Threshold, src: &Volume) -> Result<Mask> {
        let radius = p.radius.unwrap_or(Length::Px(25.0));
        let statistic = match p.method {
            Method::Sauvola => Statistic::Sauvola { k: p.k.unwrap_or(0.2), r: self.greatest_deviation(p.r, src)? },
            Method::LocalGaussian => Statistic::Gaussian { offset: 0.0 },
            _ => Statistic::Mean { offset: 0.0 },
        };
        let window = self.geometry.steps(radius)?.map(|r| r.saturating_mul(2).saturating_add(1));
        // The operation counts in samples, the recipe in values.
        let told = |e: Error| match (statistic, p.r) {
            (Statistic::Sauvola { k, r }, Some(written)) if e.kind == Kind::Usage => {
                self.small_deviation(e, k, [r, written], src)
            }
            _ => e,
        };
        local(self.device, src, &Local { statistic, window }).map_err(told)
    }

    /// An error of Sauvola's threshold with the r that was written, if that is what is wrong.
    fn small_deviation(&self, e: Error, k: f64, [r, written]: [f64; 2], src: &Volume) -> Error {
        let Ok((_, max)) = range(self.device, src) else { return e };
        let least = least_deviation(max, k);
        if r > least {
            return e;
        }
        // Rounded up to two digits.
        let least = least * src.scale.factor() * 1.06;
        let least = format!("{least:.1e}").parse().unwrap_or(least);
        let greatest = src.scale.value(f64::from(max));
        let what = format!(
            "method = \"sauvola\" with r = {written} and k = {k}: the r is too small for the greatest value of this image, {greatest}"
        );
        Error::usage(what)
            .remedy(format!("half of the range of the images, as r = 127.5 for 8 bits; here r = {least} at least"))
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

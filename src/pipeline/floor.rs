//! What a threshold is held against: the noise of its image, and the ground that both are counted from.

use super::shared_noise::{dark_side, over_lag};
use super::state::{Picture, State};
use crate::Result;
use crate::image::Volume;
use crate::ops::cut_ground::CutGround;
use crate::ops::grey_step::noise_or_rounding;
use crate::ops::histogram::BinScale;
use crate::ops::likeness::likeness;
use crate::ops::noise_peaks::highest;
use crate::ops::threshold::{BinChoice, CUT_NOISE, Method as Choice, NOISE, Signal};

/// Over so many sigmas of smoothing noise is all but independent: a tenth of it is left in common.
const CORRELATED: f64 = 3.0;
/// Sigma in pixels that resizing, deconvolution or a colour mosaic leave in the noise of an image.
const OWN_BLUR: f64 = 1.5;
/// This percentage of an image is ground at least; normal noise lies there so many deviations below its middle.
const DARK: (f64, f64) = (1.0, 2.326);
/// A logarithm counts from so much of the contrast of two classes below the ground, as it did from the value 0 of cameras with the usual offset.
const BELOW_GROUND: f64 = 1.0 / 3.0;
/// The presets hold thresholds against so many times the noise; for fewer peaks count in proportion.
const NOISES: f64 = 9.0;
/// Rounding is no more than half a step either way: a step and a half, so many of its deviations, are more than it can be.
const OF_ROUNDING: f64 = 5.2;
/// More of an image than this share above a threshold is a crowd rather than peaks of noise.
const COVERED: f64 = 0.1;
/// What is left of an image has the size of so many objects at most.
const FEW: f64 = 3.0;
/// A ground whose dark side is so many times as wide as the noise between neighbours holds no other noise; of noise with a blur of half a pixel it
/// is 1.9 times.
const ONLY_WHITE: f64 = 1.5;
/// From this likeness of neighbours on what stands out of a ground with white noise is no noise.
const ALIKE: f64 = 0.5;

impl State<'_> {
    /// The least threshold of an image: so many times its noise. Where that is more than the noise between neighbours says, it is told; as a
    /// warning where it leaves nothing, or hardly anything, of an image that would have objects otherwise, since these may be what was taken for noise. `is_low` is said
    /// of methods whose threshold lies so near the ground that the floor alone keeps it off the noise.
    pub fn floor(&mut self, image: &Picture, signal: &Signal, times: f64, is_low: bool) -> Result<f64> {
        let noise = self.white(image, signal)?;
        let is_coarse = noise > signal.noise * self.left_of_white(image);
        let floor = noise * if is_coarse { times.min(OF_ROUNDING) } else { times };
        let white = White { noise, floor, is_coarse };
        let (floor, why) = self.noise_floor(image, signal, &white, times, is_low)?;
        let Some(why) = why.filter(|_| floor > signal.threshold) else { return Ok(floor) };
        let most = signal.percentile(100.0)?;
        let of = |sample: f64| image.volume.scale.value(sample);
        let few = self.geometry.typical_size().map_or(0.0, |size| FEW * size / image.volume.samples.len() as f64);
        let is_hidden = signal.percentile(100.0 * (1.0 - few.min(1.0)))? <= floor;
        if is_hidden && most > signal.threshold.max(white.floor) {
            self.warnings.push(of_nothing(of(floor), of(most), floor < most, why.because()));
        } else {
            self.notes.push(why.note(of(floor)));
        }
        Ok(floor)
    }

    /// So many times the noise. That is what smoothing leaves of the noise between neighbours in
    /// the channel, or what is seen over a lag if that is more. The lag is not asked where two classes explain more of the image than
    /// they do of noise, nor where the ground has no noise but that between neighbours while what stands out of it is wider: in a crowd of objects hardly
    /// a place is flat enough to measure noise over it. Where the ground of the channel was
    /// cut off, it is the noise before that. Noise with peaks higher than its spread says has a floor above these.
    fn noise_floor(
        &mut self,
        image: &Picture,
        signal: &Signal,
        white: &White,
        times: f64,
        is_low: bool,
    ) -> Result<(f64, Option<Why>)> {
        let plain = (white.floor, None);
        if !is_low && signal.classes.explained > CUT_NOISE {
            return Ok(plain);
        }
        // Where there are objects they tell themselves from the ground, and a crowd of them would pass for its noise.
        let cut = self.cut_ground()?.filter(CutGround::is_all_noise);
        let (least, share) = cut.as_ref().map_or((NOISE, 0.0), |cut| (CUT_NOISE, cut.share()));
        let has_objects = signal.has_two_classes_beside(least, share)?;
        if has_objects && !is_low {
            return Ok(plain);
        }
        // It comes down once, whoever looks at it.
        let on_host = image.volume.to_host()?;
        let [most, least] = match cut {
            Some(cut) => {
                self.notes.push(of_cut_ground(cut.share()));
                [self.before_cut(image, &cut)?; 2]
            }
            None => {
                let (lag, dark) = (lag(image, OWN_BLUR), dark_side(&on_host)?);
                let is_white = dark <= ONLY_WHITE * white.noise;
                if (is_white || self.is_lit_crowd(&on_host, signal)?) && likeness(self.file, lag)? >= ALIKE {
                    let noise = if is_white { white.noise.max(dark) } else { white.noise };
                    return Ok((if white.is_coarse { white.floor } else { times * noise }, None));
                }
                over_lag(self.device, (&image.volume, &on_host), lag, dark)?
            }
        };
        let shared = if least > white.noise { (times * least, Some(Why::Shared)) } else { plain };
        // Peaks that are a few grey steps high are all alike.
        if has_objects || white.is_coarse {
            return Ok(shared);
        }
        let floor = times * white.noise.max(most);
        let Some(highest) = self.highest_of_noise(image, &on_host, signal, floor)? else { return Ok(shared) };
        let above = (times / NOISES).min(1.0) * highest;
        Ok((floor.max(above), (above > floor).then_some(Why::Peaks)))
    }

    /// How high the peaks of noise rise, where most of the image lies below the threshold so far.
    fn highest_of_noise(&self, image: &Picture, on_host: &Volume, signal: &Signal, floor: f64) -> Result<Option<f64>> {
        // A speck takes the threshold for itself, and a crowd would be few peaks below it.
        if signal.percentile(100.0 * (1.0 - COVERED))? > floor.max(signal.threshold_beside_specks()?) {
            return Ok(None);
        }
        let apart = self.geometry.radius_px.map_or(image.smoothed, |radius| radius / 2.0);
        let is_flat = image.volume.shape.is_flat();
        let mut half_widths = self.geometry.along(apart).map(|v| (v.round() as usize).max(1));
        if is_flat {
            half_widths[0] = 0;
        }
        highest(on_host, half_widths, signal.percentile(50.0)?)
    }

    /// The noise where nothing was cut off.
    fn noise_of_whole(&self, image: &Picture, signal: &Signal) -> Result<f64> {
        let white = self.white(image, signal)?;
        match signal.has_two_classes(NOISE)? {
            true => Ok(white),
            false => {
                let on_host = image.volume.to_host()?;
                let [_, least] =
                    over_lag(self.device, (&image.volume, &on_host), lag(image, OWN_BLUR), dark_side(&on_host)?)?;
                Ok(white.max(least))
            }
        }
    }

    /// The threshold of a method, and the one that so many times the noise is, both counted from the ground of the image. That is where no object is
    /// near; without such places the middle of the noise whose tail the darkest hundredth of the image is, or where it was cut off.
    pub fn above_ground(
        &mut self,
        image: &Picture,
        signal: &Signal,
        method: &Choice,
        bins: BinChoice,
        times: f64,
    ) -> Result<(f64, f64)> {
        let (ground, noise) = match self.cut_ground()? {
            Some(cut) => {
                self.notes.push(of_cut_ground(cut.share()));
                let noise = self.before_cut(image, &cut)?;
                (image.volume.scale.sample(self.file.scale.value(cut.mean())), noise.max(self.white(image, signal)?))
            }
            None => {
                let noise = self.noise_of_whole(image, signal)?;
                let ground = match &self.free {
                    Some(free) => free.ground(&image.volume.to_host()?)?.middle,
                    None => signal.percentile(DARK.0)? + DARK.1 * noise,
                };
                (ground, noise)
            }
        };
        let bins = match bins {
            BinChoice::Equal { n, spacing: BinScale::Log, cut } => {
                let below = (BELOW_GROUND * signal.classes.contrast).max(times * noise);
                BinChoice::Equal { n, spacing: BinScale::LogAbove((ground - below).floor() as i32), cut }
            }
            other => other,
        };
        Ok((signal.choose(method, bins)?, ground + times * noise))
    }

    /// Of the channel as the file has it, which is on the host: no device is waited for.
    fn cut_ground(&self) -> Result<Option<CutGround>> {
        CutGround::of(self.file)
    }

    /// What smoothing leaves of the noise between neighbours in the channel, and what rounding does to it where that hides all noise.
    fn white(&self, image: &Picture, signal: &Signal) -> Result<f64> {
        Ok((signal.noise * self.left_of_white(image)).max(self.rounding(image, signal)?))
    }

    /// What rounding may hide where no noise is seen, however much is smoothed since.
    fn rounding(&self, image: &Picture, signal: &Signal) -> Result<f64> {
        let in_image = self.file.scale.factor() / image.volume.scale.factor();
        Ok(if signal.noise > 0.0 { 0.0 } else { in_image * noise_or_rounding(0.0, self.file)? })
    }

    /// The share of white noise that is left after smoothing.
    fn left_of_white(&self, image: &Picture) -> f64 {
        self.left_of_blurred(image, [0.0; 3])
    }

    /// The share of noise with a blur that is left after smoothing.
    fn left_of_blurred(&self, image: &Picture, blur: [f64; 3]) -> f64 {
        let white = |s: f64| (2.0 * std::f64::consts::PI.sqrt() * s).max(1.0).sqrt();
        let smoothed = self.geometry.along(image.smoothed).into_iter().zip(blur);
        let both: f64 = smoothed.map(|(s, b)| white(libm::hypot(s, b))).product();
        blur.map(white).iter().product::<f64>() / both
    }

    /// The noise that the image would have if its ground had not been cut off: what smoothing leaves of that of the channel, or what is seen
    /// over a lag if that is less. A crowd of objects hides places that are flat, and other filters leave less.
    fn before_cut(&self, image: &Picture, cut: &CutGround) -> Result<f64> {
        let in_image = self.file.scale.factor() / image.volume.scale.factor();
        let told = in_image * cut.spread() * self.left_of_blurred(image, cut.blur());
        let [_, blur, _] = cut.blur();
        let seen = cut.noise(self.device, &image.volume, lag(image, blur.max(OWN_BLUR)))?;
        Ok(told.min(seen))
    }
}

/// What is said of an image whose ground was cut off, which a share of its voxels shows.
pub(super) fn of_cut_ground(share: f64) -> String {
    let percent = 100.0 * share;
    format!(
        "{percent:.1} % of the pixels have the least value: the ground was cut off there, and its noise is taken for that before"
    )
}

/// The noise between neighbours as smoothing leaves it, or what rounding may hide.
struct White {
    noise: f64,
    /// What it asks of a threshold.
    floor: f64,
    /// Rounding hides all of it.
    is_coarse: bool,
}

/// Why a floor is more than what the noise between neighbours says.
#[derive(Clone, Copy)]
enum Why {
    /// Neighbours share the noise, and nothing else stands out.
    Shared,
    /// Noise rises higher than its spread says.
    Peaks,
}

impl Why {
    fn because(self) -> &'static str {
        match self {
            Why::Shared => "noise that neighbours share, as filters and clouds leave it",
            Why::Peaks => "the peaks of such noise as a filter leaves",
        }
    }

    fn note(self, floor: f64) -> String {
        match self {
            Why::Shared => format!(
                "what lies below {floor:.4} counts as {}; where it is a crowd that hides the ground, noise = 0 in the step threshold finds it",
                self.because()
            ),
            Why::Peaks => format!(
                "the peaks of the ground are higher than those of normal noise, as a filter leaves them: no object lies below {floor:.4}"
            ),
        }
    }
}

/// What is said of an image that a floor leaves nothing of, or no more than a few objects.
fn of_nothing(floor: f64, most: f64, are_few: bool, because: &str) -> String {
    let [what, share] = match are_few {
        true => ["hardly anything is found", "nearly all"],
        false => ["nothing is found", "all"],
    };
    format!(
        "{what}: {share} of the image (up to {most:.4}) lies below {floor:.4}, which counts as {because}; if there are objects, noise = 0 in the step \
         threshold finds them"
    )
}

/// At which neither the filters so far nor a blur from before make noise alike.
fn lag(image: &Picture, own: f64) -> usize {
    let reach = CORRELATED * libm::hypot(image.smoothed, own);
    (reach.ceil() as usize).min(image.volume.shape.x.saturating_sub(1) / 2)
}

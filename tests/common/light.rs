//! Simulated fluorescence with spots of known places.

use uptake::image::{Channel, Modality, Scan, Volume};
use uptake::units::{Shape, Spacing};

/// A generator of its own, so that the images never change.
pub struct Random(pub u64);

impl Random {
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
    /// Twelve uniform numbers are near enough to a normal one.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
    pub fn below(&mut self, end: f64) -> f64 {
        self.uniform() * end
    }
}

/// Values of an image, to which spots are added.
pub struct Field {
    pub shape: Shape,
    pub values: Vec<f64>,
}

impl Field {
    /// A wavy ground from `base` to `base + height`, its waves some sixty pixels long.
    pub fn waves(shape: Shape, base: f64, height: f64) -> Self {
        let value = |i: usize| {
            let [z, y, x] = shape.position(i).map(|v| v as f64);
            let wave = (y / 11.0 + z / 9.0).sin() + (x / 13.0).cos() + ((x + y) / 17.0).sin();
            base + height * (wave + 3.0) / 6.0
        };
        Field { shape, values: (0..shape.len()).map(value).collect() }
    }

    /// A Gaussian of a height at a place.
    pub fn spot(&mut self, at: [f64; 3], sigma: [f64; 3], height: f64) {
        let around = |a: usize| {
            let (n, reach) = (self.shape.zyx()[a] as f64, 6.0 * sigma[a]);
            (at[a] - reach).clamp(0.0, n) as usize..(at[a] + reach + 1.0).clamp(0.0, n) as usize
        };
        let (zs, ys, xs) = (around(0), around(1), around(2));
        for z in zs {
            for y in ys.clone() {
                for x in xs.clone() {
                    let d2: f64 = (0..3).map(|a| (([z, y, x][a] as f64 - at[a]) / sigma[a]).powi(2)).sum();
                    self.values[self.shape.index(z, y, x)] += height * (-d2 / 2.0).exp();
                }
            }
        }
    }

    /// With noise of a standard deviation, as whole samples.
    pub fn volume(&self, noise: f64, seed: u64) -> Volume {
        let mut random = Random(seed);
        let sample = |v: &f64| (v + noise * random.normal()).round().clamp(0.0, 65_535.0) as i32;
        Volume::new(self.shape, self.values.iter().map(sample).collect()).unwrap()
    }
}

/// An image of channels.
pub fn scan(channels: Vec<(&str, Volume)>, um: Option<[f64; 3]>) -> Scan {
    let (shape, spacing) = (channels[0].1.shape, um.and_then(Spacing::um));
    let channel = |(name, volume): (&str, Volume)| Channel {
        name: name.into(),
        unit: "au",
        volume: Volume { spacing, ..volume },
        saturated: Some(0),
        saturation: Some(65_535),
    };
    let channels = channels.into_iter().map(channel).collect();
    Scan { spacing, ..Scan::new(Modality::Fluorescence, shape, channels) }
}

/// Pairs of what was found and what is there, no farther apart than `reach`, the nearest first, one to one.
pub fn pairs(found: &[[f64; 3]], truth: &[[f64; 3]], reach: f64) -> Vec<(usize, usize, f64)> {
    let far = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt();
    let mut all: Vec<(usize, usize, f64)> = (0..found.len())
        .flat_map(|f| (0..truth.len()).map(move |t| (f, t)))
        .map(|(f, t)| (f, t, far(&found[f], &truth[t])))
        .filter(|p| p.2 <= reach)
        .collect();
    all.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)).then(a.1.cmp(&b.1)));
    let (mut used_f, mut used_t) = (vec![false; found.len()], vec![false; truth.len()]);
    all.retain(|(f, t, _)| {
        let is_new = !used_f[*f] && !used_t[*t];
        if is_new {
            (used_f[*f], used_t[*t]) = (true, true);
        }
        is_new
    });
    all
}

/// F1 of such pairs.
pub fn f1(found: &[[f64; 3]], truth: &[[f64; 3]], reach: f64) -> f64 {
    if found.is_empty() && truth.is_empty() {
        return 1.0;
    }
    2.0 * pairs(found, truth, reach).len() as f64 / (found.len() + truth.len()) as f64
}

//! Nuclei on noise that a filter has made skewed, and correlated over several pixels: deconvolution, squares, exponentials. Oracle: simulated
//! fields of known nuclei; the same bytes on every device are the business of `residency`.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use uptake::device::Device;
use uptake::image::Volume;
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::units::Shape;

const STACK: Shape = Shape { z: 14, y: 84, x: 84 };

/// Values of an image, z, y, x.
struct Field {
    shape: Shape,
    values: Vec<f64>,
}

impl Field {
    /// `value` of whether a voxel lies in one of so many balls (discs) with a radius of 7 px, 36 px apart.
    fn of(shape: Shape, balls: usize, mut value: impl FnMut(bool) -> f64) -> Self {
        let across = shape.x / 36;
        let is_in = |i: usize| {
            let [z, y, x] = shape.position(i);
            let from_middle = |v: usize| (v % 36) as f64 - 18.0;
            let along = 2.0 * (z as f64 - (shape.z / 2) as f64);
            let far = (from_middle(y).powi(2) + from_middle(x).powi(2) + along * along).sqrt();
            x / 36 < across && y / 36 * across + x / 36 < balls && far <= 7.0
        };
        Field { shape, values: (0..shape.len()).map(|i| value(is_in(i))).collect() }
    }

    fn map(mut self, value: impl Fn(f64) -> f64) -> Self {
        self.values.iter_mut().for_each(|v| *v = value(*v));
        self
    }

    /// Blurred by a Gaussian; nothing lies beyond the borders.
    fn blurred(&self, sigma: f64) -> Self {
        let reach = (3.0 * sigma).ceil() as isize;
        let weight = |k: isize| (-(k * k) as f64 / (2.0 * sigma * sigma)).exp();
        let sum: f64 = (-reach..=reach).map(weight).sum();
        let Shape { z, y, x, .. } = self.shape;
        let mut values = self.values.clone();
        for (length, step) in [(z, y * x), (y, x), (x, 1)].into_iter().filter(|(length, _)| *length > 1) {
            let at = |i: usize, k: isize| {
                let place = (i / step % length) as isize + k;
                (0..length as isize).contains(&place).then(|| values[i.wrapping_add_signed(k * step as isize)])
            };
            let value = |i| (-reach..=reach).filter_map(|k| Some(weight(k) / sum * at(i, k)?)).sum();
            values = (0..self.values.len()).map(value).collect();
        }
        Field { shape: self.shape, values }
    }

    /// Deconvolved by fifteen rounds of Richardson and Lucy.
    fn deconvolved(&self, sigma: f64) -> Self {
        let mut found = Field { shape: self.shape, values: vec![0.5; self.values.len()] };
        for _ in 0..15 {
            let seen = found.blurred(sigma);
            let quotients = self.values.iter().zip(&seen.values).map(|(v, s)| v.max(0.01) / s).collect();
            let factors = Field { shape: self.shape, values: quotients }.blurred(sigma);
            found.values.iter_mut().zip(&factors.values).for_each(|(v, f)| *v *= f);
        }
        found
    }

    /// How many nuclei the preset finds.
    fn nuclei(&self) -> u32 {
        self.outcome(9.0).sets[0].objects.labels.count
    }

    /// What it finds with a threshold of so many times the noise.
    fn outcome(&self, noises: f64) -> Outcome {
        let most = self.values.iter().copied().fold(0.0, f64::max);
        let samples = self.values.iter().map(|v| (v * 60_000.0 / most).round() as i32).collect();
        let image = Volume::new(self.shape, samples).unwrap();
        let text = preset("nuclei").unwrap().text.replace("noise = 9.0", &format!("noise = {noises:.1}"));
        let recipe = Recipe::parse("nuclei", &text, &[]).unwrap();
        pipeline::run(&scan(vec![("DAPI", image)], None), &recipe, &Device::Cpu, &External::new()).unwrap()
    }
}

/// A ground of 20 with a noise of 6.7, and balls so many times as high as the noise.
fn seen(shape: Shape, balls: usize, times: f64, seed: u64) -> Field {
    let mut random = Random(seed);
    Field::of(shape, balls, |is_in| 20.0 + 6.7 * (random.normal() + if is_in { times } else { 0.0 }))
}

/// The ends of a deconvolved stack are darker and hold hardly any noise: its flattest parts are not its noise.
#[test]
fn deconvolved_stacks_hold_nothing() {
    for (seed, below) in [(1, 0.0), (2, 10.0), (3, 20.0)] {
        let found = seen(STACK, 0, 0.0, seed).map(|v| v - below).deconvolved(1.5).nuclei();
        assert_eq!(found, 0, "less {below}, seed {seed}");
    }
}

/// Beside objects beyond doubt some peaks of such noise are left; there were hundreds.
#[test]
fn deconvolved_stacks_hold_what_is_there() {
    for (seed, below) in [(1, 0.0), (2, 10.0)] {
        let found = seen(STACK, 4, 20.0, seed).map(|v| v - below).deconvolved(1.5).nuclei();
        assert!((4..=10).contains(&found), "{found} for 4, less {below}, seed {seed}");
    }
}

/// Noise of 1 with a blur.
fn noise(seed: u64, blur: f64) -> Field {
    let mut random = Random(seed);
    let noise = Field::of(Shape::flat(260, 260), 0, |_| random.normal()).blurred(blur);
    let spread = (noise.values.iter().map(|v| v * v).sum::<f64>() / noise.values.len() as f64).sqrt();
    noise.map(|v| v / spread)
}

#[test]
fn skewed_noise_holds_nothing() {
    type Change = fn(f64) -> f64;
    let skewed: [(&str, Change); 3] =
        [("square", |v| v * v), ("exponential", |v| v.exp()), ("cube", |v| v.abs().powi(3))];
    for (seed, blur) in [(1, 1.5), (2, 2.0)] {
        for (name, skew) in skewed {
            assert_eq!(noise(seed, blur).map(skew).nuclei(), 0, "{name} of noise with a blur of {blur}");
        }
    }
}

#[test]
fn nuclei_above_skewed_noise_stay() {
    let mut random = Random(7);
    let shape = Shape::flat(260, 260);
    for discs in [5, 30] {
        let light = Field::of(shape, discs, |is_in| if is_in { 60.0 } else { 0.0 }).blurred(1.2);
        let ground = noise(random.0, 1.5).map(|v| v * v);
        let values = light.values.iter().zip(&ground.values).map(|(l, g)| l + g).collect();
        assert_eq!(Field { shape, values }.nuclei() as usize, discs);
        random.normal();
    }
}

/// Where only what counts as noise is there, nothing is found; where these are objects after all, a warning says how to find them, and so they are.
#[test]
fn that_nothing_is_found_is_no_secret() {
    let ground = noise(1, 1.5).map(f64::exp);
    let (none, all) = (ground.outcome(9.0), ground.outcome(0.0));
    assert_eq!(none.sets[0].objects.labels.count, 0);
    let warning = none.sets[0].objects.warnings.iter().find(|w| w.contains("nothing is found"));
    assert!(warning.is_some_and(|w| w.contains("noise = 0 in the step threshold finds them")), "{warning:?}");
    assert!(
        all.sets[0].objects.labels.count > 100
            && all.sets[0].objects.warnings.iter().all(|w| !w.contains("nothing is found"))
    );
    // A camera's noise hardly ever leaves a doubt, and no nucleus.
    let mut in_doubt = 0;
    for seed in 3..15 {
        let camera = seen(Shape::flat(260, 260), 0, 0.0, seed).outcome(9.0);
        let objects = &camera.sets[0].objects;
        assert_eq!(objects.labels.count, 0, "seed {seed}");
        in_doubt += usize::from(!objects.warnings.is_empty());
    }
    assert!(in_doubt <= 2, "{in_doubt} of 12");
}

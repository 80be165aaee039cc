//! Simulated scans of blood: leukocytes, tumour cells among them at known places, and what looks like one in some channels.

use super::light::{Random, scan};
use uptake::image::{Scan, Volume};
use uptake::units::Shape;

/// What a scan is to show. Light is in counts of the camera, before gain and offset.
#[derive(Clone, Copy)]
pub struct Blood {
    pub leukocytes: usize,
    pub tumour_cells: usize,
    /// About so many, of all kinds in turn.
    pub decoys: usize,
    /// Pixels between places of cells.
    pub pitch: usize,
    /// Median light of the nuclei of leukocytes, of cytokeratin of tumour cells, and of CD45 of leukocytes.
    pub light: [f64; 3],
    /// Standard deviation of the logarithm of CD45.
    pub spread: f64,
    pub gain: f64,
    pub offset: f64,
    pub seed: u64,
}

impl Blood {
    pub fn new(leukocytes: usize, tumour_cells: usize, decoys: usize, seed: u64) -> Self {
        let light = [2200.0, 1400.0, 800.0];
        Blood { leukocytes, tumour_cells, decoys, pitch: 24, light, spread: 0.4, gain: 1.0, offset: 150.0, seed }
    }

    /// The scan, and where its tumour cells lie.
    pub fn scan(self) -> (Scan, Vec<[f64; 3]>) {
        let total = self.leukocytes + self.tumour_cells + self.decoys;
        // Places without a leukocyte are a twentieth.
        let n = ((total as f64 / 0.95).sqrt().ceil() as usize).max(3);
        let mut slide = Slide::new(self, n * self.pitch);
        let inner: Vec<usize> =
            (0..n * n).filter(|i| (1..n - 1).contains(&(i / n)) && (1..n - 1).contains(&(i % n))).collect();
        let mut what = vec![None; n * n];
        // Tumour cells and decoys are spread evenly, by turns.
        let rare = (self.tumour_cells + self.decoys).min(inner.len());
        for k in 0..rare {
            let is_cell = (k + 1) * self.tumour_cells / rare > k * self.tumour_cells / rare;
            what[inner[k * inner.len() / rare]] = Some(is_cell);
        }
        let mut kind = 0;
        for (i, what) in what.into_iter().enumerate() {
            let middle = self.pitch as f64 / 2.0;
            let mut at = |k: usize| (k * self.pitch) as f64 + middle + slide.random.below(9.0) - 4.5;
            let at = [at(i / n), at(i % n)];
            match what {
                Some(true) => slide.tumour_cell(at),
                Some(false) => {
                    slide.decoy(kind, at);
                    kind += 1;
                }
                None if slide.random.uniform() > 0.05 && self.leukocytes > 0 => slide.leukocyte(at),
                None => {}
            }
        }
        slide.scan()
    }
}

/// A scan in the making: nucleus, cytokeratin, CD45.
struct Slide {
    of: Blood,
    side: usize,
    light: [Vec<f32>; 3],
    tumour_cells: Vec<[f64; 3]>,
    random: Random,
}

impl Slide {
    fn new(of: Blood, side: usize) -> Self {
        let ground = |base: f64, slope: f64| {
            let wave = |i: usize| ((i / side) as f64 / 900.0).sin() + ((i % side) as f64 / 700.0).cos();
            (0..side * side).map(|i| (base + slope * wave(i)) as f32).collect()
        };
        let light = [ground(50.0, 20.0), ground(90.0, 40.0), ground(70.0, 30.0)];
        Slide { of, side, light, tumour_cells: vec![], random: Random(of.seed) }
    }

    /// A disc with a soft edge, stretched a little.
    fn disc(&mut self, at: [f64; 2], radius: f64, light: [f64; 3]) {
        let stretch = 0.9 + self.random.below(0.2);
        let turn = self.random.below(3.2);
        let reach = (radius * 1.3 + 4.0) as i64;
        for (dy, dx) in (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dy, dx))) {
            let (y, x) = (at[0].round() as i64 + dy, at[1].round() as i64 + dx);
            if y < 0 || x < 0 || y >= self.side as i64 || x >= self.side as i64 {
                continue;
            }
            let (fy, fx) = (y as f64 - at[0], x as f64 - at[1]);
            let (u, v) = (fy * turn.cos() + fx * turn.sin(), fx * turn.cos() - fy * turn.sin());
            let inside = 1.0 / (1.0 + (((u / stretch).hypot(v * stretch) - radius) / 0.6).exp());
            for (channel, light) in self.light.iter_mut().zip(light) {
                channel[y as usize * self.side + x as usize] += (light * inside) as f32;
            }
        }
    }

    fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        median * (spread * self.random.normal()).exp()
    }

    /// A cell: the radius of its nucleus and the light of its three stains.
    fn cell(&mut self, at: [f64; 2], radius: f64, rim: f64, [dna, keratin, cd45]: [f64; 3]) {
        self.disc(at, radius, [dna, 0.0, 0.0]);
        self.disc(at, radius + rim, [0.0, keratin, cd45]);
    }

    fn leukocyte(&mut self, at: [f64; 2]) {
        let keratin = (15.0 + 10.0 * self.random.normal()).max(0.0);
        self.leukocyte_with(at, keratin);
    }

    fn leukocyte_with(&mut self, at: [f64; 2], keratin: f64) {
        let radius = (5.5 + 0.5 * self.random.normal()).max(4.0);
        let light =
            [self.log_normal(self.of.light[0], 0.15), keratin, self.log_normal(self.of.light[2], self.of.spread)];
        self.cell(at, radius, 2.0, light);
    }

    /// Every tenth one touches a leukocyte.
    fn tumour_cell(&mut self, at: [f64; 2]) {
        let radius = (8.0 + 1.2 * self.random.normal()).clamp(5.5, 11.0);
        let keratin = self.log_normal(self.of.light[1], 0.6).max(0.18 * self.of.light[1]);
        let light = [self.log_normal(0.85 * self.of.light[0], 0.2), keratin, 0.0125 * self.of.light[2]];
        self.cell(at, radius, 3.0, light);
        if self.tumour_cells.len() % 10 == 9 {
            self.leukocyte([at[0] + radius + 7.0, at[1] + 3.0]);
        }
        self.tumour_cells.push([0.0, at[0], at[1]]);
    }

    /// What looks like a tumour cell in some channels.
    fn decoy(&mut self, kind: usize, at: [f64; 2]) {
        let [dna, keratin, cd45] = self.of.light;
        let bright = self.log_normal(keratin, 0.5);
        match kind % 8 {
            // Cytokeratin without a nucleus.
            0 => {
                let radius = 2.0 + self.random.below(6.0);
                self.disc(at, radius, [0.0, bright, 0.0]);
            }
            // A cell with both markers.
            1 => {
                let cd45 = self.log_normal(cd45, 0.3);
                self.cell(at, 7.0, 2.5, [dna, bright, cd45]);
            }
            // Dust that is bright in all channels.
            2 => {
                let (radius, light) = (1.5 + self.random.below(4.0), 3000.0 + self.random.below(20_000.0));
                self.disc(at, radius, [light, light * 0.8, light * 0.6]);
            }
            // Dust that is brighter than any nucleus in two channels and dark in the third.
            3 => {
                let (radius, light) = (3.0 + self.random.below(4.0), dna * (12.0 + self.random.below(15.0)));
                self.disc(at, radius, [light, light * 0.5, 0.0]);
            }
            // A leukocyte with debris on it.
            4 => {
                self.leukocyte(at);
                self.disc([at[0] + 5.0, at[1] + 3.0], 3.0, [0.0, bright, 0.0]);
            }
            // Leukocytes that bind a little cytokeratin.
            5 => {
                let dim = self.log_normal(0.15 * keratin, 0.4);
                self.leukocyte_with(at, dim);
            }
            // Two leukocytes that touch, with debris between them.
            6 => {
                self.leukocyte([at[0] - 5.0, at[1] - 1.0]);
                self.leukocyte([at[0] + 5.0, at[1] + 1.0]);
                self.disc(at, 4.0, [0.0, bright, 0.0]);
            }
            // A fragment of a nucleus in cytokeratin: what is left of a dead cell.
            _ => self.cell(at, 2.0, 3.0, [dna, bright, 0.0]),
        }
    }

    /// What a camera of 16 bits sees, with Poisson noise and that of reading.
    fn scan(mut self) -> (Scan, Vec<[f64; 3]>) {
        let shape = Shape::flat(self.side, self.side);
        let mut channels = vec![];
        for (name, light) in ["DAPI", "PanCK", "CD45"].into_iter().zip(std::mem::take(&mut self.light)) {
            let (random, of) = (&mut self.random, self.of);
            let sample = |light: &f32| {
                let light = of.gain * f64::from(*light);
                let seen = of.offset + light + (light + 25.0).sqrt() * random.normal();
                seen.round().clamp(0.0, 65_535.0) as i32
            };
            channels.push((name, Volume::new(shape, light.iter().map(sample).collect()).unwrap()));
        }
        (scan(channels, Some([1.0, 0.65, 0.65])), self.tumour_cells)
    }
}

//! Nuclei with uneven outlines, alone or touching, and the light that they give.

use super::field::Field;
use super::random::Random;
use std::f64::consts::TAU;
use uptake::units::Shape;

/// A bent ellipsoid. Lengths in micrometres (in pixels where the image has no calibration).
pub struct Nucleus {
    pub centre: [f64; 3],
    pub radius: f64,
    /// Half axes over the radius: z, along, across.
    axes: [f64; 3],
    angle: f64,
    /// Order, height and phase of the waves along the outline.
    waves: [(f64, f64, f64); 3],
    pub brightness: f64,
    pub out_of_focus: bool,
    /// Dark bodies inside: place over the radius, and size.
    nucleoli: Vec<([f64; 3], f64)>,
}

/// How the nuclei of an image are.
pub struct Population {
    pub count: usize,
    pub radius: f64,
    /// Part of the nuclei that are set against another one.
    pub touching: f64,
    /// Lowest and highest brightness in photons at the middle of a nucleus.
    pub brightness: [f64; 2],
    pub out_of_focus: f64,
}

/// The grid that an image samples space on.
#[derive(Clone, Copy)]
pub struct Grid {
    pub shape: Shape,
    pub spacing: [f64; 3],
}

impl Grid {
    pub fn extent(&self) -> [f64; 3] {
        let n = self.shape.zyx();
        [0, 1, 2].map(|a| n[a] as f64 * self.spacing[a])
    }
    pub fn place(&self, i: usize) -> [f64; 3] {
        let p = self.shape.position(i);
        [0, 1, 2].map(|a| (p[a] as f64 + 0.5) * self.spacing[a])
    }
    /// A length in voxels along each axis.
    pub fn voxels(&self, length: f64) -> [f64; 3] {
        self.spacing.map(|s| length / s)
    }
}

impl Nucleus {
    fn new(centre: [f64; 3], radius: f64, p: &Population, flat: bool, random: &mut Random) -> Self {
        let long = random.between(1.0, 1.22);
        let mut wave = |order: f64, most: f64| (order, random.between(0.0, most), random.between(0.0, TAU));
        let waves = [wave(2.0, 0.04), wave(3.0, 0.05), wave(4.0, 0.03)];
        let nucleoli = (0..2 + usize::from(random.chance(0.5)))
            .map(|_| (random.direction(flat).map(|d| d * 0.55), random.between(0.12, 0.22)))
            .collect();
        Nucleus {
            centre,
            radius,
            axes: [1.0, long, 1.0 / long],
            angle: random.between(0.0, TAU),
            waves,
            // Even on a logarithmic scale: some are dim beside bright ones.
            brightness: p.brightness[0] * libm::pow(p.brightness[1] / p.brightness[0], random.unit()),
            out_of_focus: random.chance(p.out_of_focus),
            nucleoli,
        }
    }

    /// Distance from the centre over the distance of the outline in that direction: below 1 inside.
    pub fn depth(&self, place: [f64; 3]) -> f64 {
        let d = [0, 1, 2].map(|a| place[a] - self.centre[a]);
        let (sin, cos) = (libm::sin(self.angle), libm::cos(self.angle));
        let along = (d[2] * cos + d[1] * sin) / (self.axes[1] * self.radius);
        let across = (d[1] * cos - d[2] * sin) / (self.axes[2] * self.radius);
        let up = d[0] / (self.axes[0] * self.radius);
        let plane = along * along + across * across;
        let all = plane + up * up;
        if all < 1e-12 {
            return 0.0;
        }
        let angle = libm::atan2(across, along);
        let bend: f64 = self.waves.iter().map(|(k, height, phase)| height * libm::cos(k * angle + phase)).sum();
        all.sqrt() / (1.0 + bend * plane / all)
    }

    /// Light at a place inside, without the grain: thick in the middle where the image is one slice.
    fn light(&self, place: [f64; 3], depth: f64, flat: bool) -> f64 {
        let thickness = if flat { 0.55 + 0.45 * (1.0 - depth * depth).max(0.0).sqrt() } else { 1.0 };
        let dark = |(at, size): &([f64; 3], f64)| {
            let d2: f64 = (0..3).map(|a| (place[a] - self.centre[a]) / self.radius - at[a]).map(|d| d * d).sum();
            0.45 * libm::exp(-0.5 * d2 / (size * size))
        };
        let holes: f64 = self.nucleoli.iter().map(dark).sum();
        self.brightness * thickness * (1.0 - holes.min(0.7))
    }
}

/// Throws nuclei where `inside` allows until there are enough, apart from those that are set against another one.
pub fn throw(grid: &Grid, p: &Population, inside: impl Fn([f64; 3]) -> bool, random: &mut Random) -> Vec<Nucleus> {
    let (flat, extent) = (grid.shape.is_flat(), grid.extent());
    let mut nuclei: Vec<Nucleus> = Vec::new();
    for _ in 0..200_000 {
        if nuclei.len() == p.count {
            break;
        }
        let radius = p.radius * random.between(0.7, 1.4);
        let partner =
            (!nuclei.is_empty() && random.chance(p.touching)).then(|| (random.unit() * nuclei.len() as f64) as usize);
        let centre = match partner {
            Some(i) => {
                let (to, apart) = (random.direction(flat), (nuclei[i].radius + radius) * random.between(0.93, 1.02));
                [0, 1, 2].map(|a| nuclei[i].centre[a] + to[a] * apart)
            }
            None if flat => [extent[0] / 2.0, random.between(0.0, extent[1]), random.between(0.0, extent[2])],
            None => extent.map(|e| random.between(0.0, e)),
        };
        let axes = if flat { 1..3 } else { 0..3 };
        let in_view = axes.into_iter().all(|a| (0.4 * radius..extent[a] - 0.4 * radius).contains(&centre[a]));
        let apart = |(i, other): (usize, &Nucleus)| {
            let d2: f64 = (0..3).map(|a| other.centre[a] - centre[a]).map(|d| d * d).sum();
            partner == Some(i) || d2.sqrt() > 1.18 * (other.radius + radius)
        };
        if in_view && inside(centre) && nuclei.iter().enumerate().all(apart) {
            nuclei.push(Nucleus::new(centre, radius, p, flat, random));
        }
    }
    nuclei
}

/// The nucleus (counted from 1) that each voxel is in, deepest first, and its depth; at most `reach` beyond the outline.
pub fn owners(grid: &Grid, nuclei: &[Nucleus], reach: f64) -> Vec<(u32, f64)> {
    let mut owners = vec![(0, f64::INFINITY); grid.shape.len()];
    for (k, nucleus) in nuclei.iter().enumerate() {
        let (size, n) = (1.4 * nucleus.radius + reach, grid.shape.zyx());
        let side = |a: usize| {
            let at = |v: f64| (v / grid.spacing[a]).clamp(0.0, n[a] as f64) as usize;
            at(nucleus.centre[a] - size)..(at(nucleus.centre[a] + size) + 1).min(n[a])
        };
        for z in side(0) {
            for y in side(1) {
                for x in side(2) {
                    let i = grid.shape.index(z, y, x);
                    let depth = nucleus.depth(grid.place(i));
                    if (depth - 1.0) * nucleus.radius <= reach && depth < owners[i].1 {
                        owners[i] = (k as u32 + 1, depth);
                    }
                }
            }
        }
    }
    owners
}

/// The light of the nuclei in focus and of those out of it, with a grain inside.
pub fn light(grid: &Grid, nuclei: &[Nucleus], owners: &[(u32, f64)], grain: &Field) -> [Field; 2] {
    let mut light = [Field::dark(grid.shape), Field::dark(grid.shape)];
    for (i, &(label, depth)) in owners.iter().enumerate().filter(|(_, o)| o.0 > 0) {
        let nucleus = &nuclei[label as usize - 1];
        let grainy = (1.0 + 0.16 * grain.v[i]).max(0.2);
        let layer = &mut light[usize::from(nucleus.out_of_focus)];
        layer.v[i] = nucleus.light(grid.place(i), depth, grid.shape.is_flat()) * grainy;
    }
    light
}

/// Labels in raster order of each nucleus's first voxel, and how many there are.
pub fn truth(owners: &[(u32, f64)], count: usize) -> (Vec<u32>, usize) {
    let (mut number, mut next) = (vec![0; count + 1], 0);
    let labels = owners.iter().map(|&(label, _)| {
        let slot = &mut number[label as usize];
        if label > 0 && *slot == 0 {
            next += 1;
            *slot = next;
        }
        *slot
    });
    let labels = labels.collect();
    (labels, next as usize)
}

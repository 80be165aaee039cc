//! Light that falls off evenly: the plane that a ground without objects lies in, and images with it taken off.
//!
//! Each slice is parted into 16 x 16 tiles. The darkest of the means of 4 x 4 voxels in a tile is its ground; a plane is fitted to these by
//! least squares, each slice (16 of a stack) with a level of its own. It counts where it explains [`EVEN`] of their variance: grounds
//! that are flat, or uneven in another way, have none.
//! Bit budget: sums of 16 samples are whole; the fit is on the host, in f64, in the order of the tiles; the plane is whole numbers
//! `(y * p.y + x * p.x) >> shift`, of which the products stay below 2^30.
//! Reference: least squares.

use super::op::words;
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::simd;
use crate::units::Shape;
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "slope",
    summary: "An image less an even slope",
    reference: "least squares",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[Case {
        name: "less a plane",
        run: |d, i| words(d, less(d, &i.volume(d)?, &Plane { y: -700, x: 12_345, shift: 9 })?),
    }],
};

/// A plane that rises by `y` and `x` in `2^shift` voxels along these axes; 0 at the first voxel of each slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    y: i32,
    x: i32,
    shift: u32,
}

/// Share of the variance that an even slope explains at least.
const EVEN: f64 = 0.9;
/// Tiles along y and x, and most slices that are looked at.
const TILES: usize = 16;
/// The smallest side of a tile.
const SMALLEST: usize = 8;
/// The side of what is averaged in it.
const BLOCK: usize = 4;
/// Bits of the largest product.
const BITS: i32 = 30;

crate::params! {
    struct Params { y: u32, x: u32, rise_y: i32, rise_x: i32, shift: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "slope",
    source: include_str!("../../shaders/slope.wgsl"),
    shared: &[include_str!("../../shaders/shared/saturating.wgsl")],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

impl Plane {
    fn at(&self, y: usize, x: usize) -> i32 {
        (y as i32 * self.y + x as i32 * self.x) >> self.shift
    }

    /// How far it rises over an image of that shape, in samples.
    pub fn rise(self, shape: Shape) -> f64 {
        let across = |n: usize, rise: i32| n as f64 * f64::from(rise).abs();
        libm::ldexp(across(shape.y, self.y) + across(shape.x, self.x), -(self.shift as i32))
    }

    /// Of these rises a voxel, over an image of that shape; nothing where they pass 30 bits.
    fn of([y, x]: [f64; 2], shape: Shape) -> Option<Self> {
        let most = y.abs() * shape.y as f64 + x.abs() * shape.x as f64;
        let shift = BITS - 1 - libm::ilogb(most.max(1.0));
        let scaled = |rise: f64| (rise * f64::from(1u32 << shift)).round() as i32;
        (shift >= 0).then(|| Plane { y: scaled(y), x: scaled(x), shift: shift as u32 })
    }
}

/// The plane that the ground of an image lies in, if that slopes evenly, for samples that are so many times as large.
pub fn slope(samples: &[i32], shape: Shape, times: u32) -> Option<Plane> {
    let tiles = Tiles::of(shape)?;
    let grounds = tiles.each(|z, y, x| ground(samples, shape, z, y, x));
    let rises = fit(&grounds, middles(&tiles.y), middles(&tiles.x))?;
    Plane::of(rises.map(|rise| rise * f64::from(times)), shape)
}

/// From where to where a tile reaches along an axis.
pub(super) type Span = [usize; 2];

/// The tiles of an image: in some slices, along y, along x.
pub(super) struct Tiles {
    z: Vec<usize>,
    pub y: Vec<Span>,
    pub x: Vec<Span>,
}

impl Tiles {
    /// Nothing where they would be too small.
    pub fn of(shape: Shape) -> Option<Self> {
        if shape.y.min(shape.x) < SMALLEST * TILES {
            return None;
        }
        let spans = |n: usize| -> Vec<Span> { (0..TILES).map(|k| [k * n / TILES, (k + 1) * n / TILES]).collect() };
        let slices = shape.z.min(TILES);
        let z = (0..slices).map(|k| k * (shape.z - 1) / (slices - 1).max(1)).collect();
        Some(Tiles { z, y: spans(shape.y), x: spans(shape.x) })
    }

    /// A number of each tile, slice by slice.
    pub fn each(&self, number: impl Fn(usize, Span, Span) -> f64 + Sync) -> Vec<f64> {
        let rows: Vec<(usize, Span)> = self.z.iter().flat_map(|z| self.y.iter().map(move |y| (*z, *y))).collect();
        let of_row = |&(z, y): &(usize, Span)| self.x.iter().map(|x| number(z, y, *x)).collect::<Vec<f64>>();
        rows.par_iter().map(of_row).collect::<Vec<_>>().concat()
    }
}

/// The middles of tiles along an axis.
pub(super) fn middles(spans: &[Span]) -> Vec<f64> {
    spans.iter().map(|[from, to]| (from + to - 1) as f64 / 2.0).collect()
}

/// The darkest mean of a block in a tile.
pub(super) fn ground(samples: &[i32], shape: Shape, z: usize, [y0, y1]: Span, [x0, x1]: Span) -> f64 {
    let mut least = i64::MAX;
    for y in (y0..=y1 - BLOCK).step_by(BLOCK) {
        let row = |k: usize| &samples[shape.index(z, y + k, x0)..][..x1 - x0];
        let rows: [&[i32]; BLOCK] = std::array::from_fn(row);
        for x in (0..=x1 - x0 - BLOCK).step_by(BLOCK) {
            let sum: i64 = rows.iter().flat_map(|row| &row[x..x + BLOCK]).map(|s| i64::from(*s)).sum();
            least = least.min(sum);
        }
    }
    least as f64 / (BLOCK * BLOCK) as f64
}

/// The rises along y and x of the tiles of slices, where they explain enough.
fn fit(grounds: &[f64], y: Vec<f64>, x: Vec<f64>) -> Option<[f64; 2]> {
    let each = y.len() * x.len();
    let centred = |at: Vec<f64>| {
        let mean = at.iter().sum::<f64>() / at.len() as f64;
        at.into_iter().map(|v| v - mean).collect::<Vec<f64>>()
    };
    let (y, x) = (centred(y), centred(x));
    let squares = |at: &[f64]| at.iter().map(|v| v * v).sum::<f64>() * (grounds.len() / at.len()) as f64;
    let (mut all, mut with) = (0.0, [0.0; 2]);
    for slice in grounds.chunks_exact(each) {
        let mean = slice.iter().sum::<f64>() / each as f64;
        for (row, y) in slice.chunks_exact(x.len()).zip(&y) {
            for (ground, x) in row.iter().zip(&x) {
                let v = ground - mean;
                all += v * v;
                with = [with[0] + v * y, with[1] + v * x];
            }
        }
    }
    let rises = [with[0] / squares(&y), with[1] / squares(&x)];
    (all > 0.0 && with[0] * rises[0] + with[1] * rises[1] >= EVEN * all).then_some(rises)
}

/// An image less a plane.
///
/// # Errors
/// The device is lost or too small.
pub fn less(device: &Device, src: &Volume, plane: &Plane) -> Result<Volume> {
    let (y, x) = (src.shape.y, src.shape.x);
    Ok(src.with(match device {
        Device::Cpu => {
            let from = src.samples.host()?;
            let row = |(): &mut (), row: usize, out: &mut [i32]| {
                for (at, (out, s)) in out.iter_mut().zip(&from[row * x..]).enumerate() {
                    *out = s.saturating_sub(plane.at(row % y, at));
                }
            };
            Buffer::on_host(simd::new_parts(from.len(), x, || (), row).0)
        }
        Device::Gpu(gpu) => {
            let to = gpu.alloc::<i32>(src.samples.len())?;
            let params = Params { y: y as u32, x: x as u32, rise_y: plane.y, rise_x: plane.x, shift: plane.shift };
            gpu.dispatch(&KERNEL, to.len(), &params, &[&src.samples.gpu()?.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    }))
}

#[cfg(test)]
mod tests {
    //! Oracle: planes that are known.
    use super::*;

    fn image(shape: Shape, value: impl Fn([usize; 3]) -> i32) -> Volume {
        Volume::new(shape, (0..shape.len()).map(|i| value(shape.position(i))).collect()).unwrap()
    }

    #[test]
    fn an_even_slope_is_found_beside_objects_and_taken_off() {
        let shape = Shape::new(3, 320, 400);
        let level = [1000, -50, 40_000];
        let noise = |[z, y, x]: [usize; 3]| ((z * 31 + y * 17 + x * 7 + x * y) % 13) as i32 - 6;
        let is_object = |[_, y, x]: [usize; 3]| y % 40 < 9 && x % 40 < 9;
        let object = |p: [usize; 3]| 5000 * i32::from(is_object(p));
        let v = image(shape, |p| level[p[0]] + 3 * p[1] as i32 - 2 * p[2] as i32 + noise(p) + object(p));
        let plane = slope(v.samples.host().unwrap(), shape, 1).unwrap();
        let flat = less(&Device::Cpu, &v, &plane).unwrap();
        for (i, s) in flat.samples.host().unwrap().iter().enumerate().filter(|(i, _)| !is_object(shape.position(*i))) {
            assert!((s - level[shape.position(i)[0]]).abs() < 25, "{s} at {i}");
        }
        let twice = slope(v.samples.host().unwrap(), shape, 2).unwrap();
        assert!((twice.at(319, 0) - 2 * plane.at(319, 0)).abs() <= 2, "{twice:?} {plane:?}");
    }

    #[test]
    fn other_grounds_have_none() {
        let shape = Shape::flat(130, 170);
        let of = |value: fn([usize; 3]) -> i32| slope(image(shape, value).samples.host().unwrap(), shape, 1);
        assert_eq!(of(|_| 7), None, "flat");
        assert_eq!(of(|[_, y, x]| ((y * 31 + x * 17 + x * y) % 23) as i32), None, "noise");
        let round = |[_, y, x]: [usize; 3]| 20_000 - (y as i32 - 65).pow(2) - (x as i32 - 85).pow(2);
        assert_eq!(of(round), None, "round");
        assert!(of(|[_, y, _]| y as i32).is_some());
        assert_eq!(of(|[_, y, _]| y as i32 * 16_000_000), None, "beyond 30 bits");
        assert_eq!(slope(&[1; 100 * 200], Shape::flat(100, 200), 1), None, "tiles that are too small");
    }
}

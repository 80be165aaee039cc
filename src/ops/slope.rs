//! Light that falls off evenly: the plane that a ground without objects lies in, and images with it taken off.
//!
//! A plane is fitted by least squares to samples on a grid of 16 x 16 places in up to 16 slices, each slice with a level of its
//! own; smaller images have none. It counts where it explains [`EVEN`] of their variance: grounds that are flat, or uneven in another way, have none.
//! Bit budget: samples are whole; the fit is on the host, in f64, in the order of the grid; the plane is whole numbers
//! `(y * p.y + x * p.x) >> shift`, of which the products stay below 2^30.
//! Reference: least squares.

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
    summary: "A ground that slopes evenly",
    reference: "least squares",
    kernels: &[&LOOK, &TAKE],
    uses: &[],
    cases: &[
        Case {
            name: "the plane of a ramp under an image",
            run: |d, i| {
                let ramp = Plane { y: 5 << 12, x: -(3 << 12), shift: 4 };
                let found = slope(d, &less(d, &i.volume(d)?, &ramp)?, [0; 2])?;
                Ok(found.map_or(vec![], |p| vec![p.y as u32, p.x as u32, p.shift]))
            },
        },
        Case {
            name: "an image less a plane",
            run: |d, i| super::op::words(d, less(d, &i.volume(d)?, &Plane { y: -700, x: 12_345, shift: 9 })?),
        },
    ],
};

/// A plane that rises by `y` and `x` in `2^shift` voxels along these axes; 0 at the first voxel of each slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Along y.
    pub y: i32,
    /// Along x.
    pub x: i32,
    /// As above.
    pub shift: u32,
}

/// Share of the variance that an even slope explains at least.
const EVEN: f64 = 0.9;
/// Places of the grid along y and x, and most of them along z.
const PLACES: usize = 16;
/// Bits of the largest product.
const BITS: i32 = 30;

crate::params! {
    struct Take { y: u32, x: u32, rise_y: i32, rise_x: i32, shift: u32 }
}
crate::params! {
    struct Look { last: u32 }
}

const TAKE: Kernel = Kernel {
    name: "slope",
    source: include_str!("../../shaders/slope.wgsl"),
    shared: &[include_str!("../../shaders/shared/saturating.wgsl")],
    params: Take::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};
const LOOK: Kernel = Kernel {
    name: "slope_look",
    source: include_str!("../../shaders/slope_look.wgsl"),
    shared: &[],
    params: Look::WGSL,
    arrays: &[read("src", "i32"), read("place", "u32"), write("dst", "i32")],
};

impl Plane {
    /// The other way round.
    #[must_use]
    pub fn turned(self) -> Self {
        Plane { y: -self.y, x: -self.x, ..self }
    }

    fn at(&self, y: usize, x: usize) -> i32 {
        (y as i32 * self.y + x as i32 * self.x) >> self.shift
    }

    /// Of these rises a voxel, over an image of that shape; nothing where they pass 32 bits.
    fn of([y, x]: [f64; 2], shape: Shape) -> Option<Self> {
        let most = y.abs() * shape.y as f64 + x.abs() * shape.x as f64;
        let shift = BITS - 1 - libm::ilogb(most.max(1.0));
        let scaled = |rise: f64| (rise * f64::from(1u32 << shift)).round() as i32;
        (shift >= 0).then(|| Plane { y: scaled(y), x: scaled(x), shift: shift as u32 })
    }
}

/// Where samples are looked at: along an axis of `size` voxels, `margin` from its ends at least.
fn places(size: usize, margin: usize) -> Vec<usize> {
    let Some(room) = size.checked_sub(2 * margin + 1) else { return vec![] };
    let n = PLACES.min(room + 1);
    (0..n).map(|k| margin + if n > 1 { k * room / (n - 1) } else { 0 }).collect()
}

/// The plane that a ground lies in, if that slopes evenly. Voxels within `margin` of the edges, along y and x, are not looked at.
///
/// # Errors
/// The device is lost or too small.
pub fn slope(device: &Device, ground: &Volume, margin: [usize; 2]) -> Result<Option<Plane>> {
    let shape = ground.shape;
    let [z, y, x] = [places(shape.z, 0), places(shape.y, margin[0]), places(shape.x, margin[1])];
    let each = y.len() * x.len();
    // Of few places a plane explains much, whatever they hold.
    if y.len() < PLACES || x.len() < PLACES {
        return Ok(None);
    }
    let grid = z.iter().flat_map(|z| y.iter().flat_map(|y| x.iter().map(|x| shape.index(*z, *y, *x))));
    let samples: Vec<i32> = match device {
        Device::Cpu => {
            let samples = ground.samples.host()?;
            grid.map(|i| samples[i]).collect()
        }
        Device::Gpu(gpu) => {
            let at: Vec<u32> = grid.map(|i| i as u32).collect();
            let to = gpu.alloc::<i32>(at.len())?;
            let params = Look { last: shape.len() as u32 - 1 };
            gpu.dispatch(
                &LOOK,
                at.len(),
                &params,
                &[&ground.samples.gpu()?.cast(), &gpu.upload(&at)?.cast(), &to.cast()],
            )?;
            to.download()?
        }
    };
    Ok(fit(&samples, each, &y, &x).and_then(|rises| Plane::of(rises, shape)))
}

/// The rises along y and x of slices of a grid, where they explain enough.
fn fit(samples: &[i32], each: usize, y: &[usize], x: &[usize]) -> Option<[f64; 2]> {
    let centred = |at: &[usize]| {
        let mean = at.iter().sum::<usize>() as f64 / at.len() as f64;
        at.iter().map(|v| *v as f64 - mean).collect::<Vec<f64>>()
    };
    let (y, x) = (centred(y), centred(x));
    let slices = samples.len() / each;
    let squares = |at: &[f64], others: usize| at.iter().map(|v| v * v).sum::<f64>() * (others * slices) as f64;
    let (mut all, mut with) = (0.0, [0.0; 2]);
    for slice in samples.chunks_exact(each) {
        let mean = slice.iter().map(|s| f64::from(*s)).sum::<f64>() / each as f64;
        for (row, y) in slice.chunks_exact(x.len()).zip(&y) {
            for (sample, x) in row.iter().zip(&x) {
                let v = f64::from(*sample) - mean;
                all += v * v;
                with = [with[0] + v * y, with[1] + v * x];
            }
        }
    }
    let rises = [with[0] / squares(&y, x.len()), with[1] / squares(&x, y.len())];
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
            let mut out: Vec<i32> = simd::zeros(from.len());
            out.par_chunks_mut(x.max(1)).zip(from.par_chunks(x.max(1))).enumerate().for_each(|(row, (out, from))| {
                for (at, (out, s)) in out.iter_mut().zip(from).enumerate() {
                    *out = s.saturating_sub(plane.at(row % y, at));
                }
            });
            Buffer::on_host(out)
        }
        Device::Gpu(gpu) => {
            let to = gpu.alloc::<i32>(src.samples.len())?;
            let params = Take { y: y as u32, x: x as u32, rise_y: plane.y, rise_x: plane.x, shift: plane.shift };
            gpu.dispatch(&TAKE, to.len(), &params, &[&src.samples.gpu()?.cast(), &to.cast()])?;
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
    fn an_even_slope_is_found_and_taken_off() {
        let shape = Shape::new(3, 90, 140);
        let level = [1000, -50, 40_000];
        let noise = |[z, y, x]: [usize; 3]| ((z * 31 + y * 17 + x * 7 + x * y) % 13) as i32 - 6;
        let v = image(shape, |p| level[p[0]] + 3 * p[1] as i32 - 2 * p[2] as i32 + noise(p));
        let plane = slope(&Device::Cpu, &v, [10, 20]).unwrap().unwrap();
        let flat = less(&Device::Cpu, &v, &plane).unwrap();
        for (i, s) in flat.samples.host().unwrap().iter().enumerate() {
            assert!((s - level[shape.position(i)[0]]).abs() < 12, "{s} at {i}");
        }
        let back = less(&Device::Cpu, &flat, &plane.turned()).unwrap();
        let off = |(a, b): (&i32, &i32)| (a - b).abs();
        let (a, b) = (back.samples.host().unwrap(), v.samples.host().unwrap());
        assert!(a.iter().zip(b).map(off).max().unwrap() <= 1, "halves are rounded down on both ways");
    }

    #[test]
    fn other_grounds_have_none() {
        let shape = Shape::flat(90, 140);
        let of = |value: fn([usize; 3]) -> i32, margin| slope(&Device::Cpu, &image(shape, value), margin).unwrap();
        assert_eq!(of(|_| 7, [0; 2]), None, "flat");
        assert_eq!(of(|[_, y, x]| ((y * 31 + x * 17 + x * y) % 23) as i32, [0; 2]), None, "noise");
        let round = |[_, y, x]: [usize; 3]| 20_000 - (y as i32 - 45).pow(2) - (x as i32 - 70).pow(2);
        assert_eq!(of(round, [0; 2]), None, "round");
        assert!(of(|[_, y, _]| y as i32, [0; 2]).is_some());
        assert_eq!(of(|[_, y, _]| y as i32, [45, 0]), None, "nothing is left to look at");
        assert!(of(|[_, y, _]| y as i32 * 24_000_000, [0; 2]).is_none(), "beyond 30 bits");
    }
}

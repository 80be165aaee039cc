//! Background by a ball that rolls below the image.
//!
//! `out[i] = min over the ball of (src[i + k] + cap(k))`, `cap(k) = floor(height (1 - sqrt(1 - sum (k / radius)^2)))`: the
//! highest place of the ball's apex at i. The ball is an ellipsoid of `radius` voxels and `height` samples; what lies
//! outside the image is ignored. Caps are whole numbers, and the minimum of floors is the floor of the minimum, so
//! nothing is lost against an image of whole numbers.
//! The cost grows with the voxels of the ball; for radii over about 50 px [`background`](super::background) does nearly
//! the same in no more time than for small ones.
//! Bit budget: caps and sums saturate at the end of i32, which no minimum shows where samples lie within 30 bits. Reference: Sternberg (1983);
//! `skimage.restoration.rolling_ball`, exactly for samples from 0 on.

use super::op::words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device, Gpu};
use crate::image::Volume;
use crate::simd::{span, wide};
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "rolling_ball",
    summary: "Background by a ball that rolls below the image",
    reference: "skimage.restoration.rolling_ball",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case {
            name: "a small steep ball",
            run: |d, i| {
                words(d, rolling_ball(d, &i.volume(d)?, &RollingBall { radius: [0.0, 3.0, 3.0], height: 900.0 })?)
            },
        },
        Case {
            name: "an ellipsoid",
            run: |d, i| {
                let ball = RollingBall { radius: [2.0, 6.5, 9.0], height: 2.5e6 };
                words(d, rolling_ball(d, &i.volume(d)?, &ball)?)
            },
        },
        Case {
            name: "far higher than the samples",
            run: |d, i| {
                words(d, rolling_ball(d, &i.volume(d)?, &RollingBall { radius: [0.0, 4.0, 4.0], height: 1e12 })?)
            },
        },
    ],
};

/// The ball.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RollingBall {
    /// Semi-axes along z, y, x in voxels; 0 keeps to the plane.
    pub radius: [f64; 3],
    /// The third semi-axis, along the samples.
    pub height: f64,
}

impl RollingBall {
    /// As high in samples as it is wide in pixels.
    pub fn new(radius: f64) -> Self {
        RollingBall { radius: [0.0, radius, radius], height: radius }
    }
}

crate::params! {
    struct Params { z: u32, y: u32, x: u32, first: u32, end: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "rolling_ball",
    source: include_str!("../../shaders/rolling_ball.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("row", "i32"), read("cap", "i32"), write("dst", "i32")],
};

/// The background.
///
/// # Errors
/// A radius or a height that is negative or not a number, radii over 500 voxels; the device is lost or too small.
pub fn rolling_ball(device: &Device, src: &Volume, ball: &RollingBall) -> Result<Volume> {
    if let Some(r) = ball.radius.iter().find(|r| !(0.0..=500.0).contains(*r)) {
        return Err(Error::usage(format!("a rolling ball of radius {r} px")).remedy("0 to 500 px"));
    }
    if !(ball.height >= 0.0 && ball.height.is_finite()) {
        return Err(Error::usage(format!("a rolling ball {} samples high", ball.height)).remedy("a number from 0 on"));
    }
    let rows = rows(ball);
    let samples = match device {
        Device::Cpu => Buffer::on_host(twin(src.samples.host()?, src.shape, &rows)),
        Device::Gpu(gpu) => dispatch(gpu, src, &rows)?,
    };
    Ok(src.with(samples))
}

/// A row of the ball.
struct Row {
    z: i32,
    y: i32,
    /// Caps at 0, 1, ... voxels from the row's middle.
    caps: Vec<i32>,
}

fn rows(ball: &RollingBall) -> Vec<Row> {
    let share = |d: i32, r: f64| if d == 0 { 0.0 } else { (f64::from(d) / r).powi(2) };
    let reach = ball.radius.map(|r| (r + 1e-6) as i32);
    let mut rows = Vec::new();
    for z in -reach[0]..=reach[0] {
        for y in -reach[1]..=reach[1] {
            let base = share(z, ball.radius[0]) + share(y, ball.radius[1]);
            let inside = (0..=reach[2]).map(|x| base + share(x, ball.radius[2])).take_while(|&q| q <= 1.0 + 1e-9);
            // A millionth of a thousandth keeps whole caps whole. The cast stops at the end of the type.
            let cap = |q: f64| (ball.height * (1.0 - (1.0 - q).max(0.0).sqrt()) + 1e-9).floor() as i32;
            let caps: Vec<i32> = inside.map(cap).collect();
            if !caps.is_empty() {
                rows.push(Row { z, y, caps });
            }
        }
    }
    rows
}

/// Voxels times taps in one dispatch: more could trip the watchdog of a small GPU.
const WORK: usize = 1 << 31;

fn dispatch(gpu: &Gpu, src: &Volume, rows: &[Row]) -> Result<Buffer<i32>> {
    let from = src.samples.gpu()?;
    let out = gpu.copy(from)?;
    let (mut table, mut caps) = (Vec::new(), Vec::new());
    for r in rows {
        table.extend([r.z, r.y, r.caps.len() as i32 - 1, caps.len() as i32]);
        caps.extend_from_slice(&r.caps);
    }
    let (table, caps) = (gpu.upload(&table)?, gpu.upload(&caps)?);
    let mut first = 0;
    while first < rows.len() {
        let (mut end, mut work) = (first, 0);
        while end < rows.len() && (end == first || work < WORK) {
            work += 2 * rows[end].caps.len() * from.len();
            end += 1;
        }
        let params = Params {
            z: src.shape.z as u32,
            y: src.shape.y as u32,
            x: src.shape.x as u32,
            first: first as u32,
            end: end as u32,
        };
        gpu.dispatch(&KERNEL, from.len(), &params, &[&from.cast(), &table.cast(), &caps.cast(), &out.cast()])?;
        first = end;
    }
    Ok(Buffer::Gpu(out))
}

fn twin(src: &[i32], shape: Shape, rows: &[Row]) -> Vec<i32> {
    let mut out = src.to_vec();
    let longest = rows.iter().map(|r| r.caps.len() - 1).max().unwrap_or(0);
    let highest = rows.iter().flat_map(|r| &r.caps).copied().max().unwrap_or(0);
    // Where no sum can pass the end of i32 nothing needs to be saturated. What lies outside is higher than any sample.
    let free = span(src).1 <= i32::MAX - highest;
    let outside = if free { i32::MAX - highest } else { i32::MAX };
    let scratch = || vec![outside; shape.x + 2 * longest];
    out.par_chunks_mut(shape.x.max(1)).enumerate().for_each_init(scratch, |padded, (line, out)| {
        for row in rows {
            let z = (line / shape.y) as isize + row.z as isize;
            let y = (line % shape.y) as isize + row.y as isize;
            if !(0..shape.z as isize).contains(&z) || !(0..shape.y as isize).contains(&y) {
                continue;
            }
            padded[longest..longest + shape.x]
                .copy_from_slice(&src[shape.index(z as usize, y as usize, 0)..][..shape.x]);
            match free {
                true => roll(out, padded, longest, &row.caps),
                false => roll_saturated(out, padded, longest, &row.caps),
            }
        }
    });
    out
}

/// Columns whose minima stay in registers.
const BLOCK: usize = 64;

wide! {
    fn roll(out: &mut [i32], padded: &[i32], middle: usize, caps: &[i32]) {
        for (b, out) in out.chunks_mut(BLOCK).enumerate() {
            let n = out.len();
            let mut best = [i32::MAX; BLOCK];
            for (k, &cap) in caps.iter().enumerate() {
                let left = &padded[middle + b * BLOCK - k..][..n];
                let right = &padded[middle + b * BLOCK + k..][..n];
                for ((best, &s), &t) in best.iter_mut().zip(left).zip(right) {
                    *best = (*best).min(s.min(t).wrapping_add(cap));
                }
            }
            out.iter_mut().zip(&best).for_each(|(o, &best)| *o = best.min(*o));
        }
    }
}

wide! {
    fn roll_saturated(out: &mut [i32], padded: &[i32], middle: usize, caps: &[i32]) {
        for (k, &cap) in caps.iter().enumerate() {
            let (left, right) = (&padded[middle - k..], &padded[middle + k..]);
            for ((o, &s), &t) in out.iter_mut().zip(left).zip(right) {
                *o = s.min(t).saturating_add(cap).min(*o);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::inputs;

    #[test]
    fn a_literal_row() {
        let v = Volume::new(Shape::flat(1, 7), vec![10, 10, 10, 50, 9, 10, 10]).unwrap();
        let out = rolling_ball(&Device::Cpu, &v, &RollingBall::new(2.0)).unwrap();
        // Caps 0, 0.27 and 2: skimage.restoration.rolling_ball(row, radius=2), cut to whole numbers.
        assert_eq!(out.samples.host().unwrap(), [10, 10, 10, 9, 9, 9, 10]);
    }

    /// Oracle: the definition, voxel by voxel.
    #[test]
    fn the_apex_follows_the_definition() {
        // Every voxel against every other: the larger images would take minutes.
        for input in inputs().unwrap().into_iter().filter(|i| i.volume.shape.len() < 2500) {
            let (v, s) = (&input.volume, input.volume.samples.host().unwrap());
            for ball in [
                RollingBall { radius: [1.0, 5.0, 4.0], height: 3000.0 },
                RollingBall { radius: [0.0, 6.0, 6.0], height: 2e9 },
                RollingBall { radius: [0.0, 0.0, 1.0], height: 2e9 },
                RollingBall { radius: [0.0, 4.0, 4.0], height: 1e12 },
            ] {
                let out = rolling_ball(&Device::Cpu, v, &ball).unwrap();
                for (i, &got) in out.samples.host().unwrap().iter().enumerate() {
                    let at = v.shape.position(i).map(|p| p as f64);
                    let mut best = s[i];
                    for (k, &o) in s.iter().enumerate() {
                        let to = v.shape.position(k).map(|p| p as f64);
                        let q: f64 = (0..3)
                            .filter(|&a| to[a] != at[a])
                            .map(|a| ((to[a] - at[a]) / ball.radius[a]).powi(2))
                            .sum();
                        if q <= 1.0 + 1e-9 {
                            let cap = (ball.height * (1.0 - (1.0 - q).max(0.0).sqrt()) + 1e-9).floor() as i32;
                            best = best.min(o.saturating_add(cap));
                        }
                    }
                    assert_eq!(got, best, "{}, {ball:?}, {i}", input.name);
                }
            }
        }
    }
}

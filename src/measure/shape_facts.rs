//! The facts behind the features of [`super::shape`]: outline, hull, patterns and distances of an object.

use super::family::Measured;
use super::holes;
use super::hull::Hull;
use super::moments::{Ellipse, Moments};
use super::outline::Outline;
use super::surface::Patterns;
use crate::simd::convert;
use crate::units::Spacing;
use std::f64::consts::PI;

/// What the shape features are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(super) n: f64,
    pub(super) bbox: f64,
    moments: Moments,
    /// Largest and mean distance to the outside, in voxels.
    pub(super) radii: [f64; 2],
    pub(super) flat: Option<Flat>,
    pub(super) solid: Option<Patterns>,
    pub(super) spacing: Option<Spacing>,
}

/// What only 2-D objects have.
#[derive(Clone, Debug)]
pub(super) struct Flat {
    pub(super) outline: Outline,
    pub(super) hull: Hull,
    pub(super) filled: u64,
}

impl Facts {
    pub(super) fn of(of: &Measured) -> Self {
        let (object, e, inside) = (&of.object, of.object.extent, of.inside());
        let rows = object.framed_size()[1];
        let (mut roots, mut sum) = (vec![0.0; inside.width], 0.0);
        object.each_framed_run(|z, y, x0, x1| {
            let start = (z * rows + y) * inside.width;
            let roots = &mut roots[x0..x1];
            convert(roots, &inside.cells[start + x0..start + x1], &|d: u32| f64::from(d).sqrt());
            roots.iter().for_each(|root| sum += root);
        });
        let most = inside.cells.iter().copied().max().map_or(0.0, f64::from);
        let flat = object.shape.is_flat();
        Facts {
            n: e.n as f64,
            bbox: (0..3).map(|a| (e.hi[a] - e.lo[a]) as f64).product(),
            moments: of.moments,
            radii: [most.sqrt(), sum / e.n as f64],
            flat: flat.then(|| Flat {
                outline: Outline::of(&of.bits()),
                hull: Hull::of(object),
                filled: holes::area_filled(object),
            }),
            solid: (!flat).then(|| Patterns::of(&object.framed())),
            spacing: of.spacing,
        }
    }

    /// Size of a voxel in the unit of the table, z, y, x.
    pub(super) fn size(&self) -> Option<[f64; 3]> {
        self.spacing.map(|s| s.zyx)
    }
    /// Side of a pixel (2-D) or voxel (3-D) in that unit, if all its sides are equal to one in a million.
    pub(super) fn side(&self) -> Option<f64> {
        let [z, y, x] = self.size()?;
        let close = |a: f64| (a / x - 1.0).abs() < 1e-6;
        (close(y) && (self.flat.is_some() || close(z))).then_some(x)
    }
    /// Size of a voxel in z and y against x; 1 where unknown.
    pub(super) fn aspect(&self) -> [f64; 3] {
        self.spacing.map_or([1.0; 3], |s| s.zyx.map(|v| v / s.zyx[2]))
    }
    pub(super) fn true_ellipse(&self) -> Option<Ellipse> {
        self.flat.as_ref().map(|_| self.moments.ellipse(self.aspect()[1]))
    }
    pub(super) fn axis_px(&self, i: usize) -> f64 {
        match self.flat {
            Some(_) => self.moments.ellipse(1.0).axes[i.min(1)],
            None => self.moments.ellipsoid([1.0; 3])[i],
        }
    }
    pub(super) fn axis_length(&self, i: usize) -> Option<f64> {
        let x = self.size()?[2];
        Some(match self.true_ellipse() {
            Some(e) => e.axes[i.min(1)] * x,
            None => self.moments.ellipsoid(self.aspect())[i] * x,
        })
    }
    pub(super) fn diameter(&self, size: f64) -> f64 {
        match self.flat {
            Some(_) => (4.0 * size / PI).sqrt(),
            None => libm::cbrt(6.0 * size / PI),
        }
    }
    pub(super) fn perimeter(&self) -> Option<f64> {
        self.flat.as_ref().map(|f| f.outline.perimeter())
    }
    pub(super) fn roundness(&self) -> Option<f64> {
        self.perimeter().filter(|p| *p > 0.0).map(|p| 4.0 * PI * self.n / (p * p))
    }
    pub(super) fn hull(&self) -> Option<&Hull> {
        self.flat.as_ref().map(|f| &f.hull)
    }
    /// Size of a pixel in the unit of the table, y and x.
    pub(super) fn pixel(&self) -> Option<[f64; 2]> {
        self.size().map(|[_, y, x]| [y, x])
    }
    pub(super) fn surface(&self, size: [f64; 3]) -> Option<f64> {
        self.solid.as_ref().map(|s| s.area(size))
    }
    pub(super) fn sphericity(&self) -> Option<f64> {
        self.solid.as_ref().map(|s| s.sphericity(self.size().unwrap_or([1.0; 3])))
    }
}

//! The facts behind the features of [`super::lesion`]: sums, ranks, spheres, the shell around, and the surface.

use super::object::Object;
use super::order::{self, Sums};
use super::peak::{Seen, Sphere, SphereSum};
use super::ring::shell;
use super::surface::Patterns;
use super::{ChannelRef, Request};
use crate::Result;
use crate::image::{Labels, SUV_UNIT, Scale};
use crate::units::{Spacing, Unit};
use std::f64::consts::PI;

/// Why a column of SUV is empty.
pub(super) const NOT_SUV: &str = "the values are not SUV";
/// Why a column of SUL is empty.
pub(super) const NOT_SUL: &str = "the values are not SUV, or weight, height or sex is not known";

/// Finer voxels than this, in mm, have no sphere of 1 ml that could be gone over in sensible time.
const FINEST_MM: f64 = 0.1;
/// Diameter of Lodge's sphere in mm.
const LODGE_MM: f64 = 12.0;
/// Diameter of a sphere that fits into the tumours of mice and rats, in mm.
const SMALL_MM: f64 = 2.0;
/// Volume of a voxel.
pub(super) fn voxel_ml(spacing: &Spacing) -> f64 {
    spacing.to(Unit::Mm).voxel_volume() / 1000.0
}

/// Radius in mm of a sphere of 1 ml: 6.2035.
fn ml_radius() -> f64 {
    10.0 * libm::cbrt(3.0 / (4.0 * PI))
}

/// What holds for all lesions of a set.
pub(super) struct Limits {
    /// Distances from the lesion that its background lies between, in mm.
    pub shell_mm: [f64; 2],
    /// The SULpeak above which a lesion is measurable by PERCIST.
    pub measurable_above: Option<f64>,
}

/// What the lesion features are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    n: f64,
    spacing: Option<Spacing>,
    solid: Option<Patterns>,
    pub(super) is_cut: bool,
    is_flat: bool,
    uptake: Option<Uptake>,
    sul_factor: Option<f64>,
    measurable_above: Option<f64>,
}

/// Of the channel.
#[derive(Clone, Debug)]
struct Uptake {
    is_suv: bool,
    scale: Scale,
    sums: Sums,
    /// Minimum, median, maximum in samples.
    ranks: [Option<f64>; 3],
    hottest: Option<[usize; 3]>,
    peaks: Option<Peaks>,
    background: Option<f64>,
}

/// Spheres.
#[derive(Clone, Copy, Debug)]
struct Peaks {
    local: Option<SphereSum>,
    global: Option<SphereSum>,
    lodge: Option<SphereSum>,
    small: Option<SphereSum>,
    /// Share of the global sphere that lies in the image and is not left out.
    coverage: Option<f64>,
}

impl Facts {
    /// Of an object that has voxels.
    pub(super) fn of(object: &Object, request: &Request, limits: &Limits) -> Result<Self> {
        let (shape, e) = (object.shape, object.extent);
        let spacing = request.spacing.map(|s| s.to(Unit::Mm));
        let is_flat = shape.is_flat();
        let mut ends = (0..3).filter(|&a| a > 0 || !is_flat);
        let unseen = request.channels.first().and_then(|c| c.unseen);
        let uptake =
            request.channels.first().map(|c| Uptake::of(object, c, spacing.as_ref(), request.excluded, limits));
        let uptake = uptake.transpose()?;
        Ok(Facts {
            n: e.n as f64,
            spacing,
            solid: (!is_flat).then(|| Patterns::of(&object.framed())),
            is_cut: ends.any(|a| e.lo[a] == 0 || e.hi[a] == shape.zyx()[a])
                || unseen.is_some_and(|unseen| object.lies_beside(unseen)),
            is_flat,
            uptake,
            sul_factor: request.sul_factor,
            measurable_above: limits.measurable_above,
        })
    }

    /// Of the samples of a whole object, as a value.
    fn uptake(&self, of: impl Fn(&Uptake) -> Option<f64>) -> Option<f64> {
        let u = self.uptake.as_ref()?;
        of(u).map(|sample| u.scale.value(sample))
    }
    pub(super) fn max(&self) -> Option<f64> {
        self.uptake(|u| u.ranks[2])
    }
    pub(super) fn mean(&self) -> Option<f64> {
        self.uptake(|u| u.sums.mean())
    }
    pub(super) fn median(&self) -> Option<f64> {
        self.uptake(|u| u.ranks[1])
    }
    pub(super) fn min(&self) -> Option<f64> {
        self.uptake(|u| u.ranks[0])
    }
    pub(super) fn std(&self) -> Option<f64> {
        let u = self.uptake.as_ref()?;
        u.sums.std().map(|s| s * u.scale.factor())
    }
    pub(super) fn local_peak(&self) -> Option<f64> {
        self.uptake(|u| u.peaks?.local.map(|p| p.mean()))
    }
    pub(super) fn global_peak(&self) -> Option<f64> {
        self.uptake(|u| u.peaks?.global.map(|p| p.mean()))
    }
    pub(super) fn lodge_peak(&self) -> Option<f64> {
        self.uptake(|u| u.peaks?.lodge.map(|p| p.mean()))
    }
    pub(super) fn small_peak(&self) -> Option<f64> {
        self.uptake(|u| u.peaks?.small.map(|p| p.mean()))
    }
    pub(super) fn coverage(&self) -> Option<f64> {
        self.uptake.as_ref()?.peaks?.coverage
    }
    pub(super) fn background(&self) -> Option<f64> {
        self.uptake(|u| u.background)
    }

    /// Nothing where the values are not SUV.
    pub(super) fn suv(&self, value: Option<f64>) -> Option<f64> {
        value.filter(|_| self.uptake.as_ref().is_some_and(|u| u.is_suv))
    }
    pub(super) fn sul(&self, value: Option<f64>) -> Option<f64> {
        Some(self.suv(value)? * self.sul_factor?)
    }
    pub(super) fn ml(&self) -> Option<f64> {
        self.spacing.map(|s| self.n * voxel_ml(&s))
    }
    pub(super) fn measurable(&self) -> Option<i64> {
        Some(i64::from(self.sul(self.global_peak())? > self.measurable_above?))
    }
    pub(super) fn hottest(&self, axis: usize) -> Option<i64> {
        let there = axis > 0 || !self.is_flat;
        self.uptake.as_ref()?.hottest.filter(|_| there).map(|place| place[axis] as i64)
    }

    pub(super) fn surface(&self) -> Option<f64> {
        Some(self.solid.as_ref()?.mesh_area(self.spacing?.zyx))
    }
    pub(super) fn sphericity(&self) -> Option<f64> {
        Some(self.solid.as_ref()?.sphericity(self.spacing?.zyx))
    }
    pub(super) fn asphericity(&self) -> Option<f64> {
        // (surface^3 / (36 pi volume^2))^(1/3) - 1
        Some(1.0 / self.sphericity()? - 1.0)
    }
}

impl Uptake {
    fn of(
        object: &Object,
        channel: &ChannelRef,
        spacing: Option<&Spacing>,
        excluded: &[&Labels],
        limits: &Limits,
    ) -> Result<Self> {
        let (image, scale) = (channel.volume.samples.host()?, channel.volume.scale);
        let mut samples = object.samples(image);
        let sums = Sums::of(&samples);
        let hot = hot(object, &samples);
        let size = spacing.map(|s| s.zyx).filter(|size| size.iter().all(|side| *side >= FINEST_MM));
        let inside = object.labels.inside()?;
        let shell = size.map(|size| shell(object, limits.shell_mm, size, inside));
        let mut left_out = excluded.iter().map(|set| set.inside()).collect::<Result<Vec<_>>>()?;
        left_out.extend(channel.unseen);
        let seen = Seen { samples: image, shape: object.shape, left_out: &left_out };
        let free = shell.iter().flat_map(|shell| &shell.free).filter(|i| seen.has(**i));
        let mut around: Vec<i32> = free.map(|&i| image[i]).collect();
        let ends = [samples.iter().min(), samples.iter().max()].map(|s| s.copied().map(f64::from));
        Ok(Uptake {
            is_suv: channel.unit == SUV_UNIT,
            scale,
            sums,
            ranks: [ends[0], order::median(&mut samples), ends[1]],
            hottest: hot.first().map(|&i| object.shape.position(i)),
            peaks: size.map(|size| Peaks::of(object, &seen, &hot, size)),
            background: order::median(&mut around),
        })
    }
}

impl Peaks {
    fn of(object: &Object, seen: &Seen, hot: &[usize], size: [f64; 3]) -> Self {
        let ml = Sphere::new(ml_radius(), size);
        let global = ml.highest(object, seen);
        Peaks {
            local: ml.highest_at(hot, seen),
            global,
            lodge: Sphere::new(LODGE_MM / 2.0, size).highest(object, seen),
            small: Sphere::new(SMALL_MM / 2.0, size).highest(object, seen),
            coverage: global.map(|g| g.n as f64 / ml.voxels as f64),
        }
    }
}

/// Linear indices of the voxels with the highest value, in raster order.
pub(super) fn hot(object: &Object, samples: &[i32]) -> Vec<usize> {
    let top = samples.iter().max();
    let indices = object.runs().iter().flat_map(|run| run.voxels(object.shape.x));
    let same = indices.zip(samples).filter(|(_, s)| Some(*s) == top);
    same.map(|(index, _)| index).collect()
}

//! The step that grows cells from nuclei through a stain.

use super::given::source;
use super::state::State;
use super::typical::radius_of;
use crate::device::{Buffer, Device};
use crate::image::{Labels, Mask, Volume};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::gradient::gradient;
use crate::ops::grow::grow;
use crate::ops::histogram::range;
use crate::ops::label::{Connectivity, label};
use crate::ops::pixelwise::{and, foreground, not, or, subtract};
use crate::ops::propagate::{Rule, propagate};
use crate::ops::renumber::select;
use crate::ops::sizes::sizes;
use crate::ops::sums::sums;
use crate::recipe::{Boundary, Propagate, PropagateMethod, Size};
use crate::{Result, simd};

/// Of the contrast of the stain, for a way of one radius of the typical object.
const REGULARISATION: f64 = 0.1;
/// Differences are summed over so many pixels.
const WINDOW: f64 = 9.0;

impl State<'_> {
    pub fn propagate(&mut self, p: &Propagate) -> Result<()> {
        let from = source(self.sets, &p.from)?;
        let (image, stained, seeds) = (self.of(&p.of)?, self.mask("propagate")?, &from.on_device);
        let weights = self.geometry.weights();
        let mask = match p.within {
            Some(length) => {
                let near = grow(self.device, seeds, self.geometry.px(length)?, weights)?;
                and(self.device, &stained, &foreground(self.device, &near)?)?
            }
            None => stained.clone(),
        };
        let (land, rule) = match p.method {
            PropagateMethod::Propagation => {
                let radius = from.radius_px.map_or_else(|| radius_of(seeds, &self.geometry, self.device), Ok)?;
                let share = p.regularisation.unwrap_or(REGULARISATION) / radius.max(1.0);
                // An image without contrast has no differences either: any number leaves length alone.
                let regularisation = (WINDOW * share * contrast(self.device, &image, &stained)?).max(1e-6);
                (image, Rule::Propagation { regularisation })
            }
            PropagateMethod::Watershed => (self.land(image, p.boundary)?, Rule::Watershed),
        };
        let mut cells = propagate(self.device, &land, seeds, &mask, rule, weights)?;
        let bare = sizes(self.device, &outside(self.device, seeds, &stained)?)?;
        let whole = sizes(self.device, seeds)?;
        // Entry 0 counts the background.
        let unstained = whole.iter().zip(&bare).skip(1).filter(|(whole, bare)| whole == bare && **whole > 0).count();
        if unstained > 0 {
            let what = format!("{unstained} of {} objects of \"{}\" lie outside of the stain", seeds.count, p.from);
            // A stain that most of them lack is none, or one that the threshold has not found.
            let said = if 2 * unstained > seeds.count as usize { &mut self.warnings } else { &mut self.notes };
            said.push(format!("{what}: they have no more than themselves"));
        }
        if let Some(least) = p.without_nuclei {
            let (all, alone) = self.with_others(&cells, seeds, &stained, least)?;
            if alone > 0 {
                self.notes.push(format!(
                    "{alone} objects without one of \"{}\", numbered from {} on",
                    p.from,
                    seeds.count + 1
                ));
            }
            cells = all;
        }
        self.replace(cells);
        Ok(())
    }

    /// What is high where objects are to meet.
    fn land(&self, image: Volume, boundary: Option<Boundary>) -> Result<Volume> {
        match boundary {
            Some(Boundary::Dark) => {
                let nothing = image.with(self.device.zeros(image.shape.len())?);
                subtract(self.device, &nothing, &image)
            }
            Some(Boundary::Steep) => {
                gradient(self.device, &image, self.geometry.spacing.map_or([1.0; 3], |spacing| spacing.zyx))
            }
            Some(Boundary::Bright) | None => Ok(image),
        }
    }

    /// The cells, and behind them those pieces of the stain that touch no nucleus and are large enough; how many these are.
    fn with_others(&self, cells: &Labels, nuclei: &Labels, stained: &Mask, least: Size) -> Result<(Labels, u32)> {
        let device = self.device;
        let pieces = label(device, &or(device, stained, &foreground(device, nuclei)?)?, Connectivity::Full)?;
        let least = self.geometry.fewest(least)?;
        let whole = sizes(device, &pieces)?;
        let without = sizes(device, &cytoplasm(device, &pieces, nuclei)?)?;
        let alone: Vec<bool> =
            whole.iter().zip(&without).map(|(all, rest)| all == rest && u64::from(*all) >= least).collect();
        let others = select(device, &pieces, &alone)?;
        // Once an image, and only where it is asked for: on the host.
        let (mut voxels, others_at) = (device.fetch(cells.voxels())?, device.fetch(others.voxels())?);
        for (voxel, other) in voxels.iter_mut().zip(others_at).filter(|(_, other)| *other > 0) {
            *voxel = nuclei.count + other;
        }
        let count = nuclei.count + others.count;
        Ok((Labels::of(cells.shape, count, device.place(&Buffer::on_host(voxels))?), others.count))
    }
}

/// How much brighter the mask is than the rest, in samples; where there is no rest, than the darkest voxel.
fn contrast(device: &Device, image: &Volume, mask: &Mask) -> Result<f64> {
    let inside = mean(device, image, mask)?;
    let rest = match mean(device, image, &not(device, mask)?)? {
        Some(rest) => rest,
        None => range(device, image)?.0.into(),
    };
    Ok(inside.map_or(0.0, |inside| (inside - rest).abs()))
}

fn mean(device: &Device, image: &Volume, mask: &Mask) -> Result<Option<f64>> {
    Ok(sums(device, image, &as_labels(mask))?.get(1).and_then(|sums| sums.mean()))
}

/// The voxels of objects that are not in the mask.
pub(super) fn outside(device: &Device, objects: &Labels, mask: &Mask) -> Result<Labels> {
    cytoplasm(device, objects, &as_labels(mask))
}

/// A mask as one object.
pub(super) fn as_labels(mask: &Mask) -> Labels {
    let voxels = match &mask.voxels {
        Buffer::Host(voxels) => Buffer::on_host(simd::map(voxels.elements(), u32::from)),
        Buffer::Gpu(voxels) => Buffer::Gpu(voxels.cast()),
        Buffer::InFile(voxels) => Buffer::InFile(*voxels),
    };
    Labels::of(mask.shape, 1, voxels)
}

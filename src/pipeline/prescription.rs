//! The step `prescription`: a dose for each voxel of objects (dose painting by numbers), by a linear rule between two values of the image:
//!
//! `D = Dleast + (Dmost - Dleast) (I - Ilow) / (Ihigh - Ilow)`, not below `Dleast` and not above `Dmost`; 0 outside of the objects.
//!
//! Reference: Vanderstraeten et al., Radiother. Oncol. 79, 249 (2006); Bowen et al., Phys. Med. Biol. 54, 1483 (2009), who compare it with
//! other forms; van der Heide et al., Magn. Reson. Imaging 30, 1216 (2012).

use super::cutoff::percentile;
use super::quantise::quantised;
use super::state::State;
use crate::device::Buffer;
use crate::image::Volume;
use crate::recipe::Prescription;
use crate::{Error, Result};

impl State<'_> {
    pub fn prescription(&mut self, p: &Prescription) -> Result<()> {
        let src = self.picture(&p.of)?;
        let image = src.volume.to_host()?;
        let samples = image.samples.host()?;
        let set = self.sets.get(&p.set).ok_or_else(|| Error::usage(format!("no object set \"{}\"", p.set)))?;
        let labels = set.labels.to_host()?;
        let runs = labels.runs()?;
        let mut doses = vec![0.0; labels.shape.len()];
        for label in 1..=labels.count {
            let inside = || runs.of(label).iter().flat_map(|run| run.voxels(labels.shape.x));
            let value = |at: usize| image.scale.value(f64::from(samples[at]));
            let [low, high] = match (p.values, p.percentiles) {
                (Some(limits), _) => limits,
                (None, Some(percentiles)) => {
                    let mut values: Vec<f64> = inside().map(value).collect();
                    values.sort_unstable_by(f64::total_cmp);
                    let limits = percentiles.map(|percent| percentile(&values, percent).unwrap_or(f64::NAN));
                    between(limits, label, p)?
                }
                (None, None) => {
                    return Err(Error::usage("a prescription without limits").remedy("values = [4.0, 12.0]"));
                }
            };
            let [least, most] = p.dose;
            for at in inside() {
                doses[at] = (least + (most - least) * (value(at) - low) / (high - low)).clamp(least, most);
            }
        }
        let (samples, scale) = quantised(&doses)?;
        let image = Volume { scale, ..image.with(Buffer::on_host(samples)) };
        self.put(&src, image.to(self.device)?, 0.0, &None);
        Ok(())
    }
}

/// The limits of an object, if there is something between them.
fn between([low, high]: [f64; 2], label: u32, p: &Prescription) -> Result<[f64; 2]> {
    if low < high {
        return Ok([low, high]);
    }
    let [a, b] = p.percentiles.unwrap_or_default();
    let what = format!(
        "object {label} of \"{}\" has {low} at percentile {a} and {high} at percentile {b}: no dose follows",
        p.set
    );
    Err(Error::usage(what).remedy("values = [LOW, HIGH] in the place of percentiles, or larger objects"))
}

//! The step that brings specks down before a threshold looks at them.

use super::given::source;
use super::state::State;
use super::typical::radius_of;
use crate::Result;
use crate::ops::object_runs;
use crate::ops::specks::{FAR, dimmed};
use crate::recipe::DimSpecks;

/// So many radii around an object are its surroundings.
const AROUND: f64 = 1.5;
/// A speck is no larger than so many typical objects; a cell has some four times the size of its nucleus.
const LARGEST: f64 = 16.0;

impl State<'_> {
    pub fn dim_specks(&mut self, p: &DimSpecks) -> Result<()> {
        let image = self.picture(&p.of)?;
        let from = source(self.sets, &p.around)?;
        let radius = from.radius_px.map_or_else(|| radius_of(&from.on_device, &self.geometry, self.device), Ok)?;
        let mut geometry = self.geometry;
        geometry.radius_px = Some(radius);
        let half_widths = geometry.along(AROUND * radius).map(|v| v.round() as usize);
        let largest = LARGEST * geometry.typical_size().unwrap_or_default();
        // Once an image: on the host.
        let objects = object_runs::to_host(self.device, &from.on_device)?;
        let volume = match dimmed(&image.volume.to_host()?, &objects, half_widths, largest)? {
            None => image.volume.clone(),
            Some(found) => {
                let (are, pixels) = (if found.specks == 1 { "speck is" } else { "specks are" }, found.voxels);
                self.notes.push(format!(
                    "{} {are} more than {FAR} times as bright as what is bright around \"{}\" ({pixels} pixels): the search for objects cuts them down to that; \
                     measured values are unchanged",
                    found.specks, p.around
                ));
                image.volume.with(self.device.place(&found.volume.samples)?)
            }
        };
        self.put(&image, volume, 0.0, &p.keep_as);
        Ok(())
    }
}

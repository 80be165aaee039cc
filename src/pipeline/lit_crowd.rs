//! A crowd that is lit, told from noise that a filter has left: light has noise of its own.
//!
//! In single planes, by either of two signs, of the channel as the file has it. The darkest ground has far less noise than there is between neighbours in
//! most of the image. Or noise is that of photons ([`shows_photons`]), and what stands out ends in edges as objects do: haze and stray light have noise of
//! photons too, and no edges.
//!
//! All of it is done on the host: the same on every device.

use super::specks::edge;
use super::state::State;
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::ops::dark_side::DarkSide;
use crate::ops::noise::noise;
use crate::ops::photons::shows_photons;
use crate::ops::pixelwise::above;
use crate::ops::threshold::{Classes, Signal};
use crate::units::Shape;

/// Noise of the darkest ground that is so much of what most neighbours show is that of a ground below light.
const LIT: f64 = 0.6;
/// Pixels along each side of a tile of a plane.
const TILE: usize = 40;
/// So many of the edges of a crowd may lie between neighbours;
const BETWEEN: f64 = 0.9;
/// across the others this share of the contrast of two classes is seen within two pixels to either side. Of crowds it is 0.5 and more, of clouds as small as nuclei
/// (a sigma of 6 px) 0.44 at most.
const EDGE: f64 = 0.46;
/// Edges are looked for at so many pixels, about.
const SOME: usize = 1 << 19;

impl State<'_> {
    /// Whether the channel is light, as far as its noise says so, and `image`, which is what is searched of it, a crowd. Of a stack the ends may be dark and hold hardly
    /// any noise, whatever lies between.
    pub(super) fn is_lit_crowd(&self, image: &Volume, signal: &Signal) -> Result<bool> {
        if !self.geometry.shape.is_flat() {
            return Ok(false);
        }
        let between_neighbours = signal.noise / f64::from(self.lift);
        let whole = DarkSide::spread_of_darkest(self.file.samples.host()?);
        let is_lit = whole <= LIT * between_neighbours || are_lit_tiles(self.file)?;
        Ok(is_lit || (shows_photons(self.file)? && has_edges(image, &signal.classes)?))
    }
}

/// Whether half of the tiles of a plane have such a ground, each by itself: light that falls off to the corners makes the darkest ground of the whole wide.
fn are_lit_tiles(file: &Volume) -> Result<bool> {
    let (shape, samples) = (file.shape, file.samples.host()?);
    let (down, across) = (shape.y / TILE, shape.x / TILE);
    let mut lit = 0;
    for (top, left) in (0..down * across).map(|k| (k / across * TILE, k % across * TILE)) {
        let row = |y: usize| &samples[(top + y) * shape.x + left..][..TILE];
        let tile = Volume::new(Shape::flat(TILE, TILE), (0..TILE).flat_map(row).copied().collect())?;
        let between_neighbours = noise(&Device::Cpu, &tile)?;
        lit += usize::from(DarkSide::spread_of_darkest(tile.samples.host()?) <= LIT * between_neighbours);
    }
    Ok(lit > 0 && 2 * lit >= down * across)
}

/// Whether the brighter one of the two classes of an image on the host ends in edges.
fn has_edges(image: &Volume, classes: &Classes) -> Result<bool> {
    // The cast stops at the ends of the type.
    let mask = above(&Device::Cpu, image, classes.threshold.floor() as i32)?;
    let steep = edge(image, &mask, BETWEEN, (image.samples.len() / SOME) | 1)?;
    Ok(steep.is_some_and(|steep| steep >= EDGE * classes.contrast))
}

#[cfg(test)]
mod tests {
    //! Oracle: discs, and waves of the same width.
    use super::*;
    use crate::ops::histogram::BinScale;
    use crate::ops::threshold::{BinChoice, Cut, otsu_classes};

    fn has_edges_of(light: impl Fn(f64, f64) -> f64) -> bool {
        let sample = |i: usize| light((i / 200) as f64, (i % 200) as f64).round() as i32;
        let image = Volume::new(Shape::flat(200, 200), (0..40_000).map(sample).collect()).unwrap();
        let bins = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };
        has_edges(&image, &otsu_classes(&Device::Cpu, &image, bins).unwrap()).unwrap()
    }

    #[test]
    fn objects_end_in_edges_and_haze_does_not() {
        // As far apart as wide, with edges as lenses draw them and some smoothing leaves them.
        let discs = |blur: f64| {
            move |y: f64, x: f64| 4000.0 / (1.0 + (((y % 40.0 - 20.0).hypot(x % 40.0 - 20.0) - 12.0) / blur).exp())
        };
        assert!(has_edges_of(discs(0.7)) && has_edges_of(discs(1.2)));
        assert!(!has_edges_of(discs(5.0)));
        assert!(!has_edges_of(|y, x| 2000.0 + 1000.0 * ((y * 0.157).sin() + (x * 0.157).sin())));
        assert!(!has_edges_of(|_, _| 7.0));
    }
}

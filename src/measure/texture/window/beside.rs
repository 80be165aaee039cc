//! Windows beside each other: what is the same in all of them is worked out for many at once, and what is left of each is a short list
//! of counts, of which a feature is computed as it is for any region.

use super::cooccurrence::Cooccurrence;
use super::dependences::Dependences;
use super::lanes::{Lanes, Reach, size};
use super::layout::Layout;
use super::runs::Runs;
use super::sorted::tally;
use super::tallied::{Histogram, Statistics};
use super::tones::Tones;
use super::zones::Zones;
use super::{Family, WindowFeature, runs, tones};
use crate::image::Scale;
use crate::measure::texture::{glcm, glrlm, glszm, histogram, ngldm, ngtdm, statistics};

/// How a feature of one family is found in windows beside each other, and the memory that this takes.
pub(super) trait Beside {
    /// One number of each voxel, 0 where there is none, from grey levels: what is counted can be read off these numbers once they are in
    /// order.
    fn keys(&mut self, layout: &Layout, levels: &[Lanes<u16>], keys: &mut Vec<Lanes<i32>>);

    /// The value in one window.
    fn value(&mut self, window: &Window) -> Option<f64>;
}

/// One of the windows.
pub(super) struct Window<'a> {
    pub layout: &'a Layout,
    /// Grey levels of all places; 0 outside of the image.
    pub levels: &'a [Lanes<u16>],
    /// In order, those of places outside of the image left out.
    pub keys: &'a [Lanes<i32>],
    /// Which of the windows it is.
    pub lane: usize,
    /// Its voxels.
    pub voxels: usize,
}

impl Window<'_> {
    /// Its keys, and how often each occurs.
    pub fn tally(&self, kinds: &mut Vec<(i32, u32)>) {
        tally(self.keys, self.lane, kinds);
    }
}

/// Whether a feature can be found so, in windows that reach so far and with levels up to the highest.
pub(super) fn fits(feature: WindowFeature, reach: Reach, highest: u16) -> bool {
    match feature.family {
        Family::Glrlm => size(reach).iter().all(|n| *n <= runs::LONGEST),
        Family::Ngtdm => highest <= tones::HIGHEST,
        _ => true,
    }
}

/// The family that a feature belongs to.
pub(super) fn of(feature: WindowFeature, scale: Scale) -> Box<dyn Beside> {
    let place = feature.place;
    match feature.family {
        Family::Statistics => Box::new(Statistics::new(&statistics::FEATURES[place], scale)),
        Family::Histogram => Box::new(Histogram::new(&histogram::FEATURES[place])),
        Family::Glcm => Box::new(Cooccurrence::new(&glcm::FEATURES[place])),
        Family::Glrlm => Box::new(Runs::new(&glrlm::FEATURES[place])),
        Family::Glszm => Box::new(Zones::new(&glszm::FEATURES[place])),
        Family::Ngtdm => Box::new(Tones::new(&ngtdm::FEATURES[place])),
        Family::Ngldm => Box::new(Dependences::new(&ngldm::FEATURES[place])),
    }
}

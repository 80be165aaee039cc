//! The objects of an image: what was found in it, or drawn elsewhere.

use super::{Classes, Labels};
use crate::Result;

/// The objects of an image, with what is known of them beside their voxels.
#[derive(Clone, Debug)]
pub struct ObjectSet {
    /// The objects 1, 2, ... On the host.
    pub labels: Labels,
    /// The same where the device is, for what is made of them.
    pub(crate) on_device: Labels,
    /// Where each object had its number and its name, if it was drawn elsewhere.
    pub origin: Option<Origin>,
    /// Radius of the typical object in pixels, if known.
    pub radius_px: Option<f64>,
    /// How long spots are along z, if a step has found them.
    pub spot_depth: Option<SpotDepth>,
    /// Index of the channel that they were found in, or that their source was found in.
    pub channel: usize,
    /// Thresholds in the values of the image, in the order of the steps.
    pub thresholds: Vec<f64>,
    /// How far to distrust where the objects end and how many they are, 0 to 1, where steps have parted them.
    pub doubt: Option<f64>,
    /// What the user should look at.
    pub warnings: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

/// How long spots are along z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpotDepth {
    /// The standard deviation of the Gaussian that they look like, in pixels of the plane.
    pub sigma_px: f64,
    /// The recipe states it.
    pub is_stated: bool,
    /// The recipe states it, or spots show it; else it is the one of a few that suits them best.
    pub is_told: bool,
}

/// What the objects were in the file that they come from, by label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Their numbers there.
    pub numbers: Vec<Option<i64>>,
    /// Their names; none where the file has no names.
    pub names: Vec<Option<String>>,
    /// Which share of each, as it was drawn, is an object here; nothing where that is not known.
    pub coverage: Vec<Option<f64>>,
    /// Where they lie, z, y, x in pixels: of points, whose positions are finer than their voxels.
    pub points: Option<Vec<[f64; 3]>>,
    /// Their classes, of points from a table that has classes.
    pub classes: Option<Classes>,
}

impl ObjectSet {
    /// Objects of which nothing else is known, wherever they are.
    ///
    /// # Errors
    /// The device is lost.
    pub fn new(labels: Labels) -> Result<Self> {
        let on_host = labels.to_host()?;
        Ok(Self::on_both(labels, on_host))
    }

    /// The same for labels that were brought to the host already.
    pub(crate) fn on_both(on_device: Labels, labels: Labels) -> Self {
        ObjectSet {
            labels,
            on_device,
            origin: None,
            radius_px: None,
            spot_depth: None,
            channel: 0,
            thresholds: vec![],
            doubt: None,
            warnings: vec![],
            notes: vec![],
        }
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.labels.count
    }

    /// The same objects without those on the device, which may go.
    pub(crate) fn on_host(&self) -> Self {
        ObjectSet { on_device: self.labels.clone(), ..self.clone() }
    }
}

//! What is asked for: objects, channels, and what is known of the image.

use super::{Background, Chosen, Context, Definition, Places, dictionary};
use crate::device::Gpu;
use crate::image::{Classes, Labels, PatientGrid, SpotDepth, Volume};
use crate::units::{Ruler, Spacing, Unit};

/// A channel to measure in.
#[derive(Clone, Copy, Debug)]
pub struct ChannelRef<'a> {
    /// Goes into the column names.
    pub name: &'a str,
    /// Unit of the values: `SUV`, `au`, ...
    pub unit: &'a str,
    /// On the host.
    pub volume: &'a Volume,
    /// Largest sample that the source can store, if it was an integer type.
    pub saturation: Option<i32>,
    /// Of an image that was made of a channel: the value that the type of that channel ends at.
    pub full_scale: Option<f64>,
    /// What is background in rings around objects; any sample is, if absent.
    pub background: Option<&'a Background>,
    /// Standard deviation of what rounding to grey levels took from a sample, in samples, if that is known: see
    /// [`rounding`](crate::ops::grey_step::rounding).
    pub rounding: Option<f64>,
    /// The sample at which its scale ends before the type does, where it was overexposed: see [`plateau`](super::plateau()).
    pub plateau: Option<i32>,
    /// 1 where the channel has not seen the image, as in a tile that is missing, 0 elsewhere; it has seen all of it, if absent.
    pub unseen: Option<&'a [u8]>,
}

impl<'a> ChannelRef<'a> {
    /// A channel of which nothing else is known.
    #[must_use]
    pub fn new(name: &'a str, unit: &'a str, volume: &'a Volume) -> Self {
        let (saturation, full_scale, background, rounding, plateau, unseen) = (None, None, None, None, None, None);
        ChannelRef { name, unit, volume, saturation, full_scale, background, rounding, plateau, unseen }
    }

    /// The sample from which on more light would show the same.
    pub fn end_of_scale(&self) -> Option<i32> {
        self.plateau.or(self.saturation)
    }

    /// Whether it has seen a voxel.
    pub(super) fn sees(&self, voxel: usize) -> bool {
        self.unseen.is_none_or(|unseen| unseen[voxel] == 0)
    }
}

/// What to measure on which objects. Everything lies on the host; channels have the shape of the labels.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Objects 1..=count.
    pub labels: &'a Labels,
    /// Channels for the families that need one.
    pub channels: &'a [ChannelRef<'a>],
    /// Families; those of different names in any order.
    pub families: &'a [Chosen],
    /// The other object sets of the image, by name, for families that look at them.
    pub others: &'a [(&'a str, &'a Labels)],
    /// What the objects leave out, which spheres and shells around them leave out as well.
    pub excluded: &'a [&'a Labels],
    /// Where each object lies, z, y, x in voxels, by label: of points, whose places are finer than their voxels.
    pub points: Option<&'a [[f64; 3]]>,
    /// Radius of the typical object in pixels, which lengths in `r` count.
    pub radius_px: Option<f64>,
    /// How long spots are along z, if the objects are spots that a step has found.
    pub spot_depth: Option<SpotDepth>,
    /// The classes of the objects, for families that tell them apart.
    pub classes: Option<&'a Classes>,
    /// Where the objects lie, for families that look at all of them; made from the labels if absent.
    pub places: Option<&'a Places>,
    /// 1 where an object of any set is, which is no background. The objects of `labels` alone if absent.
    pub occupied: Option<&'a [u8]>,
    /// Calibration, if known.
    pub spacing: Option<Spacing>,
    /// Unit of lengths, in names and values.
    pub unit: Unit,
    /// Images are volumes: columns that only single slices can have are left out.
    pub volumes: bool,
    /// Where the image lies in the patient, for tables in mm.
    pub patient_grid: Option<&'a PatientGrid>,
    /// PET: SUL is SUVbw times this.
    pub sul_factor: Option<f64>,
    /// What may count for the host where there is much to count. Nothing in a table depends on it.
    pub gpu: Option<&'a Gpu>,
}

impl<'a> Request<'a> {
    /// Position and size of these objects, in pixels.
    pub fn new(labels: &'a Labels) -> Self {
        Request {
            labels,
            channels: &[],
            families: &[],
            others: &[],
            excluded: &[],
            points: None,
            radius_px: None,
            spot_depth: None,
            classes: None,
            places: None,
            occupied: None,
            spacing: None,
            unit: Unit::Um,
            volumes: false,
            patient_grid: None,
            sul_factor: None,
            gpu: None,
        }
    }

    /// The columns that [`objects`] makes of these families in its channels.
    pub(crate) fn dictionary(&self, families: &[Chosen]) -> Vec<Definition> {
        let about = self.channels.iter().map(|c| (c.name, c.unit)).collect::<Vec<_>>();
        dictionary(families, &self.context(&about))
    }

    /// Another object set of the image.
    pub(crate) fn other(&self, name: &str) -> Option<&'a Labels> {
        self.others.iter().find(|(n, _)| *n == name).map(|(_, labels)| *labels)
    }

    /// What lengths of a recipe are measured against.
    pub(super) fn ruler(&self) -> Ruler {
        Ruler { spacing: self.spacing, radius_px: self.radius_px }
    }

    /// What its columns depend on; `channels` are those of the request.
    pub(super) fn context<'b>(&'b self, channels: &'b [(&'b str, &'b str)]) -> Context<'b> {
        let classes = self.classes.map_or(&[][..], |c| &c.names);
        Context { unit: self.unit, channels, volumes: self.volumes, classes }
    }

    /// Spacing in the unit of the table.
    pub(super) fn lengths(&self) -> Option<Spacing> {
        self.spacing.map(|s| s.to(self.unit))
    }
}

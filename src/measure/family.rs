//! A family of features: a room that says what its columns are and measures one object at a time.
//!
//! A new family is a file with a [`Family`] and one line in [`FAMILIES`](super::FAMILIES): recipes, the data dictionary, the
//! tables and the tests follow from the list.

use super::feature::{About, Definition, Feature, Get};
use super::moments::Moments;
use super::object::Object;
use super::{ChannelRef, Request, suffixes};
use crate::Result;
use crate::image::NO_UNIT;
use crate::table::Table;
use crate::units::{Spacing, Unit};

/// A family of features. Its columns depend on the context alone; an object gives a value for each of them.
pub trait Family: Sync {
    /// As recipes name it.
    fn name(&self) -> &'static str;

    /// The columns that an object has once.
    fn columns(&self, context: &Context) -> Vec<Definition> {
        let _ = context;
        vec![]
    }

    /// The columns that an object has once a channel.
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        let _ = about;
        vec![]
    }

    /// The values of an object that has voxels: those of [`Family::columns`], then those of [`Family::channel_columns`]
    /// channel after channel.
    ///
    /// # Errors
    /// Data on a device.
    fn measure(&self, object: &Measured, values: &mut Values) -> Result<()>;

    /// It measures uptake of PET, in the first channel.
    fn is_of_pet(&self) -> bool {
        false
    }

    /// It looks at what lies around an object.
    fn looks_around(&self) -> bool {
        false
    }

    /// It takes what lies around objects for their background.
    fn has_background(&self) -> bool {
        false
    }

    /// One row for all objects of a set together, for the row of the image. `has_set` says which sets the recipe has.
    ///
    /// # Errors
    /// Data on a device.
    fn totals(&self, set: &str, request: &Request, has_set: &dyn Fn(&str) -> bool) -> Result<Table> {
        let _ = (set, request, has_set);
        Ok(Table::default())
    }
}

impl std::fmt::Debug for dyn Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for dyn Family {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

/// What the columns of a table of objects depend on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Unit of lengths.
    pub unit: Unit,
    /// Names and units of the channels.
    pub channels: &'a [(&'a str, &'a str)],
}

impl<'a> Context<'a> {
    /// Of objects as a whole.
    pub fn objects(&self) -> About<'static> {
        About::objects(self.unit)
    }

    /// Of uptake in the first channel.
    pub fn uptake(&self) -> About<'a> {
        About { values: self.channels.first().map_or(NO_UNIT, |c| c.1), ..About::objects(self.unit) }
    }

    /// The suffixes of the channels.
    pub(super) fn suffixes(&self) -> Vec<String> {
        suffixes(&self.channels.iter().map(|c| c.0).collect::<Vec<_>>())
    }
}

/// An object that is measured, with what several families need.
pub struct Measured<'a> {
    pub(super) object: Object<'a>,
    pub(super) moments: Moments,
    /// In the unit of the table.
    pub(super) spacing: Option<Spacing>,
    pub(super) request: &'a Request<'a>,
    samples: Vec<Vec<i32>>,
}

impl<'a> Measured<'a> {
    /// With its samples in the channels, where families ask for them.
    pub(super) fn new(
        object: Object<'a>,
        moments: Moments,
        request: &'a Request<'a>,
        in_channels: bool,
    ) -> Result<Self> {
        let channels = if in_channels { request.channels } else { &[] };
        let samples = |c: &ChannelRef| Ok(object.samples(c.volume.samples.host()?));
        let samples = channels.iter().map(samples).collect::<Result<_>>()?;
        Ok(Measured { object, moments, spacing: request.lengths(), request, samples })
    }

    /// The image is a single slice.
    pub(super) fn is_flat(&self) -> bool {
        self.object.shape.is_flat()
    }

    /// Each channel, with the samples of the object in it.
    pub(super) fn channels(&self) -> impl Iterator<Item = (&'a ChannelRef<'a>, &[i32])> {
        self.request.channels.iter().zip(&self.samples).map(|(channel, samples)| (channel, samples.as_slice()))
    }
}

/// A number of an object, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Int(i64),
    Real(f64),
}

/// The numbers of one object.
#[derive(Default)]
pub struct Values(pub(super) Vec<Value>);

impl Values {
    /// Those of features, in their order; nothing for each of them without facts. What is not finite is nothing.
    pub(super) fn put<Facts>(&mut self, features: &[Feature<Facts>], facts: Option<&Facts>) {
        self.0.extend(features.iter().map(|f| {
            let Some(facts) = facts else { return Value::None };
            match f.get {
                Get::Int(get) => get(facts).map_or(Value::None, Value::Int),
                Get::Real(get) => get(facts).filter(|v| v.is_finite()).map_or(Value::None, Value::Real),
            }
        }));
    }
}

/// What features are, in their order.
pub(super) fn define<Facts>(features: &[Feature<Facts>], about: &About) -> Vec<Definition> {
    features.iter().map(|f| f.define(about)).collect()
}

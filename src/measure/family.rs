//! A family of features: a room that says what its columns are and measures one object at a time.
//!
//! A new family is a file with a [`Family`] and one line in [`super::FAMILIES`]: recipes, the data dictionary, the tables and the
//! tests follow from the list. Its fields are its parameters, as the recipe's table `[measure.SET.FAMILY]` gives them.

use super::bits::Bits;
use super::edt::{self, Inside};
use super::feature::{About, Definition, Feature, Get};
use super::hull;
use super::intensity::{self, Totals};
use super::moments::Moments;
use super::object::Object;
use super::odd::Odd;
use super::order;
use super::{ChannelRef, Request, suffixes};
use crate::Result;
use crate::image::NO_UNIT;
use crate::table::Table;
use crate::units::{Length, Spacing, Unit};
use std::borrow::Cow;
use std::cell::OnceCell;

/// A family of features with its parameters. Its columns depend on these and on the context alone, never on the image.
pub trait Family: Send + Sync {
    /// The columns that an object has once. Names may be made: from parameters, or from pairs of channels.
    fn columns(&self, context: &Context) -> Vec<Definition> {
        let _ = context;
        vec![]
    }

    /// The columns that an object has once a channel.
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        let _ = about;
        vec![]
    }

    /// Works out what holds for all objects of a set (lengths in pixels, regions to compare with, who the neighbours are),
    /// and gives what measures one of them.
    ///
    /// # Errors
    /// Data on a device, or parameters that this image cannot have.
    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>>;

    /// One row for all objects of a set called `set` together, for the row of the image.
    ///
    /// # Errors
    /// Data on a device.
    fn totals(&self, set: &str, request: &Request) -> Result<Table> {
        let _ = (set, request);
        Ok(Table::default())
    }

    /// What the user should know of such a row, and of what it was made of.
    ///
    /// # Errors
    /// Data on a device.
    fn doubts(&self, totals: &Table, request: &Request) -> Result<Vec<String>> {
        let _ = (totals, request);
        Ok(vec![])
    }

    /// What is odd about some rows of its columns.
    fn odd(&self, rows: &Table) -> Vec<Odd> {
        let _ = rows;
        vec![]
    }

    /// Columns of numbers of an object, among its own, that [`Family::pooled`] is made of.
    fn pooled_columns(&self) -> &'static [&'static str] {
        &[]
    }

    /// One row for all objects of several images together, for the table of groups, from those columns of each object.
    fn pooled(&self, set: &str, objects: &[Vec<Option<f64>>]) -> Table {
        let _ = (set, objects);
        Table::default()
    }

    /// What it takes from the rest of the recipe.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// What its parameters name and count in.
    fn mentions(&self) -> Mentions<'_> {
        Mentions::default()
    }

    /// Whether its parameters can be, where these channels are measured.
    ///
    /// # Errors
    /// They cannot.
    fn check(&self, channels: &[&str]) -> std::result::Result<(), Objection> {
        let _ = channels;
        Ok(())
    }
}

/// Gives the values of an object that has voxels: those of [`Family::columns`], then those of [`Family::channel_columns`]
/// channel after channel. Objects are measured side by side.
pub type Measurer<'a> = Box<dyn Fn(&Measured, &mut Values) -> Result<()> + Send + Sync + 'a>;

/// What a family takes from the rest of the recipe.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Needs {
    /// It measures uptake of PET, in the first channel that the recipe names.
    pub uptake: bool,
    /// It takes what lies around objects for their background.
    pub background: bool,
    /// Bytes that it takes for each voxel of the image, beside those of its objects.
    pub voxel_bytes: u64,
    /// It goes over the whole image before it can measure an object, and few threads can help with that: the other families measure
    /// meanwhile.
    pub whole_image: bool,
    /// It looks at where all objects of the set lie, and of which class they are.
    pub places: bool,
    /// The side of the voxels onto which it brings each object.
    pub grid: Option<Length>,
    /// It looks at several channels together: at those that it mentions, or at all. Others measure each channel by itself, and their
    /// channels may be read one after the other.
    pub together: bool,
}

/// What the parameters of a family name and count in, each with its key.
#[derive(Debug, Default)]
pub struct Mentions<'a> {
    /// Other object sets: they are in [`Request::others`].
    pub sets: Vec<(&'static str, &'a str)>,
    /// Channels, which must be among those that are measured.
    pub channels: Vec<(&'static str, &'a str)>,
    /// Classes, which the objects of the set must have.
    pub classes: Vec<(&'static str, &'a str)>,
    /// The key that asks for objects of several classes, whichever these are.
    pub of_classes: Option<&'static str>,
    /// Lengths.
    pub lengths: Vec<(&'static str, Length)>,
}

/// Why parameters cannot be.
#[derive(Debug)]
pub struct Objection {
    /// The key.
    pub key: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to write in its place.
    pub remedy: String,
}

/// What the columns of a table of objects depend on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Unit of lengths.
    pub unit: Unit,
    /// Names and units of the channels.
    pub channels: &'a [(&'a str, &'a str)],
    /// Images are volumes: what only single slices can have is left out.
    pub volumes: bool,
    /// Classes that the objects may be of.
    pub classes: &'a [String],
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
    pub(super) label: u32,
    pub(super) object: Object<'a>,
    pub(super) moments: Moments,
    /// In the unit of the table.
    pub(super) spacing: Option<Spacing>,
    pub(super) request: &'a Request<'a>,
    /// Of the channels, where families ask for them.
    images: Vec<&'a [i32]>,
    /// Its voxels as bits, which several families look at, like all that follows.
    bits: OnceCell<Bits>,
    /// Distances to the outside.
    inside: OnceCell<Inside>,
    /// Of the hull of its pixels' centres.
    corners: OnceCell<Vec<[i64; 2]>>,
    /// Voxels at its edge.
    edge: OnceCell<Vec<usize>>,
    in_channels: Vec<InChannel>,
}

/// What several families look at in a channel.
#[derive(Clone, Default)]
struct InChannel {
    /// Samples in raster order.
    samples: OnceCell<Vec<i32>>,
    /// The same in rising order.
    sorted: OnceCell<Vec<i32>>,
    totals: OnceCell<Totals>,
}

/// Objects with more voxels in their box than this have nothing of that size kept between families.
const MOST_KEPT: usize = 1 << 16;

impl<'a> Measured<'a> {
    /// With the images of the channels, where families ask for them.
    pub(super) fn new(
        label: u32,
        object: Object<'a>,
        moments: Moments,
        request: &'a Request<'a>,
        in_channels: bool,
    ) -> Result<Self> {
        let channels = if in_channels { request.channels } else { &[] };
        let images = channels.iter().map(|c| c.volume.samples.host()).collect::<Result<_>>()?;
        Ok(Measured {
            label,
            object,
            moments,
            spacing: request.lengths(),
            request,
            images,
            bits: OnceCell::new(),
            inside: OnceCell::new(),
            corners: OnceCell::new(),
            edge: OnceCell::new(),
            in_channels: vec![InChannel::default(); channels.len()],
        })
    }

    /// The image is a single slice.
    pub(super) fn is_flat(&self) -> bool {
        self.object.shape.is_flat()
    }

    /// The object as bits, framed.
    pub(super) fn bits(&self) -> Cow<'_, Bits> {
        self.kept_of_box(&self.bits, Bits::of)
    }

    /// Squared distances to the outside of the object.
    pub(super) fn inside(&self) -> Cow<'_, Inside> {
        self.kept_of_box(&self.inside, edt::inside)
    }

    /// What is found of the object's box, and kept for the next family where that is small.
    fn kept_of_box<'b, T: Clone>(&'b self, cell: &'b OnceCell<T>, find: impl FnOnce(&Object) -> T) -> Cow<'b, T> {
        if self.object.framed_size().iter().product::<usize>() > MOST_KEPT {
            return Cow::Owned(find(&self.object));
        }
        Cow::Borrowed(once(cell, || find(&self.object)))
    }

    /// Corners of the convex hull of the centres of a 2-D object's pixels, y and x.
    pub(super) fn corners(&self) -> &[[i64; 2]] {
        once::<Vec<_>>(&self.corners, || hull::of_centres(&self.object))
    }

    /// Linear indices of the voxels at the edge of the object: see [`intensity::edge`].
    pub(super) fn edge(&self) -> Cow<'_, [usize]> {
        self.kept(&self.edge, || intensity::edge(&self.object, &self.bits()))
    }

    /// These samples of a channel, which is given by its place, in rising order.
    pub(super) fn sorted(&self, channel: usize, samples: &[i32]) -> Cow<'_, [i32]> {
        match self.in_channels.get(channel) {
            Some(here) => self.kept(&here.sorted, || order::sorted(samples)),
            None => Cow::Owned(order::sorted(samples)),
        }
    }

    /// Sums of these samples of a channel, which is given by its place and its image.
    pub(super) fn totals(&self, channel: usize, image: &[i32], samples: &[i32]) -> Totals {
        let find = || Totals::of(&self.object, image, samples, &self.edge());
        self.in_channels.get(channel).map_or_else(find, |here| *once(&here.totals, find))
    }

    /// What is found, and kept for the next family where it is little.
    fn kept<'b, T: Clone>(&'b self, cell: &'b OnceCell<Vec<T>>, find: impl FnOnce() -> Vec<T>) -> Cow<'b, [T]> {
        if self.object.extent.n > MOST_KEPT as u64 {
            Cow::Owned(find())
        } else {
            Cow::Borrowed(once::<Vec<T>>(cell, find))
        }
    }

    /// Each channel, with the samples of the object in it. Those of a large object are gathered anew: it takes no memory for them
    /// while a family is at work that does not ask for them.
    pub(super) fn channels(&self) -> impl Iterator<Item = (&'a ChannelRef<'a>, Cow<'_, [i32]>)> {
        let images = self.images.iter().zip(&self.in_channels);
        let samples = images.map(|(image, here)| self.kept(&here.samples, || self.object.samples(image)));
        self.request.channels.iter().zip(samples)
    }
}

/// What a cell holds; found outside of it, and moved in, the first time.
fn once<T>(cell: &OnceCell<T>, find: impl FnOnce() -> T) -> &T {
    if let Some(known) = cell.get() {
        return known;
    }
    let found = find();
    cell.get_or_init(|| found)
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
    /// Real numbers in the order of their columns.
    pub(super) fn reals(&mut self, values: impl IntoIterator<Item = Option<f64>>) {
        let value = |v: Option<f64>| v.filter(|v| v.is_finite()).map_or(Value::None, Value::Real);
        self.0.extend(values.into_iter().map(value));
    }

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

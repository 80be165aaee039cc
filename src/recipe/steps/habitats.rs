//! The step that divides objects of another set by how bright their parts are, or by clusters of their voxels.

use super::Step;
use crate::recipe::Objects;
use crate::recipe::size::Size;
use crate::words::words;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// `habitats`: exactly one of `values`, `percent`, `classes`, and `clusters` or `centres`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habitats {
    /// The object set whose objects are divided.
    pub set: String,
    /// Rising limits: a habitat goes from one on to below the next.
    pub values: Option<Vec<f64>>,
    /// The same in percent of each object's own maximum.
    pub percent: Option<Vec<f64>>,
    /// So many habitats in each object, divided where their means lie farthest apart (Otsu).
    pub classes: Option<usize>,
    /// So many clusters of the voxels (k-means) by their values in `images`: of each object, if there are no `centres`.
    pub clusters: Option<usize>,
    /// Channels, or images made of them: the first one says which cluster is the coldest.
    #[serde(default, deserialize_with = "words")]
    pub images: Vec<String>,
    /// Centres of clusters that were learned from many images.
    pub centres: Option<Centres>,
    /// A habitat smaller than this joins the next colder one of its object; the coldest joins the next hotter one.
    pub smallest: Option<Size>,
    /// The image to read.
    pub of: Option<String>,
}

impl Habitats {
    /// Voxels are divided by clusters, not by limits.
    pub(crate) fn by_clusters(&self) -> bool {
        self.clusters.is_some() || self.centres.is_some()
    }
}

impl Objects {
    /// The step that divides the objects of another set into these.
    pub fn habitats(&self) -> Option<&Habitats> {
        self.steps.iter().flatten().find_map(|step| match step {
            Step::Habitats(p) => Some(p),
            _ => None,
        })
    }

    /// A step reads this channel or image by its name.
    pub(crate) fn reads_image(&self, name: &str) -> bool {
        self.steps.iter().flatten().any(|step| step.images().iter().any(|image| image == name))
    }
}

/// Centres of clusters, or the file that has them.
#[derive(Clone, Debug, PartialEq)]
pub enum Centres {
    /// As `uptake habitats learn` wrote it; a run reads it before it begins.
    File(String),
    /// What it says.
    Known(Box<ClusterCentres>),
}

/// What was learned of clusters.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterCentres {
    /// Names of the images, in the order of all numbers here.
    #[serde(deserialize_with = "words")]
    pub images: Vec<String>,
    /// Their units.
    #[serde(deserialize_with = "words")]
    pub units: Vec<String>,
    /// Values are taken less these,
    pub means: Vec<f64>,
    /// and over these, before distances are measured.
    pub deviations: Vec<f64>,
    /// A value of each image for each cluster, the coldest first.
    pub centres: Vec<Vec<f64>>,
    /// What they were learned from.
    #[serde(default)]
    pub learned: toml::Table,
}

impl<'de> Deserialize<'de> for Centres {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(d)? {
            toml::Value::String(file) => Ok(Centres::File(file)),
            table => match ClusterCentres::deserialize(table) {
                Ok(known) => Ok(Centres::Known(Box::new(known))),
                Err(e) => {
                    Err(D::Error::custom(format!("{}   try: a file that uptake habitats learn wrote", e.message())))
                }
            },
        }
    }
}

impl ClusterCentres {
    /// What is wrong with it, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        let (images, clusters) = (self.images.len(), self.centres.len());
        let mut lengths = vec![("units", self.units.len()), ("means", self.means.len())];
        lengths.push(("deviations", self.deviations.len()));
        lengths.extend(self.centres.iter().map(|centre| ("a centre", centre.len())));
        if let Some((what, n)) = lengths.iter().find(|(_, n)| *n != images) {
            return Some(format!("{what} has {n} entries for {images} images"));
        }
        let mut numbers = self.means.iter().chain(&self.deviations).chain(self.centres.iter().flatten());
        if !numbers.all(|v| v.is_finite()) || self.deviations.iter().any(|v| *v < 0.0) {
            return Some("a number of the centres is not finite, or a deviation is below 0".into());
        }
        if !(2..=8).contains(&clusters) {
            return Some(format!("{clusters} centres"));
        }
        let rise = self.centres.windows(2).all(|w| w[0].first() <= w[1].first());
        (!rise).then(|| "the centres do not begin with the coldest one".into())
    }
}

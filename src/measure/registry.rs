//! The list of the families of features, and a family as a recipe wants it.

use super::Request;
use super::family::{Context, Family};
use super::feature::{About, Definition};
use super::{
    colocalisation, fish, granularity, habitat, haralick, intensity, intensity_details, lesion, neighbours, probe,
    radial, radial_distribution, radial_zernike, reference, sensitivity, shape, shape_details, skeleton, spot, texture,
    zernike,
};
use crate::image::NO_UNIT;
use crate::table::Table;
use crate::units::Unit;
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// All families, in the order of their columns.
pub const FAMILIES: &[Entry] = &[
    entry::<lesion::Lesion>("lesion", lesion::KEYS),
    entry::<reference::OfReference>("reference", &[]),
    entry::<shape::Shape>("shape", &[]),
    entry::<shape_details::ShapeDetails>("shape_details", &[]),
    entry::<zernike::Zernike>("zernike", &[]),
    entry::<skeleton::Skeleton>("skeleton", &[]),
    entry::<habitat::Habitat>("habitat", habitat::KEYS),
    entry::<sensitivity::Sensitivity>("sensitivity", sensitivity::KEYS),
    entry::<neighbours::Neighbours>("neighbours", neighbours::KEYS),
    entry::<neighbours::ObjectNeighbours>("object_neighbours", neighbours::object_neighbours::KEYS),
    entry::<intensity::Intensity>("intensity", &[]),
    entry::<intensity_details::IntensityDetails>("intensity_details", &[]),
    entry::<radial::Radial>("radial", &[]),
    entry::<probe::Probe>("probe", probe::KEYS),
    entry::<fish::Fish>("fish", fish::KEYS),
    entry::<spot::OfSpot>("spot", spot::KEYS),
    entry::<texture::Texture>("texture", texture::KEYS),
    entry::<radial_distribution::RadialDistribution>("radial_distribution", radial_distribution::KEYS),
    entry::<radial_zernike::RadialZernike>("radial_zernike", radial_zernike::KEYS),
    entry::<granularity::Granularity>("granularity", granularity::KEYS),
    entry::<haralick::Haralick>("haralick", haralick::KEYS),
    entry::<colocalisation::Colocalisation>("colocalisation", colocalisation::KEYS),
];

/// A line of the list.
#[derive(Clone, Copy)]
pub struct Entry {
    /// As recipes call it.
    pub name: &'static str,
    /// The keys of its parameters.
    pub keys: &'static [&'static str],
    read: fn(&str) -> std::result::Result<Arc<dyn Family>, toml::de::Error>,
}

const fn entry<F: Family + DeserializeOwned + 'static>(name: &'static str, keys: &'static [&'static str]) -> Entry {
    Entry { name, keys, read: |text| Ok(Arc::new(toml::from_str::<F>(text)?)) }
}

impl Entry {
    /// The family with parameters, given as TOML; those that are absent have their defaults.
    ///
    /// # Errors
    /// Keys or values that it does not have.
    pub fn with(&self, parameters: &str) -> std::result::Result<Chosen, toml::de::Error> {
        let family = (self.read)(parameters)?;
        Ok(Chosen { name: self.name, parameters: parameters.trim().into(), alias: None, family })
    }
}

/// The family of that name in the list.
///
/// # Errors
/// There is none; the known ones are named.
pub fn entry_of(name: &str) -> Result<&'static Entry> {
    FAMILIES.iter().find(|f| f.name == name).ok_or_else(|| {
        let known: Vec<&str> = FAMILIES.iter().map(|f| f.name).collect();
        Error::usage(format!("\"{name}\" is no family of features")).remedy(format!("one of {}", known.join(", ")))
    })
}

/// The family of that name with parameters, given as TOML.
///
/// ```
/// let probe = uptake::measure::family("probe", "ring = [\"2 px\", \"9 px\"]")?;
/// # Ok::<(), uptake::Error>(())
/// ```
///
/// # Errors
/// No such family, or keys and values that it does not have.
pub fn family(name: &str, parameters: &str) -> Result<Chosen> {
    let wrong = |e: toml::de::Error| Error::usage(format!("parameters of the family {name}: {}", e.message()));
    entry_of(name)?.with(parameters).map_err(wrong)
}

/// A family as a recipe wants it.
#[derive(Clone)]
pub struct Chosen {
    /// As recipes call it.
    pub name: &'static str,
    /// What the recipe says of it, as TOML.
    pub parameters: String,
    /// Goes behind the names of its columns, where a recipe wants one family several times.
    pub alias: Option<String>,
    /// What measures.
    pub family: Arc<dyn Family>,
}

impl Chosen {
    /// The columns that an object has once.
    pub fn columns(&self, context: &Context) -> Vec<Definition> {
        self.family.columns(context).into_iter().map(|d| self.named(d)).collect()
    }

    /// The columns that an object has once a channel.
    pub fn channel_columns(&self, about: &About) -> Vec<Definition> {
        self.family.channel_columns(about).into_iter().map(|d| self.named(d)).collect()
    }

    /// It says something of each channel, and looks at no other channel for that.
    pub fn is_by_channel(&self) -> bool {
        let context =
            Context { unit: Unit::Um, channels: &[("a", NO_UNIT), ("b", NO_UNIT)], volumes: false, classes: &[] };
        !self.family.needs().together && self.has_channel_columns() && self.family.columns(&context).is_empty()
    }

    /// The channels that have to be in memory together to measure it: those of these names that it mentions, or all of them.
    pub fn together<'a>(&self, channels: &[&'a str]) -> Vec<&'a str> {
        let mentioned: Vec<&str> = self.family.mentions().channels.iter().map(|(_, name)| *name).collect();
        let is_wanted = |name: &&&str| self.has_channel_columns() || mentioned.is_empty() || mentioned.contains(*name);
        let looks = self.family.needs().together || self.has_channel_columns();
        channels.iter().filter(|name| looks && is_wanted(name)).copied().collect()
    }

    fn has_channel_columns(&self) -> bool {
        let about = About { length: Unit::Um, channel: Some("a"), values: NO_UNIT };
        !self.family.channel_columns(&about).is_empty()
    }

    /// One row for all objects of a set together.
    ///
    /// # Errors
    /// As [`Family::totals`].
    pub fn totals(&self, set: &str, request: &Request) -> Result<Table> {
        self.family.totals(set, request).map(|totals| self.renamed(totals))
    }

    /// The columns that [`Chosen::pooled`] is made of, as they are called in the table of objects.
    pub fn pooled_columns(&self) -> Vec<String> {
        let name = |name: &&str| self.alias.as_ref().map_or(name.to_string(), |alias| format!("{name}_{alias}"));
        self.family.pooled_columns().iter().map(name).collect()
    }

    /// One row for all objects of several images together.
    pub fn pooled(&self, set: &str, objects: &[Vec<Option<f64>>]) -> Table {
        self.renamed(self.family.pooled(set, objects))
    }

    fn renamed(&self, mut totals: Table) -> Table {
        if let Some(alias) = &self.alias {
            totals.columns.iter_mut().for_each(|column| column.name = format!("{}_{alias}", column.name));
        }
        totals
    }

    fn named(&self, mut definition: Definition) -> Definition {
        if let Some(alias) = &self.alias {
            definition.name = format!("{}_{alias}", definition.name);
            let parameters = self.parameters.replace('\n', ", ");
            definition.definition = format!("{}; {alias}: {parameters}", definition.definition);
        }
        definition
    }
}

impl PartialEq for Chosen {
    fn eq(&self, other: &Self) -> bool {
        let all = |c: &Self| (c.name, c.parameters.clone(), c.alias.clone());
        all(self) == all(other)
    }
}

impl std::fmt::Debug for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {:?}", self.name, self.alias, self.parameters)
    }
}

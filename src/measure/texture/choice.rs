//! What a recipe chooses among, and how it stands in the names of columns: families of the standard and bins.

use super::{
    Discretisation, autocorrelation, enclosing, glcm, gldzm, glrlm, glszm, histogram, local, morphology, ngldm, ngtdm,
    statistics, volume_histogram,
};
use crate::measure::family::define;
use crate::measure::{About, Definition};
use serde::Deserialize;

/// A family of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Shape, with the intensities' part in it (IBSI:HCUG).
    Morphology,
    /// Boxes and ellipsoids around the shape (IBSI:HCUG).
    Enclosing,
    /// Moran's I and Geary's C, which take long for large regions (IBSI:HCUG).
    Autocorrelation,
    /// SUVpeak and its like (IBSI:9ST6).
    LocalIntensity,
    /// Of the intensities (IBSI:UHIW).
    Statistics,
    /// Of the grey levels (IBSI:ZVCW).
    Histogram,
    /// Which share of the region has at least an intensity (IBSI:P88C).
    VolumeHistogram,
    /// The area under its curve (IBSI:P88C).
    VolumeHistogramArea,
    /// Co-occurrence (IBSI:LFYI).
    Glcm,
    /// Run lengths (IBSI:TP0I).
    Glrlm,
    /// Size zones (IBSI:9SAK).
    Glszm,
    /// Distance zones (IBSI:VMDZ).
    Gldzm,
    /// Grey tone differences (IBSI:IPET).
    Ngtdm,
    /// Dependences (IBSI:REK0).
    Ngldm,
}

impl Group {
    /// Those that a recipe without a choice has: all that take little time for large regions too.
    pub(super) const USUAL: [Group; 11] = [
        Group::Morphology,
        Group::LocalIntensity,
        Group::Statistics,
        Group::Histogram,
        Group::VolumeHistogram,
        Group::Glcm,
        Group::Glrlm,
        Group::Glszm,
        Group::Gldzm,
        Group::Ngtdm,
        Group::Ngldm,
    ];

    /// It is of grey levels, not of intensities.
    pub(super) fn needs_levels(self) -> bool {
        use Group::{Glcm, Gldzm, Glrlm, Glszm, Histogram, Ngldm, Ngtdm};
        matches!(self, Histogram | Glcm | Glrlm | Glszm | Gldzm | Ngtdm | Ngldm)
    }

    /// Its matrices are those of directions.
    pub(super) fn has_directions(self) -> bool {
        matches!(self, Group::Glcm | Group::Glrlm)
    }

    /// It looks at voxels at a distance.
    pub(super) fn has_distance(self) -> bool {
        matches!(self, Group::Glcm | Group::Ngtdm | Group::Ngldm)
    }

    /// It is of the intensity-volume histogram.
    pub(super) fn has_volumes(self) -> bool {
        matches!(self, Group::VolumeHistogram | Group::VolumeHistogramArea)
    }

    /// It knows neighbours that weigh less the farther they are.
    pub(super) fn has_weights(self) -> bool {
        matches!(self, Group::Glcm | Group::Glrlm | Group::Ngtdm)
    }

    /// Its features as columns.
    pub(super) fn define(self, about: &About) -> Vec<Definition> {
        match self {
            Group::Morphology => define(morphology::FEATURES, about),
            Group::Enclosing => define(enclosing::FEATURES, about),
            Group::Autocorrelation => define(autocorrelation::FEATURES, about),
            Group::LocalIntensity => define(local::FEATURES, about),
            Group::Statistics => define(statistics::FEATURES, about),
            Group::Histogram => define(histogram::FEATURES, about),
            Group::VolumeHistogram => define(volume_histogram::FEATURES, about),
            Group::VolumeHistogramArea => define(volume_histogram::AREA, about),
            Group::Glcm => define(glcm::FEATURES, about),
            Group::Glrlm => define(glrlm::FEATURES, about),
            Group::Glszm => define(glszm::FEATURES, about),
            Group::Gldzm => define(gldzm::FEATURES, about),
            Group::Ngtdm => define(ngtdm::FEATURES, about),
            Group::Ngldm => define(ngldm::FEATURES, about),
        }
    }
}

/// Programs whose names and definitions a recipe may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// PyRadiomics.
    Pyradiomics,
}

/// How intensities become grey levels.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a way to make grey levels: bins = { size = 0.25, from = 0 }, or bins = { number = 32 } with at most 65535"
)]
pub enum Bins {
    /// Of a fixed size, in the unit of the channel.
    Size {
        /// Width.
        size: f64,
        /// Where the first one begins; at the lower end of the range, or else at the lowest value if absent.
        from: Option<f64>,
    },
    /// A fixed number of them.
    Number {
        /// How many.
        number: u16,
    },
}

impl Bins {
    /// The same for regions.
    pub(crate) fn discretisation(self) -> Discretisation {
        match self {
            Bins::Size { size, from } => Discretisation::BinSize { width: size, from },
            Bins::Number { number } => Discretisation::BinNumber(number),
        }
    }

    /// As the standard calls it, shortly.
    pub(super) fn suffix(self) -> String {
        match self {
            Bins::Size { size, from: None } => format!("fbs{}", word(size)),
            Bins::Size { size, from: Some(from) } => format!("fbs{}from{}", word(size), word(from)),
            Bins::Number { number } => format!("fbn{number}"),
        }
    }
}

/// A number as it may stand in a name: 0.25 is `0p25`, -1 is `m1`.
pub(super) fn word(v: f64) -> String {
    format!("{v}").replace('.', "p").replace('-', "m")
}

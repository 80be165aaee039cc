//! One feature of the voxels in a window, for maps: a texture around each voxel.

mod beside;
mod bins;
mod cooccurrence;
mod counts;
mod dependences;
mod lanes;
mod layout;
mod runs;
mod sorted;
mod tallied;
mod tones;
mod windows;
mod zones;

pub(crate) use windows::{Picture, Room, Windows};

use super::counted::Counted;
use super::zones::zoned;
use super::{
    Aggregation, Discretisation, Intensities, Levels, Norm, Region, Space, glcm, glrlm, glszm, histogram, ngldm, ngtdm,
    statistics,
};
use crate::Result;
use crate::units::Shape;

/// A feature by its name, of intensities or of grey levels merged in space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowFeature {
    family: Family,
    /// Its place among those of the family.
    place: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Statistics,
    Histogram,
    Glcm,
    Glrlm,
    Glszm,
    Ngtdm,
    Ngldm,
}

use Family::{Glcm, Glrlm, Glszm, Histogram, Ngldm, Ngtdm, Statistics};

const FAMILIES: [Family; 7] = [Statistics, Histogram, Glcm, Glrlm, Glszm, Ngtdm, Ngldm];

fn names(family: Family) -> Vec<&'static str> {
    match family {
        Statistics => statistics::FEATURES.iter().map(|f| f.name).collect(),
        Histogram => histogram::FEATURES.iter().map(|f| f.name).collect(),
        Glcm => glcm::FEATURES.iter().map(|f| f.name).collect(),
        Glrlm => glrlm::FEATURES.iter().map(|f| f.name).collect(),
        Glszm => glszm::FEATURES.iter().map(|f| f.name).collect(),
        Ngtdm => ngtdm::FEATURES.iter().map(|f| f.name).collect(),
        Ngldm => ngldm::FEATURES.iter().map(|f| f.name).collect(),
    }
}

impl WindowFeature {
    /// The feature of that name.
    pub fn find(name: &str) -> Option<Self> {
        let of =
            |family: Family| names(family).iter().position(|n| *n == name).map(|place| WindowFeature { family, place });
        FAMILIES.into_iter().find_map(of)
    }

    /// The names of all.
    pub fn names() -> Vec<&'static str> {
        FAMILIES.into_iter().flat_map(names).collect()
    }

    /// It is one of grey levels.
    pub fn needs_levels(self) -> bool {
        self.family != Statistics
    }

    /// Its value in a box of intensities, all of which count; nothing where it has none. `bins` are of use for grey levels only.
    ///
    /// # Errors
    /// The bins cannot be.
    pub fn value(self, shape: Shape, intensities: &[f64], bins: Discretisation) -> Result<Option<f64>> {
        if self.family == Statistics {
            let feature = &statistics::FEATURES[self.place..=self.place];
            let counted = Counted::of_values(intensities.iter().copied().filter(|v| v.is_finite()).collect());
            return Ok(statistics::of_counted(feature, &counted).first().copied().flatten());
        }
        let region = Region::new(shape, [1.0; 3], Intensities::Real(intensities.into()), &vec![true; shape.len()])?;
        Ok(self.of_levels(&Levels::of(&region, bins)?))
    }

    /// The same from the grey levels of the box.
    pub(crate) fn of_grey(self, shape: Shape, grey: &[u16]) -> Option<f64> {
        self.of_levels(&Levels::of_box(shape.zyx(), grey))
    }

    fn of_levels(self, levels: &Levels) -> Option<f64> {
        let (way, distance, norm) = (Aggregation::Merged3d, 1, Norm::Chebyshev);
        let (space, place) = (Space::Volume3d, self.place..self.place + 1);
        let values = match self.family {
            Glcm => glcm::some(&glcm::FEATURES[place], levels, glcm::Choice::default(), way),
            Glrlm => glrlm::some(&glrlm::FEATURES[place], levels, glrlm::Choice::default(), way),
            Glszm => glszm::of_zones(&glszm::FEATURES[place], levels, &zoned(levels, None, space)),
            Ngtdm => ngtdm::some(&ngtdm::FEATURES[place], levels, ngtdm::Choice::default(), space),
            Ngldm => {
                let choice = ngldm::Choice { distance, norm, coarseness: 0 };
                ngldm::some(&ngldm::FEATURES[place], levels, choice, space)
            }
            Histogram | Statistics => histogram::some(&histogram::FEATURES[place], levels),
        };
        values.first().copied().flatten()
    }
}

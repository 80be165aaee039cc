//! One feature of the voxels in a window, for maps: a texture around each voxel.

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
        let region = Region::new(shape, [1.0; 3], Intensities::Real(intensities.into()), &vec![true; shape.len()])?;
        let (way, distance, norm) = (Aggregation::Merged3d, 1, Norm::Chebyshev);
        let values = match self.family {
            Statistics => statistics::values(&region),
            of_levels => {
                let levels = Levels::of(&region, bins)?;
                match of_levels {
                    Glcm => glcm::values(&levels, glcm::Choice::default(), way),
                    Glrlm => glrlm::values(&levels, way),
                    Glszm => glszm::values(&levels, Space::Volume3d),
                    Ngtdm => ngtdm::values(&levels, ngtdm::Choice::default(), Space::Volume3d),
                    Ngldm => ngldm::values(&levels, ngldm::Choice { distance, norm, coarseness: 0 }, Space::Volume3d),
                    Histogram | Statistics => histogram::values(&levels),
                }
            }
        };
        Ok(values.get(self.place).copied().flatten())
    }
}

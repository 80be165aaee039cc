//! Habitats by the values of several images: voxels of an object whose values lie near each other are a cluster.

use crate::image::{Channel, Labels};
use crate::measure::kmeans::{Rows, kmeans, nearest, standardised};
use crate::recipe::{Centres, ClusterCentres, Habitats};
use crate::{Error, Result};
use rayon::prelude::*;

/// What was found in all objects.
pub(super) struct Clusters {
    /// The cluster of each voxel of each object, from 0, the coldest in the first image.
    pub levels: Vec<Vec<u32>>,
    /// Objects that are too small, or too even, for so many clusters.
    pub warning: Option<String>,
}

impl Clusters {
    /// Divides each object by itself, its values standardised over its voxels; or all by the centres that the step names.
    pub fn of(p: &Habitats, images: &[&Channel], labels: &Labels) -> Result<Self> {
        let values = Values::new(images, labels)?;
        let objects = (0..labels.count).into_par_iter().map(|i| values.of(i + 1));
        match &p.centres {
            None => Ok(Self::by_themselves(objects, images.len(), p.clusters.unwrap_or(1))),
            Some(Centres::Known(known)) => Ok(Clusters { levels: by_centres(objects, images, known)?, warning: None }),
            Some(Centres::File(file)) => Err(Error::usage(format!("the centres of \"{file}\" were not read"))
                .remedy("name the file in the recipe, or by --set, and not in a sample sheet")),
        }
    }

    fn by_themselves(objects: impl IndexedParallelIterator<Item = Vec<f64>>, width: usize, k: usize) -> Self {
        let (levels, clusters): (Vec<_>, Vec<_>) = objects.map(|values| by_itself(&values, width, k)).unzip();
        let few = clusters.iter().filter(|clusters| **clusters < k).count();
        let objects = if few == 1 { "1 object has" } else { &format!("{few} objects have") };
        let warning = format!("{objects} voxels of fewer different values than {k} clusters, and so fewer habitats");
        Clusters { levels, warning: (few > 0).then_some(warning) }
    }
}

/// The cluster of each row, and how many there are.
fn by_itself(values: &[f64], width: usize, k: usize) -> (Vec<u32>, usize) {
    let (rows, which) = Rows::of(values, width);
    let rows = rows.standardised(&rows.moments());
    let centres = kmeans(&rows, k);
    let cluster: Vec<u32> = rows.rows().map(|row| nearest(row, &centres).0 as u32).collect();
    (which.iter().map(|i| cluster[*i as usize]).collect(), centres.len())
}

/// The nearest centre of each row.
fn by_centres(
    objects: impl IndexedParallelIterator<Item = Vec<f64>>,
    images: &[&Channel],
    known: &ClusterCentres,
) -> Result<Vec<Vec<u32>>> {
    for ((image, unit), name) in images.iter().zip(&known.units).zip(&known.images) {
        if image.unit != unit {
            let what = format!("the centres have \"{name}\" in \"{unit}\", the image has it in \"{}\"", image.unit);
            return Err(Error::usage(what).remedy("centres that were learned from images of this unit"));
        }
    }
    let moments: Vec<[f64; 2]> = known.means.iter().zip(&known.deviations).map(|(mean, d)| [*mean, *d]).collect();
    let centres: Vec<Vec<f64>> = known.centres.iter().map(|c| standardised(c, &moments).collect()).collect();
    let divide = |values: Vec<f64>| {
        let rows = values.chunks_exact(images.len().max(1));
        let cluster = |row| nearest(&standardised(row, &moments).collect::<Vec<f64>>(), &centres).0 as u32;
        rows.map(cluster).collect()
    };
    Ok(objects.map(divide).collect())
}

/// The values of images in objects.
pub(super) struct Values<'a> {
    images: Vec<(&'a Channel, &'a [i32])>,
    labels: &'a Labels,
}

impl<'a> Values<'a> {
    /// Makes the runs of the objects, before parallel work asks for them.
    pub fn new(images: &[&'a Channel], labels: &'a Labels) -> Result<Self> {
        labels.runs()?;
        let images = images.iter().map(|image| Ok((*image, image.volume.samples.host()?))).collect::<Result<_>>()?;
        Ok(Values { images, labels })
    }

    /// A row for each voxel of an object in raster order, with a number for each image.
    pub fn of(&self, label: u32) -> Vec<f64> {
        let runs = self.labels.runs().map(|runs| runs.of(label)).unwrap_or_default();
        let voxels = runs.iter().flat_map(|run| run.voxels(self.labels.shape.x));
        let row = |i: usize| self.images.iter().map(move |(c, samples)| c.volume.scale.value(f64::from(samples[i])));
        voxels.flat_map(row).collect()
    }
}

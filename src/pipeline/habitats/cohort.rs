//! Clusters of the voxels of many images: what one image gives to them, and their centres.

use super::clusters::Values;
use crate::device::Device;
use crate::image::{Channel, Scan};
use crate::measure::kmeans::{Rows, kmeans, nearest};
use crate::pipeline::{External, find_sets, given, roles};
use crate::recipe::{ClusterCentres, Habitats, Recipe};
use crate::{Error, Result};

/// Most voxels that an image gives: a large lesion, or an archive of them, would be all that counts.
pub const MOST_VOXELS: usize = 20_000;

/// What an image gives to the clusters of a cohort.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HabitatValues {
    /// Objects that it has to divide.
    pub objects: u32,
    /// Their voxels.
    pub voxels: usize,
    /// Units of the images.
    pub units: Vec<&'static str>,
    /// A row for each voxel, or for each of so many that lie evenly among them, with a number for each image.
    pub values: Vec<f64>,
}

/// Finds the objects that the step divides in the object set `name`, in an image on the grid of the recipe, and takes the values of
/// their voxels.
///
/// # Errors
/// As for a run of the recipe.
pub fn habitat_values(
    (scan, external): (&Scan, &External),
    recipe: &Recipe,
    (name, p): (&str, &Habitats),
    device: &Device,
) -> Result<HabitatValues> {
    let before = |set: &str| recipe.order.iter().take_while(|other| *other != name).any(|other| other == set);
    let found = find_sets(scan, recipe, device, external, &|| Ok(()), &before)?;
    let labels = given::source(&found.made, &p.set)?.labels.to_host()?;
    let image = |name: &String| roles::source(name, &found.scan, &found.roles).map(|(_, channel)| channel);
    let images: Vec<&Channel> = p.images.iter().map(image).collect::<Result<_>>()?;
    let values = Values::new(&images, &labels)?;
    let all: Vec<f64> = (1..=labels.count).flat_map(|label| values.of(label)).collect();
    let (width, voxels) = (images.len().max(1), all.len() / images.len().max(1));
    let taken = voxels.min(MOST_VOXELS);
    let row = |i: usize| &all[i * voxels / taken * width..][..width];
    Ok(HabitatValues {
        objects: labels.count,
        voxels,
        units: images.iter().map(|c| c.unit).collect(),
        values: (0..taken).flat_map(row).copied().collect(),
    })
}

/// The centres of `clusters` clusters of the rows of all images, and how many rows each has. Units and what they come from are left open.
///
/// # Errors
/// There are fewer different rows than clusters.
pub fn learn_centres(values: &[f64], images: &[String], clusters: usize) -> Result<(ClusterCentres, Vec<u64>)> {
    let (rows, _) = Rows::of(values, images.len());
    if rows.len() < clusters {
        return Err(Error::usage(format!("{} different voxels for {clusters} clusters", rows.len()))
            .remedy("images with objects in them, or fewer clusters"));
    }
    let moments = rows.moments();
    let even = rows.standardised(&moments);
    let found = kmeans(&even, clusters);
    let mut counts = vec![0; found.len()];
    even.rows().zip(&rows.counts).for_each(|(row, n)| counts[nearest(row, &found).0] += *n as u64);
    let in_units = |centre: &Vec<f64>| centre.iter().zip(&moments).map(|(v, [mean, d])| v * d + mean).collect();
    let known = ClusterCentres {
        images: images.to_vec(),
        means: moments.iter().map(|[mean, _]| *mean).collect(),
        deviations: moments.iter().map(|[_, deviation]| *deviation).collect(),
        centres: found.iter().map(in_units).collect(),
        ..ClusterCentres::default()
    };
    Ok((known, counts))
}

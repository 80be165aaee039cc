//! The skeleton of an object: length, branches, ends and width of what is long and thin (mitochondria, vessels, neurites).
//!
//! Each object is thinned by itself (`thinning`), so no other one that touches it leaks in; its skeleton is a graph (`graph`).
//! Steps between voxels are counted by their kind, and lengths are made of these counts once.

mod facts;
mod graph;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests;
mod thinning;

use super::Request;
use super::family::{Context, Family, Measurer, Needs, define};
use super::feature::{Definition, Feature, Get};
use super::position::NO_CALIBRATION;
use crate::Result;
pub use facts::Facts;
use serde::Deserialize;

const NO_BRANCH: &str = "the skeleton is single voxels, without a branch";
const NO_LENGTH: &str = "the image has no calibration, or the skeleton is single voxels, without a branch";

const fn count(name: &'static str, definition: &'static str, get: fn(&Facts) -> Option<i64>) -> Feature<Facts> {
    Feature { name, unit: "1", definition, standard: "", empty: "", get: Get::Int(get) }
}

const fn length(
    name: &'static str,
    unit: &'static str,
    definition: &'static str,
    empty: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { name, unit, definition, standard: "", empty, get: Get::Real(get) }
}

/// Features of skeletons.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "skeleton_px",
        unit: "px",
        definition: "Number of voxels of the skeleton: the lines that are left when the object is thinned",
        standard: "",
        empty: "",
        get: Get::Int(|f| Some(f.voxels as i64)),
    },
    length(
        "skeleton_length_px",
        "px",
        "Length of all lines of the skeleton from voxel centre to voxel centre, on the voxel grid",
        "",
        |f| Some(f.px.all),
    ),
    length("skeleton_length_um", "um", "As skeleton_length_px, with true spacing", NO_CALIBRATION, |f| {
        Some(f.true_size.as_ref()?.all)
    }),
    count(
        "skeleton_branches",
        "Lines between branch points and ends, and lines that close without meeting others",
        |f| Some(f.branches as i64),
    ),
    count(
        "skeleton_branch_points",
        "Places where three or more lines meet; voxels that do and touch are one place",
        |f| Some(f.branch_points as i64),
    ),
    count("skeleton_end_points", "Ends of lines: voxels of the skeleton joined to one other", |f| {
        Some(f.end_points as i64)
    }),
    count(
        "skeleton_loops",
        "Closed ways of the skeleton that do not follow from each other: holes, in 3-D tunnels",
        |f| Some(f.loops),
    ),
    length("skeleton_branch_length_mean_px", "px", "Mean length of the branches, on the voxel grid", NO_BRANCH, |f| {
        f.px.mean_branch
    }),
    length("skeleton_branch_length_mean_um", "um", "Mean length of the branches, with true spacing", NO_LENGTH, |f| {
        f.true_size.as_ref()?.mean_branch
    }),
    length("skeleton_branch_length_max_px", "px", "Length of the longest branch, on the voxel grid", NO_BRANCH, |f| {
        f.px.longest_branch
    }),
    length("skeleton_branch_length_max_um", "um", "Length of the longest branch, with true spacing", NO_LENGTH, |f| {
        f.true_size.as_ref()?.longest_branch
    }),
    length(
        "skeleton_tortuosity",
        "1",
        "Length of the branches that do not close, over the distances between their ends, with true spacing where there is one: \
         1 is straight",
        "no branch has two ends apart from each other",
        |f| f.tortuosity,
    ),
    length(
        "skeleton_width_mean_px",
        "px",
        "Mean over the voxels of the skeleton of twice the distance to the nearest voxel outside, on the voxel grid",
        "",
        |f| Some(f.px.mean_width),
    ),
    length("skeleton_width_mean_um", "um", "As skeleton_width_mean_px, with true spacing", NO_CALIBRATION, |f| {
        Some(f.true_size.as_ref()?.mean_width)
    }),
    length(
        "skeleton_width_max_px",
        "px",
        "Largest over the voxels of the skeleton of twice the distance to the nearest voxel outside, on the voxel grid",
        "",
        |f| Some(f.px.max_width),
    ),
    length("skeleton_width_max_um", "um", "As skeleton_width_max_px, with true spacing", NO_CALIBRATION, |f| {
        Some(f.true_size.as_ref()?.max_width)
    }),
];

/// Lengths, branches and widths of skeletons.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skeleton {}

impl Family for Skeleton {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        define(FEATURES, &context.objects())
    }

    fn begin<'a>(&'a self, _: &'a Request<'a>) -> Result<Measurer<'a>> {
        Ok(Box::new(|of, values| {
            values.put(FEATURES, Some(&Facts::of(&of.object, of.spacing)));
            Ok(())
        }))
    }

    fn needs(&self) -> Needs {
        // Cells of a single slice lie between two empty ones; distances are found in two arrays.
        Needs { voxel_bytes: 32, ..Needs::default() }
    }
}

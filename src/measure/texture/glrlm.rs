//! Grey level runs (IBSI:TP0I): how many voxels of one level follow each other in a direction.

use super::aggregation::{Aggregation, Norm, Step, directions};
use super::average;
use super::levels::Levels;
pub use super::table::Facts;
use super::table::{Table, counted};
use crate::measure::Feature;
use std::ops::Range;

/// The values of [`FEATURES`].
pub fn values(levels: &Levels, aggregation: Aggregation) -> Vec<Option<f64>> {
    let steps = directions(1, Norm::Chebyshev, aggregation.is_flat());
    let groups = aggregation.groups(levels.slices(), &steps);
    // Directions of the same slices follow each other.
    let facts = groups.chunk_by(|a, b| a.0 == b.0).flat_map(|same| {
        let rows = levels.rows(&same[0].0);
        same.iter().map(move |(_, steps)| Facts::of(levels, &count(levels, &rows, steps)))
    });
    average(FEATURES, facts)
}

/// The matrix of runs. A voxel is so many along in its run; runs of a length are as many as voxels that are as many along,
/// less those that are one more. So no run has to be followed to its end.
fn count(levels: &Levels, rows: &[Range<usize>], steps: &[Step]) -> Table {
    let (size, _) = levels.place();
    let width = size.into_iter().max().unwrap_or(0) + 1;
    let mut along = vec![0u64; (levels.ranks() + 1) * width];
    let (cells, voxels) = (levels.cells(), rows.iter().map(Range::len).sum::<usize>());
    for &step in steps {
        let offset = levels.offset(step).unsigned_abs();
        // As far back as the step goes, in a ring.
        let mut recent = vec![0u32; (offset + 1).next_power_of_two()];
        let mask = recent.len() - 1;
        for i in rows.iter().flat_map(Range::clone) {
            let (rank, before) = (cells[i], i - offset);
            let length = if cells[before] == rank { recent[before & mask] + 1 } else { 0 };
            recent[i & mask] = length;
            along[usize::from(rank) * width + length as usize] += 1;
        }
    }
    for row in along.chunks_mut(width) {
        (1..row.len()).for_each(|k| row[k - 1] -= row[k]);
    }
    Table::of_rows(&along, width, (voxels * steps.len()) as u64)
}

/// The features of runs.
pub const FEATURES: &[Feature<Facts>] = &[
    counted("glrlm_short_runs_emphasis", "IBSI:22OV", "Mean of 1 / j^2 over runs of length j", Facts::small),
    counted("glrlm_long_runs_emphasis", "IBSI:W4KF", "Mean of j^2 over runs of length j", Facts::large),
    counted("glrlm_low_grey_level_run_emphasis", "IBSI:V3SW", "Mean of 1 / i^2 over runs of grey level i", Facts::low),
    counted("glrlm_high_grey_level_run_emphasis", "IBSI:G3QZ", "Mean of i^2 over runs of grey level i", Facts::high),
    counted(
        "glrlm_short_run_low_grey_level_emphasis",
        "IBSI:HTZT",
        "Mean of 1 / (i^2 j^2) over runs of grey level i and length j",
        Facts::small_low,
    ),
    counted(
        "glrlm_short_run_high_grey_level_emphasis",
        "IBSI:GD3A",
        "Mean of i^2 / j^2 over runs of grey level i and length j",
        Facts::small_high,
    ),
    counted(
        "glrlm_long_run_low_grey_level_emphasis",
        "IBSI:IVPO",
        "Mean of j^2 / i^2 over runs of grey level i and length j",
        Facts::large_low,
    ),
    counted(
        "glrlm_long_run_high_grey_level_emphasis",
        "IBSI:3KUM",
        "Mean of i^2 j^2 over runs of grey level i and length j",
        Facts::large_high,
    ),
    counted(
        "glrlm_grey_level_nonuniformity",
        "IBSI:R5YN",
        "Sum of the squares of the numbers of runs of each grey level, over the number of all runs",
        Facts::level_nonuniformity,
    ),
    counted(
        "glrlm_normalised_grey_level_nonuniformity",
        "IBSI:OVBL",
        "Sum of the squares of the shares of each grey level in all runs",
        Facts::normalised_level_nonuniformity,
    ),
    counted(
        "glrlm_run_length_nonuniformity",
        "IBSI:W92Y",
        "Sum of the squares of the numbers of runs of each length, over the number of all runs",
        Facts::number_nonuniformity,
    ),
    counted(
        "glrlm_normalised_run_length_nonuniformity",
        "IBSI:IC23",
        "Sum of the squares of the shares of each length in all runs",
        Facts::normalised_number_nonuniformity,
    ),
    counted(
        "glrlm_run_percentage",
        "IBSI:9ZK5",
        "Runs over voxels, each voxel counted once a direction",
        Facts::percentage,
    ),
    counted("glrlm_grey_level_variance", "IBSI:8CE5", "Variance of the grey level over runs", Facts::level_variance),
    counted("glrlm_run_length_variance", "IBSI:SXLW", "Variance of the length over runs", Facts::number_variance),
    counted("glrlm_run_entropy", "IBSI:HJ9O", "Entropy of grey level and length of the runs, in bits", Facts::entropy),
];

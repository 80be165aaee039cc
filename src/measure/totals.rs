//! What all lesions of a scan have together.

use super::Request;
use super::feature::Definition;
use super::lesion_facts::{NOT_SUV, voxel_ml};
use super::moments::Moments;
use super::object::Object;
use super::order::Sums;
use super::position::NO_CALIBRATION;
use crate::Result;
use crate::image::SUV_UNIT;
use crate::ops::extent::extents;
use crate::table::{Cells, Table};
use crate::units::{Spacing, Unit};
use rayon::prelude::*;

/// Sums over all lesions.
#[derive(Default)]
struct Totals {
    lesions: i64,
    uptake: Sums,
    /// Highest value.
    max: Option<f64>,
    /// Centroids in mm along the axes of the grid.
    centroids: Vec<[f64; 3]>,
}

impl Totals {
    fn of(request: &Request, spacing: Option<&Spacing>) -> Result<Self> {
        let extents = extents(request.labels)?;
        let image = request.channels.first().map(|c| c.volume.samples.host()).transpose()?;
        let one = |(i, extent)| {
            let object = Object::new(request.labels, i as u32 + 1, extent)?;
            let samples = image.map_or_else(Vec::new, |image| object.samples(image));
            Ok((extent, Moments::of(&object), Sums::of(&samples), samples.iter().max().copied()))
        };
        let mut all = Totals::default();
        let mut high = None;
        for (extent, moments, sums, top) in extents.into_par_iter().enumerate().map(one).collect::<Result<Vec<_>>>()? {
            if extent.n == 0 {
                continue;
            }
            all.lesions += 1;
            all.uptake.n += i128::from(extent.n);
            all.uptake.sum += sums.sum;
            high = high.into_iter().chain(top).max();
            if let Some(s) = spacing {
                let centre = |a: usize| extent.lo[a] as f64 + moments.first[a] as f64 / moments.n as f64;
                all.centroids.push(std::array::from_fn(|a| centre(a) * s.zyx[a]));
            }
        }
        all.max = request.channels.first().and_then(|c| Some(c.volume.scale.value(f64::from(high?))));
        Ok(all)
    }
}

/// The largest distance between two points. Far from the middle first, so that the search can stop early.
fn widest(points: &[[f64; 3]]) -> Option<f64> {
    let apart = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|k| (a[k] - b[k]) * (a[k] - b[k])).sum::<f64>().sqrt();
    if points.len() < 2 {
        return None;
    }
    let middle = std::array::from_fn(|k| points.iter().map(|p| p[k]).sum::<f64>() / points.len() as f64);
    let mut outer: Vec<(f64, &[f64; 3])> = points.iter().map(|p| (apart(p, &middle), p)).collect();
    outer.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut most = 0.0f64;
    for (i, (far, p)) in outer.iter().enumerate() {
        for (other, q) in &outer[i + 1..] {
            // No pair further down is farther apart.
            if (far + other) * (1.0 + 1e-9) < most {
                break;
            }
            most = most.max(apart(p, q));
        }
    }
    Some(most)
}

/// One row: what the lesions of a set called `set` have together, with ratios to the reference regions that the recipe names,
/// each with its mean where it has one. The channel is the first one of the request.
///
/// # Errors
/// Data on a device, or labels above their count.
pub(super) fn scan_totals(set: &str, request: &Request, references: &[(&str, Option<f64>)]) -> Result<Table> {
    let spacing = request.spacing.map(|s| s.to(Unit::Mm));
    let all = Totals::of(request, spacing.as_ref())?;
    let channel = request.channels.first();
    let is_suv = channel.is_some_and(|c| c.unit == SUV_UNIT);
    let mean = channel.filter(|_| all.lesions > 0).and_then(|c| all.uptake.mean().map(|m| c.volume.scale.value(m)));
    let ml = spacing.map(|s| all.uptake.n as f64 * voxel_ml(&s));
    // Without lesions there is no glycolysis either.
    let tlg = ml.filter(|_| is_suv).and_then(|ml| if all.lesions == 0 { Some(0.0) } else { mean.map(|m| m * ml) });
    let mut table = Table::default();
    let mut put = |name: String, unit: &str, definition: String, cells: Cells| {
        let (unit, standard) = (unit.to_string(), String::new());
        table.push(Definition { name, unit, type_name: "", definition, standard, empty: "" }.column(cells));
    };
    let real = |v: Option<f64>| Cells::Real(vec![v.filter(|v| v.is_finite())]);
    let count = format!("Number of lesions in {set} that have voxels.");
    put(format!("lesion_count_{set}"), "1", count, Cells::Int(vec![Some(all.lesions)]));
    let about = format!("Volume of all lesions in {set}; empty where {NO_CALIBRATION}.");
    put(format!("mtv_total_{set}_ml"), "ml", about, real(ml));
    let about =
        format!("Mean SUV of all voxels of {set} times their volume; empty where {NOT_SUV} or {NO_CALIBRATION}.");
    put(format!("tlg_total_{set}_g"), "g", about, real(tlg));
    let about = format!("Highest SUV in {set}; empty where {NOT_SUV} or there is no lesion.");
    put(format!("suv_max_{set}"), SUV_UNIT, about, real(all.max.filter(|_| is_suv)));
    let about = format!("Mean SUV of all voxels of {set}; empty where {NOT_SUV} or there is no lesion.");
    put(format!("suv_mean_{set}"), SUV_UNIT, about, real(mean.filter(|_| is_suv)));
    let about = format!("Largest distance between the centroids of two lesions of {set}; empty below two.");
    put(format!("dmax_{set}_mm"), "mm", about, real(widest(&all.centroids)));
    for (name, mean) in references {
        let about = format!("Highest value in {set} over the mean of {name}; empty where either is missing.");
        let base = mean.filter(|m| *m > 0.0);
        put(format!("tumour_to_{name}_{set}"), "1", about, real(all.max.zip(base).map(|(max, base)| max / base)));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    //! Oracle: all pairs.
    use super::*;

    #[test]
    fn the_widest_pair_is_that_of_all_pairs() {
        assert_eq!(widest(&[]), None);
        assert_eq!(widest(&[[1.0; 3]]), None);
        assert_eq!(widest(&[[1.0; 3]; 2]), Some(0.0));
        let points: Vec<[f64; 3]> =
            (0..90u32).map(|i| [7919, 104_729, 1_299_709].map(|k| f64::from(i.wrapping_mul(k) % 101))).collect();
        let apart = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt();
        let all = points.iter().flat_map(|a| points.iter().map(move |b| apart(a, b)));
        assert_eq!(widest(&points), Some(all.fold(0.0, f64::max)));
    }
}

//! What is odd about lesions, and told.

use super::odd::Odd;
use crate::table::{Cells, Table};

/// No tissue takes up less than this, in SUV, but what a tracer all but passes by.
const AIR: f64 = 0.1;
/// Single lesions at the end of the field of view lie in air; more than this share of all is told.
const SHARE: f64 = 0.1;

/// Cells of a column of numbers.
fn reals<'a>(rows: &'a Table, name: &str) -> Option<&'a [Option<f64>]> {
    match &rows.column(name)?.cells {
        Cells::Real(values) => Some(values),
        _ => None,
    }
}

/// A ratio to a background that no tissue has. Habitats share the background of their lesion.
pub(super) fn against_air(rows: &Table) -> Option<Odd> {
    let pairs = || reals(rows, "suv_background").zip(reals(rows, "tbr")).into_iter().flat_map(|(a, b)| a.iter().zip(b));
    let known = pairs().filter(|(background, _)| background.is_some()).count();
    let air = || pairs().filter_map(|(background, tbr)| Some((background.filter(|b| *b < AIR)?, *tbr)));
    let (background, tbr) = air().min_by(|a, b| a.0.total_cmp(&b.0))?;
    let ratio = tbr.map_or(String::new(), |tbr| format!(" (tbr {tbr:.0})"));
    let what = format!(
        "have a background below SUV {AIR}, as suv_background {background:.3}{ratio}: air beside the body, or tissue that takes up next \
         to nothing; look at them before tbr is used, and give small bodies a nearer shell (lesion.background)"
    );
    let is_part = rows.column("habitat_level").is_some();
    Some(Odd { what, rows: air().count(), of: known, beyond: SHARE }).filter(|_| !is_part)
}

/// A mean above every value of the lesion is that of something beside it. Habitats lie beside the rest of their lesion.
pub(super) fn hotter_than_itself(rows: &Table) -> Option<Odd> {
    let (peaks, highest) = (reals(rows, "suv_peak_0f91")?, reals(rows, "suv_max")?);
    let pairs = || peaks.iter().zip(highest).filter_map(|(peak, max)| peak.zip(*max));
    let hotter = |(peak, max): &(f64, f64)| *peak > max * (1.0 + 1e-9);
    let (peak, max) = pairs().filter(hotter).max_by(|a, b| (a.0 - a.1).total_cmp(&(b.0 - b.1)))?;
    let what = format!(
        "have hotter uptake beside them than their own in the sphere of SUVpeak, as suv_peak_0f91 {peak:.2} of a suv_max of {max:.2} g/ml: \
         leave it out with an exclusion mask (exclude), or do not use their peaks"
    );
    let is_part = rows.column("habitat_level").is_some();
    Some(Odd { what, rows: pairs().filter(hotter).count(), of: pairs().count(), beyond: 0.0 }).filter(|_| !is_part)
}

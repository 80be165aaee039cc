//! A reference that the user gives, by its place or as a mask, held against what is asked of a liver that is found: a place that is
//! written in the axes of a viewer, or one place for all scans of a batch, lies in muscle or in air.

use super::EVEN_SPHERE;
use super::regions::WINDOW;
use crate::image::{Channel, ObjectSet, SUV_UNIT, Scan};
use crate::ops::sums::Sums;
use crate::pet::suv::is_fdg;
use crate::recipe::{Method, Objects, Recipe, SphereAt, Step};
use crate::table::Cells;
use crate::units::Unit;
use crate::{Error, Result};

/// What a place may have been taken for.
const AXES: &str = "; its x counts to the patient's left and its y to the back, where viewers of NIfTI and 3D Slicer show both with the other sign";

/// What a set is to the others.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Liver,
    Other,
}

/// The role of a set that lesions are found or judged by.
fn role(name: &str, recipe: &Recipe) -> Option<Role> {
    let families = recipe.body.measure.values().flat_map(|measure| &measure.families);
    let judged_by: Vec<_> = families.flat_map(|chosen| chosen.family.mentions().sets).collect();
    let is_called = |key: &str| judged_by.iter().any(|(k, set)| *k == key && *set == name);
    let mut steps = recipe.body.objects.values().flat_map(|set| set.steps.iter().flatten());
    let finds = |step: &Step| matches!(step, Step::Threshold(p) if p.method == Method::Reference && p.set.as_deref() == Some(name));
    match (is_called("liver"), is_called("blood") || steps.any(finds)) {
        (true, _) => Some(Role::Liver),
        (_, true) => Some(Role::Other),
        _ => None,
    }
}

/// Tells what a given reference is like, and doubts one that is none. Sets that stand for nothing, and those that were found, stay as
/// they are.
///
/// # Errors
/// The values of PET in it are 0 or below on average: nothing can be judged against that.
pub(in crate::pipeline) fn look_at(
    name: &str,
    set: &Objects,
    recipe: &Recipe,
    scan: &Scan,
    made: ObjectSet,
) -> Result<ObjectSet> {
    let place = set.sphere.as_ref().map(|sphere| sphere.at);
    let is_found = matches!(place, Some(SphereAt::Organ(_)));
    let (Some(role), Some(channel), false) = (role(name, recipe), scan.channels.get(made.channel), is_found) else {
        return Ok(made);
    };
    let Some((mean, variation, ml)) = uptake(&made, channel, scan)? else { return Ok(made) };
    let (is_suv, [least, most]) = (channel.unit == SUV_UNIT, WINDOW);
    // Without the sign of a zero.
    let value = match is_suv {
        true => format!("SUV {:.2}", (mean * 100.0).round() / 100.0 + 0.0),
        false => format!("{mean:.4} {}", channel.unit),
    };
    let at = match place {
        Some(SphereAt::Place([x, y, z])) => format!("given at x {x:.0}, y {y:.0}, z {z:.0} mm"),
        _ => "given".into(),
    };
    let size = ml.map_or(String::new(), |ml| format!(" in {ml:.0} ml"));
    let told = format!("{at}: {value}, variation {:.0} %{size}", variation * 100.0);
    let axes = if place.is_some() { AXES } else { "" };
    if mean <= 0.0 && is_suv {
        return Err(Error::usage(format!("{told}: no tissue{axes}")).remedy("a place or a mask of the organ"));
    }
    let is_odd = is_suv && !(least..=most).contains(&mean) && may_be_fdg(scan);
    let doubts = [
        (role == Role::Liver && is_odd).then(|| format!("livers have SUV {least:.1} to {most:.1} on FDG")),
        (variation > EVEN_SPHERE)
            .then(|| format!("above {:.0} % it is too uneven for a reference", EVEN_SPHERE * 100.0)),
    ];
    let doubts: Vec<String> = doubts.into_iter().flatten().collect();
    let mut set = made;
    if !doubts.is_empty() {
        let doubts = doubts.join(", and ");
        set.warnings
            .push(format!("doubtful: {told}, but {doubts}: all that is judged by it may be wrong, look at it{axes}"));
    }
    set.notes.push(told);
    Ok(set)
}

/// Mean, coefficient of variation, and volume in ml where voxels have a size; nothing of a set without voxels.
fn uptake(made: &ObjectSet, channel: &Channel, scan: &Scan) -> Result<Option<(f64, f64, Option<f64>)>> {
    let (samples, scale, runs) = (channel.volume.samples.host()?, channel.volume.scale, made.labels.runs()?);
    let mut sums = Sums::default();
    for run in (1..=made.labels.count).flat_map(|label| runs.of(label)) {
        for &sample in samples.get(run.voxels(scan.shape.x)).unwrap_or_default() {
            let s = i64::from(sample);
            sums += Sums { n: 1, sum: s, squares: (s * s).into() };
        }
    }
    let (Some(mean), Some(deviation)) = (sums.mean(), sums.deviation()) else { return Ok(None) };
    let mean = scale.value(mean);
    let ml = scan.spacing.map(|s| s.to(Unit::Mm).voxel_volume() * sums.n as f64 / 1000.0);
    Ok(Some((mean, deviation * scale.factor() / mean.abs(), ml)))
}

/// FDG, or a tracer that nobody names.
fn may_be_fdg(scan: &Scan) -> bool {
    match scan.audit.column("tracer").map(|column| &column.cells) {
        Some(Cells::Text(names)) => names.iter().flatten().all(|name| is_fdg(Some(name))),
        _ => true,
    }
}

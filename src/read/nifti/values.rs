//! From stored numbers to values: slope and intercept of the header, voxels without a number, and the unit.
//!
//! - `value = stored * scl_slope + scl_inter`, unless the slope is 0 or no number. It goes into the scale, so the samples
//!   of an integer type stay as they are stored. A negative slope turns the samples round, so that larger ones stay brighter.
//! - NaN was not imaged: many PET programs write it outside the field of view. It becomes the value 0, which belongs to no object. Infinity is
//!   refused.
//! - SUV: what the sidecar says, else what the settings say, else the values are of an unknown unit.

use super::header::Header;
use super::sidecar::Said;
use crate::image::{Channel, Mask, Modality, SUV_UNIT, Scan};
use crate::pet::suv::{self, HeaderFacts, Settings, SliceFacts, Units};
use crate::read::numbers::{self, Numbers, Stored};
use crate::read::voxel_size;
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// Makes a channel of the numbers of a volume, with what was not imaged if there is some of it.
///
/// # Errors
/// Infinite numbers, integers beyond 32 bits, no number at all, or a slope whose intercept is none.
pub fn channel(
    name: String,
    shape: Shape,
    mut room: Numbers,
    stored: Stored,
    h: &Header,
    notes: &mut Vec<String>,
) -> Result<(Channel, Option<Mask>)> {
    let scaled = h.slope.is_finite() && h.slope != 0.0 && stored_is_scaled(h);
    if scaled && !h.inter.is_finite() {
        let what = format!("scl_inter is {} beside scl_slope {}: the values are not known", h.inter, h.slope);
        return Err(Error::format(what).remedy("a header with the intercept, 0 if there is none"));
    }
    let [slope, inter] = if scaled { [h.slope, h.inter] } else { [1.0, 0.0] };
    // What has the value 0.
    let nothing = if inter == 0.0 { 0.0 } else { -inter / slope };
    let (without, voxels) = match &mut room {
        Numbers::Float(v) => fill(v, |s| s.is_nan(), nothing as f32),
        Numbers::Real(v) => fill(v, |s| s.is_nan(), nothing),
        _ => (0, None),
    };
    if without == shape.len() {
        return Err(Error::format(format!("every voxel of channel {name} is NaN")));
    }
    if without > 0 {
        notes.push(format!(
            "{without} of {} voxels hold NaN: nothing was imaged there, and they belong to no object",
            shape.len()
        ));
    }
    let not_imaged = voxels.map(|voxels| Mask::new(shape, voxels)).transpose()?;
    let mut channel = numbers::channel(name, shape, None, room, stored)?;
    numbers::rescale(&mut channel, slope, inter).map_err(|e| e.needed_for("scl_slope and scl_inter"))?;
    Ok((channel, not_imaged))
}

/// Numbers that a thread looks at together.
const BLOCK: usize = 1 << 16;

/// Gives those that are no number a value; how many they were, and 1 where one was if there were any.
fn fill<T: Copy + Send + Sync>(
    numbers: &mut [T],
    is_none: impl Fn(&T) -> bool + Sync,
    value: T,
) -> (usize, Option<Vec<u8>>) {
    let count = |part: &[T]| part.iter().map(|s| u32::from(is_none(s))).sum::<u32>() as usize;
    let none = numbers.par_chunks(BLOCK).map(count).sum();
    if none == 0 {
        return (0, None);
    }
    let places = numbers.par_iter().map(|s| u8::from(is_none(s))).collect();
    numbers.par_iter_mut().filter(|s| is_none(s)).for_each(|s| *s = value);
    (none, Some(places))
}

/// Colour is never scaled.
fn stored_is_scaled(h: &Header) -> bool {
    !matches!(h.datatype, 128 | 2304)
}

/// Brings the channel to its unit. `integers`: the voxels are stored as such.
///
/// # Errors
/// The facts do not suffice for an SUV, or the values cannot be the SUV that they are taken for.
pub fn convert(scan: &mut Scan, said: Option<Said>, settings: &Settings, integers: bool) -> Result<()> {
    let asked = settings.units.is_some_and(|u| u != Units::None);
    scan.modality = said.as_ref().map_or(Modality::Unknown, |s| s.modality);
    scan.facts.extend(said.as_ref().and_then(|s| s.modality_text.clone()).map(|m| ("modality".into(), m)));
    let said = said.filter(|s| s.modality == Modality::Pet);
    let assumed = scan.modality == Modality::Unknown && settings.assume.is_some_and(|u| u != Units::None);
    if scan.channels.len() != 1 || said.is_none() && !asked && !assumed {
        return Ok(());
    }
    scan.modality = Modality::Pet;
    scan.warnings.extend(voxel_size::of_pet(scan.spacing, scan.shape)?);
    let known = said.as_ref().is_some_and(|s| s.facts.units.is_some());
    let mut said = said.unwrap_or_else(|| Said { facts: HeaderFacts::default(), ..Said::new(Modality::Pet) });
    said.facts.bids = true;
    said.facts.voxel_ml = scan.spacing.map(|s| s.voxel_volume() * (s.unit.um() / 1e4).powi(3));
    if said.facts.slices.is_empty() {
        said.facts.slices.push(SliceFacts { slope: Some(1.0), ..SliceFacts::default() });
    }
    let conversion = suv::convert(&said.facts, settings)?;
    let (Some(factor), [channel]) = (conversion.factors.first(), scan.channels.as_mut_slice()) else {
        return Err(Error::new(crate::Kind::Internal, "a conversion to SUV without a factor"));
    };
    // What the user says of the values takes the place of the unit in the sidecar.
    let per_unit = if settings.units.is_some() { 1.0 } else { said.per_unit };
    let (factor, scale) = (factor * per_unit, channel.volume.scale);
    channel.volume.scale = scale.times(factor, scale.offset() * factor)?;
    channel.unit = conversion.unit;
    if channel.unit == SUV_UNIT {
        if let Some(why) = suv::not_a_scan(&channel.volume, integers)?.filter(|_| !known && !asked) {
            return Err(Error::new(crate::Kind::NotAScan, why).remedy("--set suv.units=suv if it is SUV all the same"));
        }
        scan.warnings.extend(suv::values(&channel.volume, &conversion, said.facts.voxel_ml, known)?);
    }
    scan.sul_factor = conversion.sul_factor;
    scan.audit = conversion.audit;
    scan.warnings.extend(said.notes);
    scan.warnings.extend(conversion.notes);
    scan.facts.extend(said.source.map(|s| ("sidecar".into(), s)));
    Ok(())
}

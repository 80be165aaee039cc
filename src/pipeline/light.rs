//! Light that is not what a channel stands for, as the recipe says: flat field, bleed-through, dyes that share channels.

use super::even_slices::EvenSlices;
use super::margin::Beside;
use super::mixed::Mixed;
use super::roles::{Roles, source};
use crate::correct::{Flat, Light, Mixture, Unmixed, subtract_bleed_through, unmix};
use crate::device::Device;
use crate::image::{Channel, Modality, Scan, Volume};
use crate::ops::threshold::percentile;
use crate::recipe::{DerivedImage, Ground, Likeness, Unmix, likeness};
use crate::units::Shape;
use crate::{Error, Result};

/// What a channel shows where no dye is, in its values, and how far the ground of each slice lies above that where slices have unlike ones: the
/// percentile then is that of slices on one ground. What lies beside the picture is no part of it.
fn background(ground: Ground, volume: &Volume, picture: Option<&[u8]>, modality: Modality) -> Result<(f64, Vec<f64>)> {
    let p = match ground {
        Ground::Value(value) => return Ok((value, vec![])),
        Ground::Percentile(p) => p,
    };
    let of = |volume: &Volume| -> Result<f64> {
        let inner = picture.map(|picture| within(volume, picture)).transpose()?;
        Ok(volume.scale.value(percentile(&Device::Cpu, inner.as_ref().unwrap_or(volume), p)?))
    };
    Ok(match EvenSlices::of(volume, modality)? {
        Some(even) => (of(&even.volume)?, even.above),
        None => (of(volume)?, vec![]),
    })
}

/// The samples of the picture, in a row.
fn within(volume: &Volume, picture: &[u8]) -> Result<Volume> {
    let samples = volume.samples.host()?.iter().zip(picture);
    let samples: Vec<i32> = samples.filter(|(_, inside)| **inside != 0).map(|(sample, _)| *sample).collect();
    Volume::new(Shape::flat(1, samples.len()), samples)
}

/// A dye of a mixture.
pub(super) struct FoundDye {
    pub amounts: Volume,
    /// The index of the channel that it is brightest in.
    pub of: usize,
    /// The light of one unit of it there.
    pub brightest: f64,
}

/// The dyes of a mixture, in their order.
pub(super) fn unmixed(name: &str, mixture: &Unmix, scan: &Scan, roles: &mut Roles) -> Result<Vec<FoundDye>> {
    let spectra = mixture.spectra().ok_or_else(|| {
        Error::usage(format!("no image says what the dyes of \"{name}\" look like"))
            .remedy(format!("a sample sheet with their controls, or their numbers in [unmix.{name}.dyes]"))
    })?;
    let matrix = Mixture::new(&spectra)?;
    let found = unmix(&matrix, &channels(mixture, scan, roles)?)?;
    roles.warnings.extend(of_close_dyes(name, matrix.told_apart()));
    if found.saturated > 0 {
        roles.warnings.push(of_saturated(name, &found, scan.shape.len()));
    }
    roles.mixed.push(Mixed { name: name.into(), residual: found.residual, saturated: found.saturated });
    let dye = |(k, amounts)| {
        let (of, _) = source(&mixture.channels[matrix.main_channel(k)], scan, roles)?;
        Ok(FoundDye { amounts, of, brightest: matrix.brightest(k) })
    };
    found.dyes.into_iter().enumerate().map(dye).collect()
}

/// What is said of voxels with a saturated channel.
fn of_saturated(name: &str, found: &Unmixed, all: usize) -> String {
    let noise = match found.noisier {
        Some(times) => format!("noise counts up to {times:.1} times as much in them"),
        None => "these do not tell all dyes, which then are 0 or what the end of the scale shows".into(),
    };
    format!(
        "{name}: {} of {all} voxels have a saturated channel; their dyes follow from the other channels, and {noise}: they, and means of objects that hold them, may be far too \
         high as well as too low; expose for a shorter time, or leave out objects that hold such voxels",
        found.saturated
    )
}

/// Dyes that have so much more noise than alone are cut at 0 in half of the voxels that have none or little of them: 11.5 times is an angle of 5 degrees.
const CLOSE: f64 = 11.5;

/// What is said of dyes that are told from each other by little.
fn of_close_dyes(name: &str, times: f64) -> Option<String> {
    let degrees = libm::asin(1.0 / times) * 180.0 / std::f64::consts::PI;
    (times > CLOSE).then(|| {
        format!(
            "{name}: a dye lies {degrees:.1} degrees from what the others can look like, so it has {times:.0} times the noise that it would have alone; cut at 0, its mean is too high \
             where it has little light, and that of the others too low; a channel that one of them has alone tells them apart, or fewer dyes do"
        )
    })
}

/// The channels of a mixture.
pub(super) fn channels<'a>(mixture: &Unmix, scan: &'a Scan, roles: &Roles) -> Result<Vec<Light<'a>>> {
    let light = |(i, role): (usize, &String)| {
        let (_, channel) = source(role, scan, roles)?;
        let picture = Beside::of(&channel.volume, scan.modality)?.map(|beside| beside.picture);
        let (background, slices) =
            background(mixture.background(i), &channel.volume, picture.as_deref(), scan.modality)?;
        Ok(Light { volume: &channel.volume, background, slices, picture, saturation: channel.saturation })
    };
    mixture.channels.iter().enumerate().map(light).collect()
}

/// The channel without the light that others leave in it.
pub(super) fn without_bleed_through(
    channel: Volume,
    image: &DerivedImage,
    scan: &Scan,
    roles: &Roles,
) -> Result<Volume> {
    if image.bleed_through.is_empty() {
        return Ok(channel);
    }
    let other = |(role, share): (&String, &f64)| Ok((*share, &source(role, scan, roles)?.1.volume));
    subtract_bleed_through(&channel, &image.bleed_through.iter().map(other).collect::<Result<Vec<_>>>()?)
}

/// The channel as an even field would have lit it.
pub(super) fn evened(
    name: &str,
    channel: &Channel,
    image: &DerivedImage,
    scan: &Scan,
    roles: &mut Roles,
) -> Result<Volume> {
    let Some(flat) = &image.flat_field else { return Ok(channel.volume.clone()) };
    let reference = |file: &String| {
        let channels = scan.references.get(file).ok_or_else(|| {
            Error::io(format!("the file \"{file}\" was not read")).remedy("a run, which reads what the recipe names")
        })?;
        of_channel(file, channels, &channel.name, &channel.volume)
    };
    let dark = image.dark.as_ref().map(reference).transpose()?;
    let field = Flat::new(reference(flat)?, dark)?;
    if field.unknown > 0 {
        let n = field.unknown;
        roles.warnings.push(format!("{name}: {n} pixels of the flat field are dark; the image is 0 there"));
    }
    field.correct(&channel.volume)
}

/// Of a file with one channel that one, else the one of the same name; of the size of a plane of the image, or of all of it.
fn of_channel<'a>(file: &str, channels: &'a [Channel], name: &str, image: &Volume) -> Result<&'a Volume> {
    let alike = |c: &&Channel| likeness(name, &c.name).is_some_and(|l| l <= Likeness::Spelling);
    let found = match channels {
        [one] => Some(one),
        several => several.iter().find(alike),
    };
    let found = found.ok_or_else(|| {
        let names: Vec<String> = channels.iter().map(|c| format!("\"{}\"", c.name)).collect();
        Error::usage(format!("\"{file}\" has the channels {}, none called \"{name}\"", names.join(", ")))
            .remedy("a file with one channel")
    })?;
    let (shape, wanted) = (found.volume.shape, image.shape);
    if [shape.y, shape.x] != [wanted.y, wanted.x] || (shape.z != 1 && shape.z != wanted.z) {
        let what = format!("\"{file}\" is {shape}, the image {wanted}");
        return Err(Error::usage(what).remedy("a flat field and a dark image of the size of the images"));
    }
    Ok(&found.volume)
}

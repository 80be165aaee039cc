//! A few bright objects above an uneven ground.
//!
//! Otsu's threshold on square roots is low, for the sake of dim objects. Where a few bright ones cover hardly any of an image, the waves of its ground
//! are all that is left to divide, and the threshold falls among them: dozens of objects that are none, beside three that are. So where
//! a threshold lies far below that of the values as they are, and takes in much of the image, what lies far from all bright objects is looked at by
//! itself. It has no objects if its two classes explain no more than those of noise do, and if they lie no farther apart than a twelfth of what the
//! bright objects stand out by. These have to be of the size that was found in the image: specks of dust may be any times as bright as a crowd.
//!
//! All of it is done on the host: the same on every device.

use super::specks::{things, typical};
use super::state::{Picture, State};
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::ops::far::near;
use crate::ops::histogram::BinScale;
use crate::ops::pixelwise::above;
use crate::ops::threshold::{BinChoice, Cut, NOISE, Signal, otsu_classes};
use crate::units::Shape;

/// A threshold is far below that of the values as they are if it is less than one such part of it.
const FAR_BELOW: f64 = 5.0;
/// And takes in much of an image from this percentage on.
const MUCH: f64 = 5.0;
/// So much of the image lies far from bright objects, where they are few.
const FAR: f64 = 0.9;
/// A ground varies by no more than one such part of what bright objects stand out by.
const GROUND: f64 = 12.0;
/// A bright thing has at least this share of a disk of the typical radius.
const OF_DISK: f64 = 0.3;
/// Of the threshold of the values as they are: what that on square roots is for two classes without spread.
const LOW: f64 = 0.5;
const BINS: BinChoice = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };

impl State<'_> {
    /// A threshold that leaves the ground out where a lower one, `t`, would divide it; else that one.
    ///
    /// # Errors
    /// The device is lost.
    pub fn above_uneven_ground(&mut self, image: &Picture, signal: &Signal, t: f64) -> Result<f64> {
        let classes = &signal.classes;
        let bright = classes.threshold;
        let Some(radius) = self.geometry.radius_px.filter(|_| image.volume.shape.is_flat()) else { return Ok(t) };
        if t * FAR_BELOW >= bright || signal.percentile(100.0 - MUCH)? <= t {
            return Ok(t);
        }
        let on_host = image.volume.to_host()?;
        let steps = self.geometry.along(radius).map(|v| v.round() as usize);
        let is_near = near(&on_host, steps, bright.floor() as i32)?;
        let samples = on_host.samples.host()?.iter().zip(&is_near);
        let far: Vec<i32> = samples.filter(|(_, near)| **near == 0).map(|(sample, _)| *sample).collect();
        if (far.len() as f64) < FAR * is_near.len() as f64 {
            return Ok(t);
        }
        let ground = otsu_classes(&Device::Cpu, &Volume::new(Shape::flat(1, far.len()), far)?, BINS)?;
        let is_ground = ground.explained <= NOISE && ground.contrast * GROUND <= classes.contrast;
        let things = things(&above(&Device::Cpu, &on_host, bright.floor() as i32)?)?;
        if !is_ground || (typical(&things) as f64) < OF_DISK * std::f64::consts::PI * radius * radius {
            return Ok(t);
        }
        let higher = LOW * bright;
        let of = |sample: f64| image.volume.scale.value(sample);
        self.notes.push(format!(
            "what lies between {:.4} and {:.4} counts as an uneven ground below a few bright objects: it looks like noise, and varies by less than a \
             twelfth of what they stand out by; if dim objects are missing there: bounds = [0, {:.4}] in the step threshold",
            of(t),
            of(higher),
            of(t)
        ));
        Ok(higher)
    }
}

//! What lies beside the picture: the margin of a mosaic, of a channel that was moved or turned, of a well behind a round mask, and
//! rows or columns that see nothing.
//!
//! Most of it has one value, which is no light, or repeats the edge of the picture. It makes an edge as high as the ground, digs holes into
//! backgrounds, is a class of its own for thresholds, and has no noise. So it is filled with the picture next to it (`fill`) where objects
//! are searched for, and no object is found there; what is measured has it as it is.
//!
//! Of one value it hangs together with the border of its plane. Far darker or brighter than all else it is one where (`black`)
//! - it has the least value of the border (or the greatest, along a fifth of it), many deviations below the ground of all else (above all else),
//!   as a camera's ground never does by itself;
//! - that value is all but missing elsewhere: a ground that was cut off at 0 has it everywhere;
//! - what is left are pictures, not objects cut out of theirs: pieces wider than objects are, rectangles, nearly all there is, or tiles that
//!   narrow lines part (`pieces`);
//! - they are cut off sharply: what optics have drawn on black, as a section of tissue, rises slowly behind its edge (`edge`).
//!
//! Pixels next to it that lie as far below the ground belong to it, as interpolation leaves them. Of any other value it is told by the noise that it has
//! not (`grey`), and so are rows that repeat one (`repeated`). Slices of a stack that no light has fallen on (`unlit`) see nothing either.

mod black;
mod convex;
mod edge;
mod fill;
mod grey;
mod lines;
mod pieces;
mod repeated;
mod unlit;

use crate::Result;
use crate::device::Buffer;
use crate::image::{Mask, Modality, Volume};
use crate::units::Shape;
use fill::filled;
use lines::with_narrow;
use rayon::prelude::*;

/// A margin that the user should look at.
const LARGE: f64 = 0.25;

/// What lies beside the picture in a channel of a camera.
pub(super) struct Beside {
    shape: Shape,
    /// 1 in the picture, 0 beside it.
    pub picture: Vec<u8>,
    what: What,
}

/// What is there.
#[derive(Clone, Copy)]
enum What {
    /// This sample, far darker than all else.
    Black(i32),
    /// This sample, brighter or as grey as the picture.
    Other(i32),
    /// The edge of the picture, again and again.
    Edge,
}

impl Beside {
    /// That of a channel, if it has one. Most have none, which a look at their borders tells.
    ///
    /// # Errors
    /// The channel is not on the host.
    pub fn of(volume: &Volume, modality: Modality) -> Result<Option<Self>> {
        if modality != Modality::Fluorescence {
            return Ok(None);
        }
        let (shape, samples) = (volume.shape, volume.samples.host()?);
        let beside = |picture, what| Some(Beside { shape, picture, what });
        if let Some((picture, black)) = black::dark(shape, samples)? {
            return Ok(beside(picture, What::Black(black)));
        }
        if let Some((picture, white)) = black::white(shape, samples)? {
            return Ok(beside(picture, What::Other(white)));
        }
        if let Some((picture, grey)) = grey::grey(shape, samples)? {
            return Ok(beside(picture, What::Other(grey)));
        }
        Ok(repeated::repeated(shape, samples).and_then(|picture| beside(picture, What::Edge)))
    }

    /// The sample that says by itself of a voxel that it lies beside the picture.
    pub fn black(&self) -> Option<i32> {
        match self.what {
            What::Black(black) => Some(black),
            What::Other(_) | What::Edge => None,
        }
    }

    /// Its share of the voxels.
    fn share(&self) -> f64 {
        self.picture.par_iter().filter(|p| **p == 0).count() as f64 / self.shape.len() as f64
    }

    /// What it is, for the user.
    fn description(&self, volume: &Volume) -> String {
        match self.what {
            What::Black(value) | What::Other(value) => {
                format!("in a margin or in lines of the one value {}", volume.scale.value(f64::from(value)))
            }
            What::Edge => "in a margin that repeats its first or last row or column".into(),
        }
    }
}

/// The margin of a channel, and the channel without it.
#[derive(Clone)]
pub(super) struct Margin {
    /// The channel with the picture next to it in its place.
    pub filled: Volume,
    /// 1 where objects may be found: in the picture, and in lines through it. On the host.
    pub searched: Mask,
    /// What lies beside the picture, for the user, and its share of the voxels.
    beside: Option<(String, f64)>,
    /// Slices that no light has fallen on, from 0 on.
    unlit: Vec<usize>,
}

impl Margin {
    /// That of a channel of a camera, if it has one.
    ///
    /// # Errors
    /// The channel is not on the host.
    pub fn of(volume: &Volume, modality: Modality) -> Result<Option<Self>> {
        if modality != Modality::Fluorescence {
            return Ok(None);
        }
        let (shape, samples) = (volume.shape, volume.samples.host()?);
        let beside = Beside::of(volume, modality)?;
        let unlit = unlit::unlit(shape, samples, beside.as_ref().map(|beside| beside.picture.as_slice()));
        if beside.is_none() && unlit.is_empty() {
            return Ok(None);
        }
        let described = beside.as_ref().map(|beside| (beside.description(volume), beside.share()));
        let mut picture = beside.map_or_else(|| vec![1; shape.len()], |beside| beside.picture);
        let plane = shape.y * shape.x;
        unlit.iter().for_each(|z| picture[z * plane..(z + 1) * plane].fill(0));
        Ok(Some(Margin {
            filled: volume.with(Buffer::on_host(filled(shape, samples, &picture)?)),
            searched: Mask { shape, voxels: Buffer::on_host(with_narrow(shape, &picture)) },
            beside: described,
            unlit,
        }))
    }

    /// Whether it is so large that the user should look at it.
    pub fn is_large(&self) -> bool {
        self.beside.as_ref().is_some_and(|(_, share)| *share > LARGE)
    }

    /// What lies beside the picture, for the user, of a set.
    pub fn message(&self, set: &str) -> Option<String> {
        let (what, share) = self.beside.as_ref()?;
        Some(format!(
            "{:.2} % of the channel lie beside the picture, {what}: no object is searched for there, and none grows into it; if it is ground all the same, as around \
             a section of tissue: --set objects.{set}.margin=false",
            100.0 * share
        ))
    }

    /// The slices without light, for the user, of a set.
    pub fn unlit_message(&self, set: &str) -> Option<String> {
        let (last, others) = self.unlit.split_last()?;
        let listed: Vec<String> = others.iter().map(|z| (z + 1).to_string()).collect();
        let (slices, are) = if others.is_empty() { ("slice", "is") } else { ("slices", "are") };
        let and = if others.is_empty() { "" } else { " and " };
        Some(format!(
            "{slices} {}{and}{} of {} {are} unlit (far darker than the others, with less noise, and all but empty): the search for objects fills them from the \
             slices next to them, so objects go on through them between others; measured values contain them as they are; if they are ground: \
             --set objects.{set}.margin=false",
            listed.join(", "),
            last + 1,
            self.searched.shape.z
        ))
    }
}

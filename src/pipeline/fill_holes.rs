//! The step that fills holes: all of them, or the insides of cells alone.
//!
//! What membranes enclose is the inside of a cell, which is dim where they alone are stained. But cells enclose what is no cell as well: the
//! lumen of a gland or of a vessel, a gap in a layer. The inside of a cell holds its nucleus, and the others hold none.

use super::given::source;
use super::state::State;
use super::typical::radius_of;
use crate::Result;
use crate::image::{Labels, Mask};
use crate::ops::cytoplasm::cytoplasm;
use crate::ops::fill::{fill_holes, fill_label_holes};
use crate::ops::label::{Connectivity, label};
use crate::ops::pixelwise::{and, foreground, not};
use crate::ops::renumber::select;
use crate::ops::sizes::sizes;
use crate::recipe::FillHoles;

/// The inside of a cell is no larger than so many times its nucleus: eight times as wide. A lumen that the edge of a nucleus reaches into is.
const INSIDE: u64 = 64;

impl State<'_> {
    /// Holes of the mask, or of each object once there are labels.
    pub fn fill_holes(&mut self, p: &FillHoles) -> Result<()> {
        let device = self.device;
        if let Some(labels) = self.labels.clone() {
            let filled = fill_label_holes(device, &labels)?;
            let open = self.left_open(p, &foreground(device, &labels)?, &foreground(device, &filled)?)?;
            self.labels = Some(open.map_or(Ok(filled.clone()), |open| cytoplasm(device, &filled, &open))?);
            return Ok(());
        }
        let mask = self.mask("fill_holes")?;
        let filled = fill_holes(device, &mask)?;
        self.mask = Some(match self.left_open(p, &mask, &filled)? {
            Some(open) => and(device, &filled, &not(device, &foreground(device, &open)?)?)?,
            None => filled,
        });
        Ok(())
    }

    /// The holes that are no insides of cells: too large for what of an object is in them, and larger than a typical object. Nothing where
    /// all are filled.
    fn left_open(&mut self, p: &FillHoles, mask: &Mask, filled: &Mask) -> Result<Option<Labels>> {
        let Some(around) = &p.around else { return Ok(None) };
        let device = self.device;
        let from = source(self.sets, around)?;
        let mut geometry = self.geometry;
        geometry.radius_px = Some(from.radius_px.map_or_else(|| radius_of(&from.on_device, &geometry, device), Ok)?);
        let small = geometry.typical_size().unwrap_or_default();
        let holes = label(device, &and(device, filled, &not(device, mask)?)?, Connectivity::Face)?;
        let whole = sizes(device, &holes)?;
        let beside = sizes(device, &cytoplasm(device, &holes, &from.on_device)?)?;
        let is_open = |(whole, beside): (&u32, &u32)| {
            f64::from(*whole) > small && u64::from(*whole) > INSIDE * u64::from(whole - beside)
        };
        // Entry 0 counts what is no hole.
        let open: Vec<bool> = whole.iter().zip(&beside).enumerate().map(|(i, of)| i > 0 && is_open(of)).collect();
        let n = open.iter().filter(|is| **is).count();
        if n == 0 {
            return Ok(None);
        }
        self.notes.push(match n {
            1 => format!("1 hole without any of \"{around}\" is left open: a lumen, a gap, or a vacuole"),
            _ => format!("{n} holes without any of \"{around}\" are left open: lumina, gaps, or vacuoles"),
        });
        Ok(Some(select(device, &holes, &open)?))
    }
}

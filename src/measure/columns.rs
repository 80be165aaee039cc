//! Which columns a table has, in which order, and their cells.
//!
//! One list serves the tables and the data dictionary, which is the list over no rows.

use super::feature::{About, Definition, Feature};
use super::{Family, Row, intensity, lesion, position, probe, quality, radial, reference, shape, suffixes, zernike};
use crate::scan::NO_UNIT;
use crate::table::Cells;
use crate::units::Unit;

/// A column: what it says, and what it holds.
type Entry = (Definition, Cells);

/// What the columns of a table of objects depend on.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub families: &'a [Family],
    /// Names and units of channels.
    pub channels: &'a [(&'a str, &'a str)],
    pub unit: Unit,
}

impl Plan<'_> {
    fn has(&self, family: Family) -> bool {
        self.families.contains(&family)
    }

    /// The columns over some rows, with `before` rows above them.
    pub fn entries(&self, before: usize, rows: &[Row]) -> Vec<Entry> {
        let objects = About::objects(self.unit);
        let labels = (before as i64 + 1..).take(rows.len());
        let mut all = vec![(label(), Cells::Int(labels.map(Some).collect()))];
        all.extend(position::features(self.unit).map(|f| f.column(&objects, rows.iter().map(|r| Some(&r.position)))));
        let uptake = About { values: self.channels.first().map_or(NO_UNIT, |c| c.1), ..objects };
        if self.has(Family::Lesion) {
            extend(&mut all, lesion::FEATURES, &uptake, rows, |r| r.lesion.as_ref());
        }
        if self.has(Family::Reference) {
            extend(&mut all, reference::FEATURES, &uptake, rows, |r| r.reference.as_ref());
        }
        if self.has(Family::Shape) {
            extend(&mut all, shape::FEATURES, &objects, rows, |r| r.shape.as_ref());
        }
        if self.has(Family::Zernike) {
            extend(&mut all, zernike::FEATURES, &objects, rows, |r| r.zernike.as_ref());
        }
        let names: Vec<&str> = self.channels.iter().map(|c| c.0).collect();
        for (i, ((_, values), suffix)) in self.channels.iter().zip(suffixes(&names)).enumerate() {
            let about = About { length: self.unit, channel: Some(&suffix), values };
            self.channel(&mut all, &about, rows, i);
        }
        if self.unit == Unit::Mm {
            // PET is volumes: what only 2-D images fill would be empty in every table.
            all.retain(|(d, _)| !shape::FLAT_REASONS.contains(&d.empty));
        }
        all
    }

    fn channel(&self, all: &mut Vec<Entry>, about: &About, rows: &[Row], i: usize) {
        if self.has(Family::Intensity) {
            extend(all, intensity::FEATURES, about, rows, |r| r.channels.get(i)?.intensity.as_ref());
        }
        if self.has(Family::Radial) {
            extend(all, radial::FEATURES, about, rows, |r| r.channels.get(i)?.radial.as_ref());
        }
        if self.has(Family::Probe) {
            extend(all, probe::FEATURES, about, rows, |r| r.channels.get(i)?.probe.as_ref());
        }
    }
}

/// The columns of a family. What an earlier family has said under the same name is not said again.
fn extend<Facts>(
    all: &mut Vec<Entry>,
    features: &'static [Feature<Facts>],
    about: &About,
    rows: &[Row],
    facts: impl Fn(&Row) -> Option<&Facts>,
) {
    for f in features {
        let entry = f.column(about, rows.iter().map(&facts));
        if all.iter().all(|(d, _)| d.name != entry.0.name) {
            all.push(entry);
        }
    }
}

/// The columns of an image's channel. In PET only its values: its quality is not that of a camera.
pub(super) fn image(unit: Unit) -> impl Iterator<Item = &'static Feature<quality::Facts>> {
    quality::FEATURES.iter().filter(move |f| unit == Unit::Um || quality::VALUES.contains(&f.name))
}

fn label() -> Definition {
    Definition {
        name: "label".into(),
        unit: String::new(),
        type_name: "int",
        definition: "Number of the object in the label image".into(),
        standard: "skimage:label".into(),
        empty: "",
    }
}

//! The columns of all tables of a recipe, without an image.

use super::made::Derived;
use super::roles::Roles;
use super::{External, Outcome, Sets, finish, mixed};
use crate::Result;
use crate::device::Device;
use crate::image::{Channel, GRAY_UNIT, Labels, NO_UNIT, ObjectSet, SUV_UNIT, Scan, Volume};
use crate::pet::suv;
use crate::recipe::{Recipe, Step};
use crate::units::Shape;
use std::collections::BTreeMap;

/// What [`run`](super::run) gives for any image, without a row of objects: the columns of every table, for the data dictionary.
///
/// # Errors
/// None in practice.
pub fn columns(recipe: &Recipe) -> Result<Outcome> {
    let shape = Shape::flat(1, 1);
    let has_suv = recipe.body.has_suv();
    let channel = |name: &String| -> Result<Channel> {
        Ok(Channel {
            name: name.clone(),
            unit: match recipe.body.images.get(name) {
                Some(image) if image.is_dose() => GRAY_UNIT,
                _ if has_suv => SUV_UNIT,
                _ => NO_UNIT,
            },
            volume: Volume::new(shape, vec![0])?,
            saturated: Some(0),
            saturation: Some(255),
        })
    };
    let channels = recipe.body.channels.keys().chain(&recipe.images).map(channel).collect::<Result<Vec<_>>>()?;
    let found: Vec<_> = recipe.body.channels.keys().cloned().enumerate().map(|(i, role)| (role, i)).collect();
    let derived =
        |(i, name): (usize, &String)| Derived { name: name.clone(), index: found.len() + i, of: 0, full_scale: None };
    let derived = recipe.images.iter().enumerate().map(derived).collect();
    let roles = Roles { found, derived, mixed: mixed::blank(recipe), ..Roles::default() };
    let modality = crate::image::Modality::Fluorescence;
    let mut scan = Scan::new(modality, shape, channels);
    if recipe.body.has_suv() {
        scan.audit = suv::columns()?;
    }
    let mut made = BTreeMap::new();
    for (name, set) in &recipe.body.objects {
        let thresholds = set.steps.iter().flatten().map(Step::thresholds).sum();
        let empty = ObjectSet::new(Labels::new(shape, vec![0])?)?;
        made.insert(name.clone(), ObjectSet { thresholds: vec![0.0; thresholds], ..empty });
    }
    let (device, external) = (&Device::Cpu, &External::new());
    finish(&Sets { scan: &scan, recipe, roles: &roles, device, external, made: &made }, &mut |_, _| Ok(()))
}

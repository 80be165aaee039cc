//! The columns of all tables of a recipe, without an image.

use super::made::Derived;
use super::roles::Roles;
use super::{External, Outcome, Sets, finish, mixed};
use crate::Result;
use crate::device::Device;
use crate::image::{Channel, GRAY_UNIT, Labels, NO_UNIT, ObjectSet, SUV_UNIT, Scan, Volume};
use crate::pet::suv;
use crate::recipe::{Recipe, Step, one_name};
use crate::table::Column;
use crate::units::Shape;
use std::collections::{BTreeMap, HashMap};

/// What [`run`](super::run) gives for any image, without a row of objects: the columns of every table, for the data dictionary.
///
/// # Errors
/// Names of object sets and channels give two columns one name: one of them would be missing, and the other taken for it.
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
    let sets = Sets { scan: &scan, recipe, roles: &roles, device, external, made: &made };
    let outcome = finish(&sets, &mut |_, _| Ok(()))?;
    differ("images", &outcome.row.columns).map_err(|e| e.at(&recipe.name))?;
    for set in &outcome.sets {
        differ(&set.name, &set.table.columns).map_err(|e| e.at(&recipe.name))?;
    }
    Ok(outcome)
}

/// The columns of a table have names of their own.
fn differ(table: &str, columns: &[Column]) -> Result<()> {
    let mut known: HashMap<&str, &Column> = HashMap::new();
    for column in columns {
        let Some(other) = known.insert(&column.name, column) else { continue };
        return Err(one_name(table, &column.name, [&other.definition, &column.definition]));
    }
    Ok(())
}

//! An object set measured as it is, and again after each small change.

use super::given::missing;
use super::perturb::{PERTURBATIONS, perturbed};
use super::{External, find, run};
use crate::Result;
use crate::device::Device;
use crate::image::{Regions, Scan};
use crate::recipe::{Objects, Recipe};
use crate::table::{Cells, Table};

/// A column of the set's table: name, unit, and for each object its value as it is and after each of [`PERTURBATIONS`].
pub type Repeated = (String, String, Vec<Vec<Option<f64>>>);

/// Columns that say which object it is and not what it is like.
const NAMES: [&str; 4] = ["label", "label_in_file", "region", "region_coverage"];

/// Measures the objects of a set of an image on the grid of the recipe: as they are, and after each change of image and regions. What the
/// objects are is settled before: they are not looked for again.
///
/// # Errors
/// As for a run of the recipe.
pub fn repeated(
    (scan, external): (&Scan, &External),
    recipe: &Recipe,
    set: &str,
    device: &Device,
) -> Result<Vec<Repeated>> {
    let missing = || missing(set);
    let labels = find(scan, recipe, device, external, &|| Ok(()))?.set(set).ok_or_else(missing)?.labels.clone();
    let (recipe, count) = (of_regions(recipe, set), labels.count as usize);
    let voxels = labels.voxels().host()?;
    let measure = |scan: &Scan, voxels: &[u32]| -> Result<Table> {
        let mut external = external.clone();
        external.insert(set.into(), Regions::of_voxels(scan.shape, voxels)?);
        let outcome = run(scan, &recipe, device, &external)?;
        outcome.sets.into_iter().find(|s| s.name == set).map(|s| s.table).ok_or_else(missing)
    };
    let mut tables = vec![measure(scan, voxels)?];
    for (_, by) in PERTURBATIONS {
        let (scan, voxels) = perturbed(scan, voxels, by)?;
        tables.push(measure(&scan, &voxels)?);
    }
    let columns =
        tables[0].columns.iter().filter(|c| !NAMES.contains(&c.name.as_str()) && !c.name.starts_with("parent_"));
    let numbers = columns.filter(|c| !matches!(c.cells, Cells::Text(_)));
    let values = |name: &str| {
        let of_table = |table: &Table| by_label(table, name, count);
        let each: Vec<Vec<Option<f64>>> = tables.iter().map(of_table).collect();
        (0..count).map(|i| each.iter().map(|values| values[i]).collect()).collect()
    };
    Ok(numbers.map(|c| (c.name.clone(), c.unit.clone(), values(&c.name))).collect())
}

/// The recipe with the set read from regions, and nothing else measured.
fn of_regions(recipe: &Recipe, set: &str) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.body.grid = None;
    let families = recipe.body.measure.get(set).map_or(&[][..], |measure| &measure.families);
    let looks_around = families.iter().any(|c| c.family.needs().background || !c.family.mentions().sets.is_empty());
    // Other sets need not be found nine times where nothing looks at them.
    if !looks_around && !recipe.images.iter().any(|image| recipe.body.follows_objects(image)) {
        recipe.body.objects.retain(|name, _| name == set);
        [&mut recipe.order, &mut recipe.children_first].into_iter().for_each(|names| names.retain(|name| name == set));
    }
    let body = &mut recipe.body;
    body.measure.retain(|name, _| name == set);
    body.relate.clear();
    body.images.values_mut().for_each(|image| image.write = false);
    for (name, objects) in &mut body.objects {
        objects.write = name == set;
        if name == set {
            let scale = objects.scale;
            *objects = Objects { labels: Some("regions".into()), scale, ..Objects::default() };
        }
    }
    recipe
}

/// The values of a column by the number that objects had before the change; nothing for those that are gone.
fn by_label(table: &Table, name: &str, count: usize) -> Vec<Option<f64>> {
    let mut values = vec![None; count];
    let (Some(numbers), Some(column)) = (table.column("label_in_file"), table.column(name)) else { return values };
    let Cells::Int(numbers) = &numbers.cells else { return values };
    for (row, number) in numbers.iter().enumerate() {
        let value = match &column.cells {
            Cells::Int(cells) => cells.get(row).copied().flatten().map(|v| v as f64),
            Cells::Real(cells) => cells.get(row).copied().flatten(),
            Cells::Text(_) => None,
        };
        let at = number.and_then(|n| usize::try_from(n - 1).ok());
        if let Some(cell) = at.and_then(|at| values.get_mut(at)) {
            *cell = value;
        }
    }
    values
}

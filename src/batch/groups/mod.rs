//! A row for each group of images: how many there are, their objects and densities, and what the numbers of their images are.
//!
//! Groups are put together from the rows of the other tables as these are written, in the order of the images, so a run, its
//! shards put together, and a run that went on give the same. Of each image the chosen numbers are kept, and of objects those that a family
//! pools; no rows.

mod table;
mod volume;
mod wells;

pub(super) use volume::check as check_volumes;

use super::layout::Layout;
use super::metadata::Metadata;
use super::named_rows::{NamedRows, number};
use super::parts::IMAGES;
use super::record::{NOT_FINISHED, NOT_REACHED};
use crate::measure::{Chosen, suffixes};
use crate::recipe::{self, Recipe};
use crate::table::{Cells, Column, Table};
use crate::words::suggestion;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use std::collections::BTreeMap;
use wells::WellNames;

/// The name of the table.
pub(super) const GROUPS: &str = "groups";

/// What is put together.
pub(super) struct Groups {
    by: Vec<String>,
    /// The column of volumes.
    volume: Option<String>,
    area: Option<String>,
    sets: Vec<Set>,
    pools: Vec<Pool>,
    /// Columns of images that are summed up.
    columns: Vec<Column>,
    wells: WellNames,
    groups: BTreeMap<wells::Key, Group>,
}

/// An object set.
struct Set {
    name: String,
    classes: Vec<String>,
    /// The classes as columns have them.
    suffixes: Vec<String>,
    /// Its objects have a density.
    is_dense: bool,
}

/// What a family says of the objects of a set in all images of a group.
struct Pool {
    set: String,
    family: Chosen,
    /// Columns of the objects that it is made of.
    columns: Vec<String>,
}

/// Images that belong together.
struct Group {
    ok: i64,
    failed: i64,
    /// Of those that are done, the ones with warnings.
    warned: i64,
    /// All of them are done.
    is_whole: bool,
    /// Objects of each set: all, then by class.
    objects: Vec<Vec<i64>>,
    /// Whether an image does not say how many there are of the class.
    unsure: Vec<Vec<bool>>,
    /// Those that lie where the area is known.
    on_area: Vec<Vec<i64>>,
    area_mm2: f64,
    volume_ml: Option<f64>,
    /// Of each pool, the numbers of the objects.
    pooled: Vec<Vec<Vec<Option<f64>>>>,
    /// Of each column, the values that there are.
    values: Vec<Vec<f64>>,
}

impl Groups {
    /// For the recipe of a run that has groups; `layout` is that of its other tables.
    pub fn new(recipe: &Recipe, layout: &Layout) -> Option<Self> {
        let recipe::Groups { by, area, volume, .. } = recipe.body.groups.as_ref()?;
        let set = |name: &String| {
            let classes = recipe.body.classes(name);
            let suffixes = suffixes(&classes.iter().map(String::as_str).collect::<Vec<_>>());
            let parents = recipe.body.objects.get(name).map_or(&[][..], |set| &set.parent);
            let is_dense = area.as_ref().is_none_or(|area| parents.contains(area));
            Set { name: name.clone(), classes, suffixes, is_dense }
        };
        let wanted = |c: &&Column| {
            let is_number = !matches!(c.cells, Cells::Text(_));
            is_number && recipe.body.groups.as_ref().is_some_and(|groups| groups.wants(&c.name))
        };
        let pools = layout.sets.keys().flat_map(|name| {
            let families = recipe.body.measure.get(name).map_or(&[][..], |measure| &measure.families);
            let pool =
                |family: &Chosen| Pool { set: name.clone(), family: family.clone(), columns: family.pooled_columns() };
            families.iter().map(pool).filter(|pool| !pool.columns.is_empty()).collect::<Vec<_>>()
        });
        Some(Groups {
            pools: pools.collect(),
            by: by.clone(),
            volume: volume.clone(),
            area: area.clone(),
            sets: layout.sets.keys().map(set).collect(),
            columns: layout.images.iter().filter(wanted).cloned().collect(),
            wells: WellNames::of(recipe),
            groups: BTreeMap::new(),
        })
    }

    /// Learns of an image what the row of its group is called, before any row is taken.
    pub fn meet(&mut self, cells: &[Option<String>], metadata: &Metadata) {
        let key = self.by.iter().map(|name| metadata.cell(cells, name)).collect();
        self.wells.meet(&key);
    }

    /// Counts an image as one with a warning.
    pub fn warn(&mut self, cells: &[Option<String>], metadata: &Metadata) {
        let key = self.by.iter().map(|name| metadata.cell(cells, name)).collect();
        if let Some(group) = self.groups.get_mut(&self.wells.group(key)) {
            group.warned += 1;
        }
    }

    /// Takes rows of a table of the run.
    ///
    /// # Errors
    /// None in practice.
    pub fn take(&mut self, table: &str, rows: &RecordBatch) -> Result<()> {
        match table {
            IMAGES => self.images(rows),
            set => {
                self.pool(set, rows)?;
                self.objects(set, rows)
            }
        }
    }

    fn images(&mut self, rows: &RecordBatch) -> Result<()> {
        let cells = NamedRows(rows);
        let of_column = self.columns.iter().map(|c| cells.values(&c.name)).collect::<Result<Vec<_>>>()?;
        let mut of_set = vec![];
        for set in &self.sets {
            let classes = set.suffixes.iter().map(|class| format!("class_count_{}_{class}", set.name));
            let names = std::iter::once(format!("count_{}", set.name)).chain(classes);
            of_set.push(names.map(|name| cells.values(&name)).collect::<Result<Vec<_>>>()?);
        }
        for i in 0..rows.num_rows() {
            let status = cells.text("status", i)?;
            let is_ok = status.as_deref() == Some("ok");
            if !is_ok && status.as_deref() != Some("failed") {
                if cells
                    .text("reason", i)?
                    .is_some_and(|reason| [NOT_FINISHED, NOT_REACHED].iter().any(|stop| reason.starts_with(stop)))
                {
                    self.group(&cells, i)?.is_whole = false;
                }
                continue;
            }
            let area = match self.area {
                None => cells.area_mm2(i)?,
                Some(_) => None,
            };
            let volume = match &self.volume {
                Some(column) => cells.text(column, i)?.and_then(|cell| volume::millilitres(&cell)),
                None => None,
            };
            let is_warned = cells.text("warnings", i)?.is_some_and(|said| !said.is_empty());
            let group = self.group(&cells, i)?;
            group.volume_ml = group.volume_ml.or(volume);
            (group.ok, group.failed) = (group.ok + i64::from(is_ok), group.failed + i64::from(!is_ok));
            group.warned += i64::from(is_ok && is_warned);
            group.is_whole &= is_ok;
            group.area_mm2 += area.unwrap_or(0.0);
            for (k, columns) in of_set.iter().enumerate() {
                let has_objects = columns.first().is_some_and(|all| number(*all, i).is_some_and(|n| n > 0.0));
                for (c, column) in columns.iter().enumerate() {
                    let n = number(*column, i);
                    group.unsure[k][c] |= has_objects && n.is_none();
                    let n = n.unwrap_or(0.0) as i64;
                    group.objects[k][c] += n;
                    if area.is_some() {
                        group.on_area[k][c] += n;
                    }
                }
            }
            // Of one that failed facts may be known, but it was not measured.
            for (all, column) in group.values.iter_mut().zip(&of_column).filter(|_| is_ok) {
                all.extend(number(*column, i));
            }
        }
        Ok(())
    }

    /// Keeps what families pool.
    fn pool(&mut self, set: &str, rows: &RecordBatch) -> Result<()> {
        let cells = NamedRows(rows);
        for k in (0..self.pools.len()).filter(|k| self.pools[*k].set == set).collect::<Vec<_>>() {
            let columns = self.pools[k].columns.iter().map(|name| cells.values(name)).collect::<Result<Vec<_>>>()?;
            for i in 0..rows.num_rows() {
                self.group(&cells, i)?.pooled[k].push(columns.iter().map(|column| number(*column, i)).collect());
            }
        }
        Ok(())
    }

    /// Objects matter where they lie on the area of a set, or make it up.
    fn objects(&mut self, set: &str, rows: &RecordBatch) -> Result<()> {
        let Some(area) = self.area.clone() else { return Ok(()) };
        let Some(place) = self.sets.iter().position(|s| s.name == set) else { return Ok(()) };
        let (cells, parent) = (NamedRows(rows), format!("parent_{area}"));
        // Objects that an edge goes through belong to what they share a voxel with; were all of these counted, a small area would be full of them.
        let inside = cells.values(&format!("inside_{area}"))?;
        for i in 0..rows.num_rows() {
            let Some(own_mm2) = cells.own_area_mm2(i)? else { continue };
            let is_inside = match inside {
                Some(inside) => number(Some(inside), i) == Some(1.0),
                None => cells.number(&parent, i)?.is_some(),
            };
            let is_on_area = self.sets[place].is_dense && is_inside;
            let class = match cells.text("phenotype", i)? {
                Some(name) => Some(name),
                None => cells.text("class", i)?,
            };
            let class = class.and_then(|name| self.sets[place].classes.iter().position(|c| *c == name));
            let group = self.group(&cells, i)?;
            if set == area {
                group.area_mm2 += own_mm2;
            }
            if is_on_area {
                group.on_area[place][0] += 1;
                if let Some(class) = class {
                    group.on_area[place][class + 1] += 1;
                }
            }
        }
        Ok(())
    }

    /// The group of a row.
    fn group(&mut self, cells: &NamedRows, row: usize) -> Result<&mut Group> {
        let key = self.wells.group(self.by.iter().map(|name| cells.text(name, row)).collect::<Result<Vec<_>>>()?);
        let none = || self.sets.iter().map(|set| vec![0; set.classes.len() + 1]).collect::<Vec<_>>();
        let unsure = self.sets.iter().map(|set| vec![false; set.classes.len() + 1]).collect();
        let values = vec![vec![]; self.columns.len()];
        let pooled = vec![vec![]; self.pools.len()];
        let new = || Group {
            ok: 0,
            failed: 0,
            warned: 0,
            is_whole: true,
            objects: none(),
            unsure,
            on_area: none(),
            area_mm2: 0.0,
            volume_ml: None,
            pooled,
            values,
        };
        Ok(self.groups.entry(key).or_insert_with(new))
    }

    /// The table, a row a group in the order of their names.
    pub fn table(self) -> Table {
        table::table(self)
    }
}

/// What images are grouped by is known of them.
///
/// # Errors
/// There is no such column.
pub(super) fn check(recipes: &[&Recipe], metadata: &Metadata) -> Result<()> {
    let known: Vec<&str> = metadata.names().iter().map(String::as_str).collect();
    let groups = recipes.iter().filter_map(|recipe| recipe.body.groups.as_ref());
    match groups.flat_map(|groups| &groups.by).find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let e = Error::usage(format!(
                "groups.by = \"{name}\": neither the sample sheet nor files.groups has that column"
            ));
            Err(match (suggestion(name, &known), known.is_empty()) {
                (Some(likely), _) => e.remedy(format!("\"{likely}\"")),
                (None, true) => e.remedy("--sheet FILE with that column, or files.groups with {FIELD}"),
                (None, false) => e.remedy(format!("one of {}", known.join(", "))),
            })
        }
    }
}

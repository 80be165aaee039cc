//! The columns of `groups.csv`.

use super::{Group, Groups, Pool, Set};
use crate::batch::statistics::{mean, quantile, sorted, standard_error};
use crate::table::{Cells, Column, Table};

pub(super) fn table(groups: Groups) -> Table {
    let Groups { by, volume, area, sets, pools, columns, groups, .. } = groups;
    let mut table = Table::default();
    for (i, name) in by.iter().enumerate() {
        let cells = groups.keys().map(|key| key.get(i).cloned().flatten()).collect();
        table.push(Column::new(name, "", "What the images of the group have in common.", Cells::Text(cells)));
    }
    let place = area.map_or("all 2-D images with calibration".into(), |set| format!("the objects of {set}"));
    let mut rows = Rows { groups: groups.values().collect(), table };
    rows.images(&place, volume.as_deref());
    for (k, set) in sets.iter().enumerate() {
        if volume.is_some() {
            rows.objects_per_ml(k, set);
        }
        rows.objects(k, set);
        if set.is_dense {
            rows.density(k, set, &place);
        }
    }
    for (k, pool) in pools.iter().enumerate() {
        rows.pooled(k, pool);
    }
    for (k, column) in columns.iter().enumerate() {
        rows.column_of_images(k, column);
    }
    rows.table
}

/// A row a group, column by column. `k` is the place of a set, a pool or a column in what groups hold.
struct Rows<'a> {
    groups: Vec<&'a Group>,
    table: Table,
}

/// The number of objects of a set, all (0) or of a class (from 1), where all images of a group say it.
fn count(group: &Group, k: usize, class: usize) -> Option<i64> {
    (group.ok > 0 && !group.unsure[k][class]).then(|| group.objects[k][class])
}

/// The same over the volume, which is that of all images together.
fn per_ml(group: &Group, k: usize, class: usize) -> Option<f64> {
    Some(count(group, k, class).filter(|_| group.is_whole)? as f64 / group.volume_ml?)
}

fn area_mm2(group: &Group) -> Option<f64> {
    Some(group.area_mm2).filter(|v| *v > 0.0)
}

/// Objects of a set on the area, over it.
fn density(group: &Group, k: usize, class: usize) -> Option<f64> {
    let on_area = (!group.unsure[k][class]).then(|| group.on_area[k][class] as f64);
    Some(on_area? / area_mm2(group)?)
}

impl Rows<'_> {
    fn put(&mut self, name: String, unit: &str, about: String, empty: &str, cells: Cells) {
        self.table.push(Column { empty: empty.into(), ..Column::new(name, unit, about, cells) });
    }

    fn ints(&mut self, name: String, about: String, empty: &str, of: impl Fn(&Group) -> Option<i64>) {
        let cells = Cells::Int(self.groups.iter().map(|group| of(group)).collect());
        self.put(name, "1", about, empty, cells);
    }

    fn reals(&mut self, name: String, unit: &str, about: String, empty: &str, of: impl Fn(&Group) -> Option<f64>) {
        let cells = Cells::Real(self.groups.iter().map(|group| of(group).filter(|v| v.is_finite())).collect());
        self.put(name, unit, about, empty, cells);
    }

    /// How many images there are, and what they show of the sample.
    fn images(&mut self, place: &str, volume: Option<&str>) {
        self.ints("images".into(), "Number of images of the group that are done.".into(), "", |g| Some(g.ok));
        self.ints("images_failed".into(), "Number of images of the group that failed.".into(), "", |g| Some(g.failed));
        let about = "Number of images of the group that are done and have warnings in images.csv, or look out of focus beside the others, as a note of the run says: what is wrong there is in the numbers of the group too.";
        self.ints("images_warned".into(), about.into(), "", |g| Some(g.warned));
        let about = format!("Area of {place} in the group; densities are formed over it.");
        self.reals("area_mm2".into(), "mm2", about, NO_AREA, area_mm2);
        if let Some(volume) = volume {
            let about = format!("Sample that the images of the group come from, as the column {volume} says.");
            self.reals("volume_ml".into(), "ml", about, NO_VOLUME, |g| g.volume_ml);
        }
    }

    fn objects_per_ml(&mut self, k: usize, set: &Set) {
        let name = &set.name;
        let about = format!("Objects of {name} in all images of the group, over its volume_ml.");
        self.reals(format!("objects_{name}_per_ml"), "1/ml", about, NO_VOLUME, |g| per_ml(g, k, 0));
        for (c, class, suffix) in classes(set) {
            let about =
                format!("Objects of {name} of the class {class} in all images of the group, over its volume_ml.");
            let empty = format!("{NO_VOLUME}, or {UNSURE}");
            self.reals(format!("objects_{name}_{suffix}_per_ml"), "1/ml", about, &empty, |g| per_ml(g, k, c));
        }
    }

    /// Numbers of objects, and shares of classes.
    fn objects(&mut self, k: usize, set: &Set) {
        let name = &set.name;
        let about = format!("Number of objects of {name} in all images of the group that are done.");
        self.ints(format!("objects_{name}"), about, NONE_DONE, |g| count(g, k, 0));
        for (c, class, suffix) in classes(set) {
            let about =
                format!("Number of objects of {name} of the class {class} in all images of the group that are done.");
            self.ints(format!("objects_{name}_{suffix}"), about, UNSURE, |g| count(g, k, c));
            let about = format!("Share of all objects of {name} in the group that are of the class {class}.");
            let of_class = |g: &Group| count(g, k, c).filter(|_| g.objects[k][0] > 0);
            let share = |g: &Group| Some(of_class(g)? as f64 / g.objects[k][0] as f64);
            let empty = format!("no objects in the group, or {UNSURE}");
            self.reals(format!("share_{name}_{suffix}"), "1", about, &empty, share);
        }
    }

    fn density(&mut self, k: usize, set: &Set, place: &str) {
        let name = &set.name;
        let about = format!("Objects of {name} on {place}, over the area of these.");
        self.reals(format!("density_{name}_per_mm2"), "1/mm2", about, NO_AREA, |g| density(g, k, 0));
        for (c, class, suffix) in classes(set) {
            let about = format!("Objects of {name} of the class {class} on {place}, over the area of these.");
            let empty = format!("{NO_AREA}, or {UNSURE}");
            self.reals(format!("density_{name}_{suffix}_per_mm2"), "1/mm2", about, &empty, |g| density(g, k, c));
        }
    }

    /// What a family says of the objects of all images together.
    fn pooled(&mut self, k: usize, pool: &Pool) {
        // Without a group there are columns all the same.
        let mut pooled = pool.family.pooled(&pool.set, &[]);
        pooled.columns.iter_mut().for_each(|column| *column = column.bare());
        self.groups.iter().for_each(|group| pooled.append(pool.family.pooled(&pool.set, &group.pooled[k])));
        for Column { name, unit, definition, empty, cells, .. } in pooled.columns {
            self.put(name, &unit, definition, &empty, cells);
        }
    }

    /// What the numbers of a column of `images.csv` are, over the images of the group.
    fn column_of_images(&mut self, k: usize, column: &Column) {
        let (name, unit) = (&column.name, &column.unit);
        let about = format!("Number of images of the group with a value of {name}.");
        self.ints(format!("n_{name}"), about, "", |g| Some(g.values[k].len() as i64));
        let about = format!("Mean of {name} over the images of the group.");
        self.reals(format!("mean_{name}"), unit, about, NO_VALUE, |g| mean(&g.values[k]));
        let about =
            format!("Standard error of mean_{name}: standard deviation (n - 1) over the root of the number of images.");
        let empty = "below two images with a value";
        self.reals(format!("sem_{name}"), unit, about, empty, |g| standard_error(&g.values[k]));
        for (word, p) in [("median", 0.5), ("q25", 0.25), ("q75", 0.75)] {
            let about = match word {
                "median" => format!("Median of {name} over the images of the group."),
                _ => format!("Quantile {p} of {name} over the images of the group, linear between neighbours."),
            };
            self.reals(format!("{word}_{name}"), unit, about, NO_VALUE, |g| quantile(&sorted(&g.values[k]), p));
        }
    }
}

/// The classes of a set, counted from 1, with what columns call them.
fn classes(set: &Set) -> impl Iterator<Item = (usize, &String, &String)> {
    (1..).zip(&set.classes).zip(&set.suffixes).map(|((c, class), suffix)| (c, class, suffix))
}

const NO_AREA: &str = "no area in the group: no calibration, stacks alone, or no such object";
const UNSURE: &str = "an image of the group does not say how many there are, or none is done";
const NO_VOLUME: &str = "the column says no volume, or an image of the group failed or was not reached";
const NONE_DONE: &str = "no image of the group is done";
const NO_VALUE: &str = "no image of the group has a value";

//! The columns of `groups.csv`.

use super::{Group, Groups};
use crate::batch::statistics::{mean, quantile, sorted, standard_error};
use crate::table::{Cells, Column, Table};

pub(super) fn table(groups: Groups) -> Table {
    let Groups { by, volume, area, sets, pools, columns, groups } = groups;
    let mut table = Table::default();
    for (i, name) in by.iter().enumerate() {
        let cells = groups.keys().map(|key| key.get(i).cloned().flatten()).collect();
        table.push(Column::new(name, "", "What the images of the group have in common.", Cells::Text(cells)));
    }
    let mut put = |name: String, unit: &str, about: String, empty: &str, cells: Cells| {
        table.push(Column { empty: empty.into(), ..Column::new(name, unit, about, cells) });
    };
    let all: Vec<&Group> = groups.values().collect();
    let ints = |of: &dyn Fn(&Group) -> i64| Cells::Int(all.iter().map(|group| Some(of(group))).collect());
    let counts = |of: &dyn Fn(&Group) -> Option<i64>| Cells::Int(all.iter().map(|group| of(group)).collect());
    let reals = |of: &dyn Fn(&Group) -> Option<f64>| {
        Cells::Real(all.iter().map(|group| of(group).filter(|v| v.is_finite())).collect())
    };
    put("images".into(), "1", "Number of images of the group that are done.".into(), "", ints(&|g| g.ok));
    put("images_failed".into(), "1", "Number of images of the group that failed.".into(), "", ints(&|g| g.failed));
    let about = "Number of images of the group that are done and have warnings in images.csv: what is wrong there is in the numbers of the group too.";
    put("images_warned".into(), "1", about.into(), "", ints(&|g| g.warned));
    let place = area.as_ref().map_or("all 2-D images with calibration".into(), |set| format!("the objects of {set}"));
    let known = |g: &Group| Some(g.area_mm2).filter(|v| *v > 0.0);
    let about = format!("Area of {place} in the group; densities are formed over it.");
    put("area_mm2".into(), "mm2", about, NO_AREA, reals(&known));
    if let Some(volume) = &volume {
        let about = format!("Sample that the images of the group come from, as the column {volume} says.");
        put("volume_ml".into(), "ml", about, NO_VOLUME, reals(&|g| g.volume_ml));
    }
    for (k, set) in sets.iter().enumerate() {
        let name = &set.name;
        let count = |g: &Group, c: usize| (g.ok > 0 && !g.unsure[k][c]).then(|| g.objects[k][c]);
        // The volume is that of all images together.
        let per_ml = |g: &Group, c: usize| Some(count(g, c).filter(|_| g.is_whole)? as f64 / g.volume_ml?);
        if volume.is_some() {
            let about = format!("Objects of {name} in all images of the group, over its volume_ml.");
            put(format!("objects_{name}_per_ml"), "1/ml", about, NO_VOLUME, reals(&|g| per_ml(g, 0)));
            for (c, (class, suffix)) in set.classes.iter().zip(&set.suffixes).enumerate() {
                let about =
                    format!("Objects of {name} of the class {class} in all images of the group, over its volume_ml.");
                let cells = reals(&|g| per_ml(g, c + 1));
                put(
                    format!("objects_{name}_{suffix}_per_ml"),
                    "1/ml",
                    about,
                    &format!("{NO_VOLUME}, or {UNSURE}"),
                    cells,
                );
            }
        }
        let about = format!("Number of objects of {name} in all images of the group that are done.");
        put(format!("objects_{name}"), "1", about, NONE_DONE, counts(&|g| count(g, 0)));
        for (c, (class, suffix)) in set.classes.iter().zip(&set.suffixes).enumerate() {
            let about =
                format!("Number of objects of {name} of the class {class} in all images of the group that are done.");
            put(format!("objects_{name}_{suffix}"), "1", about, UNSURE, counts(&|g| count(g, c + 1)));
            let about = format!("Share of all objects of {name} in the group that are of the class {class}.");
            let of_class = |g: &Group| count(g, c + 1).filter(|_| g.objects[k][0] > 0);
            let share = |g: &Group| Some(of_class(g)? as f64 / g.objects[k][0] as f64);
            let empty = format!("no objects in the group, or {UNSURE}");
            put(format!("share_{name}_{suffix}"), "1", about, &empty, reals(&share));
        }
        if !set.is_dense {
            continue;
        }
        let on_area = |g: &Group, c: usize| (!g.unsure[k][c]).then(|| g.on_area[k][c] as f64);
        let density = |g: &Group, c: usize| Some(on_area(g, c)? / known(g)?);
        let about = format!("Objects of {name} on {place}, over the area of these.");
        put(format!("density_{name}_per_mm2"), "1/mm2", about, NO_AREA, reals(&|g| density(g, 0)));
        for (c, (class, suffix)) in set.classes.iter().zip(&set.suffixes).enumerate() {
            let about = format!("Objects of {name} of the class {class} on {place}, over the area of these.");
            let cells = reals(&|g| density(g, c + 1));
            put(format!("density_{name}_{suffix}_per_mm2"), "1/mm2", about, &format!("{NO_AREA}, or {UNSURE}"), cells);
        }
    }
    for (k, pool) in pools.iter().enumerate() {
        // Without a group there are columns all the same.
        let mut pooled = pool.family.pooled(&pool.set, &[]);
        pooled.columns.iter_mut().for_each(|column| *column = column.bare());
        all.iter().for_each(|group| pooled.append(pool.family.pooled(&pool.set, &group.pooled[k])));
        for Column { name, unit, definition, empty, cells, .. } in pooled.columns {
            put(name, &unit, definition, &empty, cells);
        }
    }
    for (k, column) in columns.iter().enumerate() {
        let (name, unit) = (&column.name, &column.unit);
        let about = format!("Number of images of the group with a value of {name}.");
        put(format!("n_{name}"), "1", about, "", ints(&|g| g.values[k].len() as i64));
        let about = format!("Mean of {name} over the images of the group.");
        put(format!("mean_{name}"), unit, about, NO_VALUE, reals(&|g| mean(&g.values[k])));
        let about =
            format!("Standard error of mean_{name}: standard deviation (n - 1) over the root of the number of images.");
        put(
            format!("sem_{name}"),
            unit,
            about,
            "below two images with a value",
            reals(&|g| standard_error(&g.values[k])),
        );
        for (word, p) in [("median", 0.5), ("q25", 0.25), ("q75", 0.75)] {
            let about = match word {
                "median" => format!("Median of {name} over the images of the group."),
                _ => format!("Quantile {p} of {name} over the images of the group, linear between neighbours."),
            };
            put(format!("{word}_{name}"), unit, about, NO_VALUE, reals(&|g| quantile(&sorted(&g.values[k]), p)));
        }
    }
    table
}

const NO_AREA: &str = "no area in the group: no calibration, stacks alone, or no such object";
const UNSURE: &str = "an image of the group does not say how many there are, or none is done";
const NO_VOLUME: &str = "the column says no volume, or an image of the group failed or was not reached";
const NONE_DONE: &str = "no image of the group is done";
const NO_VALUE: &str = "no image of the group has a value";

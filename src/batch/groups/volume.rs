//! How much sample the images of a group come from, for counts per ml.

use super::wells::{Key, WellNames};
use crate::batch::item::Item;
use crate::batch::item_list::ItemList;
use crate::batch::metadata::Metadata;
use crate::recipe::Recipe;
use crate::words::suggestion;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// A volume in a cell.
pub(super) fn millilitres(cell: &str) -> Option<f64> {
    cell.trim().parse().ok().filter(|ml: &f64| ml.is_finite() && *ml > 0.0)
}

/// All images of a group say one volume, or none.
///
/// # Errors
/// There is no such column, a cell is no volume, or two images of a group say different ones.
pub(in crate::batch) fn check(recipes: &[&Recipe], metadata: &Metadata, items: &ItemList) -> Result<()> {
    for (recipe, groups) in recipes.iter().filter_map(|recipe| Some((recipe, recipe.body.groups.as_ref()?))) {
        let Some(column) = &groups.volume else { continue };
        let known: Vec<&str> = metadata.names().iter().map(String::as_str).collect();
        if !known.contains(&column.as_str()) {
            let e = Error::usage(format!(
                "groups.volume = \"{column}\": neither the sample sheet nor files.groups has that column"
            ));
            return Err(e.remedy(match suggestion(column, &known) {
                Some(likely) => format!("\"{likely}\""),
                None => "--sheet FILE with that column, in millilitres".into(),
            }));
        }
        let key = |item: &Item| groups.by.iter().map(|name| metadata.cell(&item.metadata, name)).collect();
        let mut wells = WellNames::of(recipe);
        items.measured().for_each(|item| wells.meet(&key(&item)));
        let mut volumes: BTreeMap<Key, (f64, String)> = BTreeMap::new();
        for item in items.measured() {
            let Some(cell) = metadata.value(&item, column).flatten() else { continue };
            let ml = millilitres(cell).ok_or_else(|| {
                Error::usage(format!("{column} of {} is \"{cell}\"", item.name)).remedy("millilitres above 0, as 7.5")
            })?;
            let (known, other) = volumes.entry(wells.group(key(&item))).or_insert_with(|| (ml, item.name.clone()));
            if *known != ml {
                let what =
                    format!("{column} is {known} for {other} and {ml} for {}, which are of one group", item.name);
                return Err(
                    Error::usage(what).remedy("one volume for all images of a group, or groups.by that divides them")
                );
            }
        }
    }
    Ok(())
}

//! Names of what images are of that differ in writing alone: `P1` and `p1`, `A02` and `a2`. They may be two things, so they stay two; but most often
//! they are one that has two rows, and nobody sees it.

use super::item_list::ItemList;
use super::metadata::Metadata;
use super::plates::Well;
use crate::recipe::Recipe;
use std::collections::BTreeMap;

/// What the user should know of the columns that rows of other tables are formed by.
pub(super) fn notes(recipes: &[&Recipe], metadata: &Metadata, items: &ItemList) -> Vec<String> {
    let Some(recipe) = recipes.iter().find(|recipe| !columns(recipe).is_empty()) else { return vec![] };
    columns(recipe).into_iter().filter_map(|(table, column)| note(table, column, recipe, metadata, items)).collect()
}

/// Columns with the table that has rows for what stands in them.
fn columns(recipe: &Recipe) -> Vec<(&'static str, &str)> {
    let plates = recipe.body.plates.as_ref();
    let is_well = |name: &&String| plates.is_some_and(|plates| plates.well == **name);
    let by = recipe.body.groups.iter().flat_map(|groups| &groups.by);
    // Wells of plates are read in all their forms.
    let mut all: Vec<(&str, &str)> = by.filter(|name| !is_well(name)).map(|name| ("groups.csv", &**name)).collect();
    if let Some(plates) = plates {
        all.push(("plates.csv", &plates.plate));
        all.extend(plates.responses.iter().map(|responses| ("responses.csv", &*responses.compound)));
    }
    all
}

fn note(table: &str, column: &str, recipe: &Recipe, metadata: &Metadata, items: &ItemList) -> Option<String> {
    let may_be_well = column == "well" && recipe.body.plates.is_none();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for item in items.measured() {
        let Some(word) = metadata.value(&item, column).flatten() else { continue };
        let well = Well::parse(word).filter(|_| may_be_well).map(|well| well.to_string());
        let one = well.unwrap_or_else(|| word.trim().to_lowercase());
        let first = known.entry(one).or_insert_with(|| word.to_owned());
        if first != word {
            let plates = if may_be_well { ", or a table [plates], which reads wells in all forms" } else { "" };
            return Some(format!(
                "note: the column {column} has \"{first}\" and \"{word}\", which have rows of their own in {table} though they differ in writing \
                 alone: if they are one, write them alike in the sheet or in names{plates}"
            ));
        }
    }
    None
}

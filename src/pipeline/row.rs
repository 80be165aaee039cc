//! The row of an image: what it is, what was found, what the user should know.

use super::doubt;
use super::roles::Roles;
use crate::image::{NO_UNIT, ObjectSet, Scan};
use crate::recipe::{Modality, Recipe};
use crate::table::{Cells, Column, Table};
use std::collections::BTreeMap;

/// What is said about an image in words.
#[derive(Default)]
pub(super) struct Words {
    /// What the user should look at.
    pub warnings: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// Why cells are empty.
    pub empty_columns: Vec<String>,
}

impl Words {
    /// Adds what else was said.
    pub fn add(&mut self, warnings: &mut Vec<String>, notes: &mut Vec<String>) {
        self.warnings.append(warnings);
        self.notes.append(notes);
    }
    /// What the reader said, and which roles have no channel.
    pub fn of(scan: &Scan, roles: &Roles) -> Self {
        let mut words = Words { warnings: scan.warnings.clone(), notes: scan.notes.clone(), ..Words::default() };
        words.warnings.extend(roles.warnings.iter().cloned());
        let missing = roles.missing.iter().map(|r| format!("no channel for \"{r}\": its columns are empty"));
        // A channel that plays no role may be the one that is missed; where there is none, nothing was lost.
        let said = if roles.left_out.is_empty() { &mut words.notes } else { &mut words.warnings };
        said.extend(missing);
        if !roles.left_out.is_empty() {
            let names: Vec<String> = roles.left_out.iter().map(|name| format!("\"{name}\"")).collect();
            words.notes.push(format!("channels that the recipe leaves out: {}", names.join(", ")));
        }
        words
    }
}

/// The column of a role begins with this.
const ROLE: &str = "channel_";

/// Roles and the names of their channels as the row of an image has them; none if it has one channel.
pub fn roles(row: &Table) -> Vec<(String, String)> {
    let word = |column: &Column| match &column.cells {
        Cells::Text(words) => words.first().cloned().flatten(),
        _ => None,
    };
    let of = |column: &Column| Some((column.name.strip_prefix(ROLE)?.to_owned(), word(column)?));
    let one = row.column("channels").and_then(word).is_none_or(|names| !names.contains("; "));
    if one { vec![] } else { row.columns.iter().filter_map(of).collect() }
}

/// The words of the warnings in the row of an image.
pub fn warnings(row: &Table) -> Option<String> {
    match &row.column("warnings")?.cells {
        Cells::Text(words) => words.first().cloned().flatten(),
        _ => None,
    }
}

struct ImageRow(Table);

impl ImageRow {
    fn put(&mut self, name: String, unit: &str, definition: impl Into<String>, cells: Cells) {
        self.0.push(Column::new(name, unit, definition, cells));
    }
    fn text(&mut self, name: &str, definition: &str, words: String) {
        self.put(name.into(), "", definition, Cells::Text(vec![Some(words).filter(|w| !w.is_empty())]));
    }
    fn int(&mut self, name: String, unit: &str, definition: impl Into<String>, n: u64) {
        self.put(name, unit, definition, Cells::Int(vec![i64::try_from(n).ok()]));
    }
    fn real(&mut self, name: String, unit: &str, definition: impl Into<String>, v: Option<f64>) {
        self.put(name, unit, definition, Cells::Real(vec![v.filter(|v| v.is_finite())]));
    }
}

pub(super) fn row(
    scan: &Scan,
    recipe: &Recipe,
    roles: &Roles,
    made: &BTreeMap<String, ObjectSet>,
    words: &Words,
) -> Table {
    let mut row = ImageRow(Table::default());
    for (name, n) in ["size_z_px", "size_y_px", "size_x_px"].into_iter().zip(scan.shape.zyx()) {
        row.int(name.into(), "px", "Size of the image along this axis.", n as u64);
    }
    let unit = recipe.body.lengths();
    let length = |a: usize| scan.spacing.map(|s| s.to(unit).zyx[a]);
    for (a, axis) in ["z", "y", "x"].into_iter().enumerate() {
        // A single slice has no neighbour to be a distance from.
        let spacing = length(a).filter(|_| a > 0 || !scan.shape.is_flat());
        let name = format!("spacing_{axis}_{}", unit.name());
        row.real(name, unit.name(), "Distance of voxel centres along this axis.", spacing);
    }
    let in_file = scan.channels.len() - roles.derived.len();
    let names: Vec<&str> = scan.channels.iter().take(in_file).map(|c| c.name.as_str()).collect();
    row.text("channels", "Names of all channels in the file.", names.join("; "));
    for (role, i) in &roles.found {
        let Some(c) = scan.channels.get(*i) else { continue };
        row.text(&format!("{ROLE}{role}"), "Name of the channel that plays this role.", c.name.clone());
    }
    for (name, set) in recipe.order.iter().filter_map(|n| made.get(n).map(|m| (n, m))) {
        row.int(format!("count_{name}"), "1", format!("Number of objects in {name}."), set.count().into());
        if recipe.body.has_own_radius(name) {
            let definition = format!("Radius of the typical object that lengths in r of {name} count.");
            let is_labels = recipe.body.objects.get(name).is_some_and(|o| o.labels.is_some() && o.scale.is_none());
            // Labels without an object have no typical one.
            let radius = set.radius_px.filter(|_| !is_labels || set.count() > 0);
            row.real(format!("radius_{name}_px"), "px", definition, radius);
        }
        for (i, t) in set.thresholds.iter().enumerate() {
            let suffix = if i == 0 { String::new() } else { format!("_{}", i + 1) };
            let definition = format!("Threshold {} of {name}, on the image that the step reads.", i + 1);
            let unit = scan.channels.get(set.channel).map_or(NO_UNIT, |c| c.unit);
            row.real(format!("threshold_{name}{suffix}"), unit, definition, Some(*t));
        }
    }
    if recipe.body.modality != Some(Modality::Pet) {
        let doubts = made.values().filter_map(|set| set.doubt);
        row.real("segmentation_doubt".into(), "1", doubt::DEFINITION, doubts.reduce(f64::max));
    }
    row.text(
        "warnings",
        "What the user should look at before the numbers are trusted: doubts, losses, what was fallen back to.",
        words.warnings.join("; "),
    );
    row.text("notes", "What else is worth knowing about this image.", words.notes.join("; "));
    row.text(
        "empty_columns",
        "Why cells are empty in the tables of objects, by object set; `features.csv` says what each column is.",
        words.empty_columns.join("; "),
    );
    row.0
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::image::Modality;
    use crate::units::Shape;

    #[test]
    fn a_missing_channel_is_a_warning_where_another_one_is_left() {
        let said = |left_out: &[&str]| {
            let mut scan = Scan::new(Modality::Fluorescence, Shape::flat(1, 1), vec![]);
            scan.warn("a doubt");
            let left_out = left_out.iter().map(|name| name.to_string()).collect();
            let roles = Roles { missing: vec!["probe".into()], left_out, ..Roles::default() };
            let Words { warnings, notes, .. } = Words::of(&scan, &roles);
            (warnings.join("; "), notes.join("; "))
        };
        let missing = "no channel for \"probe\": its columns are empty";
        assert_eq!(said(&[]), ("a doubt".into(), missing.into()));
        let left_out = "channels that the recipe leaves out: \"EGFR\"";
        assert_eq!(said(&["EGFR"]), (format!("a doubt; {missing}"), left_out.into()));
    }
}

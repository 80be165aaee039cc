//! The row of an image: what it is, what was found, what the user should know.

use super::Made;
use super::roles::Roles;
use crate::recipe::Recipe;
use crate::scan::{NO_UNIT, Scan};
use crate::table::{Cells, Column, Table};
use std::collections::BTreeMap;

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

struct Row(Table);

impl Row {
    fn put(&mut self, name: String, unit: &str, definition: impl Into<String>, cells: Cells) {
        let column = Column { name, unit: unit.into(), definition: definition.into(), standard: String::new(), cells };
        self.0.push(column);
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
    made: &BTreeMap<String, Made>,
    why_empty: Vec<String>,
) -> Table {
    let mut row = Row(Table::default());
    let mut notes = scan.notes.clone();
    notes.extend(roles.warnings.iter().cloned());
    notes.extend(roles.missing.iter().map(|r| format!("no channel for \"{r}\": its columns are empty")));
    if !roles.left_out.is_empty() {
        let names: Vec<String> = roles.left_out.iter().map(|name| format!("\"{name}\"")).collect();
        notes.push(format!("channels that the recipe leaves out: {}", names.join(", ")));
    }
    for (name, n) in ["size_z_px", "size_y_px", "size_x_px"].into_iter().zip(scan.shape.zyx()) {
        row.int(name.into(), "px", "Size of the image along this axis.", n as u64);
    }
    let unit = super::pet::unit(recipe);
    let length = |a: usize| scan.spacing.map(|s| s.to(unit).zyx[a]);
    for (a, axis) in ["z", "y", "x"].into_iter().enumerate() {
        // A single slice has no neighbour to be a distance from.
        let spacing = length(a).filter(|_| a > 0 || !scan.shape.is_flat());
        let name = format!("spacing_{axis}_{}", unit.name());
        row.real(name, unit.name(), "Distance of voxel centres along this axis.", spacing);
    }
    let names: Vec<&str> = scan.channels.iter().map(|c| c.name.as_str()).collect();
    row.text("channels", "Names of all channels in the file.", names.join("; "));
    for (role, i) in &roles.found {
        let Some(c) = scan.channels.get(*i) else { continue };
        row.text(&format!("{ROLE}{role}"), "Name of the channel that plays this role.", c.name.clone());
    }
    for (name, set) in recipe.order.iter().filter_map(|n| made.get(n).map(|m| (n, m))) {
        row.int(format!("count_{name}"), "1", format!("Number of objects in {name}."), set.host.count.into());
        if recipe.body.has_own_radius(name) {
            let definition = format!("Radius of the typical object that lengths in r of {name} count.");
            let is_labels = recipe.body.objects.get(name).is_some_and(|o| o.labels.is_some() && o.scale.is_none());
            // Labels without an object have no typical one.
            let radius = set.radius_px.filter(|_| !is_labels || set.host.count > 0);
            row.real(format!("radius_{name}_px"), "px", definition, radius);
        }
        for (i, t) in set.thresholds.iter().enumerate() {
            let suffix = if i == 0 { String::new() } else { format!("_{}", i + 1) };
            let definition = format!("Threshold {} of {name}, on the image that the step reads.", i + 1);
            let unit = scan.channels.get(set.channel).map_or(NO_UNIT, |c| c.unit);
            row.real(format!("threshold_{name}{suffix}"), unit, definition, Some(*t));
        }
    }
    notes.extend(why_empty);
    row.text("notes", "What the user should know about this image.", notes.join("; "));
    row.0
}

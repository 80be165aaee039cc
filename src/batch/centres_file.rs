//! The file of centres as text: the same bytes for the same images, in whatever order they were named.

use super::hash::hash_text;
use crate::pipeline::HabitatValues;
use crate::recipe::{ClusterCentres, Recipe};
use std::fmt::Write;

/// What an image gave.
pub struct Given {
    pub name: String,
    pub values: HabitatValues,
}

/// Writes it; `counts` are the voxels of each cluster.
pub fn text(known: &ClusterCentres, counts: &[u64], given: &[Given], (recipe, set): (&Recipe, &str)) -> String {
    let mut out = String::from(
        "# Centres of habitats, written by uptake habitats learn; for centres = \"FILE\" of the step habitats.\n",
    );
    let mut line = |text: String| {
        // A String takes whatever is written to it.
        let _ = writeln!(out, "{text}");
    };
    line(format!("images = {}", words(&known.images)));
    line(format!("units = {}", words(&known.units)));
    line("# Values less means, over deviations, is what distances are measured in.".into());
    line(format!("means = {:?}", known.means));
    line(format!("deviations = {:?}", known.deviations));
    line("# In the units of the images; the first is the coldest in the first image.".into());
    line("centres = [".into());
    known.centres.iter().for_each(|centre| line(format!("  {centre:?},")));
    line("]\n\n[learned]".into());
    line(format!("uptake = {}", word(env!("CARGO_PKG_VERSION"))));
    line(format!("recipe = {}", word(&recipe.name)));
    line(format!("recipe_sha256 = {}", word(&hash_text(&recipe.text))));
    line(format!("set = {}", word(set)));
    line("# Of each cluster, the coldest first.".into());
    line(format!("voxels = {counts:?}"));
    line("# Name, objects, their voxels, and how many of these were taken, evenly spread.".into());
    line("images = [".into());
    for Given { name, values } in given {
        let taken = values.values.len() / values.units.len().max(1);
        line(format!("  [{}, {}, {}, {taken}],", word(name), values.objects, values.voxels));
    }
    line("]".into());
    out
}

/// A text of TOML.
fn word(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

fn words(all: &[String]) -> String {
    format!("[{}]", all.iter().map(|text| word(text)).collect::<Vec<_>>().join(", "))
}

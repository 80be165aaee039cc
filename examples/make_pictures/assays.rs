//! The pictures of `docs/assays.md`: cells of known kinds, with the outlines of each class or grade that a preset finds.

use super::light::{Field, Random, scan};
use std::path::Path;
use uptake::Result;
use uptake::device::Device;
use uptake::image::{Labels, Scan};
use uptake::pipeline::{self, External};
use uptake::recipe::preset;
use uptake::table::{Cells, Table};
use uptake::units::Shape;
use uptake::write;

const CELLS: usize = 9;
const APART: f64 = 34.0;
const NUCLEUS: f64 = 8.0;

/// The light of each cell.
type Light = fn(usize) -> f64;

/// A preset, the object set and its column that are shown, and the channels beside the nuclei: name, radius, light of each cell.
struct Assay {
    preset: &'static str,
    set: &'static str,
    column: &'static str,
    channels: Vec<(&'static str, f64, Light)>,
}

/// Makes all of them.
pub fn pictures() -> Result<()> {
    let viability: Light = |i| if i * 7 % 10 < 3 { 220.0 } else { 0.0 };
    let proliferation: Light = |i| if i * 37 % 100 < 16 { 260.0 } else { 4.0 };
    let expression: Light = |i| [0.0, 40.0, 120.0, 400.0][[0, 0, 0, 1, 1, 2, 2, 3][5 * i % 8]];
    let tumour: Light = |i| if is_tumour(i) && !is_immune(i) { 400.0 } else { 0.0 };
    let immune: Light = |i| if is_immune(i) { 500.0 } else { 0.0 };
    let assay = |preset, set, column, channels| Assay { preset, set, column, channels };
    for one in [
        assay("viability", "nuclei", "phenotype", vec![("PI", NUCLEUS, viability)]),
        assay("proliferation", "nuclei", "positive_marker", vec![("Ki-67", NUCLEUS, proliferation)]),
        assay("expression", "cells", "grade_probe", vec![("probe", 12.0, expression)]),
        assay("infiltration", "cells", "phenotype", vec![("CD8", 12.0, immune), ("PanCK", 16.0, tumour)]),
    ] {
        one.picture()?;
    }
    Ok(())
}

/// The left of the image, with a wavy edge.
fn is_tumour(i: usize) -> bool {
    i % CELLS < 4 + (i / CELLS) % 3 / 2
}

fn is_immune(i: usize) -> bool {
    (7 * (i / CELLS) + i).is_multiple_of(if is_tumour(i) { 11 } else { 4 })
}

impl Assay {
    fn picture(&self) -> Result<()> {
        let image = self.scan();
        let outcome = pipeline::run(&image, &preset(self.preset)?.recipe()?, &Device::Cpu, &External::new())?;
        let Some(found) = outcome.sets.iter().find(|set| set.name == self.set) else { return Ok(()) };
        let kinds = kinds(&found.table, self.column);
        let mut names: Vec<&String> = kinds.iter().flatten().collect();
        names.sort();
        names.dedup();
        let labels = found.objects.labels.voxels().host()?;
        let of_kind = |name: &String| -> Result<(String, Labels)> {
            let is_of = |label: u32| label > 0 && kinds[label as usize - 1].as_ref() == Some(name);
            let voxels = labels.iter().map(|label| if is_of(*label) { *label } else { 0 }).collect();
            Ok((name.clone(), Labels::new(image.shape, voxels)?))
        };
        let sets = names.into_iter().map(of_kind).collect::<Result<Vec<_>>>()?;
        let path = Path::new("docs").join(format!("{}.png", self.preset));
        println!("{}: {:?}", path.display(), sets.iter().map(|set| &set.0).collect::<Vec<_>>());
        let shown = write::Picture::of(&image, &image.channels[1], Some(&image.channels[0]), write::LONGEST);
        write::overlay(&path, shown, &sets.iter().map(|(name, labels)| (name.as_str(), labels)).collect::<Vec<_>>())
    }

    fn scan(&self) -> Scan {
        let mut random = Random(51);
        let mut around = |k: usize| APART * (k as f64 + 0.5) + 6.0 * (2.0 * random.uniform() - 1.0);
        let places: Vec<[f64; 2]> = (0..CELLS * CELLS).map(|i| [around(i / CELLS), around(i % CELLS)]).collect();
        let side = (APART * CELLS as f64) as usize;
        let discs = |radius: f64, light: &dyn Fn(usize) -> f64| {
            let mut field = Field::waves(Shape::flat(side, side), 50.0, 15.0);
            for (i, at) in places.iter().enumerate() {
                disc(&mut field, *at, radius, light(i));
            }
            field
        };
        let mut channels = vec![("Hoechst", discs(NUCLEUS, &|i| 500.0 + 40.0 * (i % 7) as f64).volume(6.0, 1))];
        for (seed, (name, radius, light)) in (2..).zip(&self.channels) {
            channels.push((name, discs(*radius, light).volume(6.0, seed)));
        }
        scan(channels, Some([1.0, 0.5, 0.5]))
    }
}

/// A disc with a soft edge.
fn disc(field: &mut Field, at: [f64; 2], radius: f64, light: f64) {
    let near =
        |a: usize| (at[a] - radius - 6.0).max(0.0) as usize..((at[a] + radius + 6.0) as usize).min(field.shape.y);
    for (y, x) in near(0).flat_map(|y| near(1).map(move |x| (y, x))) {
        let far = (y as f64 - at[0]).hypot(x as f64 - at[1]);
        field.values[y * field.shape.x + x] += light / (1.0 + ((far - radius) / 0.7).exp());
    }
}

/// What a column says of each object, in words.
fn kinds(table: &Table, column: &str) -> Vec<Option<String>> {
    match table.column(column).map(|column| &column.cells) {
        Some(Cells::Text(words)) => words.clone(),
        Some(Cells::Int(grades)) => {
            let word = |grade: i64| match column.starts_with("grade") {
                true => format!("{grade}+"),
                false => ["negative", "positive"][grade as usize].to_string(),
            };
            grades.iter().map(|grade| grade.map(word)).collect()
        }
        _ => vec![None; table.rows()],
    }
}

//! The pictures of `docs/`, of simulated images: `cargo run --release --example make_pictures`.

mod assays;
#[path = "../../tests/common/blood.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "the simulation of a test")]
mod blood;
#[path = "../../tests/common/light.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "the simulation of a test")]
mod light;
mod scenes;

use std::path::Path;
use uptake::Result;
use uptake::device::Device;
use uptake::image::Scan;
use uptake::pipeline::{self, External};
use uptake::recipe::{Recipe, preset};
use uptake::write;

fn main() -> Result<()> {
    let (blood, _) = blood::Blood::new(700, 10, 30, 6).scan();
    picture("ctc", &blood, preset("ctc")?.text)?;
    picture("fish", &scenes::fish(), &format!("{}{}", preset("fish")?.text, scenes::FISH))?;
    picture("colocalisation", &scenes::colocalisation(), scenes::COLOCALISATION)?;
    picture("unmixing", &scenes::unmixing(), scenes::UNMIXING)?;
    picture("spots", &scenes::spots(), preset("spots")?.text)?;
    picture("skeletons", &scenes::mitochondria(), scenes::MITOCHONDRIA)?;
    assays::pictures()
}

/// The gallery of a recipe where it has one, else its first objects over their channel, as `docs/NAME.png`.
fn picture(name: &str, scan: &Scan, recipe: &str) -> Result<()> {
    let recipe = Recipe::parse(name, recipe, &[])?;
    let outcome = pipeline::run(scan, &recipe, &Device::Cpu, &External::new())?;
    println!("{}", pipeline::warnings(&outcome.row).unwrap_or_default());
    let path = Path::new("docs").join(format!("{name}.png"));
    if let Some(gallery) = outcome.galleries.first() {
        println!("{}: {} {}", path.display(), gallery.candidates.len(), gallery.phenotype);
        return write::gallery(&path, gallery);
    }
    for set in outcome.sets.iter().take(1) {
        println!("{}: {} {}", path.display(), set.objects.count(), set.name);
        let shown = write::Picture::of(scan, &scan.channels[set.channel], None, write::LONGEST);
        write::overlay(&path, shown, &[(set.name.as_str(), &set.objects.labels)])?;
    }
    Ok(())
}

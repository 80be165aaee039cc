//! A recipe. Lines like `#set objects.nuclei.steps.0.sigma=2` change it, as `--set` does.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uptake::pipeline::columns;
use uptake::recipe::Recipe;

fuzz_target!(|text: &str| {
    let settings: Vec<String> = text.lines().filter_map(|l| l.strip_prefix("#set ")).map(str::to_string).collect();
    if let Ok(recipe) = Recipe::parse("x.toml", text, &settings) {
        columns(&recipe).expect("a recipe that is accepted has columns");
    }
});

//! A sample sheet beside a few images, as a dry run reads it: paths, globs, metadata and columns that change the recipe.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::Once;
use uptake::batch::{Recipes, Settings, plan};
use uptake_fuzz::common::{nifti::Nifti, raw_tiff as raw};
use uptake_fuzz::{place, put};

static IMAGES: Once = Once::new();

fuzz_target!(|text: &str| {
    // A path that leads out of the folder would have the whole disk searched.
    if text.replace("sub/", "").contains(['/', '~']) || text.contains("..") {
        return;
    }
    IMAGES.call_once(|| {
        std::fs::create_dir(place("sub")).expect("a folder in a folder");
        for name in ["a.tif", "b.tif", "sub/c.tif"] {
            put(name, &raw::file(&[raw::Page::from(100, vec![])]));
        }
        put("sub/d.nii", &Nifti::new([2, 2, 2], &[1.0; 8]).bytes());
    });
    let recipes = Recipes::presets(&[]).expect("the presets are fine");
    for name in ["x.csv", "x.tsv"] {
        let sheet = Some(put(name, text.as_bytes()));
        let settings =
            Settings { sheet, out: place("out"), threads: Some(1), memory: Some(1 << 32), ..Settings::default() };
        let _ = plan(&settings, &recipes);
    }
});

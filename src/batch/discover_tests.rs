//! Mechanics.

use super::*;
use std::fs;

fn tree(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for f in files {
        let path = dir.path().join(f);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "no image").unwrap();
    }
    dir
}

fn names(inputs: &[PathBuf], text: &str) -> Vec<String> {
    images(inputs, text).into_iter().map(|i| i.name).collect()
}

fn images(inputs: &[PathBuf], text: &str) -> Vec<Item> {
    let recipes = Recipes::One(Box::new(Recipe::parse("test", text, &[]).unwrap()));
    let settings = Settings { inputs: inputs.to_vec(), ..Settings::default() };
    discover(&settings, &recipes).unwrap().items.iter().map(Cow::into_owned).collect()
}

const PLAIN: &str = "[channels]\nc = [0]\n[objects.o]\nchannel = 'c'\nsteps = [{ op = 'threshold', method = 'otsu' }]";

#[test]
fn label_images_and_channel_files_belong_to_their_image() {
    let dir = tree(&["a_DAPI.tif", "a_GFP.tif", "b_x_DAPI.tif", "odd.tif"]);
    let grouped = format!("files.pattern = '{{name}}_{{channel}}.tif'\n{PLAIN}");
    assert_eq!(names(&[dir.path().into()], &grouped), ["a", "b_x", "odd.tif"]);
    let dir = tree(&["a.tif", "a_mask.tif"]);
    let labels = "[objects.o]\nlabels = '{stem}_mask.tif'";
    assert_eq!(names(&[dir.path().into()], labels), ["a.tif"]);
}

#[test]
fn images_are_named_below_what_holds_all_inputs() {
    let dir = tree(&["p/a.tif", "p/q/b.tif", "r/c.tif"]);
    let at = |name: &str| dir.path().join(name);
    assert_eq!(names(&[at("p")], PLAIN), ["a.tif", "q/b.tif"]);
    assert_eq!(names(&[at("p"), at("r/c.tif")], PLAIN), ["p/a.tif", "p/q/b.tif", "r/c.tif"]);
}

#[test]
fn an_image_has_the_same_files_whatever_lies_beside_it() {
    let output = |files: &[&str], name: &str| -> String {
        let dir = tree(files);
        let images = images(&[dir.path().into()], PLAIN);
        images.iter().find(|i| i.name == name).unwrap().output("o", ".tif", ".ome.tif")
    };
    for name in ["a.tif", "a.png"] {
        assert_eq!(output(&[name], name), output(&["a.tif", "a.png", "a.png.tif", "a.ome.tif", "a"], name));
    }
}

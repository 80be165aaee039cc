//! What a recipe is refused for before any image is read, and the remedies of that. Kind: mechanics; each remedy is taken, and the recipe is read.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::scan;
use uptake::device::Device;
use uptake::image::Volume;
use uptake::pipeline::{self, External};
use uptake::recipe::Recipe;
use uptake::units::Shape;

const HEAD: &str = "[channels]\nn = [0]\n";
const OTSU: &str = "{ op = \"threshold\", method = \"otsu\" }";

fn fault(text: &str) -> String {
    Recipe::parse("r.toml", text, &[]).unwrap_err().to_string()
}

fn set(name: &str, keys: &str, steps: &[&str]) -> String {
    format!("[objects.{name}]\nchannel = \"n\"\n{keys}steps = [\n{},\n]\n", steps.join(",\n"))
}

fn exclude(other: &str) -> String {
    format!("{{ op = \"exclude\", set = \"{other}\" }}")
}

#[test]
fn sets_that_need_each_other_are_told_what_ties_them() {
    let [a, b] = ["a", "b"].map(exclude);
    let circle = [HEAD, &set("a", "", &[OTSU, &b]), &set("b", "", &[OTSU, &a])].concat();
    let told = fault(&circle);
    assert!(told.contains("need each other: a, b"), "{told}");
    assert!(told.contains("try: leave the step \"exclude\" that names \"b\" out of \"a\""), "{told}");
    assert!(Recipe::parse("r.toml", &circle.replace(&format!(",\n{b}"), ""), &[]).is_ok());

    // A set that only waits for the circle is no part of it.
    let refine = "{ op = \"refine\" }";
    let waits = set("a", "start = \"b\"\n", &[refine]);
    let [b, c] = [("b", "c"), ("c", "b")].map(|(name, start)| set(name, &format!("start = \"{start}\"\n"), &[refine]));
    let told = fault(&[HEAD, &waits, &b, &c].concat());
    assert!(told.contains("need each other: b, c"), "{told}");
    assert!(told.contains("try: leave start out of \"b\", whose steps then begin with a threshold"), "{told}");
    assert!(Recipe::parse("r.toml", &[HEAD, &waits, &set("b", "", &[OTSU, refine]), &c].concat(), &[]).is_ok());

    let labels = |name: &str, other: &str| format!("[objects.{name}]\nlabels = \"a.tif\"\nexclude = \"{other}\"\n");
    let told = fault(&[HEAD, &labels("a", "b"), &labels("b", "a")].concat());
    assert!(told.contains("try: leave exclude out of \"a\""), "{told}");
    let free = labels("a", "b").replace("exclude = \"b\"\n", "");
    assert!(Recipe::parse("r.toml", &[HEAD, &free, &labels("b", "a")].concat(), &[]).is_ok());
}

#[test]
fn numbers_that_a_step_cannot_do_are_refused_with_the_recipe() {
    let wrong = [
        ("{ op = \"refine\", fraction = 1.5 }", "fraction = 1.5", "fraction = 0.375"),
        ("{ op = \"refine\", quantile = -0.5 }", "quantile = -0.5", "quantile = 0.7"),
        ("{ op = \"refine\", floor = 2.0 }", "floor = 2", "floor = 0.1"),
        ("{ op = \"denoise\", share = 0.0, enough = \"1 px\", at_most = \"2 px\" }", "share = 0", "share = 0.08"),
        ("{ op = \"threshold\", method = \"sauvola\", radius = \"9 px\", k = 2.0 }", "k = 2", "k = 0.2"),
        ("{ op = \"threshold\", method = \"local_mean\", radius = \"3000 px\" }", "3000 px", "radius = \"2000 px\""),
        ("{ op = \"median\", radius = \"101 px\" }", "101 px", "radius = \"100 px\""),
        ("{ op = \"mean\", radius = \"40000 px\" }", "40000 px", "radius = \"32767 px\""),
        ("{ op = \"gaussian\", sigma = \"1001 px\" }", "1001 px", "sigma = \"1000 px\""),
        ("{ op = \"rolling_ball\", radius = \"501 px\" }", "501 px", "radius = \"500 px\""),
        ("{ op = \"opening\", radius = \"2000 px\", shape = \"ball\" }", "2000 px", "radius = \"1000 px\""),
        ("{ op = \"spots\", sigma_z = \"0 px\" }", "sigma_z = 0", "sigma_z = \"1.4 px\""),
        (
            "{ op = \"threshold\", method = \"hysteresis\", low = inf, high = 3.0 }",
            "low = inf is out of range",
            "low = 2.5",
        ),
    ];
    for (step, what, remedy) in wrong {
        let with = |step: &str| [HEAD, &set("s", "scale = \"8 px\"\n", &[OTSU, step])].concat();
        let told = fault(&with(step));
        assert!(told.contains(what) && told.contains("try: ") && told.contains(remedy), "{told}");
        let Some((key, _)) = remedy.split_once(" = ") else { continue };
        // The value in the step, to its comma or its brace, becomes that of the remedy.
        let (before, rest) = step.split_once(&format!("{key} = ")).unwrap();
        let after = rest.find([',', '}']).map(|end| &rest[end..]).unwrap();
        let mended = with(&format!("{before}{remedy} {after}"));
        assert!(
            Recipe::parse("r.toml", &mended, &[]).is_ok(),
            "{mended}: {:?}",
            Recipe::parse("r.toml", &mended, &[]).err()
        );
    }
    let texture = |distance: &str| {
        let measure = "[measure.s]\nfeatures = [\"texture\"]\n[measure.s.texture]\nbins = { number = 8 }\n";
        [HEAD, &set("s", "", &[OTSU]), measure, "distance = ", distance, "\n"].concat()
    };
    let told = fault(&texture("100"));
    assert!(told.contains("distance = 100: each voxel would be held against up to 8120600 others"), "{told}");
    assert!(told.contains("try: distance = 1, up to 20"), "{told}");
    assert!(Recipe::parse("r.toml", &texture("20"), &[]).is_ok());
}

#[test]
fn a_reference_without_an_object_says_what_helps() {
    let reference = "{ op = \"threshold\", method = \"reference\", set = \"s1\" }";
    let above = |value: &str| format!("{{ op = \"threshold\", method = \"fixed\", value = {value} }}");
    let run = |value: &str| {
        let text = [HEAD, &set("s1", "", &[&above(value)]), &set("s2", "", &[reference])].concat();
        let image = Volume::new(Shape::flat(9, 9), (0..81).collect()).unwrap();
        let recipe = Recipe::parse("r.toml", &text, &[]).unwrap();
        pipeline::run(&scan(vec![("n", image)], None), &recipe, &Device::Cpu, &External::new())
    };
    let told = run("500.0").unwrap_err().to_string();
    assert!(told.contains("the reference \"s1\" has no object in this image"), "{told}");
    assert!(told.contains("for \"s1\" a threshold that finds something here"), "{told}");
    assert!(run("50.0").is_ok());
}

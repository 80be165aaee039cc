//! Recipes: what users read when one is wrong, and that every preset holds together. Kinds: regression (snapshots of
//! messages) and mechanics.

#![allow(clippy::unwrap_used, reason = "a test may")]

use insta::assert_snapshot;
use uptake::recipe::{PRESETS, Recipe};

const HEAD: &str = "[channels]\nnuclear = [\"DAPI\", 0]\n\n[objects.nuclei]\nchannel = \"nuclear\"\n";

fn error(text: &str) -> String {
    Recipe::parse("mine.toml", text, &[]).unwrap_err().to_string()
}

fn with_steps(steps: &str) -> String {
    error(&format!("{HEAD}steps = [\n{steps}\n]\n"))
}

#[test]
fn presets_parse_and_have_columns() {
    for preset in PRESETS {
        let recipe = preset.recipe().unwrap();
        assert!(!recipe.body.description.is_empty(), "{}", preset.name);
        let features = uptake::batch::features(&uptake::batch::Recipes::One(Box::new(recipe))).unwrap();
        assert!(features.rows() > 20, "{}", preset.name);
        for column in ["table", "column", "type", "definition"] {
            let cells = &features.column(column).unwrap().cells;
            let uptake::table::Cells::Text(words) = cells else { panic!("{column} is words") };
            assert!(words.iter().all(Option::is_some), "{}: an empty {column}", preset.name);
        }
    }
}

#[test]
fn unknown_keys_and_values_are_located_and_a_likely_one_is_named() {
    assert_snapshot!(with_steps("  { op = \"gaussian\", sigma = \"1 px\" },\n  { op = \"background\", radus = \"4 r\" },"), @r#"
    mine.toml: unknown key "radus" in line 8: `{ op = "background", radus = "4 r" }`
      try: radius
    "#);
    assert_snapshot!(with_steps("  { op = \"guassian\", sigma = \"1 px\" },"), @r#"
    mine.toml: unknown value "guassian" in line 7: `{ op = "guassian", sigma = "1 px" }`
      try: gaussian
    "#);
    assert_snapshot!(error("chanels = 1\n"), @"
    mine.toml: unknown key \"chanels\" in line 1: `chanels = 1`
      try: channels
    ");
    assert_snapshot!(with_steps("  { op = \"threshold\", method = \"best\" },"), @r#"
    mine.toml: unknown value "best" in line 7: `{ op = "threshold", method = "best" }`
      try: one of: fixed, percentile, otsu, multi_otsu, li, triangle, yen, robust_background, local_mean, local_gaussian, sauvola, hysteresis, reference
    "#);
}

#[test]
fn lengths_and_areas_need_units() {
    assert_snapshot!(with_steps("  { op = \"gaussian\", sigma = \"3\" },"), @r#"
    mine.toml: "3" is not a length in line 7: `{ op = "gaussian", sigma = "3" }`
      try: a number and a unit: "3 px", "0.8 um", "2 mm", or "1.5 r" for object radii
    "#);
    assert_snapshot!(error(&format!("{HEAD}scale = \"2 r\"\nsteps = []\n")), @r#"mine.toml: a scale in r would be measured against itself: give "auto", px, um or mm in line 6: `scale = "2 r"`"#);
}

#[test]
fn names_that_nothing_has_are_errors() {
    assert_snapshot!(error("[objects.cells]\ngrow = { from = \"nuclie\", by = \"5 um\" }\n[objects.nuclei]\nlabels = \"a.tif\"\n"), @r#"
    mine.toml: there is no object set "nuclie" in line 1: `[objects.cells]`
      try: nuclei
    "#);
    assert_snapshot!(error("[channels]\nnuclear = [0]\n[objects.nuclei]\nchannel = \"nucleus\"\nsteps = [{ op = \"threshold\", method = \"otsu\" }]\n"), @r#"
    mine.toml: there is no channel "nucleus" in line 4: `channel = "nucleus"`
      try: nuclear
    "#);
    assert_snapshot!(with_steps("  { op = \"median\", radius = \"1 px\", as = \"flat\" },\n  { op = \"threshold\", method = \"otsu\", of = \"flt\" },"), @r#"
    mine.toml: no earlier step is called "flt" in line 8: `{ op = "threshold", method = "otsu", of = "flt" }`
      try: flat
    "#);
    assert_snapshot!(error(&format!("{HEAD}labels = \"a.tif\"\n")), @r#"
    mine.toml: a channel is of use only with steps in line 5: `channel = "nuclear"`
      try: leave it out
    "#);
}

#[test]
fn what_cannot_work_is_refused_before_any_image_is_read() {
    assert_snapshot!(error("[objects.a]\ngrow = { from = \"b\", by = \"1 px\" }\n[objects.b]\ngrow = { from = \"a\", by = \"1 px\" }\n"), @r#"
    mine.toml: object sets need each other: a, b in line 1: `[objects.a]`
      try: let one of them come from steps or labels
    "#);
    assert_snapshot!(with_steps("  { op = \"split\" },"), @r#"
    mine.toml: "split" comes before any threshold in line 7: `{ op = "split" }`
      try: a threshold step before it
    "#);
    assert_snapshot!(with_steps("  { op = \"threshold\", method = \"sauvola\" },"), @r#"
    mine.toml: method "sauvola" needs radius in line 7: `{ op = "threshold", method = "sauvola" }`
      try: radius = "25 px"
    "#);
    assert_snapshot!(error("[objects.images]\nlabels = \"a.tif\"\n"), @r#"
    mine.toml: "images" cannot be a name in line 1: `[objects.images]`
      try: another word: this one has a meaning of its own
    "#);
    assert_snapshot!(error("[measure.nuclei\n"), @"mine.toml: unclosed table, expected `]` in line 1: `[measure.nuclei`");
}

#[test]
fn steps_that_draw_lesions_are_checked() {
    let lesions = |step: &str| {
        let steps = format!("start = \"seeds\"\nsteps = [\n  {step},\n]\n[objects.seeds]\nlabels = \"a.nii\"\n");
        error(&format!("{HEAD}{steps}"))
    };
    assert_snapshot!(lesions("{ op = \"contour\", within = \"20 mm\" }"), @r#"
    mine.toml: a contour has exactly one limit in line 8: `{ op = "contour", within = "20 mm" }`
      try: one of: percent, at_least, above, deviations
    "#);
    assert_snapshot!(lesions("{ op = \"contour\", percent = 0.41, at_least = 2, within = \"20 mm\" }"), @r#"
    mine.toml: a contour has exactly one limit in line 8: `{ op = "contour", percent = 0.41, at_least = 2, within = "20 mm" }`
      try: one of: percent, at_least, above, deviations
    "#);
    assert_snapshot!(lesions("{ op = \"contour\", percent = 410, within = \"20 mm\" }"), @r#"
    mine.toml: 410 is no percentage of an object in line 8: `{ op = "contour", percent = 410, within = "20 mm" }`
      try: percent = 41
    "#);
    assert_snapshot!(lesions("{ op = \"exclude\", set = \"seed\" }"), @r#"
    mine.toml: there is no object set "seed" in line 8: `{ op = "exclude", set = "seed" }`
      try: seeds
    "#);
    assert_snapshot!(lesions("{ op = \"threshold\", method = \"reference\", factor = 1.5 }"), @r#"
    mine.toml: method "reference" needs set in line 8: `{ op = "threshold", method = "reference", factor = 1.5 }`
      try: set = "liver"
    "#);
    assert_snapshot!(lesions("{ op = \"threshold\", method = \"otsu\", at_least = 4 }"), @r#"
    mine.toml: at_least is out of place in line 8: `{ op = "threshold", method = "otsu", at_least = 4 }`
      try: method = "fixed"
    "#);
    assert_snapshot!(with_steps("  { op = \"watershed\", within = \"20 mm\" },"), @r#"
    mine.toml: "watershed" comes before any threshold in line 7: `{ op = "watershed", within = "20 mm" }`
      try: a threshold step before it
    "#);
    assert_snapshot!(error("[objects.a]\nsphere = { diameter = \"30 mm\", at = \"spleen\" }\n"), @r#"
    mine.toml: expected a place: "liver", or [x, y, z] in mm (x to the patient's left, y back, z up) in line 2: `sphere = { diameter = "30 mm", at = "spleen" }`
    "#);
}

#[test]
fn object_sets_come_after_those_that_they_need() {
    let text = "[objects.a]\nminus = { cells = 'b', nuclei = 'c' }\n[objects.b]\ngrow = { from = 'c', by = '1 px' }\n[objects.c]\nlabels = 'x.tif'\n";
    assert_eq!(Recipe::parse("t", text, &[]).unwrap().order, ["c", "b", "a"]);
    let text = "[channels]\npet = [0]\n[objects.a]\nchannel = 'pet'\nstart = 'c'\nsteps = [{ op = 'exclude', set = 'b' }, \
                { op = 'threshold', method = 'reference', set = 'd' }]\n[objects.b]\nlabels = 'x'\n[objects.c]\nlabels = 'x'\n\
                [objects.d]\nsphere = { diameter = '30 mm', at = [0, 0, 1.5] }\n";
    assert_eq!(Recipe::parse("t", text, &[]).unwrap().order, ["b", "c", "d", "a"]);
}

#[test]
fn settings_change_the_recipe_and_are_checked_like_it() {
    let nuclei = PRESETS.iter().find(|p| p.name == "nuclei").unwrap();
    let set = |s: &str| Recipe::parse("nuclei", nuclei.text, &[s.to_string()]);
    let recipe = set("spacing_um=0.65").unwrap();
    assert_eq!(recipe.body.spacing_um.unwrap().zyx(), [0.65; 3]);
    assert_ne!(recipe.text, nuclei.text, "resume must see the setting");
    let columns = |recipe: &Recipe| uptake::pipeline::columns(recipe).unwrap().row.columns.len();
    assert!(columns(&set("quality=false").unwrap()) < columns(&set("quality=true").unwrap()));
    assert_eq!(columns(&recipe), columns(&set("quality=true").unwrap()));
    assert!(set("objects.nuclei.scale=8 px").is_ok());
    assert!(set("labels.nuclei={stem}_mask.tif").is_ok());
    assert_snapshot!(set("objects.nuclei.scal=8 px").unwrap_err().to_string(), @r#"
    nuclei: unknown key "scal" in line 12: `scal = "8 px"`
      needed for: --set objects.nuclei.scal=8 px
      try: scale
    "#);
}

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

/// A fault of the search for nuclei is mended in all presets that search for them, or in none. Whole blood (`ctc`) is searched otherwise.
#[test]
fn presets_find_nuclei_by_the_same_steps() {
    let steps = |text: &str| {
        let set = text.split("[objects.nuclei]").nth(1)?;
        let lines = set.lines().skip(1).take_while(|line| *line != "]");
        Some(lines.map(|line| line.split('#').next().unwrap_or(line).trim().to_owned()).collect::<Vec<_>>())
    };
    let all: Vec<_> =
        PRESETS.iter().filter(|p| p.name != "ctc").filter_map(|p| Some((p.name, steps(p.text)?))).collect();
    assert_eq!(all.len(), 8, "{all:?}");
    all.iter().for_each(|(name, steps)| assert_eq!(*steps, all[0].1, "{name}"));
}

#[test]
fn unknown_keys_and_values_are_located_and_a_likely_one_is_named() {
    assert_snapshot!(with_steps("  { op = \"gaussian\", sigma = \"1 px\" },\n  { op = \"background\", radus = \"4 r\" },"), @r#"
    mine.toml: unknown key "radus" in line 8: `{ op = "background", radus = "4 r" }`
      try: radius
    "#);
    assert_snapshot!(with_steps("  { op = \"guassian\", sigma = \"1 px\" },"), @r#"
    mine.toml: unknown value "guassian" of op in line 7: `{ op = "guassian", sigma = "1 px" }`
      try: gaussian
    "#);
    assert_snapshot!(error("chanels = 1\n"), @"
    mine.toml: unknown key \"chanels\" in line 1: `chanels = 1`
      try: channels
    ");
    assert_snapshot!(with_steps("  { op = \"threshold\", method = \"best\" },"), @r#"
    mine.toml: unknown value "best" of method in line 7: `{ op = "threshold", method = "best" }`
      try: one of: fixed, percentile, otsu, multi_otsu, li, triangle, yen, robust_background, local_mean, local_gaussian, sauvola, hysteresis, reference
    "#);
}

#[test]
fn lengths_and_areas_need_units() {
    assert_snapshot!(with_steps("  { op = \"gaussian\", sigma = \"3\" },"), @r#"
    mine.toml: sigma: "3" is not a length in line 7: `{ op = "gaussian", sigma = "3" }`
      try: a number and a unit: "3 px", "0.8 um", "2 mm", or "1.5 r" for object radii
    "#);
    for (step, words) in [
        ("op = \"threshold\", method = \"otsu\", correction = -1", "correction = -1 is out of range"),
        ("op = \"threshold\", method = \"otsu\", noise = -5", "noise = -5 is out of range"),
        ("op = \"threshold\", method = \"hysteresis\", low = 500, high = 100", "low = 500 is above high = 100"),
    ] {
        let e = with_steps(&format!("{{ {step} }},"));
        assert!(e.contains(words), "{e}");
    }
    let e =
        with_steps("{ op = \"threshold\", method = \"otsu\" }, { op = \"label\" }, { op = \"refine\", dimmest = 5 },");
    assert!(e.contains("dimmest = 5 is no share"), "{e}");
    let e = error(&format!("{HEAD}scale = \"0 px\"\nsteps = []\n"));
    assert!(e.contains("a scale of \"0 px\" is no size of an object"), "{e}");
    for op in ["background", "rolling_ball", "top_hat", "threshold\", method = \"local_mean"] {
        let e = with_steps(&format!("{{ op = \"{op}\", radius = \"0 um\" }},"));
        assert!(e.contains("with a radius of \"0 um\" sees nothing around a pixel"), "{e}");
    }
    assert_snapshot!(error(&format!("{HEAD}scale = \"2 r\"\nsteps = []\n")), @r#"mine.toml: a scale in r would be measured against itself: give "auto", px, um or mm in line 6: `scale = "2 r"`"#);
}

#[test]
fn names_that_nothing_has_are_errors() {
    assert_snapshot!(error("[objects.cells]\ngrow = { from = \"nuclie\", by = \"5 um\" }\n[objects.nuclei]\nlabels = \"a.tif\"\n"), @r#"
    mine.toml: from: there is no object set "nuclie" in line 2: `grow = { from = "nuclie", by = "5 um" }`
      try: nuclei
    "#);
    assert_snapshot!(error("[channels]\nnuclear = [0]\n[objects.nuclei]\nchannel = \"nucleus\"\nsteps = [{ op = \"threshold\", method = \"otsu\" }]\n"), @r#"
    mine.toml: there is no channel "nucleus" in line 4: `channel = "nucleus"`
      try: nuclear
    "#);
    assert_snapshot!(with_steps("  { op = \"median\", radius = \"1 px\", as = \"flat\" },\n  { op = \"threshold\", method = \"otsu\", of = \"flt\" },"), @r#"
    mine.toml: of: no earlier step is called "flt" in line 8: `{ op = "threshold", method = "otsu", of = "flt" }`
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
      try: let "a" come from steps or labels
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
    assert_snapshot!(error("[measure.nuclei\n"), @"
    mine.toml: a heading that is not closed in line 1: `[measure.nuclei`
      try: [measure.nuclei]
    ");
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
    mine.toml: percent = 0.41: a contour has exactly one limit in line 8: `{ op = "contour", percent = 0.41, at_least = 2, within = "20 mm" }`
      try: one of: percent, at_least, above, deviations
    "#);
    assert_snapshot!(lesions("{ op = \"contour\", percent = 410, within = \"20 mm\" }"), @r#"
    mine.toml: percent: 410 is no percentage of an object in line 8: `{ op = "contour", percent = 410, within = "20 mm" }`
      try: percent = 41
    "#);
    assert_snapshot!(lesions("{ op = \"contour\", percent = 0.41, within = \"20 mm\" }"), @r#"
    mine.toml: percent: 0.41 is less than one percent of an object: percentages are meant, not shares in line 8: `{ op = "contour", percent = 0.41, within = "20 mm" }`
      try: percent = 41
    "#);
    assert_snapshot!(lesions("{ op = \"habitats\", set = \"seeds\", percent = [0.5, 0.7] }"), @r#"
    mine.toml: percent: 0.5 is less than one percent of an object: percentages are meant, not shares in line 8: `{ op = "habitats", set = "seeds", percent = [0.5, 0.7] }`
      try: percent = [40, 70]
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
    mine.toml: at_least says nothing to the method "otsu" in line 8: `{ op = "threshold", method = "otsu", at_least = 4 }`
      try: leave at_least out; its keys are correction, bounds, bins, transform, noise, from, dimmer_beyond
    "#);
    assert_snapshot!(with_steps("  { op = \"watershed\", within = \"20 mm\" },"), @r#"
    mine.toml: "watershed" comes before any threshold in line 7: `{ op = "watershed", within = "20 mm" }`
      try: a threshold step before it
    "#);
    assert_snapshot!(error("[objects.a]\nsphere = { diameter = \"30 mm\", at = \"spleen\" }\n"), @r#"
    mine.toml: at: a text ("spleen") where a place belongs in line 2: `sphere = { diameter = "30 mm", at = "spleen" }`
      try: "liver", or [x, y, z] in mm (x to the patient's left, y back, z up)
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
    nuclei: unknown key "scal" in `scal = "8 px"`
      needed for: --set objects.nuclei.scal=8 px
      try: scale
    "#);
}

/// Parses a recipe that has `wrong` in it, sees that the error says to try `said`, and that with `right` in its place all
/// is well.
fn mended(text: &str, wrong: &str, said: &str, right: &str) {
    assert!(text.contains(wrong), "{wrong} is in the recipe");
    let e = Recipe::parse("mine.toml", text, &[]).unwrap_err();
    let remedy = e.remedy.clone().unwrap_or_default();
    assert!(remedy.contains(said), "{e}\n(should say {said})");
    if let Err(e) = Recipe::parse("mine.toml", &text.replace(wrong, right), &[]) {
        panic!("{right} for {wrong}: {e}");
    }
}

#[test]
fn every_remedy_for_a_step_helps() {
    let otsu = "{ op = \"threshold\", method = \"otsu\" }";
    let second = |wrong: &str, said: &str, right: &str| {
        let text = format!("{HEAD}scale = \"auto\"\nsteps = [{otsu}, {wrong}]\n");
        mended(&text, wrong, said, right);
    };
    let threshold = |keys: &str, said: &str, right: &str| {
        let step = |keys: &str| format!("{{ op = \"threshold\", {keys} }}");
        second(&step(keys), said, &step(right));
    };
    threshold("method = \"fixed\"", "value = 4.0", "method = \"fixed\", value = 4.0");
    threshold("method = \"percentile\"", "percent = 95", "method = \"percentile\", percent = 95");
    threshold("method = \"hysteresis\", high = 4.0", "low = 2.5", "method = \"hysteresis\", high = 4.0, low = 2.5");
    threshold("method = \"hysteresis\", low = 2.5", "high = 4.0", "method = \"hysteresis\", high = 4.0, low = 2.5");
    threshold("method = \"sauvola\"", "radius = \"25 px\"", "method = \"sauvola\", radius = \"25 px\"");
    threshold("method = \"otsu\", bins = 1", "from 2 to 65536", "method = \"otsu\", bins = 2");
    threshold("method = \"otsu\", bounds = [2, 1]", "the lower one first", "method = \"otsu\", bounds = [1, 2]");
    threshold("method = \"fixed\", value = 1, at_least = 2", "leave value out", "method = \"fixed\", at_least = 2");
    threshold("method = \"fixed\", at_least = 2, noise = 3", "leave noise out", "method = \"fixed\", at_least = 2");
    // Each key with a method that does not read it.
    for (method, needs) in [
        ("fixed", "value = 3"),
        ("percentile", "percent = 90"),
        ("otsu", "correction = 1"),
        ("multi_otsu", "correction = 1"),
        ("li", "correction = 1"),
        ("triangle", "correction = 1"),
        ("yen", "correction = 1"),
        ("robust_background", "correction = 1"),
        ("local_mean", "radius = \"9 px\""),
        ("local_gaussian", "radius = \"9 px\""),
        ("sauvola", "radius = \"9 px\", k = 0.2, r = 100"),
        ("hysteresis", "low = 1, high = 2"),
    ] {
        for (key, value) in [
            ("bins", "8"),
            ("transform", "\"sqrt\""),
            ("noise", "3"),
            ("correction", "2"),
            ("bounds", "[1, 2]"),
            ("radius", "\"9 px\""),
            ("k", "0.1"),
            ("r", "50"),
            ("low", "1"),
            ("high", "2"),
            ("percent", "5"),
            ("value", "5"),
            ("set", "\"x\""),
            ("factor", "2"),
            ("deviations", "2"),
        ] {
            let good = format!("method = \"{method}\", {needs}");
            let bad = format!("{good}, {key} = {value}");
            let text = format!("{HEAD}steps = [{{ op = \"threshold\", {bad} }}]\n");
            match Recipe::parse("mine.toml", &text, &[]) {
                Ok(_) => {}
                // The key twice, or a set that is not there.
                Err(e) if e.to_string().contains("stands there twice") || e.to_string().contains("no object set") => {}
                Err(_) => threshold(&bad, &format!("leave {key} out"), &good),
            }
        }
    }
    second("{ op = \"gaussian\", sgma = \"1 px\" }", "sigma", "{ op = \"gaussian\", sigma = \"1 px\" }");
    second("{ op = \"gaussian\", sigma = 1 }", "\"1 px\" or \"1 um\"", "{ op = \"gaussian\", sigma = \"8 px\" }");
    second("{ op = \"split\" }", "by = \"shape\"", "{ op = \"split\", by = \"shape\" }");
    second("{ op = \"split\" }", "{ op = \"landscape\" } before it", "{ op = \"landscape\" }, { op = \"split\" }");
    second(
        "{ op = \"split\", by = \"shape\", of = \"original\" }",
        "by = \"intensity\"",
        "{ op = \"split\", by = \"intensity\", of = \"original\" }",
    );
    second(
        "{ op = \"split\", by = \"intensity\", depth = \"1 um\" }",
        "depth = 0.1",
        "{ op = \"split\", by = \"intensity\", depth = 0.1 }",
    );
    second(
        "{ op = \"keep\", area = [\"9 px\", \"4 px\"] }",
        "[\"4 px\", \"9 px\"]",
        "{ op = \"keep\", area = [\"4 px\", \"9 px\"] }",
    );
    second("{ op = \"keep\", at_least = [\"9\"] }", "\"40 px\"", "{ op = \"keep\", at_least = [\"40 px\"] }");
    second(
        "{ op = \"contour\", percent = 41, within = \"9 px\", background = [\"5 mm\", \"2000 um\"] }",
        "background = [\"2000 um\", \"5 mm\"]",
        "{ op = \"contour\", percent = 41, within = \"9 px\", background = [\"2000 um\", \"5 mm\"] }",
    );
    second(
        "{ op = \"contour\", at_least = 4, within = \"9 px\", background = [\"5 mm\", \"9 mm\"] }",
        "percent = 50 as the only limit",
        "{ op = \"contour\", percent = 50, within = \"9 px\", background = [\"5 mm\", \"9 mm\"] }",
    );
    second(
        "{ op = \"watershed\", within = \"9 px\", core = 0 }",
        "core = 70",
        "{ op = \"watershed\", within = \"9 px\", core = 70 }",
    );
    // Before any threshold.
    for step in ["split", "fill_holes", "label", "landscape", "refine", "keep"] {
        let step = format!("{{ op = \"{step}\" }}");
        let text = format!("{HEAD}scale = \"auto\"\nsteps = [{step}]\n");
        let right = format!("{otsu}, {}", step.replace("\"split\"", "\"split\", by = \"shape\""));
        mended(&text, &step, "a threshold step before it", &right);
    }
    let text = format!("{HEAD}steps = [{{ op = \"median\", radius = \"1 px\" }}]\n");
    mended(&text, "[{ op = \"median\"", otsu, &format!("[{otsu}, {{ op = \"median\""));
}

#[test]
fn every_remedy_for_a_radius_that_nothing_says_helps() {
    let otsu = "steps = [{ op = \"threshold\", method = \"otsu\" }]\n";
    for step in [
        "{ op = \"background\", radius = \"4 r\" }",
        "{ op = \"landscape\" }",
        "{ op = \"keep\", at_least = \"0.4 r2\" }",
        "{ op = \"denoise\", share = 0.1, enough = \"1 px\", at_most = \"2 px\" }",
    ] {
        let text = format!("{HEAD}{}", otsu.replace("]\n", &format!(", {step}]\n")));
        mended(&text, HEAD, "objects.nuclei.scale = \"auto\"", &format!("{HEAD}scale = \"auto\"\n"));
    }
    // Grown from them, or measured with them.
    for more in [
        "[objects.cells]\ngrow = { from = \"nuclei\", by = \"0.8 r\" }\n",
        "[measure.nuclei]\nfeatures = \"probe\"\nprobe.ring = [\"0.1 r\", \"1 r\"]\n",
    ] {
        let text = format!("{HEAD}{otsu}{more}");
        mended(&text, HEAD, "objects.nuclei.scale = \"auto\"", &format!("{HEAD}scale = \"auto\"\n"));
    }
    // Labels know their radius by themselves.
    let text = "[objects.nuclei]\nlabels = \"a.tif\"\n[objects.cells]\ngrow = { from = \"nuclei\", by = \"0.8 r\" }\n";
    Recipe::parse("mine.toml", text, &[]).unwrap();
    let text = "[objects.ball]\nsphere = { diameter = \"9 px\", at = [0, 0, 0] }\n[objects.more]\n\
                grow = { from = \"ball\", by = \"1 r\" }\n";
    mended(text, "1 r", "px, um or mm in place of r", "1 mm");
}

#[test]
fn every_remedy_for_an_object_set_helps() {
    let steps = "steps = [{ op = \"threshold\", method = \"otsu\" }]\n";
    let nuclei = format!("{HEAD}{steps}");
    let with = |wrong: &str, said: &str, right: &str| mended(&format!("{nuclei}{wrong}"), wrong, said, right);
    with("labels = \"a.tif\"\n", "one of: steps, grow, minus, sphere, labels", "");
    with("regions = \"GTV*\"\n", "leave regions out", "");
    with("optional = true\n", "leave optional out", "");
    with("parent = \"nucleus\"\n", "nuclei", "parent = \"nuclei\"\n");
    with("[measure.nucleus]\nfeatures = \"shape\"\n", "nuclei", "[measure.nuclei]\nfeatures = \"shape\"\n");
    let probe = "[measure.nuclei]\nfeatures = \"probe\"\n";
    let ring = |wrong: &str, right: &str| {
        with(&format!("{probe}probe.ring = {wrong}\n"), right, &format!("{probe}probe.ring = {right}\n"))
    };
    ring("[\"7 px\", \"2 px\"]", "[\"2 px\", \"7 px\"]");
    ring("[\"7 px\", \"7 px\"]", "[\"2 px\", \"7 px\"]");
    ring("[\"1 mm\", \"20 um\"]", "[\"20 um\", \"1 mm\"]");
    with(
        "[measure.nuclei]\nfeatures = \"shape\"\nprobe.ring = [\"2 px\", \"7 px\"]\n",
        "features = [\"shape\", \"probe\"]",
        "[measure.nuclei]\nfeatures = [\"shape\", \"probe\"]\nprobe.ring = [\"2 px\", \"7 px\"]\n",
    );
    with(
        "[measure.nuclei]\nfeatures = \"probe\"\npositive = 3\n",
        "probe.positive",
        "[measure.nuclei]\nfeatures = \"probe\"\nprobe.positive = 3\n",
    );
    with(
        "[measure.nuclei]\nfeatures = \"probe\"\nring = [\"2 px\", \"7 px\"]\n",
        "a table [measure.nuclei.probe]",
        "[measure.nuclei]\nfeatures = \"probe\"\n[measure.nuclei.probe]\nring = [\"2 px\", \"7 px\"]\n",
    );
    let two = format!("{nuclei}{probe}probe.positive = 3\n").replace("nuclear = ", "probe = 1\nnuclear = ");
    mended(&two, "positive = 3", "positive.probe", "positive.probe = 3");
    let named = |role: &str| format!("{probe}probe.positive.{role} = 3\n");
    with(&named("nuclea"), "nuclear", &named("nuclear"));
    with(&format!("{probe}probe.positive = inf\n"), "no inf or nan", &format!("{probe}probe.positive = 3\n"));
    with(&format!("{probe}probe.rings = 3\n"), "ring", &format!("{probe}probe.ring = [\"2 px\", \"7 px\"]\n"));
    with(&format!("{probe}probe = 3\n"), "probe = { KEY = VALUE }", &format!("{probe}probe = {{ positive = 3 }}\n"));
    with(&format!("{probe}chanels = \"nuclear\"\n"), "channels", &format!("{probe}channels = \"nuclear\"\n"));
    with(&format!("{probe}prob.positive = 3\n"), "probe", &format!("{probe}probe.positive = 3\n"));
    let twice = |name: &str| format!("{probe}[[measure.nuclei.probe]]\n[[measure.nuclei.probe]]\n{name}positive = 3\n");
    with(&twice(""), "as = \"NAME\" in one of them", &twice("as = \"NAME\"\n"));
    with(&twice("as = 3\n"), "as = \"NAME\"", &twice("as = \"NAME\"\n"));
    with(&twice("as = \"a b\"\n"), "letters, digits, _ and -", &twice("as = \"a_b\"\n"));
    with(
        "[measure.nuclei]\nfeatures = \"sensitivity\"\n",
        "sets = [\"SET\"] with another object set",
        "[measure.nuclei]\nfeatures = \"sensitivity\"\nsensitivity.sets = [\"nuclei\"]\n",
    );
    let empty = nuclei.replace("[\"DAPI\", 0]", "[]");
    mended(&empty, "nuclear = []", "nuclear = [\"DAPI\", 0]", "nuclear = [\"DAPI\", 0]");
    let no_channel = nuclei.replace("channel = \"nuclear\"\n", "");
    mended(&no_channel, steps, "channel = \"nuclear\"", &format!("channel = \"nuclear\"\n{steps}"));
    let pattern = "[files]\npattern = \"a.tif\"\n";
    mended(&format!("{pattern}{nuclei}"), "a.tif", "pattern = \"{name}_{channel}.tif\"", "{name}_{channel}.tif");
    let sphere = "[objects.ball]\nsphere = { diameter = \"0 mm\", at = [0, 0, 0] }\n";
    mended(sphere, "0 mm", "diameter = \"30 mm\"", "30 mm");
    let circle =
        "[objects.a]\ngrow = { from = \"b\", by = \"1 px\" }\n[objects.b]\ngrow = { from = \"a\", by = \"1 px\" }\n";
    mended(circle, "grow = { from = \"a\", by = \"1 px\" }", "come from steps or labels", "labels = \"a.tif\"");
}

#[test]
fn keys_of_the_other_kind_of_image_are_refused() {
    let steps = "steps = [{ op = \"threshold\", method = \"otsu\" }]\n";
    let of =
        |modality: &str, before: &str, after: &str| format!("modality = \"{modality}\"\n{before}{HEAD}{steps}{after}");
    mended(&of("pet", "spacing_um = 0.5\n", ""), "spacing_um = 0.5\n", "leave spacing_um out", "");
    mended(&of("fluorescence", "[suv]\ndose_mbq = 3\n", ""), "[suv]\ndose_mbq = 3\n", "leave suv out", "");
    let lesion = "[measure.nuclei]\nfeatures = [\"lesion\"]\n";
    let shape = "[measure.nuclei]\nfeatures = [\"shape\", \"intensity\"]\n";
    mended(&of("fluorescence", "", lesion), lesion, "features = [\"shape\", \"intensity\"]", shape);
    let liver = "[objects.liver]\nsphere = { diameter = \"30 mm\", at = \"liver\" }\n";
    mended(&of("fluorescence", "", liver), "\"liver\" }", "at = [x, y, z]", "[0, 0, 0] }");
}

#[test]
fn one_value_is_a_list_of_one() {
    let cells = PRESETS.iter().find(|p| p.name == "cells").unwrap();
    let same = |one: &str, list: &str| {
        let parse = |s: &str| Recipe::parse("cells", cells.text, &[s.to_string()]).unwrap().body;
        assert_eq!(parse(one), parse(list), "{one}");
    };
    same("channels.probe=EGFR", "channels.probe=[\"EGFR\"]");
    same("channels.probe=1", "channels.probe=[1]");
    same("measure.cells.features=shape", "measure.cells.features=[\"shape\"]");
    same("measure.nuclei.channels=nuclear", "measure.nuclei.channels=[\"nuclear\"]");
    same("objects.nuclei.steps.9.at_least=40 px", "objects.nuclei.steps.9.at_least=[\"40 px\"]");
    let regions = |value: &str| {
        let settings = ["labels.nuclei=a.tif".to_string(), format!("objects.nuclei.regions={value}")];
        Recipe::parse("cells", cells.text, &settings).unwrap().body
    };
    assert_eq!(regions("GTV*"), regions("[\"GTV*\"]"));
}

#[test]
fn every_remedy_for_a_setting_helps() {
    let mended = |preset: &str, wrong: &[&str], said: &str, right: &[&str]| {
        let preset = PRESETS.iter().find(|p| p.name == preset).unwrap();
        let parse = |all: &[&str]| {
            Recipe::parse(preset.name, preset.text, &all.iter().map(|s| s.to_string()).collect::<Vec<_>>())
        };
        let e = parse(wrong).unwrap_err();
        assert!(e.remedy.as_ref().is_some_and(|r| r.contains(said)), "{e}\n(should say {said})");
        parse(right).unwrap();
    };
    mended(
        "nuclei",
        &["objects.nuclei.scale"],
        "--set objects.nuclei.scale=\"8 px\"",
        &["objects.nuclei.scale=\"8 px\""],
    );
    mended("nuclei", &["objects.nuclei.scal=8 px"], "scale", &["objects.nuclei.scale=8 px"]);
    mended("nuclei", &["objects.nuclei.scale=8"], "\"8 px\"", &["objects.nuclei.scale=\"8 px\""]);
    mended("nuclei", &["objects.nucleus.scale=8 px"], "--set objects.nuclei.scale=...", &["objects.nuclei.scale=8 px"]);
    mended("nuclei", &["labels.nucleus=a.tif"], "--set labels.nuclei=...", &["labels.nuclei=a.tif"]);
    mended("nuclei", &["channels.nucler=DAPI"], "--set channels.nuclear=...", &["channels.nuclear=DAPI"]);
    mended("nuclei", &["channels.marker=CK"], "one of: nuclear", &["channels.nuclear=CK"]);
    mended("nuclei", &["mask=a.tif"], "one of: nuclei", &["labels.nuclei=a.tif"]);
    mended("pet", &["labels.lesion=a.nii"], "--set labels.lesions=...", &["labels.lesions=a.nii"]);
    mended(
        "cells",
        &["measure.cell.probe.ring=[\"2 px\", \"9 px\"]"],
        "--set measure.cells.probe.ring=...",
        &["measure.cells.probe.ring=[\"2 px\", \"9 px\"]"],
    );
    mended(
        "cells",
        &["measure.cells.probe.positive=200"],
        "positive.probe",
        &["measure.cells.probe.positive.probe=200"],
    );
    // The place that the remedy for a wrong place names is one of the presets.
    let sigma = "objects.nuclei.steps.2.sigma=\"1 px\"";
    mended("nuclei", &["spacing_um=1", "spacing_um.x.y=1"], sigma, &[sigma]);
    mended("nuclei", &["objects.nuclei.steps.40.sigma=\"1 px\""], sigma, &[sigma]);
    // A radius that follows from the labels needs no scale.
    mended(
        "cells",
        &["labels.nuclei=a.tif", "objects.cells.grow.by=1"],
        "\"1 px\"",
        &["labels.nuclei=a.tif", "objects.cells.grow.by=1 px"],
    );
}

#[test]
fn settings_without_a_recipe_go_to_the_preset_that_knows_them() {
    let presets = |settings: &[&str]| {
        uptake::batch::Recipes::presets(&settings.iter().map(|s| s.to_string()).collect::<Vec<_>>())
    };
    let error = |settings: &[&str]| presets(settings).unwrap_err().to_string();
    let uptake::batch::Recipes::ByModality { fluorescence, pet, .. } = presets(&[
        "spacing_um=0.65",
        "channels.probe=EGFR",
        "suv.dose_mbq=370",
        "mask=a.nii",
        "objects.lesions.regions=GTV*",
        "labels.nuclei=b.tif",
        "objects.nuclei.scale=8 px",
    ])
    .unwrap() else {
        panic!("two recipes")
    };
    assert!(pet.body.spacing_um.is_none() && pet.body.suv.dose_mbq == Some(370.0));
    assert!(pet.body.channels.len() == 1 && !pet.body.objects.contains_key("nuclei"));
    assert_eq!(pet.body.objects["lesions"].regions, ["GTV*"]);
    assert!(fluorescence.body.spacing_um.is_some() && fluorescence.body.suv.dose_mbq.is_none());
    assert!(fluorescence.given_roles.contains("probe") && !fluorescence.given_roles.contains("nuclear"));
    assert!(error(&["labels.nucleus=a.tif"]).contains("--set labels.nuclei=..."));
    assert!(error(&["labels.lesion=a.nii"]).contains("--set labels.lesions=..."));
    assert!(error(&["objects.lesions.scal=1"]).contains("try: scale"), "{}", error(&["objects.lesions.scal=1"]));
    assert!(error(&["suv.dose=370"]).contains("dose_mbq"), "{}", error(&["suv.dose=370"]));
    assert!(error(&["objects.nuclei.scal=1"]).contains("try: scale"));
}

/// Columns of one name, and files of one name, are refused with both of what they are; another name helps.
#[test]
fn names_that_would_be_one_are_refused() {
    let set = |name: &str| {
        format!(
            "[objects.{name}]\nchannel = \"a\"\nsteps = [{{ op = \"threshold\", method = \"otsu\" }}, {{ op = \"threshold\", method = \"otsu\", \
             combine = \"and\" }}]\n"
        )
    };
    let channels = "[channels]\na = [0]\na_b = [1]\nb_c = [2]\nc = [3]\n";
    let refusal = |text: &str| match Recipe::parse("mine.toml", text, &[]) {
        Err(e) => Some(e.to_string()),
        Ok(recipe) => uptake::pipeline::columns(&recipe).err().map(|e| e.to_string()),
    };
    let measured = |name: &str| format!("[measure.{name}]\nfeatures = [\"intensity\"]\n");
    let markers = |set: &str, marker: &str| format!("[positive.{set}]\n{marker} = 200\n");
    let coloc = |channels: &str| format!("{channels}{}[measure.s]\nfeatures = [\"colocalisation\"]\n", set("s"));
    let sets = |a: &str, b: &str| format!("{channels}{}{}", set(a), set(b));
    let positive = |b: &str| sets("s", b) + &measured("s") + &measured(b) + &markers("s", "b_c") + &markers(b, "c");
    for (wrong, right, words) in [
        (sets("a", "a_2"), sets("a", "a2"), ["threshold_a_2: \"Threshold 2 of a,", "Threshold 1 of a_2,"]),
        (positive("s_b"), positive("sb"), ["positive_threshold_s_b_c", "an object of s_b is positive for c"]),
        (coloc(channels), coloc(&channels.replace("a_b", "ab")), ["\"a\" with \"b_c\"", "\"a_b\" with \"c\""]),
        (
            sets("Cells", "cells"),
            sets("Cells", "cells_2"),
            ["\"Cells\" and \"cells\" differ in upper", "another name, as cells_2"],
        ),
        (sets("s", "Features"), sets("s", "Feature"), ["\"Features\" cannot be a name", "another word"]),
    ] {
        let said = refusal(&wrong).unwrap_or_default();
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert_eq!(refusal(&right), None, "{said}");
    }
}

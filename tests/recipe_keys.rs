//! A value that a step or a table cannot take is told with its own line, its key, what it is and what may stand there.
//! Kind: mechanics, regression.

#![allow(clippy::unwrap_used, reason = "a test may")]

use uptake::recipe::Recipe;

/// A step a few lines down, one key a line.
fn recipe(step: &[&str]) -> String {
    let head = "[channels]\nn = [\"DAPI\", 0]\n[objects.s]\nchannel = \"n\"\nscale = \"8 px\"\nsteps = [\n  { op = \"threshold\", method = \"otsu\" },\n  {\n";
    let tail = "\n  },\n  { op = \"fill_holes\" },\n]\n";
    let keys: Vec<String> = step.iter().map(|key| format!("    {key}")).collect();
    [head, &keys.join(",\n"), tail].concat()
}

fn error(text: &str, settings: &[&str]) -> String {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    Recipe::parse("r.toml", text, &settings).unwrap_err().to_string()
}

const OTSU: [&str; 2] = ["op = \"threshold\"", "method = \"otsu\""];

/// The number of the line that begins with this key.
fn line(text: &str, key: &str) -> usize {
    1 + text.lines().position(|line| line.trim().starts_with(&format!("{key} ="))).unwrap()
}

#[test]
fn the_key_of_a_step_that_is_at_fault_is_told_with_its_line_and_what_may_stand_there() {
    let multi = ["op = \"threshold\"", "method = \"multi_otsu\""];
    let refine = ["op = \"refine\"", "quantile = 0.7"];
    let keep = ["op = \"keep\"", "border = false"];
    let split = ["op = \"split\"", "by = \"shape\""];
    let contour = ["op = \"contour\"", "within = \"9 px\""];
    let cases: &[(&[&str], &str, &str, &str)] = &[
        (&OTSU, "bins = 1", "bins = 1 is out of range", "from 2 to 65536: bins = 256"),
        (&OTSU, "bins = 0", "bins = 0 is out of range", "from 2 to 65536: bins = 256"),
        (&OTSU, "bounds = [4000, 10]", "bounds = [4000, 10]: the first is above", "bounds = [10, 4000]"),
        (&OTSU, "correction = 0", "correction = 0 is out of range", "a number above 0: correction = 1.0"),
        (&OTSU, "correction = -1", "correction = -1 is out of range", "a number above 0: correction = 1.0"),
        (&OTSU, "noise = -9", "noise = -9 is out of range", "a number from 0 on: noise = 5.0"),
        (&OTSU, "noise = nan", "noise = NaN is out of range", "a number from 0 on: noise = 5.0"),
        (&OTSU, "radius = \"9 px\"", "radius says nothing to the method \"otsu\"", "leave radius out"),
        (&OTSU, "of = \"flt\"", "of: no earlier step is called \"flt\"", "original"),
        (&multi, "classes = 1", "classes = 1 is out of range", "from 2 to 16: classes = 3"),
        (&refine, "fraction = 40", "fraction = 40 is no share", "from 0 to 1: fraction = 0.375"),
        (&keep, "area = [\"9 px\", \"2 px\"]", "area = [\"9 px\", \"2 px\"]: nothing is from", "[\"2 px\", \"9 px\"]"),
        (&split, "depth = 8", "depth = 8 is no share of the lower peak", "from 0 to 1: depth = 0.1"),
        (&["op = \"background\""], "radius = \"0 r\"", "with a radius of \"0 r\" sees nothing", "radius = \"20 px\""),
        (&["op = \"median\""], "radius = \"101 px\"", "radius = \"101 px\" is wider", "radius = \"100 px\""),
        (&contour, "percent = 410", "percent: 410 is no percentage", "percent = 41"),
        (&contour, "deviations = -1", "deviations = -1 is out of range", "from 0 on: deviations = 2.0"),
    ];
    for (others, bad, what, remedy) in cases {
        let key = bad.split(' ').next().unwrap();
        // Before the others and behind them.
        for place in [0, others.len()] {
            let mut step = others.to_vec();
            step.insert(place, bad);
            let text = recipe(&step);
            let told = error(&text, &[]);
            let place = format!(" in line {}: `{bad}`\n", line(&text, key));
            assert!(told.contains(what) && told.contains(&place) && told.contains("try: "), "{bad}: {told}");
            let (_, tried) = told.split_once("try: ").unwrap();
            assert!(tried.contains(remedy), "{bad}: {told}");
        }
    }
}

#[test]
fn of_two_faults_in_one_step_the_first_is_told_at_its_key() {
    let text = recipe(&[OTSU[0], OTSU[1], "bounds = [5, 1]", "bins = 1", "noise = -1"]);
    assert!(error(&text, &[]).contains(&format!("noise = -1 is out of range in line {}:", line(&text, "noise"))));
    let text = text.replace("noise = -1", "noise = 1");
    assert!(error(&text, &[]).contains(&format!("bins = 1 is out of range in line {}:", line(&text, "bins"))));
}

#[test]
fn a_setting_that_is_at_fault_is_quoted_by_itself() {
    let text = recipe(&OTSU);
    let told = error(&text, &["objects.s.steps.1.bounds=[5,1]"]);
    assert!(told.contains("bounds = [5, 1]: the first is above the second in `bounds = [5, 1]`"), "{told}");
}

#[test]
fn a_key_that_is_missing_is_told_where_the_step_stands() {
    let text = recipe(&["op = \"habitats\"", "set = \"s\""]);
    let told = error(&text, &[]);
    assert!(told.contains("habitats are divided in exactly one way in line 8: `{`"), "{told}");
    let text = recipe(&["op = \"threshold\"", "method = \"sauvola\""]);
    let told = error(&text, &[]);
    assert!(told.contains("method \"sauvola\" needs radius in line 10: `method = \"sauvola\"`"), "{told}");
}

#[test]
fn numbers_beyond_all_words_are_told_with_key_line_and_what_belongs_there() {
    let big = "9223372036854775808";
    let measure = "[measure.s]\nfeatures = [\"intensity\", \"probe\", \"neighbours\"]\n";
    let otsu = |key: String| recipe(&[OTSU[0], OTSU[1], &key]);
    let measured = |line: &str| format!("{}{measure}{line}\n", recipe(&OTSU));
    let long = "99999999999999999999";
    let cases = [
        (otsu(format!("set = {big}")), "set", format!("a number ({big}) where a text belongs")),
        (recipe(&[&format!("op = {big}")]), "op", "where a word belongs".into()),
        (measured(&format!("probe.ring = [{big}, \"10 px\"]")), "ring", "a length with its unit belongs".into()),
        (measured(&format!("neighbours.nearest = {long}")), "nearest", long.into()),
        (otsu("noise = 1e400".into()), "noise", "noise: the number 1e400 is too large".into()),
        (otsu("bins = 1e400".into()), "bins", "1e400".into()),
        (otsu(format!("bins = {big}")), "bins", format!("a number ({big}) where a whole number belongs")),
    ];
    for (text, key, what) in cases {
        let told = error(&text, &[]);
        let number =
            1 + text.lines().position(|line| line.contains(&format!("{key} = ")) && !line.contains("{ op")).unwrap();
        assert!(told.contains(&what) && told.contains(key), "{told}");
        assert!(told.contains(&format!(" in line {number}: `")) && told.contains("try: "), "{told}");
        for word in ["invalid", "i128", "u64", "variant", "expected", "9223372036854775807"] {
            assert!(!told.contains(word), "{told}");
        }
    }
}

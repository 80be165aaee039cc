//! Mechanics: the line, the key and a remedy; taken, it makes the recipe one that is read.
use super::*;
use crate::recipe::{PRESETS, Recipe};

const BEFORE: &str =
    "[channels]\nn = [0]\n\n[objects.s]\nchannel = \"n\"\nsteps = [\n  { op = \"gaussian\", sigma = \"1 px\" },\n";
const AFTER: &str = "\n  { op = \"keep\", border = true },\n]\n";

fn error(text: &str) -> Option<String> {
    Recipe::parse("r.toml", text, &[]).err().map(|e| e.to_string())
}

#[test]
fn a_slip_is_told_with_its_line_and_its_key() {
    for (wrong, right, told, remedy) in [
        ("noise = 9,5 }", "noise = 9.5 }", "noise: a decimal comma in 9,5", "a point: 9.5"),
        ("value = 1.000,5 }", "value = 1000.5 }", "value: a decimal comma", "a point: 1000.5"),
        ("method = otsu }", "method = \"otsu\" }", "method: a text without quotes (otsu)", "\"otsu\""),
        ("noise = 9 }\n", "noise = 9 },\n", "a comma is missing at the end", "noise = 9 },"),
        ("method = \"otsu }", "method = \"otsu\" }", "method: a quote opens and does not close", "\"otsu\""),
        ("method = 'otsu\" }", "method = 'otsu' }", "method: a quote opens and does not close", "\"otsu\""),
        (
            "method = \u{201c}otsu\u{201d} }",
            "method = \"otsu\" }",
            "method: quotes of print",
            "straight ones: \"otsu\"",
        ),
        (
            "method = \"otsu\" noise = 9 }",
            "method = \"otsu\", noise = 9 }",
            "method: a comma is missing",
            "\"otsu\", noise",
        ),
        ("noise = .5 }", "noise = 0.5 }", "noise: a number that", "0.5"),
        ("noise = 05 }", "noise = 5 }", "noise: a number that", "5"),
        ("noise = 1 000 }", "noise = 1000 }", "noise: blanks in a number", "1000"),
        ("noise = }", "noise = 9 }", "noise: there is no value", "behind noise ="),
        ("noise: 9 }", "noise = 9 }", "a colon behind noise", "noise = ..."),
        ("bounds = [1,5 2,5] }", "bounds = [1.5, 2.5] }", "bounds: a comma is missing", "[1.5, 2.5]"),
        ("noise = 9", "noise = 9 },", "a brace opens and does not close", "noise = 9 },"),
        ("noise = 9, noise = 8 }", "noise = 9 }", "the key noise stands there twice", "one line with noise"),
    ] {
        let method = if right.contains("method") {
            ""
        } else if right.contains("value") {
            "method = \"fixed\", "
        } else {
            "method = \"otsu\", "
        };
        let text = |slip: &str| {
            format!(
                "{BEFORE}  {{ op = \"threshold\", {method}{slip}{}{AFTER}",
                if slip.ends_with('}') { "," } else { "" }
            )
        };
        let said = error(&text(wrong)).unwrap_or_default();
        assert!(said.contains(told) && said.contains(" in line 8: ") && said.contains(remedy), "{wrong}: {said}");
        assert_eq!(error(&text(right)), None, "{right}");
    }
}

#[test]
fn words_that_are_no_values_are_told_in_plain_ones() {
    for (text, told) in [
        ("modality = fluorescence\n", "modality: a text without quotes"),
        ("spacing_um = 0,5\n", "try: a point: 0.5"),
        ("[objects.s\n", "a heading that is not closed"),
        ("mask = \"C:\\data\"\n", "'C:\\data'"),
        ("[output]\nlabels = False\n", "labels: False where true or false belongs"),
        ("[objects.s]\nsteps = [\n  op = \"median\",\n]\n", "the list that opens in line 2"),
        ("[objects.s]\nsteps = [\n  { op = \"label\" },\n[measure.s]\nx = 1\n", "the list that opens in line 2"),
    ] {
        let said = error(text).unwrap_or_default();
        assert!(said.contains(told) && said.contains("try: ") && !said.contains("expected"), "{text}: {said}");
    }
}

#[test]
fn no_line_of_a_preset_has_a_fault() {
    for preset in PRESETS {
        for line in preset.text.lines() {
            assert!(
                fault(line).is_none(),
                "{}: {line}: {}",
                preset.name,
                fault(line).map_or(String::new(), |f| f.what)
            );
        }
    }
}

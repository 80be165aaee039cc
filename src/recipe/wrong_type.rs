//! What a recipe is refused for by its types: in words of the recipe, not of the program that reads it.

use super::culprit::{Culprit, Read, find, message_with};
use super::place::{likely, line_of, quote};
use crate::Error;
use toml::{Table, Value};

/// An error of the reader with what is wrong and what to write, and the path of the place. `above` is where the table stands in the
/// recipe, `owner` what has its keys, where that is no table of the recipe but a family.
pub(super) fn told(text: &str, table: &Table, above: &[&str], owner: &str, read: Read) -> Option<Error> {
    let culprit = find(table, read)?;
    let (what, remedy) = in_words(table, &culprit, owner, read);
    let place = quote(text, line_of(text, &[above, &culprit.names()].concat()));
    let e = Error::usage(format!("{what} in {place}"));
    Some(if remedy.is_empty() { e } else { e.remedy(remedy) })
}

fn in_words(table: &Table, culprit: &Culprit, owner: &str, read: Read) -> (String, String) {
    let message = culprit.message.replace('\n', " ");
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let key = culprit.key().unwrap_or_default();
    let Some((unknown, known)) = words.split_first() else { return of_value(table, culprit, &message, key, read) };
    if message.starts_with("unknown field") {
        let remedy = if known.is_empty() { "a line without it".into() } else { likely(unknown, known) };
        return (format!("unknown key \"{unknown}\"{owner}"), remedy);
    }
    if message.starts_with("unknown variant") {
        let of = if key.is_empty() { String::new() } else { format!(" of {key}") };
        return (format!("unknown value \"{unknown}\"{of}"), likely(unknown, known));
    }
    if message.starts_with("missing field") {
        let path = [&culprit.path[..], &[(*unknown).to_string()]].concat();
        let with = |value| message_with(table, &path, value, read).unwrap_or_default();
        let (_, remedy) = belongs(&with(Value::Boolean(true)), None, || variants(&with(Value::String(NO_WORD.into()))));
        return (format!("the key {unknown} is missing"), format!("{unknown} = ...: {remedy}"));
    }
    of_value(table, culprit, &message, key, read)
}

/// No word of a recipe.
const NO_WORD: &str = "\u{fffd}";

/// The words that may stand in a place, from what the reader says of another one.
fn variants(message: &str) -> Vec<String> {
    match message.starts_with("unknown variant") {
        true => message.split('`').skip(1).step_by(2).skip(1).map(|word| format!("\"{word}\"")).collect(),
        false => vec![],
    }
}

/// A value that cannot stand where it stands.
fn of_value(table: &Table, culprit: &Culprit, message: &str, key: &str, read: Read) -> (String, String) {
    let names_key = |what: &str| match key.is_empty() || what.contains(key) {
        true => what.to_owned(),
        false => format!("{key}: {what}"),
    };
    if let Some((what, remedy)) = message.split_once("   try: ").filter(|(what, _)| !what.starts_with("expected ")) {
        return (names_key(what), remedy.into());
    }
    let of_reader = ["invalid ", "expected ", "wanted "].iter().any(|word| message.starts_with(word));
    if !of_reader {
        return (names_key(message), String::new());
    }
    let with = |value| message_with(table, &culprit.path, value, read).unwrap_or_default();
    let words = || variants(&with(Value::String(NO_WORD.into())));
    let (belongs, remedy) = belongs(message, Some(&culprit.value), words);
    let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
    (format!("{key}{} where {belongs} belongs", shown(&culprit.value)), remedy)
}

/// What stands there.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("a text (\"{text}\")"),
        Value::Integer(_) | Value::Float(_) => format!("a number ({value})"),
        Value::Boolean(is) => is.to_string(),
        Value::Array(all) => format!("a list of {}", all.len()),
        Value::Table(_) => "a table".into(),
        Value::Datetime(at) => format!("a date ({at})"),
    }
}

/// What belongs there and what to write, from what the reader says and the value that stands there.
fn belongs(message: &str, value: Option<&Value>, words: impl Fn() -> Vec<String>) -> (String, String) {
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    let expected = expected.or_else(|| message.strip_prefix("expected ")).unwrap_or("");
    let number = value.and_then(as_number);
    let positive = number.filter(|n| n.is_finite() && *n > 0.0);
    let two = |belongs: &str, remedy: String| (belongs.to_owned(), remedy);
    match expected {
        "a length" => two(
            "a length with its unit",
            match positive {
                Some(n) => format!("\"{n} px\" or \"{n} um\""),
                None => "a number with its unit, in quotes: \"3 px\" or \"1.5 um\"".into(),
            },
        ),
        "a size" => two(
            "an area or a volume with its unit",
            match positive {
                Some(n) => format!("\"{n} px\", \"{n} um2\" or \"{n} um3\""),
                None => "a number with its unit, in quotes: \"40 px\", \"20 um2\" or \"500 um3\"".into(),
            },
        ),
        "f64" | "f32" => two(
            "a number",
            match number.filter(|n| n.is_finite()) {
                Some(n) => format!("{n}, without quotes"),
                None => "a number without quotes, as 2.5".into(),
            },
        ),
        "a boolean" => two("true or false", "true or false, in small letters and without quotes".into()),
        "a string" | "a borrowed string" | "a character" => two(
            "a text",
            match number {
                Some(n) => format!("quotes around it: \"{n}\""),
                None => "one text in quotes, as \"a\"".into(),
            },
        ),
        "a sequence" => two("a list", "square brackets around it: [1, 2]".into()),
        kind if kind.starts_with("struct ") || kind.starts_with("internally tagged") => {
            two("a table", "braces around keys and their values: { key = 1 }".into())
        }
        "a map" => two("a table", "braces around keys and their values: { key = 1 }".into()),
        "usize" | "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "isize" => {
            two("a whole number", whole(expected, number))
        }
        _ => of_other(message, expected, words()),
    }
}

/// The same of lists of so many, of words, and of what says itself what it expects: `a depth: a share (0.08), or a length`.
fn of_other(message: &str, expected: &str, words: Vec<String>) -> (String, String) {
    let of_length = ["an array of length ", "a tuple of size "].iter().find_map(|before| expected.strip_prefix(before));
    if let Some(n) = of_length {
        return (format!("a list of {n}"), format!("{n} values in square brackets, with commas between them"));
    }
    if !words.is_empty() {
        return ("a word".into(), format!("one of: {}", words.join(", ")));
    }
    if let Some((belongs, remedy)) = expected.split_once("   try: ").or_else(|| expected.split_once(": ")) {
        return (belongs.into(), remedy.into());
    }
    match message.strip_prefix("expected ") {
        Some(expected) => (expected.into(), expected.into()),
        None => ("another kind of value".into(), "what docs/recipes.md has for this key".into()),
    }
}

/// A whole number that is near, or those that can be.
fn whole(kind: &str, number: Option<f64>) -> String {
    let most = match kind {
        "u8" => f64::from(u8::MAX),
        "u16" => f64::from(u16::MAX),
        "u32" => f64::from(u32::MAX),
        _ => 1e15,
    };
    match number.filter(|n| n.is_finite()) {
        Some(n) if n.fract() == 0.0 && (0.0..=most).contains(&n) => format!("{n}"),
        Some(n) if n < 0.0 || n > most => format!("a whole number from 0 to {most}"),
        _ => "a whole number without quotes, as 3".into(),
    }
}

/// A number, in quotes or with a decimal comma as well.
fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        Value::String(text) => text.trim().replace(',', ".").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics: each remedy, taken, makes the recipe one that is read.
    use crate::recipe::Recipe;

    const RECIPE: &str = "[channels]\nn = [0]\n[objects.s]\nchannel = \"n\"\nsteps = [\n{ op = \"gaussian\", sigma = \"1 px\" },\n\
        { op = \"threshold\", method = \"otsu\", bins = 256, noise = 5.0, bounds = [1.0, 2.0] },\n{ op = \"keep\", border = true },\n]\n";

    fn fault(good: &str, bad: &str) -> String {
        assert!(RECIPE.contains(good));
        let error = Recipe::parse("r.toml", &RECIPE.replace(good, bad), &[]).unwrap_err().to_string();
        for word in ["f64", "u32", "usize", "expected", "invalid type", "sequence", "map"] {
            assert!(!error.contains(word), "{bad}: {error}");
        }
        assert!(error.contains("try: "), "{bad}: {error}");
        error
    }

    #[test]
    fn a_value_of_another_type_is_told_in_words_of_recipes_with_a_remedy() {
        assert!(Recipe::parse("r.toml", RECIPE, &[]).is_ok());
        let whole = fault("bins = 256", "bins = 256.0");
        assert!(
            whole.contains("a number (256.0) where a whole number belongs") && whole.contains("try: 256"),
            "{whole}"
        );
        assert!(fault("bins = 256", "bins = 25.6").contains("try: a whole number without quotes, as 3"));
        assert!(fault("noise = 5.0", "noise = \"5,5\"").contains("try: 5.5, without quotes"));
        assert!(fault("noise = 5.0", "noise = [5.0]").contains("a list of 1 where a number belongs"));
        assert!(fault("border = true", "border = \"False\"").contains("try: true or false, in small letters"));
        assert!(fault("border = true", "border = 1").contains("where true or false belongs"));
        assert!(fault("sigma = \"1 px\"", "sigma = [\"1 px\"]").contains("try: a number with its unit, in quotes"));
        assert!(fault("sigma = \"1 px\"", "sigma = 1").contains("try: \"1 px\""));
        assert!(fault("method = \"otsu\"", "method = 3").contains("where a text belongs"));
        fault("bounds = [1.0, 2.0]", "bounds = 1.0");
    }

    #[test]
    fn the_line_of_a_value_in_a_long_list_is_told() {
        let told = fault("sigma = \"1 px\"", "sigma = 40");
        assert!(told.contains("sigma: a number (40) where a length with its unit belongs in line 6: `{ op"), "{told}");
        assert!(told.contains("try: \"40 px\" or \"40 um\""), "{told}");
        for mended in ["sigma = \"40 px\"", "sigma = \"40 um\""] {
            assert!(Recipe::parse("r.toml", &RECIPE.replace("sigma = \"1 px\"", mended), &[]).is_ok(), "{mended}");
        }
        assert!(
            fault("op = \"keep\", border = true", "op = \"keep\", area = [40, \"50 px\"]")
                .contains("area: a number (40)")
        );
        let at_least = fault("op = \"keep\", border = true", "op = \"keep\", at_least = 40");
        assert!(at_least.contains("try: \"40 px\", \"40 um2\" or \"40 um3\""), "{at_least}");
        let graded =
            format!("{RECIPE}[measure.s]\nfeatures = \"intensity\"\n[positive.s]\nn = {{ aove = [3, 10, 30] }}\n");
        let told = Recipe::parse("r.toml", &graded, &[]).unwrap_err().to_string();
        assert!(told.contains("unknown key \"aove\" in line 13: `n = {") && told.contains("try: above"), "{told}");
        assert!(Recipe::parse("r.toml", &graded.replace("aove", "above"), &[]).is_ok());
    }

    #[test]
    fn no_line_is_named_of_a_text_that_settings_have_made() {
        let settings = ["objects.s.steps.1.noise=2,5".to_string()];
        let error = Recipe::parse("r.toml", RECIPE, &settings).unwrap_err().to_string();
        assert!(error.contains("try: 2.5, without quotes") && !error.contains("line "), "{error}");
        let mended = ["objects.s.steps.1.noise=2.5".to_string()];
        assert!(Recipe::parse("r.toml", RECIPE, &mended).is_ok());
    }
}

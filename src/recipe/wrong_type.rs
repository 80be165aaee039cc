//! What stands in a recipe is of another type than it has to be: in words of the recipe, not of the program that reads it.

/// What is wrong and what to write, from the words of the reader (`invalid type: string "5", expected f64`) and the text of the value.
pub(super) fn wrong_type(message: &str, inside: &str) -> Option<(String, String)> {
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (got, expected) = rest.rsplit_once(", expected ")?;
    let is_number = got.starts_with("integer") || got.starts_with("floating");
    let (got_what, value) = match got.split_once([' ', '`', '"']).map_or(got, |(kind, _)| kind) {
        "string" => ("a text", got.split('"').nth(1)),
        "integer" | "floating" => ("a number", got.split('`').nth(1)),
        "boolean" => ("true or false", None),
        "sequence" => ("a list", None),
        "map" => ("a table", None),
        "datetime" => ("a date", None),
        _ => return None,
    };
    let digits = |text: &&str| text.replace(',', ".").parse::<f64>().is_ok_and(f64::is_finite);
    let number = value.filter(digits).map(|text| text.replace(',', "."));
    let (belongs, remedy) = match expected {
        "f64" | "f32" => {
            ("a number", number.map_or("a number without quotes, as 2.5".into(), |n| format!("{n}, without quotes")))
        }
        "usize" | "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "isize" => {
            let whole = number.and_then(|n| n.parse::<f64>().ok()).filter(|n| n.fract() == 0.0 && *n >= 0.0);
            ("a whole number", whole.map_or("a whole number without quotes, as 3".into(), |n| format!("{n}")))
        }
        "a boolean" => ("true or false", "true or false, in small letters and without quotes".into()),
        "a string" if is_number => ("a text", "quotes around it, with a unit if it is a length: \"3 px\"".into()),
        "a string" | "string or map" | "a borrowed string" | "a character" => {
            ("a text", "one text in quotes; a length is one with its unit, as \"3 px\"".into())
        }
        "a sequence" => ("a list", "square brackets around it: [1, 2]".into()),
        "a map" => ("a table", "braces around keys and their values: { key = 1 }".into()),
        other => match other.strip_prefix("an array of length ").or_else(|| other.strip_prefix("a tuple of size ")) {
            Some(n) => {
                return Some((
                    format!("{got_what} where a list of {n} belongs"),
                    format!("{n} values in square brackets"),
                ));
            }
            None => return None,
        },
    };
    let shown =
        value.filter(|v| !v.is_empty() && inside.contains(v) || is_number).map_or(String::new(), |v| format!(" ({v})"));
    Some((format!("{got_what}{shown} where {belongs} belongs"), remedy))
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
        assert!(fault("noise = 5.0", "noise = [5.0]").contains("a list where a number belongs"));
        assert!(fault("border = true", "border = \"False\"").contains("try: true or false, in small letters"));
        assert!(fault("border = true", "border = 1").contains("where true or false belongs"));
        assert!(fault("sigma = \"1 px\"", "sigma = [\"1 px\"]").contains("try: one text in quotes"));
        assert!(fault("sigma = \"1 px\"", "sigma = 1").contains("\"3 px\""));
        assert!(fault("method = \"otsu\"", "method = 3").contains("where a text belongs"));
        fault("bounds = [1.0, 2.0]", "bounds = 1.0");
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

//! Patterns of names: `{plate}/{well}_s{site}_w{channel}.tif`.
//!
//! A field in braces stands for a part of a name, `*` for anything, `{_}` for what does not count; the rest is taken as it is. All of these
//! take one character at least, and as many as they can from the left: `{name}_{channel}.tif` reads `a_b_DAPI.tif` as name `a_b`,
//! channel `DAPI`. `{channel:1}` takes one character, no less and no more. None of them reaches over a `/`.

use std::collections::BTreeSet;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(String),
    /// With a number of characters, where one is given.
    Field(String, Option<usize>),
    Star,
    /// What does not count.
    Ignored(Option<usize>),
}

/// The parts of a pattern, or what is wrong with it.
pub(crate) fn parse(pattern: &str) -> Result<Vec<Part>, String> {
    let (mut parts, mut rest) = (Vec::new(), pattern);
    while !rest.is_empty() {
        let end = rest.find(['{', '*']).unwrap_or(rest.len());
        if end > 0 {
            parts.push(Part::Literal(rest[..end].into()));
            rest = &rest[end..];
        } else if let Some(tail) = rest.strip_prefix('*') {
            parts.push(Part::Star);
            rest = tail;
        } else {
            let (field, tail) = rest[1..].split_once('}').ok_or("has a field without its }")?;
            parts.push(in_braces(field)?);
            rest = tail;
        }
    }
    let mut seen = BTreeSet::new();
    let twice = fields(&parts).find(|f| !seen.insert(*f)).map(str::to_string);
    twice.map_or(Ok(parts), |field| Err(format!("has {{{field}}} twice")))
}

/// A field with its number of characters, if it has one, or what is wrong with it.
fn in_braces(field: &str) -> Result<Part, String> {
    let (name, length) = match field.split_once(':') {
        Some((name, length)) => (name, Some(length)),
        None => (field, None),
    };
    let fine = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(fine) {
        return Err(format!("has a field {{{field}}}, and a field is letters, digits, _ and -"));
    }
    let length = length.map(|n| n.parse().ok().filter(|n| *n > 0).ok_or(n)).transpose();
    let length =
        length.map_err(|n| format!("has a field {{{field}}}, and \"{n}\" is no number of characters: {{{name}:1}}"))?;
    Ok(if name == "_" { Part::Ignored(length) } else { Part::Field(name.into(), length) })
}

/// The parts of a pattern of paths, one entry for what stands between slashes, or what is wrong with it.
pub(crate) fn parse_path(pattern: &str) -> Result<Vec<Vec<Part>>, String> {
    // All at once first: a field stands in one place only.
    if fields(&parse(pattern)?).next().is_none() {
        return Err("has no field".into());
    }
    let pieces: Vec<&str> = pattern.split('/').collect();
    if pieces.iter().any(|piece| piece.is_empty()) {
        return Err("has an empty part between slashes".into());
    }
    pieces.into_iter().map(parse).collect()
}

/// Names of the fields.
pub(crate) fn fields(parts: &[Part]) -> impl Iterator<Item = &str> {
    parts.iter().filter_map(|p| if let Part::Field(name, _) = p { Some(name.as_str()) } else { None })
}

/// What each field and each star stands for in a name, in their order, if the pattern fits all of it.
pub(crate) fn fit<'a>(parts: &[Part], name: &'a str) -> Option<Vec<&'a str>> {
    let mut taken = Vec::new();
    fit_rest(parts, name, &mut taken, &mut BTreeSet::new()).then_some(taken)
}

/// What has failed once is not tried again, so time stays bounded.
fn fit_rest<'a>(
    parts: &[Part],
    text: &'a str,
    taken: &mut Vec<&'a str>,
    failed: &mut BTreeSet<(usize, usize)>,
) -> bool {
    let here = (parts.len(), text.len());
    let Some((part, rest)) = parts.split_first() else { return text.is_empty() };
    if failed.contains(&here) {
        return false;
    }
    let fits = match part {
        Part::Literal(l) => text.strip_prefix(l.as_str()).is_some_and(|tail| fit_rest(rest, tail, taken, failed)),
        Part::Field(_, length) | Part::Ignored(length) => {
            let is_taken = !matches!(part, Part::Ignored(_));
            fit_some(rest, text, (*length, is_taken), taken, failed)
        }
        Part::Star => fit_some(rest, text, (None, true), taken, failed),
    };
    if !fits {
        failed.insert(here);
    }
    fits
}

/// Where so many characters come first, or as many as fit; `is_taken` says whether they are kept.
fn fit_some<'a>(
    rest: &[Part],
    text: &'a str,
    (length, is_taken): (Option<usize>, bool),
    taken: &mut Vec<&'a str>,
    failed: &mut BTreeSet<(usize, usize)>,
) -> bool {
    let ends = text.char_indices().map(|(i, c)| i + c.len_utf8());
    let fits_at = |end: usize| {
        taken.extend(is_taken.then(|| &text[..end]));
        let fits = fit_rest(rest, &text[end..], taken, failed);
        if !fits && is_taken {
            taken.pop();
        }
        fits
    };
    match length {
        Some(n) => ends.skip(n - 1).take(1).any(fits_at),
        None => ends.rev().any(fits_at),
    }
}

/// A file name without its extension; `.ome.tif` and `.nii.gz` are one extension.
pub(crate) fn stem(name: &str) -> &str {
    let name = name.strip_suffix(".gz").filter(|s| s.ends_with(".nii")).unwrap_or(name);
    let cut = name.rfind('.').filter(|&i| i > 0).map_or(name, |i| &name[..i]);
    cut.strip_suffix(".ome").filter(|s| !s.is_empty()).unwrap_or(cut)
}

#[cfg(test)]
mod tests {
    //! Oracle: literal names.
    use super::*;

    #[test]
    fn fields_stand_for_parts_of_a_name() {
        let parts = parse("{well}_s{site}_w{channel}").unwrap();
        assert_eq!(fields(&parts).collect::<Vec<_>>(), ["well", "site", "channel"]);
        assert_eq!(fit(&parts, "A01_s2_wDAPI"), Some(vec!["A01", "2", "DAPI"]));
        assert_eq!(fit(&parts, "A01_x_s2_w1"), Some(vec!["A01_x", "2", "1"]));
        assert_eq!(fit(&parts, "A01_s_w1"), None, "a field is one character at least");
        assert_eq!(fit(&parse("*µ{x}").unwrap(), "aµbµc"), Some(vec!["aµb", "c"]));
        let screen = parse("{well}_w{channel:1}{_}").unwrap();
        assert_eq!(fields(&screen).collect::<Vec<_>>(), ["well", "channel"]);
        assert_eq!(fit(&screen, "A01_w10EB3-24"), Some(vec!["A01", "1"]));
        assert_eq!(fit(&screen, "A01_w1"), None, "what does not count is one character at least");
        assert_eq!(fit(&parse("{_}_{a:2}{_:3}").unwrap(), "x_y_µbcde"), Some(vec!["µb"]));
        assert_eq!(fit(&parse("{a:2}").unwrap(), "abc"), None);
    }

    #[test]
    fn wrong_patterns_say_what_is_wrong() {
        for (pattern, what) in [
            ("{a", "}"),
            ("{}", "{}"),
            ("{a b}", "{a b}"),
            ("{a}{b}{a}", "{a} twice"),
            ("{a:0}", "\"0\" is no number"),
            ("{a:x}", "{a:1}"),
        ] {
            assert!(parse(pattern).unwrap_err().contains(what), "{pattern}");
        }
    }
}

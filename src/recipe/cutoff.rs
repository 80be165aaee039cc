//! When objects are positive for a marker: `[positive.SET]`.

use crate::measure::suffixes;
use crate::words::words;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Value;

/// When an object counts as positive for a marker: a value of it lies above a cutoff.
#[derive(Clone, Debug, PartialEq)]
pub struct Positive {
    /// The cutoff.
    pub above: Cutoff,
    /// The cutoffs of 2+ and 3+, where objects are graded.
    pub higher: Option<[Cutoff; 2]>,
    /// The cutoff is never below this one.
    pub at_least: Option<Cutoff>,
    /// The column of the value; the mean intensity in the channel of that name if absent.
    pub column: Option<String>,
    /// Over which objects the cutoffs are found.
    pub over: Over,
    /// Columns of metadata: images that agree in all of them share cutoffs that are not those of one image.
    pub by: Vec<String>,
}

/// Over which objects a cutoff is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Those of each image.
    #[default]
    Image,
    /// Those of all images of a run that are negative controls.
    NegativeControls,
    /// Those of all images of a run.
    Run,
}

/// The value above which an object is positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cutoff {
    /// Given.
    Value(f64),
    /// This percentile of the objects of each image.
    Percentile(f64),
    /// Otsu's threshold over the objects of each image.
    Otsu,
    /// So many times the median of the objects of each image.
    Median(f64),
    /// So many robust deviations from the median of the objects of each image, below it if negative.
    Robust {
        /// Deviations: 1.4826 times the median of the distances from the median.
        deviations: f64,
        /// Median and deviations are those of logarithms, of the values above 0.
        of_logs: bool,
    },
}

impl Positive {
    /// By the mean intensity and one cutoff alone.
    #[cfg(test)]
    pub(crate) fn by_mean(above: Cutoff) -> Self {
        Positive { above, higher: None, at_least: None, column: None, over: Over::Image, by: vec![] }
    }

    /// The cutoff follows from the median of the objects.
    pub fn is_of_median(&self) -> bool {
        matches!(self.above, Cutoff::Median(_) | Cutoff::Robust { .. })
    }

    /// The cutoff is so many deviations from the median.
    pub fn is_robust(&self) -> bool {
        matches!(self.above, Cutoff::Robust { .. })
    }

    /// All cutoffs: of 1+, 2+ and 3+, where objects are graded.
    pub fn cutoffs(&self) -> impl Iterator<Item = Cutoff> {
        std::iter::once(self.above).chain(self.higher.into_iter().flatten())
    }

    /// The same in a recipe's words, with numbers in the place of cutoffs that were found over several images.
    pub fn with_numbers(&self, cutoffs: &[f64]) -> String {
        let numbers: Vec<String> = cutoffs.iter().map(|v| format!("{v:?}")).collect();
        let above = if let [only] = &numbers[..] { only.clone() } else { format!("[{}]", numbers.join(", ")) };
        match &self.column {
            Some(column) => format!("{{ above = {above}, column = {} }}", toml::Value::from(column.as_str())),
            None => above,
        }
    }

    /// The column that is compared.
    pub fn column(&self, marker: &str) -> String {
        self.column.clone().unwrap_or_else(|| format!("intensity_mean_{}", suffixes(&[marker]).concat()))
    }
}

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            #[serde(deserialize_with = "above")]
            above: Vec<Cutoff>,
            #[serde(default, deserialize_with = "at_least")]
            at_least: Option<Cutoff>,
            column: Option<String>,
            #[serde(default)]
            over: Over,
            #[serde(default, deserialize_with = "words")]
            by: Vec<String>,
        }
        // Not an untagged enum, which would not say what is wrong with a key.
        let Table { above, at_least, column, over, by } = match Value::deserialize(d)? {
            table @ Value::Table(_) => Table::deserialize(table).map_err(|e| D::Error::custom(e.message()))?,
            plain => Table {
                above: above(plain).map_err(|e| D::Error::custom(e.message()))?,
                at_least: None,
                column: None,
                over: Over::Image,
                by: vec![],
            },
        };
        let (above, higher) = match above[..] {
            [above] => (above, None),
            _ => grades(above).map_err(D::Error::custom)?,
        };
        if higher.is_some() && at_least.is_some() {
            return Err(D::Error::custom("at_least with three cutoffs   try: one cutoff, or no at_least"));
        }
        let positive = Positive { above, higher, at_least, column, over, by };
        positive.check_over().map_err(D::Error::custom)?;
        Ok(positive)
    }
}

impl Positive {
    /// Where a cutoff is found over several images there is something to find, and only there images are put together.
    fn check_over(&self) -> std::result::Result<(), String> {
        let is_number = |how: Cutoff| matches!(how, Cutoff::Value(_));
        match (self.over, self.by.is_empty()) {
            (Over::Image, true) => Ok(()),
            (Over::Image, false) => {
                Err("by without over: each image has cutoffs of its own   try: over = \"negative_controls\"".into())
            }
            _ if self.cutoffs().all(is_number) => {
                Err("a number is the same for all images, whatever it is found over   try: above = \"99 %\"".into())
            }
            _ => Ok(()),
        }
    }
}

/// One cutoff, or a list of them.
fn above<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<Vec<Cutoff>, D::Error> {
    match Value::deserialize(d)? {
        Value::Array(all) => {
            let cutoffs: Vec<Cutoff> =
                all.iter().map(|value| one(value).map_err(D::Error::custom)).collect::<std::result::Result<_, _>>()?;
            match cutoffs.len() {
                3 => Ok(cutoffs),
                n => Err(D::Error::custom(of_grades(n))),
            }
        }
        value => one(&value).map(|one| vec![one]).map_err(D::Error::custom),
    }
}

/// The least cutoff, where the key is there.
fn at_least<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<Option<Cutoff>, D::Error> {
    one(&Value::deserialize(d)?).map(Some).map_err(D::Error::custom)
}

/// A number, or words.
fn one(value: &Value) -> std::result::Result<Cutoff, String> {
    match value {
        Value::Integer(value) => Ok(Cutoff::Value(*value as f64)),
        Value::Float(value) if value.is_finite() => Ok(Cutoff::Value(*value)),
        Value::Float(value) => Err(format!("{value} is no cutoff   try: {CUTOFFS}")),
        Value::String(word) => cutoff(word),
        _ => Err(format!(
            "expected a cutoff: {CUTOFFS}, a list of three of these for 1+, 2+ and 3+, or a table {{ above = \"otsu\", column = \"area_px\" }}"
        )),
    }
}

fn of_grades(n: usize) -> String {
    format!(
        "{n} cutoff{}   try: one without brackets, or three that rise: those of 1+, 2+ and 3+",
        if n == 1 { "" } else { "s" }
    )
}

/// The cutoff of 1+, and those of 2+ and 3+.
fn grades(cutoffs: Vec<Cutoff>) -> std::result::Result<(Cutoff, Option<[Cutoff; 2]>), String> {
    let [first, second, third] = cutoffs[..] else {
        return Err(of_grades(cutoffs.len()));
    };
    let falls = |pair: [Cutoff; 2]| match pair {
        [Cutoff::Value(a), Cutoff::Value(b)]
        | [Cutoff::Percentile(a), Cutoff::Percentile(b)]
        | [Cutoff::Median(a), Cutoff::Median(b)] => a >= b,
        [Cutoff::Robust { deviations: a, of_logs: x }, Cutoff::Robust { deviations: b, of_logs: y }] => {
            x == y && a >= b
        }
        _ => false,
    };
    if falls([first, second]) || falls([second, third]) || falls([first, third]) {
        return Err("the cutoffs of 1+, 2+ and 3+ do not rise   try: [150, 400, 900]".into());
    }
    Ok((first, Some([second, third])))
}

/// What a cutoff may be.
const CUTOFFS: &str = "a number, \"otsu\", a percentile like \"90 %\", \"median + 6 deviations\", or \"median * 4\"";

fn cutoff(word: &str) -> std::result::Result<Cutoff, String> {
    let percent = |word: &str| word.trim().parse().ok().filter(|p| (0.0..=100.0).contains(p));
    match (word.trim(), word.trim().strip_suffix('%').and_then(percent)) {
        ("otsu", _) => Ok(Cutoff::Otsu),
        (_, Some(p)) => Ok(Cutoff::Percentile(p)),
        (word, _) => of_median(word).ok_or_else(|| {
            let decimal = word.trim().replace(',', ".").parse::<f64>().ok().filter(|value| value.is_finite());
            let remedy = decimal.map_or(CUTOFFS.to_owned(), |value| format!("{value}, without quotes"));
            format!("\"{word}\" is no cutoff   try: {remedy}")
        }),
    }
}

/// More medians or deviations than this are a slip, and may be more than a number can say.
const MOST: f64 = 1e9;

/// `median * 4`, `median + 6 deviations`, `median - 4 deviations of logs`
fn of_median(word: &str) -> Option<Cutoff> {
    let words: Vec<&str> = word.split_whitespace().collect();
    let (sign, number) = match words[..] {
        ["median", sign, number]
        | ["median", sign, number, "deviations"]
        | ["median", sign, number, "deviations", "of", "logs"] => (sign, number),
        _ => return None,
    };
    let number: f64 = number.parse().ok().filter(|n: &f64| (0.0..=MOST).contains(n))?;
    match (sign, words.len()) {
        ("*", 3) if number > 0.0 => Some(Cutoff::Median(number)),
        ("+", 4 | 6) => Some(Cutoff::Robust { deviations: number, of_logs: words.len() == 6 }),
        ("-", 4 | 6) => Some(Cutoff::Robust { deviations: -number, of_logs: words.len() == 6 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn cutoffs_are_numbers_or_said_of_the_objects() {
        assert_eq!(cutoff("90 %").unwrap(), Cutoff::Percentile(90.0));
        assert_eq!(cutoff(" otsu").unwrap(), Cutoff::Otsu);
        let robust = |deviations, of_logs| Cutoff::Robust { deviations, of_logs };
        assert_eq!(cutoff("median + 6.5 deviations").unwrap(), robust(6.5, false));
        assert_eq!(cutoff(" median -  4 deviations of logs").unwrap(), robust(-4.0, true));
        for bad in [
            "",
            "median * 0",
            "90",
            "101 %",
            "-1 %",
            "nan %",
            "mean",
            "median",
            "median + -1 deviations",
            "median * 2 deviations",
            "median + 2",
            "median * -1",
            "median + 1e308 deviations",
            "median * 1e306",
            "median - 1e10 deviations of logs",
        ] {
            assert!(cutoff(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn three_cutoffs_are_grades() {
        let written = |text: &str| toml::from_str::<BTreeMap<String, Positive>>(text).map(|mut all| all.remove("p"));
        let graded = written("p = [1, 2.5, 'otsu']").unwrap().unwrap();
        assert_eq!((graded.above, graded.higher), (Cutoff::Value(1.0), Some([Cutoff::Value(2.5), Cutoff::Otsu])));
        assert_eq!(written("p = { above = [1, 2, 3], column = 'cnr_p' }").unwrap().unwrap().column.unwrap(), "cnr_p");
        assert_eq!(written("p = 3").unwrap().unwrap().higher, None);
        for bad in [
            "[1, 2]",
            "[1, 2, 3, 4]",
            "[1, 3, 2]",
            "[2, 'otsu', 1]",
            "['90 %', '80 %', 'otsu']",
            "['median * 2', 'otsu', 'median * 1']",
            "['median + 3 deviations', 'median + 2 deviations', 'otsu']",
            "[]",
            "[1, nan, 2]",
            "{ above = [1, 2, 3], at_least = 1 }",
        ] {
            assert!(written(&format!("p = {bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn cutoffs_over_several_images_become_numbers() {
        let written = |text: &str| toml::from_str::<BTreeMap<String, Positive>>(text).map(|mut all| all.remove("p"));
        let found = written("p = { above = '99 %', over = 'negative_controls', by = ['plate'] }").unwrap().unwrap();
        assert_eq!((found.over, &found.by[..]), (Over::NegativeControls, &["plate".to_owned()][..]));
        assert_eq!(found.with_numbers(&[12.5]), "12.5");
        let found =
            written("p = { above = ['50 %', '90 %', '99 %'], over = 'run', column = 'cnr_p' }").unwrap().unwrap();
        let numbers = found.with_numbers(&[1.0, 2.5, 1e20]);
        let again = written(&format!("p = {numbers}")).unwrap().unwrap();
        assert_eq!((again.over, again.above, again.column), (Over::Image, Cutoff::Value(1.0), found.column));
        for (bad, said) in [
            ("{ above = '99 %', by = ['plate'] }", "by without over"),
            ("{ above = 4, over = 'run' }", "a number is the same"),
            ("{ above = '99 %', over = 'plate' }", "unknown variant"),
        ] {
            let e = written(&format!("p = {bad}")).unwrap_err().to_string();
            assert!(e.contains(said) || e.contains("expected a value"), "{bad}: {e}");
        }
    }

    #[test]
    fn a_cutoff_may_have_a_least_one() {
        let text = "above = \"median - 4 deviations of logs\"\nat_least = \"median * 0.1\"\ncolumn = \"area_px\"";
        let positive: Positive = toml::from_str(text).unwrap();
        assert_eq!(positive.at_least, Some(Cutoff::Median(0.1)));
        assert!(toml::from_str::<Positive>("above = 4\nat_least = \"much\"").is_err());
    }
}

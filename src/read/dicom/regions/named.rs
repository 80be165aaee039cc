//! The regions that a file names, and which of them a recipe means.

use crate::read::Pick;
use crate::read::dicom::set::Set;
use crate::{Error, Result};
use dicom_dictionary_std::tags;

/// A region that a file names.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// In the file.
    pub number: i64,
    pub name: String,
}

impl Named {
    /// Number and name of a segment.
    ///
    /// # Errors
    /// It has no number.
    pub fn of_segment(item: &Set) -> Result<Self> {
        let number = item.whole(tags::SEGMENT_NUMBER);
        let number = number.ok_or_else(|| Error::format("a segment without SegmentNumber (0062,0004)"))?;
        Ok(Named { number, name: item.text(tags::SEGMENT_LABEL).unwrap_or_else(|| format!("segment {number}")) })
    }
}

/// Whether a name, or a glob of names, means a region.
fn fits(text: &str, region: &Named) -> bool {
    // A name may hold letters that mean something in a glob.
    let is_name = region.name.to_lowercase() == text.to_lowercase();
    let options = glob::MatchOptions { case_sensitive: false, ..Default::default() };
    is_name || glob::Pattern::new(text).is_ok_and(|glob| glob.matches_with(&region.name, options))
}

/// Which regions a name, a glob, or `#` and a number means: a number only where nothing is so named.
fn meant(text: &str, all: &[Named]) -> Vec<bool> {
    let named: Vec<bool> = all.iter().map(|region| fits(text, region)).collect();
    let number = text.strip_prefix('#').and_then(|number| number.parse::<i64>().ok());
    match number.filter(|_| !named.contains(&true)) {
        Some(number) => all.iter().map(|region| region.number == number).collect(),
        None => named,
    }
}

/// The wanted regions, in the order of their numbers.
///
/// # Errors
/// A name or number fits none, there are none, or a wanted one shares its number with another: what is drawn may be of either.
pub fn choose(mut all: Vec<Named>, pick: &Pick) -> Result<Vec<Named>> {
    all.sort_by_key(|r| r.number);
    all.dedup();
    let mut wanted = vec![pick.names.is_empty(); all.len()];
    for text in &pick.names {
        let meant = meant(text, &all);
        if !meant.contains(&true) {
            let names: Vec<String> = all.iter().map(|r| format!("\"{}\"", r.name)).collect();
            let there = if names.is_empty() { "none".into() } else { names.join(", ") };
            return Err(Error::usage(format!("no region is named \"{text}\"; there are: {there}")).remedy(
                "regions = [\"NAME\"] in the object set; * stands for anything, \"#2\" for the region of number 2",
            ));
        }
        wanted.iter_mut().zip(meant).for_each(|(wanted, meant)| *wanted |= meant);
    }
    if all.is_empty() {
        return Err(Error::format("the file names no region"));
    }
    for (pair, wanted) in all.windows(2).zip(wanted.windows(2)) {
        if pair[0].number == pair[1].number && wanted.contains(&true) {
            let [a, b] = [&pair[0], &pair[1]];
            let what = format!("two regions have the number {}: \"{}\" and \"{}\"", a.number, a.name, b.name);
            return Err(Error::format(what).remedy("a file in which each region has a number of its own"));
        }
    }
    Ok(all.into_iter().zip(wanted).filter(|r| r.1).map(|r| r.0).collect())
}

/// Whether the names of two regions, as a recipe can say them, mean one of them each.
fn are_told_apart(a: &Named, b: &Named) -> bool {
    let is_plain = |name: &str| !name.chars().any(|c| c.is_control() || c == '"' || c == '\\');
    is_plain(&a.name) && is_plain(&b.name) && !fits(&a.name, b) && !fits(&b.name, a)
}

/// Two regions for the user, with their numbers where names do not tell them apart.
pub fn in_words(a: &Named, b: &Named) -> String {
    match are_told_apart(a, b) {
        true => format!("\"{}\" and \"{}\"", a.name, b.name),
        false => format!("\"{}\" (#{}) and \"{}\" (#{})", a.name, a.number, b.name, b.number),
    }
}

/// How to take one of them.
pub fn remedy(a: &Named, b: &Named) -> String {
    let said = |region: &Named| match are_told_apart(a, b) {
        true => region.name.clone(),
        false => format!("#{}", region.number),
    };
    format!("regions = [\"{}\"] in the object set, and regions = [\"{}\"] in a set of its own", said(a), said(b))
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    fn named() -> Vec<Named> {
        [(7, "Liver"), (2, "GTV_Mass"), (3, "GTV [PET]")]
            .map(|(number, name)| Named { number, name: name.into() })
            .into()
    }

    fn chosen(names: &[&str]) -> Result<Vec<i64>> {
        let names = names.iter().map(|n| n.to_string()).collect();
        Ok(choose(named(), &Pick { names, ..Pick::default() })?.iter().map(|r| r.number).collect())
    }

    #[test]
    fn regions_are_chosen_by_globs_whatever_the_case() {
        assert_eq!(chosen(&[]).unwrap(), [2, 3, 7]);
        assert_eq!(chosen(&["gtv*"]).unwrap(), [2, 3]);
        assert_eq!(chosen(&["LIVER", "GTV_M?ss"]).unwrap(), [2, 7]);
        assert_eq!(chosen(&["gtv [pet]"]).unwrap(), [3]);
        assert_eq!(chosen(&["#3", "#7"]).unwrap(), [3, 7]);
        let e = chosen(&["#4"]).unwrap_err();
        assert!(e.what.contains("no region is named \"#4\""), "{e}");
        let e = chosen(&["liver", "spleen"]).unwrap_err();
        assert!(e.what.contains("\"spleen\"; there are: \"GTV_Mass\", \"GTV [PET]\", \"Liver\""), "{e}");
    }

    #[test]
    fn what_is_said_of_two_regions_takes_one_of_them() {
        for names in [["a", "b"], ["GTV", "gtv"], ["GTV*", "GTV 2"], ["a\"", "b"], ["#2", "c"], ["", ""]] {
            let both = [(1, names[0]), (2, names[1])].map(|(number, name)| Named { number, name: name.into() });
            let said = remedy(&both[0], &both[1]);
            let mut takes = said.split('"').skip(1).step_by(2);
            for region in &both {
                let pick = Pick { names: vec![takes.next().unwrap().into()], ..Pick::default() };
                assert_eq!(choose(both.to_vec(), &pick).unwrap(), std::slice::from_ref(region), "{said}");
            }
        }
    }
}

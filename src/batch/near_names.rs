//! Files that are called almost as one that a recipe looks for, can do without and has not found: they are told, as they are not read.
//!
//! A name is near that has the word of the wanted one in it, whatever its case or ending (`P-exclude`, `Pexclude`, `P_mask_Exclusion` for
//! `P_exclude`), and no other image's before it. Where images have that word themselves, and where it is short, names are near that
//! begin as the wanted one does.

use super::files;
use super::item::{Item, Source};
use super::listing::Listings;
use super::search::absolute;
use crate::Result;
use crate::name_pattern::stem;
use crate::recipe::Recipe;
use glob::Pattern;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// Names that are told of a set: slices of another series may all have the word.
const MOST: usize = 5;

/// What to say of such files beside an image. `used` are the files that some image is read with.
///
/// # Errors
/// None in practice.
pub fn almost(listings: &mut Listings, item: &Item, recipe: &Recipe, used: &HashSet<PathBuf>) -> Result<Vec<String>> {
    let mut told = vec![];
    for (set, path) in item.masks.iter().filter_map(|(set, found)| Some((set, found.as_ref().ok()?))) {
        let Some(objects) = recipe.body.objects.get(set).filter(|objects| objects.optional) else { continue };
        let names = path.file_name().and_then(|name| name.to_str()).zip(path.parent());
        let Some((wanted, beside)) = names.filter(|_| !path.is_file()) else { continue };
        let word = word_of(objects.labels.as_deref().unwrap_or_default());
        let word = word.filter(|word| !item.stems().iter().any(|(_, own)| own.to_lowercase().contains(word)));
        let near = match word {
            Some(word) => with_word(listings, item, beside, &word),
            None => with_begin(listings, item, beside, wanted)?,
        };
        let is_own = |other: &Path| item.files().contains(&&absolute(other)) || used.contains(&absolute(other));
        let near = near.iter().filter(|other| !is_own(other) && other.is_file() && files::is_image(other));
        for other in near.take(MOST) {
            let name = other.strip_prefix(beside).unwrap_or(other).display();
            told.push(format!(
                "{name} is not read: the recipe looks for {wanted} as its set \"{set}\"; call it so, or --set labels.{set}=FILE"
            ));
        }
    }
    Ok(told)
}

/// The longest run of letters that a pattern of names has outside of its fields, in small letters; of long words the first part, which
/// other endings (`excluded`, `exclusion`) share. Words of fewer than four letters are in too many names.
fn word_of(labels: &str) -> Option<String> {
    let name = stem(labels.rsplit('/').next()?).to_lowercase();
    let literal = name.split('{').map(|part| part.rsplit('}').next().unwrap_or_default());
    let words = literal.flat_map(|part| part.split(|c: char| !c.is_alphabetic()));
    let word = words.max_by_key(|word| word.chars().count()).filter(|word| word.chars().count() > 3)?;
    let keep = if word.chars().count() > 6 { word.chars().count() - 2 } else { word.chars().count() };
    Some(word.chars().take(keep).collect())
}

/// Names with the word: in the folder of a series all of them; else those that are called after the image or after nothing.
fn with_word(listings: &mut Listings, item: &Item, beside: &Path, word: &str) -> BTreeSet<PathBuf> {
    let (_, own) = item.usual_stem();
    let own = own.to_lowercase();
    let named = listings.with_word(beside, word);
    // `sub-1` of `sub-1_pet`.
    let is_end = |i: &usize| own[*i..].starts_with(|c: char| !c.is_alphanumeric());
    let begins = own.char_indices().map(|(i, _)| i).filter(is_end).map(|i| &own[..i]);
    let mut near: Vec<String> = vec![];
    for begin in [""].into_iter().chain(begins) {
        near.extend(named.get(begin).into_iter().flatten().cloned());
    }
    let longer = named.range(own.clone()..).take_while(|(before, _)| before.starts_with(&own));
    // `P10` is not called after `P1`.
    let is_apart = |before: &str| !before[own.len()..].starts_with(char::is_alphanumeric);
    near.extend(longer.filter(|(before, _)| is_apart(before)).flat_map(|(_, names)| names.iter().cloned()));
    near.retain(|name| !listings.is_of_another(beside, name, word, &own));
    let mut near: BTreeSet<PathBuf> = near.iter().map(|name| beside.join(name)).collect();
    if let Source::Series(series) = &item.source {
        let within = listings.with_word(&series.folder, word).values().flatten();
        near.extend(within.map(|name| series.folder.join(name)));
    }
    near
}

/// Names that begin as the wanted one does, but for its case.
fn with_begin(listings: &mut Listings, item: &Item, beside: &Path, wanted: &str) -> Result<BTreeSet<PathBuf>> {
    let begin = Pattern::escape(&beside.join(item.usual_stem().1).to_string_lossy());
    let wanted = stem(wanted).to_lowercase();
    let is_near = |path: &PathBuf| {
        path.file_name().is_some_and(|name| stem(&name.to_string_lossy()).to_lowercase().starts_with(&wanted))
    };
    Ok(listings.matches(&format!("{begin}*"))?.into_iter().filter(is_near).collect())
}

#[cfg(test)]
mod tests {
    //! Oracle: names by hand.
    use super::*;

    #[test]
    fn the_word_of_a_pattern_is_its_longest() {
        let word = |labels: &str| word_of(labels).unwrap_or_default();
        assert_eq!(word("{stem}_exclude.nii.gz"), "exclu");
        assert_eq!(word("{stem}_fdg_cp_Exclude.nii"), "exclu");
        assert_eq!(word("../masks/{patient}_sites.nii.gz"), "sites");
        assert_eq!(word("{dir}/{stem}_mask.tif"), "mask");
        assert_eq!(word("{stem}_ex.nii"), "", "a short one");
        assert_eq!(word("masks/{stem}.nii"), "");
    }
}

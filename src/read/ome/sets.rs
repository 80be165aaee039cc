//! Which files make up an image together, so that an image in several files is one row.

use super::files::{self, Own};
use super::metadata::{Metadata, root_attribute, xml};
use super::xml::{MOST_TEXT, images, parse};
use super::{companion, is};
use crate::read::{HEAD_BYTES, Options, Paths, Source, tiff};
use sha2::{Digest, Sha256};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// The files of one image, or of images that begin in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OmeSet {
    /// The file to open: the first of them by name.
    pub lead: PathBuf,
    /// All of them, in order; of those that were given.
    pub members: Vec<PathBuf>,
}

/// The names of the files of each image.
type Images = Vec<BTreeSet<files::Named>>;

/// Descriptions that were met: the files of a set repeat one, and only its first element differs.
#[derive(Default)]
struct Met(HashMap<[u8; 32], Images>);

impl Met {
    fn images(&mut self, xml: &str) -> Option<&Images> {
        let root = xml.find("<OME").or_else(|| xml.find(":OME "))?;
        let body = &xml[root + xml[root..].find('>')?..];
        let key = Sha256::digest(body).into();
        Some(match self.0.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(files::of_images(&images(&parse(xml).ok()?))),
        })
    }
}

/// What a file says about images: the files of each that has planes in it; of a companion, of all.
struct Described {
    images: Vec<BTreeSet<PathBuf>>,
    is_companion: bool,
}

/// Groups the files of OME-TIFF sets among the given ones, which are in order. Files that are images of their own are not in
/// the list. Looks at the first description of each file, and at files that it names; what is damaged is left to reading.
pub fn find_ome_sets(given: &Paths) -> Vec<OmeSet> {
    let mut met = Met::default();
    let mut rows: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    for path in given.iter() {
        let Some(described) = describe(&path, &mut met) else { continue };
        for image in described.images {
            let mut members: BTreeSet<PathBuf> = image.iter().filter(|f| given.has(f)).cloned().collect();
            if described.is_companion {
                if members.is_empty() {
                    members = image.iter().filter(|f| f.is_file()).cloned().collect();
                }
                // An image without any file is a row as well, one that fails.
                members.extend(if members.is_empty() { image.first().cloned() } else { None });
            }
            let Some(lead) = members.first().cloned() else { continue };
            members.extend(described.is_companion.then(|| path.clone()));
            rows.entry(lead).or_default().append(&mut members);
        }
    }
    let leads: BTreeSet<PathBuf> = rows.keys().cloned().collect();
    let set = |(lead, members): (PathBuf, BTreeSet<PathBuf>)| {
        let members = members.into_iter().filter(|m| *m == lead || !leads.contains(m)).collect();
        OmeSet { lead, members }
    };
    rows.into_iter().map(set).filter(|set| set.members.len() > 1 || !given.has(&set.lead)).collect()
}

fn describe(path: &Path, met: &mut Met) -> Option<Described> {
    let source = Source::open(path).ok()?;
    let head = source.head(HEAD_BYTES).ok()?;
    if (companion::FORMAT.detect)(&head) {
        let xml = xml(&source, &Options::default()).ok()?;
        let beside = |n: &files::Named| (!n.name.is_empty()).then(|| path.with_file_name(&n.name));
        let images = met.images(&xml)?.iter().map(|i| i.iter().filter_map(beside).collect()).collect();
        return Some(Described { images, is_companion: true });
    }
    let description = (tiff::FORMAT.detect)(&head).then(|| tiff::description(&source, MOST_TEXT).ok()).flatten()??;
    // Most descriptions are of one file, which they do not name.
    if !is(&description) || !(description.contains("FileName") || description.contains("BinaryOnly")) {
        return None;
    }
    let uuid = root_attribute(&description, "UUID");
    let metadata = Metadata::of(description, path, true, &Options::default()).ok()?;
    let images = met.images(&metadata.xml)?;
    let (own, _) = Own::find(path, uuid.as_deref(), images).ok()?;
    let file = |n: &files::Named| if own.is(n) { path.to_path_buf() } else { path.with_file_name(&n.name) };
    let mine = images.iter().filter(|image| image.iter().any(|n| own.is(n)));
    let images = mine.map(|image| image.iter().map(file).collect()).collect();
    Some(Described { images, is_companion: false })
}

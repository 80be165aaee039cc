//! Which files the planes of a description lie in, and which of them is the file that is read.
//!
//! The description names a file by its UUID and its name. The UUID counts first, since files are renamed; the names find the
//! other files, in the same folder. Where the two contradict each other the file is refused, and where they only differ a note
//! says so.

use super::xml::{AnyNamespace, child};
use crate::{Error, Result};
use roxmltree::Node;
use std::collections::BTreeSet;
use std::path::Path;

/// A file as a description names it. Without a name and UUID it is the file of the description itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its name, without folders: a set lies in one folder.
    pub name: String,
    /// Its UUID.
    pub uuid: Option<String>,
}

impl Named {
    /// Where a TiffData element says that its planes are.
    pub fn of(data: Node) -> Self {
        let Some(uuid) = child(data, "UUID") else { return Self::default() };
        let name = uuid.attribute("FileName").and_then(|n| n.rsplit(['/', '\\']).next()).unwrap_or("");
        let text = uuid.text().map(str::trim).filter(|t| !t.is_empty());
        Named { name: name.into(), uuid: text.map(String::from) }
    }
}

/// The files of each image of a description.
pub fn of_images(images: &[Node]) -> Vec<BTreeSet<Named>> {
    let data = |pixels: Node| -> BTreeSet<Named> {
        let data = pixels.children().filter(|n| n.has_tag_name_any("TiffData"));
        let files: BTreeSet<Named> = data.map(Named::of).collect();
        if files.is_empty() { BTreeSet::from([Named::default()]) } else { files }
    };
    images.iter().map(|i| child(*i, "Pixels").map_or_else(BTreeSet::new, data)).collect()
}

/// How the file that is read is known among those that are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// By this UUID.
    uuid: Option<String>,
    /// By this name.
    name: String,
}

impl Own {
    /// Finds a file among those that its description names. `uuid` is its own. Gives warnings as well.
    ///
    /// # Errors
    /// The description is that of other files, or its names and UUIDs contradict each other.
    pub fn find(path: &Path, uuid: Option<&str>, images: &[BTreeSet<Named>]) -> Result<(Self, Vec<String>)> {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let named: BTreeSet<&Named> = images.iter().flatten().filter(|n| **n != Named::default()).collect();
        let by_uuid = named.iter().find(|n| uuid.is_some() && n.uuid.as_deref() == uuid);
        let by_name = named.iter().find(|n| n.name == name);
        let (other, warnings) = match (by_uuid, by_name) {
            (Some(n), Some(same)) if same.uuid.is_some() && same.uuid != n.uuid => {
                let what = format!("by its UUID this file is {} of its OME-TIFF set, by its name {name}", n.name);
                return Err(Error::format(what).remedy("the names that the files had when they were written"));
            }
            (Some(n), _) if n.name.is_empty() || n.name == name => (name, vec![]),
            (Some(n), _) => (name, vec![format!("the OME-XML calls this file {}", n.name)]),
            (None, Some(n)) if n.uuid.is_some() && uuid.is_some() => {
                (name, vec!["the UUID of this file is not the one in the OME-XML; its name counts".into()])
            }
            (None, Some(_)) => (name, vec![]),
            (None, None) => Self::renamed(path, name, &named)?,
        };
        let uuid = by_uuid.and(uuid).map(String::from);
        Ok((Own { uuid, name: other }, warnings))
    }

    /// A file that its description does not name. Gives the name that it has there.
    fn renamed(path: &Path, name: String, named: &BTreeSet<&Named>) -> Result<(String, Vec<String>)> {
        let names: BTreeSet<&str> = named.iter().map(|n| n.name.as_str()).collect();
        let mut names = names.into_iter();
        match (names.next(), names.next()) {
            (None, _) => Ok((name, vec![])),
            (Some(""), None) => Err(Error::format("the OME-XML says that its planes are in a file without a name")
                .remedy("a copy of the image as one OME-TIFF")),
            // It must have been renamed: the description is of one file, and no other file has that name.
            (Some(only), None) if !path.with_file_name(only).exists() => {
                Ok((only.into(), vec![format!("the OME-XML calls this file {only}")]))
            }
            (Some(first), _) => {
                let what = format!("the OME-XML is that of other files ({first}, ...); this file is not named in it");
                Err(Error::format(what).remedy("the name that the file had when it was written"))
            }
        }
    }

    /// Is it this one that is named?
    pub fn is(&self, named: &Named) -> bool {
        match (&self.uuid, &named.uuid) {
            (Some(own), Some(other)) => own == other,
            _ => named.name.is_empty() || named.name == self.name,
        }
    }

    /// Does the image begin in this file: has no other one a name before it?
    fn leads(&self, image: &BTreeSet<Named>) -> bool {
        let before = |n: &Named| !self.is(n) && n.name < self.name;
        image.iter().any(|n| self.is(n)) && !image.iter().any(before)
    }

    /// The image that the file stands for: the first that begins in it, else the first with planes in it. Gives the number
    /// of images that have planes in it as well.
    pub fn image(&self, images: &[BTreeSet<Named>]) -> (Option<usize>, usize) {
        let here = images.iter().enumerate().filter(|(_, i)| i.is_empty() || i.iter().any(|n| self.is(n)));
        let here: Vec<usize> = here.map(|(at, _)| at).collect();
        let led = here.iter().copied().find(|at| images.get(*at).is_some_and(|i| self.leads(i)));
        (led.or(here.first().copied()), here.len())
    }
}

//! Which page of which file is which plane.

use super::files::{Named, Own};
use super::xml::{AnyNamespace, number};
use crate::read::layout::{Plane, Sizes};
use crate::{Error, Result};
use roxmltree::Node;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The order of the page axes, the first one running fastest.
pub(super) fn order<'a>(pixels: Node<'a, '_>) -> Result<&'a str> {
    let order = pixels.attribute("DimensionOrder").unwrap_or("XYZCT");
    match order.strip_prefix("XY") {
        Some(rest @ ("ZCT" | "ZTC" | "CZT" | "CTZ" | "TZC" | "TCZ")) => Ok(rest),
        _ => Err(Error::format(format!("OME-XML: DimensionOrder is \"{order}\""))),
    }
}

/// The files of a set.
pub(super) struct Files<'a> {
    pub own: &'a Own,
    pub path: &'a Path,
    pub companions: Vec<Named>,
}

impl Files<'_> {
    /// Number of the file that planes lie in: 0 is the one that is read.
    fn number(&mut self, data: Node) -> Result<usize> {
        let named = Named::of(data);
        if self.own.is(&named) {
            return Ok(0);
        }
        let at = self.companions.iter().position(|n| n.name == named.name).unwrap_or_else(|| {
            self.companions.push(named);
            self.companions.len() - 1
        });
        Ok(at + 1)
    }

    /// The planes, and the other files that they lie in with their UUIDs: those of other time points are left out.
    pub fn used(self, mut planes: Vec<Plane>) -> (Vec<Plane>, Vec<PathBuf>, Vec<Option<String>>) {
        let mut used: BTreeMap<usize, usize> = planes.iter().filter(|p| p.file > 0).map(|p| (p.file, 0)).collect();
        used.values_mut().enumerate().for_each(|(n, to)| *to = n + 1);
        planes.iter_mut().for_each(|p| p.file = used.get(&p.file).copied().unwrap_or(0));
        let named = used.keys().filter_map(|n| self.companions.get(n - 1));
        let (paths, uuids) = named.map(|n| (self.path.with_file_name(&n.name), n.uuid.clone())).unzip();
        (planes, paths, uuids)
    }
}

/// The page of every plane, in the order of the planes.
pub(super) fn planes(pixels: Node, sizes: Sizes, pages: usize, files: &mut Files) -> Result<Vec<Option<Plane>>> {
    let count = sizes.planes()?;
    let mut planes = vec![None; count];
    let order = order(pixels)?;
    let data: Vec<Node> = pixels.children().filter(|n| n.has_tag_name_any("TiffData")).collect();
    if data.is_empty() {
        planes.iter_mut().enumerate().take(pages).for_each(|(page, p)| *p = Some(Plane { file: 0, page }));
    }
    for node in data {
        let first = |name| number(node, name).map(|n| n.unwrap_or(0));
        let (c, z, t) = (first("FirstC")?, first("FirstZ")?, first("FirstT")?);
        if c >= sizes.c || z >= sizes.z || t >= sizes.t {
            return Err(Error::format(format!(
                "OME-XML: a page for channel {c}, slice {z}, time {t}, which are not there"
            )));
        }
        let (ifd, given) = (number(node, "IFD")?, number(node, "PlaneCount")?);
        let file = files.number(node)?;
        let start = sizes.index(order, c, z, t);
        // Without a count a page number stands for one plane, and nothing at all for every plane.
        let run = given.unwrap_or(if ifd.is_some() { 1 } else { count - start });
        for (k, plane) in planes.iter_mut().skip(start).take(run).enumerate() {
            let new = Plane { file, page: ifd.unwrap_or(0).saturating_add(k) };
            if let Some(other) = plane.replace(new).filter(|other| *other != new) {
                let what = format!("plane {} is page {} and page {}", start + k, other.page, new.page);
                return Err(contradiction(if other.file == new.file {
                    what
                } else {
                    format!("{what} of another file")
                }));
            }
        }
    }
    let mut taken = BTreeMap::new();
    for (number, plane) in planes.iter().enumerate().filter_map(|(number, plane)| Some((number, (*plane)?))) {
        if let Some(other) = taken.insert((plane.file, plane.page), number) {
            return Err(contradiction(format!("planes {other} and {number} are both page {}", plane.page)));
        }
    }
    Ok(planes)
}

/// Planes and pages that do not go one by one: which channel lies where is not known.
fn contradiction(what: String) -> Error {
    Error::format(format!("OME-XML: {what}, counted from 0")).remedy("TiffData that name one page for each plane")
}

//! A look into OME-XML.

use crate::{Error, Result};
use roxmltree::{Document, Node, ParsingOptions};

/// Longest OME-XML that is read: a tree takes many times its text, and metadata of this size are not met.
pub const MOST_TEXT: u64 = 256 << 20;

/// Its tree.
pub(super) fn parse(xml: &str) -> Result<Document<'_>> {
    if xml.len() as u64 > MOST_TEXT {
        return Err(Error::limit(format!("OME-XML of {} bytes", xml.len())));
    }
    let options = ParsingOptions { nodes_limit: 10_000_000, ..Default::default() };
    Document::parse_with_options(xml, options).map_err(|e| damaged(xml, &e))
}

/// What was cut off loses channels, slices and the calibration: nothing is guessed in their place.
fn damaged(xml: &str, e: &roxmltree::Error) -> Error {
    let is_whole = xml.trim_end().ends_with("OME>");
    let cut = if is_whole { String::new() } else { format!(", which ends after {} bytes without </OME>", xml.len()) };
    Error::format(format!("OME-XML{cut}: {e}")).remedy(
        "the file as it was first written; or one without its ImageDescription, which is read as a plain TIFF \
         (files.pages, spacing_um)",
    )
}

/// Its images.
pub(super) fn images<'a, 'b>(document: &'a Document<'b>) -> Vec<Node<'a, 'b>> {
    document.root_element().children().filter(|n| n.has_tag_name_any("Image")).collect()
}

/// Names without their namespaces.
pub(super) trait AnyNamespace {
    fn has_tag_name_any(&self, name: &str) -> bool;
}

impl AnyNamespace for Node<'_, '_> {
    fn has_tag_name_any(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

/// The first child of that name.
pub(super) fn child<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Option<Node<'a, 'b>> {
    node.children().find(|n| n.has_tag_name_any(name))
}

/// The whole number of an attribute.
pub(super) fn number(node: Node, name: &str) -> Result<Option<usize>> {
    let bad = |v| Error::format(format!("OME-XML: {name} is \"{v}\""));
    node.attribute(name).map(|v| v.trim().parse().map_err(|_| bad(v))).transpose()
}

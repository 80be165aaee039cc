//! Where the OME-XML of a file stands: in the file itself, or in another one that it names.

use super::xml::{MOST_TEXT, child, parse};
use crate::read::{Options, Source, tiff};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Bytes of memory that a byte of XML may take while it is understood.
const OF_TEXT: u128 = tiff::OF_TEXT as u128;

/// The OME-XML of a file.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The text.
    pub xml: String,
    /// UUID of the file that is read.
    pub uuid: Option<String>,
    /// Where the text stands, if not in the file that is read.
    pub file: Option<PathBuf>,
    /// What does not fit.
    pub warnings: Vec<String>,
}

impl Metadata {
    /// Of a file with this description; that of another file, if the description only names it.
    ///
    /// # Errors
    /// The XML is damaged, or the other file is missing or has none.
    pub fn of(description: String, path: &Path, on_disk: bool, options: &Options) -> Result<Self> {
        let uuid = root_attribute(&description, "UUID");
        if !description.contains("BinaryOnly") {
            return Ok(Metadata { xml: description, uuid, file: None, warnings: vec![] });
        }
        let document = parse(&description)?;
        let Some(only) = child(document.root_element(), "BinaryOnly") else {
            drop(document);
            return Ok(Metadata { xml: description, uuid, file: None, warnings: vec![] });
        };
        let name = only.attribute("MetadataFile").and_then(|n| n.rsplit(['/', '\\']).next()).unwrap_or("");
        if name.is_empty() || !on_disk {
            return Err(Error::usage("the metadata of this OME-TIFF are in another file").remedy("both in one folder"));
        }
        let file = path.with_file_name(name);
        let missing = |e: Error| Error { what: format!("the metadata of the OME-TIFF: {}", e.what), ..e }.at(&file);
        let xml = text(&file, options).map_err(missing)?;
        let (expected, found) = (only.attribute("UUID").map(String::from), root_attribute(&xml, "UUID"));
        let differ = expected.is_some() && found.is_some() && expected != found;
        let warnings = if differ { vec![format!("the UUID of {name} is not the one in the OME-XML")] } else { vec![] };
        Ok(Metadata { xml, uuid, file: Some(file), warnings })
    }
}

/// The OME-XML of a companion file or of an OME-TIFF.
fn text(path: &Path, options: &Options) -> Result<String> {
    let source = Source::open(path)?;
    let text = if (tiff::FORMAT.detect)(&source.head(16)?) {
        let text = tiff::description(&source, MOST_TEXT)?.unwrap_or_default();
        options.afford("the OME-XML", text.len() as u128, OF_TEXT)?;
        text
    } else {
        xml(&source, options)?
    };
    match super::is(&text) {
        true => Ok(text),
        false => Err(Error::format("no OME-XML in it")),
    }
}

/// The text of a companion file.
///
/// # Errors
/// It is too long, or no UTF-8.
pub fn xml(source: &Source, options: &Options) -> Result<String> {
    if source.len() > MOST_TEXT {
        return Err(Error::limit(format!("OME-XML of {} bytes", source.len())));
    }
    options.afford("the OME-XML", source.len().into(), OF_TEXT)?;
    let bytes = source.read(0, source.len())?;
    let text = String::from_utf8(bytes).map_err(|_| Error::format("OME-XML that is not UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').map(String::from).unwrap_or(text))
}

/// An attribute of the first element `OME`, without understanding the rest.
pub fn root_attribute(xml: &str, name: &str) -> Option<String> {
    let from = xml.find("<OME").or_else(|| xml.find(":OME "))?;
    let tag = &xml[from..from + xml[from..].find('>')?];
    let value = tag.split_once(&format!(" {name}=")).map(|(_, rest)| rest)?;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split_once(quote).map(|(v, _)| v.to_string())
}

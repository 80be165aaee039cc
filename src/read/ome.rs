//! OME-TIFF: the OME-XML in the description of the first page says which page is which plane.
//!
//! Read: sizes and DimensionOrder, TiffData (IFD, First*, PlaneCount, UUID FileName for sets of several files), channel names,
//! SignificantBits, PhysicalSize* with their units (micrometres where none is given). After the OME model 2016-06; older ones
//! use the same names. Namespaces are not looked at.

use super::Options;
use super::imagej::micrometres;
use super::layout::{Layout, Plane, Sizes};
use crate::units::Spacing;
use crate::{Error, Result};
use roxmltree::{Document, Node, ParsingOptions};
use std::path::{Path, PathBuf};

/// Is this an OME-XML block?
pub fn is(description: &str) -> bool {
    let head = description.get(..4096).unwrap_or(description);
    description.trim_end().ends_with('>')
        && (head.contains("<OME ") || head.contains("<OME>") || head.contains(":OME "))
}

/// Makes the layout. `pages` is the number of pages in the file at `path`.
///
/// # Errors
/// The XML is damaged, planes are missing, or there are several time points.
pub fn layout(xml: &str, path: &Path, pages: usize, options: &Options) -> Result<Layout> {
    // An XML tree takes many times its text; metadata of this size are not met.
    if xml.len() > 256 << 20 {
        return Err(Error::limit(format!("OME-XML of {} bytes", xml.len())));
    }
    let bad = |e: roxmltree::Error| Error::format(format!("OME-XML: {e}"));
    let document = Document::parse_with_options(xml, ParsingOptions { nodes_limit: 10_000_000, ..Default::default() });
    let document = document.map_err(bad)?;
    let root = document.root_element();
    if let Some(only) = child(root, "BinaryOnly") {
        let master = only.attribute("MetadataFile").unwrap_or("another file");
        return Err(Error::unsupported(format!("the metadata of this OME-TIFF are in {master}"))
            .remedy("that file, if it is an OME-TIFF"));
    }
    let images: Vec<Node> = root.children().filter(|n| n.has_tag_name_any("Image")).collect();
    let series = options.series.unwrap_or(0);
    let none = || Error::usage(format!("image {series} of an OME-TIFF with {}", images.len()));
    let image = images.get(series).ok_or_else(none)?;
    let pixels = child(*image, "Pixels").ok_or_else(|| Error::format("OME-XML: an image without Pixels"))?;

    let samples = samples_per_pixel(pixels)?;
    let sizes = sizes(pixels, samples)?;
    let time = sizes.time(options)?;
    let mut files = Files { own: path, uuid: root.attribute("UUID"), companions: Vec::new() };
    let planes = planes(pixels, sizes, pages, &mut files)?;
    let order = order(pixels)?;
    let wanted = (0..sizes.c).flat_map(|c| (0..sizes.z).map(move |z| (c, z)));
    let take = |(c, z)| planes.get(sizes.index(order, c, z, time)).copied().flatten().ok_or((c, z));
    let planes = wanted.map(take).collect::<std::result::Result<Vec<Plane>, _>>();
    let planes =
        planes.map_err(|(c, z)| Error::format(format!("OME-XML: no page is given for channel {c}, slice {z}")))?;

    let mut notes = Vec::new();
    if images.len() > 1 && options.series.is_none() {
        notes.push(format!("the file holds {} images; the first was read", images.len()));
    }
    let spacing = calibration(pixels, sizes.z, &mut notes);
    let channels = pixels.children().filter(|n| n.has_tag_name_any("Channel"));
    let significant = pixels.attribute("SignificantBits").and_then(|s| s.parse().ok());
    Ok(Layout {
        format: "OME-TIFF",
        planes,
        slices: sizes.z,
        runs: false,
        companions: files.companions,
        names: channels.map(|c| c.attribute("Name").map(String::from)).collect(),
        spacing,
        significant_bits: significant,
        facts: image.attribute("Name").map(|n| ("image name".to_string(), n.to_string())).into_iter().collect(),
        notes,
    })
}

trait AnyNamespace {
    fn has_tag_name_any(&self, name: &str) -> bool;
}

impl AnyNamespace for Node<'_, '_> {
    fn has_tag_name_any(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Option<Node<'a, 'b>> {
    node.children().find(|n| n.has_tag_name_any(name))
}

fn number(node: Node, name: &str) -> Result<Option<usize>> {
    let bad = |v| Error::format(format!("OME-XML: {name} is \"{v}\""));
    node.attribute(name).map(|v| v.trim().parse().map_err(|_| bad(v))).transpose()
}

/// Samples in a pixel, the same for all channels.
fn samples_per_pixel(pixels: Node) -> Result<usize> {
    let channels = pixels.children().filter(|n| n.has_tag_name_any("Channel"));
    let mut counts = channels.map(|c| Ok(number(c, "SamplesPerPixel")?.unwrap_or(1)));
    let first = counts.next().unwrap_or(Ok(1))?.max(1);
    match counts.all(|c: Result<usize>| c.is_ok_and(|c| c.max(1) == first)) {
        true => Ok(first),
        false => Err(Error::unsupported("OME-TIFF channels with different numbers of samples")),
    }
}

/// Sizes in planes: a plane of colour pixels counts once.
fn sizes(pixels: Node, samples: usize) -> Result<Sizes> {
    let size = |name| number(pixels, name).map(|n| n.unwrap_or(1));
    let (c, z, t) = (size("SizeC")?, size("SizeZ")?, size("SizeT")?);
    if c % samples != 0 {
        return Err(Error::format(format!("OME-XML: {c} channels of {samples} samples")));
    }
    let sizes = Sizes { c: c / samples, z, t };
    sizes.planes()?;
    Ok(sizes)
}

/// The order of the page axes, the first one running fastest.
fn order<'a>(pixels: Node<'a, '_>) -> Result<&'a str> {
    let order = pixels.attribute("DimensionOrder").unwrap_or("XYZCT");
    match order.strip_prefix("XY") {
        Some(rest @ ("ZCT" | "ZTC" | "CZT" | "CTZ" | "TZC" | "TCZ")) => Ok(rest),
        _ => Err(Error::format(format!("OME-XML: DimensionOrder is \"{order}\""))),
    }
}

/// The files of a set.
struct Files<'a> {
    own: &'a Path,
    uuid: Option<&'a str>,
    companions: Vec<PathBuf>,
}

impl Files<'_> {
    /// Number of the file that a UUID element names. Only its file name counts: a set lies in one folder.
    fn number(&mut self, uuid: Node) -> usize {
        let name = uuid.attribute("FileName").and_then(|n| n.rsplit(['/', '\\']).next()).unwrap_or("");
        let same_id = self.uuid.is_some_and(|own| uuid.text().is_some_and(|t| t.trim() == own));
        // A renamed file still finds itself by its UUID.
        if same_id || name.is_empty() || self.own.file_name().is_some_and(|own| own == name) {
            return 0;
        }
        let path = self.own.with_file_name(name);
        let at = self.companions.iter().position(|p| *p == path).unwrap_or_else(|| {
            self.companions.push(path);
            self.companions.len() - 1
        });
        at + 1
    }
}

/// The page of every plane, in the order of the planes.
fn planes(pixels: Node, sizes: Sizes, pages: usize, files: &mut Files) -> Result<Vec<Option<Plane>>> {
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
        let file = child(node, "UUID").map_or(0, |u| files.number(u));
        let start = sizes.index(order, c, z, t);
        // Without a count a page number stands for one plane, and nothing at all for every plane.
        let run = given.unwrap_or(if ifd.is_some() { 1 } else { count - start });
        for (k, plane) in planes.iter_mut().skip(start).take(run).enumerate() {
            *plane = Some(Plane { file, page: ifd.unwrap_or(0).saturating_add(k) });
        }
    }
    Ok(planes)
}

fn calibration(pixels: Node, slices: usize, notes: &mut Vec<String>) -> Option<Spacing> {
    let mut size = |axis: &str| {
        let value: f64 = pixels.attribute(format!("PhysicalSize{axis}").as_str())?.trim().parse().ok()?;
        let unit = pixels.attribute(format!("PhysicalSize{axis}Unit").as_str()).unwrap_or("µm").trim();
        let um = micrometres(unit);
        if um.is_none() && unit != "pixel" {
            notes.push(format!("PhysicalSize{axis} in \"{unit}\" is not understood"));
        }
        Some(value * um?)
    };
    let (x, y, z) = (size("X"), size("Y"), size("Z"));
    let z = if slices == 1 { z.filter(|z| *z > 0.0).or(Some(1.0)) } else { z };
    let spacing = x.zip(y).zip(z).and_then(|((x, y), z)| Spacing::um([z, y, x]));
    if spacing.is_none() && (x.is_some() || y.is_some()) {
        notes.push("the calibration is incomplete; lengths are in px".into());
    }
    spacing
}

#[cfg(test)]
mod tests {
    //! Oracle: literal metadata.
    use super::*;

    fn read(pixels: &str, inside: &str, pages: usize, options: &Options) -> Result<Layout> {
        let xml =
            format!("<OME xmlns=\"x\" UUID=\"urn:uuid:1\"><Image><Pixels {pixels}>{inside}</Pixels></Image></OME>");
        assert!(is(&xml));
        layout(&xml, Path::new("dir/a.ome.tif"), pages, options)
    }

    fn pages(l: &Layout) -> Vec<(usize, usize)> {
        l.planes.iter().map(|p| (p.file, p.page)).collect()
    }

    #[test]
    fn planes_names_and_units() {
        let l = read(
            "DimensionOrder=\"XYCZT\" SizeC=\"2\" SizeZ=\"2\" SizeT=\"1\" PhysicalSizeX=\"500\" PhysicalSizeXUnit=\"nm\" \
             PhysicalSizeY=\"0.5\" PhysicalSizeZ=\"2\" SignificantBits=\"12\"",
            "<Channel Name=\"DAPI\"/><Channel/><TiffData/>",
            4,
            &Options::default(),
        )
        .unwrap();
        assert_eq!(pages(&l), [(0, 0), (0, 2), (0, 1), (0, 3)]);
        assert_eq!(l.spacing.unwrap().zyx, [2.0, 0.5, 0.5]);
        assert_eq!((l.names, l.significant_bits), (vec![Some("DAPI".into()), None], Some(12)));
    }

    #[test]
    fn sets_of_files() {
        let data = |c: usize, name: &str, id: &str| {
            format!(
                "<TiffData FirstC=\"{c}\" IFD=\"0\" PlaneCount=\"1\"><UUID FileName=\"{name}\">urn:uuid:{id}</UUID></TiffData>"
            )
        };
        let inside = data(0, "old-name.ome.tif", "1") + &data(1, "../../b.ome.tif", "2");
        let l = read("SizeC=\"2\"", &inside, 1, &Options::default()).unwrap();
        assert_eq!(pages(&l), [(0, 0), (1, 0)]);
        assert_eq!(l.companions, [Path::new("dir/b.ome.tif")]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let plain = Options::default();
        assert!(read("SizeT=\"3\"", "", 3, &plain).unwrap_err().remedy.is_some());
        let second = Options { time: Some(1), ..Options::default() };
        assert_eq!(pages(&read("SizeT=\"3\"", "", 3, &second).unwrap()), [(0, 1)]);
        assert!(read("SizeC=\"2\"", "<TiffData IFD=\"0\"/>", 1, &plain).unwrap_err().what.contains("channel 1"));
        assert!(read("SizeC=\"2\"", "<TiffData FirstC=\"7\"/>", 1, &plain).is_err());
        assert!(read("SizeC=\"x\"", "", 1, &plain).is_err());
        assert!(read("DimensionOrder=\"ZYX\"", "", 1, &plain).is_err());
        let l = read("SizeC=\"1\" PhysicalSizeX=\"0.5\"", "", 1, &plain).unwrap();
        assert!(l.spacing.is_none() && l.notes.len() == 1);
    }
}

//! OME-TIFF: the OME-XML in the description of the first page says which page is which plane.
//!
//! Read: sizes and DimensionOrder, TiffData (IFD, First*, PlaneCount, UUID FileName for sets of several files), BinaryOnly and
//! companion files, channel names, SignificantBits, PhysicalSize* with their units (micrometres where none is given). After the
//! OME model 2016-06; older ones use the same names. Namespaces are not looked at.
//!
//! | held twice | where they differ |
//! |---|---|
//! | SizeX, SizeY and the size of the pages | refused |
//! | SamplesPerPixel and the samples of the pages | those of the pages, with a warning; refused if SizeC is no multiple |
//! | Type and the type of the pages | that of the pages, with a warning |
//! | planes and pages | missing ones are refused, others are left out with a warning |
//! | SignificantBits and the pixels | the bits of the type where a pixel needs more, with a warning |
//! | names and UUIDs of files | see [`files`] |

pub mod companion;
mod files;
mod metadata;
mod modulo;
mod planes;
mod sets;
mod xml;

pub use metadata::{Metadata, root_attribute};
pub use sets::{OmeSet, find_ome_sets};

use super::Options;
use super::imagej::micrometres;
use super::layout::{Layout, Plane, Sizes};
use super::numbers::Stored;
use super::resolution::{self, Stated};
use crate::{Error, Result};
use files::{Named, Own};
use planes::{Files, order, planes};
use roxmltree::Node;
use std::collections::BTreeSet;
use std::path::Path;
use xml::{AnyNamespace, child, images, number, parse};

/// Is this an OME-XML block?
pub fn is(description: &str) -> bool {
    let head = description.get(..4096).unwrap_or(description);
    // Either end says that it is XML: a description that was cut is damaged, and no other kind of file.
    let is_xml = description.trim_start_matches('\u{feff}').trim_start().starts_with('<');
    (is_xml || description.trim_end().ends_with('>'))
        && (head.contains("<OME ") || head.contains("<OME>") || head.contains(":OME "))
}

/// What the file itself says beside its OME-XML.
pub struct Pages {
    /// Pages that are no smaller copies.
    pub count: usize,
    /// Rows, columns and samples of the first one.
    pub size: [usize; 3],
    /// Its type.
    pub stored: Stored,
}

/// Makes the layout of the image that the file at `path` stands for.
///
/// # Errors
/// The XML is damaged, planes are missing, or there are several time points.
pub fn layout(metadata: Metadata, path: &Path, pages: &Pages, options: &Options) -> Result<Layout> {
    let document = parse(&metadata.xml)?;
    let images = images(&document);
    let named = files::of_images(&images);
    let (own, own_warnings) = Own::find(path, metadata.uuid.as_deref(), &named)?;
    let mut warnings = metadata.warnings;
    warnings.extend(own_warnings);
    let series = which(&own, &named, options, &mut warnings)?;
    let none = || Error::usage(format!("image {series} of an OME-TIFF with {}", images.len()));
    let image = images.get(series).ok_or_else(none)?;
    let pixels = child(*image, "Pixels").ok_or_else(|| Error::format("OME-XML: an image without Pixels"))?;

    let samples = samples_per_pixel(pixels, pages, &mut warnings)?;
    same_size(pixels, pages)?;
    same_type(pixels, pages.stored, &mut warnings);
    let sizes = sizes(pixels, samples)?;
    modulo::look_for(*image, &document, &mut warnings)?;
    let time = sizes.time_point(options, &mut warnings)?;
    let mut files = Files { own: &own, path, companions: Vec::new() };
    let planes = planes(pixels, sizes, pages.count, &mut files)?;
    if images.len() == 1 {
        left_over(&planes, pages.count, &mut warnings);
    }
    let order = order(pixels)?;
    let wanted = (0..sizes.c).flat_map(|c| (0..sizes.z).map(move |z| (c, z)));
    let take = |(c, z)| planes.get(sizes.index(order, c, z, time)).copied().flatten().ok_or((c, z));
    let planes = wanted.map(take).collect::<std::result::Result<Vec<Plane>, _>>();
    let planes =
        planes.map_err(|(c, z)| Error::format(format!("OME-XML: no page is given for channel {c}, slice {z}")))?;
    let (planes, companions, uuids) = files.used(planes);

    let stated = calibration(pixels, sizes.z, &mut warnings);
    let channels = pixels.children().filter(|n| n.has_tag_name_any("Channel"));
    let significant = pixels.attribute("SignificantBits").and_then(|s| s.parse().ok());
    let mut facts: Vec<(String, String)> = Vec::new();
    facts.extend(image.attribute("Name").map(|n| ("image name".to_string(), n.to_string())));
    if images.len() > 1 {
        facts.push(("image".into(), format!("{} of {} in the OME-XML", series + 1, images.len())));
    }
    Ok(Layout {
        format: "OME-TIFF",
        planes,
        slices: sizes.z,
        companions,
        uuids,
        metadata: metadata.file,
        names: channels.map(|c| c.attribute("Name").map(String::from)).collect(),
        stated,
        significant_bits: significant,
        facts,
        warnings,
        ..Layout::default()
    })
}

/// The image to read: the one that was asked for, or the one that the file stands for.
fn which(own: &Own, named: &[BTreeSet<Named>], options: &Options, warnings: &mut Vec<String>) -> Result<usize> {
    if let Some(series) = options.series {
        return Ok(series);
    }
    let (image, here) = own.image(named);
    let image = image.ok_or_else(|| {
        Error::format("the OME-XML has no image with planes in this file").remedy("a file of the set that has some")
    })?;
    if here > 1 {
        warnings.push(match image {
            0 => format!("the file holds {here} images; the first was read"),
            _ => format!("the file holds planes of {here} images; image {} of the OME-XML was read", image + 1),
        });
    }
    Ok(image)
}

/// Pages of a file with one image that its description does not use.
fn left_over(planes: &[Option<Plane>], pages: usize, warnings: &mut Vec<String>) {
    let used = planes.iter().flatten().filter(|p| p.file == 0).map(|p| p.page + 1).max().unwrap_or(0);
    if used < pages {
        warnings.push(format!("{} of {pages} pages are not described in the OME-XML and were left out", pages - used));
    }
}

fn same_size(pixels: Node, pages: &Pages) -> Result<()> {
    let [rows, columns, _] = pages.size;
    let (y, x) = (number(pixels, "SizeY")?.unwrap_or(rows), number(pixels, "SizeX")?.unwrap_or(columns));
    if (y, x) == (rows, columns) {
        return Ok(());
    }
    Err(Error::format(format!("OME-XML: an image of {y} x {x}, in pages of {rows} x {columns}")))
}

fn same_type(pixels: Node, stored: Stored, warnings: &mut Vec<String>) {
    let said = match pixels.attribute("Type") {
        Some("float") => "float32",
        Some("double") => "float64",
        Some("bit") => "uint1",
        Some(other) => other,
        None => return,
    };
    if said != stored.to_string() {
        warnings.push(format!("the OME-XML says {said}; the pages hold {stored}, which was read"));
    }
}

/// Samples in a pixel, the same for all channels: as many as the pages have.
fn samples_per_pixel(pixels: Node, pages: &Pages, warnings: &mut Vec<String>) -> Result<usize> {
    let channels = pixels.children().filter(|n| n.has_tag_name_any("Channel"));
    let counts = channels.map(|c| number(c, "SamplesPerPixel")).collect::<Result<Vec<_>>>()?;
    let first = counts.first().copied().flatten().map(|n| n.max(1));
    if counts.iter().flatten().any(|n| Some((*n).max(1)) != first) {
        return Err(Error::unsupported("OME-TIFF channels with different numbers of samples"));
    }
    let [.., samples] = pages.size;
    match first {
        Some(n) if n != samples => {
            warnings.push(format!("the OME-XML says {n} samples a pixel; the pages have {samples}, which were read"));
        }
        _ => {}
    }
    Ok(samples)
}

/// Sizes in planes: a plane of colour pixels counts once.
fn sizes(pixels: Node, samples: usize) -> Result<Sizes> {
    let size = |name| number(pixels, name).map(|n| n.unwrap_or(1));
    let (c, z, t) = (size("SizeC")?, size("SizeZ")?, size("SizeT")?);
    if c % samples != 0 {
        return Err(Error::format(format!("OME-XML: {c} channels in pages of {samples} samples a pixel")));
    }
    let sizes = Sizes { c: c / samples, z, t };
    sizes.planes()?;
    Ok(sizes)
}

fn calibration(pixels: Node, slices: usize, warnings: &mut Vec<String>) -> Stated {
    let mut size = |axis: &str| {
        let value: f64 = pixels.attribute(format!("PhysicalSize{axis}").as_str())?.trim().parse().ok()?;
        let unit = pixels.attribute(format!("PhysicalSize{axis}Unit").as_str()).unwrap_or("µm").trim();
        let um = micrometres(unit);
        if um.is_none() && unit != "pixel" {
            warnings.push(format!("PhysicalSize{axis} in \"{unit}\" is not understood"));
        }
        Some(value * um?)
    };
    let (x, y, z) = (size("X"), size("Y"), size("Z"));
    if x.is_none() && y.is_none() {
        return Stated::default();
    }
    resolution::stated([z, y, x], slices)
}

#[cfg(test)]
mod tests {
    //! Oracle: literal metadata.
    use super::*;

    fn read(pixels: &str, inside: &str, pages: usize, options: &Options) -> Result<Layout> {
        let xml =
            format!("<OME xmlns=\"x\" UUID=\"urn:uuid:1\"><Image><Pixels {pixels}>{inside}</Pixels></Image></OME>");
        assert!(is(&xml));
        let metadata = Metadata::of(xml, Path::new("dir/a.ome.tif"), true, options)?;
        let stored = Stored { kind: crate::read::numbers::Kind::Uint, bits: 16 };
        let pages = Pages { count: pages, size: [4, 5, 1], stored };
        layout(metadata, Path::new("dir/a.ome.tif"), &pages, options)
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
        assert_eq!(l.stated.spacing.unwrap().zyx, [2.0, 0.5, 0.5]);
        assert_eq!((l.names, l.significant_bits), (vec![Some("DAPI".into()), None], Some(12)));
    }

    /// Regression: what was cut at its end passed for a plain TIFF, without channels and calibration.
    #[test]
    fn what_is_cut_is_damaged_wherever_it_is_cut() {
        let whole =
            "<?xml version=\"1.0\"?><OME xmlns=\"x\"><Image><Pixels SizeC=\"2\"><TiffData/></Pixels></Image></OME>";
        let read = |xml: &str| {
            let metadata = Metadata::of(xml.into(), Path::new("a.ome.tif"), true, &Options::default())?;
            let stored = Stored { kind: crate::read::numbers::Kind::Uint, bits: 16 };
            layout(metadata, Path::new("a.ome.tif"), &Pages { count: 2, size: [4, 5, 1], stored }, &Options::default())
        };
        assert!(is(whole) && read(whole).is_ok());
        let from = whole.find("<Image>").unwrap();
        for end in from..whole.len() {
            let e = read(&whole[..end]).unwrap_err();
            assert!(is(&whole[..end]) && e.what.contains("without </OME>") && e.remedy.is_some(), "{end}: {e}");
        }
        assert!(!is("a note on <OME and the like") && !is("ImageJ=1\n<OME "));
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
        for (data, words) in [
            ("<TiffData IFD=\"0\"/><TiffData FirstC=\"1\" IFD=\"0\"/>", "planes 0 and 1 are both page 0"),
            ("<TiffData/><TiffData IFD=\"1\"/>", "plane 0 is page 0 and page 1"),
            ("<TiffData/><TiffData FirstC=\"1\"/>", "plane 1 is page 1 and page 0"),
        ] {
            let e = read("SizeC=\"2\"", data, 2, &plain).unwrap_err();
            assert!(e.what.contains(words) && e.remedy.is_some(), "{e}");
        }
        let twice = "<TiffData IFD=\"0\" PlaneCount=\"2\"/><TiffData FirstC=\"1\" IFD=\"1\"/>";
        assert!(read("SizeC=\"2\"", twice, 2, &plain).is_ok(), "the same said twice");
        assert!(read("SizeC=\"x\"", "", 1, &plain).is_err());
        assert!(read("DimensionOrder=\"ZYX\"", "", 1, &plain).is_err());
        let l = read("SizeC=\"1\" PhysicalSizeX=\"0.5\"", "", 1, &plain).unwrap();
        assert!(l.stated.spacing.is_none() && l.stated.doubts.len() == 1);
    }
}

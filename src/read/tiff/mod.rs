//! TIFF and what is written in its family: OME-TIFF, the dialects of microscopes and programs ([`dialect`]), plain pages.
//!
//! | read | |
//! |---|---|
//! | numbers | integers of 1 to 32 bits and 64 bits, floats of 16, 32 and 64 bits, both byte orders, BigTIFF |
//! | pixels | grey, RGB, colour map (the index is the value), inks, extra samples; interleaved and planar |
//! | chunks | strips and tiles; none, LZW, deflate, PackBits, zstd, JPEG; predictors 2 and 3 |
//! | pages | slices, channels and one time point, as the metadata say; pages of another size or type leave a note |
//!
//! Not read, with an error that names it: CCITT group 3, LogLuv, CIE L*a*b*, YCbCr without JPEG, floats of 24 bits, samples of
//! different types. The decoder here is its own, not the `tiff` crate's, which leaves out extra samples, inverts images whose
//! white is zero and refuses most odd depths; that one is the oracle of the tests. After TIFF 6.0, its Technical Notes, and
//! BigTIFF.

mod codec;
mod codes;
mod decode;
mod dialect;
mod directory;
mod fax;
mod file;
mod in_turn;
mod need;
mod page;
mod unpack;

use super::calibration;
use super::extent::{self, Extent};
use super::layout::{self, Layout, Plane};
use super::numbers::{self, Kind, Numbers, Stored};
use super::ome::{self, Metadata};
use super::raster;
use super::{Colour, Format, Input, Options, Source};
use crate::image::{Channel, Modality, Scan};
use crate::in_order::in_order;
use crate::units::Shape;
use crate::{Error, Result};
use codes::Photometric;
use directory::Tiff;
use file::File;
pub use in_turn::{read_channels, read_in_turn};
use need::Need;
pub use need::OF_TEXT;
use page::Page;
use rayon::prelude::*;

/// TIFF.
pub const FORMAT: Format = Format {
    name: "TIFF",
    is_scan: false,
    extensions: &["tif", "tiff", "btf", "tf8", "lsm", "stk"],
    detect: directory::detect,
    examine,
    read,
};

/// The description of the first page, if there is one, of fewer than `most` bytes.
///
/// # Errors
/// The file is damaged, or the operating system refuses.
pub fn description(source: &Source, most: u64) -> Result<Option<String>> {
    let (tiff, directory) = Tiff::first(source)?;
    let entry = directory.get(page::DESCRIPTION).filter(|e| e.is_shorter(most));
    entry.map(|e| tiff.text(e)).transpose()
}

/// What is read of a file: everything that its headers say, checked.
struct Plan<'a> {
    file: File<'a>,
    /// The page that all others are like.
    first: Page,
    layout: Layout,
    extent: Extent,
}

fn examine(input: &Input, options: &Options) -> Result<Extent> {
    plan(input, options, None).map(|plan| plan.extent)
}

fn read(input: &Input, options: &Options) -> Result<Scan> {
    let plan = plan(input, options, None)?;
    plan.extent.clone().whole_within(options)?;
    decode(plan, options)
}

/// As [`examine`], with the OME-XML of another file.
///
/// # Errors
/// As opening the file.
pub fn examine_as(input: &Input, options: &Options, metadata: Metadata) -> Result<Extent> {
    plan(input, options, Some(metadata)).map(|plan| plan.extent)
}

/// As [`read`], with the OME-XML of another file.
///
/// # Errors
/// As opening the file.
pub fn read_as(input: &Input, options: &Options, metadata: Metadata) -> Result<Scan> {
    plan(input, options, Some(metadata)).and_then(|plan| decode(plan, options))
}

fn plan<'a>(input: &'a Input, options: &Options, metadata: Option<Metadata>) -> Result<Plan<'a>> {
    let mut file = File::open(&input.source)?;
    let first = file.pages.first().cloned().ok_or_else(|| Error::format("no page in the file"))?;
    let text = first.description.as_ref().map(|d| file.tiff.text(d)).transpose()?.unwrap_or_default();
    options.afford("the description of the image", text.len() as u128, need::OF_TEXT.into())?;
    let mut need = Need::of_text(text.len());
    let metadata_is_own = metadata.is_none();
    let metadata = match metadata {
        None if ome::is(&text) => Some(Metadata::of(text.clone(), input.path, input.on_disk, options)?),
        given => given,
    };
    let mut layout = match metadata {
        Some(metadata) => {
            need = Need::of_text(metadata.xml.len());
            let count = file.pages.iter().filter(|p| !p.reduced).count().max(1);
            let size = [first.height, first.width, first.samples];
            ome::layout(metadata, input.path, &ome::Pages { count, size, stored: first.stored }, options)?
        }
        None => {
            options.only_image()?;
            file.keep_alike();
            dialect::layout(&file, &text, options)?
        }
    };
    drop(text);
    let settled = calibration::settle(&layout.stated, layout.slices, options);
    layout.spacing = settled.spacing;
    layout.warnings.extend(settled.warnings);
    layout.notes.extend(settled.notes);
    if layout.unfolded {
        file.unfold();
    }
    if layout.companions.is_empty() {
        file.left_out(&mut layout);
    } else if !input.on_disk {
        return Err(Error::usage("this OME-TIFF is one of a set of files").remedy("its path instead of its bytes"));
    }
    let own = layout.planes.iter().find(|p| p.file == 0).map_or(0, |p| p.page);
    let first = file.page(own, layout.runs)?;
    file.facts(&first, &mut layout);
    check_samples(&first)?;
    let mut extent = extent(input, &first, &layout);
    // Files that another one describes are read as a whole.
    extent.in_turn = metadata_is_own && in_turn::can_be(&first);
    let extent = extent.within(options)?;
    let mut warnings = Vec::new();
    each_file(
        &file,
        &layout,
        |_| true,
        |file, planes| {
            need.pages(file.pages.len());
            warnings.extend(other_uuid(file, &layout, planes)?);
            planes.iter().try_for_each(|(_, plane)| need.page(&file.tiff, &file.like(&first, *plane, layout.runs)?))
        },
    )?;
    layout.warnings.extend(warnings);
    let reading = need.reading(extent.reading, extent.finished());
    let extent = Extent { reading, ..extent }.within(options)?;
    Ok(Plan { file, first, layout, extent })
}

/// A file of a set that says it is another one than the description means.
fn other_uuid(file: &File, layout: &Layout, planes: &[(usize, Plane)]) -> Result<Option<String>> {
    let number = planes.first().map_or(0, |(_, plane)| plane.file);
    let Some(at) = number.checked_sub(1) else { return Ok(None) };
    let expected = layout.uuids.get(at).cloned().flatten();
    let description = file.pages.first().and_then(|p| p.description.as_ref());
    let text = description.map(|d| file.tiff.beginning(d, 1 << 14)).transpose()?.unwrap_or_default();
    let found = ome::root_attribute(&directory::text(&text), "UUID");
    let name = layout.companions.get(at).and_then(|p| p.file_name()).unwrap_or_default().to_string_lossy();
    let differ = expected.is_some() && found.is_some() && expected != found;
    Ok(differ.then(|| format!("the UUID of {name} is not the one in the OME-XML; its name counts")))
}

/// The size of the image, and what its numbers take until they are samples.
fn extent(input: &Input, page: &Page, layout: &Layout) -> Extent {
    let planes = layout.planes.len() / layout.slices.max(1);
    let shape = Shape::new(layout.slices, page.height, page.width);
    let channels = planes.saturating_mul(page.samples);
    // Numbers of more than 32 bits become samples in another place.
    let each = if page.stored.bits > 32 { 8 } else { 0 };
    let reading = extent::bytes(&[channels, shape.z, shape.y, shape.x], each);
    Extent {
        shape,
        channels,
        names: layout::names(&layout.names, planes, page.samples, is_rgb(page)),
        spacing: layout.spacing,
        reading,
        in_turn: false,
        files: std::iter::once(input.path.to_path_buf())
            .chain(layout.companions.iter().cloned())
            .chain(layout.metadata.clone())
            .collect(),
    }
}

/// Goes through the files that wanted planes lie in, with the planes of each and their places in the layout, by which they are wanted.
fn each_file(
    own: &File,
    layout: &Layout,
    is_wanted: impl Fn(usize) -> bool,
    mut work: impl FnMut(&File, &[(usize, Plane)]) -> Result<()>,
) -> Result<()> {
    let mut planes = vec![Vec::new(); layout.companions.len() + 1];
    for (at, plane) in layout.planes.iter().enumerate().filter(|(at, _)| is_wanted(*at)) {
        planes.get_mut(plane.file).into_iter().for_each(|list| list.push((at, *plane)));
    }
    let (mine, others) = planes.split_first().map_or((&[][..], &[][..]), |(mine, others)| (mine, others));
    work(own, mine)?;
    for (path, planes) in layout.companions.iter().zip(others).filter(|(_, planes)| !planes.is_empty()) {
        let missing = |e: Error| Error { what: format!("a file of the OME-TIFF set: {}", e.what), ..e }.at(path);
        let source = Source::open(path).map_err(missing)?;
        File::open(&source).and_then(|file| work(&file, planes)).map_err(missing)?;
    }
    Ok(())
}

fn check_samples(page: &Page) -> Result<()> {
    let colours = match page.photometric {
        Photometric::Rgb | Photometric::YCbCr => 3,
        _ => 1,
    };
    match page.samples >= colours {
        true => Ok(()),
        false => Err(Error::format(format!("{} samples in a pixel of colour", page.samples))),
    }
}

/// Decodes the planes and makes the scan.
fn decode(plan: Plan, options: &Options) -> Result<Scan> {
    let Plan { file, first, layout, extent } = plan;
    let (shape, samples) = (extent.shape, first.samples);
    let planes = layout.planes.len() / layout.slices.max(1);
    let mut rooms: Vec<Numbers> = (0..planes * samples).map(|_| first.stored.room(shape.len())).collect();
    each_file(
        &file,
        &layout,
        |_| true,
        |file, planes| {
            planes.iter().try_for_each(|(at, plane)| {
                let page = file.like(&first, *plane, layout.runs)?;
                let (channel, slice) = (at / layout.slices, at % layout.slices);
                let rooms = &mut rooms[channel * samples..][..samples];
                decode::page(&file.tiff, &page, rooms, slice * shape.y * shape.x)
            })
        },
    )?;
    finish(&first, shape, rooms, layout, options)
}

/// Drops what is no measurement, names the channels, and makes samples of the numbers.
fn finish(page: &Page, shape: Shape, mut rooms: Vec<Numbers>, mut layout: Layout, options: &Options) -> Result<Scan> {
    let planes = rooms.len() / page.samples;
    let mut samples = page.samples;
    if let Some(alpha) = alpha(page, options) {
        // Only where it says nothing: whatever it is called, a sample with contents may be a measurement.
        let opaque = |(i, room): (usize, &Numbers)| i % samples != alpha || is_opaque(room);
        if rooms.iter().enumerate().all(opaque) {
            rooms = rooms.into_iter().enumerate().filter(|(i, _)| i % samples != alpha).map(|(_, r)| r).collect();
            samples -= 1;
            layout.notes.push("transparency was left out; the image is opaque".into());
        } else {
            layout
                .warnings
                .push(format!("sample {} is called transparency and is not opaque: read as a channel", alpha + 1));
        }
    }
    let rgb = is_rgb(page);
    if rgb && options.colour == Colour::Measured {
        layout.warnings.push(raster::COLOUR.into());
    }
    let names = layout::names(&layout.names, planes, samples, rgb);
    let narrow = narrowed(page.stored, layout.significant_bits);
    let is_narrow = narrow != page.stored && rooms.iter().all(|room| fits(room, narrow));
    let stored = if is_narrow { narrow } else { page.stored };
    let make = |(name, numbers)| numbers::channel(name, shape, layout.spacing, numbers, stored);
    let named: Vec<_> = names.into_iter().zip(rooms).collect();
    let channels = in_order(named.into_par_iter().map(make))?;
    Ok(scan_of(channels, page, shape, stored, layout))
}

/// The scan of these channels, which have numbers of the type `stored`.
fn scan_of(channels: Vec<Channel>, page: &Page, shape: Shape, stored: Stored, layout: Layout) -> Scan {
    let Layout { spacing, significant_bits, mut facts, mut warnings, notes, .. } = layout;
    let other = |b: &u8| *b > page.stored.bits || (*b < stored.bits && *b > 0);
    if let Some(bits) = significant_bits.filter(|b| page.stored.kind == Kind::Uint && other(b)) {
        warnings.push(format!("the file says {bits} significant bits; its pixels have {}", stored.bits));
    }
    if stored != page.stored {
        facts.push(("significant bits".into(), stored.bits.to_string()));
    }
    let mut scan = Scan { spacing, facts, warnings, notes, ..Scan::new(Modality::Fluorescence, shape, channels) };
    numbers::steps(&mut scan);
    scan
}

fn is_rgb(page: &Page) -> bool {
    matches!(page.photometric, Photometric::Rgb | Photometric::YCbCr)
}

/// The sample that may be transparency: the fourth one of 8-bit colour, if the file calls it so. Programs that write four
/// channels of a microscope call the last one so as well.
fn alpha(page: &Page, options: &Options) -> Option<usize> {
    let colour = page.photometric == Photometric::Rgb && page.stored == Stored { kind: Kind::Uint, bits: 8 };
    let may = options.colour == Colour::Measured && colour && page.samples == 4;
    (may && matches!(page.extra.as_slice(), [1 | 2])).then_some(3)
}

fn is_opaque(room: &Numbers) -> bool {
    matches!(room, Numbers::Uint(v) if v.iter().all(|s| *s == 255))
}

/// The stored type with the bits that the metadata say, if those are fewer.
fn narrowed(stored: Stored, bits: Option<u8>) -> Stored {
    let bits = bits.filter(|b| stored.kind == Kind::Uint && (1..stored.bits).contains(b));
    bits.map_or(stored, |bits| Stored { bits, ..stored })
}

/// Whether all numbers lie within the bits of a narrowed type.
fn fits(room: &Numbers, narrow: Stored) -> bool {
    match room {
        Numbers::Uint(v) => v.par_iter().all(|s| u64::from(*s) < 1 << narrow.bits.min(32)),
        _ => false,
    }
}

//! TIFF and what is written in its family: OME-TIFF, ImageJ hyperstacks, tifffile's shaped files, plain pages.
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
mod directory;
mod fax;
mod need;
mod page;
mod unpack;

use super::extent::{self, Extent};
use super::layout::{self, Layout, Plane, Sizes};
use super::numbers::{self, Kind, Numbers, Stored};
use super::{Colour, Format, Input, Options, Source, imagej, ome, resolution, shaped};
use crate::scan::{Channel, Modality, Scan};
use crate::units::Shape;
use crate::{Error, Result};
use codes::Photometric;
use directory::Tiff;
use need::Need;
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

/// An open file with its pages.
struct File<'a> {
    tiff: Tiff<'a>,
    pages: Vec<Page>,
    /// Pages left out: smaller copies, and those unlike the first.
    reduced: usize,
    unlike: usize,
}

impl<'a> File<'a> {
    fn open(source: &'a Source<'a>) -> Result<Self> {
        let (tiff, directories) = Tiff::open(source)?;
        let mut file = File { tiff, pages: Vec::new(), reduced: 0, unlike: 0 };
        for (n, directory) in directories.iter().enumerate() {
            match Page::new(&file.tiff, directory) {
                Ok(page) => file.pages.push(page),
                Err(e) if n == 0 => return Err(e),
                Err(e) => return Err(Error { what: format!("page {n}: {}", e.what), ..e }),
            }
        }
        Ok(file)
    }

    /// Keeps the pages that are like the first full one: plain files hold thumbnails and labels of slides too.
    fn keep_alike(&mut self) {
        let all = self.pages.len();
        if self.pages.iter().any(|p| !p.reduced) {
            self.pages.retain(|p| !p.reduced);
        }
        self.reduced = all - self.pages.len();
        let full = self.pages.len();
        if let Some(first) = self.pages.first().cloned() {
            self.pages.retain(|p| alike(p, &first));
        }
        self.unlike = full - self.pages.len();
    }

    /// A page by its number. Where there is only one, it may be the first of a run, if the format knows that.
    fn page(&self, number: usize, runs: bool) -> Result<Page> {
        match (self.pages.get(number), self.pages.as_slice()) {
            (Some(page), _) => Ok(page.clone()),
            (None, [only]) if runs => only.in_run(&self.tiff, number as u64),
            (None, pages) => Err(Error::format(format!("page {number} is wanted, the file has {}", pages.len()))),
        }
    }
}

impl File<'_> {
    /// The page of a plane, which must be like the first one.
    fn like(&self, first: &Page, plane: Plane, runs: bool) -> Result<Page> {
        let page = self.page(plane.page, runs)?;
        if alike(&page, first) {
            return Ok(page);
        }
        Err(Error::format(format!("page {} has another size or type than the first", plane.page)))
    }
}

fn alike(a: &Page, b: &Page) -> bool {
    (a.width, a.height, a.samples, a.stored) == (b.width, b.height, b.samples, b.stored)
}

/// The description of the first page, if there is one of a length that programs write.
///
/// # Errors
/// The file is damaged, or the operating system refuses.
pub fn description(source: &Source) -> Result<Option<String>> {
    let (tiff, directory) = Tiff::first(source)?;
    let entry = directory.get(page::DESCRIPTION).filter(|e| e.is_shorter(MOST_DESCRIPTION));
    entry.map(|e| tiff.text(e)).transpose()
}

/// Descriptions longer than this are not those of our own label images.
const MOST_DESCRIPTION: u64 = 1 << 16;

/// What is read of a file: everything that its headers say, checked.
struct Plan<'a> {
    file: File<'a>,
    /// The page that all others are like.
    first: Page,
    layout: Layout,
    extent: Extent,
}

fn examine(input: &Input, options: &Options) -> Result<Extent> {
    plan(input, options).map(|plan| plan.extent)
}

fn plan<'a>(input: &'a Input, options: &Options) -> Result<Plan<'a>> {
    let mut file = File::open(&input.source)?;
    let pages = file.pages.len();
    let first = file.pages.first().cloned().ok_or_else(|| Error::format("no page in the file"))?;
    let text = first.description.as_ref().map(|d| file.tiff.text(d)).transpose()?.unwrap_or_default();
    options.afford("the description of the image", text.len() as u128, need::OF_TEXT.into())?;
    let plane = [first.height, first.width, first.samples];
    let mut layout = if ome::is(&text) {
        ome::layout(&text, input.path, pages, options)?
    } else {
        options.only_image()?;
        file.keep_alike();
        let pages = file.pages.len();
        if imagej::is(&text) {
            imagej::layout(&text, pages, first.resolution.map(|(x, y, _)| (x, y)), options)?
        } else if shaped::is(&text) {
            shaped::layout(&text, pages, plane, options)?
        } else {
            plain(&file, options)?
        }
    };
    if layout.companions.is_empty() {
        file.notes(&mut layout);
    } else if !input.on_disk {
        return Err(Error::usage("this OME-TIFF is one of a set of files").remedy("its path instead of its bytes"));
    }
    let own = layout.planes.iter().find(|p| p.file == 0).map_or(0, |p| p.page);
    let first = file.page(own, layout.runs)?;
    file.facts(&first, &mut layout);
    check_samples(&first)?;
    let extent = extent(input, &first, &layout, options).within(options)?;
    let mut need = Need::of_text(text.len());
    each_file(&file, &layout, |file, planes| {
        need.pages(file.pages.len());
        planes.iter().try_for_each(|(_, plane)| need.page(&file.tiff, &file.like(&first, *plane, layout.runs)?))
    })?;
    let reading = need.reading(extent.reading, extent.finished());
    let extent = Extent { reading, ..extent }.within(options)?;
    Ok(Plan { file, first, layout, extent })
}

/// The size of the image, and what its numbers take until they are samples.
fn extent(input: &Input, page: &Page, layout: &Layout, options: &Options) -> Extent {
    let planes = layout.planes.len() / layout.slices.max(1);
    let shape = Shape::new(layout.slices, page.height, page.width);
    let left_out = if alpha(page, options).is_some() { planes } else { 0 };
    let channels = planes.saturating_mul(page.samples) - left_out;
    let bytes = |channels: usize, each: usize| extent::bytes(&[channels, shape.z, shape.y, shape.x], each);
    // Numbers of more than 32 bits become samples in another place.
    let wide = page.stored.bits > 32;
    let reading = bytes(left_out, if wide { 8 } else { 4 }).saturating_add(bytes(channels, if wide { 8 } else { 0 }));
    Extent {
        shape,
        channels,
        float: page.stored.kind == Kind::Float,
        spacing: layout.spacing,
        reading,
        files: std::iter::once(input.path.to_path_buf()).chain(layout.companions.iter().cloned()).collect(),
    }
}

/// Goes through the files that planes lie in, with the planes of each and their places in the layout.
fn each_file(own: &File, layout: &Layout, mut work: impl FnMut(&File, &[(usize, Plane)]) -> Result<()>) -> Result<()> {
    let mut planes = vec![Vec::new(); layout.companions.len() + 1];
    for (at, plane) in layout.planes.iter().enumerate() {
        planes.get_mut(plane.file).into_iter().for_each(|list| list.push((at, *plane)));
    }
    let (mine, others) = planes.split_first().map_or((&[][..], &[][..]), |(mine, others)| (mine, others));
    work(own, mine)?;
    for (path, planes) in layout.companions.iter().zip(others) {
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

fn plain(file: &File, options: &Options) -> Result<Layout> {
    let sizes = Sizes::of_pages(file.pages.len(), options);
    sizes.planes()?;
    sizes.time(options)?;
    let resolution = file.pages.first().and_then(|p| p.resolution);
    Ok(Layout {
        format: "TIFF",
        planes: sizes.pages("ZCT", 0),
        slices: sizes.z,
        spacing: resolution::calibration(resolution, sizes.z),
        ..Layout::default()
    })
}

impl File<'_> {
    fn notes(&self, layout: &mut Layout) {
        if self.unlike > 0 {
            layout.notes.push(format!("{} pages of another size or type than the first were left out", self.unlike));
        }
        let used = layout.planes.iter().map(|p| p.page).max().unwrap_or(0);
        if self.pages.len() > used + 1 && layout.format == "ImageJ TIFF" {
            layout.notes.push(format!(
                "{} of {} pages were not described and left out",
                self.pages.len() - used - 1,
                self.pages.len()
            ));
        }
    }

    fn facts(&self, page: &Page, layout: &mut Layout) {
        let mut fact = |name: &str, value: String| layout.facts.push((name.into(), value));
        fact("format", layout.format.into());
        fact("stored type", page.stored.to_string());
        fact("byte order", if self.tiff.little { "little-endian" } else { "big-endian" }.into());
        if self.tiff.big {
            fact("variant", "BigTIFF".into());
        }
        fact("compression", page.compression.name().into());
        let [rows, columns] = page.chunk;
        fact(
            "chunks",
            if page.tiled { format!("tiles of {rows} x {columns}") } else { format!("strips of {rows} rows") },
        );
        fact("pages", self.pages.len().to_string());
        if self.reduced > 0 {
            fact("smaller copies", format!("{} pages, not read", self.reduced));
        }
        if page.sub_images {
            fact("images below pages", "not read; mostly smaller copies".into());
        }
        match page.photometric {
            Photometric::Grey { white_is_zero: true } => fact("photometric", "white is zero; values as stored".into()),
            Photometric::Palette => fact("photometric", "colour map left out; values as stored".into()),
            Photometric::Rgb => fact("photometric", "RGB".into()),
            Photometric::Separated => fact("photometric", "inks".into()),
            Photometric::YCbCr => fact("photometric", "YCbCr, turned into RGB".into()),
            Photometric::Grey { .. } => {}
        }
    }
}

/// Decodes the planes and makes the scan.
fn read(input: &Input, options: &Options) -> Result<Scan> {
    let Plan { file, first, layout, extent } = plan(input, options)?;
    let (shape, samples) = (extent.shape, first.samples);
    let planes = layout.planes.len() / layout.slices.max(1);
    let mut rooms: Vec<Numbers> = (0..planes * samples).map(|_| first.stored.room(shape.len())).collect();
    each_file(&file, &layout, |file, planes| {
        planes.iter().try_for_each(|(at, plane)| {
            let page = file.like(&first, *plane, layout.runs)?;
            let (channel, slice) = (at / layout.slices, at % layout.slices);
            let rooms = &mut rooms[channel * samples..][..samples];
            decode::page(&file.tiff, &page, rooms, slice * shape.y * shape.x)
        })
    })?;
    finish(&first, shape, rooms, layout, options)
}

/// Drops what is no measurement, names the channels, and makes samples of the numbers.
fn finish(page: &Page, shape: Shape, mut rooms: Vec<Numbers>, layout: Layout, options: &Options) -> Result<Scan> {
    let Layout { names, spacing, significant_bits, mut facts, notes: warnings, .. } = layout;
    let mut notes = Vec::new();
    let planes = rooms.len() / page.samples;
    let mut samples = page.samples;
    if let Some(alpha) = alpha(page, options) {
        rooms = rooms.into_iter().enumerate().filter(|(i, _)| i % samples != alpha).map(|(_, r)| r).collect();
        samples -= 1;
        notes.push("transparency was left out".into());
    }
    let rgb = matches!(page.photometric, Photometric::Rgb | Photometric::YCbCr);
    let names = layout::names(&names, planes, samples, rgb);
    let stored = significant(page.stored, significant_bits, &rooms);
    if stored != page.stored {
        facts.push(("significant bits".into(), stored.bits.to_string()));
    }
    let make = |(name, numbers)| numbers::channel(name, shape, spacing, numbers, stored);
    let named: Vec<_> = names.into_iter().zip(rooms).collect();
    let channels = named.into_par_iter().map(make).collect::<Result<Vec<Channel>>>()?;
    let mut scan = Scan { spacing, facts, warnings, notes, ..Scan::new(Modality::Fluorescence, shape, channels) };
    numbers::steps(&mut scan);
    Ok(scan)
}

/// The sample that is transparency, if that is left out.
fn alpha(page: &Page, options: &Options) -> Option<usize> {
    if options.colour == Colour::AsStored {
        return None;
    }
    let colours = page.samples.checked_sub(page.extra.len())?;
    page.extra.iter().position(|e| matches!(e, 1 | 2)).map(|i| colours + i)
}

/// The stored type with the bits that the metadata say, unless a number passes them.
fn significant(stored: Stored, bits: Option<u8>, rooms: &[Numbers]) -> Stored {
    let Some(bits) = bits.filter(|b| (1..stored.bits).contains(b)) else { return stored };
    let fits = |room: &Numbers| match room {
        Numbers::Uint(v) => v.iter().all(|s| u64::from(*s) < 1 << bits),
        _ => false,
    };
    if rooms.iter().all(fits) { Stored { bits, ..stored } } else { stored }
}

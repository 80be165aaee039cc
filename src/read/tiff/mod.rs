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
mod directory;
mod fax;
mod page;
mod unpack;

use super::layout::{self, Layout, Plane, Sizes};
use super::numbers::{self, Numbers, Stored};
use super::{Colour, Format, Input, Options, Source, imagej, ome, resolution, shaped};
use crate::scan::{Channel, Modality, Scan};
use crate::units::Shape;
use crate::{Error, Result};
use codes::{Compression, Photometric};
use directory::Tiff;
use page::Page;
use rayon::prelude::*;
use unpack::{Part, Words};

/// TIFF.
pub const FORMAT: Format = Format {
    name: "TIFF",
    is_scan: false,
    extensions: &["tif", "tiff", "btf", "tf8", "lsm", "stk"],
    detect: directory::detect,
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

fn alike(a: &Page, b: &Page) -> bool {
    (a.width, a.height, a.samples, a.stored) == (b.width, b.height, b.samples, b.stored)
}

fn read(input: &Input, options: &Options) -> Result<Scan> {
    let mut file = File::open(&input.source)?;
    let pages = file.pages.len();
    let first = file.pages.first().cloned().ok_or_else(|| Error::format("no page in the file"))?;
    let text = first.description.as_ref().map(|d| file.tiff.text(d)).transpose()?.unwrap_or_default();
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
    assemble(&file, &first, layout, options)
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
fn assemble(file: &File, first: &Page, layout: Layout, options: &Options) -> Result<Scan> {
    let planes = layout.planes.len() / layout.slices.max(1);
    let shape = Shape::new(layout.slices, first.height, first.width);
    let voxels =
        [planes, first.samples, shape.z, shape.y, shape.x].iter().fold(1u128, |n, s| n.saturating_mul(*s as u128));
    options.afford(
        &format!("an image of {shape} with {} channels", planes * first.samples),
        voxels,
        first.stored.room_bytes(),
    )?;
    let chunk = first.chunk[0].saturating_mul(first.chunk[1]).saturating_mul(first.chunk_samples());
    options.afford("a strip or tile", chunk as u128, 16)?;
    check_samples(first)?;

    let mut rooms: Vec<Numbers> = (0..planes * first.samples).map(|_| first.stored.room(shape.len())).collect();
    for number in 0..=layout.companions.len() {
        let wanted: Vec<(usize, Plane)> =
            layout.planes.iter().copied().enumerate().filter(|(_, p)| p.file == number).collect();
        if wanted.is_empty() {
            continue;
        }
        let fill = |file: &File, rooms: &mut [Numbers]| {
            wanted.iter().try_for_each(|(at, plane)| {
                let page = file.page(plane.page, layout.runs)?;
                if !alike(&page, first) {
                    return Err(Error::format(format!("page {} has another size or type than the first", plane.page)));
                }
                let (channel, slice) = (at / layout.slices, at % layout.slices);
                let rooms = &mut rooms[channel * first.samples..][..first.samples];
                decode(file, &page, rooms, slice * shape.y * shape.x)
            })
        };
        match number.checked_sub(1).and_then(|i| layout.companions.get(i)) {
            None => fill(file, &mut rooms)?,
            Some(path) => {
                let missing =
                    |e: Error| Error { what: format!("a file of the OME-TIFF set: {}", e.what), ..e }.at(path);
                let source = Source::open(path).map_err(missing)?;
                fill(&File::open(&source).map_err(missing)?, &mut rooms).map_err(missing)?;
            }
        }
    }
    finish(first, shape, rooms, layout, options)
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

/// Bytes of chunks that are unpacked together, as a rule: enough for all threads.
const TOGETHER: usize = 4 << 20;

/// Decodes a page into its channels, from `at` on in each. Chunks are read one after the other and unpacked side by side,
/// some whole rows of them at a time.
fn decode(file: &File, page: &Page, rooms: &mut [Numbers], at: usize) -> Result<()> {
    let tables = match (&page.jpeg_tables, page.compression) {
        (Some(tables), Compression::Jpeg) => file.tiff.bytes(tables)?,
        _ => Vec::new(),
    };
    let places = page.places(&file.tiff)?;
    let [down, across] = page.grid();
    let bytes = page.row_bytes().saturating_mul(page.chunk[0]).saturating_mul(across);
    let together = (2 * rayon::current_num_threads()).div_ceil(across).max(TOGETHER / bytes.max(1));
    for (plane, places) in places.chunks(down * across).enumerate() {
        let rooms = if page.planar { &mut rooms[plane..=plane] } else { &mut *rooms };
        for (first, places) in (0..).step_by(together).zip(places.chunks(together * across)) {
            let mut chunks = Vec::with_capacity(places.len());
            // Few at a time: each may claim to be as long as the file.
            for places in places.chunks(2 * rayon::current_num_threads()) {
                let packed = places.iter().map(|(at, len)| file.tiff.read(*at, wanted(page, *len)));
                let rows = |i: usize| page.chunk_rows(first + (chunks.len() + i) / across);
                let packed = packed.collect::<Result<Vec<_>>>()?.into_par_iter().enumerate();
                let unpacked = packed.map(|(i, packed)| codec::unpack(page, packed, &tables, rows(i)));
                let unpacked = unpacked.collect::<Result<Vec<_>>>()?;
                chunks.extend(unpacked);
            }
            scatter(page, &chunks, file.tiff.little, first, rooms, at);
        }
    }
    Ok(())
}

/// Bytes of a chunk to read: an uncompressed one may claim more than it needs.
fn wanted(page: &Page, len: u64) -> u64 {
    match page.compression {
        Compression::None => len.min((page.row_bytes() as u64).saturating_mul(page.chunk[0] as u64)),
        _ => len,
    }
}

/// Puts the numbers of whole rows of chunks where they belong, without the padding of tiles. `first` is the first of these
/// rows.
fn scatter(page: &Page, chunks: &[Vec<u8>], little: bool, first: usize, rooms: &mut [Numbers], at: usize) {
    let ([_, across], [height, width]) = (page.grid(), page.chunk);
    let (y0, samples) = (first * height, page.chunk_samples());
    let y1 = page.height.min(y0 + chunks.len() / across * height);
    // Of each row of the image its part of every channel.
    let mut rows: Vec<Vec<Part>> = (y0..y1).map(|_| Vec::with_capacity(samples)).collect();
    for room in rooms {
        let parts = Part::of(room, at + y0 * page.width..at + y1 * page.width).rows(page.width);
        rows.iter_mut().zip(parts).for_each(|(row, part)| row.push(part));
    }
    rows.into_par_iter().with_min_len(8).enumerate().for_each_init(Words::default, |words, (y, mut parts)| {
        for (x, chunk) in (0..page.width).step_by(width).zip(&chunks[y / height * across..]) {
            let bytes = &chunk[y % height * page.row_bytes()..][..page.row_bytes()];
            unpack::words(page, bytes, little, words);
            for (sample, part) in parts.iter_mut().enumerate() {
                unpack::place(words, sample, samples, page.stored, part.cut(x..page.width.min(x + width)));
            }
        }
    });
}

/// Drops what is no measurement, names the channels, and makes samples of the numbers.
fn finish(page: &Page, shape: Shape, mut rooms: Vec<Numbers>, layout: Layout, options: &Options) -> Result<Scan> {
    let Layout { names, spacing, significant_bits, mut facts, mut notes, .. } = layout;
    let planes = rooms.len() / page.samples;
    let mut samples = page.samples;
    if let Some(alpha) = alpha(page)
        && options.colour == Colour::Measured
    {
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
    let mut scan = Scan { spacing, facts, notes, ..Scan::new(Modality::Fluorescence, shape, channels) };
    numbers::steps(&mut scan);
    Ok(scan)
}

/// The sample that is transparency.
fn alpha(page: &Page) -> Option<usize> {
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

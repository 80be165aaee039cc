//! OME-TIFF: pages of one image in the order x, y, z, channel, with the OME-XML that tifffile, Fiji, QuPath and OMERO read.
//!
//! Strips are packed (zlib) in parallel; BigTIFF where the pixels could pass 4 GiB. The resolution tags repeat the
//! calibration for readers that know TIFF only. No date, UUID or version is written: the same image gives the same bytes.
//! Reference: <https://docs.openmicroscopy.org/ome-model/6.3.1/ome-tiff/specification.html>.

use super::deflate::{Raster, zlib};
use super::draft::Draft;
use crate::read::own;
use crate::units::{Shape, Spacing, Unit};
use crate::{Error, Result};
use rayon::prelude::*;
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use tiff::encoder::{DirectoryEncoder, Rational, TiffEncoder, TiffKind};
use tiff::tags::{CompressionMethod, PhotometricInterpretation, Predictor, ResolutionUnit, SampleFormat, Tag};
use tiff::{TiffError, TiffResult};

/// Bytes of a strip before compression, at most, unless a row is longer.
const STRIP: usize = 1 << 18;
/// Strips that are compressed at a time: bounds the memory.
const BATCH: usize = 64;
/// Deflate's level for images; labels have a packer of their own.
const LEVEL: u32 = 2;
/// Pixels past this many bytes go to a BigTIFF. Deflate can make noise larger, so it stays clear of 2^32.
const BIG: u64 = 4_000_000_000;

/// The voxels of one channel in raster order (x fastest), and how they are stored.
#[derive(Clone, Copy, Debug)]
pub enum Pixels<'a> {
    /// A picture: 16 bits, each stored as the difference from the voxel on its left, which deflates better.
    Grey16(&'a [u16]),
    /// Labels that are all below 65536: 16 bits.
    Labels16(&'a [u32]),
    /// Labels: 32 bits.
    Labels32(&'a [u32]),
    /// Values of an image: 32-bit floats.
    Float32(&'a [f32]),
}

/// An image to write.
#[derive(Clone, Debug)]
pub struct Image<'a> {
    /// Shown by viewers.
    pub name: &'a str,
    /// Size of every channel.
    pub shape: Shape,
    /// Calibration, if known.
    pub spacing: Option<Spacing>,
    /// Name and voxels, all of one kind.
    pub channels: &'a [(&'a str, Pixels<'a>)],
}

impl Pixels<'_> {
    fn len(&self) -> usize {
        match self {
            Pixels::Grey16(v) => v.len(),
            Pixels::Labels16(v) | Pixels::Labels32(v) => v.len(),
            Pixels::Float32(v) => v.len(),
        }
    }
    fn bytes(&self) -> usize {
        if matches!(self, Pixels::Labels32(_) | Pixels::Float32(_)) { 4 } else { 2 }
    }
    fn type_name(&self) -> &'static str {
        match self {
            Pixels::Grey16(_) | Pixels::Labels16(_) => "uint16",
            Pixels::Labels32(_) => "uint32",
            Pixels::Float32(_) => "float",
        }
    }
    fn predictor(&self) -> Predictor {
        if matches!(self, Pixels::Grey16(_)) { Predictor::Horizontal } else { Predictor::None }
    }
    /// Whole rows of `width` voxels as they stand in the file, packed; in the byte order of the machine as the header says.
    fn pack(&self, range: Range<usize>, width: usize) -> std::io::Result<Vec<u8>> {
        let raster = |bytes: usize| Raster { left: bytes, above: bytes * width };
        match self {
            Pixels::Labels16(v) => Ok(zlib(&bytes_of(&v[range], |&l| (l as u16).to_ne_bytes()), raster(2))),
            Pixels::Labels32(v) => Ok(zlib(&bytes_of(&v[range], |l| l.to_ne_bytes()), raster(4))),
            Pixels::Float32(v) => deflate(&bytes_of(&v[range], |x| x.to_ne_bytes())),
            Pixels::Grey16(v) => {
                let rows: Vec<u16> = v[range].chunks(width).flat_map(differences).collect();
                deflate(&bytes_of(&rows, |d| d.to_ne_bytes()))
            }
        }
    }
}

/// Voxels as they stand in the file.
fn bytes_of<T, const N: usize>(voxels: &[T], bytes: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
    let mut all = vec![0; N * voxels.len()];
    all.as_chunks_mut().0.iter_mut().zip(voxels).for_each(|(place, voxel)| *place = bytes(voxel));
    all
}

fn differences(row: &[u16]) -> impl Iterator<Item = u16> {
    std::iter::once(0).chain(row.iter().copied()).zip(row).map(|(left, &v)| v.wrapping_sub(left))
}

/// Writes the image.
///
/// # Errors
/// A channel does not fit the shape or the others, or the system refuses.
pub fn write(path: impl AsRef<Path>, image: &Image<'_>) -> Result<()> {
    write_with(path.as_ref(), image, "")
}

/// Writes what a run has made, with a mark that tells it from an image to measure; `what` says what it is.
///
/// # Errors
/// As [`write()`].
pub fn write_result(path: impl AsRef<Path>, image: &Image<'_>, what: &str) -> Result<()> {
    let mark = format!(
        "<StructuredAnnotations><CommentAnnotation ID=\"Annotation:0\" Namespace=\"{}\">\
         <Value>{what}, made by a run</Value></CommentAnnotation></StructuredAnnotations>",
        own::NAMESPACE
    );
    write_with(path.as_ref(), image, &mark)
}

/// `annotations` go into the XML behind the image.
fn write_with(path: &Path, image: &Image<'_>, annotations: &str) -> Result<()> {
    let Some((_, first)) = image.channels.first() else {
        return Err(Error::usage("an image without channels cannot be written").at(path));
    };
    let fits = |p: &Pixels| p.len() == image.shape.len() && p.type_name() == first.type_name();
    let small = image.shape.zyx().iter().all(|&n| n > 0 && n <= u32::MAX as usize);
    if !small || !image.channels.iter().all(|(_, p)| fits(p)) {
        return Err(Error::usage(format!("the channels do not all hold {} voxels of one type", image.shape)).at(path));
    }
    let mut draft = Draft::create(path)?;
    let raw = image.channels.len() as u64 * image.shape.len() as u64 * first.bytes() as u64;
    let done = if raw > BIG {
        TiffEncoder::new_big(&mut draft).and_then(|file| pages(file, image, annotations))
    } else {
        TiffEncoder::new(&mut draft).and_then(|file| pages(file, image, annotations))
    };
    done.map_err(|e| match e {
        TiffError::IoError(e) => draft.error(&e),
        other => Error::io(format!("cannot write: {other}")).at(path),
    })?;
    draft.commit()
}

fn pages<K: TiffKind>(mut file: TiffEncoder<&mut Draft, K>, image: &Image<'_>, annotations: &str) -> TiffResult<()> {
    let mut description = Some(xml(image, annotations));
    for (_, pixels) in image.channels {
        for z in 0..image.shape.z {
            let mut page = file.image_directory()?;
            if let Some(text) = description.take() {
                page.write_tag(Tag::ImageDescription, text.as_str())?;
                page.write_tag(Tag::Software, "uptake")?;
            }
            resolution(&mut page, image.spacing)?;
            plane(&mut page, image.shape, pixels, z)?;
            page.finish()?;
        }
    }
    Ok(())
}

type Page<'a, 'b, K> = DirectoryEncoder<'a, &'b mut Draft, K>;

fn plane<K: TiffKind>(page: &mut Page<K>, shape: Shape, pixels: &Pixels, z: usize) -> TiffResult<()> {
    let (width, rows) = (shape.x, (STRIP / (shape.x * pixels.bytes())).clamp(1, shape.y));
    let starts: Vec<usize> = (0..shape.y).step_by(rows).collect();
    let (mut offsets, mut counts) = (Vec::new(), Vec::new());
    for batch in starts.chunks(BATCH) {
        let strip = |&y: &usize| {
            let end = (y + rows).min(shape.y);
            pixels.pack(shape.index(z, y, 0)..shape.index(z, end, 0), width)
        };
        let strips: Vec<std::io::Result<Vec<u8>>> = batch.par_iter().map(strip).collect();
        for strip in strips {
            let strip = strip?;
            offsets.push(K::convert_offset(page.write_data(&strip[..])?)?);
            counts.push(K::convert_offset(strip.len() as u64)?);
        }
    }
    page.write_tag(Tag::ImageWidth, shape.x as u32)?;
    page.write_tag(Tag::ImageLength, shape.y as u32)?;
    page.write_tag(Tag::BitsPerSample, 8 * pixels.bytes() as u16)?;
    page.write_tag(Tag::Compression, CompressionMethod::Deflate)?;
    page.write_tag(Tag::Predictor, pixels.predictor())?;
    page.write_tag(Tag::PhotometricInterpretation, PhotometricInterpretation::BlackIsZero)?;
    page.write_tag(Tag::SamplesPerPixel, 1_u16)?;
    let is_float = matches!(pixels, Pixels::Float32(_));
    page.write_tag(Tag::SampleFormat, &[if is_float { SampleFormat::IEEEFP } else { SampleFormat::Uint }][..])?;
    page.write_tag(Tag::RowsPerStrip, rows as u32)?;
    page.write_tag(Tag::StripOffsets, K::convert_slice(&offsets))?;
    page.write_tag(Tag::StripByteCounts, K::convert_slice(&counts))
}

fn deflate(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(LEVEL));
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Pixels in a centimetre, in thousandths, where that fits the tag.
fn resolution<K: TiffKind>(page: &mut Page<K>, spacing: Option<Spacing>) -> TiffResult<()> {
    let Some(s) = spacing else { return Ok(()) };
    let thousandths = |v: f64| (1e7 / (v * s.unit.um())).round();
    let (x, y) = (thousandths(s.zyx[2]), thousandths(s.zyx[1]));
    if x.min(y) >= 1.0 && x.max(y) <= f64::from(u32::MAX) {
        page.write_tag(Tag::XResolution, Rational { n: x as u32, d: 1000 })?;
        page.write_tag(Tag::YResolution, Rational { n: y as u32, d: 1000 })?;
        page.write_tag(Tag::ResolutionUnit, ResolutionUnit::Centimeter)?;
    }
    Ok(())
}

fn xml(image: &Image<'_>, annotations: &str) -> String {
    let (s, n) = (image.shape, image.channels.len());
    let kind = image.channels.first().map_or("uint16", |(_, p)| p.type_name());
    let mut physical = String::new();
    if let Some(spacing) = image.spacing {
        let unit = if spacing.unit == Unit::Um { "&#181;m" } else { "mm" };
        // A single slice has no distance to the next.
        let axes = ["Z", "Y", "X"].iter().zip(spacing.zyx).skip(usize::from(s.is_flat()));
        for (axis, v) in axes {
            let _ = write!(physical, " PhysicalSize{axis}=\"{v}\" PhysicalSize{axis}Unit=\"{unit}\"");
        }
    }
    let mut channels = String::new();
    for (c, (name, _)) in image.channels.iter().enumerate() {
        let name = escape(name);
        let _ = write!(channels, "<Channel ID=\"Channel:0:{c}\" Name=\"{name}\" SamplesPerPixel=\"1\"/>");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.openmicroscopy.org/Schemas/OME/2016-06 \
         http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd\" Creator=\"uptake\">\
         <Image ID=\"Image:0\" Name=\"{name}\"><Pixels ID=\"Pixels:0\" DimensionOrder=\"XYZCT\" Type=\"{kind}\" \
         SizeX=\"{x}\" SizeY=\"{y}\" SizeZ=\"{z}\" SizeC=\"{n}\" SizeT=\"1\" BigEndian=\"{big}\"{physical}>{channels}\
         <TiffData IFD=\"0\" PlaneCount=\"{planes}\"/></Pixels></Image>{annotations}</OME>",
        name = escape(image.name),
        x = s.x,
        y = s.y,
        z = s.z,
        big = cfg!(target_endian = "big"),
        planes = s.z * n,
    )
}

/// For an attribute. A TIFF tag is ASCII, so other letters go as character references; XML has none for control codes.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            ' '..='~' if !"&<>\"'".contains(c) => out.push(c),
            c if c.is_control() => out.push(' '),
            c => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn names_are_escaped_to_ascii() {
        assert_eq!(escape("a <b> \"é\"\n"), "a &#60;b&#62; &#34;&#233;&#34; ");
    }

    #[test]
    fn differences_add_up_again() {
        assert_eq!(differences(&[5, 7, 3]).collect::<Vec<_>>(), [5, 2, 65532]);
    }

    #[test]
    fn bigtiff_holds_the_same_page() {
        let dir = tempfile::tempdir().unwrap();
        let voxels: Vec<u32> = (0..6 * 400).collect();
        let image = Image {
            name: "n",
            shape: Shape::new(2, 3, 400),
            spacing: Spacing::um([2.0, 0.5, 0.5]),
            channels: &[("n", Pixels::Labels32(&voxels))],
        };
        let path = dir.path().join("big.tif");
        let mut draft = Draft::create(&path).unwrap();
        pages(TiffEncoder::new_big(&mut draft).unwrap(), &image, "").unwrap();
        draft.commit().unwrap();
        let mut file = tiff::decoder::Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
        file.next_image().unwrap();
        match file.read_image().unwrap() {
            tiff::decoder::DecodingResult::U32(v) => assert_eq!(v, voxels[1200..]),
            other => panic!("{other:?}"),
        }
    }
}

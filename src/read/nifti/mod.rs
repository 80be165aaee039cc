//! NIfTI-1 and NIfTI-2: single files and pairs, plain and packed with gzip, in either byte order.
//!
//! - [`header`]: what the file says of itself. [`affine`]: where the voxels lie.
//! - [`stream`]: its bytes from front to back. [`voxels`]: numbers, read into their place.
//! - [`sidecar`]: the facts of a PET scan in a BIDS sidecar. [`values`]: slope, NaN, and SUV.
//!
//! The grid is kept as it is stored: z, y, x of the scan are the third, second and first axis of the file, and the patient grid
//! says which way they run. One volume is read; of a series of time points the one that was asked for.

mod affine;
mod header;
mod keys;
mod sidecar;
mod stream;
mod times;
mod values;
mod voxels;

use super::extent::{self, Extent};
use super::field_of_view;
use super::layout::{Sizes, names};
use super::numbers::{self, Numbers};
use super::{Colour, Format, Input, Options, Source};
use crate::image::{Modality, Scan};
use crate::units::Shape;
use crate::{Error, Result};
use header::{Header, Kind};
pub use sidecar::identity;
use std::path::{Path, PathBuf};
use stream::Stream;
use voxels::Type;

/// NIfTI.
pub const FORMAT: Format = Format { name: "NIfTI", is_scan: true, extensions: &["nii"], detect, examine, read };

fn detect(head: &[u8]) -> bool {
    matches!(header::kind(&stream::peek(head, header::LONGEST)), Some(Kind::Nifti { .. }))
}

/// The header of the format before NIfTI.
pub fn is_analyze(head: &[u8]) -> bool {
    header::kind(&stream::peek(head, header::LONGEST)) == Some(Kind::Analyze)
}

/// Description and intent of a file, if it is of this format.
pub fn description(source: &Source) -> Option<(String, i32)> {
    let head = Stream::open(source).and_then(|mut s| s.head(header::LONGEST)).unwrap_or_default();
    Header::parse(&head).ok().map(|h| (h.description, h.intent))
}

/// The name without `.nii`, `.hdr` and `.gz`.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let cut = |name: &str, ends: &[&str]| {
        let lower = name.to_ascii_lowercase();
        let end = ends.iter().find(|e| lower.ends_with(**e) && lower.len() > e.len());
        end.and_then(|e| name.get(..name.len() - e.len())).unwrap_or(name).to_string()
    };
    cut(&cut(&name, &[".gz"]), &[".nii", ".hdr"])
}

/// The file with the voxels of a pair.
fn image_file(path: &Path) -> Option<PathBuf> {
    let stem = stem(path);
    let beside = |end: &&str| path.with_file_name(format!("{stem}{end}"));
    [".img", ".img.gz", ".IMG"].iter().map(beside).find(|p| p.is_file())
}

/// The name of the header whose voxels a file holds, if it is the other one of a pair.
pub fn header_of_voxels(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let lower = name.to_ascii_lowercase();
    let end = [".img", ".img.gz"].into_iter().find(|end| lower.ends_with(end))?;
    let stem = name.get(..name.len() - end.len())?;
    let beside = |end: &&str| path.with_file_name(format!("{stem}{end}"));
    let is_header = |path: &PathBuf| {
        let head = Source::open(path).and_then(|s| s.head(header::LONGEST)).unwrap_or_default();
        detect(&head)
    };
    let header = [".hdr", ".hdr.gz", ".HDR"].iter().map(beside).find(is_header)?;
    Some(header.file_name()?.to_string_lossy().into_owned())
}

/// The file with the voxels: the file itself, or the other one of a pair.
enum Voxels {
    Own,
    Beside(PathBuf),
}

/// What the header of an image says, checked, with the files that belong to it.
struct Plan {
    h: Header,
    of: Type,
    volume: Volume,
    voxels: Voxels,
    gzip: bool,
    geometry: affine::Geometry,
    said: Option<sidecar::Said>,
    extent: Extent,
}

fn examine(input: &Input, options: &Options) -> Result<Extent> {
    plan(input, options).map(|plan| plan.extent)
}

fn plan(input: &Input, options: &Options) -> Result<Plan> {
    options.only_image()?;
    let mut first = Stream::open(&input.source)?;
    let h = Header::parse(&first.head(header::LONGEST)?)?;
    let of = Type::of(h.datatype)?;
    let volume = Volume::of(&h, of, options)?;
    let geometry = affine::geometry(&h);
    let mut extent = extent(&h, of, &volume, &geometry, options).within(options)?;
    let (voxels, gzip) = if h.pair {
        let image = input.on_disk.then(|| image_file(input.path)).flatten();
        let image = image.ok_or_else(|| {
            Error::format("a NIfTI header without its voxels").remedy("the .img file of the same name beside it")
        })?;
        let look = || {
            let source = Source::open(&image)?;
            let stream = Stream::open(&source)?;
            volume.fits(&stream)?;
            Ok(stream.gzip)
        };
        let gzip = look().map_err(|e: Error| e.at(&image))?;
        (Voxels::Beside(image), gzip)
    } else {
        volume.fits(&first)?;
        (Voxels::Own, first.gzip)
    };
    extent.files.push(input.path.to_path_buf());
    if let Voxels::Beside(image) = &voxels {
        extent.files.push(image.clone());
    }
    let beside = Some(sidecar::path(input.path)).filter(|p| input.on_disk && p.exists());
    if let Some(path) = beside {
        let text = std::fs::metadata(&path)?.len();
        options.afford("the sidecar of the image", text.into(), OF_SIDECAR.into())?;
        extent.reading = extent.reading.saturating_add(text.saturating_mul(OF_SIDECAR));
        extent.files.push(path);
    }
    let extent = extent.within(options)?;
    let said = if input.on_disk { sidecar::read(input.path, volume.time, volume.times)? } else { None };
    Ok(Plan { h, of, volume, voxels, gzip, geometry, said, extent })
}

fn extent(h: &Header, of: Type, volume: &Volume, geometry: &affine::Geometry, options: &Options) -> Extent {
    let channels = if is_clear(of.samples, options) { 3 } else { of.samples };
    let Shape { z, y, x } = volume.shape;
    let bytes = |each: usize| extent::bytes(&[z, y, x], each);
    // Wider numbers become samples in another place, and a negative slope turns them round in one.
    let wide = if of.stored.bits > 32 { 8 } else { 0 };
    let turned = if h.slope < 0.0 { 4 } else { 0 };
    let left_out = 4 * (of.samples - channels);
    let not_imaged = 1;
    Extent {
        shape: volume.shape,
        channels,
        names: names(&[], 1, channels, of.samples > 1),
        spacing: geometry.spacing,
        reading: bytes(wide + turned + left_out + not_imaged).saturating_add(BUFFERS),
        in_turn: false,
        files: vec![],
    }
}

/// Bytes of voxels that are converted at a time, and of the decompressor.
const BUFFERS: u64 = 2 << 20;
/// Bytes of memory that a byte of a sidecar may take while it is understood.
const OF_SIDECAR: u64 = 48;

/// The last of these samples is transparency that is not wanted.
fn is_clear(samples: usize, options: &Options) -> bool {
    samples == 4 && options.colour == Colour::Measured
}

fn read(input: &Input, options: &Options) -> Result<Scan> {
    let Plan { h, of, volume, voxels, gzip, geometry, said, .. } = plan(input, options)?;
    let mut notes = volume.notes.clone();
    let planes = match voxels {
        Voxels::Beside(image) => {
            let source = Source::open(&image).map_err(|e| e.at(&image))?;
            volume.voxels(&source, of, h.big).map_err(|e| e.at(&image))?
        }
        Voxels::Own => volume.voxels(&input.source, of, h.big)?,
    };
    let planes = colours(planes, options, &mut notes);
    let names = names(&[], 1, planes.len(), of.samples > 1);
    let (mut channels, mut not_imaged) = (Vec::new(), None);
    for (name, plane) in names.into_iter().zip(planes) {
        // What has several channels is colour, in integers: all of it was imaged.
        let (channel, without) = values::channel(name, volume.shape, plane, of.stored, &h, &mut notes)?;
        channels.push(channel);
        not_imaged = not_imaged.or(without);
    }
    channels.iter_mut().for_each(|c| c.volume.spacing = geometry.spacing);
    notes.extend(geometry.notes);
    let mut scan =
        Scan { warnings: notes, notes: volume.picked, ..Scan::new(Modality::Unknown, volume.shape, channels) };
    scan.not_imaged = not_imaged;
    scan.spacing = geometry.spacing;
    scan.patient_grid = geometry.patient_grid;
    scan.facts = facts(&h, of, gzip, geometry.by);
    numbers::steps(&mut scan);
    values::convert(&mut scan, said, &options.suv, of.stored.kind != numbers::Kind::Float)?;
    field_of_view::leave_out_empty_ends(&mut scan)?;
    Ok(scan)
}

/// The volume of one time point.
struct Volume {
    shape: Shape,
    time: usize,
    /// How many there are.
    times: usize,
    /// Where the voxels of the time point begin.
    from: u64,
    /// Where they end.
    to: u64,
    /// Which time point was picked, where there are several.
    picked: Vec<String>,
    /// What the user should look at.
    notes: Vec<String>,
}

impl Volume {
    fn of(h: &Header, of: Type, options: &Options) -> Result<Self> {
        if (3000..3100).contains(&h.intent) {
            return Err(Error::unsupported("CIFTI files hold surfaces and matrices, not voxels, and are not read")
                .remedy("a volume in NIfTI"));
        }
        let (mut picked, mut notes) = (Vec::new(), Vec::new());
        let size = |axis: usize| h.sizes.get(axis).copied().unwrap_or(1);
        if let Some(axis) = (4..h.sizes.len()).find(|a| size(*a) > 1) {
            let all: Vec<String> = h.sizes.iter().map(u64::to_string).collect();
            return Err(Error::unsupported(format!(
                "{} numbers along axis {} of a NIfTI file of {}: vectors and tensors are not read",
                size(axis),
                axis + 1,
                all.join(" x ")
            ))
            .remedy("one file a component"));
        }
        let whole = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let times = whole(size(3));
        let time = Sizes { c: 1, z: 1, t: times }.time(options)?;
        if times > 1 {
            picked.push(format!("time point {time} of {times} is read, counted from 0 (files.time)"));
        }
        let count = [0, 1, 2].iter().fold(1u128, |n, a| n.saturating_mul(size(*a).into()));
        let shape = Shape { z: whole(size(2)), y: whole(size(1)), x: whole(size(0)) };
        if i64::from(h.bitpix) != 8 * of.bytes() as i64 {
            notes.push(format!("bitpix = {} does not fit datatype {}, which counts", h.bitpix, h.datatype));
        }
        let first = match (h.vox_offset, h.pair) {
            (n, true) => n,
            (0, false) => {
                notes.push("vox_offset = 0: the voxels were read from the end of the header on".into());
                h.own_bytes()
            }
            (n, false) if n + 4 >= h.own_bytes() => n,
            (n, false) => return Err(Error::format(format!("vox_offset = {n} lies inside the header"))),
        };
        let bytes = count.saturating_mul(of.bytes().into());
        let end = |volumes: usize| u64::try_from(bytes.saturating_mul(volumes as u128).saturating_add(first.into()));
        let (Ok(from), Ok(to)) = (end(time), end(time + 1)) else {
            return Err(Error::limit("more voxels than a file can hold"));
        };
        Ok(Volume { shape, time, times, from, to, picked, notes })
    }

    /// Refuses a file that cannot hold the voxels.
    fn fits(&self, stream: &Stream) -> Result<()> {
        if self.to <= stream.most {
            return Ok(());
        }
        Err(Error::format(format!(
            "the header promises voxels up to byte {}; the file cannot hold more than {}",
            self.to, stream.most
        )))
    }

    fn voxels(&self, source: &Source, of: Type, big: bool) -> Result<Vec<Numbers>> {
        let mut stream = Stream::open(source)?;
        self.fits(&stream)?;
        stream.go(self.from)?;
        let planes = voxels::read(&mut stream, of, big, self.shape.len())?;
        stream.check()?;
        Ok(planes)
    }
}

/// Transparency is left out, unless everything is wanted as it is stored.
fn colours(mut planes: Vec<Numbers>, options: &Options, notes: &mut Vec<String>) -> Vec<Numbers> {
    if is_clear(planes.len(), options) {
        planes.truncate(3);
        notes.push("transparency was left out".into());
    }
    planes
}

fn facts(h: &Header, of: Type, gzip: bool, by: &str) -> Vec<(String, String)> {
    let packed = if gzip { ", gzip" } else { "" };
    let pair = if h.pair { " pair" } else { "" };
    let mut facts = vec![
        ("format".into(), format!("NIfTI-{}{pair}{packed}", h.version)),
        ("stored type".into(), of.stored.to_string()),
        ("byte order".into(), if h.big { "big-endian" } else { "little-endian" }.into()),
        ("place by".into(), by.into()),
    ];
    if !h.description.is_empty() {
        facts.push(("description".into(), h.description.clone()));
    }
    facts
}

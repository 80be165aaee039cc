//! The frames of all files become the channels of one scan.

use super::File;
use super::header::Header;
use super::kind::not_a_scan;
use super::padding::Padding;
use super::pixels::{Colour, Pixels};
use super::slice::{self, Slice};
use super::stack::{self, Stack};
use super::values::{self, Line, Raw};
use super::{complete, regions};
use super::{frame, pet};
use crate::image::{Channel, Mask, Modality, NO_UNIT, SUV_UNIT, Scan};
use crate::pet::suv::{self, Conversion};
use crate::read::extent::{self, Extent};
use crate::read::{Options, Source, field_of_view, layout, numbers, voxel_size};
use crate::units::Shape;
use crate::{Error, Result};
use dicom_dictionary_std::tags;
use rayon::prelude::*;

/// Modality of PET.
const PET: &str = "PT";

/// What the headers of all files say, checked.
pub struct Plan<'a> {
    files: Vec<File<'a>>,
    stack: Stack,
    /// Of PET: judged before the pixels are read, so that a refusal costs nothing.
    conversion: Option<Conversion>,
    lines: Vec<Line>,
    /// What the scan will be.
    pub extent: Extent,
}

impl<'a> Plan<'a> {
    /// Puts the frames in order.
    ///
    /// # Errors
    /// The frames do not make one volume, or take too much memory.
    pub fn new(files: Vec<File<'a>>, options: &Options) -> Result<Self> {
        let Some(first) = files.first() else { return Err(Error::format("a series without files")) };
        alike(&files, first)?;
        let mut slices = Vec::new();
        for (n, file) in files.iter().enumerate() {
            slices.extend(slice::slices(&file.header, n, file.pixels.frames).map_err(|e| e.at(&file.path))?);
        }
        let mut stack = stack::order(slices, &files.iter().map(name).collect::<Vec<_>>(), options)?;
        for file in &files {
            stack.notes.extend(slice::surplus(&file.header, file.pixels.frames)?);
        }
        if first.header.modality() == PET {
            if let Some(reason) = not_a_scan(&first.header) {
                return Err(Error::unsupported(reason).remedy("the series itself"));
            }
            let reference = &files[stack.slices.first().map_or(0, |s| s.file)];
            complete::check(&files, reference, &mut stack, options)?;
            pet::alike(&files, &mut stack.notes)?;
            let pixels = &first.pixels;
            let shape = Shape::new(stack.slices.len(), pixels.rows, pixels.columns);
            stack.notes.extend(voxel_size::of_pet(stack.spacing, shape)?);
        }
        let mut plan = Plan {
            extent: extent(&files, first, &stack).within(options)?,
            files,
            stack,
            conversion: None,
            lines: vec![],
        };
        if plan.is_pet() {
            plan.conversion = Some(convert(plan.reference(), &plan.stack, options)?);
        }
        plan.lines = lines(&plan.stack.slices, plan.conversion.as_ref())?;
        Ok(plan)
    }

    fn is_pet(&self) -> bool {
        self.files.first().is_some_and(|f| f.header.modality() == PET)
    }

    /// The file of the first slice: it speaks for all.
    fn reference(&self) -> &File<'a> {
        &self.files[self.stack.slices.first().map_or(0, |s| s.file)]
    }

    /// Reads the scan.
    ///
    /// # Errors
    /// A frame is damaged.
    pub fn read(mut self, options: &Options) -> Result<Scan> {
        for file in &mut self.files {
            file.unpack().map_err(|e| e.at(&file.path))?;
        }
        let (reference, first) = (self.reference(), &self.files[0]);
        let (shape, pet) = (self.extent.shape, self.is_pet());
        let mut planes = planes(&self.files, &self.stack.slices, shape, &first.pixels)?;
        let unit = self.conversion.as_ref().map_or(unit(&self.stack.slices), |c| c.unit);
        let padded = Padding::of(reference).map(|padding| padding.find(&mut planes, pet));
        if pet {
            lost(&self.files, &self.stack.slices, &self.lines, &planes)?;
        }
        let channels = channels(first, planes, shape, &self.stack, &self.lines, pet)?;
        let channels: Vec<Channel> = channels.into_iter().map(|c| Channel { unit, ..c }).collect();
        let mut doubts = Vec::new();
        let ml = self.stack.spacing.map(|s| s.voxel_volume() / 1000.0);
        for (c, made) in channels.iter().filter(|c| c.unit == SUV_UNIT).zip(&self.conversion) {
            doubts.extend(suv::values(&c.volume, made, ml, options.suv.units.is_none())?);
        }
        let mut scan = Scan::new(if pet { Modality::Pet } else { Modality::Other }, shape, channels);
        scan.spacing = self.stack.spacing;
        scan.patient_grid = self.stack.patient_grid;
        scan.facts = facts(&self.files, reference, shape);
        if reference.header.set.element(tags::MODALITY_LUT_SEQUENCE).is_some() {
            scan.warn("the modality look-up table (0028,3000) is not applied");
        }
        let lut = std::mem::take(&mut scan.warnings);
        scan.notes.extend(self.stack.picked);
        scan.warnings.extend(self.stack.notes);
        scan.warnings.extend(doubts);
        if let Some(padded) = padded {
            scan.warnings.extend(padded.word);
            scan.not_imaged = padded.places.map(|places| Mask::new(shape, places)).transpose()?;
        }
        scan.warnings.extend(lossy(&self.files));
        if let Some(c) = self.conversion {
            (scan.sul_factor, scan.audit) = (c.sul_factor, c.audit);
            scan.warnings.extend(c.notes);
        }
        scan.warnings.extend(lut);
        numbers::steps(&mut scan);
        field_of_view::leave_out_empty_ends(&mut scan)?;
        Ok(scan)
    }
}

fn name(file: &File) -> String {
    file.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Frames that are decoded at a time. It does not depend on the number of threads, so that the memory is known beforehand.
const AT_ONCE: usize = 32;
/// Bytes that the facts of a slice take.
const OF_SLICE: u64 = 1 << 10;
/// Bytes of memory that a byte of the largest header may take while it is understood.
const OF_HEADER: u64 = 8;

fn extent(files: &[File], first: &File, stack: &Stack) -> Extent {
    let pixels = &first.pixels;
    let shape = Shape::new(stack.slices.len(), pixels.rows, pixels.columns);
    let headers = files.iter().map(|f| f.header.memory()).fold(0u64, u64::saturating_add);
    let largest = files.iter().map(|f| f.header.set.memory()).max().unwrap_or(0);
    let frames = files.iter().map(|f| f.pixels.in_flight()).max().unwrap_or(0);
    let slices = files.iter().map(|f| f.pixels.frames as u64).fold(0u64, u64::saturating_add);
    // A byte says of each voxel whether it was imaged.
    let imaged = if first.header.modality() == PET { extent::bytes(&shape.zyx(), 1) } else { 0 };
    let in_flight = frames.saturating_mul(shape.z.min(AT_ONCE) as u64);
    let parts = [headers, largest * OF_HEADER, in_flight, slices * OF_SLICE, imaged];
    Extent {
        shape,
        channels: pixels.samples,
        names: channel_names(&first.header.modality(), pixels.samples),
        spacing: stack.spacing,
        reading: parts.into_iter().fold(0, u64::saturating_add),
        in_turn: false,
        files: files.iter().map(|f| f.path.clone()).collect(),
    }
}

/// Files of one volume have pixels of one kind.
fn alike(files: &[File], first: &File) -> Result<()> {
    let kind = |p: &Pixels| (p.rows, p.columns, p.samples, p.stored_type(), p.colour);
    let Some(other) = files.iter().find(|f| kind(&f.pixels) != kind(&first.pixels)) else { return Ok(()) };
    let size = |f: &File| {
        let p = &f.pixels;
        format!("{} is {} x {} of {} {}", name(f), p.rows, p.columns, p.samples, p.stored_type())
    };
    Err(Error::format(format!("slices of different size or type: {}, {}", size(first), size(other))))
}

fn convert(file: &File, stack: &Stack, options: &Options) -> Result<Conversion> {
    if file.pixels.colour != Colour::Grey {
        return Err(Error::unsupported("a colour picture of PET, not measured values").remedy("the series itself"));
    }
    let facts = pet::facts(&file.header, &stack.slices, stack.spacing.as_ref())?;
    let conversion = suv::convert(&facts, &options.suv)?;
    if conversion.factors.len() == stack.slices.len() {
        return Ok(conversion);
    }
    Err(Error::new(crate::Kind::Internal, "SUV factors for another number of slices"))
}

/// Slope and intercept for each slice.
fn lines(slices: &[Slice], conversion: Option<&Conversion>) -> Result<Vec<Line>> {
    if let Some(c) = conversion {
        return Ok(c.factors.iter().map(|f| (*f, 0.0)).collect());
    }
    let line = |s: &Slice| match s.facts.slope.unwrap_or(1.0) {
        0.0 => Err(Error::format("RescaleSlope (0028,1053) is 0")),
        slope => Ok((slope, s.facts.intercept.unwrap_or(0.0))),
    };
    slices.iter().map(line).collect()
}

/// Decodes every slice into its place, in one plane for each sample.
fn planes(files: &[File], slices: &[Slice], shape: Shape, pixels: &Pixels) -> Result<Vec<Vec<u32>>> {
    let plane = pixels.plane();
    let mut planes: Vec<Vec<u32>> = (0..pixels.samples).map(|_| vec![0; shape.len()]).collect();
    let mut parts: Vec<Vec<&mut [u32]>> = slices.iter().map(|_| Vec::new()).collect();
    for one in &mut planes {
        parts.iter_mut().zip(one.chunks_mut(plane)).for_each(|(part, chunk)| part.push(chunk));
    }
    let decode = |(slice, out): (&Slice, &mut Vec<&mut [u32]>)| {
        let file = &files[slice.file];
        let mut read = || match file.source {
            Some(source) => frame::read(&file.header, source, &file.pixels, slice.frame, out),
            None => frame::read(&file.header, &Source::open(&file.path)?, &file.pixels, slice.frame, out),
        };
        read().map_err(|e| e.at(&file.path))
    };
    for (slices, parts) in slices.chunks(AT_ONCE).zip(parts.chunks_mut(AT_ONCE)) {
        let done: Vec<Result<()>> = slices.par_iter().zip(parts.par_iter_mut()).map(decode).collect();
        done.into_iter().collect::<Result<()>>()?;
    }
    Ok(planes)
}

fn channels(
    file: &File,
    planes: Vec<Vec<u32>>,
    shape: Shape,
    stack: &Stack,
    lines: &[Line],
    pet: bool,
) -> Result<Vec<Channel>> {
    let names = channel_names(&file.header.modality(), planes.len());
    let one = lines.first().copied().filter(|first| !pet && lines.iter().all(|l| l == first));
    let make = |(name, numbers): (String, Vec<u32>)| {
        let raw = Raw { numbers, stored: file.pixels.stored_type(), shape, spacing: stack.spacing };
        match one {
            Some(line) => values::stored(name, raw, line),
            None => values::rescaled(name, raw, lines),
        }
    };
    names.into_iter().zip(planes).map(make).collect()
}

fn channel_names(modality: &str, samples: usize) -> Vec<String> {
    match modality {
        _ if samples > 1 => layout::names(&[], 1, samples, true),
        PET => vec!["pet".into()],
        "" => vec!["ch0".into()],
        other => vec![other.to_lowercase()],
    }
}

/// Unit of values that are no SUV.
fn unit(slices: &[Slice]) -> &'static str {
    match slices.first().and_then(|s| s.rescale_type.as_deref()) {
        Some("HU") => "HU",
        Some("GY") => "Gy",
        _ => NO_UNIT,
    }
}

/// Values that a slope of 0 makes nothing of: the number of voxels is right, and all of them would be 0.
///
/// # Errors
/// A slice has a slope of 0 and stored values that are not.
fn lost(files: &[File], slices: &[Slice], lines: &[Line], planes: &[Vec<u32>]) -> Result<()> {
    let each = |plane: &Vec<u32>| plane.len() / slices.len().max(1);
    let is_lost = |k: &usize| {
        let there =
            |plane: &Vec<u32>| plane.chunks(each(plane).max(1)).nth(*k).is_some_and(|s| s.iter().any(|v| *v != 0));
        slices[*k].facts.slope == Some(0.0) && planes.iter().any(there)
    };
    let Some(k) = (0..slices.len().min(lines.len())).find(is_lost) else { return Ok(()) };
    let what = "RescaleSlope (0028,1053) is 0, but the stored values are not: what they stand for is lost";
    Err(Error::format(what).remedy("the file from its source once more").at(&files[slices[k].file].path))
}

/// The file says so.
fn is_lossy(header: &Header) -> bool {
    header.set.text(tags::LOSSY_IMAGE_COMPRESSION).as_deref() == Some("01")
}

/// A word where pixels are no longer those that were measured, or may not be: the JPEG 2000 that may lose need not have.
fn lossy(files: &[File]) -> Vec<String> {
    let is_known = |header: &Header| is_lossy(header) || header.syntax.is_dct();
    let known = files.iter().filter(|file| is_known(&file.header)).count();
    let says_nothing = |header: &Header| header.set.text(tags::LOSSY_IMAGE_COMPRESSION).is_none_or(|t| t.is_empty());
    let is_open = |header: &Header| header.syntax.lossy() && !is_known(header) && says_nothing(header);
    let open = files.iter().filter(|file| is_open(&file.header)).count();
    let (all, tag) = (files.len(), "LossyImageCompression (0028,2110)");
    let told = [
        (known, format!("were compressed with loss ({tag}): values are only as good as what it left")),
        (
            open,
            format!(
                "are packed as the JPEG 2000 that may lose, and {tag} does not say whether it did: values may be only as good as what it left"
            ),
        ),
    ];
    told.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} of {all} files {what}")).collect()
}

/// What `inspect` shows. Nothing here may name a patient.
fn facts(files: &[File], file: &File, shape: Shape) -> Vec<(String, String)> {
    let set = &file.header.set;
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut say = |name: &str, value: Option<String>| facts.extend(value.map(|v| (name.to_string(), v)));
    say("format", Some("DICOM".into()));
    say("transfer syntax", Some(file.header.syntax.name.clone()));
    say("compression", (is_lossy(&file.header) || file.header.syntax.lossy()).then(|| "lossy".into()));
    say("modality", set.text(tags::MODALITY));
    say("manufacturer", set.text(tags::MANUFACTURER));
    say("model", set.text(tags::MANUFACTURER_MODEL_NAME));
    say("series", set.text(tags::SERIES_DESCRIPTION));
    let drug = set.item_of(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE).ok().flatten();
    say("tracer", drug.and_then(|d| d.text(tags::RADIOPHARMACEUTICAL)));
    say("stored type", Some(file.pixels.stored_type().to_string()));
    let colour = set.text(tags::PHOTOMETRIC_INTERPRETATION).filter(|c| c != "MONOCHROME2");
    say("colour", colour);
    say(regions::FRAME_FACT, set.text(tags::FRAME_OF_REFERENCE_UID).map(|uid| regions::frame_mark(&uid)));
    say("files", Some(files.len().to_string()));
    say("slices", Some(shape.z.to_string()));
    facts
}

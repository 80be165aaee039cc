//! Channels one after the other: of an image of which not all fit into memory.

use super::numbers::{self, Numbers, Stored};
use super::{Page, Plan, decode, each_file, fits, narrowed, plan, scan_of};
use crate::device::Buffer;
use crate::image::{Channel, Scan, Volume};
use crate::read::{Extent, Input, Options, layout};
use crate::{Error, Result};

/// Pages have one channel each, and their numbers become samples where they are.
pub fn can_be(page: &Page, extent: &Extent) -> bool {
    page.samples == 1 && page.stored.bits <= 32 && extent.channels > 1
}

/// Reads all channels, of which those stay in memory that `keep` says; it may be asked twice.
///
/// # Errors
/// As for the whole image.
pub fn read_in_turn(input: &Input, options: &Options, keep: &mut dyn FnMut(usize, &Channel) -> bool) -> Result<Scan> {
    let plan = plan(input, options, None)?;
    check(&plan)?;
    let narrow = narrowed(plan.first.stored, plan.layout.significant_bits);
    let (channels, stored) = match channels(&plan, narrow, keep)? {
        Some(channels) => (channels, narrow),
        // The bits that the file says are too few, as came out too late for what was counted by them.
        None => (channels(&plan, plan.first.stored, keep)?.unwrap_or_default(), plan.first.stored),
    };
    let Plan { first, layout, extent, .. } = plan;
    Ok(scan_of(channels, &first, extent.shape, stored, layout))
}

/// Reads some channels.
///
/// # Errors
/// As for the whole image, and there is no such channel.
pub fn read_channels(input: &Input, options: &Options, wanted: &[usize]) -> Result<Vec<Volume>> {
    let plan = plan(input, options, None)?;
    check(&plan)?;
    let volume = |channel: &usize| {
        let stored = plan.first.stored;
        let made = numbers::channel(String::new(), plan.extent.shape, None, room(&plan, *channel)?, stored)?;
        Ok(made.volume)
    };
    wanted.iter().map(volume).collect()
}

fn check(plan: &Plan) -> Result<()> {
    match plan.extent.in_turn {
        true => Ok(()),
        false => {
            Err(Error::unsupported("channels of a TIFF whose pages have several of them, or of one with a single one"))
        }
    }
}

/// All channels; nothing if a number passes the bits of the type.
fn channels(
    plan: &Plan,
    stored: Stored,
    keep: &mut dyn FnMut(usize, &Channel) -> bool,
) -> Result<Option<Vec<Channel>>> {
    let Plan { first, layout, extent, .. } = plan;
    let mut channels = Vec::with_capacity(extent.channels);
    for (i, name) in layout::names(&layout.names, extent.channels, 1, false).into_iter().enumerate() {
        let room = room(plan, i)?;
        if stored != first.stored && !fits(&room, stored) {
            return Ok(None);
        }
        let mut channel = numbers::channel(name, extent.shape, layout.spacing, room, stored)?;
        if !keep(i, &channel) {
            channel.volume.samples = Buffer::InFile(extent.shape.len());
        }
        channels.push(channel);
    }
    Ok(Some(channels))
}

/// The numbers of a channel.
fn room(plan: &Plan, channel: usize) -> Result<Numbers> {
    let Plan { file, first, layout, extent } = plan;
    let (shape, slices) = (extent.shape, layout.slices);
    if channel >= extent.channels {
        return Err(Error::usage(format!("channel {channel} of an image with {}", extent.channels)));
    }
    let mut room = first.stored.room(shape.len());
    each_file(
        file,
        layout,
        |at| at / slices == channel,
        |file, planes| {
            planes.iter().try_for_each(|(at, plane)| {
                let page = file.like(first, *plane, layout.runs)?;
                decode::page(&file.tiff, &page, std::slice::from_mut(&mut room), at % slices * shape.y * shape.x)
            })
        },
    )?;
    Ok(room)
}

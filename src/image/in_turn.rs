//! Channels that are read when they are needed and let go after: of an image of which not all channels fit into memory.

use super::{Scan, Volume};
use crate::device::Buffer;
use crate::{Error, Kind, Result};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads the channels of these indices.
type ReadChannels = dyn Fn(&[usize]) -> Result<Vec<Volume>> + Send + Sync;

/// Where the samples come from that a [`Scan`] has not in memory.
#[derive(Clone)]
pub struct InTurn {
    /// How many channels are read together to be measured.
    pub at_once: usize,
    read: Arc<ReadChannels>,
}

impl InTurn {
    /// One after the other; `read` reads some by their indices.
    pub fn new(read: impl Fn(&[usize]) -> Result<Vec<Volume>> + Send + Sync + 'static) -> Self {
        InTurn { at_once: 1, read: Arc::new(read) }
    }
}

impl std::fmt::Debug for InTurn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InTurn").field("at_once", &self.at_once).finish_non_exhaustive()
    }
}

impl Scan {
    /// Whether the samples of a channel are still in their file.
    pub fn is_in_file(&self, channel: usize) -> bool {
        self.channels.get(channel).is_some_and(|c| matches!(c.volume.samples, Buffer::InFile(_)))
    }

    /// The same image with these channels in memory. Those that were not go when it is dropped.
    ///
    /// # Errors
    /// They cannot be read, or are not what they were.
    pub fn with_samples(&self, channels: &[usize]) -> Result<Cow<'_, Scan>> {
        let missing: BTreeSet<usize> = channels.iter().copied().filter(|c| self.is_in_file(*c)).collect();
        let missing: Vec<usize> = missing.into_iter().collect();
        let Some(in_turn) = self.in_turn.as_ref().filter(|_| !missing.is_empty()) else {
            return Ok(Cow::Borrowed(self));
        };
        let mut scan = self.clone();
        let volumes = (in_turn.read)(&missing)?;
        if volumes.len() != missing.len() {
            return Err(Error::new(Kind::Internal, "other channels were read than asked for"));
        }
        for (at, volume) in missing.into_iter().zip(volumes) {
            let Some(channel) = scan.channels.get_mut(at) else { continue };
            if (volume.shape, volume.scale) != (channel.volume.shape, channel.volume.scale) {
                return Err(Error::io("the file changed while it was read").remedy("run again once it is whole"));
            }
            channel.volume.samples = volume.samples;
        }
        Ok(Cow::Owned(scan))
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::image::{Channel, Modality, NO_UNIT};
    use crate::units::Shape;

    #[test]
    fn samples_are_read_when_they_are_asked_for() {
        let shape = Shape::flat(1, 2);
        let channel = |i: i32| {
            let volume = Volume::new(shape, vec![i, i + 1]).unwrap();
            Channel { name: format!("c{i}"), unit: NO_UNIT, volume, saturated: None, saturation: None }
        };
        let mut scan = Scan::new(Modality::Fluorescence, shape, (0..3).map(channel).collect());
        let kept = scan.clone();
        for c in [1, 2] {
            scan.channels[c].volume.samples = Buffer::InFile(2);
        }
        assert!(scan.with_samples(&[0, 1]).unwrap().channels[1].volume.samples.host().is_err(), "nothing to read from");
        scan.in_turn =
            Some(InTurn::new(move |wanted| Ok(wanted.iter().map(|i| kept.channels[*i].volume.clone()).collect())));
        assert!(scan.channels[2].volume.samples.host().is_err());
        let with = scan.with_samples(&[0, 2]).unwrap();
        assert_eq!(with.channels[2].volume.samples.host().unwrap(), [2, 3]);
        assert!(with.is_in_file(1) && !with.is_in_file(2) && !with.is_in_file(9));
        assert!(matches!(scan.with_samples(&[0]).unwrap(), Cow::Borrowed(_)));
        scan.in_turn = Some(InTurn::new(|_| Ok(vec![Volume::new(Shape::flat(2, 1), vec![0, 0])?])));
        assert!(scan.with_samples(&[1]).unwrap_err().what.contains("changed"));
    }
}

//! Matrices that a device counts for the large objects of a set, all at once, before these are measured one by one.
//!
//! Whatever a device does not count (small objects, little altogether, more than it has room for, weights that are no whole numbers) is
//! counted where the object is measured, with the same result.

use super::aggregation::{Aggregation, Norm, Space, directions, neighbours};
use super::choice::Group;
use super::glcm_matrix::DENSE;
use super::{Instead, Levels, Region, Texture, glcm, glrlm, ngldm, ngtdm};
use crate::Result;
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::measure::Request;
use crate::measure::object::Object;
use crate::ops::extent::{Extent, extents};
use crate::ops::grey_boxes::{GreyBox, GreyBoxes};
use crate::ops::grey_counts::{Counting, Placed};
use crate::ops::{cooccurrence, dependences, run_lengths, tone_differences};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Voxels of an object from which on most matrices are smaller than itself.
const LARGE: u64 = 1 << 14;
/// Voxels of such objects, in all channels, from which on a device is asked: a wait takes longer than counting fewer.
const MANY: u64 = 1 << 20;
/// Cells that go up, two bytes each.
const MOST_CELLS: usize = 1 << 26;
/// Words of all matrices.
const MOST_WORDS: usize = 1 << 24;

/// Matrices of a group, put together in one way.
struct Wanted {
    group: Group,
    way: Aggregation,
    what: Counting,
}

impl Wanted {
    /// What a recipe asks for and integers can tell.
    fn of(texture: &Texture) -> Vec<Self> {
        let Texture { distance, coarseness, .. } = *texture;
        let norm = if texture.compat.is_some() { Norm::Chebyshev } else { texture.norm };
        let mut all = vec![];
        for &group in &texture.families {
            // PyRadiomics counts voxels without a neighbour, which a device leaves out.
            if texture.compat.is_some() && group == Group::Ngtdm {
                continue;
            }
            if texture.weights.is_some() && group.has_weights() {
                continue;
            }
            for way in texture.ways(group).into_iter().flatten() {
                let steps = match group {
                    Group::Glcm => directions(distance, norm, way.is_flat()),
                    Group::Glrlm => directions(1, Norm::Chebyshev, way.is_flat()),
                    Group::Ngtdm | Group::Ngldm => neighbours(distance, norm, way.is_flat()),
                    _ => continue,
                };
                let by_slice = way.space() == Space::Slices2d;
                let by_step = group.has_directions() && way.averages_directions();
                all.push(Wanted { group, way, what: Counting { steps, by_slice, by_step, coarseness } });
            }
        }
        all
    }

    /// Words of all its matrices of a box.
    fn words(&self, of: &GreyBox) -> usize {
        let words = match self.group {
            Group::Glcm => cooccurrence::words,
            Group::Glrlm => run_lengths::words,
            Group::Ngtdm => tone_differences::words,
            _ => dependences::words,
        };
        words(of, &self.what).saturating_mul(self.what.matrices(of))
    }

    fn count(&self, boxes: &Placed) -> Result<Buffer<u32>> {
        let count = match self.group {
            Group::Glcm => cooccurrence::cooccurrence,
            Group::Glrlm => run_lengths::run_lengths,
            Group::Ngtdm => tone_differences::tone_differences,
            _ => dependences::dependences,
        };
        count(boxes, &self.what)
    }

    /// The values of a region from its matrices.
    fn values(&self, levels: &Levels, symmetric: bool, counts: &[u32], instead: Instead) -> Vec<Option<f64>> {
        let (steps, (size, _)) = (self.what.steps.len(), levels.place());
        match self.group {
            Group::Glcm => glcm::of_counts(levels, symmetric, counts, instead),
            Group::Glrlm => glrlm::of_counts(levels, size.into_iter().max().unwrap_or(1), counts),
            Group::Ngtdm => ngtdm::of_counts(levels, steps, counts),
            _ => ngldm::of_counts(levels, steps, counts),
        }
    }
}

/// Matrices of all boxes, one after the other.
struct Counted {
    wanted: Wanted,
    counts: Vec<u32>,
    /// Where those of each box begin, and where those of the last one end.
    begins: Vec<usize>,
}

/// What a device has counted.
#[derive(Default)]
pub(super) struct Ahead {
    /// The box of an object in a channel, by label and place of the channel.
    places: HashMap<(u32, usize), usize>,
    counted: Vec<Counted>,
    symmetric: bool,
}

/// What a device has counted of one object in a channel.
#[derive(Clone, Copy)]
pub(super) struct Matrices<'a>(Option<(&'a Ahead, usize)>);

impl Matrices<'_> {
    /// The values of a group from its matrices, if these were counted; of co-occurrence with others in the place of those that cannot be.
    pub fn values(
        &self,
        levels: &Levels,
        group: Group,
        way: Aggregation,
        instead: Instead,
    ) -> Option<Vec<Option<f64>>> {
        let (ahead, place) = self.0?;
        let found = ahead.counted.iter().find(|c| (c.wanted.group, c.wanted.way) == (group, way))?;
        let counts = found.counts.get(*found.begins.get(place)?..*found.begins.get(place + 1)?)?;
        Some(found.wanted.values(levels, ahead.symmetric, counts, instead))
    }
}

/// Makes the region of an object in a channel.
type MakeRegion<'r, 'a> = &'r (dyn Fn(&Object, usize) -> Result<Region<'a>> + Sync);

impl Ahead {
    /// Counts what pays, all objects in one wait. A device that is too small or lost counts nothing.
    ///
    /// # Errors
    /// Labels on a device.
    pub fn count(texture: &Texture, request: &Request, region: MakeRegion) -> Result<Self> {
        let wanted = Wanted::of(texture);
        // Neighbourhoods alone go through the wide registers of the host in less time than the grey levels are made once more.
        let pays = wanted.iter().any(|wanted| wanted.group.has_directions());
        let Some(gpu) = request.gpu.filter(|_| pays) else { return Ok(Ahead::default()) };
        let mut large: Vec<(u32, Extent)> =
            (1..).zip(extents(request.labels)?).filter(|(_, extent)| extent.n >= LARGE).collect();
        let channels = request.channels.len();
        if large.iter().map(|(_, extent)| extent.n).sum::<u64>().saturating_mul(channels as u64) < MANY {
            return Ok(Ahead::default());
        }
        large.sort_by_key(|(_, extent)| Reverse(extent.n));
        let mut list = List { wanted, ..List::default() };
        // No more levels at a time than where objects are measured side by side.
        let all: Vec<_> = large.into_iter().flat_map(|one| (0..channels).map(move |k| (one, k))).collect();
        for some in all.chunks(rayon::current_num_threads()) {
            let levels = |&((label, extent), k): &((u32, Extent), usize)| {
                texture.levels(&region(&Object::new(request.labels, label, extent)?, k)?)
            };
            // Whoever measures an object that has no levels says why.
            let levels: Vec<Option<Levels>> = some.par_iter().map(|one| levels(one).ok().flatten()).collect();
            for (((label, _), k), levels) in some.iter().zip(levels) {
                if let Some(levels) = levels {
                    list.add((*label, *k), &levels)?;
                }
            }
            if list.is_full {
                break;
            }
        }
        let List { places, boxes, wanted, .. } = list;
        let counted = counted(gpu, &boxes, wanted).unwrap_or_default();
        Ok(Ahead { places, counted, symmetric: texture.symmetric || texture.compat.is_some() })
    }

    /// What was counted of an object in a channel.
    pub fn of(&self, label: u32, channel: usize) -> Matrices<'_> {
        Matrices(self.places.get(&(label, channel)).map(|place| (self, *place)))
    }
}

/// What goes up.
#[derive(Default)]
struct List {
    wanted: Vec<Wanted>,
    places: HashMap<(u32, usize), usize>,
    boxes: GreyBoxes,
    /// Of all matrices.
    words: usize,
    /// There was no room for something.
    is_full: bool,
}

impl List {
    /// Adds a region if there is room for it, its runs are not too long for a device, and its matrices take no more than itself: to bring
    /// them down would take longer than counting.
    fn add(&mut self, of: (u32, usize), levels: &Levels) -> Result<()> {
        let grey = levels.grey_box();
        let words = self.wanted.iter().fold(0usize, |n, wanted| n.saturating_add(wanted.words(&grey)));
        let has_runs = self.wanted.iter().any(|wanted| wanted.group == Group::Glrlm);
        if levels.ranks() > DENSE || words > grey.cells() || has_runs && !run_lengths::fits(&grey) {
            return Ok(());
        }
        if self.boxes.cells() + grey.cells() > MOST_CELLS || self.words + words > MOST_WORDS {
            self.is_full = true;
            return Ok(());
        }
        levels.add_to(&mut self.boxes)?;
        self.places.insert(of, self.places.len());
        self.words += words;
        Ok(())
    }
}

/// All matrices of all boxes.
fn counted(gpu: &Gpu, boxes: &GreyBoxes, wanted: Vec<Wanted>) -> Result<Vec<Counted>> {
    if boxes.is_empty() {
        return Ok(vec![]);
    }
    let placed = boxes.to(&Device::Gpu(gpu.clone()))?;
    // What is too much for the device is left to the host.
    let ask = |wanted: Wanted| Some((wanted.count(&placed).ok()?.gpu().ok()?.clone(), wanted));
    let (buffers, wanted): (Vec<GpuBuffer<u32>>, Vec<Wanted>) = wanted.into_iter().filter_map(ask).unzip();
    let all = gpu.download_all(&buffers)?.into_iter().zip(wanted);
    let begins = |wanted: &Wanted| {
        let ends = boxes.boxes().scan(0, |end, of| {
            *end += wanted.words(of);
            Some(*end)
        });
        std::iter::once(0).chain(ends).collect()
    };
    Ok(all.map(|(counts, wanted)| Counted { begins: begins(&wanted), counts, wanted }).collect())
}

#[cfg(test)]
mod tests {
    //! Invariant: matrices of boxes, counted plainly, give the values that are counted where voxels lie.
    use super::super::tests::levels;
    use super::super::{Compat, WeightNorm, Weights};
    use super::*;
    use crate::units::Length;
    use proptest::prelude::*;

    const COUNTED: [Group; 4] = [Group::Glcm, Group::Glrlm, Group::Ngtdm, Group::Ngldm];

    fn texture(distance: usize, norm: Norm, symmetric: bool, coarseness: u32) -> Texture {
        let (families, aggregation) = (COUNTED.to_vec(), Aggregation::ALL.to_vec());
        Texture { families, aggregation, distance, norm, symmetric, coarseness, ..Texture::default() }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn boxes_give_what_voxels_give(
            size in [1..4usize, 1..9, 1..70], seed in any::<u16>(), few in 1..6u16, distance in 1..3usize,
            by_sum in any::<bool>(), symmetric in any::<bool>(), coarseness in 0..3u32,
        ) {
            let norm = if by_sum { Norm::Manhattan } else { Norm::Chebyshev };
            let texture = texture(distance, norm, symmetric, coarseness);
            let cells = |seed: u16| (0..size.iter().product::<usize>() as u16)
                .map(move |i| (i ^ seed).wrapping_mul(40503) >> 8).map(move |v| v % (few + 1) * 3 % 11).collect::<Vec<_>>();
            let both = [levels(size, &cells(seed)), levels(size, &cells(!seed))];
            let mut boxes = GreyBoxes::default();
            both.iter().filter(|l| l.ranks() > 0).for_each(|levels| levels.add_to(&mut boxes).unwrap());
            let placed = boxes.to(&Device::Cpu).unwrap();
            let wanted = Wanted::of(&texture);
            prop_assert_eq!(wanted.len(), 2 * 6 + 2 * 3);
            for wanted in wanted {
                let counts = wanted.count(&placed).unwrap();
                let mut counts = counts.host().unwrap();
                for levels in both.iter().filter(|l| l.ranks() > 0) {
                    let (own, others) = counts.split_at(wanted.words(&levels.grey_box()));
                    let want = texture.of_levels(wanted.group, &[wanted.way], levels, None);
                    prop_assert_eq!(wanted.values(levels, symmetric, own, &[]), want, "{:?} {:?}", wanted.group, wanted.way);
                    counts = others;
                }
                prop_assert!(counts.is_empty());
            }
        }
    }

    /// Mechanics.
    #[test]
    fn what_integers_cannot_tell_is_not_asked_for() {
        let weights = Some(Weights { norm: WeightNorm::Euclidean, length: Length::Px(1.0) });
        let weighted = Texture { weights, ..texture(1, Norm::Chebyshev, true, 0) };
        let groups: Vec<Group> = Wanted::of(&weighted).iter().map(|wanted| wanted.group).collect();
        assert!(!groups.is_empty() && groups.iter().all(|group| !group.has_weights()));
        let shape = Texture { families: vec![Group::Morphology, Group::Glszm], ..Texture::default() };
        assert!(Wanted::of(&shape).is_empty());
        // PyRadiomics knows one norm only.
        let theirs = Texture { compat: Some(Compat::Pyradiomics), ..texture(2, Norm::Manhattan, true, 0) };
        assert_eq!(Wanted::of(&theirs)[0].what.steps, directions(2, Norm::Chebyshev, true));
    }

    /// Mechanics: an object whose matrices are larger than itself, or whose runs are too long, is left to the host, and so is one for which
    /// there is no room.
    #[test]
    fn objects_go_up_where_it_pays() {
        let large = levels([8, 8, 8], &[1; 512]);
        let mut list = List { wanted: Wanted::of(&Texture::default()), ..List::default() };
        list.add((1, 0), &levels([1, 2, 2], &[1, 2, 3, 4])).unwrap();
        list.add((2, 0), &large).unwrap();
        list.add((4, 0), &levels([1, 2, 2000], &[1; 4000])).unwrap();
        assert_eq!(list.places.get(&(4, 0)), None);
        assert_eq!((list.places.get(&(1, 0)), list.places.get(&(2, 0)), list.boxes.cells()), (None, Some(&0), 512));
        assert!(!list.is_full);
        list.words = MOST_WORDS;
        list.add((3, 0), &large).unwrap();
        assert!(list.is_full && list.places.len() == 1);
    }
}

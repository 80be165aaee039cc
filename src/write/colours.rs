//! Which colour each object has: near ones differ.

use super::palette::COLOURS;
use super::silhouettes::{Silhouettes, find};

/// Objects closer than this many pixels get different colours.
const NEAR: usize = 6;

/// A colour for each label: the next in turn, or the first after it that no near object with a lower label has.
pub(super) struct Colours {
    /// Labels in the picture, ascending, and the place of each one's colour.
    chosen: Vec<(u32, usize)>,
}

impl Colours {
    pub fn of(objects: &Silhouettes) -> Self {
        let (pairs, present) = (objects.near(NEAR + 1), objects.labels());
        let mut colours = Colours { chosen: Vec::with_capacity(present.len()) };
        let mut rest = &pairs[..];
        for label in present {
            let (near, after) = rest.split_at(rest.partition_point(|p| p.0 <= label));
            let taken = near.iter().filter(|p| p.0 == label).fold(0_u32, |set, p| set | 1 << colours.get(p.1));
            rest = after;
            let first = (label as usize - 1) % COLOURS;
            let free = (first..first + COLOURS).map(|c| c % COLOURS).find(|c| taken >> c & 1 == 0);
            colours.chosen.push((label, free.unwrap_or(first)));
        }
        colours
    }

    /// The number of the colour.
    pub fn get(&self, label: u32) -> usize {
        find(&self.chosen, label, |c| c.0).map_or(0, |i| self.chosen[i].1)
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics, on small literal grids.
    use super::super::silhouettes::tests::of;
    use super::*;

    #[test]
    fn neighbours_differ() {
        // 1 and 9 would both take the first colour; 17, which is far from both, does.
        let objects = of(&[1, 1, 9, 9, 0, 0, 0, 0, 0, 0, 0, 17], 12);
        let colours = Colours::of(&objects);
        assert_eq!([1, 9, 17].map(|label| colours.get(label)), [0, 1, 0]);
    }
}

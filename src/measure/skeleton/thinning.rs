//! Thinning: an object becomes lines of one voxel that hang together as it did, in planes and in volumes.
//!
//! Source: T. C. Lee, R. L. Kashyap, C. N. Chu, CVGIP 56 (1994) 462. From each side in turn (four in a plane, six in a volume), voxels
//! of the border go that are no ends of lines and simple: without them there are as many pieces, holes and tunnels (objects by 26
//! neighbours, ground by 6; in a plane by 8 and 4). Those that a side could lose are found first, and each is looked at again before
//! it goes. Simple is tested as G. Bertrand and G. Malandain do, Pattern Recognit. Lett. 15 (1994) 169, which says the same as the
//! Euler numbers and octrees of the paper.
//!
//! Two things differ from the paper, where a pass goes along the rows and does not ask again for ends. Along the rows, what is two
//! voxels wide and open to one side all along loses one voxel after the other, so a straight tube of even width could end as a single
//! one: here no two that go together touch (every second voxel along each axis, [`class`] after class). And what a pass has made an end
//! goes if it hangs on a body, or bumps of its flank would stay as branches, but stays if it hangs on an end, or lines would be eaten.
//!
//! Only voxels near others that have gone are looked at again, so the work is that of the voxels and not that of the voxels times
//! the width of the object.

use super::super::object::Crop;

/// The cells around one, and itself in the middle: z, y, x from -1 on.
const CUBE: usize = 27;
const MIDDLE: usize = 13;

/// What is known of a cell, as bits: it is of the object, it is on the list, and one next to it has gone in this round.
const OBJECT: u8 = 1;
const LISTED: u8 = 2;
const TOUCHED: u8 = 4;

/// z, y, x of a place in the cube.
fn steps(place: usize) -> [isize; 3] {
    [place / 9, place / 3 % 3, place % 3].map(|v| v as isize - 1)
}

/// How many axes two places of the cube differ in; nothing if they are no neighbours.
fn apart(a: usize, b: usize) -> Option<usize> {
    let (a, b) = (steps(a), steps(b));
    let differ = [0, 1, 2].map(|axis| a[axis].abs_diff(b[axis]));
    differ.iter().all(|d| *d <= 1).then(|| differ.iter().sum())
}

/// Which places of the cube are neighbours of which, as bits; the middle is nobody's.
struct Cube {
    /// By sides, edges and corners.
    all: [u32; CUBE],
    /// By sides.
    sides: [u32; CUBE],
    /// The neighbours of the middle by sides and edges.
    near: u32,
}

impl Cube {
    fn new() -> Self {
        let of = |place: usize, most: usize| {
            let is = |other: &usize| *other != MIDDLE && apart(place, *other).is_some_and(|n| (1..=most).contains(&n));
            (0..CUBE).filter(is).fold(0, |bits, other| bits | 1 << other)
        };
        let within = |most: usize| std::array::from_fn(|place| of(place, most));
        Cube { all: within(3), sides: within(1), near: of(MIDDLE, 2) }
    }

    /// What is connected to a place within a set.
    fn piece(set: u32, from: u32, neighbours: &[u32; CUBE]) -> u32 {
        let (mut piece, mut edge) = (from, from);
        while edge != 0 {
            let mut next = 0;
            while edge != 0 {
                next |= neighbours[edge.trailing_zeros() as usize];
                edge &= edge - 1;
            }
            edge = next & set & !piece;
            piece |= edge;
        }
        piece
    }

    /// Without the middle, objects and ground have as many pieces, holes and tunnels.
    fn is_simple(&self, object: u32) -> bool {
        let first = |set: u32| set & set.wrapping_neg();
        if object == 0 || Self::piece(object, first(object), &self.all) != object {
            return false;
        }
        let ground = self.near & !object;
        let beside = self.sides[MIDDLE] & ground;
        beside != 0 && beside & !Self::piece(ground, first(beside), &self.sides) == 0
    }
}

/// Thins an object with a frame of one cell on all sides, above and below a single slice as well. What is left are the indices of
/// its cells, in raster order.
pub(super) fn thin(crop: &mut Crop) -> Vec<usize> {
    // In a volume as well: an object of one slice would lose its border from above and below at once.
    let is_flat = crop.size[0] == 3;
    let (row, slice) = (crop.size[2] as isize, (crop.size[1] * crop.size[2]) as isize);
    let sides = [-row, row, 1, -1, slice, -slice];
    let sides = if is_flat { &sides[..4] } else { &sides };
    let around = Around::new(crop.size);
    let cells = &mut crop.cells;
    let is_border = |cells: &[u8], i: usize| sides.iter().any(|side| cells[i.wrapping_add_signed(*side)] & OBJECT == 0);
    let mut listed: Vec<usize> = (0..cells.len()).filter(|&i| cells[i] == OBJECT && is_border(cells, i)).collect();
    listed.iter().for_each(|&i| cells[i] |= LISTED);
    while !listed.is_empty() {
        for side in sides {
            let may_go = |i: &&usize| cells[i.wrapping_add_signed(*side)] & OBJECT == 0 && around.may_go(cells, **i);
            let mut candidates = [const { Vec::new() }; CLASSES];
            listed.iter().filter(may_go).for_each(|&i| candidates[class(i, crop.size)].push(i));
            let before = listed.len();
            for i in candidates.into_iter().flatten() {
                if around.still_may_go(cells, i) {
                    cells[i] = 0;
                    around.touch(cells, i, &mut listed);
                }
            }
            listed[before..].sort_unstable();
            // Two sorted runs.
            listed.sort();
            listed.retain(|&i| cells[i] != 0);
        }
        for &i in &listed {
            let is_touched = cells[i] & TOUCHED != 0;
            cells[i] = if is_touched { OBJECT | LISTED } else { OBJECT };
        }
        listed.retain(|&i| cells[i] & LISTED != 0);
    }
    (0..cells.len()).filter(|&i| cells[i] != 0).collect()
}

/// Cells that touch are of different ones.
const CLASSES: usize = 8;

/// Even or odd along each axis.
pub(super) fn class(i: usize, [_, ny, nx]: [usize; 3]) -> usize {
    let [z, y, x] = [i / nx / ny, i / nx % ny, i % nx].map(|v| v % 2);
    (z * 2 + y) * 2 + x
}

/// What lies around a cell of a crop.
pub(super) struct Around {
    cube: Cube,
    offsets: [isize; CUBE],
}

impl Around {
    pub(super) fn new([_, ny, nx]: [usize; 3]) -> Self {
        let offset = |place: usize| {
            let [z, y, x] = steps(place);
            (z * ny as isize + y) * nx as isize + x
        };
        Around { cube: Cube::new(), offsets: std::array::from_fn(offset) }
    }

    /// The neighbours of a cell that are of the object, as bits.
    fn object(&self, cells: &[u8], i: usize) -> u32 {
        let mut object = 0;
        for (place, offset) in self.offsets.iter().enumerate() {
            object |= u32::from(cells[i.wrapping_add_signed(*offset)] & OBJECT) << place;
        }
        object & !(1 << MIDDLE)
    }

    /// The cell is simple and no end of a line.
    pub(super) fn may_go(&self, cells: &[u8], i: usize) -> bool {
        let object = self.object(cells, i);
        object.count_ones() > 1 && self.cube.is_simple(object)
    }

    /// The same of a cell that could go before others of its pass went: an end that they made of it stays only where what it hangs on
    /// would be one without it.
    pub(super) fn still_may_go(&self, cells: &[u8], i: usize) -> bool {
        let object = self.object(cells, i);
        let hangs_on_end = || {
            let only = self.offsets[object.trailing_zeros() as usize];
            self.object(cells, i.wrapping_add_signed(only)).count_ones() <= 2
        };
        self.cube.is_simple(object) && !(object.count_ones() == 1 && hangs_on_end())
    }

    /// Those around a cell that has gone are to be looked at again.
    fn touch(&self, cells: &mut [u8], i: usize, listed: &mut Vec<usize>) {
        for offset in self.offsets {
            let j = i.wrapping_add_signed(offset);
            if cells[j] & OBJECT != 0 {
                if cells[j] & LISTED == 0 {
                    listed.push(j);
                }
                cells[j] |= LISTED | TOUCHED;
            }
        }
    }
}

//! Finds a place for a reference sphere in the right lobe of the liver, on FDG PET alone.
//!
//! The liver is the one large organ that is warm, even, and on the patient's right only. The image is cut into cells of
//! about 8 mm. A cell is even if it and its neighbours (a block of 3 x 3 x 3) have a mean of SUV 1.0 to 4.5 and a
//! coefficient of variation of at most 0.2. For each level of SUV in steps of a tenth, the even cells within 30 % of it and to
//! the right of the body's middle make connected regions. A region may be liver if
//!
//! - it is 200 to 3000 ml large without its edge (the half of the organ that lies beyond the middle is not in it),
//! - at least 70 % of it has no counterpart across the middle: muscles, lungs and kidneys come in pairs,
//! - it is at least 40 % of all that is even at its level: muscles full of insulin are not.
//!
//! What would lie across the middle but outside of the image is unknown, and counts as a counterpart. Of these regions the one
//! with the most that has no counterpart wins. There is doubt, and no liver, if the body is cut off at a side (its middle is
//! not known then), or if another region elsewhere may be one as well: a large even mass. The sphere goes where the region is deepest (so that
//! at least the cells around the place are liver too), among such places to the one whose sphere varies least.
//! All of it is done on the host, from exact sums of cells and spheres, so every device gives the same place.
//! Fails, rather than guesses, for livers outside of SUV 1.0 to 4.5 and on the left, and without position or SUV.

use super::geometry::Geometry;
use super::sphere::ball;
use crate::device::Device;
use crate::image::{Channel, Mask, PatientGrid, SUV_UNIT, Scan, Volume};
use crate::ops::label::{Connectivity, label};
use crate::ops::sizes::sizes;
use crate::ops::sums::Sums;
use crate::units::{Shape, Spacing};
use crate::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Of a cell, in mm.
const CELL_MM: f64 = 8.0;
/// Means of cells that may be liver, in SUV.
const WINDOW: [f64; 2] = [1.0, 4.5];
/// The body, in SUV.
const BODY: f64 = 0.3;
/// Greatest coefficient of variation of the means of 27 cells, and of the voxels of a sphere.
const EVEN: f64 = 0.20;
const EVEN_SPHERE: f64 = 0.35;
/// Levels rise by this, and a region is within that share of its level.
const STEP: f64 = 1.1;
const BAND: f64 = 0.3;
/// Of a region, in ml.
const VOLUME_ML: [f64; 2] = [200.0, 3000.0];
/// Share of a region without counterpart, and of what is even at its level.
const ALONE: f64 = 0.7;
const MOST: f64 = 0.4;
/// Share of the lines from right to left that may begin or end in the body.
const CUT: f64 = 0.3;
/// A region elsewhere with so much of what the best has without counterpart is a rival; regions that share that much of the
/// smaller one are one organ.
const RIVAL: f64 = 0.3;
const SHARED: f64 = 0.25;

/// A place for a sphere.
pub(super) struct Found {
    /// In voxels along z, y, x.
    pub centre: [f64; 3],
    /// For the user, to judge it.
    pub note: String,
}

/// Finds the liver. `radii` of the sphere are in voxels along z, y, x.
///
/// # Errors
/// The image has no place in the patient, or no SUV, or nothing in it looks like a liver.
pub(super) fn find(scan: &Scan, channel: &Channel, geometry: &Geometry, radii: [f64; 3]) -> Result<Found> {
    let remedy = "a mask of the liver (labels = FILE), or at = [x, y, z] in mm";
    let (Some(spacing), Some(patient_grid)) = (geometry.spacing, scan.patient_grid) else {
        return Err(Error::usage("the liver is looked for on the patient's right, but the image has no placement")
            .remedy(remedy));
    };
    if channel.unit != SUV_UNIT {
        return Err(Error::usage(format!("the liver is looked for by its SUV, but the image is in {}", channel.unit))
            .remedy(remedy));
    }
    let cells = Cells::new(&channel.volume, &spacing)?;
    if cells.cut_off(&patient_grid) {
        return Err(Error::usage("the liver is looked for by the patient's middle, but the body is cut off at a side")
            .remedy(remedy));
    }
    let even = Even::new(&cells, &patient_grid);
    let nothing = || {
        Error::usage("no region looks like a liver: warm (SUV 1.0 to 4.5), even, and on the patient's right only")
            .remedy(remedy)
    };
    let mut regions = even.regions(&cells)?;
    let best = regions.iter().enumerate().filter(|(_, r)| r.most).max_by_key(|(i, r)| (r.alone, usize::MAX - i));
    let best = best.map(|(i, _)| i).ok_or_else(nothing)?;
    let best = regions.swap_remove(best);
    if let Some(rival) = regions.iter().find(|r| f64::from(r.alone) >= RIVAL * f64::from(best.alone) && !r.is(&best)) {
        let place = |r: &Region| {
            let [x, y, z] = patient_grid.at(&spacing, cells.middle_of(&r.cells));
            format!("x {x:.0}, y {y:.0}, z {z:.0} mm")
        };
        let what = format!("two regions look like a liver, around {} and {}", place(&best), place(rival));
        return Err(Error::usage(what).remedy(remedy));
    }
    let region = best.cells;
    let ml = region.iter().filter(|r| **r).count() as f64 * cells.ml;
    let places = deepest(cells.shape, region).ok_or_else(nothing)?;
    let (centre, sums) = quietest(&cells, &places, &channel.volume, radii)?.ok_or_else(nothing)?;
    let scale = channel.volume.scale;
    let mean = scale.value(sums.mean().unwrap_or(0.0));
    let variation = sums.deviation().unwrap_or(0.0) * scale.factor() / mean;
    let [x, y, z] = patient_grid.at(&spacing, centre);
    let told = format!(
        "found at x {x:.0}, y {y:.0}, z {z:.0} mm: SUV {mean:.2}, variation {:.0} % in the sphere, even region of {ml:.0} ml",
        variation * 100.0
    );
    if variation.is_nan() || variation > EVEN_SPHERE {
        return Err(Error::usage(format!("{told}; too uneven for a reference")).remedy(remedy));
    }
    Ok(Found { centre, note: format!("{told} (look at it)") })
}

/// Means of blocks of voxels.
struct Cells {
    shape: Shape,
    /// Voxels of a cell along z, y, x.
    voxels: [usize; 3],
    values: Vec<f64>,
    ml: f64,
    spacing: Spacing,
}

impl Cells {
    fn new(volume: &Volume, spacing: &Spacing) -> Result<Self> {
        let mm = spacing.unit.um() / 1000.0;
        let voxels = spacing.zyx.map(|s| (CELL_MM / (s * mm)).round().max(1.0) as usize);
        // What is left over at the far edges is passed over.
        let [z, y, x] = [0, 1, 2].map(|a| volume.shape.zyx()[a] / voxels[a]);
        let (shape, samples) = (Shape::new(z, y, x), volume.samples.host()?);
        let n = voxels.iter().product::<usize>();
        let mean = |i: usize| {
            let [z, y, x] = shape.position(i);
            let mut sum = 0i64;
            for zz in z * voxels[0]..(z + 1) * voxels[0] {
                for yy in y * voxels[1]..(y + 1) * voxels[1] {
                    let row = volume.shape.index(zz, yy, x * voxels[2]);
                    sum += samples[row..row + voxels[2]].iter().map(|&s| i64::from(s)).sum::<i64>();
                }
            }
            volume.scale.value(sum as f64 / n as f64)
        };
        let values = (0..shape.len()).into_par_iter().with_min_len(1 << 10).map(mean).collect();
        let ml = spacing.voxel_volume() * mm.powi(3) * n as f64 / 1000.0;
        Ok(Cells { shape, voxels, values, ml, spacing: *spacing })
    }

    /// The middle of a cell in voxels.
    fn middle(&self, i: usize) -> [f64; 3] {
        let at = self.shape.position(i);
        std::array::from_fn(|a| (at[a] * self.voxels[a]) as f64 + (self.voxels[a] as f64 - 1.0) / 2.0)
    }

    /// The middle of all cells of a region in voxels.
    fn middle_of(&self, region: &[bool]) -> [f64; 3] {
        let (mut sum, mut n) = ([0.0; 3], 0.0);
        for i in (0..region.len()).filter(|&i| region[i]) {
            sum.iter_mut().zip(self.middle(i)).for_each(|(s, m)| *s += m);
            n += 1.0;
        }
        sum.map(|s| s / f64::max(n, 1.0))
    }

    /// The body reaches one of the sides of the image in many of the lines that run from right to left.
    fn cut_off(&self, patient_grid: &PatientGrid) -> bool {
        let sideways = |a: &usize| patient_grid.directions[*a][0].abs();
        let axis = (0..3).max_by(|a, b| sideways(a).total_cmp(&sideways(b))).unwrap_or(2);
        let (mut lines, mut cut) = (BTreeSet::new(), [BTreeSet::new(), BTreeSet::new()]);
        for i in (0..self.shape.len()).filter(|&i| self.values[i] > BODY) {
            let mut line = self.shape.position(i);
            let at = std::mem::take(&mut line[axis]);
            lines.insert(line);
            for (side, edge) in cut.iter_mut().zip([0, self.shape.zyx()[axis] - 1]) {
                if at == edge {
                    side.insert(line);
                }
            }
        }
        cut.iter().any(|side| side.len() as f64 > CUT * lines.len() as f64)
    }

    /// The indices of the block of 3 x 3 x 3 around a cell, inside the image.
    fn block(&self, i: usize) -> impl Iterator<Item = usize> + use<> {
        let (at, shape) = (self.shape.position(i), self.shape);
        let range = move |a: usize| at[a].saturating_sub(1)..(at[a] + 2).min(shape.zyx()[a]);
        range(0).flat_map(move |z| range(1).flat_map(move |y| range(2).map(move |x| shape.index(z, y, x))))
    }
}

/// Cells in even surroundings.
struct Even {
    /// Mean of the block, or nothing where it is uneven or outside the window.
    mean: Vec<Option<f64>>,
    /// On the patient's right.
    right: Vec<bool>,
    /// The cell across the middle, if there is one.
    across: Vec<Option<usize>>,
}

impl Even {
    fn new(cells: &Cells, patient_grid: &PatientGrid) -> Self {
        let n = cells.shape.len();
        let place = |i: usize| patient_grid.at(&cells.spacing, cells.middle(i));
        let mut body: Vec<f64> = (0..n).filter(|&i| cells.values[i] > BODY).map(|i| place(i)[0]).collect();
        body.sort_unstable_by(f64::total_cmp);
        let middle = body.get(body.len() / 2).copied().unwrap_or(f64::NEG_INFINITY);
        let across = |i: usize| {
            let [x, y, z] = place(i);
            let at = patient_grid.grid(&cells.spacing, [2.0 * middle - x, y, z]);
            let cell: [f64; 3] = std::array::from_fn(|a| ((at[a] + 0.5) / cells.voxels[a] as f64).floor());
            let inside = (0..3).all(|a| cell[a] >= 0.0 && cell[a] < cells.shape.zyx()[a] as f64);
            inside.then(|| cells.shape.index(cell[0] as usize, cell[1] as usize, cell[2] as usize))
        };
        let mean = |i: usize| {
            let block: Vec<f64> = cells.block(i).map(|j| cells.values[j]).collect();
            let n = block.len() as f64;
            let mean = block.iter().sum::<f64>() / n;
            let variance = block.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            ((WINDOW[0]..=WINDOW[1]).contains(&mean) && variance.sqrt() <= EVEN * mean).then_some(mean)
        };
        let all = || (0..n).into_par_iter().with_min_len(1 << 10);
        Even {
            mean: all().map(mean).collect(),
            right: all().map(|i| place(i)[0] < middle).collect(),
            across: all().map(across).collect(),
        }
    }

    /// All regions that may be liver, level by level.
    fn regions(&self, cells: &Cells) -> Result<Vec<Region>> {
        let mut found = Vec::new();
        let mut level = WINDOW[0];
        while level <= WINDOW[1] {
            let band: Vec<bool> =
                self.mean.iter().map(|m| m.is_some_and(|m| (m / level - 1.0).abs() <= BAND)).collect();
            let all = band.iter().filter(|b| **b).count() as f64;
            let mask = band.iter().zip(&self.right).map(|(&b, &r)| u8::from(b && r)).collect();
            let labels = label(&Device::Cpu, &Mask::new(cells.shape, mask)?, Connectivity::Face)?;
            let sizes = sizes(&Device::Cpu, &labels)?;
            let voxels = labels.voxels().host()?;
            let mut alone = vec![0u32; sizes.len()];
            for (i, &l) in voxels.iter().enumerate().filter(|(_, l)| **l > 0) {
                alone[l as usize] += u32::from(self.across[i].is_some_and(|j| !band[j]));
            }
            for (l, (&size, &alone)) in (0u32..).zip(sizes.iter().zip(&alone)).skip(1) {
                let (n, ml) = (f64::from(size), f64::from(size) * cells.ml);
                if (VOLUME_ML[0]..=VOLUME_ML[1]).contains(&ml) && f64::from(alone) >= ALONE * n {
                    let cells = voxels.iter().map(|&v| v == l).collect();
                    found.push(Region { cells, alone, most: n >= MOST * all });
                }
            }
            level *= STEP;
        }
        Ok(found)
    }
}

/// Cells that may be liver.
struct Region {
    cells: Vec<bool>,
    /// How many have no counterpart.
    alone: u32,
    /// It is most of what is even at its level.
    most: bool,
}

impl Region {
    /// Both are one organ, at two levels.
    fn is(&self, other: &Region) -> bool {
        let count = |cells: &[bool]| cells.iter().filter(|c| **c).count();
        let both = self.cells.iter().zip(&other.cells).filter(|(a, b)| **a && **b).count();
        both as f64 > SHARED * count(&self.cells).min(count(&other.cells)) as f64
    }
}

/// The cells of a region that are left when layers are taken off, as long as any are; none if one layer is all it has.
fn deepest(shape: Shape, region: Vec<bool>) -> Option<Vec<usize>> {
    let mut left = None;
    let mut now = region;
    loop {
        let inner: Vec<bool> = (0..shape.len())
            .map(|i| {
                let at = shape.position(i);
                let edge = (0..3).any(|a| at[a] == 0 || at[a] + 1 == shape.zyx()[a]);
                let [z, y, x] = at;
                let full = |z: usize| (y - 1..=y + 1).all(|y| (x - 1..=x + 1).all(|x| now[shape.index(z, y, x)]));
                now[i] && !edge && (z - 1..=z + 1).all(full)
            })
            .collect();
        if !inner.contains(&true) {
            return left;
        }
        left = Some((0..shape.len()).filter(|&i| inner[i]).collect());
        now = inner;
    }
}

/// The place whose sphere lies in the image and varies least, and the sums of its voxels; the first of equals.
fn quietest(cells: &Cells, places: &[usize], volume: &Volume, radii: [f64; 3]) -> Result<Option<([f64; 3], Sums)>> {
    let samples = volume.samples.host()?;
    let mut best: Option<(f64, [f64; 3], Sums)> = None;
    for &place in places {
        let centre = cells.middle(place);
        let (voxels, beyond) = ball(volume.shape, centre, radii);
        let mut sums = Sums::default();
        for i in voxels {
            let s = i64::from(samples[i]);
            sums += Sums { n: 1, sum: s, squares: (s * s).into() };
        }
        let (Some(mean), Some(deviation), false) = (sums.mean(), sums.deviation(), beyond) else { continue };
        let variation = deviation * volume.scale.factor() / volume.scale.value(mean);
        if best.as_ref().is_none_or(|(v, ..)| variation < *v) {
            best = Some((variation, centre, sums));
        }
    }
    Ok(best.map(|(_, centre, sums)| (centre, sums)))
}

#[cfg(test)]
mod tests {
    //! Mechanics, on a torso of ellipsoids.
    use super::*;
    use crate::image::{Modality, NO_UNIT, Scale};

    const SHAPE: Shape = Shape::new(60, 40, 56);
    const MM: f64 = 7.5;

    /// Uptake in ellipsoids (middle, radii, SUV; in voxels along z, y, x; x rises to the patient's left): body, lungs,
    /// liver, heart, spleen, kidneys, bladder, brain. Later ones replace earlier ones.
    const ORGANS: [([f64; 3], [f64; 3], f64); 10] = [
        ([26.0, 20.0, 28.0], [60.0, 13.0, 19.0], 0.7),
        ([38.0, 20.0, 18.0], [9.0, 9.0, 7.0], 0.5),
        ([38.0, 20.0, 38.0], [9.0, 9.0, 7.0], 0.5),
        ([26.0, 18.0, 19.0], [8.0, 9.0, 9.0], 2.2),
        ([35.0, 16.0, 33.0], [5.0, 5.0, 5.0], 7.0),
        ([26.0, 26.0, 41.0], [4.0, 4.0, 3.0], 2.0),
        ([17.0, 27.0, 20.0], [4.0, 3.0, 3.0], 6.0),
        ([17.0, 27.0, 36.0], [4.0, 3.0, 3.0], 6.0),
        ([4.0, 20.0, 28.0], [3.0, 4.0, 5.0], 40.0),
        ([57.0, 20.0, 28.0], [6.0, 7.0, 7.0], 9.0),
    ];

    fn torso(times: f64, mirrored: bool) -> Scan {
        let value = |i: usize| {
            let [z, y, x] = SHAPE.position(i).map(|v| v as f64);
            let at = [z, y, if mirrored { 55.0 - x } else { x }];
            let inside = |o: &&([f64; 3], [f64; 3], f64)| {
                (0..3).map(|a| ((at[a] - o.0[a]) / o.1[a]).powi(2)).sum::<f64>() <= 1.0
            };
            // A ripple of 10 % in place of noise.
            let ripple = 1.0 + 0.1 * (((i * 7919) % 21) as f64 / 10.0 - 1.0);
            ORGANS.iter().rev().find(inside).map_or(0.0, |o| o.2 * ripple * times)
        };
        let samples = (0..SHAPE.len()).map(|i| (value(i) * 1024.0) as i32).collect();
        let scale = Scale::new(1.0 / 1024.0, 0.0).unwrap();
        let volume = Volume { scale, ..Volume::new(SHAPE, samples).unwrap() };
        let channel = Channel { name: "pet".into(), unit: SUV_UNIT, volume, saturated: None, saturation: None };
        let mut scan = Scan::new(Modality::Pet, SHAPE, vec![channel]);
        scan.spacing = Spacing::mm([MM; 3]);
        scan.patient_grid = Some(PatientGrid { origin: [-200.0, -150.0, -400.0], ..PatientGrid::STRAIGHT });
        scan
    }

    /// The part of a scan between two columns.
    fn cropped(scan: &Scan, from: usize, to: usize) -> Scan {
        let volume = &scan.channels[0].volume;
        let shape = Shape { x: to - from, ..SHAPE };
        let rows = volume.samples.host().unwrap().chunks(SHAPE.x);
        let samples = rows.flat_map(|row| row[from..to].to_vec()).collect();
        let cut = Volume { scale: volume.scale, ..Volume::new(shape, samples).unwrap() };
        let mut part =
            Scan { shape, channels: vec![Channel { volume: cut, ..scan.channels[0].clone() }], ..scan.clone() };
        if let Some(p) = &mut part.patient_grid {
            p.origin[0] += from as f64 * MM;
        }
        part
    }

    /// An even ball of so many SUV on the patient's right, below the liver.
    fn with_mass(scan: &Scan, suv: f64) -> Scan {
        let volume = &scan.channels[0].volume;
        let mut samples = volume.samples.host().unwrap().to_vec();
        for (i, s) in samples.iter_mut().enumerate() {
            let [z, y, x] = SHAPE.position(i).map(|v| v as f64);
            if (z - 9.0).powi(2) + (y - 18.0).powi(2) + (x - 17.0).powi(2) <= 49.0 {
                *s = (suv * 1024.0) as i32;
            }
        }
        let with = Volume { scale: volume.scale, ..Volume::new(SHAPE, samples).unwrap() };
        Scan { channels: vec![Channel { volume: with, ..scan.channels[0].clone() }], ..scan.clone() }
    }

    #[test]
    fn a_body_that_is_cut_off_at_a_side_has_no_known_middle() {
        let whole = torso(1.0, false);
        for (from, to) in [(28, 56), (0, 28), (14, 56), (0, 40)] {
            let error = look(&cropped(&whole, from, to)).err().map(|e| e.to_string()).unwrap();
            assert!(error.contains("cut off at a side"), "{from} to {to}: {error}");
        }
        assert!(look(&cropped(&whole, 4, 52)).is_ok(), "only air is cut off");
    }

    #[test]
    fn a_large_even_mass_leaves_a_doubt() {
        let error = look(&with_mass(&torso(1.0, false), 3.9)).err().map(|e| e.to_string()).unwrap();
        assert!(error.contains("two regions look like a liver"), "{error}");
    }

    fn look(scan: &Scan) -> Result<Found> {
        let geometry = Geometry { shape: scan.shape, spacing: scan.spacing, radius_px: None };
        find(scan, &scan.channels[0], &geometry, [2.0; 3])
    }

    #[test]
    fn the_sphere_lies_in_the_liver_whatever_its_level() {
        for times in [0.6, 1.0, 1.8] {
            let found = look(&torso(times, false)).unwrap();
            let (middle, radii) = (ORGANS[3].0, ORGANS[3].1);
            let far = (0..3).map(|a| ((found.centre[a] - middle[a]) / (radii[a] - 2.0)).powi(2)).sum::<f64>();
            assert!(far < 1.0, "{:?}: {}", found.centre, found.note);
        }
        assert!(look(&torso(1.0, false)).unwrap().note.contains("SUV 2.2"));
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        let remedy = |scan: &Scan| look(scan).err().map(|e| e.to_string()).unwrap();
        assert!(remedy(&torso(1.0, true)).contains("no region looks like a liver"), "a liver on the left");
        assert!(remedy(&torso(0.3, false)).contains("no region looks like a liver"), "too cold");
        let mut scan = torso(1.0, false);
        scan.channels[0].unit = NO_UNIT;
        assert!(remedy(&scan).contains("at = [x, y, z]"), "no SUV");
        let mut scan = torso(1.0, false);
        scan.patient_grid = None;
        assert!(remedy(&scan).contains("no placement"));
    }

    #[test]
    fn the_right_side_is_the_patients() {
        // The same torso stored with x rising to the patient's right is found in the mirrored columns.
        let mut scan = torso(1.0, true);
        let turned = PatientGrid {
            origin: [212.5, -150.0, -400.0],
            directions: [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]],
        };
        scan.patient_grid = Some(turned);
        assert!(look(&scan).unwrap().centre[2] > 28.0);
    }
}

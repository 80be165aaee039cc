//! Stacks whose slices have unlike grounds: the last slice of a specimen, a lamp that flickers, light that fades with depth. Kinds of test:
//! oracle (simulated stacks of which it is known which cells are stained), invariant (slices that are alike change nothing).
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, Random, scan};
use uptake::device::Device;
use uptake::image::{Labels, Volume};
use uptake::measure::{self, ChannelRef, Request, background, family, slice_grounds};
use uptake::pipeline::{self, External};
use uptake::recipe::{Recipe, preset};
use uptake::table::{Cells, Table};
use uptake::units::Shape;

/// Cells lie in squares of this side.
const SQUARE: usize = 28;
const SIDE: usize = 4 * SQUARE;
const NUCLEUS: f64 = 6.0;
const CELL: f64 = 8.0;
const DEPTHS: [usize; 5] = [2, 3, 5, 9, 16];

/// Light of each slice over that of the first, and what the camera adds to each.
type Lit = (f64, f64);

/// A slice, by its place and the number of slices.
type Slices = fn(usize, usize) -> Lit;

/// How slices differ.
const KINDS: [(&str, Slices); 6] = [
    ("dark at the end", |z, n| (if z + 1 == n { 0.3 } else { 1.0 }, 100.0)),
    ("dark first", |z, _| (if z == 0 { 0.3 } else { 1.0 }, 100.0)),
    ("one twice as bright", |z, n| (if z == n / 2 { 2.0 } else { 1.0 }, 100.0)),
    ("fading", |z, n| (1.0 - 0.65 * z as f64 / (n - 1) as f64, 100.0)),
    ("flicker", |z, _| ([1.0, 0.75, 1.3, 0.6, 1.1, 0.9][z % 6], 100.0)),
    ("an offset that steps", |z, _| (1.0, 100.0 + 40.0 * (z % 2) as f64)),
];

fn alike(_: usize, _: usize) -> Lit {
    (1.0, 100.0)
}

/// Sixteen cells in a stack.
struct Stack {
    shape: Shape,
    centres: Vec<usize>,
}

impl Stack {
    fn new(depth: usize) -> Self {
        let mut random = Random(depth as u64);
        let centres = (0..16).map(|_| random.below(depth as f64) as usize).collect();
        Stack { shape: Shape::new(depth, SIDE, SIDE), centres }
    }

    /// The cell that a voxel lies in, if it is no farther than so much from its centre.
    fn at(&self, i: usize, radius: f64) -> Option<usize> {
        let [z, y, x] = self.shape.position(i);
        let cell = y / SQUARE * 4 + x / SQUARE;
        let away = [z as f64 - self.centres[cell] as f64, (y % SQUARE) as f64 - 14.0, (x % SQUARE) as f64 - 14.0];
        (away.iter().map(|d| d * d).sum::<f64>() <= radius * radius).then_some(cell)
    }

    /// Light of these cells on a ground of 60 photons, as a camera sees it.
    fn channel(&self, radius: f64, cells: usize, lit: fn(usize, usize) -> Lit, seed: u64) -> Volume {
        let mut random = Random(seed);
        let sample = |i: usize| {
            let (light, offset) = lit(self.shape.position(i)[0], self.shape.z);
            let photons = light * if self.at(i, radius).is_some_and(|c| c < cells) { 360.0 } else { 60.0 };
            (offset + photons + (photons + 9.0).sqrt() * random.normal()).round() as i32
        };
        Volume::new(self.shape, (0..self.shape.len()).map(sample).collect()).unwrap()
    }

    fn nuclei(&self) -> Labels {
        let label = |i| self.at(i, NUCLEUS).map_or(0, |cell| cell as u32 + 1);
        Labels::new(self.shape, (0..self.shape.len()).map(label).collect()).unwrap()
    }
}

fn reals<'a>(table: &'a Table, name: &str) -> &'a [Option<f64>] {
    match &table.column(name).unwrap().cells {
        Cells::Real(values) => values,
        _ => panic!("{name} has no numbers"),
    }
}

fn inside(nuclei: &Labels) -> Vec<u8> {
    measure::occupied(&[nuclei]).unwrap().unwrap().into_owned()
}

/// What is measured of nuclei around which more of the stain lies, slice by slice where slices are unlike.
fn measured(nuclei: &Labels, volume: &Volume) -> (Table, bool) {
    let channel = ChannelRef::new("p", "au", volume);
    let inside = &inside(nuclei);
    let whole = background(&channel, inside).unwrap().unwrap();
    let slices = slice_grounds(volume, Some(inside), None).unwrap();
    let are_unlike = slices.is_some();
    let found = slices.map_or(whole.clone(), |slices| whole.clone().by_slice(slices));
    let request = Request {
        channels: &[ChannelRef { background: Some(&found), ..channel }],
        families: &[family("probe", "").unwrap()],
        ..Request::new(nuclei)
    };
    (measure::objects(&request).unwrap(), are_unlike)
}

#[test]
fn as_many_cells_are_positive_as_are_stained() {
    for depth in DEPTHS {
        let cells = Stack::new(depth);
        let nuclei = cells.nuclei();
        for (kind, lit) in KINDS {
            for stained in [0, 6, 16] {
                let (table, are_unlike) = measured(&nuclei, &cells.channel(CELL, stained, lit, 3));
                assert!(are_unlike, "{kind}, {depth} slices");
                let positive: Vec<bool> = reals(&table, "cnr_p").iter().map(|v| v.unwrap() > 3.0).collect();
                let right: Vec<bool> = (0..16).map(|i| i < stained).collect();
                assert_eq!(positive, right, "{kind}, {depth} slices: {:?}", reals(&table, "cnr_p"));
            }
        }
    }
}

#[test]
fn without_a_stain_nothing_is_taken_up() {
    for depth in DEPTHS {
        let cells = Stack::new(depth);
        for (kind, lit) in KINDS {
            let (table, _) = measured(&cells.nuclei(), &cells.channel(CELL, 0, lit, 4));
            for (taken, ratio) in reals(&table, "specific_uptake_p").iter().zip(reals(&table, "tbr_p")) {
                assert!(taken.unwrap().abs() < 4.0, "{kind}, {depth} slices: {taken:?}");
                assert!((ratio.unwrap() - 1.0).abs() < 0.03, "{kind}, {depth} slices: {ratio:?}");
            }
            // All of a ring but one voxel in a thousand.
            assert!(reals(&table, "ring_usable_p").iter().all(|share| share.unwrap() > 0.95), "{kind}, {depth} slices");
        }
    }
}

#[test]
fn slices_that_are_alike_have_one_ground() {
    let all_alike =
        |volume: &Volume, nuclei: &Labels| slice_grounds(volume, Some(&inside(nuclei)), None).unwrap().is_none();
    for depth in DEPTHS {
        let cells = Stack::new(depth);
        for stained in [0, 6, 16] {
            assert!(all_alike(&cells.channel(CELL, stained, alike, 5), &cells.nuclei()), "{depth}, {stained}");
        }
    }
    // A single slice, and slices of one value.
    let flat = Stack::new(1);
    assert!(all_alike(&flat.channel(CELL, 6, alike, 6), &flat.nuclei()));
    let cells = Stack::new(5);
    assert!(all_alike(&Volume::new(cells.shape, vec![7; cells.shape.len()]).unwrap(), &cells.nuclei()));
}

#[test]
fn a_slice_without_ground_has_that_of_those_next_to_it() {
    let cells = Stack::new(5);
    let (volume, plane) = (cells.channel(CELL, 0, KINDS[3].1, 7), SIDE * SIDE);
    let mut taken = inside(&cells.nuclei());
    let all = slice_grounds(&volume, Some(&taken), None).unwrap().unwrap();
    taken[2 * plane..3 * plane - plane / 20].fill(1);
    let most = slice_grounds(&volume, Some(&taken), None).unwrap().unwrap();
    assert_eq!((all.hardly_any, most.hardly_any), (0, 1));
    assert!((most.each[2].mean - all.each[2].mean).abs() < 1.0, "{:?} {:?}", most.each[2], all.each[2]);
    // Beside the picture nothing is missing.
    let picture: Vec<u8> = (0..volume.shape.len()).map(|i| u8::from(i / plane != 2)).collect();
    taken[2 * plane..3 * plane].fill(1);
    assert_eq!(slice_grounds(&volume, Some(&taken), Some(&picture)).unwrap().unwrap().hardly_any, 0);
}

/// Cells from border to border, each as bright as it is, in the upper part of a stack: no brighter ground.
#[test]
fn slices_that_cells_fill_are_no_ground() {
    for depth in [5, 9, 16] {
        let stack = Stack::new(depth);
        let mut random = Random(21);
        let heights: Vec<f64> = (0..16).map(|_| 200.0 + random.below(300.0)).collect();
        let sample = |i: usize| {
            let [z, y, x] = stack.shape.position(i);
            let photons = 60.0 + if 2 * z > depth { heights[y / SQUARE * 4 + x / SQUARE] } else { 0.0 };
            (100.0 + photons + (photons + 9.0).sqrt() * random.normal()).round() as i32
        };
        let volume = Volume::new(stack.shape, (0..stack.shape.len()).map(sample).collect()).unwrap();
        let (table, are_unlike) = measured(&stack.nuclei(), &volume);
        assert!(!are_unlike, "{depth} slices");
        // Every nucleus that lies among the cells.
        for (cell, value) in reals(&table, "cnr_p").iter().enumerate().filter(|(c, _)| 2 * stack.centres[*c] > depth) {
            assert!(value.unwrap() > 3.0, "{depth} slices, {cell}: {value:?}");
        }
    }
}

/// From the image to the row of the image.
#[test]
fn stacks_are_measured_slice_by_slice() {
    let cells = Stack::new(5);
    let expression = |lit, stained| {
        let channels =
            vec![("DAPI", cells.channel(NUCLEUS, 16, alike, 8)), ("probe", cells.channel(CELL, stained, lit, 9))];
        let recipe = preset("expression").unwrap().recipe().unwrap();
        let outcome = pipeline::run(&scan(channels, Some([0.5; 3])), &recipe, &Device::Cpu, &External::new()).unwrap();
        let positive = reals(&outcome.row, "positive_fraction_cells_probe")[0].unwrap();
        (positive, reals(&outcome.row, "background_limit_probe")[0].unwrap())
    };
    for (kind, lit) in [KINDS[0], KINDS[2], KINDS[3]] {
        for stained in [0, 6] {
            let (positive, limit) = expression(lit, stained);
            assert!((positive - stained as f64 / 16.0).abs() < 0.02, "{kind}: {positive} for {stained} of 16");
            assert!((140.0..250.0).contains(&limit), "{kind}: {limit}");
        }
    }
    let (positive, limit) = expression(alike, 6);
    assert!((positive - 0.375).abs() < 0.02 && (180.0..190.0).contains(&limit), "{positive}, {limit}");
}

/// Objects are searched for on one ground: that of the darkest slice would be filled by cells elsewhere.
#[test]
fn cells_are_as_large_as_in_slices_that_are_alike() {
    for depth in [2, 5, 12] {
        let stack = Stack::new(depth);
        let found = |lit| {
            let channels =
                vec![("DAPI", stack.channel(NUCLEUS, 16, lit, 8)), ("cell", stack.channel(CELL, 16, lit, 9))];
            let recipe = preset("cells-stain").unwrap().recipe().unwrap();
            let scan = scan(channels, Some([0.5; 3]));
            let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).unwrap();
            let volume = |name: &str| {
                let set = &outcome.sets.iter().find(|set| set.name == name).unwrap().objects.labels;
                (set.count, set.voxels().host().unwrap().iter().filter(|v| **v > 0).count() as f64)
            };
            (volume("nuclei"), volume("cells"))
        };
        let (nuclei, cells) = found(alike);
        for (kind, lit) in [KINDS[0], KINDS[2], KINDS[3], KINDS[5]] {
            let (lit_nuclei, lit_cells) = found(lit);
            assert!(lit_nuclei.0.abs_diff(nuclei.0) <= 1, "{kind}, {depth} slices: {} nuclei", lit_nuclei.0);
            for (one, other) in [(nuclei, lit_nuclei), (cells, lit_cells)] {
                let ratio = other.1 / one.1;
                assert!((0.7..1.4).contains(&ratio), "{kind}, {depth} slices: {one:?}, {other:?}");
            }
        }
    }
}

/// A percentile of the whole stack would be that of its dark slices.
#[test]
fn dyes_are_unmixed_above_the_ground_of_each_slice() {
    let text = "[channels]\na = 'A'\nb = 'B'\nmark = 'mark'\n[unmix.panel]\nchannels = ['a', 'b']\nbackground = '40 %'\n\
        dyes.one = [1.0, 0.2]\ndyes.two = [0.1, 1.0]\n[objects.nuclei]\nchannel = 'mark'\n\
        steps = [{ op = 'threshold', method = 'fixed', value = 220 }, { op = 'label' }]\n\
        [measure.nuclei]\nfeatures = ['intensity']\nchannels = ['one', 'two']\n";
    let stack = Stack::new(9);
    let marked = |i| if stack.at(i, NUCLEUS).is_some() { 400 } else { 0 };
    let mark = Volume::new(stack.shape, (0..stack.shape.len()).map(marked).collect()).unwrap();
    for (kind, lit) in [("alike", alike as fn(usize, usize) -> Lit), KINDS[0], KINDS[2], KINDS[5]] {
        let channels = vec![
            ("A", stack.channel(CELL, 0, lit, 11)),
            ("B", stack.channel(CELL, 0, lit, 12)),
            ("mark", mark.clone()),
        ];
        let recipe = Recipe::parse("dyes", text, &[]).unwrap();
        let outcome = pipeline::run(&scan(channels, None), &recipe, &Device::Cpu, &External::new()).unwrap();
        let table = &outcome.sets[0].table;
        for dye in ["intensity_mean_one", "intensity_mean_two"] {
            let values = reals(table, dye);
            assert_eq!(values.len(), 16);
            assert!(values.iter().all(|v| v.unwrap().abs() < 5.0), "{kind}: {values:?}");
        }
    }
}

#[test]
fn spots_are_found_in_slices_of_any_ground() {
    let shape = Shape::new(5, 100, 100);
    let places: Vec<[f64; 3]> =
        (0..16).map(|i| [1.0 + (i % 3) as f64, 12.0 + 25.0 * (i / 4) as f64, 12.0 + 25.0 * (i % 4) as f64]).collect();
    for (kind, lit) in KINDS {
        let mut field = Field { shape, values: vec![60.0; shape.len()] };
        places.iter().for_each(|at| field.spot(*at, [1.2, 1.5, 1.5], 150.0));
        let mut random = Random(31);
        let sample = |(i, photons): (usize, &f64)| {
            let (light, offset) = lit(shape.position(i)[0], shape.z);
            let photons = light * photons;
            (offset + photons + (photons + 9.0).sqrt() * random.normal()).round() as i32
        };
        let volume = Volume::new(shape, field.values.iter().enumerate().map(sample).collect()).unwrap();
        let recipe = preset("spots").unwrap().recipe().unwrap();
        let scan = scan(vec![("spots", volume)], Some([0.1; 3]));
        let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).unwrap();
        assert_eq!(outcome.sets[0].objects.labels.count, 16, "{kind}");
    }
}

/// The least value tells a ground that was cut off, and has to be one for all slices.
#[test]
fn empty_slices_that_were_cut_off_stay_empty() {
    let stack = Stack::new(5);
    let seen = stack.channel(CELL, 0, KINDS[3].1, 41);
    for cut in [140, 160] {
        let left = seen.samples.host().unwrap().iter().map(|s| (s - cut).max(0)).collect();
        let channels = vec![("DAPI", Volume::new(stack.shape, left).unwrap())];
        let recipe = preset("nuclei").unwrap().recipe().unwrap();
        let outcome = pipeline::run(&scan(channels, None), &recipe, &Device::Cpu, &External::new()).unwrap();
        assert_eq!(outcome.sets[0].objects.labels.count, 0, "cut at {cut}");
    }
}

/// Invariant: a program or a lens that takes light away slice by slice takes the noise with it, and the nuclei stay.
#[test]
fn stacks_that_fade_to_a_fifth_have_their_nuclei() {
    let recipe = preset("nuclei").unwrap().recipe().unwrap();
    let found = |volume: Volume| {
        let outcome =
            pipeline::run(&scan(vec![("DAPI", volume)], None), &recipe, &Device::Cpu, &External::new()).unwrap();
        (outcome.sets[0].objects.labels.count, outcome.sets[0].objects.warnings.join("; "))
    };
    let stack = Stack::new(16).channel(NUCLEUS, 16, alike, 5);
    let plane = SIDE * SIDE;
    for (end, offset) in [(0.5, 0.0), (0.35, 0.0), (0.35, 100.0), (0.2, 0.0), (0.2, 100.0)] {
        let fades = |(i, s): (usize, &i32)| {
            let light = f64::powf(end, (i / plane) as f64 / 15.0);
            // Eight samples a count, so that rounding hides nothing.
            (8.0 * (offset + light * (f64::from(*s) - offset))).round() as i32
        };
        let samples = stack.samples.host().unwrap().iter().enumerate().map(fades).collect();
        let (count, warnings) = found(Volume::new(stack.shape, samples).unwrap());
        assert!((15..=17).contains(&count), "to {end} above {offset}: {count} nuclei");
        assert!(end > 0.4 || warnings.contains("far less light than the others"), "to {end}: {warnings}");
    }
}

//! Images of which not all channels are in memory: what is read and measured is what it is with all of them. Kinds: invariant and
//! mechanics.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs::File;
use std::path::Path;
use tiff::encoder::{TiffEncoder, colortype};
use tiff::tags::Tag;
use uptake::device::Device;
use uptake::image::Scan;
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options};
use uptake::recipe::Recipe;

const SIDE: usize = 48;
const CHANNELS: usize = 6;

/// Discs in the first channel, other amounts of them in the next, and an empty one at the end.
fn pixel(channel: usize, slice: usize, y: usize, x: usize) -> u16 {
    let noise = ((x * 31 + y * 17 + x * y * 7 + channel * 13 + slice * 5) % 23) as u16;
    let (dy, dx) = (y % 24, x % 24);
    let far = (dy as i32 - 12).pow(2) + (dx as i32 - 12).pow(2);
    let disc =
        if far <= 36 - 5 * slice as i32 { 300 + 90 * channel as u16 + (y / 24 * 3 + x / 24) as u16 * 40 } else { 0 };
    if channel + 1 == CHANNELS { 7 } else { 40 + noise + disc }
}

/// An OME-TIFF whose description says that pixels have 12 bits; `largest` is the last pixel of the fourth channel.
fn write(path: &Path, slices: usize, largest: u16) {
    let names = ["DNA", "A", "B", "C", "D", "E"].map(|name| format!("<Channel Name=\"{name}\"/>")).concat();
    let xml = format!(
        "<?xml version=\"1.0\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\"><Image ID=\"Image:0\">\
         <Pixels ID=\"Pixels:0\" DimensionOrder=\"XYZCT\" Type=\"uint16\" SizeX=\"{SIDE}\" SizeY=\"{SIDE}\" SizeZ=\"{slices}\" \
         SizeC=\"{CHANNELS}\" SizeT=\"1\" SignificantBits=\"12\" PhysicalSizeX=\"0.5\" PhysicalSizeY=\"0.5\" PhysicalSizeZ=\"1\">\
         {names}<TiffData/></Pixels></Image></OME>"
    );
    let mut encoder = TiffEncoder::new(File::create(path).unwrap()).unwrap();
    for channel in 0..CHANNELS {
        for slice in 0..slices {
            let at = |i: usize| pixel(channel, slice, i / SIDE, i % SIDE);
            let mut pixels: Vec<u16> = (0..SIDE * SIDE).map(at).collect();
            if channel == 3 && slice + 1 == slices {
                pixels[SIDE * SIDE - 1] = largest;
            }
            let mut page = encoder.new_image::<colortype::Gray16>(SIDE as u32, SIDE as u32).unwrap();
            if channel == 0 && slice == 0 {
                page.encoder().write_tag(Tag::ImageDescription, xml.as_str()).unwrap();
            }
            page.write_data(&pixels).unwrap();
        }
    }
}

/// What a scan says beside its samples.
fn said(scan: &Scan) -> String {
    let channels = scan
        .channels
        .iter()
        .map(|c| (c.name.clone(), c.unit, c.saturated, c.saturation, c.volume.scale, c.volume.spacing, c.volume.shape));
    let channels: Vec<_> = channels.collect();
    format!("{channels:?} {:?} {:?} {:?} {:?}", scan.spacing, scan.facts, scan.warnings, scan.notes)
}

#[test]
fn channels_that_are_read_later_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default();
    // The largest number of 12 bits, and one that passes them.
    for (slices, largest) in [(1, 4095), (3, 5000)] {
        let path = dir.path().join(format!("{slices}.ome.tif"));
        write(&path, slices, largest);
        assert!(read::examine(&path, &options).unwrap().in_turn);
        let whole = read::open(&path, &options).unwrap();
        assert!(whole.in_turn.is_none() && whole.warnings.iter().any(|w| w.contains("E is empty")));
        let part = read::open_in_turn(&path, &options, &[0, 3]).unwrap();
        assert_eq!(said(&part), said(&whole));
        let in_file: Vec<bool> = (0..CHANNELS).map(|c| part.is_in_file(c)).collect();
        assert_eq!(in_file, [false, true, true, false, true, true]);
        let again = part.with_samples(&[4, 1, 2, 5, 4]).unwrap();
        for (a, b) in again.channels.iter().zip(&whole.channels) {
            assert_eq!(a.volume.samples.host().unwrap(), b.volume.samples.host().unwrap(), "{}", a.name);
        }
    }
}

#[test]
fn channels_of_files_of_their_own_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut paths = vec![];
    for channel in 0..CHANNELS {
        let path = dir.path().join(format!("a_{channel}.tif"));
        let pixels: Vec<u16> = (0..SIDE * SIDE).map(|i| pixel(channel, 0, i / SIDE, i % SIDE)).collect();
        let mut encoder = TiffEncoder::new(File::create(&path).unwrap()).unwrap();
        encoder.write_image::<colortype::Gray16>(SIDE as u32, SIDE as u32, &pixels).unwrap();
        paths.push(path);
    }
    let set = read::group(&paths, "{name}_{channel}.tif").unwrap().sets.remove(0);
    let extent = read::examine_set(&set, &Options::default()).unwrap();
    assert!(extent.in_turn);
    let options = Options { max_bytes: extent.samples(2) + extent.reading, ..Options::default() };
    assert!(read::examine_set(&set, &options).is_ok());
    let whole = read::open_set(&set, &options).unwrap();
    let part = read::open_set_in_turn(&set, &options, &[2]).unwrap();
    assert_eq!(said(&part), said(&whole));
    assert!(part.is_in_file(1) && !part.is_in_file(2));
    let again = part.with_samples(&[5, 0]).unwrap();
    for c in [0, 2, 5] {
        let samples = |scan: &Scan| scan.channels[c].volume.samples.host().unwrap().to_vec();
        assert_eq!(samples(&again), samples(&whole));
    }
}

#[test]
fn a_limit_below_all_channels_and_above_one_is_no_reason_to_refuse_the_header() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.ome.tif");
    write(&path, 1, 4095);
    let room = |channels: usize| {
        let extent = read::examine(&path, &Options::default()).unwrap();
        Options { max_bytes: extent.samples(channels) + extent.reading, ..Options::default() }
    };
    assert!(read::open(&path, &room(CHANNELS)).is_ok());
    let refused = read::open(&path, &room(CHANNELS - 1)).unwrap_err();
    assert!(refused.what.contains("6 channels") && refused.remedy.is_some(), "{refused}");
    assert!(read::examine(&path, &room(1)).is_ok() && read::open_in_turn(&path, &room(1), &[]).is_ok());
    assert!(read::examine(&path, &Options { max_bytes: 1000, ..Options::default() }).is_err());
}

const RECIPE: &str = r#"
modality = "fluorescence"
[channels]
nuclear = ["DNA"]
a = ["A"]
b = ["B"]
c = ["C"]
d = ["D"]
e = ["E"]
[images.smooth]
channel = "b"
steps = [{ op = "gaussian", sigma = "1 px" }]
[objects.nuclei]
channel = "nuclear"
scale = "6 px"
steps = [{ op = "threshold", method = "fixed", value = 200 }, { op = "label" }]
parent = "cells"
[objects.cells]
grow = { from = "nuclei", by = "3 px" }
[measure.nuclei]
features = ["shape", "neighbours", "intensity", "radial", "texture", "granularity", "haralick", "colocalisation"]
channels = ["a", "b", "c"]
texture = { families = ["statistics"] }
[measure.cells]
features = [
  "shape_details", "zernike", "skeleton", "intensity", "intensity_details", "probe", "spot", "radial_distribution",
  "radial_zernike",
]
channels = ["nuclear", "a", "c", "d", "e", "smooth"]
[paired.cells]
x = { targeted = "d", untargeted = "a" }
y = { targeted = "a", untargeted = "c", column = "intensity_mean", ground = [40, 40], reference = "nuclei" }
[positive.cells]
a = "otsu"
d = 500
x = { above = 0.5, column = "binding_potential_x" }
[phenotypes.cells]
both = "a+ d+"
neither = "a- d-"
[relate.nuclei]
mean = ["intensity_mean_c"]
"#;

fn told(outcome: &Outcome) -> String {
    let sets = outcome.sets.iter().map(|s| (&s.name, &s.table, s.channel, s.beneath, s.objects.count()));
    format!("{:?} {:?}", outcome.row, sets.collect::<Vec<_>>())
}

#[test]
fn tables_are_the_same_however_few_channels_are_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = Recipe::parse("turns", RECIPE, &[]).unwrap();
    for slices in [1, 3] {
        let path = dir.path().join("a.ome.tif");
        write(&path, slices, 4095);
        let options = Options::default();
        let none = External::new();
        let whole = pipeline::run(&read::open(&path, &options).unwrap(), &recipe, &Device::Cpu, &none).unwrap();
        assert_eq!(whole.sets[0].table.rows(), 4);
        let names = read::examine(&path, &options).unwrap().names;
        let least = pipeline::in_memory(&names, &recipe).unwrap().unwrap();
        // Nuclei are found in the first and an image is made of the third; pairs are made of that and two others.
        assert_eq!((least.kept.as_slice(), least.measured, least.together, least.shown), (&[0, 2][..], 4, 2, 1));
        for at_once in [1, 3] {
            let scan = read::open_in_turn(&path, &options, &least.kept).unwrap();
            let mut found = pipeline::find(&scan, &recipe, &Device::Cpu, &none, &|| Ok(())).unwrap();
            assert!(found.kept_cells() > 0);
            found.read_at_once(at_once);
            assert_eq!(told(&found.measure().unwrap()), told(&whole), "{at_once} at once, {slices} slices");
        }
    }
}

#[test]
fn what_takes_all_channels_together_has_them() {
    let names: Vec<String> = ["A", "B", "C", "D", "E"].map(String::from).to_vec();
    let all = |more: &str| {
        let text = format!(
            "[channels]\na = [0]\nb = [1]\nc = [2]\nd = [3]\ne = [4]\n[objects.x]\nchannel = \"a\"\nscale = \"5 px\"\n\
             steps = [{{ op = \"threshold\", method = \"otsu\" }}, {{ op = \"label\" }}]\n{more}"
        );
        pipeline::in_memory(&names, &Recipe::parse("x", &text, &[]).unwrap()).unwrap()
    };
    let least = all("[measure.x]\nfeatures = [\"intensity\"]").unwrap();
    assert_eq!((least.kept.as_slice(), least.measured, least.together), (&[0][..], 4, 0));
    let pairs = all("[measure.x]\nfeatures = [\"colocalisation\"]").unwrap();
    assert_eq!(pairs.together, 4, "all pairs");
    let pair =
        all("[measure.x]\nfeatures = [\"colocalisation\"]\ncolocalisation = { pairs = [[\"b\", \"d\"]] }").unwrap();
    assert_eq!(pair.together, 2);
    let range = "[measure.x]\nfeatures = [\"texture\"]\nchannels = [\"b\", \"c\", \"d\"]\n\
                 texture = { families = [\"statistics\"], range_of = \"b\", range = [0, 9] }";
    assert_eq!(all(range).unwrap().together, 3);
    let shapes = all("[measure.x]\nfeatures = [\"shape\"]").unwrap();
    assert_eq!((shapes.measured, shapes.together), (4, 0), "quality is said of all");
    assert!(all("[grid]\nvoxel = \"1 um\"\n[measure.x]\nfeatures = [\"intensity\"]").is_none(), "another grid");
}

//! What microscope files are: dialects of TIFF, OME-TIFF sets, time points, colour, calibration.
//!
//! Oracle: the failing inputs with their README. Mechanics: files written tag by tag, whose planes, names and sizes are known.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;
#[path = "common/raw_tiff.rs"]
mod raw;

use common::failing;
use raw::{Page, bytes, long, longs, short, text};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use uptake::image::Scan;
use uptake::read::{self, Options, Pages};
use uptake::{Error, Kind};

fn open(pages: &[Page], options: &Options) -> Result<Scan, Error> {
    let bytes = raw::file(pages);
    let (looked, opened) = (read::examine_bytes(&bytes, "x.tif", options), read::open_bytes(&bytes, "x.tif", options));
    match (&looked, &opened) {
        (Ok(extent), Ok(scan)) => assert_eq!((extent.shape, extent.spacing), (scan.shape, scan.spacing)),
        (Err(a), Err(b)) => assert_eq!(a.reason(), b.reason()),
        other => panic!("{other:?}"),
    }
    opened
}

fn plain(pages: &[Page]) -> Result<Scan, Error> {
    open(pages, &Options::default())
}

fn at_time(time: usize) -> Options {
    Options { time: Some(time), ..Options::default() }
}

/// The first sample of each slice of each channel.
fn firsts(scan: &Scan) -> Vec<Vec<i32>> {
    let plane = scan.shape.y * scan.shape.x;
    scan.channels.iter().map(|c| c.volume.samples.host().unwrap().iter().step_by(plane).copied().collect()).collect()
}

fn names(scan: &Scan) -> Vec<&str> {
    scan.channels.iter().map(|c| c.name.as_str()).collect()
}

fn zyx(scan: &Scan) -> Option<[f64; 3]> {
    scan.spacing.map(|s| s.zyx.map(|v| (v * 1e6).round() / 1e6))
}

/// Rows of `images.csv` of a run of the program, by column, and its exit code.
fn run(inputs: &[&Path], more: &[&str]) -> (Vec<HashMap<String, String>>, i32) {
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
    command.arg("run").args(inputs).args(["--device", "cpu", "--no-labels", "--no-overlays", "--out"]).arg(out.path());
    let done = command.args(more).output().unwrap();
    let rows = csv::Reader::from_path(out.path().join("images.csv"));
    let rows = rows.map(|mut r| r.deserialize().map(|r| r.unwrap()).collect()).unwrap_or_default();
    print!("{}", String::from_utf8_lossy(&done.stderr));
    (rows, done.status.code().unwrap())
}

fn column<'a>(rows: &'a [HashMap<String, String>], name: &str) -> Vec<&'a str> {
    rows.iter().map(|r| r[name].as_str()).collect()
}

// OME-TIFF sets

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn positions_in_several_files_are_several_images() {
    let folder = failing("02_positions");
    let (rows, code) = run(&[&folder], &["--recipe", "nuclei"]);
    assert_eq!((column(&rows, "count_nuclei"), code), (vec!["1", "2", "3"], 0));
    let file = folder.join("MMStack_Pos2.ome.tif");
    assert_eq!(column(&run(&[&file], &["--recipe", "nuclei"]).0, "count_nuclei"), ["3"]);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn an_image_in_several_files_is_one_row() {
    let folder = failing("03_one_image_in_three_files");
    let (rows, code) = run(&[&folder], &["--recipe", "nuclei"]);
    assert_eq!((column(&rows, "image"), code), (vec!["s_C0.ome.tif"], 0));
    assert_eq!((column(&rows, "count_nuclei"), column(&rows, "channels")), (vec!["4"], vec!["DAPI; GFP; RFP"]));
    // Whichever member is named, the whole image is read.
    let (rows, _) = run(&[&folder.join("s_C2.ome.tif")], &["--recipe", "nuclei"]);
    assert_eq!((column(&rows, "count_nuclei"), column(&rows, "channels")), (vec!["4"], vec!["DAPI; GFP; RFP"]));
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_changed_member_of_a_set_is_measured_again() {
    let folder = failing("fuzz-ome-set-resume");
    let work = tempfile::tempdir().unwrap();
    let copy = |from: &str| {
        for name in ["s_c0.ome.tif", "s_c1.ome.tif"] {
            std::fs::copy(folder.join(from).join(name), work.path().join(name)).unwrap();
        }
    };
    let run = |out: &Path, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
        command.args(["run", "--recipe", "cells", "--device", "cpu", "--out"]).arg(out).arg(work.path());
        assert!(command.args(more).status().unwrap().success());
        std::fs::read(out.join("cells.csv")).unwrap()
    };
    let (first, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    copy("before");
    let before = run(first.path(), &[]);
    copy("after");
    let resumed = run(first.path(), &["--resume"]);
    assert!(resumed == run(fresh.path(), &[]) && resumed != before);
}

/// OME-XML of images: each is a list of planes (channel, file, UUID).
fn ome(uuid: &str, images: &[&[(usize, &str, &str)]]) -> String {
    let image = |planes: &&[(usize, &str, &str)]| {
        let data = planes.iter().map(|(c, file, uuid)| {
            format!(
                "<TiffData FirstC=\"{c}\" IFD=\"0\" PlaneCount=\"1\"><UUID FileName=\"{file}\">{uuid}</UUID></TiffData>"
            )
        });
        let channels = planes.iter().map(|p| p.0).max().unwrap() + 1;
        let data: String = data.collect();
        format!(
            "<Image><Pixels DimensionOrder=\"XYCZT\" Type=\"uint16\" SizeX=\"5\" SizeY=\"4\" SizeZ=\"1\" SizeC=\"{channels}\" \
             SizeT=\"1\">{data}</Pixels></Image>"
        )
    };
    let uuid = if uuid.is_empty() { String::new() } else { format!(" UUID=\"{uuid}\"") };
    format!("<?xml version=\"1.0\"?><OME{uuid}>{}</OME>", images.iter().map(image).collect::<String>())
}

/// Files in a folder, each with pixels from a number on and a description.
struct Folder(tempfile::TempDir);

impl Folder {
    fn of(files: &[(&str, u16, &str)]) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, first, xml)| folder.put(name, *first, xml));
        folder
    }
    fn put(&self, name: &str, first: u16, xml: &str) {
        std::fs::write(self.at(name), raw::file(&[Page::from(first, vec![text(270, xml)])])).unwrap();
    }
    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn open(&self, name: &str) -> Result<Scan, Error> {
        let (looked, opened) =
            (read::examine(&self.at(name), &Options::default()), read::open(&self.at(name), &Options::default()));
        assert_eq!(looked.is_ok(), opened.is_ok());
        opened
    }
    /// Leads and members of the sets among some files.
    fn sets(&self, names: &[&str]) -> Vec<(String, Vec<String>)> {
        let name = |p: &PathBuf| p.file_name().unwrap().to_string_lossy().into_owned();
        let mut given: read::Paths = names.iter().map(|n| self.at(n)).collect();
        given.sort();
        let sets = read::find_ome_sets(&given);
        sets.iter().map(|s| (name(&s.lead), s.members.iter().map(name).collect())).collect()
    }
}

#[test]
fn names_and_uuids_of_a_set_must_fit() {
    let planes: &[(usize, &str, &str)] = &[(0, "a.tif", "1"), (1, "b.tif", "2")];
    let folder = Folder::of(&[("a.tif", 100, &ome("1", &[planes])), ("b.tif", 200, &ome("2", &[planes]))]);
    assert_eq!(firsts(&folder.open("b.tif").unwrap()), [[100], [200]]);
    assert_eq!(folder.sets(&["a.tif", "b.tif"]), [("a.tif".into(), vec!["a.tif".into(), "b.tif".into()])]);
    assert_eq!(folder.sets(&["b.tif"]), []);
    // Another file under the name of a member.
    folder.put("b.tif", 300, &ome("7", &[planes]));
    let scan = folder.open("a.tif").unwrap();
    assert!(firsts(&scan) == [[100], [300]] && scan.warnings[0].contains("UUID of b.tif"), "{:?}", scan.warnings);
    assert!(folder.open("b.tif").unwrap().warnings[0].contains("UUID of this file"));
    // Two members that have changed their names.
    folder.put("a.tif", 200, &ome("2", &[planes]));
    folder.put("b.tif", 100, &ome("1", &[planes]));
    for name in ["a.tif", "b.tif"] {
        assert!(folder.open(name).unwrap_err().what.contains("by its UUID"));
    }
    // A member that is not there; a member under a name that nothing says.
    folder.put("a.tif", 100, &ome("1", &[planes]));
    std::fs::rename(folder.at("b.tif"), folder.at("c.tif")).unwrap();
    let e = folder.open("a.tif").unwrap_err();
    assert!(e.path.unwrap().ends_with("b.tif") && e.what.contains("a file of the OME-TIFF set"));
    folder.put("c.tif", 100, &ome("", &[planes]));
    assert!(folder.open("c.tif").unwrap_err().what.contains("other files"));
}

#[test]
fn a_renamed_file_is_itself() {
    let planes: &[(usize, &str, &str)] = &[(0, "old.tif", "1")];
    let folder = Folder::of(&[("new.tif", 100, &ome("1", &[planes])), ("bare.tif", 200, &ome("", &[planes]))]);
    for (name, first) in [("new.tif", 100), ("bare.tif", 200)] {
        let scan = folder.open(name).unwrap();
        assert!(firsts(&scan) == [[first]] && scan.warnings[0].contains("old.tif"), "{:?}", scan.warnings);
    }
    assert_eq!(folder.sets(&["new.tif", "bare.tif"]), []);
    // A copy beside the original: its UUID says that it is itself, and without one it is not known what it is.
    folder.put("old.tif", 300, &ome("1", &[planes]));
    assert_eq!(firsts(&folder.open("new.tif").unwrap()), [[100]]);
    assert!(folder.open("bare.tif").is_err());
}

#[test]
fn a_file_stands_for_the_image_that_begins_in_it() {
    let images: &[&[(usize, &str, &str)]] =
        &[&[(0, "a.tif", "1"), (1, "b.tif", "2")], &[(0, "b.tif", "2")], &[(0, "c.tif", "3")]];
    let folder = Folder::of(&[]);
    for (name, first, uuid) in [("a.tif", 100, "1"), ("b.tif", 200, "2"), ("c.tif", 300, "3")] {
        folder.put(name, first, &ome(uuid, images));
    }
    assert_eq!(firsts(&folder.open("a.tif").unwrap()), [[100], [200]]);
    let b = folder.open("b.tif").unwrap();
    assert!(firsts(&b) == [[200]] && b.warnings[0].contains("planes of 2 images; image 2"), "{:?}", b.warnings);
    let c = folder.open("c.tif").unwrap();
    assert!(
        firsts(&c) == [[300]]
            && c.warnings.is_empty()
            && c.facts.contains(&("image".into(), "3 of 3 in the OME-XML".into()))
    );
}

#[test]
fn a_companion_file_is_read_and_its_members_belong_to_it() {
    let images: &[&[(usize, &str, &str)]] = &[&[(0, "a.tif", "1"), (1, "b.tif", "2")], &[(0, "c.tif", "3")]];
    let only =
        |uuid: &str| format!("<OME UUID=\"{uuid}\"><BinaryOnly MetadataFile=\"set.companion.ome\" UUID=\"m\"/></OME>");
    let folder = Folder::of(&[("a.tif", 100, &only("1")), ("b.tif", 200, &only("2")), ("c.tif", 300, &only("3"))]);
    let e = folder.open("a.tif").unwrap_err();
    assert!(e.path.unwrap().ends_with("set.companion.ome") && e.what.contains("the metadata"), "{}", e.what);
    std::fs::write(folder.at("set.companion.ome"), ome("m", images)).unwrap();
    let all = ["a.tif", "b.tif", "c.tif", "set.companion.ome"];
    for (name, planes) in [("a.tif", vec![[100], [200]]), ("b.tif", vec![[100], [200]]), ("c.tif", vec![[300]])] {
        assert_eq!(firsts(&folder.open(name).unwrap()), planes, "{name}");
    }
    let scan = folder.open("set.companion.ome").unwrap();
    assert!(firsts(&scan) == [[100], [200]] && scan.warnings[0].contains("2 images"), "{:?}", scan.warnings);
    let files = read::examine(&folder.at("b.tif"), &Options::default()).unwrap().files;
    assert_eq!(files, ["b.tif", "a.tif", "set.companion.ome"].map(|n| folder.at(n)));
    let set = |lead: &str, members: &[&str]| (lead.to_string(), members.iter().map(|m| m.to_string()).collect());
    let sets = [set("a.tif", &["a.tif", "b.tif", "set.companion.ome"]), set("c.tif", &["c.tif", "set.companion.ome"])];
    assert_eq!(folder.sets(&all), sets);
    // The companion alone stands for its images.
    assert_eq!(folder.sets(&["set.companion.ome"]), sets);
    let recipe = folder.at("all.toml");
    std::fs::write(&recipe, "[channels]\nnuclear = [0]\n[objects.all]\nchannel = \"nuclear\"\nsteps = [{ op = \"threshold\", method = \"fixed\", value = 0 }]\n[measure.all]\nfeatures = [\"intensity\"]\n").unwrap();
    for inputs in [vec![folder.0.path()], vec![folder.at("set.companion.ome").as_path()]] {
        let (rows, code) = run(&inputs, &["--recipe", recipe.to_str().unwrap()]);
        let rows: Vec<_> = rows.into_iter().filter(|r| r["status"] == "ok").collect();
        assert_eq!((column(&rows, "image"), code), (vec!["a.tif", "c.tif"], 0));
    }
    std::fs::remove_file(folder.at("c.tif")).unwrap();
    let (rows, code) = run(&[folder.0.path()], &["--recipe", recipe.to_str().unwrap()]);
    let failed: Vec<_> = rows.iter().filter(|r| r["status"] == "failed").map(|r| r["image"].as_str()).collect();
    assert_eq!((failed, code), (vec!["c.tif"], 1));
}

#[test]
fn what_an_ome_description_and_its_pages_say_twice_is_compared() {
    let read = |xml: &str, pages: u16| {
        let pages: Vec<Page> =
            (0..pages).map(|i| Page::from(i * 100, if i == 0 { vec![text(270, xml)] } else { vec![] })).collect();
        plain(&pages)
    };
    let xml = |sizes: &str| {
        format!("<OME><Image><Pixels DimensionOrder=\"XYCZT\" {sizes}><TiffData/></Pixels></Image></OME>")
    };
    assert!(read(&xml("SizeX=\"5\" SizeY=\"4\" Type=\"uint16\""), 1).unwrap().warnings.is_empty());
    assert!(read(&xml("SizeX=\"6\" SizeY=\"4\""), 1).unwrap_err().what.contains("4 x 6, in pages of 4 x 5"));
    let noted = |sizes: &str, pages, word: &str| {
        let notes = read(&xml(sizes), pages).unwrap().warnings.join("; ");
        assert!(notes.contains(word), "{notes}");
    };
    noted("Type=\"uint8\"", 1, "the OME-XML says uint8; the pages hold uint16");
    noted("SizeC=\"2\"", 3, "1 of 3 pages");
    noted("SignificantBits=\"4\"", 1, "4 significant bits; its pixels have 16");
    noted("SignificantBits=\"20\"", 1, "20 significant bits; its pixels have 16");
    assert!(
        read(&xml("SizeC=\"2\""), 1).unwrap_err().what.contains("channel 1") || read(&xml("SizeC=\"2\""), 1).is_err()
    );
}

// Dialects

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_dialects_of_the_failing_inputs_are_read() {
    let folder = failing("05_dialects");
    let open = |name: &str, options: &Options| read::open(&folder.join(name), options);
    let stk = open("three_planes.stk", &Options::default()).unwrap();
    assert_eq!((stk.shape.z, stk.channels.len()), (3, 1));
    let e = open("metamorph_3_times.tif", &Options::default()).unwrap_err();
    assert!(e.what.contains("3 time points") && e.remedy.unwrap().contains("files.time=0"));
    let third = open("metamorph_3_times.tif", &at_time(2)).unwrap();
    assert!(
        (third.shape.z, zyx(&third)) == (1, Some([1.0, 0.65, 0.65])) && third.warnings[0].contains("time point 2 of 3")
    );
    let waves = open("metamorph_2_wavelengths.tif", &Options::default()).unwrap();
    assert_eq!((waves.shape.z, names(&waves)), (1, vec!["447 nm", "536 nm"]));
    let scanimage = open("scanimage_2ch_3z.tif", &Options::default()).unwrap();
    assert_eq!((scanimage.shape.z, names(&scanimage)), (3, vec!["channel 1", "channel 2"]));
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn odd_layouts_of_the_failing_inputs_are_read() {
    let folder = failing("16_tiff_layout");
    let open = |name: &str| read::open(&folder.join(name), &Options::default()).unwrap();
    let zyx = open("zyx_3x64x64.tif");
    assert_eq!((zyx.shape.z, zyx.channels.len()), (3, 1));
    assert_eq!(open("planes_4x64x64.tif").channels.len(), 4);
    let tiles = open("tiles_in_strip_offsets.tif");
    assert_eq!((tiles.shape.to_string().as_str(), names(&tiles)), ("160 x 160", vec!["R", "G", "B"]));
    // tifffile's sums of the channels.
    let sum = |c: usize| tiles.channels[c].volume.samples.host().unwrap().iter().map(|v| i64::from(*v)).sum::<i64>();
    assert_eq!([sum(0), sum(1), sum(2)], TILE_SUMS);
}

const TILE_SUMS: [i64; 3] = [1_139_866, 1_246_450, 1_388_794];

/// A MetaMorph stack: height above the plane before in um, millisecond, wavelength.
fn stk(planes: &[(i32, u32, u32)], unit: Option<&str>) -> Vec<Page> {
    let n = planes.len() as u32;
    let uic2: Vec<u32> =
        planes.iter().flat_map(|(z, ms, _)| [z.cast_unsigned(), 1000, 2_454_000, *ms, 2_454_000, 0]).collect();
    let uic3: Vec<u32> = planes.iter().flat_map(|(.., nm)| [*nm, 1]).collect();
    let mut page = Page::from(0, vec![longs(33629, 5, n, &uic2), longs(33630, 5, n, &uic3)]);
    page.samples = (0..n as u16).flat_map(|p| (0..20).map(move |i| p * 100 + i)).collect();
    if let Some(unit) = unit {
        // The values lie behind the pixels of the file, at fixed places.
        let at = 8 + 2 * page.samples.len() as u32;
        page.samples.extend([650, 0, 1000, 0, unit.len() as u16, 0]);
        page.samples.extend(unit.as_bytes().chunks(2).map(|b| u16::from_le_bytes([b[0], *b.get(1).unwrap_or(&0)])));
        page.tags.push(longs(33628, 4, 4, &[3, 1, 4, at, 5, at, 6, at + 8]));
    }
    vec![page]
}

#[test]
fn metamorph_stacks_are_slices_channels_or_time_points() {
    let z = plain(&stk(&[(0, 1, 525), (1500, 2, 525), (1500, 3, 525)], Some("um"))).unwrap();
    assert_eq!((firsts(&z), zyx(&z), names(&z)), (vec![vec![0, 100, 200]], Some([1.5, 0.65, 0.65]), vec!["525 nm"]));
    assert!(z.warnings.is_empty(), "{:?}", z.warnings);
    let down = plain(&stk(&[(-1500, 1, 525), (-1500, 2, 525)], Some("um"))).unwrap();
    assert_eq!(zyx(&down), Some([1.5, 0.65, 0.65]));
    let c = plain(&stk(&[(0, 1, 447), (0, 1, 536)], None)).unwrap();
    assert_eq!((firsts(&c), names(&c)), (vec![vec![0], vec![100]], vec!["447 nm", "536 nm"]));
    let cz = plain(&stk(&[(0, 1, 447), (0, 2, 536), (2000, 3, 447), (0, 4, 536)], None)).unwrap();
    assert_eq!(firsts(&cz), [[0, 200], [100, 300]]);
    let times = stk(&[(0, 1, 525), (0, 2, 525), (0, 3, 525)], None);
    assert!(plain(&times).unwrap_err().what.contains("3 time points"));
    assert_eq!(firsts(&open(&times, &at_time(1)).unwrap()), [[100]]);
    // Nothing tells the planes apart.
    let unknown = plain(&stk(&[(0, 1, 525), (0, 1, 525)], None)).unwrap();
    assert!(unknown.shape.z == 2 && unknown.warnings[0].contains("taken as slices"));
    assert!(plain(&stk(&[(0, 1, 447), (0, 2, 536), (2000, 3, 447)], None)).unwrap_err().what.contains("do not fill"));
    let odd = plain(&stk(&[(0, 1, 525), (1500, 2, 525)], Some("ell"))).unwrap();
    assert!(odd.spacing.is_none() && odd.warnings[0].contains("ell"), "{:?}", odd.warnings);
}

/// A page by MetaMorph: wavelength, height, label of the place.
fn metamorph(number: u16, nm: f64, z: f64, place: &str) -> Page {
    let prop = |id: &str, v: &str| format!("<prop id=\"{id}\" type=\"x\" value=\"{v}\"/>");
    let size = prop("spatial-calibration-x", "0.65") + &prop("spatial-calibration-y", "0.65");
    let plane = prop("wavelength", &nm.to_string()) + &prop("z-position", &z.to_string()) + &prop("stage-label", place);
    let xml =
        format!("<MetaData>{size}{}<PlaneInfo>{plane}</PlaneInfo></MetaData>", prop("spatial-calibration-units", "um"));
    Page::from(number * 100, vec![text(270, &xml), text(305, "MetaSeries")])
}

#[test]
fn metamorph_pages_say_where_they_belong() {
    let pages = |list: &[(f64, f64)]| -> Vec<Page> {
        list.iter().enumerate().map(|(i, (nm, z))| metamorph(i as u16, *nm, *z, "A")).collect()
    };
    let z = plain(&pages(&[(447.0, 5.0), (447.0, 7.0), (447.0, 9.0)])).unwrap();
    assert_eq!((firsts(&z), zyx(&z)), (vec![vec![0, 100, 200]], Some([2.0, 0.65, 0.65])));
    // Channels may have planes of focus of their own.
    let cz = plain(&pages(&[(447.0, 5.0), (447.0, 7.0), (536.0, 5.2), (536.0, 7.2)])).unwrap();
    assert_eq!((firsts(&cz), names(&cz)), (vec![vec![0, 100], vec![200, 300]], vec!["447 nm", "536 nm"]));
    let drift = plain(&pages(&[(447.0, 5.0), (447.0, 5.02), (447.0, 5.03)])).unwrap_err();
    assert!(drift.what.contains("uneven heights"), "{drift}");
    let places = [metamorph(0, 447.0, 5.0, "A"), metamorph(1, 447.0, 5.0, "B")];
    assert!(plain(&places).unwrap_err().what.contains("2 places"));
    assert_eq!(names(&plain(&pages(&[(447.0, 5.0)])).unwrap()), ["447 nm"]);
}

#[test]
fn scanimage_pages_fit_its_settings_or_are_refused() {
    let pages = |n: u16, tag: u16, words: &str| -> Vec<Page> {
        (0..n).map(|i| Page::from(i * 100, vec![text(tag, words)])).collect()
    };
    let new = |n, c: &str, z: &str, frames: &str, averaged: &str| {
        let words = format!(
            "SI.VERSION_MAJOR = 2020\nSI.hChannels.channelSave = {c}\nSI.hChannels.channelName = {{'green';'red'}}\n\
             SI.hStackManager.numSlices = {z}\nSI.hStackManager.framesPerSlice = {frames}\nSI.hScan2D.logAverageFactor = {averaged}"
        );
        pages(n, 305, &words)
    };
    let cz = plain(&new(6, "[1;2]", "3", "1", "1")).unwrap();
    assert_eq!((firsts(&cz), names(&cz)), (vec![vec![0, 200, 400], vec![100, 300, 500]], vec!["green", "red"]));
    assert_eq!(firsts(&plain(&new(3, "2", "3", "1", "1")).unwrap()), [[0, 100, 200]]);
    assert_eq!(plain(&new(6, "[1;2]", "3", "10", "10")).unwrap().shape.z, 3);
    let times = new(4, "[1;2]", "1", "Inf", "1");
    assert!(plain(&times).unwrap_err().what.contains("2 time points"));
    assert_eq!(firsts(&open(&times, &at_time(1)).unwrap()), [[200], [300]]);
    // Frames of a slice follow one another; volumes follow one another.
    assert_eq!(firsts(&open(&new(6, "1", "3", "2", "1"), &at_time(1)).unwrap()), [[100, 300, 500]]);
    assert_eq!(firsts(&open(&new(6, "1", "3", "1", "1"), &at_time(1)).unwrap()), [[300, 400, 500]]);
    for bad in [new(5, "[1;2]", "3", "1", "1"), new(6, "1", "4", "1", "1"), pages(2, 305, "SI.VERSION_MAJOR = 2020")] {
        assert_eq!(plain(&bad).unwrap_err().kind, Kind::Unsupported);
    }
    let old = "state.configPath='x'\rstate.acq.numberOfChannelsSave=2\rstate.acq.numberOfZSlices=3\rstate.acq.numberOfFrames=1\r";
    let five = "Frame Number = 1\nscanimage.SI5.channelsSave = [1;2]\nscanimage.SI5.stackNumSlices = 3\nscanimage.SI5.acqNumFrames = 1";
    let sixteen =
        "frameNumbers = 1\nscanimage.SI.hChannels.channelSave = [1;2]\nscanimage.SI.hStackManager.numSlices = 3";
    for words in [old, five, sixteen] {
        assert_eq!(firsts(&plain(&pages(6, 270, words)).unwrap()), [[0, 200, 400], [100, 300, 500]], "{words}");
    }
}

#[test]
fn fluoview_axes_are_followed() {
    let head = |axes: &[(&str, i32, f64, &str)]| {
        let mut head = vec![0; 288];
        for k in 0..10 {
            let (name, size, step, unit) = axes.get(k).copied().unwrap_or(("", 0, 0.0, ""));
            let padded = |t: &str, n: usize| t.bytes().chain(std::iter::repeat(0)).take(n).collect::<Vec<u8>>();
            head.extend(padded(name, 16));
            head.extend(size.to_le_bytes());
            head.extend(0f64.to_le_bytes());
            head.extend(step.to_le_bytes());
            head.extend(padded(unit, 64));
        }
        bytes(34361, head)
    };
    let pages =
        |n: u16, tag: raw::Tag| -> Vec<Page> { (0..n).map(|i| Page::from(i * 100, vec![tag.clone()])).collect() };
    let xy = [("X", 5, 0.3, "um"), ("Y", 4, 0.3, "um")];
    let with = |more: &[(&'static str, i32, f64, &'static str)]| head(&[&xy[..], more].concat());
    let zc = plain(&pages(6, with(&[("Z", 3, 1.2, "um"), ("Ch", 2, 1.0, "")]))).unwrap();
    assert_eq!((firsts(&zc), zyx(&zc)), (vec![vec![0, 100, 200], vec![300, 400, 500]], Some([1.2, 0.3, 0.3])));
    let cz = plain(&pages(6, with(&[("Ch", 2, 1.0, ""), ("Z", 3, 1.2, "um")]))).unwrap();
    assert_eq!(firsts(&cz), [[0, 200, 400], [100, 300, 500]]);
    assert!(plain(&pages(3, with(&[("Time", 3, 1.0, "s")]))).unwrap_err().what.contains("3 time points"));
    assert!(plain(&pages(3, with(&[("Z", 4, 1.2, "um")]))).unwrap_err().what.contains("4 slices"));
    assert!(plain(&pages(3, with(&[("Event", 3, 1.0, "")]))).unwrap_err().what.contains("event"));
}

#[test]
fn lsm_files_have_their_slices_and_times() {
    let file = |z: u32, t: u32, kind: u16, positions: u32| -> Vec<Page> {
        let mut info = vec![0u8; 512];
        let sizes = [0x0400_494Cu32, 512, 5, 4, z, 1, t];
        info[..28].copy_from_slice(&sizes.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>());
        for (at, metres) in [(40, 2e-7f64), (48, 2e-7), (56, 1e-6)] {
            info[at..at + 8].copy_from_slice(&metres.to_le_bytes());
        }
        info[88..90].copy_from_slice(&kind.to_le_bytes());
        info[264..268].copy_from_slice(&positions.to_le_bytes());
        let page = |i: u32| Page::from(i as u16 * 100, if i == 0 { vec![bytes(34412, info.clone())] } else { vec![] });
        let small = || Page { height: 2, width: 2, samples: vec![0; 4], tags: vec![long(254, 1)] };
        (0..z * t).flat_map(|i| [page(i), small()]).collect()
    };
    let stack = plain(&file(3, 1, 0, 0)).unwrap();
    assert_eq!((firsts(&stack), zyx(&stack)), (vec![vec![0, 100, 200]], Some([1.0, 0.2, 0.2])));
    assert!(plain(&file(1, 2, 3, 0)).unwrap_err().what.contains("2 time points"));
    assert_eq!(firsts(&open(&file(2, 2, 6, 0), &at_time(1)).unwrap()), [[200, 300]]);
    assert!(plain(&file(1, 1, 2, 0)).unwrap_err().what.contains("scan type 2"));
    assert!(plain(&file(2, 1, 0, 2)).unwrap_err().what.contains("2 positions"));
}

#[test]
fn micro_manager_pages_say_where_they_belong() {
    let pages = |list: &[(u32, u32, u32, u32)]| -> Vec<Page> {
        let page = |(i, (c, z, t, p)): (usize, &(u32, u32, u32, u32))| {
            let json = format!(
                "{{\"ChannelIndex\": {c}, \"SliceIndex\": {z}, \"FrameIndex\": {t}, \"PositionIndex\": {p}, \"Channel\": \"w{c}\", \
                 \"PixelSizeUm\": 0.65, \"ZPositionUm\": {}}}",
                10 + 2 * z
            );
            Page::from(i as u16 * 100, vec![text(51123, &json)])
        };
        list.iter().enumerate().map(page).collect()
    };
    let cz = plain(&pages(&[(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0)])).unwrap();
    assert_eq!(
        (firsts(&cz), names(&cz), zyx(&cz)),
        (vec![vec![0, 200], vec![100, 300]], vec!["w0", "w1"], Some([2.0, 0.65, 0.65]))
    );
    assert!(plain(&pages(&[(0, 0, 0, 0), (0, 0, 1, 0)])).unwrap_err().what.contains("2 time points"));
    assert!(plain(&pages(&[(0, 0, 0, 0), (0, 0, 0, 1)])).unwrap_err().what.contains("2 positions"));
    assert!(plain(&pages(&[(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0)])).unwrap_err().what.contains("do not fill"));
    let silent = [0, 1].map(|i| Page::from(i * 100, vec![text(51123, "{\"Axes\": {\"z\": 1}}")]));
    assert!(plain(&silent).unwrap_err().what.contains("do not say"));
}

#[test]
fn a_page_a_channel_keeps_its_name() {
    let qptiff = ["DAPI", "Opal 520"].map(|n| {
        let xml = format!("<PerkinElmer-QPI-ImageDescription><Name>{n}</Name></PerkinElmer-QPI-ImageDescription>");
        Page::from(7, vec![text(270, &xml), text(305, "PerkinElmer-QPI")])
    });
    assert_eq!(names(&plain(&qptiff).unwrap()), ["DAPI", "Opal 520"]);
    let mibi = ["dsDNA", "CD8"].map(|n| {
        Page::from(7, vec![text(270, &format!("{{\"channel.target\": \"{n}\"}}")), text(305, "IonpathMIBIv1.0")])
    });
    assert_eq!(names(&plain(&mibi).unwrap()), ["dsDNA", "CD8"]);
    let svs = [Page::from(7, vec![text(270, "Aperio Image Library\r\n5x4|AppMag = 20|MPP = 0.499")])];
    assert_eq!(zyx(&plain(&svs).unwrap()), Some([1.0, 0.499, 0.499]));
}

#[test]
fn inks_of_a_print_are_told() {
    let scan = plain(&[Page::from(7, vec![short(262, 5)])]).unwrap();
    assert!(scan.warnings.iter().any(|w| w.contains("inks of a print")), "{:?}", scan.warnings);
}

#[test]
fn known_programs_are_refused_by_name_with_a_way_out() {
    let two = |tags: &[raw::Tag]| [0, 100].map(|first| Page::from(first, tags.to_vec()));
    for (name, tags) in [
        ("Leica SCN", vec![text(270, "<scn></scn>")]),
        ("Ventana BIF", vec![bytes(700, b"<iScan/>".to_vec()), text(305, "ScanOutputManager 1.1")]),
        ("Philips", vec![text(305, "Philips DP v1.0")]),
        ("Trestle", vec![text(305, "MedScan")]),
        ("Indica", vec![text(305, "IndicaLabsImageWriter v1.2")]),
        ("Argos", vec![text(65000, "<Argos.Scan/>")]),
        ("Flex", vec![text(65200, "<Root/>")]),
        ("GEL", vec![long(33445, 2)]),
        ("image depth", vec![short(32997, 3)]),
        // A description counts the slices of the one page as pages.
        ("image depth", vec![short(32997, 8), text(270, "{\"shape\": [8, 2, 3], \"volumetric\": true}")]),
        ("DNG", vec![bytes(50706, vec![1, 4, 0, 0])]),
    ] {
        let e = plain(&two(&tags)).unwrap_err();
        assert!(e.kind == Kind::Unsupported && e.what.contains(name) && e.remedy.is_some(), "{name}: {e}");
    }
    for (name, tags) in [
        ("Andor", vec![long(4864, 1)]),
        ("Olympus SIS", vec![long(33560, 8)]),
        ("Nikon NIS", vec![text(65332, "<variant/>")]),
        ("SlideBook", vec![text(305, "SlideBook 6.0")]),
        ("Improvision", vec![text(270, "Improvision\nTotalChannels=2")]),
        ("NIH Image", vec![bytes(43314, vec![0; 8])]),
        ("GeoTIFF", vec![short(34735, 1)]),
    ] {
        let pages = two(&tags);
        let e = plain(&pages).unwrap_err();
        assert!(e.what.contains(name) && e.remedy.as_ref().unwrap().contains("files.pages=z"), "{name}: {e}");
        // The way out works, and a single page needs none.
        let with = |pages_are| Options { pages: pages_are, time: Some(0), ..Options::default() };
        assert_eq!(firsts(&open(&pages, &with(Pages::Slices)).unwrap()), [[0, 100]]);
        assert_eq!(firsts(&open(&pages, &with(Pages::Channels)).unwrap()), [[0], [100]]);
        assert_eq!(firsts(&open(&pages, &with(Pages::Times)).unwrap()), [[0]]);
        assert_eq!(firsts(&plain(&pages[..1]).unwrap()), [[0]]);
    }
    let unsigned = plain(&two(&[])).unwrap();
    assert!(unsigned.shape.z == 2 && unsigned.warnings[0].contains("taken as slices"), "{:?}", unsigned.warnings);
}

// Time points

#[test]
fn a_time_point_is_picked_in_every_dialect_by_the_remedy_that_is_printed() {
    let pages = |description: &str| -> Vec<Page> {
        (0..3).map(|i| Page::from(i * 100, if i == 0 { vec![text(270, description)] } else { vec![] })).collect()
    };
    let ome = "<OME><Image><Pixels SizeT=\"3\" DimensionOrder=\"XYCZT\"><TiffData/></Pixels></Image></OME>";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.tif");
    for description in [ome, "ImageJ=1.53\nimages=3\nframes=3\n", "{\"shape\": [3, 4, 5], \"axes\": \"TYX\"}"] {
        let e = plain(&pages(description)).unwrap_err();
        assert!(e.what.contains("3 time points, and nothing was read"), "{e}");
        let scan = open(&pages(description), &at_time(2)).unwrap();
        assert!(
            firsts(&scan) == [[200]] && scan.warnings.iter().any(|n| n.contains("time point 2 of 3")),
            "{:?}",
            scan.warnings
        );
        assert!(open(&pages(description), &at_time(3)).unwrap_err().what.contains("time point 3"));
        std::fs::write(&path, raw::file(&pages(description))).unwrap();
        let remedy = e.remedy.unwrap();
        let set = remedy.strip_prefix("--set ").unwrap().split(' ').next().unwrap();
        assert_eq!(run(&[&path], &["--recipe", "nuclei", "--set", set]).1, 0);
    }
}

// Colour

#[test]
fn colour_is_told_and_a_fourth_channel_is_no_transparency() {
    let colour = |samples: u16, bits: u16, fourth: u16| {
        let each = usize::from(bits / 8);
        let value = |i: usize| if i % usize::from(samples) == 3 { fourth } else { (i % 3 * 10 + i / 9) as u16 };
        let bytes: Vec<u8> =
            (0..20 * usize::from(samples)).flat_map(|i| value(i).to_le_bytes()[..each].to_vec()).collect();
        let samples_of = bytes.chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        let bits = (258, 3, u32::from(samples), bits.to_le_bytes().repeat(usize::from(samples)));
        let mut tags = vec![bits, short(262, 2), short(277, samples), long(279, bytes.len() as u32)];
        if samples == 4 {
            tags.push(short(338, 2));
        }
        plain(&[Page { height: 4, width: 5, samples: samples_of, tags }]).unwrap()
    };
    let rgb = colour(3, 8, 0);
    assert!(
        names(&rgb) == ["R", "G", "B"] && rgb.warnings.iter().any(|n| n.contains("a colour image")),
        "{:?}",
        rgb.warnings
    );
    assert_eq!(names(&colour(4, 8, 255)), ["R", "G", "B"]);
    for (bits, fourth) in [(8, 77), (16, 0xffff), (16, 77)] {
        assert_eq!(colour(4, bits, fourth).channels.len(), 4, "{bits} bits, {fourth}");
    }
}

#[test]
fn an_empty_channel_is_told() {
    let picture = image::RgbImage::from_fn(5, 4, |x, y| image::Rgb([0, (x * 9) as u8, (y * 7) as u8]));
    let mut png = std::io::Cursor::new(vec![]);
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let scan = read::open_bytes(png.get_ref(), "a.png", &Options::default()).unwrap();
    assert!(scan.warnings.iter().any(|n| n == "the channel R is empty: every pixel is 0"), "{:?}", scan.warnings);
    assert!(scan.warnings.iter().any(|n| n.contains("a colour image")), "{:?}", scan.warnings);
}

// Calibration

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn large_pixels_and_units_of_axes_are_read() {
    let folder = failing("10_calibration");
    let (rows, code) = run(&[&folder.join("pixel_150um.ome.tif")], &["--recipe", "nuclei"]);
    assert_eq!((column(&rows, "count_nuclei"), column(&rows, "spacing_x_um"), code), (vec!["4"], vec!["150.0"], 0));
    let scan = read::open(&folder.join("imagej_zunit_nm.tif"), &Options::default()).unwrap();
    assert_eq!(zyx(&scan), Some([0.5, 0.5, 0.5]));
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_calibration_is_filled_in_and_replaced_only_by_its_own_key() {
    let folder = failing("10_calibration");
    let path = folder.join("pixel_150um.ome.tif");
    let spacing = |key: &str| {
        let (rows, code) = run(&[&path], &["--recipe", "nuclei", "--set", key]);
        let row = rows.into_iter().next().unwrap_or_default();
        let get = |name: &str| row.get(name).cloned().unwrap_or_default();
        (get("spacing_x_um"), row.values().map(String::as_str).collect::<Vec<_>>().join(";"), code)
    };
    let (x, words, code) = spacing("spacing_um=0.65");
    assert!(x == "150.0" && words.contains("0.65") && code == 0, "{words}");
    let (x, words, code) = spacing("spacing_um_replace=0.65");
    assert!(x == "0.65" && words.contains("the file says 150 x 150 um") && code == 0, "{words}");
    for bad in ["0", "-1", "nan", "inf", "1e9", "1e-9", "[0.5, 0, 0.5]", "[0.5, 0.5]", "\"a\""] {
        for key in ["spacing_um", "spacing_um_replace"] {
            assert_eq!(spacing(&format!("{key}={bad}")).2, 2, "{key}={bad}");
        }
    }
}

#[test]
fn a_calibration_of_a_microscope_never_touches_a_scan_of_a_patient() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images/pet");
    let micro = uptake::units::Spacing::um([0.65; 3]);
    for name in ["phantom.nii.gz", "phantom_dicom"] {
        let plain = read::open(&sample.join(name), &Options::default()).unwrap().spacing;
        let given = Options { spacing: micro, spacing_replace: micro, ..Options::default() };
        assert_eq!(read::open(&sample.join(name), &given).unwrap().spacing, plain);
        assert_eq!(read::examine(&sample.join(name), &given).unwrap().spacing, plain);
    }
}

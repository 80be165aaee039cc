//! A DICOM series is one image, whichever of its files a command line, a list or a sample sheet names. Mechanics, on series
//! that the tests write themselves; the volume of the lesion is known.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "common/pet_slices.rs"]
mod pet_slices;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use pet_slices::{SLICES, item, plane, put, save, sequence, series, slice};
use std::path::Path;
use std::process::{Command, Output};

fn uptake(folder: &Path, args: &[&str]) -> Output {
    let fixed = ["--recipe", "pet", "--device", "cpu", "--quiet", "--no-overlays"];
    Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(folder).arg("run").args(args).args(fixed).output().unwrap()
}

fn words(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b)).concat()
}

/// Runs, and returns the cells of some columns of `images.csv`.
fn images(folder: &Path, args: &[&str], columns: &[&str]) -> Vec<Vec<String>> {
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("out");
    let output = uptake(folder, &[args, &["--out", out.to_str().unwrap()]].concat());
    let table = std::fs::read_to_string(out.join("images.csv")).unwrap_or_else(|_| panic!("{}", words(&output)));
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let header = table.headers().unwrap().clone();
    let place = |column: &&str| header.iter().position(|h| h == *column).unwrap_or_else(|| panic!("{header:?}"));
    let places: Vec<usize> = columns.iter().map(place).collect();
    table.records().map(|row| places.iter().map(|i| row.as_ref().unwrap()[*i].to_string()).collect()).collect()
}

const SAID: [&str; 5] = ["image", "status", "mtv_total_lesions_ml", "notes", "warnings"];

#[test]
fn one_named_slice_stands_for_its_series() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    series(&at.join("a"), 1, 10, |_, _| {});
    // Beside it: another series, another patient's files of the same UID, and a file that is none.
    series(&at.join("a"), 2, 20, |_, _| {});
    let mut other = slice(1, 5, 30);
    put(&mut other, tags::PATIENT_ID, VR::LO, "P2");
    save(&at.join("a"), "other.dcm", other);
    std::fs::write(at.join("a/readme"), "no image").unwrap();
    std::fs::write(at.join("sheet.csv"), "path,patient\na/i103.dcm,P1\n").unwrap();
    std::fs::write(at.join("list.txt"), "a/i103.dcm\n").unwrap();
    let ways: [(&[&str], usize); 5] = [
        (&["a/i103.dcm"], 1),
        (&["a/i10[0-2].dcm"], 3),
        (&["--sheet", "sheet.csv"], 1),
        (&["--files-from", "list.txt"], 1),
        (&["a/i100.dcm", "a/i105.dcm"], 2),
    ];
    for (args, named) in ways {
        let rows = images(at, args, &SAID);
        let [row] = &rows[..] else { panic!("{args:?}: {rows:?}") };
        assert_eq!((row[1].as_str(), row[2].as_str()), ("ok", "27.0"), "{args:?}: {row:?}");
        let said = format!("{named} of the {SLICES} files of the series");
        assert!(row[3].contains(&said) && row[4].is_empty(), "{args:?}: {row:?}");
    }
    // The whole folder, and all slices: nothing to say. What is excluded stays out.
    let rows = images(at, &["a/i1*.dcm"], &SAID);
    assert_eq!((rows[0][2].as_str(), rows[0][3].contains("files of the series")), ("27.0", false));
    let rows = images(at, &["a/i103.dcm", "--exclude", "i10[0-2].dcm"], &SAID);
    assert!(rows[0][2] == "18.0" && rows[0][3].contains("1 of the 3 files"), "{rows:?}");
}

/// A whole time point is what is named, and not a part of the series.
#[test]
fn files_of_one_time_point_are_that_time_point() {
    let dir = tempfile::tempdir().unwrap();
    for t in 0..3u32 {
        let files = series(&dir.path().join("a"), 1, 10 + t as u16, |z, o| {
            put(o, tags::SOP_INSTANCE_UID, VR::UI, format!("1.2.{t}.{z}"));
            put(o, tags::FRAME_REFERENCE_TIME, VR::DS, (60_000 * (t + 1)).to_string());
        });
        for (z, file) in files.into_iter().enumerate() {
            std::fs::rename(file, dir.path().join(format!("a/t{t}_{z:02}.dcm"))).unwrap();
        }
    }
    let said = |glob: &str, more: &[&str]| images(dir.path(), &[&[glob][..], more].concat(), &["status"]);
    assert_eq!(said("a/t1_*.dcm", &[]), [["ok"]], "a time point is a volume");
    assert_eq!(
        said("a/t1_0[0-2].dcm", &[]),
        [["failed"]],
        "a part of one is a part of all: which time point is meant is to be said"
    );
    assert_eq!(said("a/t1_0[0-2].dcm", &["--set", "files.time=1"]), [["ok"]]);
}

#[test]
fn slices_with_a_series_each_and_damaged_ones_are_found_beside_a_named_one() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let own = |z: usize, o: &mut dicom_object::InMemDicomObject| {
        put(o, tags::SERIES_INSTANCE_UID, VR::UI, format!("1.2.3.4.{z}"));
    };
    series(&at.join("own"), 1, 10, own);
    let rows = images(at, &["own/i102.dcm"], &SAID);
    assert!(rows[0][2] == "27.0" && rows[0][3].contains("1 of the 6 files"), "{rows:?}");
    let files = series(&at.join("cut"), 1, 10, |_, _| {});
    let bytes = std::fs::read(&files[5]).unwrap();
    std::fs::write(&files[5], &bytes[..bytes.len() - 40]).unwrap();
    let rows = images(at, &["cut/i102.dcm"], &["status", "reason"]);
    assert!(rows[0][0] == "failed" && rows[0][1].contains("cut off"), "{rows:?}");
}

#[test]
fn images_without_a_place_are_measured_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let flat = |_: usize, o: &mut dicom_object::InMemDicomObject| {
        o.remove_element(tags::IMAGE_POSITION_PATIENT);
    };
    series(&at.join("a"), 1, 10, flat);
    let rows = images(at, &["a"], &["status", "reason"]);
    assert!(rows[0][1].contains("no ImagePositionPatient"), "{rows:?}");
    // The remedy that is said.
    let rows = images(at, &["a/i102.dcm"], &SAID);
    assert_eq!((rows[0][1].as_str(), rows[0][2].as_str()), ("ok", "9.0"), "{rows:?}");
    assert!(rows[0][4].contains("the rest of the series may be missing"), "{rows:?}");
}

#[test]
fn files_of_several_frames_and_other_versions_of_a_slice_are_not_added() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    // Two files of three slices each, side by side.
    for half in 0..2 {
        let mut o = slice(1, 3 * half, 10);
        put(&mut o, tags::SOP_CLASS_UID, VR::UI, uids::ENHANCED_PET_IMAGE_STORAGE);
        put(&mut o, tags::NUMBER_OF_FRAMES, VR::IS, "3");
        let frame = |z: usize| {
            let place = item(|i| put(i, tags::IMAGE_POSITION_PATIENT, VR::DS, format!("10\\20\\{}", 10 * z)));
            item(|i| sequence(i, tags::PLANE_POSITION_SEQUENCE, vec![place]))
        };
        let slices = 3 * half..3 * half + 3;
        sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, slices.clone().map(frame).collect());
        let words: Vec<u16> = slices.flat_map(|z| plane(z, 10)).collect();
        put(&mut o, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into()));
        save(&at.join("a"), &format!("{half}.dcm"), o);
    }
    let rows = images(at, &["a/0.dcm"], &SAID);
    assert!(rows[0][2] == "9.0" && rows[0][4].contains("1 of the 2 files of the series is named"), "{rows:?}");
    // The remedy that is said.
    let rows = images(at, &["a"], &SAID);
    assert!(rows[0][2] == "27.0" && rows[0][4].is_empty(), "{rows:?}");
    // The same instance with other bytes, as another program packs it.
    series(&at.join("b"), 1, 10, |_, _| {});
    let mut twin = slice(1, 3, 10);
    put(&mut twin, tags::INSTITUTION_NAME, VR::LO, "elsewhere");
    save(&at.join("b"), "twin.dcm", twin);
    let rows = images(at, &["b/i103.dcm"], &SAID);
    assert!(rows[0][2] == "27.0" && rows[0][3].contains("1 of the 6 files"), "{rows:?}");
}

#[test]
fn a_sheet_that_names_a_series_and_its_copy_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for folder in ["p1/base", "p1/w12"] {
        series(&at.join(folder), 1, 10, |_, _| {});
    }
    series(&at.join("p2"), 2, 10, |_, _| {});
    let sheet = |rows: &str| {
        std::fs::write(at.join("sheet.csv"), format!("path,patient,timepoint\n{rows}")).unwrap();
        let output = uptake(at, &["--sheet", "sheet.csv", "--out", "out"]);
        let begun = at.join("out").exists();
        if begun {
            std::fs::remove_dir_all(at.join("out")).unwrap();
        }
        (begun, words(&output))
    };
    for rows in ["p1/base,P1,0\np1/w12,P1,12\n", "p1/base/i103.dcm,P1,0\np1/w12/i103.dcm,P1,12\n"] {
        let (begun, said) = sheet(rows);
        assert!(!begun && said.contains("lines 2 (p1/base") && said.contains("and 3 (p1/w12"), "{said}");
        assert!(said.contains("both name the series") && said.contains("timepoint is \"0\" and \"12\""), "{said}");
    }
    // The same said of both is one image.
    let (begun, said) = sheet("p1/base,P1,0\np1/w12,P1,0\np2,P2,0\n");
    assert!(begun, "{said}");
    // The remedy.
    let (begun, said) = sheet("p1/base,P1,0\np2,P2,0\n");
    assert!(begun, "{said}");
    // A line with nothing but what is passed over has no image.
    series(&at.join("ct"), 3, 10, |_, o| put(o, tags::MODALITY, VR::CS, "CT"));
    let (begun, said) = sheet("p1/base,P1,0\nct,P3,0\n");
    assert!(!begun && said.contains("line 3: there is no image in ct") && said.contains("modality CT"), "{said}");
}

#[test]
fn the_reason_of_a_copy_names_the_other_file() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for folder in ["p1/base", "p1/w12"] {
        series(&at.join(folder), 1, 10, |_, _| {});
    }
    let rows = images(at, &["p1"], &["image", "status", "reason"]);
    let copies: Vec<_> = rows.iter().filter(|row| row[1] == "skipped").collect();
    assert_eq!(copies.len(), SLICES);
    assert!(copies.iter().all(|row| row[2].contains("a copy of base/i1")), "{copies:?}");
    // By its path it is another time point: then it is one that failed.
    let groups = ["p1", "--set", "files.groups='{patient}/{timepoint}'"];
    let rows = images(at, &groups, &["timepoint", "status", "reason"]);
    let failed: Vec<_> = rows.iter().filter(|row| row[1] == "failed").collect();
    assert!(failed.len() == SLICES && rows.len() == SLICES + 1, "{rows:?}");
    assert!(
        failed.iter().all(|row| row[2].contains("a copy of base/i1") && row[2].contains("by its path")),
        "{rows:?}"
    );
    // The remedy.
    let rows = images(at, &[&groups[..], &["--exclude", "w12"]].concat(), &["timepoint", "status"]);
    assert_eq!(rows, [["base", "ok"]]);
}

/// Regression: one slice without a direction, or with one that is a little off, and the whole series was passed over as a projection.
#[test]
fn a_fault_in_one_direction_fails_and_a_projection_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let way = |name: &str, of: &dyn Fn(usize) -> String| {
        let turned =
            |z: usize, o: &mut dicom_object::InMemDicomObject| put(o, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, of(z));
        series(&at.join(name), 1, 10, turned);
        images(at, &[name], &["status", "reason"])
    };
    let straight = "1\\0\\0\\0\\1\\0";
    for lost in [0, 3] {
        let rows = way("none", &|z| if z == lost { String::new() } else { straight.into() });
        let reason = format!("i10{lost}.dcm at (10, 20, {}) has no ImageOrientationPatient (0020,0037)", 10 * lost);
        assert!(rows.len() == 1 && rows[0][0] == "failed" && rows[0][1].contains(&reason), "{rows:?}");
    }
    let rows = way("off", &|z| if z == 3 { "1\\0.003\\0\\-0.003\\1\\0".into() } else { straight.into() });
    let (said, is_named) = ("look in other directions", |row: &Vec<String>| row[1].contains("i103.dcm"));
    assert!(rows.len() == 1 && rows[0][0] == "failed" && rows[0][1].contains(said) && is_named(&rows[0]), "{rows:?}");
    let rows = way("projection", &|z| {
        let (sin, cos) = libm::sincos((6.0 * z as f64).to_radians());
        format!("{cos:.6}\\{sin:.6}\\0\\0\\0\\-1")
    });
    assert!(rows.iter().all(|row| row[0] == "skipped" && row[1].contains("looks in 6 directions")), "{rows:?}");
}

/// Regression: pixels of which nothing says whether they have a sign were read without one, and those below 0 were the hottest.
#[test]
fn a_sign_is_not_guessed() {
    let dir = tempfile::tempdir().unwrap();
    series(&dir.path().join("a"), 1, 10, |_, o| {
        o.remove_element(tags::PIXEL_REPRESENTATION);
    });
    let rows = images(dir.path(), &["a"], &["status", "reason"]);
    assert!(rows.len() == 1 && rows[0][0] == "failed", "{rows:?}");
    assert!(rows[0][1].contains("no PixelRepresentation (0028,0103)"), "{rows:?}");
}

/// Regression: a number that is there and cannot be read was called missing, and a height was dropped in silence.
#[test]
fn numbers_that_cannot_be_read_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let with = |name: &str, tag, text: &str, units: &str| {
        series(&at.join(name), 1, 10, |_, o| {
            put(o, tag, VR::DS, text);
            put(o, tags::UNITS, VR::CS, units);
        });
        images(at, &[name], &["status", "reason", "warnings"]).remove(0)
    };
    let slope = with("slope", tags::RESCALE_SLOPE, "0,09", "GML");
    assert!(slope[0] == "failed" && slope[1].contains("RescaleSlope (0028,1053) is '0,09': no number"), "{slope:?}");
    let height = with("height", tags::PATIENT_SIZE, "1,75", "GML");
    let said = "doubtful: PatientSize (0010,1020) is '1,75': no number, so it counts as not said";
    assert!(height[0] == "ok" && height[2].contains(said), "{height:?}");
    let weight = with("weight", tags::PATIENT_WEIGHT, "70 kg", "BQML");
    assert!(weight[0] == "failed" && !weight[1].contains("missing PatientWeight"), "{weight:?}");
}

/// Two time points on both sides of midnight under one date: the first is the one before it.
#[test]
fn time_points_over_midnight_are_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for (point, clock) in [(0, "235500"), (1, "001000")] {
        for z in 0..SLICES {
            let mut o = slice(1, z, 10 + 10 * point);
            put(&mut o, tags::ACQUISITION_DATE, VR::DA, "20240115");
            put(&mut o, tags::ACQUISITION_TIME, VR::TM, clock);
            save(&at.join("a"), &format!("{point}{z}.dcm"), o);
        }
    }
    for (time, suv) in [("files.time=0", "10.0"), ("files.time=1", "20.0")] {
        let rows = images(at, &["a", "--set", time], &["status", "suv_max_lesions"]);
        assert_eq!(rows, [["ok", suv]], "{time}");
    }
}

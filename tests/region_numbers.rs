//! Numbers of regions from DICOM in tables, and files of regions that contradict themselves. Mechanics, on files that the tests
//! write.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/regions.rs"]
mod files;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, open_file};
use files::{BAR, DOT, Saved, Seg, counts, item, pick, put, regions, rtstruct, save, scan, sequence, square};
use uptake::device::Device;
use uptake::image::{Channel, Regions, Scan, Volume};
use uptake::pipeline::{self, External};
use uptake::recipe::Recipe;
use uptake::table::Cells;
use uptake::units::Shape;

/// The columns `region` and `label_in_file` of an image with these regions.
fn table(image: &Scan, found: Regions) -> Vec<(String, i64)> {
    let volume = Volume { spacing: image.spacing, ..Volume::new(image.shape, vec![3; image.shape.len()]).unwrap() };
    let channel = Channel { name: "c".into(), unit: "au", volume, saturated: Some(0), saturation: Some(255) };
    let image = Scan { channels: vec![channel], ..image.clone() };
    let text = "[channels]\nc = [0]\n[objects.o]\nlabels = 'file'";
    let recipe = Recipe::parse("numbers", text, &[]).unwrap();
    let external = External::from([("o".to_string(), found)]);
    let outcome = pipeline::run(&image, &recipe, &Device::Cpu, &external).unwrap();
    let table = &outcome.sets[0].table;
    let (Cells::Text(names), Cells::Int(numbers)) =
        (&table.column("region").unwrap().cells, &table.column("label_in_file").unwrap().cells)
    else {
        panic!("names and numbers")
    };
    names.iter().zip(numbers).map(|(name, number)| (name.clone().unwrap(), number.unwrap())).collect()
}

fn named(rows: &[(&str, i64)]) -> Vec<(String, i64)> {
    rows.iter().map(|(name, number)| (name.to_string(), *number)).collect()
}

/// The file as `change` leaves it.
fn changed(file: &Saved, change: impl FnOnce(&mut InMemDicomObject)) -> Saved {
    let object = open_file(&file.path).unwrap();
    let class = object.meta().media_storage_sop_class_uid.trim_end_matches('\0').to_string();
    let mut object = object.into_inner();
    change(&mut object);
    save(object, &class)
}

#[test]
fn the_number_in_the_file_is_that_of_the_roi() {
    let image = scan(Shape::new(1, 9, 9));
    let rois = [
        (17, "a", vec![square(0.0, 0.5, 3.5)]),
        (-4, "b", vec![square(0.0, 3.5, 5.5)]),
        (2_000_000_000, "c", vec![square(0.0, 5.5, 7.5)]),
        (5, "away", vec![square(30.0, 5.5, 7.5)]),
    ];
    let file = rtstruct(&rois);
    for (wanted, expected) in [
        (&[][..], named(&[("a", 17), ("b", -4), ("c", 2_000_000_000)])),
        (&["#17"], named(&[("a", 17)])),
        (&["c", "b"], named(&[("b", -4), ("c", 2_000_000_000)])),
    ] {
        let found = regions(&file.path, &image, &pick(wanted)).unwrap();
        assert_eq!(table(&image, found), expected, "{wanted:?}");
    }
}

#[test]
fn the_number_in_the_file_is_that_of_the_segment() {
    let image = scan(Shape::new(2, 3, 5));
    let frames = || vec![([-10.0, 20.0, 100.0], 12, BAR), ([-10.0, 20.0, 103.0], 9, DOT)];
    let segments = || vec![(5, "none"), (9, "nine"), (12, "twelve")];
    let binary = Seg { segments: segments(), ..Seg::new(frames()) };
    let mut map = Seg { kind: "LABELMAP", segments: segments(), ..Seg::new(frames()) };
    map.frames.iter_mut().for_each(|(_, number, voxels)| *voxels = voxels.map(|v| v * *number as u8));
    for seg in [&binary, &map] {
        let file = seg.save();
        let found = regions(&file.path, &image, &pick(&[])).unwrap();
        assert_eq!(table(&image, found), named(&[("twelve", 12), ("nine", 9)]), "{}", seg.kind);
        let found = regions(&file.path, &image, &pick(&["#9"])).unwrap();
        assert_eq!(table(&image, found), named(&[("nine", 9)]), "{}", seg.kind);
    }
    // Also on another grid.
    let finer = Scan { spacing: uptake::units::Spacing::mm([3.0, 1.0, 1.0]), ..scan(Shape::new(2, 6, 10)) };
    let resampled = uptake::read::Pick { resample: true, ..pick(&[]) };
    let found = regions(&binary.save().path, &finer, &resampled).unwrap();
    assert_eq!(table(&finer, found), named(&[("twelve", 12), ("nine", 9)]));
}

#[test]
fn frames_of_no_segment_are_counted() {
    let image = scan(Shape::new(3, 3, 5));
    let mut seg =
        Seg::new(vec![([-10.0, 20.0, 100.0], 1, BAR), ([-10.0, 20.0, 103.0], 9, BAR), ([-10.0, 20.0, 106.0], 9, DOT)]);
    for (kind, most) in [("BINARY", 1), ("FRACTIONAL", 200)] {
        seg.kind = kind;
        let save =
            Seg { frames: seg.frames.iter().map(|f| (f.0, f.1, f.2.map(|v| v * most))).collect(), ..seg_of(&seg) };
        let found = regions(&save.save().path, &image, &pick(&["one"])).unwrap();
        let notes = found.notes.join("; ");
        assert!(notes.contains("2 frames with 4 voxels left out, of segment 9"), "{kind}: {notes}");
    }
}

/// The same but for its frames.
fn seg_of(seg: &Seg) -> Seg {
    Seg { kind: seg.kind, segments: seg.segments.clone(), ..Seg::new(vec![]) }
}

#[test]
fn other_numbers_of_frames_are_refused_with_both() {
    let image = scan(Shape::new(3, 3, 5));
    let frame = |z: f64| ([-10.0, 20.0, 100.0 + 3.0 * z], 1, BAR);
    let file = Seg::new(vec![frame(0.0), frame(1.0), frame(2.0)]).save();
    let why = |change: fn(&mut InMemDicomObject)| {
        regions(&changed(&file, change).path, &image, &pick(&[])).unwrap_err().to_string()
    };
    let fewer = why(|o| put(o, tags::NUMBER_OF_FRAMES, VR::IS, "2"));
    assert!(fewer.contains("is 2, but the pixel data hold 3 frames"), "{fewer}");
    let items = why(|o| {
        put(o, tags::NUMBER_OF_FRAMES, VR::IS, "2");
        let frames = o.element(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).unwrap().items().unwrap()[..2].to_vec();
        sequence(o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames);
    });
    assert!(items.contains("is 2, but the pixel data hold 3 frames"), "{items}");
    let more = why(|o| {
        let frames = o.element(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).unwrap().items().unwrap()[..2].to_vec();
        sequence(o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames);
    });
    assert!(more.contains("is 3, but") && more.contains("has 2 items"), "{more}");
    // Frames that are described and not there.
    let cut = changed(&file, |o| {
        put(o, tags::NUMBER_OF_FRAMES, VR::IS, "2");
        put(o, tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(vec![1, 128, 1, 64].into()));
    });
    let notes = regions(&cut.path, &image, &pick(&[])).unwrap().notes.join("; ");
    assert!(notes.contains("is 2, but PerFrameFunctionalGroupsSequence (5200,9230) has 3 items"), "{notes}");
}

#[test]
fn contours_that_enclose_nothing_or_belong_to_none_are_counted() {
    let image = scan(Shape::new(2, 9, 9));
    let corners = square(1.0, 1.0, 3.0).1;
    let contours = vec![
        square(0.0, 0.5, 3.5),
        ("CLOSED_PLANAR", corners[..2].to_vec()),
        ("CLOSED_PLANAR", corners[..1].to_vec()),
        ("CLOSED_PLANAR", vec![]),
    ];
    let file = rtstruct(&[(1, "a", contours)]);
    let found = regions(&file.path, &image, &pick(&[])).unwrap();
    let notes = found.notes.join("; ");
    for corners in ["2 corners", "1 corner ", "0 corners"] {
        assert!(notes.contains(&format!("1 contour of type CLOSED_PLANAR with {corners}")), "{corners}: {notes}");
    }
    assert_eq!(counts(&found), [9]);
    let other =
        changed(&rtstruct(&[(1, "a", vec![square(0.0, 0.5, 3.5)]), (2, "b", vec![square(1.0, 0.5, 3.5)])]), |o| {
            let first = o.element(tags::STRUCTURE_SET_ROI_SEQUENCE).unwrap().items().unwrap()[..1].to_vec();
            sequence(o, tags::STRUCTURE_SET_ROI_SEQUENCE, first);
        });
    let found = regions(&other.path, &image, &pick(&[])).unwrap();
    assert!(found.notes.join("; ").contains("1 contour left out, of a region with the number 2"), "{:?}", found.notes);
}

#[test]
fn two_regions_of_one_number_are_refused() {
    let image = scan(Shape::new(2, 9, 9));
    let rois = [
        (3, "a", vec![square(0.0, 0.5, 3.5)]),
        (3, "b", vec![square(1.0, 0.5, 3.5)]),
        (4, "c", vec![square(1.0, 4.5, 6.5)]),
    ];
    let file = rtstruct(&rois);
    for wanted in [&[][..], &["b"]] {
        let e = regions(&file.path, &image, &pick(wanted)).unwrap_err();
        assert!(e.what.contains("two regions have the number 3: \"a\" and \"b\""), "{e}");
    }
    assert_eq!(counts(&regions(&file.path, &image, &pick(&["c"])).unwrap()), [4]);
    let doubled = |o: &mut InMemDicomObject| {
        let same = item(|i| {
            put(i, tags::SEGMENT_NUMBER, VR::US, 1u16);
            put(i, tags::SEGMENT_LABEL, VR::LO, "another");
        });
        let mut all = o.element(tags::SEGMENT_SEQUENCE).unwrap().items().unwrap().to_vec();
        all.push(same);
        sequence(o, tags::SEGMENT_SEQUENCE, all);
    };
    let seg = changed(&Seg::new(vec![([-10.0, 20.0, 100.0], 1, BAR)]).save(), doubled);
    let e = regions(&seg.path, &scan(Shape::new(1, 3, 5)), &pick(&[])).unwrap_err();
    assert!(e.what.contains("two regions have the number 1: \"one\" and \"another\""), "{e}");
}

//! Images whose files are byte for byte those of another one count, and are warned of.
//! Kinds: regression (nobody was told), invariant (threads, resumed runs, shards) and mechanics (the remedy works).

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

type Row = BTreeMap<String, String>;

fn uptake(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(dir).args(args).output().unwrap()
}

fn run(dir: &Path, out: &str, more: &[&str]) -> String {
    let o = uptake(
        dir,
        &[&["run", "in", "--recipe", "spots", "--device", "cpu", "--no-overlays", "--no-labels", "--out", out], more]
            .concat(),
    );
    assert_eq!(o.status.code(), Some(0), "{}", String::from_utf8_lossy(&o.stderr));
    String::from_utf8_lossy(&o.stderr).into_owned()
}

fn warnings(dir: &Path, out: &str) -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_path(dir.join(out).join("images.csv")).unwrap();
    let rows: Vec<Row> = reader.deserialize().map(|r| r.unwrap()).collect();
    rows.into_iter().map(|r| (r["image"].clone(), r["warnings"].clone())).collect()
}

const ALIKE: &str = "its files are byte for byte those of ";

#[test]
fn images_that_are_copies_are_told_whatever_the_order_they_end_in() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, images) = (dir.path(), dir.path().join("in"));
    fs::create_dir(&images).unwrap();
    let spots = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images/spots.png")).unwrap();
    for name in ["a.png", "c.png", "d.png"] {
        fs::write(images.join(name), &spots).unwrap();
    }
    // Another picture.
    image::load_from_memory(&spots).unwrap().fliph().save(images.join("b.png")).unwrap();
    let said = run(dir, "one", &["--threads", "1"]);
    let note = "note: 3 images are byte for byte another one and count all the same";
    assert!(said.contains(note), "{said}");
    let all = warnings(dir, "one");
    let other = |i: usize| all[i].1.split(ALIKE).nth(1).map(|rest| rest.split(',').next().unwrap().to_owned());
    assert_eq!(
        [0, 1, 2, 3].map(other),
        [Some("c.png"), None, Some("a.png"), Some("a.png")].map(|n| n.map(String::from))
    );
    // Threads, a run that goes on, shards.
    let tables = |out: &str| ["images.csv", "spots.csv"].map(|name| fs::read(dir.join(out).join(name)).unwrap());
    run(dir, "many", &["--threads", "8"]);
    assert_eq!(tables("many"), tables("one"));
    let kept = run(dir, "many", &["--threads", "8", "--resume"]);
    assert!(kept.contains("4 of them from the run before") && kept.contains(note), "{kept}");
    assert_eq!(tables("many"), tables("one"));
    fs::remove_file(dir.join("many/images.csv")).unwrap();
    run(dir, "many", &["--resume"]);
    assert_eq!(tables("many"), tables("one"));
    for shard in ["1/2", "2/2"] {
        run(dir, &format!("s{}", &shard[..1]), &["--shard", shard]);
    }
    let o = uptake(dir, &["merge", "s1", "s2", "--out", "merged"]);
    assert_eq!(o.status.code(), Some(0), "{}", String::from_utf8_lossy(&o.stderr));
    assert_eq!(tables("merged"), tables("one"));
    // The remedy.
    ["c.png", "d.png"].iter().for_each(|name| fs::remove_file(images.join(name)).unwrap());
    assert!(!run(dir, "rest", &[]).contains("byte for byte"));
    assert!(warnings(dir, "rest").iter().all(|(_, words)| !words.contains(ALIKE)));
}

/// Fields without any light may well be alike.
#[test]
fn even_images_are_no_copies() {
    let dir = tempfile::tempdir().unwrap();
    let images = dir.path().join("in");
    fs::create_dir(&images).unwrap();
    for name in ["a.png", "b.png"] {
        image::GrayImage::from_pixel(64, 64, image::Luma([7])).save(images.join(name)).unwrap();
    }
    assert!(!run(dir.path(), "out", &[]).contains("byte for byte"));
    assert!(warnings(dir.path(), "out").iter().all(|(_, words)| !words.contains(ALIKE)));
}

//! Runs in shares, put together again; what failed in a run; what a run tells. Every remedy that is printed is tried.
//! Kinds: invariant and mechanics.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/images.rs"]
mod images;

use common::bench::{Bench, text, words};
use common::{files_below, results};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

const RECIPE: &str = r#"
[channels]
signal = [0]
[objects.spots]
channel = "signal"
steps = [
  { op = "gaussian", sigma = "1 px" },
  { op = "threshold", method = "otsu" },
  { op = "label" },
]
[objects.halos]
grow = { from = "spots", by = "3 px" }
[measure.spots]
features = ["shape", "intensity"]
"#;

impl Bench {
    /// Seven good images in two folders, two broken ones and a stranger.
    fn new() -> Self {
        let bench = Bench::with(RECIPE);
        for i in 0..7u32 {
            let folder = if i % 2 == 0 { "even" } else { "odd" };
            images::spots(&bench.at(&format!("in/{folder}/i{i}.png")), i, 3 + i);
        }
        bench.write("in/odd/broken.png", b"\x89PNG\r\n\x1a\n and then nothing of use");
        bench.write("in/even/cut.tif", b"II*\0");
        bench.write("in/stranger.xyz", "not an image");
        bench
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        let args = ["run", "in", "--recipe", "recipe.toml", "--device", "cpu", "--out", out];
        self.uptake(&[&args, more].concat())
    }

    /// All shares, in folders `s1`, `s2`, ...
    fn shards(&self, count: usize, more: &[&str]) -> Vec<String> {
        (1..=count)
            .map(|i| {
                let out = format!("s{i}");
                let output = self.run(&out, &[&["--shard", &format!("{i}/{count}")], more].concat());
                assert!(output.status.code().is_some_and(|c| c < 2), "{}", words(&output));
                out
            })
            .collect()
    }

    fn merge(&self, shards: &[String], more: &[&str]) -> Output {
        let mut args = vec!["merge"];
        args.extend(shards.iter().map(String::as_str));
        self.uptake(&[&args, more].concat())
    }

    /// Merging is refused with these words; the remedy's command is run, and merging works. `more` are folders that the
    /// remedy adds.
    fn refused_then_mended(&self, shards: &[String], what: &str, more: &[&str]) {
        let output = self.merge(shards, &["--out", "all"]);
        assert_eq!(output.status.code(), Some(2), "{}", words(&output));
        assert!(words(&output).contains(what), "{}", words(&output));
        let remedy = remedy(&words(&output));
        let command = remedy.split("; ").next().unwrap();
        assert!(command.starts_with(env!("CARGO_BIN_EXE_uptake")), "a command that works: {remedy}");
        let mended = self.shell(command);
        assert!(mended.status.code().is_some_and(|c| c < 2), "{command}\n{}", words(&mended));
        let output = self.merge(shards, &[more, &["--out", "all"]].concat());
        assert_eq!(output.status.code(), Some(1), "after {command}: {}", words(&output));
    }
}

fn remedy(words: &str) -> String {
    let line = words.lines().find_map(|l| l.strip_prefix("  try: "));
    line.unwrap_or_else(|| panic!("no remedy: {words}")).to_owned()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// A file of a folder, by the end of its name.
fn some_file(folder: &Path, end: &str) -> PathBuf {
    let all = files_below(folder);
    all.into_values().find(|p| p.to_string_lossy().ends_with(end)).unwrap()
}

#[test]
fn shards_put_together_are_one_run() {
    let bench = Bench::new();
    let formats = ["--format", "csv,parquet"];
    bench.run("one", &formats);
    let one = results(&bench.at("one"));
    assert!(one.len() > 30 && one.contains_key(Path::new("spots.parquet")));
    // Of thirteen shards three have nothing to do.
    for (count, jobs) in [(1, "1"), (2, "3"), (3, "1"), (13, "2")] {
        let mut shards =
            bench.shards(count, &[&formats[..], &["--jobs", jobs, "--threads", "3", "--overwrite"]].concat());
        // In any order.
        shards.rotate_left(count / 2);
        let out = format!("all{count}");
        let output = bench.merge(&shards, &["--out", &out]);
        assert_eq!(output.status.code(), Some(1), "as the run: some failed\n{}", words(&output));
        assert!(words(&output).contains("10 inputs = 7 ok + 2 failed + 1 skipped"), "{}", words(&output));
        assert!(one == results(&bench.at(&out)), "{count} shards");
    }
    let run = json(&text(bench.at("all3/run.json")));
    assert_eq!(run["merged"]["shards"][1]["shard"], "2/3");
    assert_eq!(run["images"].as_array().unwrap().len(), 10);
}

#[test]
fn a_merged_folder_is_that_of_a_run() {
    let bench = Bench::new();
    bench.run("one", &[]);
    let shards = bench.shards(2, &[]);
    bench.merge(&shards, &["--out", "all"]);
    let output = bench.run("all", &["--resume"]);
    assert!(words(&output).contains("7 of them from the run before"), "{}", words(&output));
    assert!(results(&bench.at("one")) == results(&bench.at("all")));
    // The shards are as they were.
    assert_eq!(bench.merge(&shards, &["--out", "again"]).status.code(), Some(1));
    bench.merge(&shards, &["--out", "tables", "--only-tables"]);
    assert!(bench.at("tables/spots.csv").is_file() && !bench.at("tables/labels").exists());
    let again = bench.merge(&shards, &["--out", "s1"]);
    assert!(words(&again).contains("s1: is one of the shards"), "{}", words(&again));
    assert_eq!(remedy(&words(&again)), "another --out");
}

#[test]
fn a_missing_shard_is_named() {
    let bench = Bench::new();
    let mut shards = bench.shards(3, &[]);
    shards.remove(1);
    bench.refused_then_mended(&shards, "error: 2/3 is missing", &["s1-shard-2"]);
}

#[test]
fn a_shard_that_did_not_end_is_refused() {
    let bench = Bench::new();
    let shards = bench.shards(2, &[]);
    // As after a kill: begun, not closed.
    fs::remove_file(bench.at("s2/.uptake/closed.json")).unwrap();
    bench.refused_then_mended(&shards, "s2: shard 2/2 is not finished: it was begun at ", &[]);
    // A real one.
    let mut command = bench.command();
    command.args(["run", "in", "--recipe", "recipe.toml", "--device", "cpu"]);
    let mut child =
        command.args(["--out", "s1", "--shard", "1/2"]).stderr(std::process::Stdio::null()).spawn().unwrap();
    while bench.at("s1/.uptake/closed.json").exists() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_dir_all(bench.at("all")).unwrap();
    bench.refused_then_mended(&shards, "s1: shard 1/2 is not finished", &[]);
}

#[test]
fn a_run_that_stopped_early_is_not_closed() {
    let bench = Bench::new();
    let output = bench.run("out", &["--strict", "--jobs", "1"]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(!bench.at("out/.uptake/closed.json").exists());
    let output = bench.uptake(&["merge", "out", "--out", "all"]);
    assert!(words(&output).contains("out: shard 1/1 is not finished"), "{}", words(&output));
}

#[test]
fn shards_that_do_not_belong_together_are_refused() {
    let bench = Bench::new();
    let shards = bench.shards(2, &[]);
    let again = |more: &[&str]| {
        let args: Vec<&str> = [&["--shard", "2/2", "--overwrite"], more].concat();
        assert!(bench.run("s2", &args).status.code().is_some_and(|c| c < 2));
        let _ = fs::remove_dir_all(bench.at("all"));
    };
    again(&["--set", "objects.halos.grow.by=\"4 px\""]);
    bench.refused_then_mended(&shards, "s2: does not belong to s1: another recipe, or other settings of it", &[]);
    again(&["--no-overlays"]);
    bench.refused_then_mended(&shards, "s2: does not belong to s1: other --format, --no-labels", &[]);
    again(&["--exclude", "cut.tif"]);
    bench.refused_then_mended(&shards, "another list of images (9 and 10", &[]);
    assert!(bench.run("s2", &["--shard", "2/3", "--overwrite"]).status.code().is_some());
    let output = bench.merge(&shards, &["--out", "all", "--overwrite"]);
    assert!(words(&output).contains("it is shard 2/3, not one of 2"), "{}", words(&output));
    // Another build cannot be had here: the record of one.
    again(&[]);
    let closed = bench.at("s2/.uptake/closed.json");
    let build = json(&text(closed.clone()))["head"]["build"].as_str().unwrap().to_owned();
    fs::write(&closed, text(closed.clone()).replace(&build, "0123456789abcdef")).unwrap();
    bench.refused_then_mended(&shards, "another build of uptake (0123456789ab and ", &[]);
    let twice = [shards[0].clone(), shards[1].clone(), "s2".into()];
    let output = bench.merge(&twice, &["--out", "all"]);
    assert!(words(&output).contains("s2: is shard 2/2, as s2 is"), "{}", words(&output));
    assert_eq!(remedy(&words(&output)), "name one of the two");
    let output = bench.merge(&["in".into()], &["--out", "all"]);
    assert!(words(&output).contains("in: is no folder of a run"), "{}", words(&output));
}

#[test]
fn damaged_shards_are_refused() {
    let bench = Bench::new();
    let shards = bench.shards(2, &[]);
    let damage = |end: &str| {
        let file = some_file(&bench.at("s2"), end);
        let mut bytes = fs::read(&file).unwrap();
        // Damaged in place: what was merged before is linked, and must not change.
        fs::remove_file(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, bytes).unwrap();
        let _ = fs::remove_dir_all(bench.at("all"));
    };
    damage(".part");
    bench.refused_then_mended(&shards, "s2: what was kept of ", &[]);
    damage(".ome.tif");
    bench.refused_then_mended(&shards, "is not as it was written", &[]);
    damage("images-done.jsonl");
    bench.refused_then_mended(&shards, "the list of images of shard 2/2 is damaged", &[]);
    fs::write(bench.at("s2/.uptake/closed.json"), "{").unwrap();
    bench.refused_then_mended(&shards, "closed.json: damaged", &[]);
}

#[test]
fn shares_are_checked_and_may_be_empty() {
    let bench = Bench::new();
    for bad in ["0/3", "4/3", "x", "1/0"] {
        assert_eq!(bench.run("o", &["--shard", bad]).status.code(), Some(2), "{bad}");
    }
    let empty = bench.run("empty", &["--shard", "13/13"]);
    assert_eq!(empty.status.code(), Some(0), "{}", words(&empty));
    let images = text(bench.at("empty/images.csv"));
    assert!(images.starts_with("image,status,reason,") && images.lines().count() == 1, "{images}");
}

#[test]
fn failures_are_listed_by_kind() {
    let bench = Bench::new();
    let output = bench.run("out", &[]);
    assert!(words(&output).contains("  2 format (examine): even/cut.tif, odd/broken.png\n"), "{}", words(&output));
    let listed = String::from_utf8(bench.uptake(&["failed", "out"]).stdout).unwrap();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines[0], "2 of 10 inputs failed");
    assert_eq!(lines[1], "  2 format (examine): even/cut.tif, odd/broken.png");
    let names = String::from_utf8(bench.uptake(&["failed", "out", "--names"]).stdout).unwrap();
    assert_eq!(names, "even/cut.tif\nodd/broken.png\n");
    let image = json(&text(bench.at("out/run.json")))["images"][0].clone();
    assert_eq!((&image["image"], &image["code"]), (&"even/cut.tif".into(), &"format".into()));
    // Of a run that was killed: the list ends early.
    let list = bench.at("out/.uptake/images-done.jsonl");
    let first: String = text(list.clone()).lines().take(4).map(|line| format!("{line}\n")).collect();
    fs::write(&list, first).unwrap();
    let listed = String::from_utf8(bench.uptake(&["failed", "out"]).stdout).unwrap();
    assert!(
        listed.starts_with("1 of 10 inputs failed\n") && listed.contains("\n6 are not done: the run has not ended\n"),
        "{listed}"
    );
    let command = listed.lines().find_map(|l| l.strip_prefix("to go on: ")).unwrap();
    assert!(command.ends_with("--out out --resume"), "{command}");
    assert_eq!(bench.shell(command).status.code(), Some(1));
    let listed = String::from_utf8(bench.uptake(&["failed", "out"]).stdout).unwrap();
    assert!(listed.starts_with("2 of 10 inputs failed\n") && !listed.contains("not done"), "{listed}");
    let output = bench.uptake(&["failed", "in"]);
    assert!(words(&output).contains("in: there is no list of a run's images"), "{}", words(&output));
}

#[test]
fn only_what_failed_is_done_again() {
    let bench = Bench::new();
    bench.run("out", &["--jobs", "2"]);
    images::spots(&bench.at("in/odd/broken.png"), 50, 6);
    bench.run("fresh", &[]);
    // The command that is printed.
    let listed = String::from_utf8(bench.uptake(&["failed", "out"]).stdout).unwrap();
    let command = listed.lines().find_map(|l| l.strip_prefix("to do them again: ")).unwrap();
    assert!(command.ends_with("--out out --only-failed"), "{command}");
    // A finished image is not looked at, but what was written for it is.
    fs::remove_file(bench.at("out/labels/even/i0.png_spots.ome.tif")).unwrap();
    let output = bench.shell(command);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("6 of them from the run before"), "{}", words(&output));
    assert!(results(&bench.at("fresh")) == results(&bench.at("out")));
    let output = bench.run("fresh", &["--resume"]);
    assert!(words(&output).contains("8 of them from the run before"), "{}", words(&output));
    // What was recorded of the kept ones is still there.
    let files = |out: &str| json(&text(bench.at(out).join("run.json")))["images"][1]["files"].clone();
    assert_eq!(files("out"), files("fresh"));
    assert_eq!(files("out")[0]["file"], "even/i0.png");
}

/// Regression: all files of what a run of the failed ones had not reached were read again.
#[test]
fn what_a_run_of_the_failed_ones_did_not_reach_stays_finished() {
    let bench = Bench::new();
    bench.run("out", &[]);
    bench.run("fresh", &[]);
    for _ in 0..2 {
        let stopped = bench.run("out", &["--only-failed", "--strict", "--jobs", "1"]);
        assert!(words(&stopped).contains("0 ok + 1 failed + 9 skipped"), "{}", words(&stopped));
    }
    // A finished image is not looked at, so it is not seen that this one has changed.
    fs::write(bench.at("in/odd/i5.png"), "no image any more").unwrap();
    let output = bench.run("out", &["--only-failed"]);
    assert!(words(&output).contains("7 of them from the run before"), "{}", words(&output));
    assert!(results(&bench.at("fresh")) == results(&bench.at("out")));
    assert!(!bench.at("out/.uptake/images-before.jsonl").exists());
}

#[test]
fn only_what_failed_needs_the_run_before() {
    let bench = Bench::new();
    let refused = |output: &Output, what: &str| {
        assert!(words(output).contains(what), "{}", words(output));
        assert_eq!(remedy(&words(output)), "--resume in the place of --only-failed");
    };
    refused(&bench.run("out", &["--only-failed"]), "there is no run of which images failed");
    bench.run("out", &[]);
    let other = ["--set", "objects.halos.grow.by=\"4 px\""];
    refused(&bench.run("out", &[&other[..], &["--only-failed"]].concat()), "of another recipe");
    assert_eq!(bench.run("out", &[&other[..], &["--resume"]].concat()).status.code(), Some(1));
    // After a kill what was not reached is done as well.
    let list = bench.at("out/.uptake/images-done.jsonl");
    let half: String = text(list.clone()).lines().take(4).map(|l| format!("{l}\n")).collect();
    fs::write(&list, half + "{\"image\":\"od").unwrap();
    bench.run("out", &[&other[..], &["--only-failed"]].concat());
    bench.run("fresh", &other);
    assert!(results(&bench.at("fresh")) == results(&bench.at("out")));
}

#[test]
fn json_events_are_one_object_a_line() {
    let bench = Bench::new();
    let output = bench.run("out", &["--log", "json", "--profile"]);
    let events: Vec<serde_json::Value> = words(&output).lines().map(json).collect();
    let of = |kind: &str| events.iter().filter(|e| e["event"] == kind).cloned().collect::<Vec<_>>();
    assert!(events.iter().all(|e| e["time"].as_str().unwrap().ends_with('Z')));
    let begun = &of("run_begun")[0];
    assert_eq!((&begun["images"], &begun["device"]), (&10.into(), &"cpu".into()));
    assert_eq!(begun["command"][1], "run");
    assert_eq!(begun["recipes"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!((of("item_begun").len(), of("item_ended").len()), (10, 10));
    let failed = of("item_ended").into_iter().find(|e| e["image"] == "odd/broken.png").unwrap();
    assert_eq!((&failed["status"], &failed["code"]), (&"failed".into(), &"format".into()));
    assert!(failed["stage"].is_string() && failed["seconds"].is_number() && failed["error"]["what"].is_string());
    let good = of("item_ended").into_iter().find(|e| e["image"] == "even/i2.png").unwrap();
    assert_eq!(good["objects"]["spots"], 5);
    let ended = &of("run_ended")[0];
    assert_eq!((&ended["ok"], &ended["failed"], &ended["skipped"]), (&7.into(), &2.into(), &1.into()));
    assert_eq!(ended["slowest"].as_array().unwrap().len(), 5);
    assert!(!ended["failures"].as_array().unwrap().is_empty());
    let refused = bench.uptake(&["run", "in", "--recipe", "gone", "--device", "cpu", "--out", "o", "--log", "json"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(json(words(&refused).lines().last().unwrap())["event"], "error");
}

#[test]
fn the_record_says_how_where_and_when() {
    let bench = Bench::new();
    bench.run("out", &["--threads", "3", "--jobs", "2", "--memory", "1GiB"]);
    let run = json(&text(bench.at("out/run.json")));
    assert_eq!(run["command"][0], env!("CARGO_BIN_EXE_uptake"));
    assert!(run["start"].as_str().unwrap().ends_with('Z') && run["memory"].as_u64().unwrap() < 1 << 30);
    assert_eq!((&run["threads"], &run["jobs"], &run["shard"]), (&3.into(), &2.into(), &"1/1".into()));
    let image = run["images"].as_array().unwrap().iter().find(|i| i["image"] == "odd/i1.png").unwrap();
    let root = run["root"].as_str().unwrap();
    let file = Path::new(root).join(image["files"][0]["file"].as_str().unwrap());
    assert_eq!(fs::canonicalize(file).unwrap(), fs::canonicalize(bench.at("in/odd/i1.png")).unwrap());
}

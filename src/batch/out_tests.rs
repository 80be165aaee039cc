//! Mechanics.
use super::*;

fn open(folder: &Path, existing: Existing, names: &[&str]) -> Result<Out> {
    let images = names.iter().map(|name| (name.to_string(), format!("/in/{name}")));
    Out::open(folder, existing, images).map(|(out, _)| out)
}

fn write(out: &Out, below: &str) {
    Draft::write(out.path(below).unwrap(), b"x").unwrap();
}

#[test]
fn only_what_a_run_wrote_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("out");
    let out = open(&folder, Existing::Same, &["a"]).unwrap();
    for below in ["nuclei.csv", "labels/a/b.tif", "labels/line\nmine.txt"] {
        write(&out, below);
    }
    for mine in ["mine.txt", "labels/mine.txt", "labels/.uptake-1-x.part"] {
        fs::write(folder.join(mine), "x").unwrap();
    }
    fs::write(folder.join("labels/.uptake-1-2.part"), "x").unwrap();
    drop(out);
    drop(open(&folder, Existing::Resume, &["a"]).unwrap());
    assert!(folder.join("nuclei.csv").exists(), "resume keeps everything");
    assert!(!folder.join("labels/.uptake-1-2.part").exists(), "but for what a killed run left");
    drop(open(&folder, Existing::Same, &["a"]).unwrap());
    assert!(!folder.join("nuclei.csv").exists() && !folder.join("labels/a").exists());
    for mine in ["mine.txt", "labels/mine.txt", "labels/.uptake-1-x.part"] {
        assert!(folder.join(mine).exists(), "{mine}");
    }
}

#[test]
fn stale_files_go_when_a_run_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let out = open(dir.path(), Existing::Same, &["a", "b"]).unwrap();
    ["a.csv", "labels/a.tif", "labels/b.tif"].iter().for_each(|below| write(&out, below));
    drop(out);
    let out = open(dir.path(), Existing::Resume, &["b"]).unwrap();
    write(&out, "b.csv");
    out.keep("labels/b.tif");
    assert_eq!(out.remove_stale().unwrap(), 2);
    assert!(!dir.path().join("a.csv").exists() && dir.path().join("labels/b.tif").exists());
    drop(out);
    drop(open(dir.path(), Existing::Overwrite, &[]).unwrap());
    assert!(!dir.path().join("b.csv").exists() && !dir.path().join("labels").exists());
}

#[test]
fn a_folder_has_one_run_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let out = open(dir.path(), Existing::Same, &["a"]).unwrap();
    let e = open(dir.path(), Existing::Overwrite, &["a"]).unwrap_err();
    assert!(e.what.contains("another run (process"), "{e}");
    drop(out);
    assert!(open(dir.path(), Existing::Same, &["a"]).is_ok());
}

#[test]
#[cfg(unix)]
fn nothing_goes_through_a_link() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let out = open(dir.path(), Existing::Same, &["a"]).unwrap();
    write(&out, "labels/a.tif");
    drop(out);
    fs::remove_dir_all(dir.path().join("labels")).unwrap();
    fs::write(elsewhere.path().join("a.tif"), "mine").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("labels")).unwrap();
    let out = open(dir.path(), Existing::Same, &["a"]).unwrap();
    assert!(out.path("labels/b.tif").is_err());
    assert_eq!(fs::read(elsewhere.path().join("a.tif")).unwrap(), b"mine");
}

#[test]
fn foreign_folders_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.doc"), "x").unwrap();
    assert!(open(dir.path(), Existing::Overwrite, &[]).is_err());
    assert!(open(&dir.path().join("thesis.doc"), Existing::Same, &[]).is_err());
    fs::create_dir(dir.path().join(MARKER)).unwrap();
    assert!(open(dir.path(), Existing::Overwrite, &[]).is_err(), "a mark without a list");
    assert!(dir.path().join("thesis.doc").exists());
}

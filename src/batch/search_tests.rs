//! Mechanics.

use super::*;

fn tree(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for f in files {
        let path = dir.path().join(f);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "truth/\n*_mask.png").unwrap();
    }
    dir
}

/// What is found below a folder: `name`, `name: skipped` or `name: failed`.
fn found(inputs: &[PathBuf], exclude: &[&str], below: &Path) -> Vec<String> {
    let exclude: Vec<String> = exclude.iter().map(|s| s.to_string()).collect();
    let name = |path: &Path| path.strip_prefix(below).unwrap_or(path).to_string_lossy().into_owned();
    let tell = |(path, why): (&PathBuf, &NoFile)| match why {
        NoFile::Skipped(_) => name(path) + ": skipped",
        NoFile::Failed(_) => name(path) + ": failed",
    };
    let Search { files, others, .. } = search(inputs, &exclude).unwrap();
    let mut all: Vec<String> = files.iter().map(|p| name(&p)).chain(others.iter().map(tell)).collect();
    all.sort_by(|a, b| Path::new(a).cmp(Path::new(b)));
    all
}

fn all(dir: &tempfile::TempDir) -> Vec<String> {
    found(&[dir.path().to_path_buf()], &[], dir.path())
}

#[test]
fn folders_are_searched_by_the_rules() {
    let dir = tree(&[
        "b.tif",
        "a/x.png",
        "a/x_mask.png",
        ".hidden.tif",
        "notes.txt",
        "truth/b.tif",
        "old/.uptake/x",
        "old/q.tif",
    ]);
    let some = |exclude: &[&str]| found(&[dir.path().into()], exclude, dir.path());
    assert_eq!(some(&[]), ["a/x.png", "a/x_mask.png", "b.tif", "truth/b.tif"]);
    assert_eq!(some(&["truth", "*_mask.png"]), ["a/x.png", "b.tif"]);
    fs::write(dir.path().join(".uptakeignore"), "\u{feff}truth/\r\n# masks\r\na/*_mask.png\r\n").unwrap();
    assert_eq!(some(&[]), ["a/x.png", "b.tif"]);
    let files = [dir.path().join("notes.txt"), dir.path().join("a/x.png")];
    assert_eq!(found(&files, &["*"], dir.path()), ["a/x.png", "notes.txt"], "named files always count");
    assert_eq!(found(&[dir.path().join("a/*.png")], &[], dir.path()), ["a/x.png", "a/x_mask.png"]);
}

#[test]
fn what_cannot_be_searched_fails_and_the_rest_goes_on() {
    let dir = tree(&["a.tif", "bad/.uptakeignore", "bad/b.tif"]);
    fs::write(dir.path().join("bad/.uptakeignore"), "[").unwrap();
    assert_eq!(all(&dir), ["a.tif", "bad: failed"]);
    let inputs = [dir.path().join("a.tif"), dir.path().join("*.png"), "[".into()];
    let found = found(&inputs, &[], dir.path());
    assert_eq!(found.len(), 3);
    assert_eq!(found.iter().filter(|f| f.ends_with(": failed")).count(), 2);
    assert!(search(&inputs[1..], &[]).is_err(), "with nothing but slips nothing is begun");
}

#[test]
fn results_without_their_mark_are_known_by_their_record() {
    let dir = tree(&["labels/mine.tif", "old/run.json", "old/labels/a.tif", "old/overlays/a.png", "old/b.tif"]);
    fs::write(dir.path().join("old/run.json"), "{\n  \"uptake\": \"0.1.0\",\n  \"recipes\": []\n}").unwrap();
    assert_eq!(all(&dir), ["labels/mine.tif", "old/b.tif", "old/labels: skipped", "old/overlays: skipped"]);
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn linked_folders_are_searched_once_each_under_their_real_name() {
        let (dir, elsewhere) = (tree(&["real/a.tif"]), tree(&["plate/b.tif", "plate/deep/c.tif"]));
        let at = |name: &str| dir.path().join(name);
        symlink(at("real"), at("again")).unwrap();
        symlink(elsewhere.path().join("plate"), at("plate1")).unwrap();
        symlink(elsewhere.path().join("plate"), at("plate2")).unwrap();
        symlink(dir.path(), at("real/circle")).unwrap();
        symlink(at("real/a.tif"), at("copy.tif")).unwrap();
        assert_eq!(all(&dir), ["copy.tif", "plate1/b.tif", "plate1/deep/c.tif", "real/a.tif"]);
        let both = [at("plate2"), elsewhere.path().to_path_buf()];
        assert_eq!(search(&both, &[]).unwrap().files.len(), 2, "given as inputs, too");
    }

    #[test]
    fn rules_hold_behind_links() {
        let (dir, elsewhere) = (tree(&["a.tif"]), tree(&["b.tif", "b_mask.png", "c.tif"]));
        fs::write(dir.path().join(".uptakeignore"), "plate/c.tif\n*_mask.png").unwrap();
        symlink(elsewhere.path(), dir.path().join("plate")).unwrap();
        assert_eq!(all(&dir), ["a.tif", "plate/b.tif"]);
    }

    #[test]
    fn a_dot_dot_behind_a_link_is_what_the_system_means() {
        let (dir, elsewhere) = (tree(&["other/here.tif"]), tree(&["proj/x.tif", "other/there.tif"]));
        symlink(elsewhere.path().join("proj"), dir.path().join("link")).unwrap();
        let found = search(&[dir.path().join("link/../other")], &[]).unwrap().files;
        assert!(found.iter().all(|p| p.ends_with("there.tif")) && found.len() == 1, "{found:?}");
    }

    #[test]
    fn pipes_devices_and_broken_links_are_never_opened() {
        let dir = tree(&["a.tif"]);
        let at = |name: &str| dir.path().join(name);
        symlink("/dev/zero", at("zero.tif")).unwrap();
        symlink("/nowhere/at/all", at("broken.tif")).unwrap();
        symlink(at("loop.tif"), at("loop.tif")).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(at("pipe.tif")).status().unwrap();
        assert!(pipe.success());
        std::os::unix::net::UnixListener::bind(at("socket.tif")).unwrap();
        let expected = [
            "a.tif",
            "broken.tif: failed",
            "loop.tif: failed",
            "pipe.tif: skipped",
            "socket.tif: skipped",
            "zero.tif: skipped",
        ];
        assert_eq!(all(&dir), expected);
        assert_eq!(found(&[at("pipe.tif")], &[], dir.path()), ["pipe.tif: failed"], "named by the user");
    }
}

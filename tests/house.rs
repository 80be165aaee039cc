//! Mechanics: rules of the sources by text. A file that no `mod` names is compiled by nobody and says nothing about it; one that grows
//! too long has a seam somewhere (docs/ARCHITECTURE.md, Layers).

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a file; longer ones are named in docs/ARCHITECTURE.md with the reason.
const MOST_LINES: usize = 350;

fn sources(folder: &Path, to: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, to);
        } else if path.extension().is_some_and(|e| e == "rs") {
            to.push(path);
        }
    }
}

/// Whether a file says that another one is a part of it: `mod name;`, or `#[path = "name.rs"]`.
fn names(parent: &Path, module: &str, file: &str) -> bool {
    let text = fs::read_to_string(parent).unwrap_or_default();
    let is_mod = |line: &str| {
        let line = line.trim();
        let rest = line.rsplit_once("mod ").filter(|(before, _)| before.is_empty() || before.starts_with("pub"));
        rest.is_some_and(|(_, name)| name.strip_suffix(';') == Some(module))
    };
    text.lines().any(is_mod) || text.contains(&format!("#[path = \"{file}\"]"))
}

#[test]
fn every_file_is_a_module_and_none_is_too_long() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (src, mut files) = (root.join("src"), vec![]);
    sources(&src, &mut files);
    assert!(files.len() > 100, "the sources were not found");
    let plan = fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap();
    for path in &files {
        let below = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        let lines = fs::read_to_string(path).unwrap().lines().count();
        assert!(lines <= MOST_LINES || plan.contains(&format!("`{below}`")), "{below} has {lines} lines");
        if ["src/lib.rs", "src/main.rs"].contains(&below.as_str()) {
            continue;
        }
        let (folder, name) = (path.parent().unwrap(), path.file_name().unwrap().to_string_lossy().into_owned());
        // A folder is called after its `mod.rs`, which the folder above it names.
        let (module, above) = match path.file_stem().unwrap().to_string_lossy().as_ref() {
            "mod" => (folder.file_name().unwrap().to_string_lossy().into_owned(), folder.parent().unwrap()),
            stem => (stem.to_owned(), folder),
        };
        let parents = [above.join("mod.rs"), above.join("lib.rs"), above.join("main.rs"), above.with_extension("rs")];
        // Tests may stand in a file of their own, which the file that they are about names.
        let beside =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p != path && p.is_file());
        let is_named = parents.into_iter().chain(beside).any(|parent| names(&parent, &module, &name));
        assert!(is_named, "{below} is in no `mod` line, so nobody compiles it");
    }
}

//! Patterns of names. The first line is the pattern, each further one a path.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use std::path::PathBuf;
use uptake::read::{PathPattern, group};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let pattern = lines.next().unwrap_or_default();
    // No file system has longer names, and none has a name twice.
    let paths: BTreeSet<PathBuf> = lines.filter(|l| l.split('/').all(|name| name.len() < 256)).map(PathBuf::from).collect();
    let paths: Vec<PathBuf> = paths.into_iter().collect();
    let grouped = [group(&paths, pattern), PathPattern::parse(pattern).and_then(|p| p.group(&paths))];
    for groups in grouped.into_iter().flatten() {
        let in_sets: usize = groups.sets.iter().map(|s| s.files.len()).sum();
        assert_eq!(in_sets + groups.unmatched.len(), paths.len(), "a path is lost");
    }
    if let Ok(pattern) = PathPattern::parse(pattern) {
        let names = pattern.names().len();
        for found in paths.iter().flat_map(|p| [pattern.file(p), pattern.folder(p)]).flatten() {
            assert_eq!(found.values.len(), names);
        }
    }
});

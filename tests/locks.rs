//! Mechanics: a lint by text over `src`. Nothing may be filled or locked while parallel work runs or is waited for: a thread
//! of a pool takes up other tasks while it waits for its own, and one of those may want the lock that it holds.
//!
//! The lint sees what stands in a scope, not what the functions called there do: whoever adds a place to the list below has
//! looked at those.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fs;
use std::path::Path;

/// By these one thread makes another wait.
const WAITING: &[&str] = &[
    "OnceLock",
    "OnceCell",
    "LazyLock",
    "LazyCell",
    "Mutex<",
    "Mutex::new",
    "RwLock",
    "Condvar",
    "Barrier",
    "thread_local!",
    "get_or_init",
    "lock(",
    ".recv",
    "channel()",
    ".wait(",
    "block_on(",
];

/// Where threads may wait for each other: the file, the number of its lines with one of those words, and why it always ends.
const LISTED: &[(&str, usize, &str)] = &[
    ("src/batch/budget.rs", 4, "counts bytes; who waits holds no share, and is no thread of the pool"),
    ("src/batch/times.rs", 2, "counts and times only; the file is read and written outside"),
    ("src/batch/out.rs", 5, "lists and a line of a file; the lock of the folder is only tried"),
    ("src/batch/waiting.rs", 3, "a line is read from a file"),
    ("src/batch/ledger.rs", 3, "a line is written to a file, and its place noted"),
    ("src/cli/progress.rs", 1, "a line is printed"),
    ("src/cli/mod.rs", 2, "text is printed"),
    ("src/batch/parts/columns.rs", 2, "a map of columns; files are read and written outside"),
    ("src/device/adapter.rs", 1, "asks the drivers for their adapters"),
    ("src/device/buffer.rs", 3, "what is known of an array, set once after it was waited for"),
    ("src/device/failure.rs", 3, "a text that is set once, made outside"),
    ("src/device/gpu.rs", 1, "opening asks the driver"),
    (
        "src/device/opening.rs",
        7,
        "answers of a thread that is in no pool, takes part in no other work, and always gives them",
    ),
    (
        "src/device/pipelines.rs",
        4,
        "a list of pipelines; one thread compiles a kernel, by the driver alone, and always gives an answer",
    ),
    ("src/device/pool.rs", 6, "lists of buffers"),
    ("src/device/staging.rs", 3, "a list of buffers, which are made and dropped outside"),
    (
        "src/device/queue.rs",
        11,
        "commands are added; waiting for the device is done outside, and ends when the device fails",
    ),
    ("src/measure/family.rs", 15, "what is known of one object, which one thread alone measures"),
    ("src/measure/neighbours/places.rs", 5, "what lies around objects, found outside of the cell and moved into it"),
    ("src/measure/surface.rs", 2, "constants of a pattern, worked out outside of the cell and moved into it"),
    ("src/measure/texture/entropy.rs", 2, "a table of constants that a single thread works out"),
    ("src/measure/texture/kept.rs", 4, "numbers of one region, which one thread alone works out and looks at"),
    ("src/memory.rs", 4, "a list of free blocks"),
    ("src/simd/wide.rs", 2, "asks the processor"),
    ("src/profile.rs", 3, "a map of times; the work that is timed is done outside"),
    ("src/recipe/parse.rs", 2, "the channels of the presets, read outside of the cell"),
    ("src/read/source.rs", 4, "a place in a file is read"),
    ("src/image/labels.rs", 7, "forms of labels are made outside of the cell and moved into it"),
];

/// What may run or wait for other threads, or for a driver.
const LONG: &[&str] = &[
    "par_",
    "rayon::",
    ".install(",
    ".scope(",
    "spawn(",
    "poll(",
    ".recv",
    "block_on(",
    "submit(",
    "create_compute_pipeline",
    "create_shader_module",
];

/// What is done under a lock all the same: file, name of the guard, what, and why.
const EXCEPT: &[(&str, &str, &str, &str)] = &[(
    "src/device/queue.rs",
    "turn",
    "submit(",
    "keeps submissions in the order of recording; the driver calls nothing back that locks",
)];

/// The lines of a file that are code of the program: no comments, no tests.
fn code(source: &str) -> Vec<&str> {
    let lines = source.lines().take_while(|l| !l.starts_with("#[cfg(test)]") && !l.starts_with("#[cfg(all(test"));
    lines.map(|l| l.split("//").next().unwrap_or_default()).filter(|l| !l.trim_start().starts_with("use ")).collect()
}

/// Whether a word stands in a line, and not as the end of another one.
fn has(line: &str, word: &str) -> bool {
    let begins = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| !word.starts_with(char::is_alphabetic) || begins(at))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The lines from `at` on while a guard that is made there lives, and its name if it has one.
fn guarded<'a>(lines: &'a [&'a str], at: usize) -> (&'a [&'a str], Option<&'a str>) {
    let (line, here) = (lines[at].trim(), indent(lines[at]));
    let name = line.strip_prefix("let ").and_then(|l| l.trim_start_matches("mut ").split([' ', ':']).next());
    // Nothing is taken out of it, so it is the guard that gets the name.
    let kept = ["lock(", "held(", "idle("].iter().filter_map(|call| line.rsplit_once(call)).any(|(_, rest)| {
        let rest = rest.split_once(')').map_or("", |(_, rest)| rest);
        matches!(rest, ";" | ".unwrap();" | ".unwrap_or_else(PoisonError::into_inner);")
    });
    let after = &lines[at + 1..];
    let is_blank = |l: &&str| l.trim().is_empty();
    let count = match name {
        Some(name) if kept => {
            let end = format!("drop({name})");
            after.iter().take_while(|l| is_blank(l) || (indent(l) >= here && !l.contains(&end))).count()
        }
        // A guard without a name lives as long as its statement, or the block that it opens.
        _ if line.ends_with(';') => 0,
        _ => after.iter().take_while(|l| is_blank(l) || indent(l) > here).count(),
    };
    (&lines[at..=at + count], name.filter(|_| kept))
}

/// What is wrong with a file.
fn findings(file: &str, source: &str) -> Vec<String> {
    let lines = code(source);
    let mut found = Vec::new();
    let waiting = lines.iter().filter(|l| WAITING.iter().any(|w| has(l, w))).count();
    let known = LISTED.iter().find(|(f, ..)| *f == file).map_or(0, |(_, n, _)| *n);
    if waiting != known {
        found.push(format!(
            "{file}: threads wait for each other in {waiting} lines, the list in tests/locks.rs knows {known}: see that \
             nothing parallel runs there, directly or in what is called, and add it with the reason"
        ));
    }
    for (at, line) in lines.iter().enumerate() {
        // What fills a cell is made before, so that it is only moved in.
        if let Some((_, fill)) = line.split_once("get_or_init(") {
            let moved = fill.strip_prefix("|| ").and_then(|f| f.split_once(')')).map(|(word, _)| word);
            if !moved.is_some_and(|word| word.chars().all(|c| c.is_alphanumeric() || c == '_')) {
                found.push(format!("{file}: \"{}\": make it outside, then get_or_init(|| made)", line.trim()));
            }
        }
        let guard = ["lock(", ".held(", ".idle(", "LazyLock::new"].iter().any(|call| has(line, call));
        if !guard {
            continue;
        }
        let (scope, name) = guarded(&lines, at);
        for long in LONG.iter().filter(|long| scope.iter().any(|l| has(l, long))) {
            if !EXCEPT.iter().any(|(f, guard, what, _)| *f == file && Some(*guard) == name && what == long) {
                found.push(format!("{file}: \"{}\" is held over \"{long}\"", line.trim()));
            }
        }
    }
    found
}

fn walk(folder: &Path, to: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, to);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let below = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
            to.push((below.to_string_lossy().replace('\\', "/"), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn nothing_is_locked_or_filled_while_parallel_work_runs() {
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 100, "the sources were not found");
    let found: Vec<String> = files.iter().flat_map(|(file, source)| findings(file, source)).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    for (file, ..) in LISTED {
        assert!(files.iter().any(|(f, _)| f == file), "{file} is gone: take it off the list");
    }
}

#[test]
fn the_lint_sees_what_it_is_for() {
    for (what, source) in [
        // As it was in volume.rs, and its siblings.
        ("a cell that is filled by a call", "fn f(&self) {\n    self.runs.get_or_init(find);\n}"),
        (
            "a cell that is filled by a block",
            "fn f(&self) {\n    self.cell.get_or_init(|| {\n        draw()\n    });\n}",
        ),
        ("a cell that is filled by a closure", "fn f(&self) {\n    self.cell.get_or_init(|| runs.draw());\n}"),
        ("a new static", "static TABLE: LazyLock<Vec<u8>> = LazyLock::new(table);"),
        ("a new lock", "struct S {\n    list: Mutex<Vec<u8>>,\n}"),
        ("a new wait", "fn f() {\n    let done = answer.recv();\n}"),
    ] {
        assert!(!findings("src/new.rs", source).is_empty(), "{what}");
    }
    let held = |source: &str| findings("src/new.rs", source).iter().filter(|f| f.contains("held over")).count();
    for (what, source) in [
        ("a guard over a loop", "    let mut list = self.list.lock().unwrap();\n    image.par_iter().for_each(f);"),
        ("a guard over a join", "    let list = lock(&self.list);\n    if a {\n        rayon::join(a, b);\n    }"),
        ("a guard over a wait", "    let list = self.held();\n\n    device.poll(how);"),
        ("a guard over a compilation", "    let mut p = lock(&self.p);\n    device.create_compute_pipeline(&d);"),
        (
            "a guard in a condition",
            "    if let Some(x) = self.list.lock().unwrap().get(3) {\n        pool.install(f);\n    }",
        ),
        ("a guard in a statement", "    lock(&self.list)\n        .par_iter()\n        .for_each(f);"),
        (
            "a static that is made in parallel",
            "static T: LazyLock<V> = LazyLock::new(|| {\n    a.par_iter().collect()\n});",
        ),
    ] {
        assert!(held(source) > 0, "{what}");
    }
    for (what, source) in [
        ("a guard that is dropped before", "    let list = lock(&self.list);\n    drop(list);\n    image.par_iter();"),
        ("a guard that ends with its statement", "    let n = lock(&self.list).len();\n    image.par_iter();"),
        (
            "a guard that ends with its block",
            "    {\n        let list = lock(&self.list);\n    }\n    image.par_iter();",
        ),
        ("a comment", "    let list = lock(&self.list);\n    // image.par_iter();"),
    ] {
        assert_eq!(held(source), 0, "{what}");
    }
}

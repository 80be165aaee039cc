//! What a run says when it ends.

use crate::batch::{Failures, Reason, Summary};
use crate::printable;
use std::path::Path;

/// From more images than this on the slowest are named.
const MANY: usize = 10;

/// What the user reads last: where the results are, what to look at, how to go on.
pub(super) fn last_words(summary: &Summary, out: &Path, overlays: bool) -> String {
    let mut lines = Vec::new();
    let out = out.display().to_string();
    if let Some(reason) = summary.stopped {
        lines.push(format!("stopped early: {}", reason.words()));
    }
    if summary.removed > 0 {
        lines.push(format!(
            "{} files of the run before were removed: nothing of this run stands for them",
            summary.removed
        ));
    }
    if summary.warnings > 0 {
        let n = summary.warnings;
        lines.push(format!(
            "{n} {}: see the column warnings of images.csv",
            if n == 1 { "warning" } else { "warnings" }
        ));
    }
    if summary.failed > 0 {
        lines.push(format!("{} failed: see the column reason of images.csv", summary.failed));
        lines.extend(summary.failures.iter().map(failures));
    }
    // Of a handful of images everybody sees which one took long.
    if summary.ok + summary.failed > MANY && !summary.slowest.is_empty() {
        let slowest: Vec<String> = summary.slowest.iter().map(|(image, s)| format!("{image} {s:.2} s")).collect();
        lines.push(format!("slowest: {}", slowest.join(", ")));
    }
    let look = if overlays && summary.ok > 0 { "; look at overlays/ before you trust a table" } else { "" };
    lines.push(format!("results: {out}{look}"));
    if matches!(summary.stopped, Some(Reason::Interrupted | Reason::DiskFull)) {
        lines.push("to go on: the same command with --resume".into());
    }
    lines.push(summary.to_string());
    lines.iter().map(|line| format!("{}\n", printable(line))).collect()
}

/// What is said of a run that should be quiet: one line if there is something to look at.
pub(super) fn quiet_words(summary: &Summary, out: &Path) -> String {
    let Summary { failed, skipped, warnings, .. } = summary;
    if failed + skipped + warnings == 0 {
        return String::new();
    }
    let images = out.join("images.csv").display().to_string();
    let warned = if *warnings == 0 { String::new() } else { format!(", {warnings} warnings") };
    format!("{summary}{warned}: see {}\n", printable(&images))
}

/// Images that failed in the same way, on a line.
pub(super) fn failures(f: &Failures) -> String {
    let more = if f.count > f.first.len() { ", ..." } else { "" };
    format!("  {} {} ({}): {}{more}", f.count, f.code, f.stage.name(), f.first.join(", "))
}

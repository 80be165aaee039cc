//! `uptake inspect`

use super::{End, print, say};
use crate::batch::{self, NotRead, Seen};
use crate::image::{Modality, NO_UNIT, Scan};
use crate::read::Extent;
use crate::table::Cells;
use crate::units::{Shape, Spacing};
use crate::{Error, Result, printable, read};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Image files, or folders: of those, one line an image, unless there is a single one
    #[arg(required = true)]
    file: Vec<PathBuf>,
    /// As JSON, one object a line
    #[arg(long)]
    json: bool,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let mut good = 0;
        let mut all = 0;
        for path in &self.file {
            if path.is_dir() {
                match several(path) {
                    Ok(None) => {}
                    Ok(Some(seen)) => {
                        all += seen.len();
                        good += seen.iter().map(|seen| self.line(path, seen)).sum::<Result<usize>>()?;
                        continue;
                    }
                    Err(e) => {
                        all += 1;
                        say(&format!("error: {}\n", e.at(path)));
                        continue;
                    }
                }
            }
            all += 1;
            let name = path.display().to_string();
            match read::open(path, &read::Options::default()) {
                Ok(scan) if self.json => print(&format!("{}\n", as_json(&name, &scan)?))?,
                Ok(scan) => print(&describe(&printable(&name), &scan)?)?,
                Err(e) => {
                    say(&format!("error: {e}\n"));
                    continue;
                }
            }
            good += 1;
        }
        Ok(match good {
            0 => End::Nothing,
            n if n < all => End::SomeFailed,
            _ => End::Done,
        })
    }
}

/// The images of a folder, if there are several: one is described like a file.
fn several(folder: &Path) -> Result<Option<Vec<Seen>>> {
    let seen = batch::survey(folder)?;
    let images = seen.iter().filter(|(_, s)| !matches!(s, Err(NotRead::Skipped(_)))).count();
    Ok(if images == 1 && read::examine(folder, &read::Options::default()).is_ok() { None } else { Some(seen) })
}

impl Args {
    /// One line for an image of a folder. Returns how many were good.
    fn line(&self, folder: &Path, (name, seen): &Seen) -> Result<usize> {
        let path = folder.join(name);
        let name = path.display().to_string();
        match seen {
            Ok(extent) if self.json => print(&format!("{}\n", header_as_json(&name, extent)))?,
            Ok(extent) => {
                let size = extent.spacing.map_or("pixels of unknown size".into(), |s| spacing(extent.shape, s));
                let channels = printable(&extent.names.join(", ")).into_owned();
                print(&format!("{}: {}, {size}, {channels}\n", printable(&name), extent.shape))?;
            }
            Err(NotRead::Skipped(reason)) => {
                say(&format!("{}: passed over, {}\n", printable(&name), printable(reason)));
            }
            Err(NotRead::Failed(e)) => {
                say(&format!("error: {}\n", Error { path: Some(path), ..e.clone() }));
                return Ok(0);
            }
        }
        Ok(1)
    }
}

fn header_as_json(name: &str, extent: &Extent) -> Value {
    json!({
        "file": name,
        "size_zyx": extent.shape.zyx(),
        "spacing_zyx": extent.spacing.map(|s| s.zyx),
        "unit": extent.spacing.map(|s| s.unit.name()),
        "channels": extent.names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
    })
}

fn spacing(shape: Shape, spacing: Spacing) -> String {
    let [z, y, x] = spacing.zyx;
    let depth = if shape.is_flat() { String::new() } else { format!("{z} x ") };
    format!("{depth}{y} x {x} {}", spacing.unit.name())
}

fn modality(scan: &Scan) -> &'static str {
    match scan.modality {
        Modality::Fluorescence => "fluorescence",
        Modality::Pet => "pet",
        Modality::Other => "other",
        Modality::Unknown => "unknown",
    }
}

/// Smallest and largest value of a channel.
fn values(scan: &Scan, channel: usize) -> Result<Option<(f64, f64)>> {
    let Some(c) = scan.channels.get(channel) else { return Ok(None) };
    let samples = c.volume.samples.host()?;
    let ends = samples.iter().min().zip(samples.iter().max());
    Ok(ends.map(|(a, b)| (c.volume.scale.value(f64::from(*a)), c.volume.scale.value(f64::from(*b)))))
}

fn describe(name: &str, scan: &Scan) -> Result<String> {
    let axes = if scan.shape.is_flat() { "y, x" } else { "z, y, x" };
    let spacing = scan.spacing.map_or("unknown; the tables count in px".into(), |s| spacing(scan.shape, s));
    let mut text = format!("{name}\n  {:12} {}\n  {:12} {} ({axes})\n", "modality", modality(scan), "size", scan.shape);
    text += &format!("  {:12} {spacing}\n", "spacing");
    for (i, c) in scan.channels.iter().enumerate() {
        let unit = if c.unit == NO_UNIT { String::new() } else { format!(" {}", c.unit) };
        let range = values(scan, i)?.map_or(String::new(), |(a, b)| format!(", values {a} to {b}{unit}"));
        let full = c.saturated.filter(|n| *n > 0).map_or(String::new(), |n| format!(", {n} voxels saturated"));
        text += &format!("  {:12} {}{range}{full}\n", format!("channel {i}"), printable(&c.name));
    }
    for (fact, value) in &scan.facts {
        text += &format!("  {fact:12} {}\n", printable(value));
    }
    for column in &scan.audit.columns {
        if let Some(value) = first(&column.cells) {
            text += &format!(
                "  {:28} {}\n",
                column.name,
                value.as_str().map_or(value.to_string(), |v| printable(v).into_owned())
            );
        }
    }
    for (kind, lines) in [("warning", &scan.warnings), ("note", &scan.notes)] {
        lines.iter().for_each(|line| text += &format!("  {kind:12} {}\n", printable(line)));
    }
    Ok(text)
}

/// The only row of a column, if its cell is not empty.
fn first(cells: &Cells) -> Option<Value> {
    match cells {
        Cells::Text(v) => v.first()?.clone().map(Value::from),
        Cells::Int(v) => v.first()?.map(Value::from),
        Cells::Real(v) => v.first()?.map(Value::from),
    }
}

fn as_json(name: &str, scan: &Scan) -> Result<Value> {
    let mut channels = Vec::new();
    for (i, c) in scan.channels.iter().enumerate() {
        let range = values(scan, i)?;
        channels.push(json!({
            "name": c.name,
            "unit": c.unit,
            "min": range.map(|r| r.0),
            "max": range.map(|r| r.1),
            "step": c.volume.scale.factor(),
            "saturated": c.saturated,
        }));
    }
    let facts: serde_json::Map<String, Value> =
        scan.facts.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
    Ok(json!({
        "file": name,
        "modality": modality(scan),
        "size_zyx": scan.shape.zyx(),
        "spacing_zyx": scan.spacing.map(|s| s.zyx),
        "unit": scan.spacing.map(|s| s.unit.name()),
        "origin_mm": scan.patient_grid.map(|p| p.origin),
        "directions_zyx": scan.patient_grid.map(|p| p.directions),
        "channels": channels,
        "facts": facts,
        "audit": scan.audit.columns.iter().map(|c| (c.name.clone(), first(&c.cells).into())).collect::<serde_json::Map<_, Value>>(),
        "warnings": scan.warnings,
        "notes": scan.notes,
    }))
}

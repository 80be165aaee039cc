//! Tables by cp-measure, and the images that they are of. `../shared/data/cp_measure/README.md` says what they are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use uptake::image::{Labels, Volume};
use uptake::measure::{self, ChannelRef, Chosen, Request};
use uptake::read::{self, Options};
use uptake::table::{Cells, Table};

/// An image with its objects.
pub struct Fixture {
    /// What the names of its sets begin with.
    pub name: &'static str,
    /// Its objects.
    pub labels: Labels,
    /// Its channels.
    pub channels: Vec<Volume>,
    /// The value that the tables count as 1.
    pub full_scale: f64,
}

const NAMES: [&str; 3] = ["ch0", "ch1", "ch2"];

impl Fixture {
    fn new(name: &'static str, image: PathBuf, labels: PathBuf, channels: usize, full_scale: f64) -> Self {
        let (shape, voxels) = read::labels(&labels, &Options::default()).unwrap();
        let scan = read::open(&image, &Options::default()).unwrap();
        let channels = scan.channels.into_iter().take(channels).map(|c| c.volume).collect();
        Fixture { name, labels: Labels::new(shape, voxels).unwrap(), channels, full_scale }
    }

    /// All images of the tables.
    pub fn all() -> Vec<Fixture> {
        let bbbc = |name, objects| {
            let image = super::shared("bioimage").join("BBBC022_IXMtest_A02_s9.tif");
            let labels = super::shared("cp_measure").join(format!("labels_BBBC022_{objects}.tif"));
            Fixture::new(name, image, labels, 3, 4095.0)
        };
        let dsb = |kind: &str, end: &str| super::shared("dsb2018").join(kind).join(format!("245b995878370ef4.{end}"));
        vec![
            bbbc("BBBC022/nuclei", "nuclei"),
            bbbc("BBBC022/cells", "cells"),
            Fixture::new("dsb2018/245b995878370ef4", dsb("images", "png"), dsb("labels", "tif"), 1, 255.0),
        ]
    }

    /// The table of these families in all channels, which are called `ch0`, `ch1` and `ch2`.
    pub fn measure(&self, families: &[Chosen]) -> Table {
        let channel = |(volume, name): (_, &&'static str)| ChannelRef::new(name, "au", volume);
        let channels: Vec<ChannelRef> = self.channels.iter().zip(&NAMES).map(channel).collect();
        measure::objects(&Request { channels: &channels, families, ..Request::new(&self.labels) }).unwrap()
    }

    /// The sets of a table of single channels, each with the end of the names of its columns.
    pub fn by_channel(&self) -> Vec<(String, String)> {
        let one = |name: &&str| match self.channels.len() {
            1 => (self.name.into(), (*name).into()),
            _ => (format!("{}/{name}", self.name), (*name).into()),
        };
        NAMES.iter().take(self.channels.len()).map(one).collect()
    }
}

/// A table: for each set its rows, each a number or nothing (`nan`) by column.
pub type Expected = BTreeMap<String, Vec<BTreeMap<String, Option<f64>>>>;

/// Reads a table. Where it has several methods each is a set of its own.
pub fn expected(file: &str) -> Expected {
    let text = std::fs::read_to_string(super::shared("cp_measure").join(file)).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let heads = lines.next().unwrap();
    let mut all = Expected::new();
    let has_methods = heads[2] == "method";
    for fields in lines {
        let set = if has_methods { format!("{}/{}", fields[0], fields[2]) } else { fields[0].into() };
        let rows = all.entry(set).or_default();
        assert_eq!(fields[1].parse::<usize>().unwrap(), rows.len() + 1);
        let number = |text: &str| text.parse::<f64>().ok().filter(|v| v.is_finite());
        rows.push(
            heads
                .iter()
                .zip(&fields)
                .skip(2 + usize::from(has_methods))
                .map(|(h, f)| (h.to_string(), number(f)))
                .collect(),
        );
    }
    all
}

/// What is wrong, and how many cells were compared.
#[derive(Default)]
pub struct Report {
    wrong: Vec<String>,
    /// Cells of both tables that were set side by side.
    pub compared: usize,
}

impl Report {
    /// Compares all rows of a set, column by column: what is theirs is `factor` times ours, in the column that `ours` gives.
    /// `ours` gives nothing for a column that is not compared.
    pub fn set(
        &mut self,
        rows: &[BTreeMap<String, Option<f64>>],
        table: &Table,
        relative: f64,
        ours: impl Fn(&str) -> Option<(String, f64)>,
        may_differ: impl Fn(&str, &BTreeMap<String, Option<f64>>) -> bool,
    ) {
        assert_eq!(rows.len(), table.rows());
        for (row, expected) in rows.iter().enumerate() {
            for (name, want) in expected {
                let Some((column, factor)) = ours(name) else { continue };
                if may_differ(name, expected) {
                    continue;
                }
                let got = cell(table, &column, row).map(|v| v * factor);
                let same = match (got, want) {
                    (Some(g), Some(w)) => (g - w).abs() <= relative * w.abs() + 1e-12,
                    (None, None) => true,
                    _ => false,
                };
                self.compared += 1;
                if !same {
                    self.wrong.push(format!("{column} row {}: {got:?}, {name} is {want:?}", row + 1));
                }
            }
        }
    }

    /// Nothing is wrong, and so many cells were compared.
    pub fn check(self, compared: usize) {
        let first: Vec<_> = self.wrong.iter().take(40).collect();
        assert!(self.wrong.is_empty(), "{} of {}:\n{first:#?}", self.wrong.len(), self.compared);
        assert_eq!(self.compared, compared);
    }
}

/// A cell as a number; whole numbers too.
pub fn cell(table: &Table, name: &str, row: usize) -> Option<f64> {
    match &table.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Int(v) => v[row].map(|v| v as f64),
        Cells::Real(v) => v[row],
        Cells::Text(_) => panic!("{name} is text"),
    }
}

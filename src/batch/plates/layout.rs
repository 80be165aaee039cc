//! The layout of plates: a CSV file that says what is in each well, for all plates or for each of them.
//!
//! ```text
//! well,compound,dose,unit,control
//! B02,EGF,10,nM,
//! B03,EGF,1,uM,
//! A01,,,,negative
//! ```
//!
//! With a column of the plate, a line is of that plate; without it, or where the cell is empty, of all. Its columns become columns
//! of metadata, as those of a sample sheet.

use super::well::Well;
use crate::batch::csv_table::CsvTable;
use crate::batch::item::Task;
use crate::batch::item_list::ItemList;
use crate::batch::metadata::{self, Metadata};
use crate::recipe::{self, Recipe};
use crate::words::suggestion;
use crate::{Error, Result};
use csv::StringRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What is in the wells.
struct PlateLayout {
    /// Columns of metadata.
    names: Vec<String>,
    /// By plate (all, if there is none) and well: the line, and its cells.
    wells: BTreeMap<(Option<String>, Well), Line>,
    /// Of which plates it says something (all, if there is none).
    plates: BTreeSet<Option<String>>,
}

/// The number of a line, and its cells.
type Line = (u64, Vec<Option<String>>);

/// Gives each image what the layout of the recipe says of its well.
///
/// # Errors
/// The file cannot be read, says two things of one well, or contradicts what is known of an image.
pub fn lay_out(recipes: &[&Recipe], known: &mut Metadata, items: &mut ItemList) -> Result<()> {
    let Some(keys) = recipes.iter().find_map(|recipe| recipe.body.plates.as_ref()) else { return Ok(()) };
    let Some(path) = &keys.layout else { return Ok(()) };
    let layout = PlateLayout::open(path, keys).map_err(|e| e.at(path))?;
    let places = known.add(&layout.names, "As the layout of the plates says.");
    let mut met = false;
    items.change(|item| {
        if !matches!(item.task, Task::Measure) {
            return Ok(());
        }
        let cell = |name: &str| known.value(item, name).flatten().map(str::to_owned);
        // An image without them, or with a name that is no well, is refused later, with the words for that.
        let Some((plate, well)) = cell(&keys.plate).zip(cell(&keys.well).and_then(|w| Well::parse(&w))) else {
            return Ok(());
        };
        layout.knows(&plate).map_err(|e| Error { what: format!("{}: {}", item.name, e.what), ..e }.at(path))?;
        let Some((line, cells)) = layout.of(&plate, well) else { return Ok(()) };
        met = true;
        metadata::put(item, &places, cells, |_, a, b| a == b).map_err(|e| {
            let column = &known.names()[e.place];
            let what =
                format!("{}: {column} is \"{}\", and \"{}\" in line {line} of the layout", item.name, e.there, e.new);
            Error::usage(what).at(path).remedy("one of them, in the sample sheet or in the layout")
        })
    })?;
    if met || items.measured().next().is_none() {
        return Ok(());
    }
    let e = Error::usage("no image lies in a well of the layout").at(path);
    Err(e.remedy(format!("the columns {} and {} in the sample sheet or in files.groups", keys.plate, keys.well)))
}

impl PlateLayout {
    fn open(path: &Path, keys: &recipe::Plates) -> Result<Self> {
        let CsvTable { header, records } = CsvTable::open(path, "layout")?;
        let place = |name: &str| header.iter().position(|column| column == name);
        let Some(well) = place(&keys.well) else {
            let names: Vec<&str> = header.iter().collect();
            let e = Error::format(format!("the layout has no column {}", keys.well));
            return Err(match suggestion(&keys.well, &names) {
                Some(likely) => e.remedy(format!("{} as the name of the column \"{likely}\"", keys.well)),
                None => e.remedy(format!("a first line like {},compound,dose,unit,control", keys.well)),
            });
        };
        let plate = place(&keys.plate);
        let others: Vec<usize> =
            (0..header.len()).filter(|i| *i != well && Some(*i) != plate && !header[*i].is_empty()).collect();
        let names: Vec<String> = others.iter().map(|i| header[*i].to_owned()).collect();
        let mut layout = PlateLayout { names, wells: BTreeMap::new(), plates: BTreeSet::new() };
        let cell = |record: &StringRecord, i: usize| record.get(i).filter(|t| !t.is_empty()).map(str::to_owned);
        for (line, record) in &records {
            let text = cell(record, well).unwrap_or_default();
            let well = Well::parse(&text).ok_or_else(|| {
                Error::format(format!("line {line}: \"{text}\" is no well"))
                    .remedy("A01 to AF48, also as a1, A-1, 1A, r01c01 or Row 1 Col 1")
            })?;
            let plate = plate.and_then(|i| cell(record, i));
            let cells = others.iter().map(|i| cell(record, *i)).collect();
            layout.plates.insert(plate.clone());
            if let Some((other, _)) = layout.wells.insert((plate, well), (*line, cells)) {
                return Err(twice(well, other, *line));
            }
        }
        let clash = layout.wells.iter().find_map(|((plate, well), (line, _))| {
            let (all, _) = layout.wells.get(&(None, *well)).filter(|_| plate.is_some())?;
            Some(twice(*well, *all, *line))
        });
        clash.map_or(Ok(layout), Err)
    }

    /// What it says of a well.
    fn of(&self, plate: &str, well: Well) -> Option<&Line> {
        self.wells.get(&(Some(plate.to_owned()), well)).or_else(|| self.wells.get(&(None, well)))
    }

    /// A plate that is misspelt would have no wells.
    fn knows(&self, plate: &str) -> Result<()> {
        if self.plates.contains(&None) || self.plates.contains(&Some(plate.to_owned())) {
            return Ok(());
        }
        let names: Vec<&str> = self.plates.iter().flatten().map(String::as_str).take(20).collect();
        let e = Error::usage(format!("the layout has no plate \"{plate}\", but {}", names.join(", ")));
        Err(e.remedy("lines of that plate, or an empty cell for all plates"))
    }
}

fn twice(well: Well, a: u64, b: u64) -> Error {
    let (a, b) = (a.min(b), a.max(b));
    Error::format(format!("the lines {a} and {b} are of the well {well}")).remedy("one line for each well of a plate")
}

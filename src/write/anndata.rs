//! A table of objects as AnnData (`.h5ad`), which scanpy and squidpy read: numbers in `X`, what rows are of in `obs`, what columns are in
//! `var`, places in `obsm["spatial"]`.
//!
//! The layout is that of AnnData's on-disk format (dataframe and array 0.2.0, categorical 0.2.0). Rows go to the file as they come; of
//! columns of words the different words are held.

use super::hdf5::{Dataset, Hdf5, Kind, Value};
use crate::table::arrow::{Values, fact};
use crate::{Error, Result};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema, SchemaRef};
use std::collections::HashMap;
use std::path::Path;

/// A file that rows are appended to. Without [`AnnDataSink::finish`] no file is left.
#[derive(Debug)]
pub struct AnnDataSink {
    file: Hdf5,
    table: String,
    open: Option<Open>,
}

/// What is known once there is a batch.
#[derive(Debug)]
struct Open {
    schema: SchemaRef,
    /// Names of the rows.
    index: Dataset,
    /// Columns of `obs`, with their places in a batch.
    obs: Vec<(usize, Observed)>,
    /// Places of the columns of `X`.
    numbers: Vec<usize>,
    x: Dataset,
    /// Places by unit, with the columns of x, y and, of stacks, z.
    spatial: Vec<Spatial>,
}

/// A column of `obs`.
#[derive(Debug)]
enum Observed {
    Words { codes: Dataset, known: HashMap<String, i32>, words: Vec<String> },
    Whole(Dataset),
    Real(Dataset),
}

/// Centroids in one unit: of flat images with x and y, of stacks with z as well. Which of both the table has is known at its end.
#[derive(Debug)]
struct Spatial {
    unit: &'static str,
    columns: Vec<usize>,
    flat: Dataset,
    deep: Dataset,
    is_known: bool,
    is_deep: bool,
}

/// Units of centroids, the best first.
const UNITS: [&str; 3] = ["um", "mm", "px"];
const ARRAY: [(&str, Value); 2] = [("encoding-type", Value::Text("array")), ("encoding-version", Value::Text("0.2.0"))];
const WORDS: [(&str, Value); 2] =
    [("encoding-type", Value::Text("string-array")), ("encoding-version", Value::Text("0.2.0"))];
const CATEGORICAL: [(&str, Value); 3] = [
    ("encoding-type", Value::Text("categorical")),
    ("encoding-version", Value::Text("0.2.0")),
    ("ordered", Value::False),
];
const DICT: [(&str, Value); 2] = [("encoding-type", Value::Text("dict")), ("encoding-version", Value::Text("0.1.0"))];
const WORD: [(&str, Value); 2] = [("encoding-type", Value::Text("string")), ("encoding-version", Value::Text("0.2.0"))];

impl AnnDataSink {
    /// Opens the file of a table under another name beside its place.
    ///
    /// # Errors
    /// The system refuses to write there.
    pub fn open(path: impl AsRef<Path>, table: &str) -> Result<Self> {
        Ok(AnnDataSink { file: Hdf5::create(path)?, table: table.into(), open: None })
    }

    /// Takes the rows of a batch; the first batch gives the columns.
    ///
    /// # Errors
    /// The disk is full.
    pub fn append(&mut self, rows: &RecordBatch) -> Result<()> {
        if self.open.is_none() {
            self.open = Some(Open::begin(rows.schema()).map_err(|e| e.at(self.file.path()))?);
        }
        let (Some(open), file) = (&mut self.open, &mut self.file) else { return Ok(()) };
        open.append(file, rows).map_err(|e| e.at(file.path()))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn finish(self) -> Result<()> {
        let AnnDataSink { mut file, table, open } = self;
        let Some(open) = open else { return Ok(()) };
        let root = open.finish(&mut file, &table)?;
        file.finish(root)
    }
}

/// A column that says what a row is of, not what was measured.
fn is_of_obs(name: &str, kind: &DataType) -> bool {
    *kind == DataType::Utf8 || name == "label" || name.starts_with("parent_")
}

impl Open {
    fn begin(schema: SchemaRef) -> Result<Self> {
        // Names of columns are names of links there, which a slash takes apart.
        let odd = |name: &&String| name.contains('/') || *name == "_index" || *name == ".";
        if let Some(name) = schema.fields().iter().map(|f| f.name()).find(odd) {
            let e = Error::usage(format!("AnnData can have no column \"{name}\""));
            return Err(e.remedy("another name in the sample sheet, without /, or anndata = false in [output]"));
        }
        let place = |name: &str| schema.index_of(name).ok();
        let (mut obs, mut numbers) = (Vec::new(), Vec::new());
        for (i, field) in schema.fields().iter().enumerate() {
            match field.data_type() {
                kind if !is_of_obs(field.name(), kind) => numbers.push(i),
                DataType::Utf8 => {
                    let codes = Dataset::new(Kind::I32, None);
                    obs.push((i, Observed::Words { codes, known: HashMap::new(), words: vec![] }));
                }
                _ if field.name() == "label" => obs.push((i, Observed::Whole(Dataset::new(Kind::I64, None)))),
                _ => obs.push((i, Observed::Real(Dataset::new(Kind::F64, None)))),
            }
        }
        let spatial = UNITS.into_iter().filter_map(|unit| {
            let columns: Vec<usize> =
                ["x", "y", "z"].iter().map_while(|a| place(&format!("centroid_{a}_{unit}"))).collect();
            let [flat, deep] = [2, 3].map(|width| Dataset::new(Kind::F64, Some(width)));
            let spatial = Spatial { unit, columns, flat, deep, is_known: false, is_deep: false };
            (spatial.columns.len() > 1).then_some(spatial)
        });
        let x = Dataset::new(Kind::F64, Some(numbers.len() as u64));
        let (spatial, index) = (spatial.collect(), Dataset::new(Kind::Text, None));
        Ok(Open { schema, index, obs, numbers, x, spatial })
    }

    fn append(&mut self, file: &mut Hdf5, rows: &RecordBatch) -> Result<()> {
        let columns = rows.columns().iter().map(Values::of).collect::<Result<Vec<_>>>()?;
        let n = rows.num_rows();
        let place = |name: &str| self.schema.index_of(name).ok().and_then(|i| columns.get(i));
        let names: Vec<String> = (0..n)
            .map(|row| match (place("image"), place("label")) {
                (Some(Values::Text(image)), Some(Values::Int(label))) => {
                    format!("{}:{}", image.value(row), label.value(row))
                }
                _ => row.to_string(),
            })
            .collect();
        self.index.append_texts(file, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
        self.x.append(file, n as u64, &table(&columns, &self.numbers, n))?;
        for spatial in &mut self.spatial {
            spatial.append(file, &columns, n)?;
        }
        for (i, observed) in &mut self.obs {
            observed.append(file, &columns[*i], n)?;
        }
        Ok(())
    }

    /// Writes what is left; returns the header of the root.
    fn finish(self, file: &mut Hdf5, table: &str) -> Result<u64> {
        let Open { schema, index, obs, numbers, x, spatial } = self;
        let x = x.finish(file, &ARRAY)?;
        let mut headers = vec![("_index", index.finish(file, &WORDS)?)];
        let obs_names: Vec<&str> = obs.iter().map(|(i, _)| schema.field(*i).name().as_str()).collect();
        for (name, (_, observed)) in obs_names.iter().zip(obs) {
            headers.push((name, observed.finish(file)?));
        }
        let obs = file.group(&headers, &frame(&obs_names))?;
        let var = var(file, &schema, &numbers)?;
        let mut places = Vec::new();
        let mut unit = None;
        for Spatial { unit: own, flat, deep, is_known, is_deep, .. } in spatial {
            let header = if is_deep { deep } else { flat }.finish(file, &ARRAY)?;
            if is_known && unit.is_none() {
                unit = Some(own);
                places.push(("spatial", header));
            }
            if own == "px" {
                places.push(("spatial_px", header));
            }
        }
        let obsm = file.group(&places, &DICT)?;
        let mut facts = vec![("table", table), ("uptake_version", env!("CARGO_PKG_VERSION"))];
        facts.extend(unit.map(|unit| ("spatial_unit", unit)));
        let facts = facts.into_iter().map(|(name, word)| Ok((name, file.words(&[word], false, &WORD)?)));
        let facts: Vec<(&str, u64)> = facts.collect::<Result<_>>()?;
        let uptake = file.group(&facts, &DICT)?;
        let uns = file.group(&[("uptake", uptake)], &DICT)?;
        let root = [("X", x), ("obs", obs), ("var", var), ("obsm", obsm), ("uns", uns)];
        file.group(&root, &[("encoding-type", Value::Text("anndata")), ("encoding-version", Value::Text("0.1.0"))])
    }
}

/// The attributes of a data frame.
fn frame<'a>(columns: &'a [&'a str]) -> [(&'static str, Value<'a>); 4] {
    [
        ("encoding-type", Value::Text("dataframe")),
        ("encoding-version", Value::Text("0.2.0")),
        ("_index", Value::Text("_index")),
        ("column-order", Value::Texts(columns)),
    ]
}

/// The columns of `X`, with their units and definitions.
fn var(file: &mut Hdf5, schema: &Schema, numbers: &[usize]) -> Result<u64> {
    let fields: Vec<_> = numbers.iter().map(|i| schema.field(*i)).collect();
    let names: Vec<&str> = fields.iter().map(|f| f.name().as_str()).collect();
    let mut headers = vec![("_index", file.words(&names, true, &WORDS)?)];
    let facts = ["unit", "definition", "standard", "empty"];
    for key in facts {
        let words: Vec<&str> = fields.iter().map(|f| fact(f, key)).collect();
        headers.push((key, file.words(&words, true, &WORDS)?));
    }
    file.group(&headers, &frame(&facts))
}

/// A number, or NaN where the cell is empty.
fn real(column: &Values, row: usize) -> f64 {
    match column {
        Values::Int(v) if v.is_valid(row) => v.value(row) as f64,
        Values::Real(v) if v.is_valid(row) => v.value(row),
        _ => f64::NAN,
    }
}

/// The numbers of some columns, row by row.
fn table(columns: &[Values], chosen: &[usize], rows: usize) -> Vec<u8> {
    let cells = (0..rows).flat_map(|row| chosen.iter().map(move |i| (row, *i)));
    cells.flat_map(|(row, i)| real(&columns[i], row).to_le_bytes()).collect()
}

impl Spatial {
    fn append(&mut self, file: &mut Hdf5, columns: &[Values], rows: usize) -> Result<()> {
        let [x, y] = [&columns[self.columns[0]], &columns[self.columns[1]]];
        let z = self.columns.get(2).map(|i| &columns[*i]);
        let (mut flat, mut deep) = (Vec::with_capacity(16 * rows), Vec::with_capacity(24 * rows));
        for row in 0..rows {
            let [x, y] = [x, y].map(|column| real(column, row));
            let z = z.map_or(f64::NAN, |column| real(column, row));
            self.is_known |= x.is_finite();
            self.is_deep |= z.is_finite();
            flat.extend([x, y].iter().flat_map(|v| v.to_le_bytes()));
            // A flat image among stacks lies at 0.
            let z = if x.is_finite() && z.is_nan() { 0.0 } else { z };
            deep.extend([x, y, z].iter().flat_map(|v| v.to_le_bytes()));
        }
        self.flat.append(file, rows as u64, &flat)?;
        self.deep.append(file, rows as u64, &deep)
    }
}

impl Observed {
    fn append(&mut self, file: &mut Hdf5, column: &Values, rows: usize) -> Result<()> {
        let n = rows as u64;
        match (self, column) {
            (Observed::Words { codes, known, words }, Values::Text(v)) => {
                let mut bytes = Vec::with_capacity(4 * rows);
                for row in 0..rows {
                    let word = v.is_valid(row).then(|| v.value(row));
                    let code = match word.map(|word| (word, known.get(word))) {
                        None => -1,
                        Some((_, Some(code))) => *code,
                        Some((word, None)) => {
                            let code =
                                i32::try_from(words.len()).map_err(|_| Error::limit("too many different words"))?;
                            known.insert(word.into(), code);
                            words.push(word.into());
                            code
                        }
                    };
                    bytes.extend(code.to_le_bytes());
                }
                codes.append(file, n, &bytes)
            }
            (Observed::Whole(dataset), Values::Int(v)) => {
                let bytes: Vec<u8> = (0..rows).flat_map(|row| v.value(row).to_le_bytes()).collect();
                dataset.append(file, n, &bytes)
            }
            (Observed::Real(dataset), column) => {
                dataset.append(file, n, &table(std::slice::from_ref(column), &[0], rows))
            }
            _ => Err(Error::new(crate::Kind::Internal, "a column of the table changed its type")),
        }
    }

    fn finish(self, file: &mut Hdf5) -> Result<u64> {
        match self {
            Observed::Whole(dataset) | Observed::Real(dataset) => dataset.finish(file, &ARRAY),
            Observed::Words { codes, words, .. } => {
                let codes = codes.finish(file, &ARRAY)?;
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let categories = file.words(&words, true, &WORDS)?;
                file.group(&[("codes", codes), ("categories", categories)], &CATEGORICAL)
            }
        }
    }
}

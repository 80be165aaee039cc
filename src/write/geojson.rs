//! Objects as GeoJSON, as QuPath opens them: a feature an object, with its outline along the edges of its pixels.
//!
//! Places count in pixels from the corner of the image, x before y, as QuPath's. A feature has an `id` (a UUID that follows from image,
//! set and label), `geometry`, for cells `nucleusGeometry`, and under `properties` its `objectType` (`detection` or `cell`), `name` (the
//! label), `classification` with a colour, and `measurements`. Geometries of a stack have a `plane`. Facts: RFC 7946, and the export
//! of QuPath 0.4 and later. Features are written as rows come: those of a million objects are never in memory together.

use super::draft::Draft;
use super::rings::{Polygon, polygons};
use crate::image::{Labels, ObjectSet};
use crate::in_order::in_order;
use crate::table::{Cells, Table};
use crate::{Error, Kind, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What the features of a file are of.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Name of the image.
    pub image: String,
    /// Name of the object set: the class of objects that have none.
    pub set: String,
    /// Its place among the sets, which gives its colour.
    pub place: usize,
    /// The objects.
    pub objects: ObjectSet,
    /// The nuclei that cells were grown from, which have the labels of their cells.
    pub nuclei: Option<Labels>,
    /// Names of the classes that objects may have.
    pub classes: Vec<String>,
}

/// Colours of sets and of classes: red, green, blue.
const COLOURS: [[u8; 3]; 8] = [
    [230, 60, 60],
    [60, 180, 75],
    [70, 120, 230],
    [245, 180, 40],
    [170, 70, 200],
    [60, 200, 210],
    [240, 120, 170],
    [150, 110, 60],
];

/// Rows whose features are made together.
const TOGETHER: usize = 1024;

/// A file that features are added to. Without [`GeoJson::finish`] it is not there.
#[derive(Debug)]
pub struct GeoJson {
    drawn: Drawn,
    path: PathBuf,
    out: Out,
    features: usize,
}

#[derive(Debug)]
enum Out {
    Plain(Draft),
    Packed(Box<GzEncoder<Draft>>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Out::Plain(out) => out.write(bytes),
            Out::Packed(out) => out.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Out::Plain(out) => out.flush(),
            Out::Packed(out) => out.flush(),
        }
    }
}

impl GeoJson {
    /// Opens a file; one that ends in `.gz` is packed.
    ///
    /// # Errors
    /// The system refuses, or the labels hold what they cannot.
    pub fn create(path: &Path, drawn: Drawn) -> Result<Self> {
        // The runs are made now, not by several threads at once.
        drawn.objects.labels.runs()?;
        drawn.nuclei.as_ref().map_or(Ok(()), |nuclei| nuclei.runs().map(drop))?;
        let draft = Draft::create(path)?;
        let is_packed = path.extension().is_some_and(|e| e == "gz");
        let out = if is_packed {
            Out::Packed(Box::new(GzEncoder::new(draft, Compression::new(6))))
        } else {
            Out::Plain(draft)
        };
        let mut file = GeoJson { drawn, path: path.into(), out, features: 0 };
        file.put(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
        Ok(file)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|e| Draft::refused("write", &e, &self.path))
    }

    /// Adds the objects of some rows.
    ///
    /// # Errors
    /// The disk is full, or a row is of no object.
    pub fn append(&mut self, rows: &Table) -> Result<()> {
        for from in (0..rows.rows()).step_by(TOGETHER) {
            let rows_now = from..rows.rows().min(from + TOGETHER);
            let made = in_order(rows_now.into_par_iter().map(|row| self.drawn.features(rows, row)))?;
            for feature in made.into_iter().flatten() {
                let lead = if self.features == 0 { "\n" } else { ",\n" };
                self.put(format!("{lead}{feature}").as_bytes())?;
                self.features += 1;
            }
        }
        Ok(())
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn finish(mut self) -> Result<()> {
        self.put(b"\n]}\n")?;
        let draft = match self.out {
            Out::Plain(draft) => draft,
            Out::Packed(out) => out.finish().map_err(|e| Draft::refused("write", &e, &self.path))?,
        };
        draft.commit()
    }
}

impl Drawn {
    /// The features of an object: one, or in a stack one a slice, of which the largest has the measurements.
    fn features(&self, rows: &Table, row: usize) -> Result<Vec<Value>> {
        let label = match rows.column("label").map(|c| &c.cells) {
            Some(Cells::Int(labels)) => labels.get(row).copied().flatten().and_then(|l| u32::try_from(l).ok()),
            _ => None,
        };
        let wrong = || Error::new(Kind::Internal, format!("a row of {} is of no object", self.set));
        let label = label.filter(|l| (1..=self.objects.count()).contains(l)).ok_or_else(wrong)?;
        let points = self.objects.origin.as_ref().and_then(|origin| origin.points.as_ref());
        let geometries = match points.and_then(|points| points.get(label as usize - 1)) {
            // Within, whole numbers are the centres of pixels.
            Some([z, y, x]) => {
                let place = json!({ "type": "Point", "coordinates": [x + 0.5, y + 0.5] });
                vec![(z.round() as usize, 1, place)]
            }
            None => geometries(&self.objects.labels, label)?,
        };
        let nuclei: BTreeMap<usize, Value> = match &self.nuclei {
            Some(nuclei) => geometries_of(nuclei, label)?.into_iter().map(|(z, _, geometry)| (z, geometry)).collect(),
            None => BTreeMap::new(),
        };
        let largest = geometries.iter().max_by_key(|(z, pixels, _)| (*pixels, std::cmp::Reverse(*z))).map(|g| g.0);
        let is_flat = self.objects.labels.shape.z == 1;
        let one = |(z, _, geometry): (usize, usize, Value)| {
            let mut feature = Map::new();
            feature.insert("type".into(), "Feature".into());
            feature.insert("id".into(), self.id(label, z).into());
            feature.insert("geometry".into(), placed(geometry, z, is_flat));
            if let Some(nucleus) = nuclei.get(&z) {
                feature.insert("nucleusGeometry".into(), placed(nucleus.clone(), z, is_flat));
            }
            let measured = if largest == Some(z) { measurements(rows, row) } else { Map::new() };
            feature.insert("properties".into(), self.properties(rows, row, label, measured));
            Value::Object(feature)
        };
        Ok(geometries.into_iter().map(one).collect())
    }

    fn properties(&self, rows: &Table, row: usize, label: u32, measured: Map<String, Value>) -> Value {
        let class = ["phenotype", "class"].into_iter().find_map(|name| match &rows.column(name)?.cells {
            Cells::Text(words) => words.get(row).cloned().flatten(),
            Cells::Int(_) | Cells::Real(_) => None,
        });
        // Classes begin behind the colours of sets.
        let colour = |name: &String| self.classes.iter().position(|c| c == name).map_or(self.place, |i| i + 1);
        let colour = COLOURS[class.as_ref().map_or(self.place, colour) % COLOURS.len()];
        let class = class.unwrap_or_else(|| self.set.clone());
        let kind = if self.nuclei.is_some() { "cell" } else { "detection" };
        json!({
            "objectType": kind,
            "name": label.to_string(),
            "classification": { "name": class, "color": colour },
            "measurements": measured,
        })
    }

    /// A UUID of version 8 (RFC 9562), which is made of what the maker likes: here of a hash.
    fn id(&self, label: u32, z: usize) -> String {
        let mut hasher = Sha256::new();
        for word in [self.image.as_bytes(), self.set.as_bytes(), &label.to_le_bytes(), &(z as u64).to_le_bytes()] {
            hasher.update((word.len() as u64).to_le_bytes());
            hasher.update(word);
        }
        let mut bytes = hasher.finalize();
        (bytes[6], bytes[8]) = (bytes[6] & 0x0f | 0x80, bytes[8] & 0x3f | 0x80);
        let hex: String = bytes.iter().take(16).map(|b| format!("{b:02x}")).collect();
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

/// The outline of an object in each slice, with its number of pixels there.
fn geometries(labels: &Labels, label: u32) -> Result<Vec<(usize, usize, Value)>> {
    let mut slices: BTreeMap<usize, Vec<[usize; 3]>> = BTreeMap::new();
    for run in labels.runs()?.of(label) {
        let [z, y] = run.zy(labels.shape);
        slices.entry(z).or_default().push([y, run.start as usize, run.end as usize]);
    }
    let pixels = |runs: &[[usize; 3]]| runs.iter().map(|[_, begin, end]| end - begin).sum();
    Ok(slices.into_iter().map(|(z, runs)| (z, pixels(&runs), geometry(&polygons(&runs)))).collect())
}

/// Of labels that may have fewer objects.
fn geometries_of(labels: &Labels, label: u32) -> Result<Vec<(usize, usize, Value)>> {
    if label > labels.count { Ok(vec![]) } else { geometries(labels, label) }
}

fn geometry(polygons: &[Polygon]) -> Value {
    // A ring of GeoJSON ends where it began.
    let ring = |ring: &Vec<[usize; 2]>| ring.iter().chain(ring.first()).map(|[y, x]| json!([x, y])).collect::<Value>();
    let rings = |p: &Polygon| std::iter::once(&p.outer).chain(&p.holes).map(ring).collect::<Value>();
    match polygons {
        [only] => json!({ "type": "Polygon", "coordinates": rings(only) }),
        all => json!({ "type": "MultiPolygon", "coordinates": all.iter().map(rings).collect::<Value>() }),
    }
}

/// With its slice, in a stack.
fn placed(mut geometry: Value, z: usize, is_flat: bool) -> Value {
    if !is_flat {
        geometry["plane"] = json!({ "c": -1, "z": z, "t": 0 });
    }
    geometry
}

/// The numbers of a row by their columns; what is empty is left out.
fn measurements(rows: &Table, row: usize) -> Map<String, Value> {
    let number = |cells: &Cells| match cells {
        Cells::Int(v) => v.get(row).copied().flatten().map(Value::from),
        Cells::Real(v) => v.get(row).copied().flatten().map(Value::from),
        Cells::Text(_) => None,
    };
    rows.columns.iter().filter_map(|c| Some((c.name.clone(), number(&c.cells)?))).collect()
}

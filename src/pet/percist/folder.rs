//! The folder of a run: the tables `images`, `lesions` and, where there are, `liver` and `sites`, as CSV or Parquet; and
//! `run.json`, which has the recipe.

use super::change::within;
use super::patients::in_sheet;
use super::record::Record;
use super::sheet::{Line, Sheet};
use super::sites_file::label_files;
use super::{Examination, Lesion, Missing, Visit, Zeros};
use crate::image::NONE_DRAWN;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const RUN: &str = "uptake run IMAGES --recipe pet-percist --out FOLDER";
const PERCIST: &str = "recipe pet-percist gives it";
const PET: &str = "recipes pet and pet-percist give it";
const BODY: &str = "it needs SUV, and weight, height and sex of the patient";

/// Columns of `lesions.csv`: name, which recipe gives it, what it needs.
const LESION_COLUMNS: [(&str, &str, &str); 5] = [
    (
        "sul_peak",
        PERCIST,
        "it needs SUV, the size of a voxel, and weight (10 kg at least: lean mass is one of adults), height and sex of the patient",
    ),
    ("percist_measurable", PERCIST, "it needs sul_peak and the set liver, which recipe pet-percist finds"),
    ("suv_max", PET, "it needs SUV"),
    ("mtv_ml", PET, "it needs the size of a voxel"),
    ("tlg_g", PET, "it needs SUV and the size of a voxel"),
];
/// Columns of `images.csv`, in the same way.
const IMAGE_COLUMNS: [(&str, &str, &str); 2] = [
    ("uptake_min", PET, "it needs the times of injection and scan"),
    ("dose_mbq", PET, "it needs the injected activity"),
];

/// A run.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it lies.
    pub path: PathBuf,
    /// In the order of `images.csv`.
    pub images: Vec<Image>,
}

/// An image of a run.
#[derive(Clone, Debug)]
pub struct Image {
    /// As in the tables.
    pub name: String,
    /// PatientID, as recorded; of images that failed too, where their headers could be read.
    pub patient_id: Option<String>,
    /// What the sample sheet of the run calls the patient: the column `patient` or `subject`.
    pub sheet_patient: Option<String>,
    /// When it was taken, and after which injection; of images that failed too, where their headers could be read.
    pub when: Examination,
    /// What was found, or why nothing was.
    pub visit: std::result::Result<Visit, String>,
    /// The run passed it over: it is no image.
    pub skipped: bool,
}

impl Folder {
    /// The tables that are read.
    pub const TABLES: [&str; 4] = ["images", "lesions", "liver", "sites"];

    /// Reads the tables.
    ///
    /// # Errors
    /// `images.csv` or `lesions.csv` is not there, a table is broken, or the tables are not of one run.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let images = table(path, "images")?.ok_or_else(|| absent(path, "images.csv"))?;
        let lesions = table(path, "lesions")?.ok_or_else(|| absent(path, "lesions.csv"))?;
        let (liver, sites) = (table(path, "liver")?, table(path, "sites")?);
        let record = Record::open(path)?;
        images.needs(&["image", "status"], RUN)?;
        let mut found = by_image(&lesions)?;
        let livers = liver.as_ref().map(by_image).transpose()?;
        let mut sites = sites.as_ref().map(by_image).transpose()?.unwrap_or_default();
        let mut all: Vec<Image> = vec![];
        let mut seen = BTreeMap::new();
        for line in images.lines() {
            let name = line.name("image")?;
            if seen.insert(name, ()).is_some() {
                return Err(line.wrong(format!("a second row of {name}")));
            }
            let rows = found.remove(name).unwrap_or_default();
            let liver = livers.as_ref().map(|l| l.get(name).map_or(&[][..], Vec::as_slice));
            let visit = match why_not(&line, rows.len())? {
                Some(why) => Err(why),
                None => {
                    let sites = sites.remove(name).unwrap_or_default();
                    let sites = sites.iter().map(lesion).collect::<Result<Vec<Lesion>>>()?;
                    Ok(Visit {
                        against: record.sites_apart(name).filter(|_| !sites.is_empty()),
                        sites,
                        recipe: record.recipe(name),
                        program: record.program.clone(),
                        files: record.files(name),
                        sites_file: record.sites_file(name),
                        sites_are_none: line.text("warnings").is_some_and(sites_are_none),
                        ..visit(&line, &lesions, &rows, liver)?
                    })
                }
            };
            let skipped = line.text("status") == Some("skipped");
            let (patient_id, sheet_patient) = (patient_id(&line), in_sheet(&line));
            all.push(Image { name: name.into(), patient_id, sheet_patient, when: when(&line), visit, skipped });
        }
        match found.values().flatten().next() {
            Some(line) => Err(line.wrong("images.csv has no such image".into()).remedy("tables of one run")),
            None => Ok(Folder { path: path.into(), images: all }),
        }
    }
    /// The images by their names.
    pub fn by_name(&self) -> BTreeMap<&str, &Image> {
        self.images.iter().map(|image| (image.name.as_str(), image)).collect()
    }
    /// The label image of the lesions of an image, where the run wrote one.
    pub fn labels(&self, image: &str) -> Option<PathBuf> {
        label_files(image).map(|file| self.path.join(file)).find(|path| path.is_file())
    }
}

/// CSV, or Parquet where there is none.
fn table(folder: &Path, name: &str) -> Result<Option<Sheet>> {
    let paths = [format!("{name}.csv"), format!("{name}.parquet")].map(|file| folder.join(file));
    paths.iter().find(|p| p.is_file()).map(|p| Sheet::open(p)).transpose()
}

fn absent(folder: &Path, name: &str) -> Error {
    Error::usage(format!("there is no {name}")).at(folder).needed_for("uptake compare").remedy(RUN)
}

fn by_image(sheet: &Sheet) -> Result<BTreeMap<&str, Vec<Line<'_>>>> {
    sheet.needs(&["image"], RUN)?;
    let mut all: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for line in sheet.lines() {
        all.entry(line.name("image")?).or_default().push(line);
    }
    Ok(all)
}

/// Why the lesions of an image cannot be taken for all that it has. An image that failed has no rows either: without
/// this it would look like one without lesions.
fn why_not(image: &Line, rows: usize) -> Result<Option<String>> {
    let status = image.name("status")?;
    if status != "ok" {
        let reason = image.text("reason").map_or_else(String::new, |r| format!(": {r}"));
        return Ok(Some(format!("{status}{reason}")));
    }
    let counted = image.real("count_lesions")?;
    Ok(match counted {
        None if rows == 0 && image.has("count_lesions") => Some(format!("its recipe has no set lesions; {PERCIST}")),
        Some(n) if rows == 0 && n > 0.0 => Some(format!("images.csv counts {n} lesions, lesions.csv has none of them")),
        _ => None,
    })
}

fn visit(image: &Line, sheet: &Sheet, rows: &[Line], liver: Option<&[Line]>) -> Result<Visit> {
    let lesions = rows.iter().map(lesion).collect::<Result<Vec<Lesion>>>()?;
    let mut missing = vec![];
    for (column, recipe, needs) in LESION_COLUMNS {
        let empty = rows.iter().filter(|r| r.text(column).is_none()).count();
        if !sheet.has(column) {
            missing.push(Missing { column, why: format!("lesions.csv has no column {column}; {recipe}") });
        } else if empty > 0 {
            let why = format!("{column} is empty for {empty} of {} lesions; {needs}", rows.len());
            missing.push(Missing { column, why });
        }
    }
    let liver_sul_mean = match liver_mean(liver)? {
        Ok(mean) => Some(mean),
        Err(why) => {
            missing.push(Missing { column: "sul_mean", why });
            None
        }
    };
    for (column, recipe, needs) in IMAGE_COLUMNS {
        let name = fact(image, column);
        if !image.has(&name) {
            missing.push(Missing { column, why: format!("images.csv has no column {column}; {recipe}") });
        } else if image.text(&name).is_none() {
            missing.push(Missing { column, why: format!("{name} is empty; {needs}") });
        }
    }
    let real = |column| image.real(&fact(image, column));
    let text = |column| image.text(&fact(image, column)).map(str::to_string);
    Ok(Visit {
        lesions,
        dropped: dropped(image.text("notes").unwrap_or_default()),
        liver_sul_mean,
        uptake_min: real("uptake_min")?,
        dose_mbq: real("dose_mbq")?,
        half_life_s: real("half_life_s")?,
        tracer: text("tracer"),
        scanner: text("scanner_maker"),
        patient_id: patient_id(image),
        sheet_patient: in_sheet(image),
        sex: text("sex"),
        height_m: real("height_m")?,
        weight_kg: real("weight_kg")?,
        sul_factor: real("sul_factor")?,
        series_uid: text("series_uid"),
        when: when(image),
        excluded: real("count_excluded")?,
        warnings: text("warnings"),
        missing,
        ..Visit::default()
    })
}

fn patient_id(image: &Line) -> Option<String> {
    image.text(&fact(image, "patient_id")).map(str::to_string)
}

/// A sidecar has no date; its times of day say nothing of the order of scans.
fn when(image: &Line) -> Examination {
    let text = |column| image.text(&fact(image, column));
    let dated = |column| text(column).filter(|t| t.contains('T')).map(str::to_string);
    Examination {
        time: dated("acquisition_time").or_else(|| text("study_date").and_then(day)),
        injection: dated("injection_time"),
        study_uid: text("study_uid").map(str::to_string),
    }
}

/// `20240105` as the beginning of an ISO time.
fn day(date: &str) -> Option<String> {
    let digits: String = date.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 8).then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}

/// Facts of the conversion to SUV may have `suv_` before their names.
fn fact(image: &Line, column: &str) -> String {
    let long = format!("suv_{column}");
    if image.has(&long) { long } else { column.into() }
}

fn lesion(line: &Line) -> Result<Lesion> {
    let yes = |column: &str| match line.text(column) {
        None => Ok(None),
        Some("0") => Ok(Some(false)),
        Some("1") => Ok(Some(true)),
        Some(other) => Err(line.wrong(format!("{column} is {other:?}, not 0 or 1"))),
    };
    Ok(Lesion {
        sul_peak: line.real("sul_peak")?,
        suv_max: line.real("suv_max")?,
        mtv_ml: line.real("mtv_ml")?,
        tlg_g: line.real("tlg_g")?,
        measurable: yes("percist_measurable")?,
        coverage: line.real("region_coverage")?,
        zeros: match ["suv_median", "suv_min"].map(|column| line.real(column)) {
            [Ok(Some(0.0)), _] => Some(Zeros::Most),
            [_, Ok(Some(0.0))] => Some(Zeros::Some),
            _ => None,
        },
        is_cut: yes("touches_edge")?,
        is_beside_hotter: line.real("suv_peak_0f91")?.zip(line.real("suv_max")?).map(|(peak, max)| !within(peak, max)),
        in_sphere: line.real("peak_0f91_coverage")?,
        place: match ["centroid_x_mm", "centroid_y_mm", "centroid_z_mm"].map(|c| line.real(c)) {
            [x, y, z] => x?.zip(y?).zip(z?).map(|((x, y), z)| [x, y, z]),
        },
    })
}

/// How many objects a run has found where lesions are looked for, and dropped: its notes say so.
fn dropped(notes: &str) -> usize {
    let of_lesions = notes.split("; ").filter_map(|note| note.strip_prefix("lesions: "));
    let counts = of_lesions.filter_map(|note| {
        let (count, rest) = note.split_once(" of ")?;
        count.parse::<usize>().ok().filter(|_| rest.contains(" objects dropped by size"))
    });
    counts.sum()
}

/// The run has warned that the file of the sites has none.
fn sites_are_none(warnings: &str) -> bool {
    warnings.split("; ").any(|warning| warning.strip_prefix("sites: ") == Some(NONE_DRAWN))
}

/// The mean of the liver, or why there is none.
fn liver_mean(rows: Option<&[Line]>) -> Result<std::result::Result<f64, String>> {
    let [line] = (match rows {
        None => return Ok(Err(format!("there is no liver.csv; {PERCIST}"))),
        Some(rows) => rows,
    }) else {
        let n = rows.map_or(0, <[Line]>::len);
        return Ok(Err(format!("liver.csv has {n} rows of the image, not 1")));
    };
    if !line.has("sul_mean") {
        return Ok(Err(format!("liver.csv has no column sul_mean; {PERCIST}")));
    }
    Ok(line.real("sul_mean")?.ok_or_else(|| format!("sul_mean of the liver is empty; {BODY}")))
}

//! PET: the same phantom scanned twice, once kept as DICOM and once as NIfTI with a BIDS sidecar.

mod dicom;
mod nifti;
mod scene;

use super::random::Random;
use super::{Entry, column};
use nifti::Stored;
use scene::{BLADDER, BLADDER_MASK, Grid, LESIONS, MIDDLE, Sphere};
use std::path::Path;
use uptake::Result;
use uptake::image::PatientGrid;
use uptake::table::{Cells, Table};
use uptake::units::{Shape, Spacing};
use uptake::write::{CsvSink, Draft};

const WEIGHT_KG: f64 = 75.0;
const HEIGHT_M: f64 = 1.78;
/// At the injection, an hour before the scan.
const DOSE_BQ: f64 = 370e6;
const HALF_LIFE_S: f64 = 6586.2;
const WAIT_S: f64 = 3600.0;
const FRAME_S: f64 = 180.0;

/// The scans, what is to be left out of them, and the truth.
pub fn make(folder: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let (series, volume) = (grid([3.0, 4.0, 4.0], [80, 72, 96], 1.0)?, grid([3.0; 3], [80, 96, 128], -1.0)?);
    dicom_series(folder, &series, &mut entries)?;
    nifti_volume(folder, &volume, &mut entries)?;
    let scans = [("phantom_dicom", &series), ("phantom", &volume)];
    let mut voxels = Vec::new();
    for (name, grid) in scans {
        voxels.push(masks(folder, name, grid, &mut entries)?);
    }
    let file = "truth/pet_spheres.csv";
    spheres(&folder.join(file), &voxels)?;
    entries.push(Entry {
        objects: Some(LESIONS.len()),
        ..entry(
            file,
            None,
            "true spheres of the PET phantom: place (LPS), size, SUV and TLG by formula; voxels in the masks",
        )
    });
    Ok(entries)
}

/// Around the middle of the phantom; `back` is the sign of y along the rows.
fn grid(step: [f64; 3], size: [usize; 3], back: f64) -> Result<Grid> {
    let spacing = Spacing::mm(step).ok_or_else(|| uptake::Error::usage("a spacing without sense"))?;
    let directions = [[0.0, 0.0, 1.0], [0.0, back, 0.0], [1.0, 0.0, 0.0]];
    let half: [f64; 3] = std::array::from_fn(|a| (size[a] - 1) as f64 / 2.0 * step[a]);
    let origin = [MIDDLE[0] - half[2], MIDDLE[1] - back * half[1], MIDDLE[2] - half[0]];
    let shape = Shape::new(size[0], size[1], size[2]);
    Ok(Grid { shape, spacing, patient_grid: PatientGrid { origin, directions } })
}

fn entry(file: impl Into<String>, grid: Option<&Grid>, what: &'static str) -> Entry {
    let spacing = grid.map(|g| g.spacing.zyx.map(|s| s.to_string()).join(" x ") + " mm");
    let shape = grid.map(|g| g.shape.to_string()).unwrap_or_default();
    Entry { file: file.into(), shape, channels: "", spacing: spacing.unwrap_or_default(), objects: None, what }
}

/// Activity in Bq/ml at the start of the scan, of SUV 1.
fn unit_activity() -> f64 {
    DOSE_BQ * libm::exp(-std::f64::consts::LN_2 * WAIT_S / HALF_LIFE_S) / (1000.0 * WEIGHT_KG)
}

fn dicom_series(folder: &Path, grid: &Grid, entries: &mut Vec<Entry>) -> Result<()> {
    let activity: Vec<f64> = grid.scan(6.0, &mut Random::new(6)).iter().map(|v| v * unit_activity()).collect();
    let flat = Shape::flat(grid.shape.y, grid.shape.x);
    for (i, slice) in activity.chunks(flat.len()).rev().enumerate() {
        let file = format!("pet/phantom_dicom/slice_{:03}.dcm", i + 1);
        dicom::write(&folder.join(&file), grid, i + 1, slice)?;
        let what =
            "slice of a DICOM PET series: torso with liver, bladder, six spheres of NEMA sizes and a faint one; Bq/ml";
        entries.push(Entry { shape: flat.to_string(), ..entry(file, Some(grid), what) });
    }
    Ok(())
}

fn nifti_volume(folder: &Path, grid: &Grid, entries: &mut Vec<Entry>) -> Result<()> {
    let activity: Vec<f64> = grid.scan(5.0, &mut Random::new(7)).iter().map(|v| v * unit_activity()).collect();
    let slope = (activity.iter().fold(0.0, |a: f64, b| a.max(*b)) / 32767.0) as f32;
    let stored: Vec<i16> = activity.iter().map(|v| (v / f64::from(slope)).round().clamp(0.0, 32767.0) as i16).collect();
    let file = "pet/phantom.nii.gz";
    nifti::write(&folder.join(file), grid, &Stored::I16(&stored, slope))?;
    entries.push(entry(file, Some(grid), "the same phantom as NIfTI, other voxels and noise; Bq/ml"));
    let file = "pet/phantom.json";
    Draft::write(folder.join(file), sidecar().as_bytes())?;
    entries.push(entry(file, None, "BIDS sidecar of phantom.nii.gz: what SUV needs"));
    Ok(())
}

fn sidecar() -> String {
    let (dose, scan) = (DOSE_BQ / 1e6, -WAIT_S);
    format!(
        r#"{{
  "Modality": "PT",
  "Manufacturer": "uptake",
  "Units": "Bq/mL",
  "TracerName": "FDG",
  "TracerRadionuclide": "F18",
  "InjectedRadioactivity": {dose},
  "InjectedRadioactivityUnits": "MBq",
  "ModeOfAdministration": "bolus",
  "TimeZero": "10:00:00",
  "ScanStart": 0,
  "InjectionStart": {scan},
  "FrameTimesStart": [0],
  "FrameDuration": [{FRAME_S}],
  "ImageDecayCorrected": true,
  "ImageDecayCorrectionTime": 0,
  "AttenuationCorrection": "measured",
  "BodyWeight": {WEIGHT_KG},
  "BodyHeight": {HEIGHT_M},
  "Sex": "M"
}}
"#
    )
}

/// The bladder beside the scan, and the spheres as truth; how many voxels each sphere has.
fn masks(folder: &Path, name: &str, grid: &Grid, entries: &mut Vec<Entry>) -> Result<Vec<usize>> {
    let bladder = Sphere { diameter: BLADDER_MASK, ..BLADDER };
    let file = format!("pet/{name}_exclude.nii.gz");
    nifti::write(&folder.join(&file), grid, &Stored::U8(&grid.labels(&[&bladder])))?;
    entries.push(Entry { objects: Some(1), ..entry(file, Some(grid), "uptake that is no lesion: the bladder") });
    let labels = grid.labels(&LESIONS.each_ref());
    let file = format!("truth/pet/{name}_lesions.nii.gz");
    nifti::write(&folder.join(&file), grid, &Stored::U8(&labels))?;
    let what = "true spheres, in the order of pet_spheres.csv";
    entries.push(Entry { objects: Some(LESIONS.len()), ..entry(file, Some(grid), what) });
    Ok((1..=LESIONS.len()).map(|k| labels.iter().filter(|l| usize::from(**l) == k).count()).collect())
}

/// A row a sphere; `voxels` by scan: DICOM, NIfTI.
fn spheres(path: &Path, voxels: &[Vec<usize>]) -> Result<()> {
    let tidy = |v: f64| (v * 1e6).round() / 1e6;
    let real = |name: &str, unit: &str, f: &dyn Fn(&Sphere) -> f64| {
        column(name, unit, Cells::Real(LESIONS.iter().map(|s| Some(tidy(f(s)))).collect()))
    };
    let whole = |name: &str, v: Vec<usize>| column(name, "1", Cells::Int(v.iter().map(|v| Some(*v as i64)).collect()));
    let ml = |s: &Sphere| std::f64::consts::PI / 6.0 * s.diameter * s.diameter * s.diameter / 1000.0;
    let mut columns = vec![whole("label", (1..=LESIONS.len()).collect())];
    for (a, name) in ["x_mm", "y_mm", "z_mm"].into_iter().enumerate() {
        columns.push(real(name, "mm", &|s| s.centre[a] + MIDDLE[a]));
    }
    columns.push(real("diameter_mm", "mm", &|s| s.diameter));
    columns.push(real("suv", "g/ml", &|s| s.suv));
    columns.push(real("volume_ml", "ml", &ml));
    columns.push(real("tlg_g", "g", &|s| s.suv * ml(s)));
    for (name, voxels) in ["voxels_phantom_dicom", "voxels_phantom"].into_iter().zip(voxels) {
        columns.push(whole(name, voxels.clone()));
    }
    let mut sink = CsvSink::open(path)?;
    sink.append(&uptake::table::arrow::batch(&Table { columns })?)?;
    sink.finish()
}

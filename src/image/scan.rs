//! What a reader returns: the channels of one image with their calibration and provenance.

use crate::image::{InTurn, Mask, PatientGrid, Volume};
use crate::table::Table;
use crate::units::{Shape, Spacing};

/// What made the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Modality {
    /// Fluorescence microscopy or whole-animal fluorescence.
    Fluorescence,
    /// Positron emission tomography.
    Pet,
    /// Something else that the file names: CT, MR, ultrasound.
    Other,
    /// The file does not say: NIfTI without a sidecar.
    Unknown,
}

/// One channel of a scan, on the host.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Name in the file, or `ch0`, `ch1`, ... where the file has none.
    pub name: String,
    /// Unit of the values: `au` where nothing is known, [`SUV_UNIT`] for SUVbw, `Bq/ml`.
    pub unit: &'static str,
    /// Samples as stored.
    pub volume: Volume,
    /// Number of voxels at the largest value that the source could store, if it was an integer type.
    pub saturated: Option<u64>,
    /// That largest value as a sample: 255 for 8-bit, 65535 for 16-bit sources, `None` for floats.
    pub saturation: Option<i32>,
}

impl Channel {
    /// A channel of 16-bit samples in z, y, x: what a camera gives.
    ///
    /// # Errors
    /// An axis is without voxels, or there are 2^31 voxels and more.
    pub fn of_array(name: &str, voxels: ndarray::ArrayView3<'_, u16>) -> crate::Result<Channel> {
        let (z, y, x) = voxels.dim();
        let volume = Volume::new(Shape::new(z, y, x), voxels.iter().map(|v| i32::from(*v)).collect())?;
        let saturated = voxels.iter().filter(|v| **v == u16::MAX).count() as u64;
        let (saturated, saturation) = (Some(saturated), Some(i32::from(u16::MAX)));
        Ok(Channel { name: name.into(), unit: NO_UNIT, volume, saturated, saturation })
    }
}

/// Unit of a channel that nothing is known of.
pub const NO_UNIT: &str = "au";
/// Unit of SUVbw: gram per millilitre.
pub const SUV_UNIT: &str = "g/ml";
/// Unit of doses.
pub const GRAY_UNIT: &str = "Gy";

/// An image as read: channels of one shape. Time points beyond the first are an error, never dropped in silence.
#[derive(Clone, Debug)]
pub struct Scan {
    /// What made it.
    pub modality: Modality,
    /// Size of every channel.
    pub shape: Shape,
    /// Calibration, if the file states one.
    pub spacing: Option<Spacing>,
    /// Where it lies in the patient, if the file says so.
    pub patient_grid: Option<PatientGrid>,
    /// At least one.
    pub channels: Vec<Channel>,
    /// 1 in voxels that lie outside of the field of view, whose samples say nothing; on the host. Absent where all was imaged.
    pub not_imaged: Option<Mask>,
    /// How those are read that are not in memory.
    pub in_turn: Option<InTurn>,
    /// Images beside this one that a recipe names, by the words of the recipe: flat fields, dark images.
    pub references: std::collections::BTreeMap<String, Vec<Channel>>,
    /// PET: SUL (lean body mass, Janmahasatian) is SUVbw times this; needs weight, height and sex.
    pub sul_factor: Option<f64>,
    /// PET: the row that says how SUV came about, for `images.csv` and `inspect`; else without columns.
    pub audit: Table,
    /// Facts about the source as name and value, for `inspect` and `run.json`: format, compression, stored type, ...
    pub facts: Vec<(String, String)>,
    /// What the user should look at before a number is trusted: doubts, losses, what was fallen back to. For the `warnings`
    /// cell of the image's row.
    pub warnings: Vec<String>,
    /// What else is worth knowing, for the `notes` cell.
    pub notes: Vec<String>,
}

impl Scan {
    /// A scan of these channels of which nothing else is known.
    pub fn new(modality: Modality, shape: Shape, channels: Vec<Channel>) -> Self {
        Scan {
            modality,
            shape,
            spacing: None,
            patient_grid: None,
            channels,
            not_imaged: None,
            in_turn: None,
            references: Default::default(),
            sul_factor: None,
            audit: Table::default(),
            facts: vec![],
            warnings: vec![],
            notes: vec![],
        }
    }

    /// Its file was packed by a JPEG with cosines, which makes squares of noise.
    pub fn is_jpeg(&self) -> bool {
        self.facts.iter().any(|(name, value)| name == "compression" && value.starts_with("JPEG (lossy)"))
    }

    /// Warns of something.
    pub fn warn(&mut self, what: impl Into<String>) {
        self.warnings.push(what.into());
    }
}

//! What is known of a patient at one time.

use super::{Examination, Files};
use std::collections::BTreeMap;

/// A lesion; what is not known is missing, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lesion {
    /// Highest mean SUL in a sphere of 1 ml, in g/ml.
    pub sul_peak: Option<f64>,
    /// Highest SUV in g/ml.
    pub suv_max: Option<f64>,
    /// Metabolic tumour volume in ml.
    pub mtv_ml: Option<f64>,
    /// Total lesion glycolysis, SUVmean times the volume, in g.
    pub tlg_g: Option<f64>,
    /// `sul_peak` lies above 1.5 times the mean SUL of the liver plus 2 standard deviations (2.0 times the blood pool's).
    pub measurable: Option<bool>,
    /// Its centroid in the patient: x, y, z in mm.
    pub place: Option<[f64; 3]>,
    /// Of a site: the share of it, as it was drawn, that was measured.
    pub coverage: Option<f64>,
    /// Of a site: how many of its voxels hold exactly 0.
    pub zeros: Option<Zeros>,
    /// It touches the border of the image.
    pub is_cut: Option<bool>,
    /// Its SULpeak lies above all of its values: something hotter lies beside it.
    pub is_beside_hotter: Option<bool>,
    /// The share of the sphere of `sul_peak` that lies in the image and is not excluded.
    pub in_sphere: Option<f64>,
}

/// How many voxels of a site hold exactly 0, as no tissue does, but what an image is filled up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeros {
    /// Its lowest voxel at least.
    Some,
    /// Half of them and more.
    Most,
}

/// Something that the tables do not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Column that would say it.
    pub column: &'static str,
    /// Why it is missing, and what would give it.
    pub why: String,
}

/// A scan with its lesions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Visit {
    /// In the order of the table.
    pub lesions: Vec<Lesion>,
    /// Mean SUL of the liver in g/ml.
    pub liver_sul_mean: Option<f64>,
    /// Minutes from injection to scan.
    pub uptake_min: Option<f64>,
    /// Injected activity in MBq.
    pub dose_mbq: Option<f64>,
    /// Half-life of the radionuclide in seconds.
    pub half_life_s: Option<f64>,
    /// Radiopharmaceutical, as recorded.
    pub tracer: Option<String>,
    /// Maker of the scanner, as recorded.
    pub scanner: Option<String>,
    /// The lesions of the baseline, measured in this scan where they were: the set `sites`. Empty if they were not.
    pub sites: Vec<Lesion>,
    /// The file that the sites were read from.
    pub sites_file: Option<String>,
    /// That file has no region at all, so that nobody measured a site.
    pub sites_are_none: bool,
    /// The image at baseline that they are known to be the lesions of, if it is not the one that this visit is compared with.
    pub sites_of: Option<String>,
    /// PatientID, as recorded.
    pub patient_id: Option<String>,
    /// What the sample sheet of the run calls the patient.
    pub sheet_patient: Option<String>,
    /// `M`, `F`, or `O` where it is neither or not known.
    pub sex: Option<String>,
    /// Height in m.
    pub height_m: Option<f64>,
    /// Weight in kg.
    pub weight_kg: Option<f64>,
    /// SUL over SUV.
    pub sul_factor: Option<f64>,
    /// SeriesInstanceUID.
    pub series_uid: Option<String>,
    /// When it was taken, and after which injection.
    pub when: Examination,
    /// What tells the files that it was read from.
    pub files: Option<Files>,
    /// The lines that count of the recipe that it was measured with, by their dotted paths.
    pub recipe: Option<BTreeMap<String, String>>,
    /// The program that measured it.
    pub program: Option<String>,
    /// Regions that the recipe leaves out.
    pub excluded: Option<f64>,
    /// Objects above the threshold of the lesions that the run has dropped, as they are too small for its recipe.
    pub dropped: usize,
    /// What the run warned of.
    pub warnings: Option<String>,
    /// Why it cannot be judged whatever it is compared with.
    pub against: Option<String>,
    /// What the tables do not say.
    pub missing: Vec<Missing>,
}

impl Visit {
    /// SULpeak of the hottest lesion, or without lesions of the hottest site: PERCIST's target. Nothing without both, or if it
    /// is missing for one of them.
    pub fn sul_peak(&self) -> Option<f64> {
        if self.lesions.is_empty() { self.site_peak() } else { self.highest(|l| l.sul_peak) }
    }
    /// SULpeak of the hottest site of the baseline.
    pub fn site_peak(&self) -> Option<f64> {
        self.sites.iter().map(|l| l.sul_peak).collect::<Option<Vec<f64>>>()?.into_iter().max_by(f64::total_cmp)
    }
    /// Sum of SULpeak of the five hottest lesions, or of all if there are fewer. Nothing as in [`Visit::sul_peak`].
    pub fn sul_peak5(&self) -> Option<f64> {
        let mut peaks = self.lesions.iter().map(|l| l.sul_peak).collect::<Option<Vec<f64>>>()?;
        peaks.sort_by(|a, b| b.total_cmp(a));
        peaks.truncate(5);
        (!peaks.is_empty()).then(|| peaks.iter().sum())
    }
    /// Highest SUV of all lesions.
    pub fn suv_max(&self) -> Option<f64> {
        self.highest(|l| l.suv_max)
    }
    /// Volume of all lesions in ml: 0 without lesions, nothing if it is missing for one of them.
    pub fn mtv_ml(&self) -> Option<f64> {
        self.sum(|l| l.mtv_ml)
    }
    /// Glycolysis of all lesions in g: 0 without lesions, nothing if it is missing for one of them.
    pub fn tlg_g(&self) -> Option<f64> {
        self.sum(|l| l.tlg_g)
    }
    /// Whether the hottest lesion is measurable.
    pub fn measurable(&self) -> Option<bool> {
        let peak = self.sul_peak()?;
        self.lesions.iter().find(|l| l.sul_peak == Some(peak))?.measurable
    }
    /// Why the column has no value.
    pub fn why(&self, column: &str) -> String {
        let known = self.missing.iter().find(|m| m.column == column);
        known.map_or_else(|| format!("{column} is missing"), |m| m.why.clone())
    }

    fn highest(&self, get: impl Fn(&Lesion) -> Option<f64>) -> Option<f64> {
        let all = self.lesions.iter().map(get).collect::<Option<Vec<f64>>>()?;
        all.into_iter().max_by(f64::total_cmp)
    }
    /// From the first lesion on: the order of a sum is part of its result.
    fn sum(&self, get: impl Fn(&Lesion) -> Option<f64>) -> Option<f64> {
        self.lesions.iter().try_fold(0.0, |sum, l| Some(sum + get(l)?))
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: sums by hand.
    use super::*;

    fn visit(peaks: &[Option<f64>]) -> Visit {
        let lesion = |p: &Option<f64>| Lesion { sul_peak: *p, tlg_g: p.map(|p| 2.0 * p), ..Lesion::default() };
        Visit { lesions: peaks.iter().map(lesion).collect(), ..Visit::default() }
    }

    #[test]
    fn the_five_hottest_count() {
        let v = visit(&[1.0, 9.0, 4.0, 2.0, 8.0, 3.0].map(Some));
        assert_eq!(v.sul_peak(), Some(9.0));
        assert_eq!(v.sul_peak5(), Some(26.0));
        assert_eq!(v.tlg_g(), Some(54.0));
        assert_eq!(visit(&[Some(2.0), Some(1.0)]).sul_peak5(), Some(3.0));
    }

    #[test]
    fn a_lesion_that_is_not_measured_spoils_the_sum() {
        let v = visit(&[Some(2.0), None]);
        assert_eq!((v.sul_peak(), v.sul_peak5(), v.tlg_g()), (None, None, None));
    }

    #[test]
    fn no_lesion_has_no_peak_but_a_volume_of_nothing() {
        let v = Visit::default();
        assert_eq!((v.sul_peak(), v.sul_peak5(), v.suv_max()), (None, None, None));
        assert_eq!((v.mtv_ml(), v.tlg_g()), (Some(0.0), Some(0.0)));
    }
}

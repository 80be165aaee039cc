//! Lesions of PET: uptake, volume and surface, in the first channel of those that are measured.
//!
//! The hottest voxel is the first one of those with the highest value. A sphere holds the voxels whose centres lie within
//! it; it may reach past the lesion. What the image does not hold of it, and what the recipe excludes, does not count:
//! `peak_0f91_coverage` tells how much does. `suv_peak_vjga` has its centre on the hottest voxel (the highest one of several, as IBSI wants it),
//! `suv_peak_0f91` and `suv_peak_lodge` wherever in the lesion the mean is highest.
//!
//! Limits: spheres and shells need voxels of 0.1 mm or more on each side.

use super::Request;
use super::family::{Context, Family, Measurer, Mentions, Needs, Objection, define};
use super::feature::{CHANNEL_UNIT, Definition, Feature, Get};
pub use super::lesion_facts::Facts;
use super::lesion_facts::{Limits, NOT_SUL, NOT_SUV};
use super::lesion_odd::{against_air, hotter_than_itself};
use super::odd::Odd;
use super::position::{NO_CALIBRATION, SOLID_CALIBRATED, SOLID_ONLY};
use super::reference::{Reference, reference};
use super::spill;
use super::surface::SPHERICITY;
use super::totals::scan_totals;
use crate::Result;
use crate::image::SUV_UNIT;
use crate::table::Table;
use crate::units::Length;
use serde::Deserialize;

const NO_CHANNEL: &str = "no channel is measured";
const NO_SUV_SPHERE: &str = "the values are not SUV, or no calibration with voxels of at least 0.1 mm";
const NO_SUL_SPHERE: &str =
    "the values are not SUV, weight, height or sex is not known, or no calibration with voxels of at least 0.1 mm";
const NO_SPHERE: &str = "no calibration with voxels of at least 0.1 mm";

const fn suv(
    name: &'static str,
    definition: &'static str,
    standard: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { name, unit: SUV_UNIT, definition, standard, empty: NOT_SUV, get: Get::Real(get) }
}

const fn peak(
    name: &'static str,
    definition: &'static str,
    standard: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { empty: NO_SUV_SPHERE, ..suv(name, definition, standard, get) }
}

const fn sul(name: &'static str, definition: &'static str, get: fn(&Facts) -> Option<f64>) -> Feature<Facts> {
    Feature { empty: NOT_SUL, ..suv(name, definition, "", get) }
}

const fn uptake(
    name: &'static str,
    definition: &'static str,
    standard: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { unit: CHANNEL_UNIT, empty: NO_CHANNEL, ..suv(name, definition, standard, get) }
}

const fn hottest(name: &'static str, definition: &'static str, get: fn(&Facts) -> Option<i64>) -> Feature<Facts> {
    Feature { name, unit: "px", definition, standard: "", empty: NO_CHANNEL, get: Get::Int(get) }
}

const fn surface(
    name: &'static str,
    unit: &'static str,
    definition: &'static str,
    standard: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { name, unit, definition, standard, empty: SOLID_CALIBRATED, get: Get::Real(get) }
}

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["liver", "blood", "background"];

/// The farthest that a background may end beyond a lesion, in mm.
const FARTHEST_MM: f64 = 100.0;

/// What `suv_background` is, where the recipe gives no other distances.
const BACKGROUND: &str = "Median SUV of the voxels more than 5 mm and at most 15 mm from the lesion that belong to no lesion and are not excluded";

/// Uptake, volume and surface of lesions, in the first channel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lesion {
    /// The set that is the liver: lesions are judged against its mean.
    pub liver: Option<String>,
    /// The set that is the blood pool.
    pub blood: Option<String>,
    /// The shell around a lesion that is its background: from here to there beyond its edge, in mm or um.
    pub background: [Length; 2],
}

impl Default for Lesion {
    fn default() -> Self {
        Lesion { liver: None, blood: None, background: [Length::Mm(5.0), Length::Mm(15.0)] }
    }
}

impl Lesion {
    /// The background in mm.
    fn shell_mm(&self) -> [f64; 2] {
        self.background.map(|length| match length {
            Length::Mm(v) => v,
            Length::Um(v) => v / 1000.0,
            // Refused by `check`.
            Length::Px(_) | Length::R(_) => f64::NAN,
        })
    }

    /// The regions that the recipe names, with what they are called in columns. A region that is not in the image, or has no
    /// voxels, is nothing.
    fn references(&self, request: &Request) -> Result<Vec<(&'static str, Option<Reference>)>> {
        let named = [("liver", &self.liver), ("blood", &self.blood)];
        let named = named.into_iter().filter_map(|(name, set)| set.as_ref().map(|set| (name, set)));
        let region = |set: &String| match (request.other(set), request.channels.first()) {
            (Some(labels), Some(channel)) => reference(labels, channel, request.sul_factor),
            _ => Ok(None),
        };
        named.map(|(name, set)| Ok((name, region(set)?))).collect()
    }
}

/// PERCIST 1.0: a lesion whose SULpeak lies above it is measurable. The liver comes before the blood pool.
fn measurable_above(references: &[(&str, Option<Reference>)]) -> Option<f64> {
    let (name, region) = references.iter().find_map(|(name, region)| Some((*name, region.as_ref()?)))?;
    let factor = if name == "liver" { 1.5 } else { 2.0 };
    Some(factor * region.sul(region.mean)? + 2.0 * region.sul(region.std)?)
}

impl Family for Lesion {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        let mut columns = define(FEATURES, &context.uptake());
        if let Some(column) = columns.iter_mut().find(|c| c.definition == BACKGROUND) {
            let [from, to] = self.background;
            column.definition = BACKGROUND.replace("5 mm and at most 15 mm", &format!("{from} and at most {to}"));
        }
        columns
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let limits =
            Limits { shell_mm: self.shell_mm(), measurable_above: measurable_above(&self.references(request)?) };
        // What lies around lesions is read from an image of all of them: drawn here, before the objects are gone over in
        // parallel.
        if !request.channels.is_empty() && request.labels.count > 0 {
            request.labels.inside()?;
            for set in request.excluded {
                set.inside()?;
            }
        }
        Ok(Box::new(move |of, values| {
            values.put(FEATURES, Some(&Facts::of(&of.object, request, &limits)?));
            Ok(())
        }))
    }

    fn totals(&self, set: &str, request: &Request) -> Result<Table> {
        let means = |(name, region): (&'static str, Option<Reference>)| (name, region.and_then(|r| r.mean));
        scan_totals(set, request, &self.references(request)?.into_iter().map(means).collect::<Vec<_>>())
    }

    fn doubts(&self, _: &Table, request: &Request) -> Result<Vec<String>> {
        Ok(spill::doubt(request)?.into_iter().collect())
    }

    fn odd(&self, rows: &Table) -> Vec<Odd> {
        hotter_than_itself(rows).into_iter().chain(against_air(rows)).collect()
    }

    fn needs(&self) -> Needs {
        Needs { uptake: true, together: true, ..Needs::default() }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        let [from, to] = self.shell_mm();
        if from < to && to <= FARTHEST_MM {
            return Ok(());
        }
        let [from, to] = self.background;
        Err(Objection {
            key: "background",
            what: format!("the background begins {from} beyond the lesion and ends at {to}"),
            remedy: format!(
                "both ends in mm or um, the nearer one first, {FARTHEST_MM} mm at most: background = [\"5 mm\", \"15 mm\"]"
            ),
        })
    }

    fn mentions(&self) -> Mentions<'_> {
        let sets = [("liver", &self.liver), ("blood", &self.blood)];
        let sets = sets.into_iter().filter_map(|(key, set)| Some((key, set.as_deref()?))).collect();
        Mentions { sets, ..Mentions::default() }
    }
}

/// Uptake, volume and surface of a lesion.
pub const FEATURES: &[Feature<Facts>] = &[
    suv("suv_max", "Highest SUV", "IBSI:84IY", |f| f.suv(f.max())),
    suv("suv_mean", "Mean SUV of the voxels", "IBSI:Q4LE", |f| f.suv(f.mean())),
    suv("suv_median", "Median SUV of the voxels", "IBSI:Y12H", |f| f.suv(f.median())),
    suv("suv_std", "Standard deviation of the SUV of the voxels, divided by n", "", |f| f.suv(f.std())),
    suv("suv_min", "Lowest SUV", "IBSI:1GSF", |f| f.suv(f.min())),
    peak(
        "suv_peak_vjga",
        "Mean SUV in the sphere of 1 ml around the hottest voxel, over the voxels inside the image that are not excluded",
        "IBSI:VJGA",
        |f| f.suv(f.local_peak()),
    ),
    peak(
        "suv_peak_0f91",
        "Highest mean SUV in a sphere of 1 ml with its centre in the lesion, over the voxels inside the image that are not excluded",
        "IBSI:0F91",
        |f| f.suv(f.global_peak()),
    ),
    peak(
        "suv_peak_lodge",
        "Highest mean SUV in a sphere of 12 mm diameter with its centre in the lesion, over the voxels inside the image that are not excluded",
        "",
        |f| f.suv(f.lodge_peak()),
    ),
    peak(
        "suv_peak_2mm",
        "Highest mean SUV in a sphere of 2 mm diameter with its centre in the lesion, over the voxels inside the image that are not excluded: \
         for mice and rats",
        "",
        |f| f.suv(f.small_peak()),
    ),
    Feature {
        name: "peak_0f91_coverage",
        unit: "1",
        definition: "Share of the voxels of the sphere of suv_peak_0f91 that lie inside the image and are not excluded",
        standard: "",
        empty: NO_SPHERE,
        get: Get::Real(Facts::coverage),
    },
    Feature {
        name: "mtv_ml",
        unit: "ml",
        definition: "Metabolic tumour volume: number of voxels times the volume of a voxel",
        standard: "IBSI:YEKZ",
        empty: NO_CALIBRATION,
        get: Get::Real(Facts::ml),
    },
    Feature {
        name: "tlg_g",
        unit: "g",
        definition: "Total lesion glycolysis: suv_mean times mtv_ml",
        standard: "",
        empty: "the values are not SUV, or the image has no calibration",
        get: Get::Real(|f| Some(f.suv(f.mean())? * f.ml()?)),
    },
    sul("sul_max", "suv_max times the factor of lean body mass", |f| f.sul(f.max())),
    sul("sul_mean", "suv_mean times the factor of lean body mass", |f| f.sul(f.mean())),
    Feature {
        empty: NO_SUL_SPHERE,
        ..sul("sul_peak", "suv_peak_0f91 times the factor of lean body mass", |f| f.sul(f.global_peak()))
    },
    Feature {
        name: "percist_measurable",
        unit: "1",
        definition: "1 if sul_peak lies above 1.5 times the mean SUL of the liver plus 2 standard deviations, or, without a \
                     liver, above 2.0 times that of the blood pool plus 2 standard deviations; else 0",
        standard: "PERCIST:1.0",
        empty: "no sul_peak, or neither liver nor blood",
        get: Get::Int(Facts::measurable),
    },
    uptake("uptake_max", "Highest value, whatever its unit", "IBSI:84IY", Facts::max),
    uptake("uptake_mean", "Mean value of the voxels, whatever its unit", "IBSI:Q4LE", Facts::mean),
    Feature {
        empty: NO_SPHERE,
        ..uptake(
            "uptake_peak_0f91",
            "Highest mean value in a sphere of 1 ml with its centre in the lesion, over the voxels inside the image that are not excluded",
            "IBSI:0F91",
            Facts::global_peak,
        )
    },
    Feature {
        empty: "the values are not SUV, no calibration with voxels of at least 0.1 mm, or no background in the shell",
        ..suv("suv_background", BACKGROUND, "", |f| f.suv(f.background()))
    },
    Feature {
        name: "tbr",
        unit: "1",
        definition: "Tumour to background ratio: mean of the lesion over the median of the shell of suv_background",
        standard: "",
        empty: "no calibration with voxels of at least 0.1 mm, no background in the shell, or its median is not positive",
        get: Get::Real(|f| Some(f.mean()? / f.background().filter(|b| *b > 0.0)?)),
    },
    hottest("hottest_x_px", "Column of the hottest voxel", |f| f.hottest(2)),
    hottest("hottest_y_px", "Row of the hottest voxel", |f| f.hottest(1)),
    Feature { empty: SOLID_ONLY, ..hottest("hottest_z_px", "Slice of the hottest voxel", |f| f.hottest(0)) },
    surface(
        "surface_mm2",
        "mm2",
        "Area of the mesh of marching cubes at one half, with true spacing",
        "IBSI:C0JK",
        Facts::surface,
    ),
    surface("sphericity", "1", SPHERICITY, "IBSI:QCFX", Facts::sphericity),
    surface(
        "asphericity",
        "1",
        "How much larger the mesh's surface is than that of the ball with its volume: 1 / sphericity - 1",
        "IBSI:25C7",
        Facts::asphericity,
    ),
    Feature {
        name: "touches_edge",
        unit: "1",
        definition: "1 if the lesion touches the border of the image, or of what was imaged of it, and may be cut off, else 0",
        standard: "",
        empty: "",
        get: Get::Int(|f| Some(i64::from(f.is_cut))),
    },
];

//! Shape: what the outline, the moments, the hull and the distance to the outside of an object say.
//!
//! Columns in px are measured on the pixel grid. Columns in um (mm in PET) use the true spacing of rows and columns where the
//! definition allows it (moments, diameters of the hull); perimeters and radii need square pixels (cubic voxels in
//! 3-D) and are empty otherwise. Eccentricity, orientation and sphericity describe the true shape where the spacing
//! is known and the pixel grid otherwise; both are the same for square pixels.

use super::Request;
use super::family::{Context, Family, Measurer, define};
use super::feature::{Definition, Feature, Get};
use super::position::{FLAT_CALIBRATED, FLAT_ONLY, NO_CALIBRATION, SOLID_CALIBRATED, SOLID_ONLY};
pub use super::shape_facts::Facts;
use super::surface::{Patterns, SPHERICITY};
use crate::Result;
use serde::Deserialize;
use std::f64::consts::PI;

const SQUARE_ONLY: &str = "needs a 2-D image with calibration and square pixels";
const FLAT_LONGEST: &str = "2-D only, and only where one direction is longest";
const FLAT_PERIMETER: &str = "2-D only, and only where the perimeter is not zero";
/// Reasons of columns that only 2-D images fill.
pub(super) const FLAT_REASONS: &[&str] = &[FLAT_ONLY, FLAT_CALIBRATED, SQUARE_ONLY, FLAT_LONGEST, FLAT_PERIMETER];
const CUBIC_ONLY: &str = "needs calibration with square pixels, or cubic voxels in 3-D";

/// Outline, moments, hull, radii.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {}

impl Family for Shape {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        define(FEATURES, &context.objects())
    }
    fn begin<'a>(&'a self, _: &'a Request<'a>) -> Result<Measurer<'a>> {
        Ok(Box::new(|object, values| {
            values.put(FEATURES, Some(&Facts::of(object)));
            Ok(())
        }))
    }
}

/// Shape of 2-D and 3-D objects.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "equivalent_diameter_px",
        unit: "px",
        definition: "Diameter of the disc (3-D: ball) with as many pixels (voxels)",
        standard: "skimage:equivalent_diameter_area",
        empty: "",
        get: Get::Real(|f| Some(f.diameter(f.n))),
    },
    Feature {
        name: "equivalent_diameter_um",
        unit: "um",
        definition: "Diameter of the disc (3-D: ball) with the same area (volume)",
        standard: "skimage:equivalent_diameter_area",
        empty: NO_CALIBRATION,
        get: Get::Real(|f| {
            let s = f.spacing?;
            Some(f.diameter(f.n * if f.flat.is_some() { s.pixel_area() } else { s.voxel_volume() }))
        }),
    },
    Feature {
        name: "axis_major_length_px",
        unit: "px",
        definition: "Longest axis of the ellipse (3-D: ellipsoid) with the same second moments, on the pixel grid",
        standard: "skimage:axis_major_length",
        empty: "",
        get: Get::Real(|f| Some(f.axis_px(0))),
    },
    Feature {
        name: "axis_major_length_um",
        unit: "um",
        definition: "Longest axis of the ellipse (3-D: ellipsoid) with the same second moments, with true spacing",
        standard: "skimage:axis_major_length",
        empty: NO_CALIBRATION,
        get: Get::Real(|f| f.axis_length(0)),
    },
    Feature {
        name: "axis_minor_length_px",
        unit: "px",
        definition: "Shortest axis of the ellipse (3-D: ellipsoid) with the same second moments, on the pixel grid",
        standard: "skimage:axis_minor_length",
        empty: "",
        get: Get::Real(|f| Some(f.axis_px(2))),
    },
    Feature {
        name: "axis_minor_length_um",
        unit: "um",
        definition: "Shortest axis of the ellipse (3-D: ellipsoid) with the same second moments, with true spacing",
        standard: "skimage:axis_minor_length",
        empty: NO_CALIBRATION,
        get: Get::Real(|f| f.axis_length(2)),
    },
    Feature {
        name: "eccentricity",
        unit: "1",
        definition: "Eccentricity of the ellipse with the same second moments: 0 for a circle, 1 for a line",
        standard: "skimage:eccentricity",
        empty: FLAT_ONLY,
        get: Get::Real(|f| f.true_ellipse().map(|e| e.eccentricity)),
    },
    Feature {
        name: "orientation_rad",
        unit: "rad",
        definition: "Angle from the y axis to the major axis, towards x, from -pi/2 to pi/2",
        standard: "skimage:orientation",
        empty: FLAT_LONGEST,
        get: Get::Real(|f| f.true_ellipse()?.orientation),
    },
    Feature {
        name: "extent",
        unit: "1",
        definition: "Share of the bounding box that the object fills",
        standard: "skimage:extent",
        empty: "",
        get: Get::Real(|f| Some(f.n / f.bbox)),
    },
    Feature {
        name: "euler_number",
        unit: "1",
        definition: "Objects minus holes (8-connected); in 3-D objects plus cavities minus tunnels (26-connected)",
        standard: "skimage:euler_number",
        empty: "",
        get: Get::Int(|f| match (&f.flat, &f.solid) {
            (Some(flat), _) => Some(flat.outline.euler),
            (None, solid) => solid.as_ref().map(Patterns::euler),
        }),
    },
    Feature {
        name: "maximum_radius_px",
        unit: "px",
        definition: "Largest distance of a voxel of the object to the nearest voxel outside",
        standard: "CellProfiler:AreaShape_MaximumRadius",
        empty: "",
        get: Get::Real(|f| Some(f.radii[0])),
    },
    Feature {
        name: "maximum_radius_um",
        unit: "um",
        definition: "maximum_radius_px times the side of a pixel",
        standard: "CellProfiler:AreaShape_MaximumRadius",
        empty: CUBIC_ONLY,
        get: Get::Real(|f| Some(f.radii[0] * f.side()?)),
    },
    Feature {
        name: "mean_radius_px",
        unit: "px",
        definition: "Mean distance of the voxels of the object to the nearest voxel outside",
        standard: "CellProfiler:AreaShape_MeanRadius",
        empty: "",
        get: Get::Real(|f| Some(f.radii[1])),
    },
    Feature {
        name: "mean_radius_um",
        unit: "um",
        definition: "mean_radius_px times the side of a pixel",
        standard: "CellProfiler:AreaShape_MeanRadius",
        empty: CUBIC_ONLY,
        get: Get::Real(|f| Some(f.radii[1] * f.side()?)),
    },
    Feature {
        name: "perimeter_px",
        unit: "px",
        definition: "Length of the line through the centres of the border pixels (Benkrid and Crookes)",
        standard: "skimage:perimeter",
        empty: FLAT_ONLY,
        get: Get::Real(Facts::perimeter),
    },
    Feature {
        name: "perimeter_um",
        unit: "um",
        definition: "perimeter_px times the side of a pixel",
        standard: "skimage:perimeter",
        empty: SQUARE_ONLY,
        get: Get::Real(|f| Some(f.perimeter()? * f.side()?)),
    },
    Feature {
        name: "perimeter_crofton_px",
        unit: "px",
        definition: "Perimeter by Crofton's formula with four directions",
        standard: "skimage:perimeter_crofton",
        empty: FLAT_ONLY,
        get: Get::Real(|f| f.flat.as_ref().map(|f| f.outline.crofton())),
    },
    Feature {
        name: "perimeter_crofton_um",
        unit: "um",
        definition: "perimeter_crofton_px times the side of a pixel",
        standard: "skimage:perimeter_crofton",
        empty: SQUARE_ONLY,
        get: Get::Real(|f| Some(f.flat.as_ref()?.outline.crofton() * f.side()?)),
    },
    Feature {
        name: "form_factor",
        unit: "1",
        definition: "4 pi area / perimeter^2 in pixels: 1 for a disc, less for other shapes",
        standard: "CellProfiler:AreaShape_FormFactor",
        empty: FLAT_PERIMETER,
        get: Get::Real(Facts::roundness),
    },
    Feature {
        name: "compactness",
        unit: "1",
        definition: "perimeter^2 / (4 pi area) in pixels",
        standard: "CellProfiler:AreaShape_Compactness",
        empty: FLAT_ONLY,
        get: Get::Real(|f| f.perimeter().map(|p| p * p / (4.0 * PI * f.n))),
    },
    Feature {
        name: "area_convex_px",
        unit: "px",
        definition: "Number of pixels in the convex hull of the midpoints of the object's pixel sides",
        standard: "skimage:area_convex",
        empty: FLAT_ONLY,
        get: Get::Int(|f| f.flat.as_ref().map(|f| f.hull.area as i64)),
    },
    Feature {
        name: "solidity",
        unit: "1",
        definition: "Share of the convex hull's pixels that the object fills",
        standard: "skimage:solidity",
        empty: FLAT_ONLY,
        get: Get::Real(|f| f.flat.as_ref().map(|flat| f.n / flat.hull.area as f64)),
    },
    Feature {
        name: "area_filled_px",
        unit: "px",
        definition: "Number of pixels with holes filled; a hole is background cut off from outside even across corners",
        standard: "skimage:area_filled",
        empty: FLAT_ONLY,
        get: Get::Int(|f| f.flat.as_ref().map(|f| f.filled as i64)),
    },
    Feature {
        name: "feret_diameter_max_px",
        unit: "px",
        definition: "Largest distance between two points of the outline of the convex hull's pixels",
        standard: "skimage:feret_diameter_max",
        empty: FLAT_ONLY,
        get: Get::Real(|f| f.hull().map(|h| h.max_diameter([1.0; 2]))),
    },
    Feature {
        name: "feret_diameter_max_um",
        unit: "um",
        definition: "As feret_diameter_max_px, with true spacing",
        standard: "skimage:feret_diameter_max",
        empty: FLAT_CALIBRATED,
        get: Get::Real(|f| Some(f.hull()?.max_diameter(f.pixel()?))),
    },
    Feature {
        name: "feret_diameter_min_px",
        unit: "px",
        definition: "Smallest distance between two parallel lines with the outline of the convex hull's pixels between them",
        standard: "CellProfiler:AreaShape_MinFeretDiameter",
        empty: FLAT_ONLY,
        get: Get::Real(|f| f.hull().map(|h| h.min_diameter([1.0; 2]))),
    },
    Feature {
        name: "feret_diameter_min_um",
        unit: "um",
        definition: "As feret_diameter_min_px, with true spacing",
        standard: "CellProfiler:AreaShape_MinFeretDiameter",
        empty: FLAT_CALIBRATED,
        get: Get::Real(|f| Some(f.hull()?.min_diameter(f.pixel()?))),
    },
    Feature {
        name: "axis_middle_length_px",
        unit: "px",
        definition: "Middle axis of the ellipsoid with the same second moments, on the voxel grid",
        standard: "",
        empty: SOLID_ONLY,
        get: Get::Real(|f| f.solid.as_ref().map(|_| f.axis_px(1))),
    },
    Feature {
        name: "axis_middle_length_um",
        unit: "um",
        definition: "Middle axis of the ellipsoid with the same second moments, with true spacing",
        standard: "",
        empty: SOLID_CALIBRATED,
        get: Get::Real(|f| f.solid.as_ref().and_then(|_| f.axis_length(1))),
    },
    Feature {
        name: "surface_area_px",
        unit: "px2",
        definition: "Area of the marching cubes surface at one half, on the voxel grid",
        standard: "skimage:mesh_surface_area",
        empty: SOLID_ONLY,
        get: Get::Real(|f| f.surface([1.0; 3])),
    },
    Feature {
        name: "surface_area_um2",
        unit: "um2",
        definition: "Area of the marching cubes surface at one half, with true spacing",
        standard: "skimage:mesh_surface_area",
        empty: SOLID_CALIBRATED,
        get: Get::Real(|f| f.surface(f.size()?)),
    },
    Feature {
        name: "sphericity",
        unit: "1",
        definition: SPHERICITY,
        standard: "IBSI:QCFX",
        empty: SOLID_ONLY,
        get: Get::Real(Facts::sphericity),
    },
];

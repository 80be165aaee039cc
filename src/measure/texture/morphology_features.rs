//! The features of morphology.

use super::morphology::Facts;
use super::{NO_SHAPE, NO_VOXEL, plain};
use crate::measure::Feature;
use std::f64::consts::PI;

/// Values times volumes.
const CHANNEL_UM3: &str = "channel um3";

const NO_SUM: &str = "the sum of the intensities is 0, or there are none";
const ONE_VOXEL: &str = "the region is a single voxel, or has none";
const FLAT_SHAPE: &str = "the voxels of the region lie in a plane, or there are none";

const fn form(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    plain(name, standard, definition, NO_SHAPE, get)
}

const fn length(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { unit: "um", ..plain(name, standard, definition, NO_SHAPE, get) }
}

/// The features of morphology.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        unit: "um3",
        ..form("morph_volume_um3", "IBSI:RNU0", "Volume inside the mesh of marching cubes at one half", |f| {
            Some(f.volume)
        })
    },
    Feature {
        unit: "um3",
        ..form("morph_volume_counted_um3", "IBSI:YEKZ", "Number of voxels times the volume of one", |f| Some(f.counted))
    },
    Feature {
        unit: "um2",
        ..form("morph_surface_area_um2", "IBSI:C0JK", "Area of the mesh of marching cubes at one half", |f| {
            Some(f.area)
        })
    },
    Feature {
        unit: "um-1",
        ..form("morph_surface_to_volume_ratio", "IBSI:2PR5", "Area over volume of the mesh", |f| {
            Some(f.area / f.volume)
        })
    },
    form("morph_compactness_1", "IBSI:SKGS", "Volume over the root of pi times area^3", |f| {
        Some(f.volume / (PI.sqrt() * f.area * f.area.sqrt()))
    }),
    form("morph_compactness_2", "IBSI:BQWJ", "36 pi times volume^2 over area^3", |f| {
        Some(36.0 * PI * f.volume * f.volume / (f.area * f.area * f.area))
    }),
    form("morph_spherical_disproportion", "IBSI:KRCK", "Area over that of the ball with the same volume", |f| {
        Some(1.0 / f.sphericity())
    }),
    form("morph_sphericity", "IBSI:QCFX", "Area of the ball with the same volume over the area", |f| {
        Some(f.sphericity())
    }),
    form("morph_asphericity", "IBSI:25C7", "Spherical disproportion less 1", |f| Some(1.0 / f.sphericity() - 1.0)),
    Feature {
        empty: NO_SUM,
        ..length(
            "morph_centre_of_mass_shift_um",
            "IBSI:KLMA",
            "Distance from the centre of the shape to that of the intensities",
            |f| f.shift,
        )
    },
    length("morph_maximum_diameter_um", "IBSI:L0JK", "Largest distance of two corners of the mesh", |f| {
        Some(f.hull[2])
    }),
    length(
        "morph_major_axis_length_um",
        "IBSI:TDIC",
        "4 times the root of the largest variance of voxel centres",
        |f| Some(f.axes[0]),
    ),
    length(
        "morph_minor_axis_length_um",
        "IBSI:P9VJ",
        "4 times the root of the middle variance of voxel centres",
        |f| Some(f.axes[1]),
    ),
    length("morph_least_axis_length_um", "IBSI:7J51", "4 times the root of the least variance of voxel centres", |f| {
        Some(f.axes[2])
    }),
    plain("morph_elongation", "IBSI:Q3CK", "Minor over major axis length", ONE_VOXEL, |f| {
        (f.axes[0] > 0.0).then(|| f.axes[1] / f.axes[0])
    }),
    plain("morph_flatness", "IBSI:N17B", "Least over major axis length", ONE_VOXEL, |f| {
        (f.axes[0] > 0.0).then(|| f.axes[2] / f.axes[0])
    }),
    form("morph_volume_density_aabb", "IBSI:PBX1", "Volume over that of the box along the axes of the image", |f| {
        Some(f.volume / f.box_volume())
    }),
    form("morph_area_density_aabb", "IBSI:R59B", "Area over that of the box along the axes of the image", |f| {
        Some(f.area / f.box_area())
    }),
    plain(
        "morph_volume_density_aee",
        "IBSI:6BDE",
        "Volume over that of the ellipsoid with the principal axes",
        FLAT_SHAPE,
        |f| Some(f.volume / f.ellipsoid_volume()?),
    ),
    plain(
        "morph_area_density_aee",
        "IBSI:RDD2",
        "Area over that of the ellipsoid with the principal axes",
        FLAT_SHAPE,
        |f| Some(f.area / f.ellipsoid_area()?),
    ),
    form("morph_volume_density_convex_hull", "IBSI:R3ER", "Volume over that of the convex hull of the mesh", |f| {
        Some(f.volume / f.hull[0])
    }),
    form("morph_area_density_convex_hull", "IBSI:7T7F", "Area over that of the convex hull of the mesh", |f| {
        Some(f.area / f.hull[1])
    }),
    Feature {
        unit: CHANNEL_UM3,
        empty: NO_VOXEL,
        ..form("morph_integrated_intensity", "IBSI:99N0", "Mean intensity times the volume of the mesh", |f| {
            Some(f.mean? * f.volume)
        })
    },
];

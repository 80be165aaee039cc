//! The features of each class: their names in PyRadiomics, and where they come from.

use super::Class;
use super::Source::{Of, Or, Own};
use crate::measure::texture::choice::Group;
use crate::measure::texture::{correlation_coefficient, diameters};

/// All classes, in the order of their columns.
pub(super) const CLASSES: &[Class] = &[
    Class {
        name: "shape",
        group: Group::Morphology,
        features: &[
            ("MeshVolume", Of("morph_volume_um3")),
            ("VoxelVolume", Of("morph_volume_counted_um3")),
            ("SurfaceArea", Of("morph_surface_area_um2")),
            ("SurfaceVolumeRatio", Of("morph_surface_to_volume_ratio")),
            ("Sphericity", Of("morph_sphericity")),
            ("Maximum3DDiameter", Of("morph_maximum_diameter_um")),
            (
                "Maximum2DDiameterSlice",
                Own("um", "Largest distance of two corners of the mesh in a plane of x and y", |f| {
                    diameters::in_planes(f.region, 0)
                }),
            ),
            (
                "Maximum2DDiameterColumn",
                Own("um", "Largest distance of two corners of the mesh in a plane of x and z", |f| {
                    diameters::in_planes(f.region, 1)
                }),
            ),
            (
                "Maximum2DDiameterRow",
                Own("um", "Largest distance of two corners of the mesh in a plane of y and z", |f| {
                    diameters::in_planes(f.region, 2)
                }),
            ),
            (
                "MajorAxisLength",
                Own("um", "4 times the root of the largest variance of voxel centres, divided by n", |f| {
                    f.axis("morph_major_axis_length_um")
                }),
            ),
            (
                "MinorAxisLength",
                Own("um", "4 times the root of the middle variance of voxel centres, divided by n", |f| {
                    f.axis("morph_minor_axis_length_um")
                }),
            ),
            (
                "LeastAxisLength",
                Own("um", "4 times the root of the least variance of voxel centres, divided by n", |f| {
                    f.axis("morph_least_axis_length_um")
                }),
            ),
            ("Elongation", Of("morph_elongation")),
            ("Flatness", Of("morph_flatness")),
        ],
    },
    Class {
        name: "firstorder",
        group: Group::Statistics,
        features: &[
            ("10Percentile", Of("stat_percentile_10")),
            ("90Percentile", Of("stat_percentile_90")),
            ("Energy", Of("stat_energy")),
            ("Entropy", Own("1", "Entropy of the bins, in bits", |f| f.histogram("ih_entropy"))),
            ("InterquartileRange", Of("stat_interquartile_range")),
            (
                "Kurtosis",
                Own("1", "Kurtosis of the intensity, 3 for a normal distribution", |f| {
                    f.form(f.statistic("stat_excess_kurtosis").map(|k| k + 3.0))
                }),
            ),
            ("Maximum", Of("stat_maximum")),
            ("Mean", Of("stat_mean")),
            ("MeanAbsoluteDeviation", Of("stat_mean_absolute_deviation")),
            ("Median", Of("stat_median")),
            ("Minimum", Of("stat_minimum")),
            ("Range", Of("stat_range")),
            ("RobustMeanAbsoluteDeviation", Of("stat_robust_mean_absolute_deviation")),
            ("RootMeanSquared", Of("stat_root_mean_square")),
            ("Skewness", Or("stat_skewness", 0.0)),
            (
                "TotalEnergy",
                Own("channel2 um3", "Energy times the volume of a voxel", |f| {
                    Some(f.statistic("stat_energy")? * f.region.spacing.iter().product::<f64>())
                }),
            ),
            ("Uniformity", Own("1", "Sum of the squares of the shares of the bins", |f| f.histogram("ih_uniformity"))),
            ("Variance", Of("stat_variance")),
        ],
    },
    Class {
        name: "glcm",
        group: Group::Glcm,
        features: &[
            ("Autocorrelation", Of("glcm_autocorrelation")),
            ("ClusterProminence", Of("glcm_cluster_prominence")),
            ("ClusterShade", Of("glcm_cluster_shade")),
            ("ClusterTendency", Of("glcm_cluster_tendency")),
            ("Contrast", Of("glcm_contrast")),
            ("Correlation", Or("glcm_correlation", 1.0)),
            ("DifferenceAverage", Of("glcm_difference_average")),
            ("DifferenceEntropy", Of("glcm_difference_entropy")),
            ("DifferenceVariance", Of("glcm_difference_variance")),
            ("Id", Of("glcm_inverse_difference")),
            ("Idm", Of("glcm_inverse_difference_moment")),
            ("Idmn", Of("glcm_normalised_inverse_difference_moment")),
            ("Idn", Of("glcm_normalised_inverse_difference")),
            ("Imc1", Or("glcm_information_correlation_1", 0.0)),
            ("Imc2", Or("glcm_information_correlation_2", 0.0)),
            ("InverseVariance", Of("glcm_inverse_variance")),
            ("JointAverage", Of("glcm_joint_average")),
            ("JointEnergy", Of("glcm_angular_second_moment")),
            ("JointEntropy", Of("glcm_joint_entropy")),
            (
                "MCC",
                Own(
                    "1",
                    "Maximal correlation coefficient: the largest correlation of functions of the levels of a pair",
                    |f| correlation_coefficient::maximal(f.levels, f.distance, f.aggregation),
                ),
            ),
            ("MaximumProbability", Of("glcm_joint_maximum")),
            ("SumAverage", Of("glcm_sum_average")),
            ("SumEntropy", Of("glcm_sum_entropy")),
            ("SumSquares", Of("glcm_joint_variance")),
        ],
    },
    Class {
        name: "glrlm",
        group: Group::Glrlm,
        features: &[
            ("GrayLevelNonUniformity", Of("glrlm_grey_level_nonuniformity")),
            ("GrayLevelNonUniformityNormalized", Of("glrlm_normalised_grey_level_nonuniformity")),
            ("GrayLevelVariance", Of("glrlm_grey_level_variance")),
            ("HighGrayLevelRunEmphasis", Of("glrlm_high_grey_level_run_emphasis")),
            ("LongRunEmphasis", Of("glrlm_long_runs_emphasis")),
            ("LongRunHighGrayLevelEmphasis", Of("glrlm_long_run_high_grey_level_emphasis")),
            ("LongRunLowGrayLevelEmphasis", Of("glrlm_long_run_low_grey_level_emphasis")),
            ("LowGrayLevelRunEmphasis", Of("glrlm_low_grey_level_run_emphasis")),
            ("RunEntropy", Of("glrlm_run_entropy")),
            ("RunLengthNonUniformity", Of("glrlm_run_length_nonuniformity")),
            ("RunLengthNonUniformityNormalized", Of("glrlm_normalised_run_length_nonuniformity")),
            ("RunPercentage", Of("glrlm_run_percentage")),
            ("RunVariance", Of("glrlm_run_length_variance")),
            ("ShortRunEmphasis", Of("glrlm_short_runs_emphasis")),
            ("ShortRunHighGrayLevelEmphasis", Of("glrlm_short_run_high_grey_level_emphasis")),
            ("ShortRunLowGrayLevelEmphasis", Of("glrlm_short_run_low_grey_level_emphasis")),
        ],
    },
    Class {
        name: "glszm",
        group: Group::Glszm,
        features: &[
            ("GrayLevelNonUniformity", Of("glszm_grey_level_nonuniformity")),
            ("GrayLevelNonUniformityNormalized", Of("glszm_normalised_grey_level_nonuniformity")),
            ("GrayLevelVariance", Of("glszm_grey_level_variance")),
            ("HighGrayLevelZoneEmphasis", Of("glszm_high_grey_level_zone_emphasis")),
            ("LargeAreaEmphasis", Of("glszm_large_zone_emphasis")),
            ("LargeAreaHighGrayLevelEmphasis", Of("glszm_large_zone_high_grey_level_emphasis")),
            ("LargeAreaLowGrayLevelEmphasis", Of("glszm_large_zone_low_grey_level_emphasis")),
            ("LowGrayLevelZoneEmphasis", Of("glszm_low_grey_level_zone_emphasis")),
            ("SizeZoneNonUniformity", Of("glszm_zone_size_nonuniformity")),
            ("SizeZoneNonUniformityNormalized", Of("glszm_normalised_zone_size_nonuniformity")),
            ("SmallAreaEmphasis", Of("glszm_small_zone_emphasis")),
            ("SmallAreaHighGrayLevelEmphasis", Of("glszm_small_zone_high_grey_level_emphasis")),
            ("SmallAreaLowGrayLevelEmphasis", Of("glszm_small_zone_low_grey_level_emphasis")),
            ("ZoneEntropy", Of("glszm_zone_size_entropy")),
            ("ZonePercentage", Of("glszm_zone_percentage")),
            ("ZoneVariance", Of("glszm_zone_size_variance")),
        ],
    },
    Class {
        name: "ngtdm",
        group: Group::Ngtdm,
        features: &[
            ("Busyness", Or("ngtdm_busyness", 0.0)),
            ("Coarseness", Or("ngtdm_coarseness", 1e6)),
            ("Complexity", Or("ngtdm_complexity", 0.0)),
            ("Contrast", Or("ngtdm_contrast", 0.0)),
            ("Strength", Or("ngtdm_strength", 0.0)),
        ],
    },
    Class {
        name: "gldm",
        group: Group::Ngldm,
        features: &[
            ("DependenceEntropy", Of("ngldm_dependence_count_entropy")),
            ("DependenceNonUniformity", Of("ngldm_dependence_count_nonuniformity")),
            ("DependenceNonUniformityNormalized", Of("ngldm_normalised_dependence_count_nonuniformity")),
            ("DependenceVariance", Of("ngldm_dependence_count_variance")),
            ("GrayLevelNonUniformity", Of("ngldm_grey_level_nonuniformity")),
            ("GrayLevelVariance", Of("ngldm_grey_level_variance")),
            ("HighGrayLevelEmphasis", Of("ngldm_high_grey_level_count_emphasis")),
            ("LargeDependenceEmphasis", Of("ngldm_high_dependence_emphasis")),
            ("LargeDependenceHighGrayLevelEmphasis", Of("ngldm_high_dependence_high_grey_level_emphasis")),
            ("LargeDependenceLowGrayLevelEmphasis", Of("ngldm_high_dependence_low_grey_level_emphasis")),
            ("LowGrayLevelEmphasis", Of("ngldm_low_grey_level_count_emphasis")),
            ("SmallDependenceEmphasis", Of("ngldm_low_dependence_emphasis")),
            ("SmallDependenceHighGrayLevelEmphasis", Of("ngldm_low_dependence_high_grey_level_emphasis")),
            ("SmallDependenceLowGrayLevelEmphasis", Of("ngldm_low_dependence_low_grey_level_emphasis")),
        ],
    },
];

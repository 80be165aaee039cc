//! `filter`: the filters of the standard, which make a response map of an image. Each has its settings here, and its work in
//! [`filters`](crate::filters).

use crate::filters::{Axes, Band, LawsKernel, Padding, Pooling, Wavelet};
use crate::units::Length;
use crate::words::one_or_many;
use serde::Deserialize;

/// `filter`, by its `kind`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Filter {
    /// The mean around each voxel.
    Mean(MeanFilter),
    /// The Laplacian of a Gaussian.
    LaplacianOfGaussian(LaplacianOfGaussian),
    /// Laws' kernels.
    Laws(Laws),
    /// Waves under a Gaussian.
    Gabor(Gabor),
    /// Separable wavelets.
    Wavelet(WaveletFilter),
    /// Simoncelli's wavelet.
    Simoncelli(Simoncelli),
    /// The Riesz transform.
    Riesz(Riesz),
}

/// `mean`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanFilter {
    /// Voxels along each axis, an odd number.
    pub support: usize,
    /// 2 within slices, 3 in the volume; as many as the image has if absent.
    pub dimensions: Option<Dimensions>,
    /// What lies beyond the edge.
    #[serde(default)]
    pub padding: Padding,
}

/// `laplacian_of_gaussian`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaplacianOfGaussian {
    /// Standard deviation.
    pub sigma: Length,
    /// The kernel ends at so many of them; 4 if absent.
    pub cutoff: Option<f64>,
    /// 2 within slices, 3 in the volume; as many as the image has if absent.
    pub dimensions: Option<Dimensions>,
    /// What lies beyond the edge.
    #[serde(default)]
    pub padding: Padding,
}

/// `laws`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Laws {
    /// Kernels along x and y, or x, y and z.
    pub kernels: Vec<LawsKernel>,
    /// Over all right-angle rotations; none if absent.
    pub pooling: Option<Pooling>,
    /// The energy up to this distance in voxels; the response itself if absent.
    pub energy: Option<usize>,
    /// What lies beyond the edge.
    #[serde(default)]
    pub padding: Padding,
}

/// `gabor`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gabor {
    /// Standard deviation of the Gaussian along the wave.
    pub sigma: Length,
    /// Length of the wave.
    pub wavelength: Length,
    /// Sigma along the wave over that across it.
    pub ratio: f64,
    /// Angles in degrees, from x towards y.
    #[serde(default, deserialize_with = "one_or_many")]
    pub angles: Vec<f64>,
    /// All angles in steps of so many degrees.
    pub angle_step: Option<f64>,
    /// Which planes.
    #[serde(default)]
    pub planes: GaborPlanes,
    /// Over angles and planes; their mean if absent.
    pub pooling: Option<Pooling>,
    /// What lies beyond the edge.
    #[serde(default)]
    pub padding: Padding,
}

/// The planes of a Gabor filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GaborPlanes {
    /// The slices.
    #[default]
    Axial,
    /// Those of all three pairs of axes.
    Orthogonal,
}

/// `wavelet`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaveletFilter {
    /// Which one.
    pub wavelet: Wavelet,
    /// Low-pass or high-pass along x and y, or x, y and z.
    pub bands: Bands,
    /// From 1 on; 1 if absent.
    pub level: Option<u32>,
    /// Over all right-angle rotations; none if absent.
    pub pooling: Option<Pooling>,
    /// What lies beyond the edge.
    #[serde(default)]
    pub padding: Padding,
}

/// `simoncelli`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Simoncelli {
    /// From 1 on; 1 if absent.
    pub level: Option<u32>,
    /// 2 within slices, 3 in the volume; as many as the image has if absent.
    pub dimensions: Option<Dimensions>,
}

/// `riesz`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Riesz {
    /// Of the derivatives along x and y, or x, y and z.
    pub order: Vec<u32>,
}

/// 2 within slices, 3 in the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub struct Dimensions(pub Axes);

impl TryFrom<u8> for Dimensions {
    type Error = String;
    fn try_from(n: u8) -> Result<Self, String> {
        match n {
            2 => Ok(Dimensions(Axes::Slices)),
            3 => Ok(Dimensions(Axes::Volume)),
            n => Err(format!("a filter has 2 or 3 dimensions, not {n}")),
        }
    }
}

/// Letters such as `"LH"` or `"LLH"`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Bands(pub Vec<Band>);

impl TryFrom<String> for Bands {
    type Error = String;
    fn try_from(letters: String) -> Result<Self, String> {
        let band = |letter: char| match letter {
            'L' => Ok(Band::Low),
            'H' => Ok(Band::High),
            _ => Err(format!("\"{letters}\" says no bands: letters L and H, as in \"LH\" or \"LLH\"")),
        };
        letters.chars().map(band).collect::<Result<_, _>>().map(Bands)
    }
}

impl Filter {
    /// As `kind` names it.
    pub fn name(&self) -> &'static str {
        match self {
            Filter::Mean(_) => "mean",
            Filter::LaplacianOfGaussian(_) => "laplacian_of_gaussian",
            Filter::Laws(_) => "laws",
            Filter::Gabor(_) => "gabor",
            Filter::Wavelet(_) => "wavelet",
            Filter::Simoncelli(_) => "simoncelli",
            Filter::Riesz(_) => "riesz",
        }
    }

    /// Its lengths.
    pub fn lengths(&self) -> Vec<Length> {
        match self {
            Filter::LaplacianOfGaussian(p) => vec![p.sigma],
            Filter::Gabor(p) => vec![p.sigma, p.wavelength],
            _ => vec![],
        }
    }
}

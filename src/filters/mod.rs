//! Filters of the Image Biomarker Standardisation Initiative (IBSI 2): an image becomes a response map of the same size, each voxel of
//! which says how much its surroundings are like the filter.
//!
//! One filter a file. All work on the host in `f64`, each sum in one fixed order, with sines and exponentials of `libm`: the same
//! bytes on every machine and for any number of threads. Convolution, not correlation: kernels are turned round. Kernels, bands and
//! orders are given along x first, as the standard has them; filters that look within slices have two, those in space three.
//!
//! Source: A. Depeursinge et al., Standardised convolutional filtering for radiomics, arXiv:2006.05470; reference maps and values:
//! P. Whybra et al., Radiology 2024;310:e231319.

mod convolve;
mod fft;
mod field;
mod gabor;
mod laplacian_of_gaussian;
mod laws;
mod mean;
mod padding;
mod pooling;
mod riesz;
mod separable;
mod simoncelli;
mod spectrum;
mod wavelet;
mod wavelet_kernels;

pub use field::{Axes, Field};
pub use gabor::{Planes, Wave, gabor};
pub use laplacian_of_gaussian::laplacian_of_gaussian;
pub use laws::{LawsKernel, energy, laws};
pub use mean::mean;
pub use padding::Padding;
pub use pooling::Pooling;
pub use riesz::{ORDER, riesz};
pub use simoncelli::simoncelli;
pub use wavelet::{Band, LEVELS, wavelet};
pub use wavelet_kernels::Wavelet;

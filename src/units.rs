//! Shapes, spacings and lengths: the units that travel with the data.

use crate::{Error, Result};
use serde::Deserialize;

/// What helps where a recipe has lengths and an image has no size of its pixels. PET must say it in its header.
pub(crate) const NO_CALIBRATION: &str = "--set spacing_um=0.65 (the size of a pixel; of a stack \
    \"spacing_um=[2,0.65,0.65]\", along z, y and x) for microscopy, a header with the voxel size for PET, or a recipe in px";

/// Size of an image in voxels. A 2-D image is one slice deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Slices.
    pub z: usize,
    /// Rows.
    pub y: usize,
    /// Columns.
    pub x: usize,
}

impl Shape {
    /// A volume.
    pub const fn new(z: usize, y: usize, x: usize) -> Self {
        Shape { z, y, x }
    }
    /// A single slice.
    pub const fn flat(y: usize, x: usize) -> Self {
        Shape { z: 1, y, x }
    }
    /// Voxels in all.
    pub const fn len(self) -> usize {
        self.z * self.y * self.x
    }
    /// Has no voxel at all.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
    /// One slice only.
    pub const fn is_flat(self) -> bool {
        self.z == 1
    }
    /// Sizes in the order z, y, x.
    pub const fn zyx(self) -> [usize; 3] {
        [self.z, self.y, self.x]
    }
    /// z, y and x of a linear index.
    pub const fn position(self, i: usize) -> [usize; 3] {
        let (row, x) = (i / self.x, i % self.x);
        [row / self.y, row % self.y, x]
    }
    /// Linear index of z, y, x.
    pub const fn index(self, z: usize, y: usize, x: usize) -> usize {
        (z * self.y + y) * self.x + x
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_flat() {
            write!(f, "{} x {}", self.y, self.x)
        } else {
            write!(f, "{} x {} x {}", self.z, self.y, self.x)
        }
    }
}

/// The unit that a spacing is given in. Microscopy counts in micrometres, PET in millimetres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Micrometre.
    Um,
    /// Millimetre.
    Mm,
}

impl Unit {
    /// As it stands in column names.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Um => "um",
            Unit::Mm => "mm",
        }
    }
    /// Micrometres in one of it.
    pub const fn um(self) -> f64 {
        match self {
            Unit::Um => 1.0,
            Unit::Mm => 1000.0,
        }
    }
}

/// Distance between voxel centres along z, y, x. An image without one counts in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spacing {
    /// z, y, x.
    pub zyx: [f64; 3],
    /// Their unit.
    pub unit: Unit,
}

impl Spacing {
    /// A spacing in micrometres, or nothing if one of the numbers makes no sense.
    pub fn um(zyx: [f64; 3]) -> Option<Self> {
        Self::checked(zyx, Unit::Um)
    }
    /// A spacing in millimetres, or nothing if one of the numbers makes no sense.
    pub fn mm(zyx: [f64; 3]) -> Option<Self> {
        Self::checked(zyx, Unit::Mm)
    }
    fn checked(zyx: [f64; 3], unit: Unit) -> Option<Self> {
        let sound = |v: &f64| v.is_finite() && *v > 1e-9 && *v < 1e9;
        zyx.iter().all(sound).then_some(Spacing { zyx, unit })
    }
    /// The same distances in a unit; nothing is computed where they are in it already.
    pub fn to(self, unit: Unit) -> Self {
        let zyx = match (self.unit, unit) {
            (Unit::Um, Unit::Mm) => self.zyx.map(|v| v / 1000.0),
            (Unit::Mm, Unit::Um) => self.zyx.map(|v| v * 1000.0),
            _ => self.zyx,
        };
        Spacing { zyx, unit }
    }
    /// Area of a pixel in the plane, in the square of the unit.
    pub fn pixel_area(&self) -> f64 {
        self.zyx[1] * self.zyx[2]
    }
    /// Volume of a voxel, in the cube of the unit.
    pub fn voxel_volume(&self) -> f64 {
        self.zyx[0] * self.zyx[1] * self.zyx[2]
    }
}

/// A length as a recipe states it: a number and its unit, nothing guessed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Pixels.
    Px(f64),
    /// Micrometres.
    Um(f64),
    /// Millimetres.
    Mm(f64),
    /// Multiples of the object radius found in the image by the `scale` of the object set.
    R(f64),
}

/// What a length is measured against in one image.
#[derive(Clone, Copy, Debug)]
pub struct Ruler {
    /// Calibration of the image, if it has one.
    pub spacing: Option<Spacing>,
    /// Radius of the typical object in pixels, if the recipe asked for it.
    pub radius_px: Option<f64>,
}

/// A quotient of decimal fractions as it is meant: 0.3 um over 0.1 um are 3 pixels, not 2.9999999999999996. Ends that belong to a
/// range would not, and halves would be rounded the other way.
pub(crate) fn whole(v: f64) -> f64 {
    let near = (2.0 * v).round() / 2.0;
    if (v - near).abs() <= 1e-12 * v.abs() { near } else { v }
}

impl Length {
    /// In pixels of the image plane.
    ///
    /// # Errors
    /// A physical length on an image without calibration, or `r` where no scale was found.
    pub fn px(self, ruler: &Ruler) -> Result<f64> {
        let um = |v: f64| match &ruler.spacing {
            Some(s) => Ok(whole(v / (s.unit.um() * (s.zyx[1] * s.zyx[2]).sqrt()))),
            None => Err(Error::usage(format!("the recipe says \"{self}\", but the image has no calibration"))
                .remedy(NO_CALIBRATION)),
        };
        match self {
            Length::Px(v) => Ok(v),
            Length::Um(v) => um(v),
            Length::Mm(v) => um(v * 1000.0),
            Length::R(v) => match ruler.radius_px {
                Some(r) => Ok(v * r),
                None => Err(Error::usage(format!("the recipe says \"{self}\", but this object set has no scale"))
                    .remedy("scale = \"auto\" or scale = \"10 px\" in the object set")),
            },
        }
    }
}

impl Length {
    /// No length at all.
    pub fn is_zero(self) -> bool {
        let (Length::Px(v) | Length::Um(v) | Length::Mm(v) | Length::R(v)) = self;
        v == 0.0
    }
    /// Which one is longer, where both are counted in one unit.
    pub fn compare(self, other: Self) -> Option<std::cmp::Ordering> {
        let (a, b) = match (self, other) {
            (Length::Px(a), Length::Px(b)) | (Length::R(a), Length::R(b)) => (a, b),
            (Length::Um(a), Length::Um(b)) | (Length::Mm(a), Length::Mm(b)) => (a, b),
            (Length::Um(a), Length::Mm(b)) => (a, b * 1000.0),
            (Length::Mm(a), Length::Um(b)) => (a * 1000.0, b),
            _ => return None,
        };
        a.partial_cmp(&b)
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Length::Px(v) => write!(f, "{v} px"),
            Length::Um(v) => write!(f, "{v} um"),
            Length::Mm(v) => write!(f, "{v} mm"),
            Length::R(v) => write!(f, "{v} r"),
        }
    }
}

impl std::str::FromStr for Length {
    type Err = Error;
    fn from_str(s: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("\"{s}\" is not a length"))
                .remedy("a number and a unit: \"3 px\", \"0.8 um\", \"2 mm\", or \"1.5 r\" for object radii")
        };
        let s = s.trim();
        let split = s.find(|c: char| c.is_alphabetic() && c != 'e' || c == 'µ').ok_or_else(bad)?;
        let value: f64 = s[..split].trim().parse().map_err(|_| bad())?;
        if !value.is_finite() || value < 0.0 {
            return Err(bad());
        }
        match s[split..].trim() {
            "px" => Ok(Length::Px(value)),
            "um" | "µm" | "μm" => Ok(Length::Um(value)),
            "mm" => Ok(Length::Mm(value)),
            "r" => Ok(Length::R(value)),
            _ => Err(bad()),
        }
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        crate::words::of_text(d, "a length")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_need_a_unit() {
        assert_eq!("3 px".parse::<Length>().unwrap(), Length::Px(3.0));
        assert_eq!("0.8um".parse::<Length>().unwrap(), Length::Um(0.8));
        assert_eq!("1e1 µm".parse::<Length>().unwrap(), Length::Um(10.0));
        assert_eq!("4 r".parse::<Length>().unwrap(), Length::R(4.0));
        for bad in ["3", "px", "-1 px", "3 parsec", "nan px", ""] {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
    }

    #[test]
    fn physical_lengths_need_a_calibration() {
        let bare = Ruler { spacing: None, radius_px: None };
        assert!(Length::Um(1.0).px(&bare).is_err());
        assert!(Length::R(1.0).px(&bare).is_err());
        let scaled = Ruler { spacing: Spacing::um([1.0, 0.5, 0.5]), radius_px: Some(8.0) };
        assert_eq!(Length::Um(2.0).px(&scaled).unwrap(), 4.0);
        assert_eq!(Length::R(0.5).px(&scaled).unwrap(), 4.0);
    }

    #[test]
    fn decimal_fractions_are_as_they_are_meant() {
        for (pixel, um, px) in
            [(0.1, 0.3, 3.0), (0.2, 0.6, 3.0), (0.23, 0.69, 3.0), (0.55, 1.65, 3.0), (0.1, 0.35, 3.5)]
        {
            let ruler = Ruler { spacing: Spacing::um([1.0, pixel, pixel]), radius_px: None };
            assert_eq!(Length::Um(um).px(&ruler).unwrap(), px, "{um} um of {pixel} um");
        }
        assert_eq!(whole(2.999_999_9), 2.999_999_9);
    }
}

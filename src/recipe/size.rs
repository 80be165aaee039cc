//! Areas and volumes as a recipe states them.

use crate::units::{NO_CALIBRATION, Ruler, whole};
use crate::{Error, Result};
use serde::Deserialize;

/// A number and its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// How many.
    pub value: f64,
    /// Of what.
    pub unit: SizeUnit,
}

/// The unit of an area or a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeUnit {
    /// Pixels or voxels.
    Px,
    /// Square micrometres.
    Um2,
    /// Square millimetres.
    Mm2,
    /// Cubic micrometres.
    Um3,
    /// Cubic millimetres.
    Mm3,
    /// Millilitres.
    Ml,
    /// Squares of the object radius.
    R2,
    /// Cubes of the object radius.
    R3,
}

impl SizeUnit {
    const ALL: [(&'static str, SizeUnit); 8] = [
        ("px", SizeUnit::Px),
        ("um2", SizeUnit::Um2),
        ("mm2", SizeUnit::Mm2),
        ("um3", SizeUnit::Um3),
        ("mm3", SizeUnit::Mm3),
        ("ml", SizeUnit::Ml),
        ("r2", SizeUnit::R2),
        ("r3", SizeUnit::R3),
    ];

    /// As the recipe writes it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, u)| *u == self).map_or("px", |(n, _)| n)
    }
}

impl Size {
    /// Says something of images of one slice (`flat`), or of stacks: an area and a volume each do of one kind only.
    pub fn fits(self, flat: bool) -> bool {
        let is_area = matches!(self.unit, SizeUnit::Um2 | SizeUnit::Mm2 | SizeUnit::R2);
        self.unit == SizeUnit::Px || is_area == flat
    }

    /// In voxels of an image that is `flat` (one slice) or not.
    ///
    /// # Errors
    /// A physical size on an image without calibration, `r` without a scale, an area in depth or a volume in the plane.
    pub fn voxels(self, ruler: &Ruler, flat: bool) -> Result<f64> {
        if !self.fits(flat) {
            let (image, wants) = if flat { ("one slice", "um2, mm2 or r2") } else { ("a stack", "um3, mm3, ml or r3") };
            return Err(Error::usage(format!("the recipe says \"{self}\", but the image is {image}"))
                .remedy(format!("px, or {wants}")));
        }
        let radius = || {
            ruler.radius_px.ok_or_else(|| {
                Error::usage(format!("the recipe says \"{self}\", but this object set has no scale"))
                    .remedy("scale = \"auto\" or scale = \"10 px\" in the object set")
            })
        };
        let spacing = || {
            ruler.spacing.ok_or_else(|| {
                Error::usage(format!("the recipe says \"{self}\", but the image has no calibration"))
                    .remedy(NO_CALIBRATION)
            })
        };
        // Voxels in depth count the plane's pixels in their radius, so slices further apart make fewer of them.
        let depth = ruler.spacing.map_or(1.0, |s| s.zyx[0] / (s.zyx[1] * s.zyx[2]).sqrt());
        let um2 = |v: f64| Ok(whole(v / (spacing()?.pixel_area() * spacing()?.unit.um().powi(2))));
        let um3 = |v: f64| Ok(whole(v / (spacing()?.voxel_volume() * spacing()?.unit.um().powi(3))));
        match self.unit {
            SizeUnit::Px => Ok(self.value),
            SizeUnit::Um2 => um2(self.value),
            SizeUnit::Mm2 => um2(self.value * 1e6),
            SizeUnit::Um3 => um3(self.value),
            SizeUnit::Mm3 => um3(self.value * 1e9),
            SizeUnit::Ml => um3(self.value * 1e12),
            SizeUnit::R2 => Ok(self.value * radius()?.powi(2)),
            SizeUnit::R3 => Ok(self.value * radius()?.powi(3) / depth),
        }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.value, self.unit.name())
    }
}

impl std::str::FromStr for Size {
    type Err = Error;
    fn from_str(s: &str) -> Result<Self> {
        let bad = || {
            Error::usage(format!("\"{s}\" is not an area or a volume")).remedy(
                "a number and a unit: \"40 px\", \"20 um2\", \"500 um3\", \"3 ml\", or \"0.4 r2\" for object radii",
            )
        };
        let text = s.trim().replace(['µ', 'μ'], "u").replace('²', "2").replace('³', "3");
        let (unit_name, unit) = SizeUnit::ALL.into_iter().find(|(n, _)| text.ends_with(n)).ok_or_else(bad)?;
        let number = text.strip_suffix(unit_name).map(str::trim).ok_or_else(bad)?;
        let value: f64 = number.parse().map_err(|_| bad())?;
        // Infinity is a fair upper end: ["20 px", "inf px"].
        if value.is_nan() || value < 0.0 { Err(bad()) } else { Ok(Size { value, unit }) }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        crate::words::of_text(d, "a size")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Spacing;

    #[test]
    fn sizes_need_a_unit() {
        assert_eq!("40 px".parse::<Size>().unwrap(), Size { value: 40.0, unit: SizeUnit::Px });
        assert_eq!("20 µm²".parse::<Size>().unwrap(), Size { value: 20.0, unit: SizeUnit::Um2 });
        assert_eq!("0.4r2".parse::<Size>().unwrap(), Size { value: 0.4, unit: SizeUnit::R2 });
        for bad in ["40", "um2", "-1 px", "3 um", "nan px", ""] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_become_voxels() {
        let ruler = Ruler { spacing: Spacing::um([2.0, 0.5, 0.5]), radius_px: Some(10.0) };
        let voxels = |s: &str, flat| s.parse::<Size>().unwrap().voxels(&ruler, flat);
        assert_eq!(voxels("20 um2", true).unwrap(), 80.0);
        assert_eq!(voxels("20 um3", false).unwrap(), 40.0);
        assert_eq!(voxels("0.5 r2", true).unwrap(), 50.0);
        assert_eq!(voxels("1 r3", false).unwrap(), 250.0);
        assert!(voxels("20 um2", false).is_err(), "an area in depth");
        // Limits are included, so decimal fractions must come to the number that they mean.
        let fine = Ruler { spacing: Spacing::um([0.1; 3]), radius_px: None };
        let fine = |s: &str, flat| s.parse::<Size>().unwrap().voxels(&fine, flat).unwrap();
        assert_eq!((fine("0.12 um2", true), fine("0.003 um3", false)), (12.0, 3.0));
        let bare = Ruler { spacing: None, radius_px: None };
        assert!("20 um2".parse::<Size>().unwrap().voxels(&bare, true).is_err(), "no calibration");
    }
}

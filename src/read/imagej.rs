//! ImageJ hyperstacks: key=value lines in the description of the first page.
//!
//! Pages lie in the order channel, slice, frame. `unit` with XResolution (pixels per unit) and `spacing` give the calibration.
//! Stacks beyond 4 GiB have one directory, and all pages follow one another in the file.

use super::Options;
use super::layout::{Layout, Sizes};
use crate::units::Spacing;
use crate::{Error, Result};
use std::collections::HashMap;

/// Is this a description by ImageJ?
pub fn is(description: &str) -> bool {
    description.starts_with("ImageJ=")
}

/// Makes the layout. `pages` is the number of pages in the file, `resolution` pixels per unit along x and y.
///
/// # Errors
/// Counts make no sense, or the image has several time points.
pub fn layout(description: &str, pages: usize, resolution: Option<(f64, f64)>, options: &Options) -> Result<Layout> {
    let lines: HashMap<&str, &str> = description.lines().filter_map(|l| l.split_once('=')).collect();
    let count = |key: &str| match lines.get(key).map(|v| v.trim().parse::<usize>()) {
        None => Ok(None),
        Some(Ok(n)) if n > 0 => Ok(Some(n)),
        Some(_) => Err(Error::format(format!("ImageJ: {key} is not a number above 0"))),
    };
    let images = count("images")?.unwrap_or(pages);
    let (c, z, t) = (count("channels")?, count("slices")?, count("frames")?);
    let sizes = match (c, z, t) {
        (None, None, None) => Sizes::of_pages(images, options),
        _ => Sizes { c: c.unwrap_or(1), z: z.unwrap_or(1), t: t.unwrap_or(1) },
    };
    if sizes.planes()? > images {
        let Sizes { c, z, t } = sizes;
        return Err(Error::format(format!("ImageJ: {c} channels, {z} slices and {t} frames in {images} images")));
    }
    let mut notes = Vec::new();
    let spacing = calibration(&lines, resolution, sizes.z, &mut notes);
    Ok(Layout {
        format: "ImageJ TIFF",
        planes: sizes.pages("CZT", sizes.time(options)?),
        slices: sizes.z,
        runs: true,
        spacing,
        notes,
        ..Layout::default()
    })
}

fn calibration(
    lines: &HashMap<&str, &str>,
    resolution: Option<(f64, f64)>,
    slices: usize,
    notes: &mut Vec<String>,
) -> Option<Spacing> {
    let unit = lines.get("unit")?.trim();
    if unit.is_empty() || unit == "pixel" || unit == "pixels" {
        return None;
    }
    let Some(um) = micrometres(unit) else {
        notes.push(format!("calibration in \"{unit}\" is not understood; lengths are in px"));
        return None;
    };
    let (x, y) = resolution?;
    let z = match (lines.get("spacing").and_then(|s| s.trim().parse::<f64>().ok()), slices) {
        (Some(z), _) => z.abs() * um,
        (None, 1) => 1.0,
        (None, _) => {
            notes.push("the distance of slices is not given; lengths are in px".into());
            return None;
        }
    };
    Spacing::um([z, um / y, um / x])
}

/// Micrometres in a unit by its usual names.
pub fn micrometres(unit: &str) -> Option<f64> {
    Some(match unit {
        "micron" | "microns" | "micrometer" | "micrometre" | "um" | "\u{b5}m" | "\u{3bc}m" | "\\u00B5m"
        | "\\u00b5m" => 1.0,
        "nm" | "nanometer" => 1e-3,
        "pm" => 1e-6,
        "\u{c5}" | "\u{212b}" => 1e-4,
        "mm" | "millimeter" => 1e3,
        "cm" => 1e4,
        "dm" => 1e5,
        "m" | "meter" => 1e6,
        "inch" | "in" => 25_400.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    //! Oracle: literal descriptions.
    use super::*;

    fn read(text: &str, pages: usize) -> Result<Layout> {
        layout(text, pages, Some((2.0, 2.0)), &Options::default())
    }

    #[test]
    fn hyperstacks() {
        let text = "ImageJ=1.53c\nimages=6\nchannels=2\nslices=3\nhyperstack=true\nunit=micron\nspacing=1.5\n";
        let l = read(text, 6).unwrap();
        assert_eq!(l.planes.iter().map(|p| p.page).collect::<Vec<_>>(), [0, 2, 4, 1, 3, 5]);
        assert_eq!(l.spacing.unwrap().zyx, [1.5, 0.5, 0.5]);
        assert_eq!(read("ImageJ=1\nimages=4\n", 4).unwrap().slices, 4);
        assert_eq!(read("ImageJ=1\nunit=\\u00B5m\n", 1).unwrap().spacing.unwrap().zyx[2], 0.5);
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        assert!(read("ImageJ=1\nunit=pixel\n", 1).unwrap().spacing.is_none());
        let l = read("ImageJ=1\nunit=furlong\n", 1).unwrap();
        assert!(l.spacing.is_none() && l.notes.len() == 1);
        assert!(read("ImageJ=1\nimages=3\nslices=3\nunit=um\n", 3).unwrap().spacing.is_none());
    }

    #[test]
    fn time_points_are_chosen_not_dropped() {
        let text = "ImageJ=1\nimages=4\nchannels=2\nframes=2\n";
        assert!(read(text, 4).unwrap_err().remedy.is_some());
        let second = Options { time: Some(1), ..Options::default() };
        let l = layout(text, 4, None, &second).unwrap();
        assert_eq!(l.planes.iter().map(|p| p.page).collect::<Vec<_>>(), [2, 3]);
        assert!(read("ImageJ=1\nimages=2\nchannels=3\n", 2).is_err());
        assert!(read("ImageJ=1\nchannels=99999999\nslices=99999999\nframes=999999999\n", 2).is_err());
    }
}

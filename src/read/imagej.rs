//! ImageJ hyperstacks: key=value lines in the description of the first page.
//!
//! Pages lie in the order channel, slice, frame, or as `order` says (Micro-Manager writes it). `unit` with XResolution and
//! YResolution (pixels per unit) and `spacing` give the calibration; `yunit` and `zunit` stand there where they differ from `unit`.
//! Stacks beyond 4 GiB have one directory, and all pages follow one another in the file.
//!
//! Counts and pages are two words about one thing: more planes than images or pages are refused, fewer leave a note.

use super::Options;
use super::layout::{Layout, Sizes};
use super::resolution::{self, Stated};
use crate::{Error, Result};
use std::collections::{BTreeSet, HashMap};

/// Is this a description by ImageJ?
pub fn is(description: &str) -> bool {
    description.starts_with("ImageJ=")
}

/// Makes the layout. `pages` is the number of pages in the file, `samples` those of a pixel, `per_unit` pixels per unit along
/// x and y.
///
/// # Errors
/// Counts make no sense, or the image has several time points.
pub fn layout(
    description: &str,
    pages: usize,
    samples: usize,
    per_unit: Option<(f64, f64)>,
    options: &Options,
) -> Result<Layout> {
    let lines: HashMap<&str, &str> = description.lines().filter_map(|l| l.split_once('=')).collect();
    let count = |key: &str| match lines.get(key).map(|v| v.trim().parse::<usize>()) {
        None => Ok(None),
        Some(Ok(n)) if n > 0 => Ok(Some(n)),
        Some(_) => Err(Error::format(format!("ImageJ: {key} is not a number above 0"))),
    };
    let mut warnings = Vec::new();
    let images = count("images")?.unwrap_or(pages);
    let (c, z, t) = (count("channels")?, count("slices")?, count("frames")?);
    let mut sizes = match (c, z, t) {
        (None, None, None) => Sizes::of_pages(images, options, &mut warnings),
        _ => Sizes { c: c.unwrap_or(1), z: z.unwrap_or(1), t: t.unwrap_or(1) },
    };
    // Some writers count the samples of a pixel as channels.
    if samples > 1 && sizes.c == samples && sizes.planes()? > images {
        sizes.c = 1;
    }
    if sizes.planes()? > images {
        let Sizes { c, z, t } = sizes;
        return Err(Error::format(format!("ImageJ: {c} channels, {z} slices and {t} frames in {images} images")));
    }
    let order = match lines.get("order").map(|o| o.trim().to_uppercase()) {
        None => "CZT".to_string(),
        Some(o) if ["CZT", "CTZ", "ZCT", "ZTC", "TCZ", "TZC"].contains(&o.as_str()) => o,
        Some(o) if o == "DEFAULT" => "CZT".into(),
        Some(o) => return Err(Error::format(format!("ImageJ: the order \"{o}\""))),
    };
    let stated = calibration(&lines, per_unit, sizes.z);
    Ok(Layout {
        format: "ImageJ TIFF",
        planes: sizes.pages(&order, sizes.time_point(options, &mut warnings)?),
        slices: sizes.z,
        described: Some(sizes.planes()?),
        runs: true,
        stated,
        warnings,
        ..Layout::default()
    })
}

fn calibration(lines: &HashMap<&str, &str>, per_unit: Option<(f64, f64)>, slices: usize) -> Stated {
    let unit = lines.get("unit").map_or("", |unit| unit.trim());
    if matches!(unit, "" | "pixel" | "pixels") {
        return Stated::default();
    }
    // A single slice has no size along z, whatever its unit.
    let z_unit = if slices > 1 { "zunit" } else { "unit" };
    let units = ["unit", "yunit", z_unit].map(|key| lines.get(key).map_or(unit, |u| u.trim()));
    let unknown: BTreeSet<_> = units.into_iter().filter(|u| micrometres(u).is_none()).collect();
    let not_understood = unknown.into_iter().map(resolution::not_understood).collect();
    let [Some(x_um), Some(y_um), z_um] = units.map(micrometres) else {
        return Stated { doubts: not_understood, ..Stated::default() };
    };
    let Some((x, y)) = per_unit else {
        return Stated::nothing("ImageJ names a unit, but the file has no resolution".into());
    };
    // Stacks that were turned over have a negative one.
    let z = lines.get("spacing").and_then(|s| s.trim().parse::<f64>().ok());
    let z = z.zip(z_um).map(|(z, um)| z.abs() * um);
    let stated = resolution::stated([z, Some(y_um / y), Some(x_um / x)], slices);
    Stated { doubts: [not_understood, stated.doubts].concat(), ..stated }
}

/// Micrometres in a unit by its usual names.
pub fn micrometres(unit: &str) -> Option<f64> {
    Some(match unit {
        "micron" | "microns" | "micrometer" | "micrometre" | "micrometers" | "Microns" | "um" | "\u{b5}m"
        | "\u{3bc}m" | "\\u00B5m" | "\\u00b5m" => 1.0,
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
        layout(text, pages, 1, Some((2.0, 2.0)), &Options::default())
    }

    #[test]
    fn hyperstacks() {
        let text = "ImageJ=1.53c\nimages=6\nchannels=2\nslices=3\nhyperstack=true\nunit=micron\nspacing=1.5\n";
        let l = read(text, 6).unwrap();
        assert_eq!(l.planes.iter().map(|p| p.page).collect::<Vec<_>>(), [0, 2, 4, 1, 3, 5]);
        assert_eq!(l.stated.spacing.unwrap().zyx, [1.5, 0.5, 0.5]);
        assert_eq!(read("ImageJ=1\nimages=4\n", 4).unwrap().slices, 4);
        assert_eq!(read("ImageJ=1\nunit=\\u00B5m\n", 1).unwrap().stated.spacing.unwrap().zyx[2], 0.5);
    }

    #[test]
    fn each_axis_may_have_a_unit_of_its_own() {
        let text = "ImageJ=1\nimages=3\nslices=3\nunit=micron\nyunit=mm\nzunit=mm\nspacing=0.002\n";
        let of_two = layout(text, 3, 1, Some((2.0, 2000.0)), &Options::default()).unwrap();
        assert_eq!(of_two.stated.spacing.unwrap().zyx, [2.0, 0.0005 * 1000.0, 0.5]);
        let odd = read("ImageJ=1\nimages=3\nslices=3\nunit=micron\nzunit=ell\nspacing=2\n", 3).unwrap();
        assert!(odd.stated.spacing.is_none() && odd.stated.doubts[0].contains("ell"));
        // 72 dots per inch, whatever unit they are written in.
        let dots = |text: &str, per: f64| layout(text, 1, 1, Some((per, per)), &Options::default()).unwrap();
        for (unit, per) in [("inch", 72.0), ("cm", 28.3465), ("mm", 2.83465), ("inch", 300.0)] {
            let l = dots(&format!("ImageJ=1\nunit={unit}\n"), per);
            assert!(l.stated.spacing.is_none() && l.stated.doubts.len() == 1, "{unit} {per}");
        }
        assert_eq!(dots("ImageJ=1\nunit=cm\n", 5000.0).stated.spacing.unwrap().zyx[1..], [2.0, 2.0]);
    }

    #[test]
    fn pages_lie_in_the_order_that_is_given() {
        let text = "ImageJ=1\nimages=6\nchannels=2\nslices=3\norder=zct\n";
        assert_eq!(read(text, 6).unwrap().planes.iter().map(|p| p.page).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
        assert!(read(&text.replace("zct", "abc"), 6).is_err());
        let colour = layout("ImageJ=1\nimages=1\nchannels=3\n", 1, 3, None, &Options::default()).unwrap();
        assert_eq!(colour.planes.len(), 1);
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        assert!(read("ImageJ=1\nunit=pixel\n", 1).unwrap().stated.spacing.is_none());
        let l = read("ImageJ=1\nunit=furlong\n", 1).unwrap();
        assert!(l.stated.spacing.is_none() && l.stated.doubts.len() == 1);
        assert!(read("ImageJ=1\nimages=3\nslices=3\nunit=um\n", 3).unwrap().stated.spacing.is_none());
    }

    #[test]
    fn time_points_are_chosen_not_dropped() {
        let text = "ImageJ=1\nimages=4\nchannels=2\nframes=2\n";
        assert!(read(text, 4).unwrap_err().remedy.is_some());
        let second = Options { time: Some(1), ..Options::default() };
        let l = layout(text, 4, 1, None, &second).unwrap();
        assert_eq!(l.planes.iter().map(|p| p.page).collect::<Vec<_>>(), [2, 3]);
        assert!(read("ImageJ=1\nimages=2\nchannels=3\n", 2).is_err());
        assert!(read("ImageJ=1\nchannels=99999999\nslices=99999999\nframes=999999999\n", 2).is_err());
    }
}

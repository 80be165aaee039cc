//! The description that tifffile writes: `{"shape": [2, 512, 512], "axes": "CYX"}`.
//!
//! `axes` is honoured where it stands: T, C, Z count pages (the last one fastest), Y and X are the plane, and S, or a C behind Y
//! and X, are samples of a pixel. Without it the pages are what [`Options::pages`] says. What tifffile took for colour, since
//! it had three planes, are planes again where the axes say so: planar samples count as pages then. A shape that does not fit
//! the pages is refused.

use super::layout::{Layout, Sizes};
use super::{Options, Pages};
use crate::{Error, Result};
use serde::Deserialize;

#[derive(Deserialize)]
struct Description {
    shape: Vec<usize>,
    axes: Option<String>,
}

/// Is this such a description?
pub fn is(description: &str) -> bool {
    description.trim_start().starts_with("{\"") && serde_json::from_str::<Description>(description).is_ok()
}

/// Makes the layout. `plane` is rows, columns and samples of the first page, which may be `planar`.
///
/// # Errors
/// The shape does not fit the pages, an axis is not understood, or the image has several time points.
pub fn layout(description: &str, pages: usize, plane: [usize; 3], planar: bool, options: &Options) -> Result<Layout> {
    let bad = |what: String| Error::format(format!("TIFF description: {what}"));
    let d: Description = serde_json::from_str(description).map_err(|e| bad(e.to_string()))?;
    let (format, mut warnings) = ("TIFF", Vec::new());
    let Some(axes) = d.axes.filter(|a| a.chars().count() == d.shape.len()) else {
        let count = run_length(&d.shape, plane).unwrap_or(pages).max(pages);
        let sizes = Sizes::of_pages(count, options, &mut warnings);
        sizes.planes()?;
        let planes = sizes.pages("ZCT", sizes.time_point(options, &mut warnings)?);
        return Ok(Layout { format, planes, slices: sizes.z, runs: true, warnings, ..Layout::default() });
    };
    let (mut sizes, mut order, mut rest) = (Sizes { c: 1, z: 1, t: 1 }, String::new(), Vec::new());
    let mut in_plane = false;
    for (axis, size) in axes.to_uppercase().chars().zip(d.shape) {
        // Q and I are what tifffile calls an axis that it knows nothing about.
        let axis = match (axis, options.pages) {
            ('Q' | 'I', Pages::Channels) => 'C',
            ('Q' | 'I', Pages::Times) => 'T',
            ('Q' | 'I', Pages::Slices | Pages::Unsaid) => {
                Sizes::of_pages(size, options, &mut warnings);
                'Z'
            }
            (axis, _) => axis,
        };
        in_plane |= axis == 'Y';
        let to = match axis {
            _ if in_plane || axis == 'S' => {
                rest.push(size);
                continue;
            }
            'C' => &mut sizes.c,
            'Z' => &mut sizes.z,
            'T' => &mut sizes.t,
            _ if size == 1 => continue,
            other => {
                return Err(Error::unsupported(format!("the axis {other} of {axes}"))
                    .remedy("a copy with axes of T, C, Z, Y, X"));
            }
        };
        if *to != 1 {
            return Err(bad(format!("the axes {axes}")));
        }
        *to = size;
        order.insert(0, axis);
    }
    let [rows, columns, samples] = plane;
    let unfolded = planar && !fits(&rest, &plane) && fits(&rest, &[rows, columns]);
    if !unfolded && !fits(&rest, &plane) {
        return Err(bad(format!("its shape does not fit pages of {rows} x {columns} x {samples}")));
    }
    sizes.planes()?;
    let facts = vec![("axes".into(), axes)];
    Ok(Layout {
        format,
        planes: sizes.pages(&order, sizes.time_point(options, &mut warnings)?),
        slices: sizes.z,
        runs: !unfolded,
        unfolded,
        facts,
        warnings,
        ..Layout::default()
    })
}

/// Are these the sizes of a plane? Samples of a pixel may stand before or behind it.
fn fits(axes: &[usize], plane: &[usize]) -> bool {
    let sorted = |sizes: &[usize]| {
        let mut sizes: Vec<usize> = sizes.iter().copied().filter(|s| *s != 1).collect();
        sizes.sort_unstable();
        sizes
    };
    sorted(axes) == sorted(plane)
}

/// Pages that a shape without axes stands for: what is left of it before the plane.
fn run_length(shape: &[usize], plane: [usize; 3]) -> Option<usize> {
    let all = shape.iter().try_fold(1usize, |n, s| n.checked_mul(*s))?;
    let one = plane.iter().try_fold(1usize, |n, s| n.checked_mul(*s))?;
    (one > 0 && all % one == 0).then_some(all / one).filter(|n| *n > 0)
}

#[cfg(test)]
mod tests {
    //! Oracle: literal descriptions.
    use super::*;

    fn read(text: &str, pages: usize, plane: [usize; 3]) -> Result<(usize, Vec<usize>)> {
        layout(text, pages, plane, false, &Options::default())
            .map(|l| (l.slices, l.planes.iter().map(|p| p.page).collect()))
    }

    #[test]
    fn axes_are_honoured() {
        assert_eq!(read(r#"{"shape": [2, 5, 6], "axes": "CYX"}"#, 2, [5, 6, 1]).unwrap(), (1, vec![0, 1]));
        assert_eq!(read(r#"{"shape": [3, 5, 6], "axes": "ZYX"}"#, 3, [5, 6, 1]).unwrap(), (3, vec![0, 1, 2]));
        let zc = read(r#"{"shape": [3, 2, 5, 6], "axes": "ZCYX"}"#, 6, [5, 6, 1]).unwrap();
        assert_eq!(zc, (3, vec![0, 2, 4, 1, 3, 5]));
        let cz = read(r#"{"shape": [2, 3, 5, 6], "axes": "CZYX"}"#, 6, [5, 6, 1]).unwrap();
        assert_eq!(cz, (3, vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(read(r#"{"shape": [5, 6, 3], "axes": "YXC"}"#, 1, [5, 6, 3]).unwrap(), (1, vec![0]));
        assert_eq!(read(r#"{"shape": [31, 5, 6]}"#, 31, [5, 6, 1]).unwrap().0, 31);
    }

    #[test]
    fn planes_that_were_taken_for_colour_are_planes() {
        let read = |axes: &str| {
            let text = format!(r#"{{"shape": [3, 5, 6], "axes": "{axes}"}}"#);
            layout(&text, 1, [5, 6, 3], true, &Options::default())
        };
        let z = read("ZYX").unwrap();
        assert_eq!((z.slices, z.planes.len(), z.unfolded), (3, 3, true));
        let c = read("CYX").unwrap();
        assert_eq!((c.slices, c.planes.len(), c.unfolded), (1, 3, true));
        let s = read("SYX").unwrap();
        assert_eq!((s.slices, s.planes.len(), s.unfolded), (1, 1, false));
        assert!(read("TYX").unwrap_err().what.contains("3 time points"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(read(r#"{"shape": [2, 5, 6], "axes": "TYX"}"#, 2, [5, 6, 1]).is_err());
        assert!(read(r#"{"shape": [2, 5, 7], "axes": "CYX"}"#, 2, [5, 6, 1]).is_err());
        assert!(read(r#"{"shape": [2, 5, 6], "axes": "HYX"}"#, 2, [5, 6, 1]).is_err());
        assert!(read(r#"{"shape": [0, 5, 6], "axes": "CYX"}"#, 2, [5, 6, 1]).is_err());
        assert!(!is("{\"shape\": 3") && !is("hello"));
    }
}

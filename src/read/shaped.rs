//! The description that tifffile writes: `{"shape": [2, 512, 512], "axes": "CYX"}`.
//!
//! `axes` is honoured where it stands: T, C, Z count pages (the last one fastest), Y and X are the plane, and S, or a C behind Y
//! and X, are samples of a pixel. Without it the pages are what [`Options::pages`] says.

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

/// Makes the layout. `plane` is rows, columns and samples of the first page.
///
/// # Errors
/// The shape does not fit the pages, an axis is not understood, or the image has several time points.
pub fn layout(description: &str, pages: usize, plane: [usize; 3], options: &Options) -> Result<Layout> {
    let bad = |what: String| Error::format(format!("TIFF description: {what}"));
    let d: Description = serde_json::from_str(description).map_err(|e| bad(e.to_string()))?;
    let format = "TIFF";
    let Some(axes) = d.axes.filter(|a| a.chars().count() == d.shape.len()) else {
        let sizes = Sizes::of_pages(run_length(&d.shape, plane).unwrap_or(pages).max(pages), options);
        sizes.planes()?;
        return Ok(Layout { format, planes: sizes.pages("ZCT", 0), slices: sizes.z, runs: true, ..Layout::default() });
    };
    let (mut sizes, mut order, mut rest) = (Sizes { c: 1, z: 1, t: 1 }, String::new(), Vec::new());
    let mut in_plane = false;
    let unnamed = if options.pages == Pages::Channels { 'C' } else { 'Z' };
    for (axis, size) in axes.to_uppercase().chars().zip(d.shape) {
        // Q and I are what tifffile calls an axis that it knows nothing about.
        let axis = if matches!(axis, 'Q' | 'I') { unnamed } else { axis };
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
                return Err(Error::unsupported(format!("the axis {other} of {axes}")).remedy("axes of T, C, Z, Y, X"));
            }
        };
        if *to != 1 {
            return Err(bad(format!("the axes {axes}")));
        }
        *to = size;
        order.insert(0, axis);
    }
    // Samples of a pixel may stand before or behind the plane.
    let mut found: Vec<usize> = rest.into_iter().filter(|s| *s != 1).collect();
    let mut wanted: Vec<usize> = plane.into_iter().filter(|s| *s != 1).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    if found != wanted {
        return Err(bad(format!("its shape does not fit pages of {} x {} x {}", plane[0], plane[1], plane[2])));
    }
    sizes.planes()?;
    let facts = vec![("axes".into(), axes)];
    Ok(Layout {
        format,
        planes: sizes.pages(&order, sizes.time(options)?),
        slices: sizes.z,
        runs: true,
        facts,
        ..Layout::default()
    })
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
        layout(text, pages, plane, &Options::default()).map(|l| (l.slices, l.planes.iter().map(|p| p.page).collect()))
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
    fn what_does_not_fit_is_refused() {
        assert!(read(r#"{"shape": [2, 5, 6], "axes": "TYX"}"#, 2, [5, 6, 1]).is_err());
        assert!(read(r#"{"shape": [2, 5, 7], "axes": "CYX"}"#, 2, [5, 6, 1]).is_err());
        assert!(read(r#"{"shape": [2, 5, 6], "axes": "HYX"}"#, 2, [5, 6, 1]).is_err());
        assert!(read(r#"{"shape": [0, 5, 6], "axes": "CYX"}"#, 2, [5, 6, 1]).is_err());
        assert!(!is("{\"shape\": 3") && !is("hello"));
    }
}

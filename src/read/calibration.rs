//! The calibration of an image: what its file says, what the user says for files that say nothing, and what the user puts in the
//! place of the file's. Whatever is taken, a note says it, and what the other would have been.

use super::{Extent, Options};
use crate::image::Scan;
use crate::units::{Shape, Spacing};

/// The calibration to take, with a note.
fn chosen(file: Option<Spacing>, shape: Shape, options: &Options) -> (Option<Spacing>, Option<String>) {
    let words = |s: &Spacing| words(s, shape);
    match (file, options.spacing, options.spacing_replace) {
        (Some(old), _, Some(new)) if differ(&old, &new, shape) => {
            let note =
                format!("calibration by spacing_um_replace: {}, where the file says {}", words(&new), words(&old));
            (Some(new), Some(note))
        }
        (None, _, Some(new)) | (None, Some(new), None) => {
            (Some(new), Some(format!("calibration given by the user: {}; the file has none", words(&new))))
        }
        (Some(old), Some(given), None) if differ(&old, &given, shape) => {
            let note = format!(
                "the file says {}, which was taken; spacing_um = {} is for files that say nothing, spacing_um_replace for others",
                words(&old),
                words(&given)
            );
            (Some(old), Some(note))
        }
        _ => (file, None),
    }
}

/// A single slice has no size along z.
fn differ(a: &Spacing, b: &Spacing, shape: Shape) -> bool {
    let (a, b) = (a.to(b.unit).zyx, b.zyx);
    a.iter().zip(b).skip(usize::from(shape.is_flat())).any(|(a, b)| *a != b)
}

fn words(s: &Spacing, shape: Shape) -> String {
    let [z, y, x] = s.zyx;
    let unit = s.unit.name();
    if shape.is_flat() { format!("{y} x {x} {unit}") } else { format!("{z} x {y} x {x} {unit} (z, y, x)") }
}

/// What will be taken for an image.
pub fn of_extent(extent: Extent, options: &Options) -> Extent {
    Extent { spacing: chosen(extent.spacing, extent.shape, options).0, ..extent }
}

/// Takes it.
pub fn of_scan(scan: &mut Scan, options: &Options) {
    let (spacing, note) = chosen(scan.spacing, scan.shape, options);
    let said = if scan.spacing.is_some() { &mut scan.warnings } else { &mut scan.notes };
    said.extend(note);
    scan.spacing = spacing;
    scan.channels.iter_mut().for_each(|c| c.volume.spacing = spacing);
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn what_is_missing_is_filled_and_what_is_there_is_replaced_only_by_name() {
        let um = |v: f64| Spacing::um([1.0, v, v]);
        let (flat, deep) = (Shape::flat(4, 4), Shape::new(2, 4, 4));
        let take = |file, spacing, spacing_replace, shape| {
            let (s, note) = chosen(file, shape, &Options { spacing, spacing_replace, ..Options::default() });
            (s, note.unwrap_or_default())
        };
        assert_eq!(take(um(0.5), None, None, flat), (um(0.5), String::new()));
        assert_eq!(take(um(0.5), um(0.5), um(0.5), flat), (um(0.5), String::new()));
        assert_eq!(take(None, None, None, flat), (None, String::new()));
        let (s, note) = take(None, um(0.65), None, flat);
        assert!(s == um(0.65) && note.contains("0.65 x 0.65 um"), "{note}");
        let (s, note) = take(um(0.5), um(0.65), None, deep);
        assert!(s == um(0.5) && note.contains("1 x 0.5 x 0.5 um") && note.contains("0.65"), "{note}");
        let (s, note) = take(um(0.5), None, um(0.65), flat);
        assert!(s == um(0.65) && note.contains("0.5 x 0.5") && note.contains("0.65 x 0.65"), "{note}");
        // Of a single slice the size along z says nothing.
        assert_eq!(take(um(0.5), Spacing::um([7.0, 0.5, 0.5]), None, flat), (um(0.5), String::new()));
    }
}

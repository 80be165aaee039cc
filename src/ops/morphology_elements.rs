//! The elements of grey morphology: boxes, and balls as rows of equal length.

use crate::{Error, Result};

/// Which voxels around one belong to it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Element {
    /// `2 r + 1` voxels along z, y, x.
    Box([usize; 3]),
    /// Offsets `d` with `sum (d / r)^2 <= 1`, radii in voxels along z, y, x; 0 keeps to the plane.
    Ball([f64; 3]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extreme {
    Smallest,
    Largest,
}

/// Rows of a ball whose chord along x has the same half-length, shortest first.
#[derive(Debug, PartialEq)]
pub(super) struct Chord {
    pub half: usize,
    /// z and y of the rows.
    pub rows: Vec<[i32; 2]>,
}

/// Radius along z times that along y: each voxel looks along pi times as many rows.
const MOST_ROWS: f64 = 1e4;

/// The rows of a ball.
pub(super) fn chords(radii: [f64; 3]) -> Result<Vec<Chord>> {
    if let Some(r) = radii.iter().find(|r| !(0.0..=1000.0).contains(*r)) {
        return Err(Error::usage(format!("a ball of radius {r} px")).remedy("0 to 1000 px"));
    }
    if radii[0] * radii[1] > MOST_ROWS {
        let what = format!("a ball of radius {} px in a stack: it has too many rows to end soon", radii[1]);
        return Err(Error::usage(what).remedy("at most 100 px in stacks, or shape = \"box\""));
    }
    // A whole radius must hold its own end whatever the rounding of the squares.
    let share = |d: i32, r: f64| if d == 0 { 0.0 } else { (f64::from(d) / r).powi(2) };
    let inside = |z: i32, y: i32, x: i32| share(z, radii[0]) + share(y, radii[1]) + share(x, radii[2]) <= 1.0 + 1e-9;
    let reach = radii.map(|r| (r + 1e-6) as i32);
    let mut list: Vec<Chord> = Vec::new();
    for z in -reach[0]..=reach[0] {
        for y in -reach[1]..=reach[1] {
            let Some(half) = (0..=reach[2]).rev().find(|&x| inside(z, y, x)) else { continue };
            match list.iter_mut().find(|c| c.half == half as usize) {
                Some(c) => c.rows.push([z, y]),
                None => list.push(Chord { half: half as usize, rows: vec![[z, y]] }),
            }
        }
    }
    list.sort_by_key(|c| c.half);
    Ok(list)
}

#[cfg(test)]
mod tests {
    //! Oracle.
    use super::*;

    #[test]
    fn a_ball_that_never_ends_is_refused() {
        assert!(chords([0.0, 1000.0, 1000.0]).is_ok() && chords([50.0, 200.0, 200.0]).is_ok());
        let e = chords([300.0; 3]).unwrap_err();
        assert!(e.what.contains("300 px in a stack") && e.remedy.is_some(), "{e}");
    }

    #[test]
    fn a_ball_is_the_digital_disk() {
        let half: Vec<_> = chords([0.0, 5.0, 5.0]).unwrap().iter().map(|c| (c.half, c.rows.len())).collect();
        // skimage.morphology.disk(5): rows of 1, 7, 9, 9, 9, 11 and back.
        assert_eq!(half, [(0, 2), (3, 2), (4, 6), (5, 1)]);
    }
}

//! What an image is beyond its edge.

use serde::Deserialize;

/// What lies beyond the edge of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Nothing: 0.
    Zero,
    /// The voxel at the edge, again and again.
    Nearest,
    /// The image again.
    Periodic,
    /// The image mirrored at its edge, so that the voxel there comes twice.
    #[default]
    Mirror,
}

impl Padding {
    /// The place in a line of `n` voxels, one at least, whose value stands at `at`; none if that is 0.
    pub fn place(self, at: isize, n: usize) -> Option<usize> {
        let n = n as isize;
        let place = match self {
            _ if (0..n).contains(&at) => at,
            Padding::Zero => return None,
            Padding::Nearest => at.clamp(0, n - 1),
            Padding::Periodic => at.rem_euclid(n),
            Padding::Mirror => {
                let k = at.rem_euclid(2 * n);
                k.min(2 * n - 1 - k)
            }
        };
        Some(place as usize)
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn lines_go_on_beyond_their_ends() {
        let around = |padding: Padding| (-4..7).map(|at| padding.place(at, 3)).collect::<Vec<_>>();
        let all = |places: [usize; 11]| places.map(Some).to_vec();
        assert_eq!(around(Padding::Nearest), all([0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2]));
        assert_eq!(around(Padding::Periodic), all([2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]));
        assert_eq!(around(Padding::Mirror), all([2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0]));
        assert_eq!(around(Padding::Zero).iter().flatten().count(), 3);
        assert!((-9..9).all(|at| Padding::Mirror.place(at, 1) == Some(0)));
    }
}

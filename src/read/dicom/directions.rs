//! Whether images look the same way: directions of rows and columns, six numbers, zeros where a file says none.

/// Directions in one series differ by less than this in each component.
const TURNED: f64 = 1e-3;
/// Directions of projections and localisers differ by more than this in some component.
const ASIDE: f64 = 0.1;

fn are_within(a: &[f64], b: &[f64], most: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < most)
}

/// Images with these directions may lie in one series.
pub fn are_same(a: &[f64], b: &[f64]) -> bool {
    are_within(a, b, TURNED)
}

/// Images that say no direction, or another one by a hair, are faults of files and no projections: whoever stacks them names them.
pub fn are_one_stack<'a>(directions: impl Iterator<Item = &'a [f64]>) -> bool {
    let mut said = directions.filter(|axes| axes.iter().any(|v| *v != 0.0));
    let Some(first) = said.next() else { return true };
    said.all(|axes| are_within(axes, first, ASIDE))
}

#[cfg(test)]
mod tests {
    //! Oracle: angles by hand.
    use super::*;

    #[test]
    fn a_hair_and_nothing_are_no_projection() {
        let turned = |degrees: f64| {
            let (s, c) = (libm::sin(degrees.to_radians()), libm::cos(degrees.to_radians()));
            vec![c, s, 0.0, -s, c, 0.0]
        };
        let one = |all: &[Vec<f64>]| are_one_stack(all.iter().map(Vec::as_slice));
        assert!(one(&[turned(0.0), vec![0.0; 6], turned(0.05), turned(2.0)]));
        assert!(one(&[vec![0.0; 6], turned(0.0)]));
        assert!(!one(&[turned(0.0), turned(6.0)]), "projections of a turn in sixty steps");
        assert!(!one(&[turned(0.0), turned(90.0), vec![0.0; 6]]));
        assert!(are_same(&turned(0.0), &turned(0.05)) && !are_same(&turned(0.0), &turned(0.1)));
    }
}

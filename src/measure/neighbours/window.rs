//! What lies around an object, by class: the shares of the classes among the nearest objects, or among those within a radius.

use super::END;
use super::places::Places;
use super::tree::Place;
use crate::units::Length;
use serde::{Deserialize, Deserializer};

/// Whose classes are counted around an object, which is one of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Window {
    /// So many nearest objects, itself among them.
    Nearest(usize),
    /// All within a radius, itself among them.
    Radius(Length),
}

impl Window {
    /// Where it is one.
    pub fn radius(self) -> Option<Length> {
        match self {
            Window::Radius(length) => Some(length),
            Window::Nearest(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let wrong =
            |what: String| serde::de::Error::custom(format!("{what}   try: window = 10, or a radius like \"50 um\""));
        match toml::Value::deserialize(d)? {
            toml::Value::Integer(n) => {
                usize::try_from(n).map(Window::Nearest).map_err(|_| wrong(format!("{n} is no number of objects")))
            }
            toml::Value::String(text) => {
                text.parse().map(Window::Radius).map_err(|_| wrong(format!("\"{text}\" is no window")))
            }
            other => Err(wrong(format!("{other} is no window"))),
        }
    }
}

/// A window in one image: a number of objects, or the square of a radius.
#[derive(Clone, Copy)]
pub enum Reach {
    Nearest(usize),
    Square(f64),
}

/// The shares of the classes in the window of the object called `own`, in the order of the classes. What is of no class is in the window all the
/// same, so they sum up to 1 or less. Objects that are equally far share the last places of a window of the nearest, so neither their
/// numbers nor how the image is turned can matter.
pub fn composition(places: &Places, from: &Place, own: u32, reach: Reach) -> Vec<f64> {
    let (squares, most) = match reach {
        Reach::Square(square) => ([square, square], f64::INFINITY),
        Reach::Nearest(n) => {
            let mut others = vec![0.0; n.saturating_sub(1)];
            places.all.nearest(from, own, &mut others);
            let last = others.last().copied().unwrap_or(0.0);
            // Distances that differ by rounding alone are equal; where all coincide none of them is nearer.
            ([if last > 0.0 { last * (1.0 - END) } else { -1.0 }, last * (1.0 + END)], n as f64)
        }
    };
    let count = |tree: &super::tree::Tree| {
        let mut counts = [0; 2];
        tree.within(from, &squares, &mut counts);
        counts.map(f64::from)
    };
    let [nearer, reached] = count(&places.all);
    let size = reached.min(most);
    let share = if reached > nearer { (size - nearer) / (reached - nearer) } else { 0.0 };
    let of_class = |tree| {
        let [nearer, reached] = count(tree);
        (nearer + share * (reached - nearer)) / size
    };
    places.by_class.iter().map(of_class).collect()
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::image::{Classes, Labels};
    use crate::units::Shape;

    #[test]
    fn objects_at_one_place_share_a_window() {
        let labels = Labels::new(Shape::flat(1, 9), vec![1, 2, 3, 0, 0, 0, 0, 0, 4]).unwrap();
        let of = [0, 1, 1, 0].map(Some).to_vec();
        let classes = Classes { names: vec!["a".into(), "b".into()], of, ..Classes::default() };
        let points = [[0.0; 3], [0.0; 3], [0.0; 3], [0.0, 0.0, 8.0]];
        let places = Places::new(&labels, Some(&points), Some(&classes), None).unwrap();
        let of = |own: u32, n: usize| composition(&places, &points[own as usize], own, Reach::Nearest(n));
        for own in 0..3 {
            let shares = of(own, 2);
            assert!((shares[0] - 1.0 / 3.0).abs() < 1e-12 && (shares[1] - 2.0 / 3.0).abs() < 1e-12, "{shares:?}");
            assert_eq!(of(own, 3), [1.0 / 3.0, 2.0 / 3.0]);
        }
        assert_eq!(of(3, 4), [0.5, 0.5]);
        assert_eq!(composition(&places, &points[3], 3, Reach::Square(4.0)), [1.0, 0.0]);
    }
}

//! What lies around an object, by class: the shares of the classes among the nearest objects, or among those within a radius.

use super::END;
use super::around::Surroundings;
use super::places::Places;
use super::tree::{Place, Tree};
use crate::image::Classes;
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

/// The windows of the objects of one image.
pub struct Windows<'a> {
    places: &'a Places,
    /// The class of each object.
    classes: &'a [Option<u32>],
    reach: Reach,
}

enum Reach {
    Nearest(usize),
    Radius(Box<Surroundings>),
}

impl<'a> Windows<'a> {
    /// Of so many nearest objects, the object itself among them.
    pub fn nearest(places: &'a Places, classes: &'a Classes, n: usize) -> Self {
        Windows { places, classes: &classes.of, reach: Reach::Nearest(n) }
    }

    /// Of those within a radius of this square.
    pub fn within(places: &'a Places, classes: &'a Classes, square: f64) -> Self {
        let reach = Reach::Radius(Box::new(Surroundings::new(places, Some(classes), &[square])));
        Windows { places, classes: &classes.of, reach }
    }

    /// The shares of the classes in the window of the object called `own`, in the order of the classes. What is of no class is in the
    /// window all the same, so they sum up to 1 or less. Objects that are equally far share the last places of a window of the nearest,
    /// so neither their numbers nor how the image is turned can matter.
    pub fn composition(&self, own: u32) -> Vec<f64> {
        let from = self.places.at.get(own as usize).copied().flatten().unwrap_or_default();
        match &self.reach {
            Reach::Nearest(n) => self.of_nearest(&from, own, *n),
            Reach::Radius(surroundings) => {
                let mut around = surroundings.room(self.places);
                surroundings.count(self.places, &from, &mut around);
                let kinds = self.places.by_class.len();
                let all = f64::from(around.of(kinds)[0]);
                (0..kinds).map(|class| f64::from(around.of(class)[0]) / all).collect()
            }
        }
    }

    fn of_nearest(&self, from: &Place, own: u32, n: usize) -> Vec<f64> {
        // The others of the window, and the next one behind them.
        let mut found = vec![(0.0, 0); n];
        self.places.all.nearest(from, own, &mut found);
        let Some(((next, _), others)) = found.split_last() else { return vec![] };
        let last = others.last().map_or(0.0, |(square, _)| *square);
        // Distances that differ by rounding alone are equal.
        if *next <= last * (1.0 + END) {
            return self.of_ties(from, last, n as f64);
        }
        let mut counts = vec![0.0; self.places.by_class.len()];
        for name in others.iter().map(|(_, name)| *name).chain([own]) {
            let class = self.classes.get(name as usize).copied().flatten();
            if let Some(count) = class.and_then(|class| counts.get_mut(class as usize)) {
                *count += 1.0;
            }
        }
        counts.iter().map(|count| count / n as f64).collect()
    }

    /// Where more objects are as far as the last of `most`, or there are fewer.
    fn of_ties(&self, from: &Place, last: f64, most: f64) -> Vec<f64> {
        // Where all coincide none of them is nearer.
        let squares = [if last > 0.0 { last * (1.0 - END) } else { -1.0 }, last * (1.0 + END)];
        let count = |tree: &Tree| {
            let mut counts = [0; 2];
            tree.within(from, &squares, &mut counts);
            counts.map(f64::from)
        };
        let [nearer, reached] = count(&self.places.all);
        let size = reached.min(most);
        let share = if reached > nearer { (size - nearer) / (reached - nearer) } else { 0.0 };
        let of_class = |tree| {
            let [nearer, reached] = count(tree);
            (nearer + share * (reached - nearer)) / size
        };
        self.places.by_class.iter().map(of_class).collect()
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::image::Labels;
    use crate::units::Shape;

    #[test]
    fn objects_at_one_place_share_a_window() {
        let labels = Labels::new(Shape::flat(1, 9), vec![1, 2, 3, 0, 0, 0, 0, 0, 4]).unwrap();
        let of = [0, 1, 1, 0].map(Some).to_vec();
        let classes = Classes { names: vec!["a".into(), "b".into()], of, ..Classes::default() };
        let points = [[0.0; 3], [0.0; 3], [0.0; 3], [0.0, 0.0, 8.0]];
        let places = Places::new(&labels, Some(&points), Some(&classes), None).unwrap();
        let of = |own: u32, n: usize| Windows::nearest(&places, &classes, n).composition(own);
        for own in 0..3 {
            let shares = of(own, 2);
            assert!((shares[0] - 1.0 / 3.0).abs() < 1e-12 && (shares[1] - 2.0 / 3.0).abs() < 1e-12, "{shares:?}");
            assert_eq!(of(own, 3), [1.0 / 3.0, 2.0 / 3.0]);
        }
        assert_eq!(of(3, 4), [0.5, 0.5]);
        assert_eq!(Windows::within(&places, &classes, 4.0).composition(3), [1.0, 0.0]);
    }

    /// Invariant: a look at the nearest alone says what counting all that are as near says.
    #[test]
    fn the_nearest_alone_say_what_all_as_near_say() {
        let (side, n) = (40, 300usize);
        // Some coincide, and on a grid many are equally far.
        let at = |i: usize| [0.0, (i * i * 31 % 977 % side) as f64, (i * 17 * i % 1009 % side) as f64 * 1.5];
        let points: Vec<Place> = (0..n).map(at).collect();
        let shape = Shape::flat(side, side);
        let labels = Labels::new(shape, (1..).take(n).chain(std::iter::repeat(0)).take(shape.len()).collect()).unwrap();
        let names = ["a", "b", "c"].map(String::from).to_vec();
        let of = (0..n as u32).map(|i| Some(i * i % 4).filter(|class| *class < 3)).collect();
        let classes = Classes { names, of, ..Classes::default() };
        let places = Places::new(&labels, Some(&points), Some(&classes), None).unwrap();
        let mut alone = 0;
        for size in [2, 3, 10, 299, 300, 400] {
            let windows = Windows::nearest(&places, &classes, size);
            for own in 0..n as u32 {
                let mut found = vec![(0.0, 0); size];
                places.all.nearest(&points[own as usize], own, &mut found);
                let last = found[size - 2].0;
                alone += usize::from(found[size - 1].0 > last * (1.0 + END));
                let all = windows.of_ties(&points[own as usize], last, size as f64);
                assert_eq!(windows.composition(own), all, "{own} of {size}");
            }
        }
        assert!((100..6 * n - 100).contains(&alone), "{alone}");
    }
}

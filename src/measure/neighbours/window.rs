//! What lies around an object, by class: the shares of the classes among the nearest objects, or among those within a radius.

use super::END;
use super::around::Surroundings;
use super::grid::Around;
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
    surroundings: Surroundings,
    /// So many nearest objects; within a radius if absent.
    nearest: Option<usize>,
}

/// Room for one window after the other.
pub struct Room {
    around: Around,
    /// Squares of distances, each with a class, or the number of classes.
    others: Vec<(f64, u32)>,
}

impl<'a> Windows<'a> {
    /// Of so many nearest objects, the object itself among them.
    pub fn nearest(places: &'a Places, classes: &'a Classes, n: usize) -> Self {
        let surroundings = Surroundings::of_nearest(n, places, classes);
        Windows { places, classes: &classes.of, surroundings, nearest: Some(n) }
    }

    /// Of those within a radius of this square.
    pub fn within(places: &'a Places, classes: &'a Classes, square: f64) -> Self {
        let surroundings = Surroundings::new(places, Some(classes), &[square]);
        Windows { places, classes: &classes.of, surroundings, nearest: None }
    }

    /// Room for one window after the other.
    pub fn room(&self) -> Room {
        Room { around: self.surroundings.room(self.places), others: vec![] }
    }

    /// The shares of the classes in the window of the object called `own`, in the order of the classes. What is of no class is in the
    /// window all the same, so they sum up to 1 or less. Objects that are equally far share the last places of a window of the nearest,
    /// so neither their numbers nor how the image is turned can matter.
    pub fn composition(&self, own: u32, room: &mut Room, shares: &mut [f64]) {
        let from = self.places.at.get(own as usize).copied().flatten().unwrap_or_default();
        if let Some(n) = self.nearest {
            return self.of_nearest(&from, own, n, room, shares);
        }
        self.surroundings.count(self.places, &from, &mut room.around);
        let all = f64::from(room.around.of(self.kinds())[0]);
        let of_class = |class| f64::from(room.around.of(class)[0]) / all;
        shares.iter_mut().enumerate().for_each(|(class, share)| *share = of_class(class));
    }

    /// How many classes there are.
    fn kinds(&self) -> usize {
        self.places.by_class.len()
    }

    /// The class of an object, or the number of classes where it has none.
    fn kind(&self, name: u32) -> u32 {
        self.classes.get(name as usize).copied().flatten().unwrap_or(self.kinds() as u32)
    }

    fn of_nearest(&self, from: &Place, own: u32, n: usize, room: &mut Room, shares: &mut [f64]) {
        // The others of the window, and the next one behind them.
        self.look_for(n, from, own, room);
        let Some(((next, _), others)) = room.others.split_last() else { return };
        let last = others.iter().map(|(square, _)| *square).fold(0.0, f64::max);
        // Distances that differ by rounding alone are equal.
        if *next <= last * (1.0 + END) {
            return self.of_ties(from, last, n as f64, shares);
        }
        shares.fill(0.0);
        for kind in others.iter().map(|(_, kind)| *kind).chain([self.kind(own)]) {
            if let Some(count) = shares.get_mut(kind as usize) {
                *count += 1.0;
            }
        }
        shares.iter_mut().for_each(|count| *count /= n as f64);
    }

    /// The nearest others, the farthest of them last; infinitely far where there are fewer. The tree answers where not enough lie within reach.
    fn look_for(&self, n: usize, from: &Place, own: u32, room: &mut Room) {
        self.surroundings.others(from, own, &mut room.around, &mut room.others);
        if (1..=room.others.len()).contains(&n) {
            room.others.select_nth_unstable_by(n - 1, |a, b| a.0.total_cmp(&b.0));
            return room.others.truncate(n);
        }
        let mut found = vec![(0.0, 0); n];
        self.places.all.nearest(from, own, &mut found);
        room.others.clear();
        room.others.extend(found.iter().map(|(square, name)| (*square, self.kind(*name))));
    }

    /// Where more objects are as far as the last of `most`, or there are fewer.
    fn of_ties(&self, from: &Place, last: f64, most: f64, shares: &mut [f64]) {
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
        for (tree, of_class) in self.places.by_class.iter().zip(shares) {
            let [nearer, reached] = count(tree);
            *of_class = (nearer + share * (reached - nearer)) / size;
        }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::image::Labels;
    use crate::units::Shape;

    fn shares(windows: &Windows, of: impl FnOnce(&mut Room, &mut [f64])) -> Vec<f64> {
        let mut shares = vec![f64::NAN; windows.kinds()];
        of(&mut windows.room(), &mut shares);
        shares
    }

    fn composition(windows: &Windows, own: u32) -> Vec<f64> {
        shares(windows, |room, shares| windows.composition(own, room, shares))
    }

    #[test]
    fn objects_at_one_place_share_a_window() {
        let labels = Labels::new(Shape::flat(1, 9), vec![1, 2, 3, 0, 0, 0, 0, 0, 4]).unwrap();
        let of = [0, 1, 1, 0].map(Some).to_vec();
        let classes = Classes { names: vec!["a".into(), "b".into()], of, ..Classes::default() };
        let points = [[0.0; 3], [0.0; 3], [0.0; 3], [0.0, 0.0, 8.0]];
        let places = Places::new(&labels, Some(&points), Some(&classes), None).unwrap();
        let of = |own: u32, n: usize| composition(&Windows::nearest(&places, &classes, n), own);
        for own in 0..3 {
            let shares = of(own, 2);
            assert!((shares[0] - 1.0 / 3.0).abs() < 1e-12 && (shares[1] - 2.0 / 3.0).abs() < 1e-12, "{shares:?}");
            assert_eq!(of(own, 3), [1.0 / 3.0, 2.0 / 3.0]);
        }
        assert_eq!(of(3, 4), [0.5, 0.5]);
        assert_eq!(composition(&Windows::within(&places, &classes, 4.0), 3), [1.0, 0.0]);
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
                let all =
                    shares(&windows, |_, shares| windows.of_ties(&points[own as usize], last, size as f64, shares));
                assert_eq!(composition(&windows, own), all, "{own} of {size}");
            }
        }
        assert!((100..6 * n - 100).contains(&alone), "{alone}");
    }
}

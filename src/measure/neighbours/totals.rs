//! What the objects of a set say together: how classes mix, for the row of the image.

use super::around::Surroundings;
use super::curve::{Point, curve, far_radii};
use super::pairs::{Members, Pair};
use super::places::Places;
use super::tree::Place;
use super::{NO_LENGTH, Neighbours, Radii, class_suffixes, neighbourhoods, short};
use crate::Result;
use crate::image::Classes;
use crate::measure::Request;
use crate::measure::feature::Definition;
use crate::table::{Cells, Table};
use crate::units::{Length, Unit};
use std::collections::{BTreeMap, BTreeSet};

const NO_PAIR: &str = "one of the classes has no object in the image, or nothing is known of one of its markers";
const NO_OWN_PAIR: &str = "no two objects of the first class are as near, or the second has none, or nothing is known of one of their markers";
const NO_CENTRE: &str =
    "one of the classes has no object as far from the border of the image, or nothing is known of one of its markers";
const NO_K: &str = "one of the classes has no object as far from the border of the image, or nothing is known of one of its markers, or \
     the image is a stack and the column an area ([output] volumes = true), or a slice and the column a volume";
const NO_K_OR_LENGTH: &str = "one of the classes has no object as far from the border of the image, or nothing is known of one of its \
     markers, or the image has no calibration, or it is a stack and the column an area ([output] volumes = true), or a slice and the \
     column a volume";
const NO_OBJECT: &str = "no object of that class in the image, or nothing is known of one of its markers";
const NO_TRIANGLES: &str = "defined for 2-D images with objects only";
const NO_EDGES: &str =
    "defined for 2-D images with objects only, and where something is known of the markers of the classes";
const NO_MARKER: &str = "nothing is known of a marker of one of the classes";

/// One row for the objects of a set called `set`.
pub fn totals(family: &Neighbours, set: &str, request: &Request) -> Result<Table> {
    let made = match request.places {
        Some(_) => None,
        None => Some(Places::new(request.labels, request.points, request.classes, request.spacing)?),
    };
    let mut row = TotalsRow {
        set,
        unit: request.unit,
        volumes: request.volumes,
        side: None,
        is_sure: true,
        table: Table::default(),
    };
    row.side = request.lengths().map(|s| s.pixel_area().sqrt());
    let none = Classes::default();
    let (Some(places), classes) = (request.places.or(made.as_ref()), request.classes.unwrap_or(&none)) else {
        return Ok(row.table);
    };
    let names = class_suffixes(&classes.names);
    row.links(places, classes, &names);
    for (other, labels) in family.inside.iter().zip(family.inside(request)?) {
        row.inside(other, labels, request, places, classes, &names);
    }
    if neighbourhoods::key(family).is_some() {
        row.neighbourhoods(family, neighbourhoods::Found::of(family, places, request)?.as_deref(), classes, &names);
    }
    let (radii, on_curve) = (radii(&family.radii, request)?, radii(&family.curve, request)?);
    let pairs = family.pairs_of(classes);
    if pairs.is_empty() {
        return Ok(row.table);
    }
    let mixing = (!radii.order.is_empty()).then(|| Surroundings::new(places, Some(classes), &radii.squares));
    let on_curves = (!family.curve.is_empty()).then(|| Surroundings::new(places, Some(classes), &on_curve.squares));
    let (mut done, mut last) = (BTreeSet::new(), None);
    for [a, b] in pairs {
        // Of one class at a time, since it may be large.
        if last.as_ref().is_none_or(|(class, _)| *class != a) {
            let members = Members::new(places, classes, a);
            let pairs = mixing.as_ref().map(|around| members.count(places, around)).unwrap_or_default();
            let far = |place: &Place| far_radii(places, place, &on_curve.squares);
            let on_curve = on_curves.as_ref().map(|around| members.within(places, around, far));
            last = Some((a, OneClass { members, pairs, on_curve }));
        }
        let Some((_, one)) = &last else { continue };
        let is_new = done.insert(a);
        row.is_sure = classes.is_sure(a) && classes.is_sure(b);
        let (pair, others) = (one.members.to(b, places), places.by_class[b].len());
        let here = Between { from: &classes.names[a], to: &classes.names[b], names: [&names[a], &names[b]] };
        row.nearest(&here, &pair);
        for (radius, at) in family.radii.iter().zip(&radii.order) {
            let mix = Mix {
                fraction: pair.fraction_within(radii.squares[*at]),
                both: one.pairs[b][*at],
                // Each pair counts once, and none is one with itself.
                own: (one.pairs[a][*at] - one.members.len() as u64) / 2,
                sizes: [one.members.len(), others],
                is_sure: classes.is_sure(a),
            };
            row.mixing(&here, radius, &mix, is_new);
        }
        if let Some((reached, neighbours)) = &one.on_curve {
            let points = curve(&pair, reached, &neighbours[b], others, places, &on_curve.squares);
            for (radius, at) in family.curve.iter().zip(&on_curve.order) {
                row.curve(&here, radius, &points[*at], places.flat);
            }
        }
    }
    Ok(row.table)
}

/// Radii in pixels. Columns need no image, whatever the radii count in.
fn radii(radii: &[Length], request: &Request) -> Result<Radii> {
    match request.labels.count {
        0 => Ok(Radii { squares: vec![0.0; radii.len()], order: (0..radii.len()).collect() }),
        _ => Radii::new(radii, request),
    }
}

impl Neighbours {
    /// The pairs of classes, by their places.
    fn pairs_of(&self, classes: &Classes) -> Vec<[usize; 2]> {
        let place = |name: &String| classes.names.iter().position(|n| n == name);
        let all = 0..classes.names.len();
        match &self.pairs {
            Some(pairs) => pairs.iter().filter_map(|[a, b]| Some([place(a)?, place(b)?])).collect(),
            None => all.clone().flat_map(|a| all.clone().map(move |b| [a, b])).filter(|[a, b]| a != b).collect(),
        }
    }
}

/// The objects of a class with how many of each class lie within radii of them together, for the scores and for the curves.
struct OneClass {
    members: Members,
    pairs: Vec<Vec<u64>>,
    /// Also for how many radii each is far enough from the border.
    on_curve: Option<(Vec<usize>, Vec<Vec<u64>>)>,
}

/// From one class to another.
struct Between<'a> {
    from: &'a str,
    to: &'a str,
    /// As columns have them.
    names: [&'a str; 2],
}

impl Between<'_> {
    fn name(&self, measure: &str, set: &str) -> String {
        format!("{measure}_{set}_{}_to_{}", self.names[0], self.names[1])
    }
}

/// How two classes mix within a radius.
struct Mix {
    fraction: Option<f64>,
    both: u64,
    own: u64,
    /// Objects of the first, and of the second.
    sizes: [usize; 2],
    /// Whether it is known which objects are of the first.
    is_sure: bool,
}

/// The row as it grows.
struct TotalsRow<'a> {
    set: &'a str,
    unit: Unit,
    volumes: bool,
    /// Of a pixel in the unit of lengths.
    side: Option<f64>,
    /// Whether it is known which objects are of the classes at hand: else cells are empty.
    is_sure: bool,
    table: Table,
}

impl TotalsRow<'_> {
    fn put(&mut self, name: String, unit: &str, about: String, empty: &'static str, cells: Cells) {
        let (unit, standard) = (unit.to_string(), String::new());
        let definition = Definition { name, unit, type_name: "", definition: about, standard, empty };
        let cells = match cells {
            cells if self.is_sure => cells,
            Cells::Int(_) => Cells::Int(vec![None]),
            _ => Cells::Real(vec![None]),
        };
        self.table.push(definition.column(cells));
    }

    fn real(&mut self, name: String, about: String, empty: &'static str, value: Option<f64>) {
        self.put(name, "1", about, empty, Cells::Real(vec![value.filter(|v| v.is_finite())]));
    }

    fn count(&mut self, name: String, about: String, empty: &'static str, value: Option<u64>) {
        self.put(name, "1", about, empty, Cells::Int(vec![value.and_then(|n| i64::try_from(n).ok())]));
    }

    fn distance(&mut self, name: &str, about: &str, px: Option<f64>) {
        let cells = Cells::Real(vec![px]);
        self.put(format!("{name}_px"), "px", format!("{about}, in pixels."), NO_PAIR, cells);
        let (unit, cells) = (self.unit.name(), Cells::Real(vec![px.zip(self.side).map(|(px, side)| px * side)]));
        self.put(format!("{name}_{unit}"), unit, format!("{about}."), NO_LENGTH, cells);
    }

    fn links(&mut self, places: &Places, classes: &Classes, names: &[String]) {
        let (set, links) = (self.set, places.links());
        let known = places.flat && links.places > 0;
        let about = format!("Edges of the Delaunay triangulation of the objects of {set}.");
        let edges = links.edges.len() as u64;
        self.count(format!("delaunay_edges_{set}"), about, NO_TRIANGLES, known.then_some(edges));
        let about = format!("Mean of delaunay_degree over the places of the objects of {set}.");
        let mean = known.then(|| 2.0 * edges as f64 / links.places as f64);
        self.real(format!("delaunay_mean_degree_{set}"), about, NO_TRIANGLES, mean);
        let class = |number: &u32| classes.of.get(*number as usize).copied().flatten().map(|c| c as usize);
        let mut between: BTreeMap<[usize; 2], u64> = BTreeMap::new();
        for [a, b] in &links.edges {
            if let (Some(a), Some(b)) = (class(a), class(b)) {
                *between.entry([a.min(b), a.max(b)]).or_default() += 1;
            }
        }
        for a in 0..names.len() {
            for b in a..names.len() {
                let (one, other) = (&classes.names[a], &classes.names[b]);
                let about = format!("Edges of the Delaunay triangulation of {set} between {one} and {other}.");
                let n = between.get(&[a, b]).copied().unwrap_or(0);
                let name = format!("delaunay_edges_{set}_{}_and_{}", names[a], names[b]);
                self.is_sure = classes.is_sure(a) && classes.is_sure(b);
                self.count(name, about, NO_EDGES, known.then_some(n));
            }
        }
        self.is_sure = true;
    }

    fn inside(
        &mut self,
        other: &str,
        labels: &[u32],
        request: &Request,
        places: &Places,
        classes: &Classes,
        names: &[String],
    ) {
        let shape = request.labels.shape;
        let is_inside = |i: usize| Some(*labels.get(places.voxel(i, shape)?)? > 0);
        let share = |class: Option<u32>| {
            let is_of = |i: &usize| class.is_none() || classes.of.get(*i).copied().flatten() == class;
            let mut all = (0..places.at.len()).filter(is_of).filter_map(is_inside);
            let (n, inside) = all.by_ref().fold((0u64, 0u64), |(n, inside), is| (n + 1, inside + u64::from(is)));
            (n > 0).then(|| inside as f64 / n as f64)
        };
        let set = self.set;
        let about =
            format!("Share of the objects of {set} whose place lies in an object of {other}; the rest lie outside.");
        self.real(format!("fraction_inside_{other}_{set}"), about, "no object in the image", share(None));
        for (i, name) in names.iter().enumerate() {
            let class = &classes.names[i];
            let about = format!(
                "Share of the {class} of {set} whose place lies in an object of {other}; the rest lie outside."
            );
            self.is_sure = classes.is_sure(i);
            self.real(format!("fraction_inside_{other}_{set}_{name}"), about, NO_OBJECT, share(Some(i as u32)));
        }
        self.is_sure = true;
    }

    fn neighbourhoods(
        &mut self,
        family: &Neighbours,
        found: Option<&neighbourhoods::Found>,
        classes: &Classes,
        names: &[String],
    ) {
        let set = self.set;
        self.is_sure = (0..names.len()).all(|class| classes.is_sure(class));
        let summed = found.map(neighbourhoods::Found::together).unwrap_or_default();
        let all: f64 = summed.iter().map(|(n, _)| n).sum();
        let about = format!("Number of neighbourhoods that the objects of {set} are divided into.");
        let there = summed.iter().filter(|(n, _)| *n > 0.0).count() as u64;
        let some = neighbourhoods::most(family);
        if some > 0 {
            self.count(format!("neighbourhoods_{set}"), about, NO_MARKER, Some(there));
        }
        for i in 0..some {
            let (at, one) = (i + 1, summed.get(i));
            let about = format!("Share of the objects of {set} whose neighbourhood is {at}.");
            let share = one.filter(|_| all > 0.0).map(|(n, _)| n / all);
            self.real(format!("neighbourhood_{at}_fraction_{set}"), about, neighbourhoods::NONE, share);
            for (k, (class, name)) in classes.names.iter().zip(names).enumerate() {
                let about = format!(
                    "Mean of neighbour_fraction of {class} over the objects of {set} whose neighbourhood is {at}."
                );
                let mean = one.and_then(|(n, sums)| Some(sums.get(k)? / n));
                self.real(format!("neighbourhood_{at}_mean_{set}_{name}"), about, neighbourhoods::NO_MEMBER, mean);
            }
        }
        self.is_sure = true;
    }

    fn nearest(&mut self, here: &Between, pair: &Pair) {
        let Between { from, to, .. } = here;
        let set = self.set;
        let about = |word: &str| format!("{word} over the {from} of {set} of the distance to the nearest {to}");
        self.distance(&here.name("mean_nearest", set), &about("Mean"), pair.mean());
        self.distance(&here.name("median_nearest", set), &about("Median"), pair.median());
    }

    fn mixing(&mut self, here: &Between, radius: &Length, mix: &Mix, is_new: bool) {
        let (set, short, Between { from, to, names }) = (self.set, short(radius), here);
        let Mix { fraction, both, own, sizes: [n, m], .. } = *mix;
        let name = |measure: &str| here.name(&format!("{measure}_{short}"), set);
        let about = format!("Share of the {from} of {set} with a {to} within {radius}.");
        self.real(name("fraction_within"), about, NO_PAIR, fraction);
        let about = format!("Pairs of a {from} and a {to} of {set} within {radius}.");
        self.count(name("pairs_within"), about, NO_MARKER, Some(both));
        if is_new {
            let about = format!("Pairs of two {from} of {set} within {radius}.");
            let name = format!("pairs_within_{short}_{set}_{}_to_{}", names[0], names[0]);
            let is_sure = std::mem::replace(&mut self.is_sure, mix.is_sure);
            self.count(name, about, NO_MARKER, Some(own));
            self.is_sure = is_sure;
        }
        let score = (own > 0 && m > 0).then(|| both as f64 / own as f64);
        let about = format!("Pairs of a {from} and a {to} of {set} over pairs of two {from}, within {radius}.");
        self.real(name("mixing_score"), about, NO_OWN_PAIR, score);
        let about = format!(
            "Mixing score of {from} and {to} of {set} within {radius}, times (number of {from} - 1) over twice the \
             number of {to}: about 1 where they mix at random."
        );
        let normalised = score.map(|score| 0.5 * score * (n as f64 - 1.0) / m as f64);
        self.real(name("normalised_mixing_score"), about, NO_OWN_PAIR, normalised);
    }

    fn curve(&mut self, here: &Between, radius: &Length, point: &Point, flat: bool) {
        let (set, short, Between { from, to, .. }) = (self.set, short(radius), here);
        let name = |measure: &str| here.name(&format!("{measure}_{short}"), set);
        let about = format!("Share of the {from} of {set} with a {to} within {radius}, without correction at borders.");
        self.real(name("cross_g_raw"), about, NO_PAIR, point.g_raw);
        let far = format!("the {from} of {set} that lie at least {radius} from the border of the image");
        let about = format!("Share of {far} with a {to} within {radius}.");
        self.real(name("cross_g_border"), about, NO_CENTRE, point.g_border);
        let about = format!("Mean number of {to} within {radius} of {far}, over the number of {to} in an area");
        let k = point.k_border.filter(|_| flat != self.volumes);
        let power = if self.volumes { 3 } else { 2 };
        let (px, unit) = (format!("px{power}"), format!("{}{power}", self.unit.name()));
        let cells = Cells::Real(vec![k]);
        let at = name("cross_k_border");
        self.put(format!("{at}_{px}"), &px, format!("{about}, in pixels."), NO_K, cells);
        let cells = Cells::Real(vec![k.zip(self.side).map(|(k, side)| k * side.powi(power))]);
        self.put(format!("{at}_{unit}"), &unit, format!("{about}."), NO_K_OR_LENGTH, cells);
    }
}

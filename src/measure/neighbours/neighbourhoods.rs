//! Cellular neighbourhoods: objects among whose nearest objects classes are mixed alike.
//!
//! Each object has a window: its nearest objects, or those within a radius; itself is one of them. The shares of the classes in it are its
//! composition. k-means divides the compositions of an image as they are, not standardised; or each goes to the nearest of the centres that
//! the recipe gives. Numbers follow from the compositions alone: those of a k-means rise with the share of the first class, then of the
//! next; those of given centres are in the order of the recipe.
//!
//! Source: C. M. Schürch et al., Cell 182 (2020) 1341: windows of the 10 nearest cells, the cell itself among them.

use super::pairs::PART;
use super::window::Windows;
use super::{Columns, NO_CLASS, Neighbours, Objection, Places, Radii, Request, Values, Window, class_suffixes};
use crate::Result;
use crate::image::Classes;
use crate::measure::kmeans::{Rows, kmeans, nearest};
use crate::table::{Cells, Table};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Objects of a window, if the recipe says nothing.
const NEAREST: usize = 10;
/// Most objects of a window.
const MOST_NEAREST: usize = 1000;
/// Most neighbourhoods.
const MOST: usize = 50;
/// What shares may sum up to beyond 1, which is rounding.
const ROUNDING: f64 = 1e-6;

/// Why there is no share.
pub const NONE: &str =
    "no object in the image, fewer different compositions, or nothing is known of a marker of one of the classes";
/// Why there is no mean.
pub const NO_MEMBER: &str = "no object is of that neighbourhood, or nothing is known of a marker of one of the classes";

/// The key of the recipe that asks for compositions.
pub fn key(family: &Neighbours) -> Option<&'static str> {
    let keys = [
        ("neighbourhoods", family.neighbourhoods.is_some()),
        ("centres", family.centres.is_some()),
        ("window", family.window.is_some()),
    ];
    keys.into_iter().find(|(_, is_there)| *is_there).map(|(key, _)| key)
}

/// How many neighbourhoods there may be; none where compositions alone are asked for.
pub fn most(family: &Neighbours) -> usize {
    family.centres.as_ref().map(Vec::len).or(family.neighbourhoods).unwrap_or(0)
}

pub fn columns(family: &Neighbours, classes: &[String], to: &mut Columns) {
    if key(family).is_none() {
        return;
    }
    let window = match family.window {
        Some(Window::Radius(radius)) => format!("objects within {radius} of this one, itself among them,"),
        Some(Window::Nearest(n)) => format!("{n} objects nearest to this one, itself among them,"),
        None => format!("{NEAREST} objects nearest to this one, itself among them,"),
    };
    for (class, name) in classes.iter().zip(class_suffixes(classes)) {
        let about = format!("Share of the {window} that are of the class {class}");
        to.put(&format!("neighbour_fraction_{name}"), "1", "real", &about, "", NO_CLASS);
    }
    if most(family) > 0 {
        let about = match &family.centres {
            Some(_) => "Number of the centre in the recipe that the shares neighbour_fraction are nearest to",
            None => {
                "Number of its neighbourhood: cluster of the shares neighbour_fraction among the objects of the image, the one with the least of the first class first"
            }
        };
        to.put("neighbourhood", "1", "int", about, "", NO_CLASS);
    }
}

pub fn check(family: &Neighbours) -> std::result::Result<(), Objection> {
    let objection = |key, what: String, remedy: &str| Err(Objection { key, what, remedy: remedy.into() });
    match family.window {
        Some(Window::Nearest(n)) if !(2..=MOST_NEAREST).contains(&n) => {
            return objection(
                "window",
                format!("{n} objects in a window"),
                "2 to 1000 with the object itself: window = 10",
            );
        }
        Some(Window::Radius(radius)) if radius.is_zero() => {
            return objection("window", format!("within \"{radius}\" there is nothing"), "window = \"50 um\"");
        }
        _ => {}
    }
    if let Some(n) = family.neighbourhoods.filter(|n| !(2..=MOST).contains(n)) {
        return objection("neighbourhoods", format!("{n} neighbourhoods"), "2 to 50: neighbourhoods = 5");
    }
    let Some(centres) = &family.centres else { return Ok(()) };
    if family.neighbourhoods.is_some() {
        let what = "both neighbourhoods and centres say how many there are".to_string();
        return objection("centres", what, "one of them");
    }
    if !(2..=MOST).contains(&centres.len()) {
        return objection("centres", format!("{} centres", centres.len()), "2 to 50");
    }
    for centre in centres {
        let is_share = |v: &f64| (-ROUNDING..=1.0 + ROUNDING).contains(v);
        let sum: f64 = centre.values().sum();
        if !centre.values().all(is_share) || sum > 1.0 + ROUNDING {
            let shares: Vec<String> = centre.values().map(f64::to_string).collect();
            let shares = shares.join(" + ");
            let what =
                format!("a centre has shares from 0 to 1 that are 1 together, or less; these are {sum}: {shares}");
            return objection("centres", what, "centres = [{ A = 0.9, B = 0.1 }, { B = 1.0 }] with classes A and B");
        }
    }
    Ok(())
}

/// A warning where an image has fewer neighbourhoods than the recipe asks for.
pub fn fewer(family: &Neighbours, totals: &Table) -> Option<String> {
    let asked = family.neighbourhoods?;
    let column = totals.columns.iter().find(|c| c.name.starts_with("neighbourhoods_"))?;
    match &column.cells {
        Cells::Int(cells) => {
            let there = cells.first().copied().flatten().and_then(|n| usize::try_from(n).ok())?;
            (0 < there && there < asked).then(|| {
                format!(
                    "{there} neighbourhoods and not {asked}: no more objects differ in what lies around them; fewer neighbourhoods, or a larger window"
                )
            })
        }
        _ => None,
    }
}

/// What was found for a family, for the rows of its objects and for that of their image.
pub struct Kept {
    asked: Asked,
    found: Arc<Found>,
}

/// The keys of the recipe.
type Asked = (Option<Window>, Option<usize>, Option<Vec<BTreeMap<String, f64>>>);

fn asked(family: &Neighbours) -> Asked {
    (family.window, family.neighbourhoods, family.centres.clone())
}

/// What was found around the objects of an image.
pub struct Found {
    /// Of the objects that have a place, each with its number from 0: the place of its composition among the distinct ones.
    which: Vec<Option<u32>>,
    /// The compositions that there are.
    rows: Rows,
    /// The neighbourhood of each of them, from 0; of none where compositions alone are asked for.
    cluster: Vec<u32>,
    clusters: usize,
    /// Classes of which it is known how many objects are of them.
    sure: Vec<bool>,
}

impl Found {
    /// Nothing where nobody asks for it, or there are no classes. It is kept with the places.
    ///
    /// # Errors
    /// A radius that this image cannot have.
    pub fn of(family: &Neighbours, places: &Places, request: &Request) -> Result<Option<Arc<Self>>> {
        let Some(classes) = request.classes.filter(|c| key(family).is_some() && !c.names.is_empty()) else {
            return Ok(None);
        };
        if let Some(kept) = places.neighbourhoods.get().filter(|kept| kept.asked == asked(family)) {
            return Ok(Some(kept.found.clone()));
        }
        // Nobody waits for the other threads that are at work here: who asks at the same time looks as well.
        let found = Arc::new(Self::look(family, places, classes, request)?);
        let _ = places.neighbourhoods.set(Kept { asked: asked(family), found: found.clone() });
        Ok(Some(found))
    }

    fn look(family: &Neighbours, places: &Places, classes: &Classes, request: &Request) -> Result<Self> {
        let windows = match family.window {
            None => Windows::nearest(places, classes, NEAREST),
            Some(Window::Nearest(n)) => Windows::nearest(places, classes, n),
            // Columns need no image, whatever the radius counts in.
            Some(Window::Radius(_)) if request.labels.count == 0 => Windows::within(places, classes, 0.0),
            Some(Window::Radius(radius)) => {
                Windows::within(places, classes, Radii::new(&[radius], request)?.squares[0])
            }
        };
        let there: Vec<u32> = (0..).zip(&places.at).filter_map(|(i, place)| place.map(|_| i)).collect();
        let width = classes.names.len();
        let mut all = vec![0.0; there.len() * width];
        let some = |(shares, those): (&mut [f64], &[u32])| {
            let mut room = windows.room();
            let each = shares.chunks_exact_mut(width).zip(those);
            each.for_each(|(shares, own)| windows.composition(*own, &mut room, shares));
        };
        all.par_chunks_mut(width * PART).zip(there.par_chunks(PART)).for_each(some);
        let (rows, places_of) = Rows::of(&all, width);
        let mut which = vec![None; places.at.len()];
        there.iter().zip(places_of).for_each(|(own, row)| which[*own as usize] = Some(row));
        let centres = match &family.centres {
            Some(given) => {
                let share = |centre: &BTreeMap<String, f64>| {
                    classes.names.iter().map(|name| centre.get(name).copied().unwrap_or(0.0)).collect()
                };
                given.iter().map(share).collect()
            }
            None if family.neighbourhoods.is_some() && rows.len() > 0 => kmeans(&rows, most(family)),
            None => vec![],
        };
        let cluster = match centres.is_empty() {
            true => vec![],
            false => rows.rows().map(|row| nearest(row, &centres).0 as u32).collect(),
        };
        let sure = (0..width).map(|class| classes.is_sure(class)).collect();
        Ok(Found { which, rows, cluster, clusters: centres.len(), sure })
    }

    /// The values of an object, in the order of the columns.
    pub fn one(&self, family: &Neighbours, own: usize, values: &mut Values) {
        let row = self.which.get(own).copied().flatten();
        let shares = row.and_then(|row| self.rows.rows().nth(row as usize)).unwrap_or_default();
        values.reals(self.sure.iter().enumerate().map(|(class, sure)| shares.get(class).copied().filter(|_| *sure)));
        if most(family) > 0 {
            let is_sure = self.sure.iter().all(|sure| *sure);
            let number = row.filter(|_| is_sure).and_then(|row| self.cluster.get(row as usize));
            values.ints([number.map(|cluster| i64::from(*cluster) + 1)]);
        }
    }

    /// How many objects each neighbourhood has, with the sums of their compositions.
    pub fn together(&self) -> Vec<(f64, Vec<f64>)> {
        let mut all = vec![(0.0, vec![0.0; self.rows.width]); self.clusters];
        for ((row, n), cluster) in self.rows.rows().zip(&self.rows.counts).zip(&self.cluster) {
            let Some((number, sums)) = all.get_mut(*cluster as usize) else { continue };
            *number += n;
            sums.iter_mut().zip(row).for_each(|(sum, share)| *sum += share * n);
        }
        all
    }
}

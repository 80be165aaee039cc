//! Images that look out of focus beside the others of their plate, or of the run.
//!
//! Blur takes the fine detail from an image: its power falls faster with the frequency. How fast it falls depends on the sample, the
//! magnification and the noise, so no image is judged by itself (M.-A. Bray et al., J. Biomol. Screen. 17 (2012) 266). Images without objects have
//! nothing to be blurred.

use super::named_rows::{NamedRows, number};
use super::statistics::{median, robust_deviation};
use crate::Result;
use crate::recipe::Recipe;
use arrow_array::RecordBatch;
use std::collections::BTreeMap;

/// The column that tells: the slope of the power in a channel, over the frequency, both as logarithms.
const SLOPE: &str = "image_power_loglog_slope_";
/// So much steeper a slope is that of blur, if it is so many robust deviations steeper as well.
const STEEPER: f64 = 0.75;
const DEVIATIONS: f64 = 6.0;
/// Of fewer images nothing is said.
const FEWEST: usize = 8;
/// If more than one in so many differ, they are another kind of image.
const ONE_IN: usize = 5;

/// The images of a run, as far as their focus is judged.
pub(super) struct Focus {
    plate: Option<String>,
    /// Channels that objects are found in, with the columns of their objects' numbers.
    channels: Vec<(String, Vec<String>)>,
    /// By plate and channel.
    slopes: BTreeMap<(Option<String>, usize), Vec<Met>>,
    rows: u32,
}

/// The row of an image with objects, and its slope.
type Met = (u32, f64);

/// An image that looks out of focus.
pub(super) struct Blurred {
    /// Its row in `images.csv`, from 0.
    pub row: u32,
    pub words: String,
}

impl Focus {
    pub fn new(recipe: &Recipe) -> Self {
        let mut channels: BTreeMap<&String, Vec<String>> = BTreeMap::new();
        for (name, set) in &recipe.body.objects {
            let role = set.channel.as_ref().filter(|role| recipe.body.channels.contains_key(*role));
            if let Some(role) = role {
                channels.entry(role).or_default().push(format!("count_{name}"));
            }
        }
        let channels = channels.into_iter().map(|(role, counts)| (role.clone(), counts)).collect();
        let plate = recipe.body.plates.as_ref().map(|plates| plates.plate.clone());
        Focus { plate, channels, slopes: BTreeMap::new(), rows: 0 }
    }

    /// Takes rows of `images.csv`, in their order.
    ///
    /// # Errors
    /// None in practice.
    pub fn take(&mut self, rows: &RecordBatch) -> Result<()> {
        let cells = NamedRows(rows);
        for (k, (role, counts)) in self.channels.iter().enumerate() {
            let slopes = cells.values(&format!("{SLOPE}{role}"))?;
            let counts = counts.iter().map(|name| cells.values(name)).collect::<Result<Vec<_>>>()?;
            for i in 0..rows.num_rows() {
                let has_objects = counts.iter().any(|count| number(*count, i).is_some_and(|n| n > 0.0));
                let Some(slope) = number(slopes, i).filter(|_| has_objects) else { continue };
                let plate = self.plate.as_ref().map_or(Ok(None), |plate| cells.text(plate, i))?;
                self.slopes.entry((plate, k)).or_default().push((self.rows + i as u32, slope));
            }
        }
        self.rows += rows.num_rows() as u32;
        Ok(())
    }

    /// Those that look out of focus, in the order of the table.
    pub fn blurred(self) -> Vec<Blurred> {
        let mut all: BTreeMap<u32, String> = BTreeMap::new();
        for ((plate, k), met) in &self.slopes {
            let slopes: Vec<f64> = met.iter().map(|(_, slope)| *slope).collect();
            let Some(limit) = limit(&slopes) else { continue };
            let few = met.iter().filter(|(_, slope)| *slope < limit).count();
            if few * ONE_IN > met.len() {
                continue;
            }
            let role = &self.channels[*k].0;
            let middle = median(&slopes).unwrap_or_default();
            let place = if plate.is_some() { "its plate" } else { "the run" };
            for (row, slope) in met.iter().filter(|(_, slope)| *slope < limit) {
                let words = format!(
                    "{SLOPE}{role} is {slope:.2}, and {middle:.2} in the middle of the {} images of {place} with objects",
                    met.len()
                );
                all.entry(*row).or_insert(words);
            }
        }
        all.into_iter().map(|(row, words)| Blurred { row, words }).collect()
    }
}

/// The slope below which an image is told from the others.
fn limit(slopes: &[f64]) -> Option<f64> {
    let (middle, spread) = median(slopes).zip(robust_deviation(slopes))?;
    (slopes.len() >= FEWEST).then_some(middle - f64::max(STEEPER, DEVIATIONS * spread))
}

/// So many images are named.
const NAMED: usize = 5;

/// What the user should know of them, by their names.
pub(super) fn note(blurred: &[(String, &Blurred)]) -> Option<String> {
    let (first, rest) = blurred.split_first()?;
    let (count, verb) =
        if rest.is_empty() { ("1 image".into(), "looks") } else { (format!("{} images", blurred.len()), "look") };
    let mut names: Vec<&str> = rest.iter().take(NAMED - 1).map(|(name, _)| name.as_str()).collect();
    if blurred.len() > NAMED {
        names.push("...");
    }
    let more = if names.is_empty() { String::new() } else { format!("; {}", names.join(", ")) };
    Some(format!(
        "note: {count} {verb} out of focus beside the others, so sizes and intensities of their objects are those of blur: {} ({}){more}; look at \
         the overlays, and leave such images out with --exclude",
        first.0, first.1.words
    ))
}

#[cfg(test)]
mod tests {
    //! Mechanics: what is told from the others, and what is not.
    use super::*;

    fn blurred(slopes: &[f64]) -> Vec<u32> {
        let met = slopes.iter().enumerate().map(|(i, slope)| (i as u32, *slope)).collect();
        let slopes = BTreeMap::from([((None, 0), met)]);
        let focus = Focus { plate: None, channels: vec![("dna".into(), vec![])], slopes, rows: 0 };
        focus.blurred().into_iter().map(|one| one.row).collect()
    }

    #[test]
    fn one_that_is_far_off_is_told() {
        let sharp = |n: usize| (0..n).map(|i| -1.3 - 0.02 * (i % 5) as f64).collect::<Vec<_>>();
        assert_eq!(blurred(&[sharp(9), vec![-2.9]].concat()), [9]);
        assert!(blurred(&[sharp(9), vec![-1.9]].concat()).is_empty(), "not by much");
        assert!(blurred(&[sharp(6), vec![-2.9]].concat()).is_empty(), "too few to tell");
        assert!(blurred(&[sharp(9), vec![-2.9; 3]].concat()).is_empty(), "two kinds of images");
        assert!(blurred(&[sharp(9), vec![0.2]].concat()).is_empty(), "sharper, or noise");
        let unlike: Vec<f64> = (0..12).map(|i| -1.0 - 0.2 * i as f64).collect();
        assert!(blurred(&unlike).is_empty(), "images that have little in common");
    }

    #[test]
    fn the_first_ones_are_named() {
        let all: Vec<Blurred> = (0..7).map(|row| Blurred { row, words: "why".into() }).collect();
        let named: Vec<(String, &Blurred)> = all.iter().map(|one| (format!("{}.tif", one.row), one)).collect();
        assert!(note(&named[..1]).unwrap().starts_with("note: 1 image looks out of focus"));
        assert!(note(&named).unwrap().contains("0.tif (why); 1.tif, 2.tif, 3.tif, 4.tif, ...; look at"));
        assert!(note(&[]).is_none());
    }
}

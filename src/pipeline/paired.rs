//! What a targeted probe binds, by an untargeted one that goes where it goes: `[paired.SET]`.
//!
//! With T and U, what an object has of both, and f, what makes them agree where nothing binds, the ratio is `T / (f U)` and the binding
//! potential `(T - f U) / (f U)`, the ratio less 1. A ratio with next to nothing below it is any number, so there is none where U is not above
//! three standard errors: of a difference from a ring `s sqrt(1/n + 1/m)`, `s` the standard deviation of its `m` voxels and `n` those of the
//! object; of a mean `s / sqrt(n)`, `s` that of the object. Both come from columns of the table (`cnr`, `ring_px`, `intensity_std`), so
//! devices and threads cannot matter.
//!
//! Source: K. M. Tichauer et al., Phys. Med. Biol. 60 (2015) R239, for one point in time.

use super::Sets;
use super::classified::{Classified, speak_for};
use super::in_turn::{ByChannel, Kept};
use super::marker_values::{numbers, values};
use super::measured;
use super::relations::statistic_of;
use super::surroundings::Surroundings;
use crate::Result;
use crate::measure::Request;
use crate::recipe::{Compared, Paired, Statistic, of_channel, paired_columns};
use crate::table::{Cells, Column, Table};
use std::collections::BTreeSet;

/// Standard errors that the untargeted probe has to lie above.
const ERRORS: f64 = 3.0;

const EMPTY: &str = "one of the probes has no value (no ground next to the object, or not seen), the untargeted one is not above 0 and three standard \
                     errors of noise, half of the object and more is overexposed, or no factor was found";
const FEW: &str = "more than a tenth of the objects have no value";

/// Why an object has no ratio.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// One of the probes has no value.
    NoValue,
    /// The untargeted one does not stand out.
    Dim,
    /// One of them is overexposed in half of the object.
    Overexposed,
}

/// What the objects of a set have of both probes.
struct Both {
    of: Vec<std::result::Result<[f64; 2], Why>>,
    /// Objects of which a part is overexposed, but not half.
    partly: usize,
}

/// Adds the columns of the pairs of a set, what the image has of them, and warnings.
pub(super) fn add(
    name: &str,
    of: &Sets,
    (request, by_channel): (&Request, &ByChannel),
    around: &Surroundings,
    found: &mut Classified,
) -> Result<()> {
    for (pair, how) in of.recipe.body.paired.get(name).into_iter().flatten() {
        let both = Both::of(name, how, (request, by_channel.sets.get(name)), around)?;
        let (factor, told) = match &how.reference {
            Some(reference) => factor_of(reference, (name, pair, how), of, by_channel, around)?,
            None => (Some(how.factor.unwrap_or(1.0)), vec![]),
        };
        found.warnings.extend(told);
        let ratio = |both: &std::result::Result<[f64; 2], Why>| {
            let [targeted, untargeted] = both.ok()?;
            Some(targeted / (untargeted * factor?)).filter(|ratio| ratio.is_finite())
        };
        let ratios: Vec<Option<f64>> = both.of.iter().map(ratio).collect();
        add_columns((name, pair, how), &ratios, factor, found);
        found.warnings.extend(both.warnings((name, pair, how), &ratios));
    }
    Ok(())
}

impl Both {
    fn of(set: &str, how: &Paired, (request, kept): (&Request, Option<&Kept>), around: &Surroundings) -> Result<Self> {
        let channels = [how.targeted.as_str(), how.untargeted.as_str()];
        let compared = channels.map(|channel| how.column.in_channel(channel));
        let [noise, ring] = match how.column {
            Compared::SpecificUptake => ["cnr", "ring_px"].map(|stem| of_channel(stem, &how.untargeted)),
            Compared::IntensityMean => [of_channel("intensity_std", &how.untargeted), String::new()],
        };
        let sizes = ["area_px", "volume_px"];
        let wanted = compared.iter().chain([&noise, &ring]).cloned().chain(sizes.map(str::to_owned));
        let wanted: BTreeSet<String> = wanted.filter(|name| !name.is_empty()).collect();
        let mut table = values(&wanted, request)?;
        table.columns.extend(kept.map_or(vec![], |kept| kept.columns(&wanted)));
        let count = request.labels.count as usize;
        let column = |name: &str| table.column(name).map_or_else(|| vec![None; count], numbers);
        let [mut targeted, mut untargeted] = compared.each_ref().map(|name| column(name));
        let (noise, ring, [area, volume]) = (column(&noise), column(&ring), sizes.map(column));
        let (mut over, mut partly) = (vec![false; count], vec![false; count]);
        for (column, values) in compared.iter().zip([&mut targeted, &mut untargeted]) {
            let Some((_, known)) = around.known.by_column(set, column) else { continue };
            known.forget_unseen(values);
            over.iter_mut().zip(known.at_least()).for_each(|(over, is)| *over |= is);
            partly.iter_mut().zip(known.partly_at_end()).for_each(|(partly, is)| *partly |= is);
        }
        let ground = how.ground.unwrap_or_default();
        let one = |i: usize| {
            let (Some(t), Some(u)) = (targeted[i], untargeted[i]) else { return Err(Why::NoValue) };
            let [t, u] = [t - ground[0], u - ground[1]];
            let (Some(noise), Some(n)) = (noise[i], area[i].or(volume[i])) else { return Err(Why::NoValue) };
            let error = match how.column {
                // cnr is the value over the noise.
                Compared::SpecificUptake => u / noise * (1.0 / n + 1.0 / ring[i].unwrap_or(n)).sqrt(),
                Compared::IntensityMean => noise / n.sqrt(),
            };
            match u > 0.0 && u > ERRORS * error {
                _ if over[i] => Err(Why::Overexposed),
                true => Ok([t, u]),
                false => Err(Why::Dim),
            }
        };
        let of: Vec<_> = (0..count).map(one).collect();
        let partly = of.iter().zip(&partly).filter(|(both, partly)| both.is_ok() && **partly).count();
        Ok(Both { of, partly })
    }

    /// How many objects have no ratio, and why; nothing if all have one.
    fn lacking(&self, untargeted: &str) -> Option<String> {
        let lacking = |why: Why| self.of.iter().filter(|both| **both == Err(why)).count();
        let reasons = [
            (Why::NoValue, "have no value of one of the probes".to_string()),
            (
                Why::Dim,
                format!(
                    "have no {untargeted} above 0 and three standard errors of noise, and what binds there may be much or nothing"
                ),
            ),
            (Why::Overexposed, "are overexposed in half of their voxels and more".to_string()),
        ];
        let reasons = reasons.iter().map(|(why, words)| (lacking(*why), words)).filter(|(n, _)| *n > 0);
        let reasons: Vec<String> = reasons.map(|(n, words)| format!("{n} {words}")).collect();
        Some(reasons.join(", ")).filter(|words| !words.is_empty())
    }

    /// What the user should know of the ratios of a pair.
    fn warnings(&self, (set, pair, how): (&str, &str, &Paired), ratios: &[Option<f64>]) -> Vec<String> {
        let (all, Paired { targeted, untargeted, .. }) = (self.of.len(), how);
        let mut told = vec![];
        if let Some(lacking) = self.lacking(untargeted) {
            let known = self.of.iter().filter(|both| both.is_ok()).count();
            let median = if speak_for(known, all) { "" } else { "; no median is given of the others" };
            told.push(format!("{pair}: of {all} objects of {set} {lacking}: no binding potential{median}"));
        }
        if self.partly > 0 {
            told.push(format!(
                "{pair}: in {} of {all} objects of {set} a hundredth of the voxels and more lies where the scale of {targeted} or {untargeted} ends: \
                 their light is more than their means say, and the binding potential is off; a shorter exposure tells",
                self.partly
            ));
        }
        let known: Vec<f64> = ratios.iter().flatten().copied().collect();
        let below = known.iter().filter(|ratio| **ratio < 1.0).count();
        if 2 * below > known.len() {
            told.push(format!(
                "{pair}: {below} of {} objects of {set} have a binding potential below 0, which no binding gives: {untargeted} shows more than {targeted} (its exposure, \
                 gain, dose or dye), or takes light of another channel; where nothing binds both have to agree: factor or reference in [paired.{set}]",
                known.len()
            ));
        }
        told
    }
}

/// What makes the untargeted probe agree with the targeted one in objects without a target: the medians of both, one over the other. With
/// what the user should know of it.
fn factor_of(
    reference: &str,
    (name, pair, how): (&str, &str, &Paired),
    of: &Sets,
    by_channel: &ByChannel,
    around: &Surroundings,
) -> Result<(Option<f64>, Vec<String>)> {
    let none = |why: String, also: &str| {
        let what = format!(
            "no factor for {pair}: {why}, so no object of {name} has a binding potential; give another reference, {also}or factor = 1.3 in \
             [paired.{name}]"
        );
        Ok((None, vec![what]))
    };
    let Some(set) = of.made.get(reference) else { return none(format!("there is no {reference}"), "") };
    let kept = by_channel.sets.get(reference);
    let wanted = of.recipe.body.measure.get(reference).map_or(&[][..], |measure| &measure.families);
    let families = kept.map_or(wanted, |kept| &kept.other_families);
    let (channels, others) = (measured::channels(reference, of, around), measured::others(of));
    let request = Request { families, ..measured::request(of, set, &channels, &others, around) };
    let both = Both::of(reference, how, (&request, kept), around)?;
    let median = |k: usize| {
        let values = both.of.iter().filter_map(|both| both.as_ref().ok().map(|both| both[k])).collect();
        statistic_of(Statistic::Median, values)
    };
    let (all, Paired { targeted, untargeted, .. }) = (both.of.len(), how);
    let Some((t, u)) = median(0).zip(median(1)) else {
        let also = if both.of.contains(&Err(Why::Overexposed)) { "a shorter exposure, " } else { "" };
        return match both.lacking(untargeted) {
            Some(lacking) => none(format!("of {all} objects of {reference} {lacking}"), also),
            None => none(format!("{reference} has no object"), also),
        };
    };
    let factor = t / u;
    if !factor.is_finite() || factor <= 0.0 {
        return none(format!("the median of {targeted} in {reference} is {t}, which is not above 0"), "");
    }
    let cut = format!(
        "{pair}: in {} of {all} objects of {reference} a hundredth of the voxels and more lies where the scale of {targeted} or {untargeted} ends, \
         and the factor {factor:.4} that is found in them is off; a shorter exposure tells",
        both.partly
    );
    Ok((Some(factor), if both.partly > 0 { vec![cut] } else { vec![] }))
}

fn add_columns(
    (set, pair, how): (&str, &str, &Paired),
    ratios: &[Option<f64>],
    factor: Option<f64>,
    found: &mut Classified,
) {
    let Paired { targeted, untargeted, .. } = how;
    let what = match how.column {
        Compared::SpecificUptake => "specific_uptake",
        Compared::IntensityMean => "intensity_mean, less its ground,",
    };
    let ratio = format!("{what} of {targeted} over that of {untargeted} times paired_factor_{set}_{pair} of the image");
    let potentials: Vec<Option<f64>> = ratios.iter().map(|ratio| ratio.map(|ratio| ratio - 1.0)).collect();
    let [potential, name] = paired_columns(pair);
    let about = format!("Binding potential of {pair}: {ratio}, less 1.");
    let put = |name: String, about: String, cells: Vec<Option<f64>>| Column {
        empty: EMPTY.into(),
        ..Column::new(name, "1", about, Cells::Real(cells))
    };
    found.columns.push(put(potential.clone(), about, potentials.clone()));
    found.columns.push(put(name, format!("{}{}.", ratio[..1].to_uppercase(), &ratio[1..]), ratios.to_vec()));
    let known: Vec<f64> = potentials.iter().flatten().copied().collect();
    let (n, all) = (known.len(), ratios.len());
    let median = Some(known).filter(|_| speak_for(n, all)).and_then(|known| statistic_of(Statistic::Median, known));
    let mut totals = Table::default();
    let about = format!("Median of {potential} over the objects of {set}.");
    let name = format!("{potential}_median_{set}");
    let cells = Cells::Real(vec![median]);
    totals.push(Column { empty: FEW.into(), ..Column::new(name, "1", about, cells) });
    let about = format!("Number of objects of {set} without a {potential}.");
    totals.push(Column::new(
        format!("{potential}_missing_{set}"),
        "1",
        about,
        Cells::Int(vec![Some((all - n) as i64)]),
    ));
    let about = match &how.reference {
        Some(reference) => format!(
            "Median of {targeted} over that of {untargeted} in {reference}, where nothing binds {pair}: {untargeted} is taken times this in {set}."
        ),
        None => {
            format!("{untargeted} is taken times this for {pair} of {set}, as the recipe says; 1 if it says nothing.")
        }
    };
    let empty =
        "the reference has no object, or none that has both probes above noise and is not overexposed".to_string();
    let cells = Cells::Real(vec![factor]);
    totals.push(Column { empty, ..Column::new(format!("paired_factor_{set}_{pair}"), "1", about, cells) });
    found.totals.columns.extend(totals.columns);
}

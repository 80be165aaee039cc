//! What the nuclei of an image say together: one row.

use super::super::feature::Definition;
use super::groups::{COPIES, DUAL, FEWEST, FEWEST_OF_INTERVAL, RATIO, SINGLE, dual, ratio, single};
use super::{AT_BORDER, COUNTED, Facts, NO_SIGNAL, Probe, TOO_LARGE};
use crate::table::{Cells, Table};

/// The column of the number of nuclei that count begins with this.
const NUCLEI: &str = "fish_nuclei_";

/// The columns of how unlike copies are begin with this.
const SPREADS: [(&str, &str); 2] = [("fish_target_spread_", "target"), ("fish_reference_spread_", "reference")];
/// From there on nobody can tell two copies on each other from a bright one.
const UNLIKE: f64 = 0.35;

/// One row for a set.
pub(super) fn table(set: &str, nuclei: &[Facts], is_dual: bool) -> Table {
    let mut row = TotalsRow { table: Table::default(), set };
    let is = |why: i64| nuclei.iter().filter(|f| f.target.is_some() && f.left_out == why).count();
    row.int(NUCLEI, "Nuclei that count", Some(is(COUNTED) as i64));
    row.int(
        "fish_at_border_",
        "Nuclei left out because they touch the border of the image",
        Some(is(AT_BORDER) as i64),
    );
    row.int(
        "fish_too_large_",
        "Nuclei left out because they are so large that they may be several",
        Some(is(TOO_LARGE) as i64),
    );
    row.int(
        "fish_without_signal_",
        "Nuclei left out because a probe has no signal in them",
        Some(is(NO_SIGNAL) as i64),
    );
    let counted: Vec<&Facts> = nuclei.iter().filter(|f| f.target.is_some() && f.left_out == COUNTED).collect();
    let by_count = |p: Probe| Some(p.count as f64);
    row.kind("", "positions", &counted, is_dual, by_count);
    row.kind("by_light_", "copies by light", &counted, is_dual, |p| p.by_light);
    row.table
}

/// How unlike copies of the target and of the reference are, for the same row.
pub(super) fn spreads(set: &str, spreads: [Option<f64>; 2]) -> Table {
    let mut row = TotalsRow { table: Table::default(), set };
    for ((name, probe), spread) in SPREADS.into_iter().zip(spreads) {
        let what = format!("Standard deviation of the light of a copy of the {probe} over its mean, by single signals");
        row.real(name, format!("{what}; empty where they are too few."), spread);
    }
    row.table
}

/// What the user should know of such a row.
pub(super) fn doubts(totals: &Table) -> Vec<String> {
    let nuclei = totals.columns.iter().find(|c| c.name.starts_with(NUCLEI)).map(|c| &c.cells);
    let Some(Cells::Int(n)) = nuclei else { return vec![] };
    let few = |n: &i64| (*n as usize) < FEWEST;
    let doubt = |n: i64| format!("{n} nuclei count for FISH; a group needs {FEWEST} at least");
    let mut said: Vec<String> = n.iter().flatten().copied().filter(few).map(doubt).collect();
    let mean = |name: &str| {
        let column = totals.columns.iter().find(|c| c.name.starts_with(name));
        if let Some(Cells::Real(mean)) = column.map(|c| &c.cells) { mean.first().copied().flatten() } else { None }
    };
    for (probe, by_position, by_light, spread) in [
        ("target", "fish_target_mean_", "fish_target_mean_by_light_", SPREADS[0].0),
        ("reference", "fish_reference_mean_", "fish_reference_mean_by_light_", SPREADS[1].0),
    ] {
        if let Some((light, spread)) = mean(by_light).zip(mean(spread).filter(|spread| *spread > UNLIKE)) {
            said.push(format!(
                "single signals of the {probe} differ by {:.0} % in light, so two copies on each other look like a bright one: by light \
                 there are {light:.2} a nucleus if all single signals are one copy, more if some are two; {} by position",
                100.0 * spread,
                mean(by_position).map_or_else(|| "unknown".into(), |counted| format!("{counted:.2}"))
            ));
        }
        // The row has the columns by position first.
        if let Some((counted, light)) = mean(by_position).zip(mean(by_light))
            && counted > MORE_THAN_LIGHT * light
        {
            said.push(format!(
                "{counted:.2} signals of the {probe} a nucleus by position, but light of {light:.2}: what has no light of a signal was \
                 counted, as at sharp rims of nuclei that shine themselves; believe the columns by light, or ask more of a spot"
            ));
        }
    }
    said
}

/// Signals that are counted have at least so much light as this many would.
const MORE_THAN_LIGHT: f64 = 1.2;

struct TotalsRow<'a> {
    table: Table,
    set: &'a str,
}

impl TotalsRow<'_> {
    fn put(&mut self, name: &str, definition: String, type_name: &'static str, cells: Cells) {
        let name = format!("{name}{}", self.set);
        let definition =
            Definition { name, unit: "1".into(), type_name, definition, standard: String::new(), empty: "" };
        self.table.push(definition.column(cells));
    }
    fn int(&mut self, name: &str, definition: &str, value: Option<i64>) {
        self.put(name, format!("{definition}."), "int", Cells::Int(vec![value]));
    }
    fn real(&mut self, name: &str, definition: String, value: Option<f64>) {
        self.put(name, definition, "real", Cells::Real(vec![value.filter(|v| v.is_finite())]));
    }

    /// The columns of one way to count.
    fn kind(&mut self, how: &str, word: &str, nuclei: &[&Facts], is_dual: bool, of: impl Fn(Probe) -> Option<f64>) {
        let target = |f: &Facts| f.target.and_then(&of);
        let reference = |f: &Facts| f.reference.and_then(&of);
        let sum = |probe: &dyn Fn(&Facts) -> Option<f64>| {
            nuclei.iter().map(|f| probe(f)).sum::<Option<f64>>().filter(|_| !nuclei.is_empty())
        };
        let n = nuclei.len() as f64;
        let copies = sum(&target).map(|s| s / n);
        let compared = sum(&reference).map(|s| s / n);
        let pairs: Option<Vec<(f64, f64)>> = nuclei.iter().map(|f| Some((target(f)?, reference(f)?))).collect();
        let found = pairs.as_deref().and_then(ratio);
        let half = found.and_then(|(r, half)| Some((r, half?)));
        let amplified = nuclei.iter().map(|f| {
            let ratio = || target(f).zip(reference(f).filter(|r| *r > 0.0)).map(|(t, r)| t / r >= RATIO);
            if is_dual { ratio() } else { target(f).map(|t| t >= COPIES) }.map(|is| f64::from(u8::from(is)))
        });
        let share = amplified.sum::<Option<f64>>().filter(|_| n > 0.0).map(|s| s / n);
        let enough = nuclei.len() >= FEWEST;
        let of_two = found.map(|f| f.0).zip(copies).filter(|_| enough).map(|(r, c)| dual(r, c));
        let of_one = copies.filter(|_| enough).map(single);
        let about = |what: &str| format!("{what} over the nuclei that count, by {word}");
        let mean = "empty where none counts, or the copies are not known";
        self.real(&format!("fish_target_mean_{how}"), format!("{}; {mean}.", about("Mean of the target")), copies);
        self.real(
            &format!("fish_reference_mean_{how}"),
            format!("{}; {mean}.", about("Mean of the reference")),
            compared,
        );
        let what = about("Sum of the target over that of the reference,");
        self.real(&format!("fish_ratio_{how}"), format!("{what}; {mean}."), found.map(|f| f.0));
        let fewest = format!("empty below {FEWEST_OF_INTERVAL} nuclei");
        let end = |which: &str| {
            format!("{which} end of the 95 % interval of the ratio, from how nuclei differ, by {word}; {fewest}.")
        };
        self.real(&format!("fish_ratio_low_{how}"), end("Lower"), half.map(|(r, half)| r - half));
        self.real(&format!("fish_ratio_high_{how}"), end("Upper"), half.map(|(r, half)| r + half));
        let what = about("Share of those with a ratio of 2.0 or more, with one probe of 6 copies or more,");
        self.real(&format!("fish_amplified_share_{how}"), format!("{what}; {mean}."), share);
        let fewest = format!("Empty below {FEWEST} nuclei");
        let what = format!(
            "Group of ASCO/CAP 2018 for two probes, from the mean of the target and the ratio by {word}. {DUAL}"
        );
        self.int(&format!("fish_group_{how}"), &format!("{what}. {fewest} and with one probe"), of_two);
        let what = format!("Group of ASCO/CAP 2018 for one probe, from the mean of the target by {word}. {SINGLE}");
        self.int(&format!("fish_single_group_{how}"), &format!("{what}. {fewest}"), of_one);
    }
}

//! Whether one marker follows another stain: light of a dye in the channel of another makes positive what has none of it.
//!
//! Among the objects that have the other stain (all of them, where nobody is judged by it, as by that of nuclei) the light of the marker is held against that
//! of the stain, for all of them and, where that tells nothing, for those below Otsu's threshold, which have no marker of their own, and below that. The line begins as the median of medians of slopes, which
//! half of the objects cannot move (Siegel 1982), and is fitted by least squares without those farther than four times the median distance from it. Light that bleeds is a
//! share of the other light, in all of them the same. It is told where objects would be judged otherwise without it. Reference: this project; Bolte and Cordelieres 2006 for what
//! bleeding does to channels; A. F. Siegel, Biometrika 69 (1982) 242.

use super::super::cutoff::cutoff;
use super::Judged;
use crate::recipe::Cutoff;

/// Fewer objects say nothing.
const FEW: usize = 6;
/// From this correlation on one follows the other,
const FOLLOWS: f64 = 0.9;
/// where it lies so many deviations from none (Fisher's z): of few objects some always lie on a line.
const CERTAIN: f64 = 6.0;
/// More than this share is no bleeding.
const MOST: f64 = 0.5;
/// A share of the objects has to lie on the line.
const ON_LINE: f64 = 0.6;
/// Distances from the line, in medians of them.
const FAR: f64 = 4.0;
/// Light that bleeds is in every object that has the stain: so large a share without it refutes it.
const BELOW: f64 = 0.1;
/// Rounds of the fit.
const ROUNDS: usize = 5;
/// So often the objects with a marker of their own are left out: it may have grades.
const DIVIDED: usize = 3;
/// Objects, all over the image, whose pairs tell where the line begins.
const PAIRED: usize = 512;
/// Fewer objects that would be judged otherwise are told of only where they are this share of those that have the stain: tumour cells in blood are rare.
const TOLD: f64 = 0.02;

/// Another stain: its name, the place of its channel in the scan, and the light that objects have of it.
pub(super) struct Stain<'a> {
    pub name: &'a str,
    pub channel: usize,
    pub light: &'a [Option<f64>],
}

/// A line that objects lie on.
#[derive(Clone, Copy)]
struct Line {
    slope: f64,
    level: f64,
    /// Objects on it.
    n: usize,
    /// They lie no farther from it.
    near: f64,
}

/// A warning where a marker follows a stain, and objects are judged by what it leaves there. `judged` has all markers of the set.
pub(super) fn warning(set: &str, into: &Judged, stain: &Stain, judged: &[Judged]) -> Option<String> {
    let own: Vec<&Judged> = judged.iter().filter(|other| other.channel == stain.channel).collect();
    let has_it = |i: usize| own.is_empty() || own.iter().any(|other| other.is_positive.get(i) == Some(&Some(true)));
    let of_stain = |i: usize| stain.light.get(i).copied().flatten().filter(|_| has_it(i));
    let points: Vec<[f64; 2]> =
        into.light.iter().enumerate().filter_map(|(i, light)| Some([of_stain(i)?, (*light)?])).collect();
    let line = followed_by_some(&points)?;
    let below = points.iter().filter(|p| p[1] < line.level + line.slope * p[0] - line.near).count();
    if below as f64 > BELOW * points.len() as f64 {
        return None;
    }
    // What has no ground taken off is as bright without the dye as the object that has least of it.
    let least = stain.light.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let from = if into.is_above_ground { line.level } else { -line.slope * least };
    let change = into.without(|i| of_stain(i).map_or(0.0, |x| line.slope * x + from));
    if change.changed < 2 || (change.changed as f64) < TOLD * points.len() as f64 {
        return None;
    }
    let percent = 100.0 * line.slope;
    let digits = usize::from(percent < 1.0);
    Some(format!(
        "{} follows {} in {} of {} objects of {set}, as {percent:.digits$} % of it: light of one dye in the channel of the other looks so. \
         Without it {} instead of {} would be positive (bleed_through or [unmix] takes it away: docs/unmixing.md)",
        into.marker,
        stain.name,
        line.n,
        points.len(),
        change.positive,
        into.positive()
    ))
}

/// The line that most objects lie on, or else most of those that have no marker of their own: those below Otsu's threshold, and so on below that.
fn followed_by_some(points: &[[f64; 2]]) -> Option<Line> {
    let mut left = points.to_vec();
    for _ in 0..DIVIDED {
        let line = followed(&left);
        if line.is_some() {
            return line;
        }
        let split = cutoff(Cutoff::Otsu, left.iter().map(|p| p[1]), 0.0)?;
        left.retain(|p| p[1] <= split);
    }
    followed(&left)
}

/// The line that most of these lie on, if the second values follow the first ones as a share of them.
fn followed(points: &[[f64; 2]]) -> Option<Line> {
    let mut line = middle_line(points)?;
    let mut on_line = points.to_vec();
    let mut r = 0.0;
    for _ in 0..ROUNDS {
        let far = |p: &[f64; 2]| (p[1] - line.level - line.slope * p[0]).abs();
        let most = FAR * median(on_line.iter().map(far).collect())?;
        on_line = points.iter().copied().filter(|p| far(p) <= most).collect();
        if on_line.len() < FEW || (on_line.len() as f64) < ON_LINE * points.len() as f64 {
            return None;
        }
        (line, r) = fitted(&on_line, most)?;
    }
    let certain = libm::atanh(r) * ((line.n - 3) as f64).sqrt();
    (r >= FOLLOWS && certain >= CERTAIN && line.slope <= MOST).then_some(line)
}

/// The line of the median slopes, of which each is the median of those from one object to the others.
fn middle_line(points: &[[f64; 2]]) -> Option<Line> {
    let some: Vec<[f64; 2]> = points.iter().copied().step_by(points.len().div_ceil(PAIRED).max(1)).collect();
    let slopes = some.iter().filter_map(|a| {
        let to = some.iter().filter(|b| b[0] != a[0]).map(|b| (b[1] - a[1]) / (b[0] - a[0]));
        median(to.collect())
    });
    let slope = median(slopes.collect())?;
    let level = median(some.iter().map(|p| p[1] - slope * p[0]).collect())?;
    Some(Line { slope, level, n: some.len(), near: f64::INFINITY })
}

/// The upper one of two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    values.sort_unstable_by(f64::total_cmp);
    values.get(middle).copied()
}

/// The line of least squares through points that are no farther than `near` from one, and the correlation; nothing where either value is all the same.
fn fitted(points: &[[f64; 2]], near: f64) -> Option<(Line, f64)> {
    let n = points.len() as f64;
    let mean = [0, 1].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / n);
    let sum = |a: usize, b: usize| points.iter().map(|p| (p[a] - mean[a]) * (p[b] - mean[b])).sum::<f64>();
    let (xx, xy, yy) = (sum(0, 0), sum(0, 1), sum(1, 1));
    let slope = xy / xx;
    let line = Line { slope, level: mean[1] - slope * mean[0], n: points.len(), near };
    (xx > 0.0 && yy > 0.0).then(|| (line, (xy / (xx * yy).sqrt()).min(1.0)))
}

#[cfg(test)]
mod tests {
    //! Oracle: shares that are known.
    use super::*;
    use crate::recipe::Positive;

    /// Numbers from 0 to 1 without order.
    fn random(k: usize) -> f64 {
        (k * 7919 % 1009) as f64 / 1009.0
    }

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    fn noise(k: usize) -> f64 {
        4.0 * (random(k * 31 + 7) - 0.5)
    }

    /// What is said of a marker with this light, on a ground of `ground` times its noise of 6, beside nuclei.
    fn beside_nuclei(
        n: usize,
        above: Cutoff,
        is_above_ground: bool,
        second: &dyn Fn(usize, f64) -> f64,
    ) -> Option<String> {
        let nuclei: Vec<f64> = (0..n).map(|k| 200.0 + 400.0 * random(k)).collect();
        let light: Vec<f64> = (0..n).map(|k| second(k, nuclei[k])).collect();
        let positive = Positive::by_mean(above);
        let values: Vec<f64> = light.iter().map(|l| if is_above_ground { l / 6.0 } else { *l }).collect();
        let dead = Judged { is_above_ground, ..Judged::by("dead", &positive, &values, &light) };
        warning("nuclei", &dead, &Stain { name: "nuclear", channel: 0, light: &some(&nuclei) }, &[])
    }

    /// A dye of DNA follows the stain of nuclei in dead cells, and the living ones beside them refute that it is light of it.
    #[test]
    fn a_marker_that_others_do_without_is_no_light_of_the_stain() {
        for share in [0.65, 0.8, 0.85] {
            let dead = |k: usize, nuclei: f64| if random(k * 17 + 3) < share { 0.1 * nuclei } else { 0.0 } + noise(k);
            assert_eq!(beside_nuclei(60, Cutoff::Value(3.0), true, &dead), None, "{share}");
        }
    }

    #[test]
    fn the_stain_of_nuclei_in_the_channel_of_a_marker_is_told() {
        let dead =
            |k: usize, share: f64| if random(k * 17 + 3) < share { 400.0 + 300.0 * random(k * 5 + 1) } else { 0.0 };
        for n in [14, 20, 60, 300] {
            for share in [0.0, 0.25, 0.6] {
                let found = |bleeds: f64| {
                    beside_nuclei(n, Cutoff::Value(3.0), true, &|k, nuclei| dead(k, share) + bleeds * nuclei + noise(k))
                };
                assert_eq!(found(0.0), None, "{n} {share}");
                // In small fields with many dead ones fewer are left than say something.
                if n >= 60 || share < 0.5 {
                    let told = found(0.05).unwrap_or_default();
                    assert!(
                        told.starts_with("dead follows nuclear in")
                            && (3..=6).any(|share| told.contains(&format!("as {share} % of it"))),
                        "{n} {share}: {told}"
                    );
                    let number = (0..n).filter(|k| dead(*k, share) > 0.0).count();
                    assert!(told.contains(&format!("Without it {number} instead of")), "{n} {share}: {told}");
                }
            }
        }
    }

    #[test]
    fn light_that_decides_nothing_is_not_told() {
        let far_below =
            |k: usize, nuclei: f64| 0.01 * nuclei + if k.is_multiple_of(4) { 500.0 } else { 0.0 } + 0.1 * noise(k);
        assert_eq!(beside_nuclei(60, Cutoff::Value(3.0), true, &far_below), None);
        // Kinds that Otsu tells apart stay apart.
        let kinds = |k: usize, nuclei: f64| 0.05 * nuclei + if k.is_multiple_of(4) { 2000.0 } else { 0.0 } + noise(k);
        assert_eq!(beside_nuclei(60, Cutoff::Otsu, false, &kinds), None);
        assert!(beside_nuclei(60, Cutoff::Value(15.0), false, &kinds).is_some());
    }

    #[test]
    fn a_share_of_another_marker_is_told_and_markers_of_their_own_are_not() {
        // The first half has the first marker.
        let n = 120;
        let first: Vec<f64> = (0..n).map(|k| if k < 60 { 200.0 + 200.0 * random(k) } else { 20.0 }).collect();
        let above = Cutoff::Value(12.0);
        let seen = |second: &dyn Fn(usize) -> f64| {
            let positive = Positive::by_mean(above);
            let of = |marker, channel, light: &[f64]| Judged {
                channel,
                is_above_ground: false,
                is_positive: light.iter().map(|l| Some(*l > 120.0)).collect(),
                ..Judged::by(marker, &positive, light, light)
            };
            let second: Vec<f64> = (0..n).map(second).collect();
            let all = [of("tumour", 1, &first), of("immune", 2, &second)];
            warning("cells", &all[1], &Stain { name: "tumour", channel: 1, light: &some(&first) }, &all)
        };
        let bleeds = seen(&|k| 10.0 + 0.1 * first[k] + noise(k)).unwrap();
        assert!(bleeds.contains("immune follows tumour in 60 of 60") && bleeds.contains("10 %"), "{bleeds}");
        // A tenth of them has the other marker as well.
        let with_own = seen(&|k| 10.0 + 0.1 * first[k] + noise(k) + if k % 10 == 3 { 300.0 } else { 0.0 }).unwrap();
        assert!(with_own.contains("54 of 60"), "{with_own}");
        assert_eq!(seen(&|k| 160.0 + noise(k)), None, "noise");
        assert_eq!(seen(&|k| 160.0 + 300.0 * random(k * 13 + 5)), None, "its own light");
        assert_eq!(seen(&|k| 0.9 * first[k]), None, "too much for bleeding");
    }
}

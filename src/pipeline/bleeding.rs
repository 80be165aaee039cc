//! Whether one marker follows another: light of a dye in the channel of another makes positive what has none of it.
//!
//! Among the objects that are positive for a marker, the values of another are held against its values by least squares, without those farther than
//! four times the median distance from the line, which have the other marker themselves. Light that bleeds is a share of the other light, in all of them
//! the same. Reference: this project; Bolte and Cordelieres 2006 for what bleeding does to channels.

/// Fewer objects say nothing.
const FEW: usize = 15;
/// From this correlation on one follows the other.
const FOLLOWS: f64 = 0.9;
/// More than this share is no bleeding.
const MOST: f64 = 0.5;
/// A share of the objects has to lie on the line.
const ON_LINE: f64 = 0.6;
/// Distances from the line, in medians of them.
const FAR: f64 = 4.0;
/// Rounds of the fit.
const ROUNDS: usize = 5;

/// What is known of a marker: its name, the values of all objects, and which of them are positive.
pub(super) struct Seen<'a> {
    pub marker: &'a str,
    pub unit: String,
    pub values: Vec<Option<f64>>,
    pub is_positive: Vec<Option<bool>>,
}

/// A warning for each marker that follows another one.
pub(super) fn warnings(set: &str, all: &[Seen]) -> Vec<String> {
    let pairs = all.iter().flat_map(|a| all.iter().map(move |b| (a, b)));
    let told = pairs.filter(|(a, b)| a.marker != b.marker && a.unit == b.unit).filter_map(|(from, into)| {
        let both = from.values.iter().zip(&into.values).zip(&from.is_positive);
        let points: Vec<[f64; 2]> = both.filter(|(_, p)| **p == Some(true)).filter_map(|((a, b), _)| Some([(*a)?, (*b)?])).collect();
        let (share, n) = share(&points)?;
        Some(format!(
            "{} follows {} in {n} of {} objects of {set}, as {:.0} % of it: light of one dye in the channel of the other looks so, and makes positive what is not; \
             bleed_through or [unmix] takes it away (docs/unmixing.md)",
            into.marker, from.marker, points.len(), 100.0 * share
        ))
    });
    told.collect()
}

/// The share of the first values that the second ones follow with, and how many do.
fn share(points: &[[f64; 2]]) -> Option<(f64, usize)> {
    let mut left: Vec<[f64; 2]> = points.to_vec();
    let mut found = None;
    for _ in 0..ROUNDS {
        if left.len() < FEW || (left.len() as f64) < ON_LINE * points.len() as f64 {
            return None;
        }
        let (slope, level, r) = line(&left)?;
        found = Some((slope, r, left.len()));
        let far = |p: &[f64; 2]| (p[1] - level - slope * p[0]).abs();
        let mut all: Vec<f64> = points.iter().map(far).collect();
        all.sort_unstable_by(f64::total_cmp);
        let most = FAR * all[all.len() / 2];
        left = points.iter().copied().filter(|p| far(p) <= most).collect();
    }
    let (slope, r, n) = found?;
    (r >= FOLLOWS && slope <= MOST).then_some((slope, n))
}

/// Slope, level at 0, and correlation; nothing where either is all the same.
fn line(points: &[[f64; 2]]) -> Option<(f64, f64, f64)> {
    let n = points.len() as f64;
    let mean = [0, 1].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / n);
    let sum = |a: usize, b: usize| points.iter().map(|p| (p[a] - mean[a]) * (p[b] - mean[b])).sum::<f64>();
    let (xx, xy, yy) = (sum(0, 0), sum(0, 1), sum(1, 1));
    (xx > 0.0 && yy > 0.0).then(|| (xy / xx, mean[1] - xy / xx * mean[0], xy / (xx * yy).sqrt()))
}

#[cfg(test)]
mod tests {
    //! Oracle: shares that are known.
    use super::*;

    /// Numbers from 0 to 1 without order.
    fn random(k: usize) -> f64 {
        (k * 7919 % 1009) as f64 / 1009.0
    }

    #[test]
    fn a_share_of_the_light_is_told_and_markers_of_their_own_are_not() {
        let first: Vec<f64> = (0..60).map(|k| 200.0 + 200.0 * random(k)).collect();
        let seen = |second: &dyn Fn(usize) -> f64| {
            let some = |values: Vec<f64>| values.into_iter().map(Some).collect::<Vec<_>>();
            let of = |marker, values| Seen {
                marker,
                unit: "AU".into(),
                values: some(values),
                is_positive: vec![Some(true); 60],
            };
            warnings("cells", &[of("tumour", first.clone()), of("immune", (0..60).map(second).collect())])
        };
        let noise = |k: usize| 4.0 * (random(k * 31 + 7) - 0.5);
        let bleeds = seen(&|k| 160.0 + 0.1 * first[k] + noise(k));
        assert!(
            bleeds.len() == 1 && bleeds[0].contains("immune follows tumour in 60 of 60") && bleeds[0].contains("10 %"),
            "{bleeds:?}"
        );
        // A tenth of them has the other marker as well.
        let some = seen(&|k| 160.0 + 0.1 * first[k] + noise(k) + if k % 10 == 3 { 300.0 } else { 0.0 });
        assert!(some.len() == 1 && some[0].contains("54 of 60"), "{some:?}");
        assert!(seen(&|k| 160.0 + noise(k)).is_empty(), "noise");
        assert!(seen(&|k| 160.0 + 300.0 * random(k * 13 + 5)).is_empty(), "its own light");
        assert!(seen(&|k| 0.9 * first[k]).iter().all(|w| !w.starts_with("immune")), "too much for bleeding");
    }
}

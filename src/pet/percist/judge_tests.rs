//! Oracle: each rule and its limits, by hand.
use super::*;
use crate::pet::percist::{Lesion, Missing};

fn visit(lesions: &[(f64, f64)], liver: f64) -> Visit {
    let lesion = |&(peak, tlg): &(f64, f64)| Lesion {
        sul_peak: Some(peak),
        tlg_g: Some(tlg),
        measurable: Some(peak > 1.5 * liver + 0.2),
        ..Lesion::default()
    };
    Visit { lesions: lesions.iter().map(lesion).collect(), liver_sul_mean: Some(liver), ..Visit::default() }
}

fn response(before: &[(f64, f64)], after: &[(f64, f64)], new: Option<u32>) -> Response {
    judge(&visit(before, 1.5), &visit(after, 1.5), new).response
}

#[test]
fn the_hottest_lesion_decides_whichever_it_is() {
    let before = [(8.0, 20.0), (4.0, 20.0)];
    assert_eq!(response(&before, &[(2.0, 5.0), (6.0, 15.0)], None), Response::Smd, "8 to 6");
    assert_eq!(response(&before, &[(5.0, 5.0), (5.6, 15.0)], None), Response::Pmr, "8 to 5.6");
    assert_eq!(response(&before, &[(8.0, 5.0), (10.4, 15.0)], None), Response::Pmd, "8 to 10.4");
}

#[test]
fn both_the_share_and_the_units_are_needed() {
    assert_eq!(response(&[(2.5, 9.0)], &[(1.71, 9.0)], None), Response::Smd, "31.6 %, 0.79");
    assert_eq!(response(&[(2.5, 9.0)], &[(1.7, 9.0)], None), Response::Pmr, "32 %, 0.8");
    assert_eq!(response(&[(9.0, 9.0)], &[(6.31, 9.0)], None), Response::Smd, "29.9 %, 2.69");
    assert_eq!(response(&[(2.5, 9.0)], &[(3.29, 9.0)], None), Response::Smd, "31.6 %, 0.79");
    assert_eq!(response(&[(2.5, 9.0)], &[(3.3, 9.0)], None), Response::Pmd, "32 %, 0.8");
}

#[test]
fn progress_in_three_ways() {
    assert_eq!(response(&[(5.0, 40.0)], &[(5.0, 70.0)], None), Response::Pmd, "TLG + 75 %");
    assert_eq!(response(&[(5.0, 40.0)], &[(5.0, 69.9)], None), Response::Smd);
    assert_eq!(response(&[(5.0, 40.0)], &[(2.0, 9.0)], Some(2)), Response::Pmd, "new lesions");
    let all = judge(&visit(&[(5.0, 40.0)], 1.5), &visit(&[(6.5, 80.0)], 1.5), Some(1));
    let three = "new lesions: 1; sul_peak changed by +30.0 % (+1.50 g/ml); tlg changed by +100.0 % (+40.00 g)";
    assert_eq!(all.reason, three);
    assert!(all.notes.is_empty(), "{:?}", all.notes);
    assert_eq!(all.rules.len(), 3);
    let against = judge(&visit(&[(8.0, 40.0)], 1.5), &visit(&[(4.0, 80.0)], 1.5), Some(0));
    assert_eq!(against.response, Response::Pmr, "TLG counts only where SULpeak does not fall");
    assert!(against.notes[0].contains("does not fall (Wahl 2009)"), "{:?}", against.notes);
}

#[test]
fn complete_asks_for_less_than_the_liver_at_every_site() {
    assert_eq!(response(&[(5.0, 9.0)], &[(1.4, 1.0), (1.49, 30.0)], Some(0)), Response::Cmr);
    assert_eq!(response(&[(5.0, 9.0)], &[(1.5, 1.0)], None), Response::Pmr, "the mean itself is not below");
    assert_eq!(response(&[(5.0, 9.0)], &[], Some(1)), Response::Pmd, "a reader saw a new one");
    let unseen = judge(&visit(&[(5.0, 9.0)], 1.5), &visit(&[], 1.5), None);
    assert_eq!(unseen.response, Response::Ne);
    assert!(unseen.reason.contains("--set labels.sites="), "{}", unseen.reason);
    let sites = |before: &[(f64, f64)], after: &[(f64, f64)]| {
        let followup = Visit { sites: visit(after, 1.5).lesions, ..visit(&[], 1.5) };
        judge(&visit(before, 1.5), &followup, None).response
    };
    assert_eq!(sites(&[(5.0, 9.0)], &[(1.4, 1.0)]), Response::Cmr);
    assert_eq!(sites(&[(5.0, 9.0)], &[(2.2, 1.0)]), Response::Pmr, "above the liver, below the threshold");
    assert_eq!(sites(&[(5.0, 9.0), (4.0, 9.0)], &[(1.4, 1.0)]), Response::Ne, "one of two sites");
}

/// Lesions along x: place in mm, SULpeak.
fn along(lesions: &[(f64, f64)]) -> Visit {
    let mut v = visit(&lesions.iter().map(|l| (l.1, 9.0)).collect::<Vec<_>>(), 1.5);
    for (lesion, (x, _)) in v.lesions.iter_mut().zip(lesions) {
        (lesion.place, lesion.mtv_ml) = (Some([*x, 0.0, 0.0]), Some(4.0));
    }
    v
}

#[test]
fn another_lesion_that_grows_is_looked_at() {
    let of = |before: &[(f64, f64)], after: &[(f64, f64)]| judge(&along(before), &along(after), Some(0));
    let before = [(0.0, 8.0), (100.0, 3.0)];
    let grown = of(&before, &[(0.0, 4.0), (100.0, 5.0)]);
    assert_eq!(grown.response, Response::Ne);
    let words = "the lesion at x 100, y 0, z 0 mm: sul_peak changed by +66.7 %";
    assert!(grown.reason.contains(words), "{}", grown.reason);
    assert_eq!(of(&before, &[(0.0, 4.0), (100.0, 3.7)]).response, Response::Pmr);
    // The lesion beside the target is gone; what is left is the target's own.
    assert_eq!(of(&[(0.0, 14.0), (18.0, 6.0)], &[(0.0, 9.5)]).response, Response::Pmr);
    // A lesion that splits is as hot as its hottest piece.
    let split = of(&[(0.0, 3.67), (200.0, 10.0)], &[(6.6, 3.75), (-19.1, 6.62), (200.0, 6.7)]);
    assert!(split.response == Response::Ne && split.reason.contains("x 0, y 0"), "{}", split.reason);
}

/// Whatever the lesions that are left say: a site that was not measured may be the hottest one.
#[test]
fn a_site_counts_only_where_all_of_it_is_that_of_the_lesion() {
    let baseline = along(&[(0.0, 8.0), (100.0, 5.0)]);
    let judged = |sites: &[(f64, f64)], left: &[(f64, f64)], change: &dyn Fn(&mut Visit)| {
        let mut followup = Visit { sites: along(sites).lesions, ..along(left) };
        followup.sites.iter_mut().for_each(|s| s.coverage = Some(1.0));
        change(&mut followup);
        let judged = judge(&baseline, &followup, Some(0));
        (judged.response, judged.reason)
    };
    let (cold, as_is) = ([(0.0, 1.4), (100.0, 1.3)], &|_: &mut Visit| {});
    assert_eq!(judged(&cold, &[], as_is).0, Response::Cmr);
    assert_eq!(judged(&[(3.0, 1.4), (108.0, 1.3)], &[], as_is).0, Response::Cmr, "registration moves a bit");
    let left = [(100.0, 5.0)];
    let ne = |sites: &[(f64, f64)], change: &dyn Fn(&mut Visit), words: &str| {
        for left in [&[][..], &left] {
            let (response, reason) = judged(sites, left, change);
            assert!(response == Response::Ne && reason.contains(words), "{response:?} {reason}");
        }
        assert_eq!(judged(sites, &[(100.0, 11.0)], change).0, Response::Pmd, "it could only be more");
    };
    let cut = |v: &mut Visit| v.sites[0].coverage = Some(0.949);
    ne(&cold, &cut, "only 94 % of the site of the lesion at x 0, y 0, z 0 mm was measured");
    assert_eq!(judged(&cold, &[], &|v| v.sites[0].coverage = Some(0.95)).0, Response::Cmr);
    let small = |v: &mut Visit| (v.sites[0].coverage, v.sites[0].mtv_ml) = (None, Some(3.1));
    ne(&cold, &small, "only 77 % of the site of the lesion at x 0, y 0, z 0 mm was measured");
    ne(&[(135.0, 1.4), (235.0, 1.3)], as_is, "no site at follow-up is the lesion at x 0, y 0, z 0 mm of the baseline");
    ne(&[(100.0, 1.4)], as_is, "the nearest lies 100 mm away");
    ne(&cold, &|v| v.sites_of = Some("P9".into()), "the lesions of the image P9, not of this baseline");
    ne(&cold, &|v| v.sites[1].sul_peak = None, "sul_peak is empty for 1 of 2 sites of the baseline");
}

#[test]
fn lesions_that_are_left_do_not_speak_for_sites_without_one() {
    let baseline = along(&[(0.0, 8.0), (100.0, 5.0)]);
    let of = |left: &[(f64, f64)]| judge(&baseline, &along(left), None);
    assert_eq!(of(&[(0.0, 1.4), (100.0, 1.3)]).response, Response::Cmr);
    assert_eq!(of(&[(0.0, 1.4)]).response, Response::Ne);
    let judged = of(&[(100.0, 5.0), (200.0, 3.0), (300.0, 3.0)]);
    assert_eq!((judged.response, judged.notes.len()), (Response::Pmr, 2));
    assert_eq!(judged.notes[0], "new lesions not judged; 2 lesions where the baseline has none");
    assert!(judged.notes[1].starts_with("the site of the lesion at x 0, y 0, z 0 mm was not measured"));
    let mut cut = along(&[(0.0, 8.0), (100.0, 5.0)]);
    cut.lesions[0].is_cut = Some(true);
    let start = "the lesion at x 0, y 0, z 0 mm at follow-up";
    let end = "sul_peak of the whole lesion may be another";
    let notes = |followup: &Visit| judge(&baseline, followup, Some(0)).notes;
    assert_eq!(notes(&cut), [format!("{start} touches the border of the image: {end}")]);
    cut.lesions[0].in_sphere = Some(0.74);
    let share = "has 74 % of the sphere of its sul_peak in the image and not excluded";
    assert_eq!(notes(&cut), [format!("{start} {share}: {end}")]);
    (cut.lesions[0].in_sphere, cut.lesions[0].is_beside_hotter) = (Some(1.0), Some(true));
    let hotter = "has hotter uptake beside it in the sphere of its sul_peak";
    assert_eq!(notes(&cut), [format!("{start} {hotter}: {end}")]);
    (cut.lesions[0].is_beside_hotter, cut.lesions[0].is_cut) = (Some(false), Some(false));
    assert!(notes(&cut).is_empty());
}

#[test]
fn what_cannot_be_judged_says_why() {
    let why = |a: &Visit, b: &Visit, new| {
        let j = judge(a, b, new);
        (j.response, j.reason)
    };
    let (hot, none) = (visit(&[(5.0, 9.0)], 1.5), visit(&[], 1.5));
    assert_eq!(why(&none, &hot, None), (Response::Ne, "no lesion at baseline".into()));
    assert_eq!(why(&none, &hot, Some(1)).0, Response::Pmd);
    let faint = visit(&[(2.0, 9.0)], 1.5);
    assert!(why(&faint, &hot, None).1.contains("not measurable"));
    let mut blind = hot.clone();
    blind.lesions[0].sul_peak = None;
    blind.missing = vec![Missing { column: "sul_peak", why: "no height".into() }];
    assert_eq!(why(&blind, &hot, None), (Response::Ne, "baseline: no height".into()));
    assert_eq!(why(&hot, &blind, None), (Response::Ne, "followup: no height".into()));
    let mut other = hot.clone();
    other.lesions[0].measurable = None;
    assert_eq!(why(&other, &hot, None), (Response::Ne, "baseline: percist_measurable is missing".into()));
    let life = |s| Visit { half_life_s: Some(s), ..hot.clone() };
    assert_eq!(why(&life(6586.2), &life(4062.6), Some(1)).0, Response::Ne);
}

#[test]
fn new_lesions_that_nobody_looked_for_are_noted() {
    let j = judge(&visit(&[(5.0, 9.0)], 1.5), &visit(&[(5.0, 4.0), (4.0, 4.0), (3.0, 1.0)], 1.5), None);
    assert_eq!(
        (j.response, j.notes),
        (Response::Smd, vec!["new lesions not judged; 2 more lesions than at baseline".into()])
    );
}

/// What a recipe has dropped as too small may be new: it was told of nowhere beside a complete response.
#[test]
fn objects_that_were_dropped_are_told() {
    let followup = |dropped| Visit { sites: visit(&[(1.4, 1.0)], 1.5).lesions, dropped, ..visit(&[], 1.5) };
    let notes = |dropped, new| judge(&visit(&[(5.0, 9.0)], 1.5), &followup(dropped), new).notes;
    let said = "2 found above the threshold of lesions at follow-up, but too small for the recipe";
    assert!(notes(2, None)[1].starts_with(said), "{:?}", notes(2, None));
    assert!(notes(0, None).len() == 1 && notes(2, Some(0)).is_empty(), "somebody looked");
    let small = Visit { dropped: 1, ..visit(&[], 1.5) };
    let why = judge(&small, &visit(&[], 1.5), None).reason;
    assert_eq!(why, "no lesion at baseline; 1 found above the threshold, but too small for the recipe");
}

/// Lesions elsewhere do not speak for sites of which none was imaged.
#[test]
fn sites_that_were_asked_for_and_not_imaged_are_not_measured() {
    let baseline = along(&[(0.0, 8.0)]);
    let of = |sites_file: Option<&str>, left: &[(f64, f64)]| {
        judge(&baseline, &Visit { sites_file: sites_file.map(str::to_string), ..along(left) }, Some(0))
    };
    let words = "none of the sites of the baseline lies in what was imaged at follow-up";
    for left in [&[][..], &[(300.0, 5.0)], &[(300.0, 7.9)]] {
        let judged = of(Some("base/labels/p_lesions.nii.gz"), left);
        assert!(judged.response == Response::Ne && judged.reason.starts_with(words), "{judged:?}");
    }
    assert_eq!(of(Some("sites.nii.gz"), &[(300.0, 11.0)]).response, Response::Pmd, "it could only be more");
    assert_eq!(of(None, &[(300.0, 5.0)]).response, Response::Pmr, "nobody asked for sites");
}

/// Regression: a file of sites without any was told as sites that were not imaged.
#[test]
fn a_file_without_sites_measures_none() {
    let baseline = along(&[(0.0, 8.0)]);
    let of = |left: &[(f64, f64)]| {
        let sites_file = Some("base/labels/p_sites.nii.gz".to_string());
        judge(&baseline, &Visit { sites_file, sites_are_none: true, ..along(left) }, Some(0))
    };
    let words = "the file of the sites at follow-up, base/labels/p_sites.nii.gz, has no region";
    for (left, response) in [(5.0, Response::Pmr), (7.9, Response::Smd), (11.0, Response::Pmd)] {
        let judged = of(&[(0.0, left)]);
        assert_eq!(judged.response, response, "{judged:?}");
        assert!(judged.notes.iter().any(|note| note.starts_with(words)), "{judged:?}");
    }
    let judged = of(&[]);
    assert!(judged.response == Response::Ne && judged.reason.contains(words), "{judged:?}");
}

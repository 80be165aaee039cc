//! Oracle: scikit-learn 1.9 (`KMeans` with these starts, `algorithm="lloyd"`, `tol=0`) on the same rows. Invariant: order and threads.
//! Mechanics: few rows, equal rows, centres without rows.
use super::*;

/// Six overlapping heaps of 240 rows, by a generator that any language has.
fn heaps() -> Vec<f64> {
    let mut state = 12_345_u64;
    let mut next = || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        ((state >> 16) % 1000) as f64
    };
    let row = |i: usize| {
        let (a, b) = (next(), next());
        [a / 100.0 + (i % 3) as f64 * 4.0, b / 50.0 - (i % 2) as f64 * 9.0]
    };
    (0..240).flat_map(row).collect()
}

fn clusters(all: &[f64], k: usize) -> (Vec<Vec<f64>>, Vec<usize>) {
    let (rows, which) = Rows::of(all, 2);
    let rows = rows.standardised(&rows.moments());
    let centres = kmeans(&rows, k);
    let mut sizes = vec![0; centres.len()];
    which.iter().for_each(|i| sizes[nearest(rows.row(*i as usize), &centres).0] += 1);
    (centres, sizes)
}

#[test]
fn clusters_are_those_of_scikit_learn() {
    #[rustfmt::skip]
    let expected: [(&[[f64; 2]], &[usize]); 3] = [
        (&[[-0.5281387378025598, -0.6294408312927854], [0.5552227756385893, 0.66171984828216]], &[123, 117]),
        (&[[-0.6113510582032728, -0.7801437433277948], [-0.22205186877443767, 0.9950237317328703],
           [1.2825459895856381, -0.17438935968588898]], &[95, 85, 60]),
        // Here the farthest starts give less (119.8) than the quantiles (123.6).
        (&[[-1.1592913125489794, 1.3904879461320407], [-0.9222564871830621, -1.083052564354367],
           [-0.3975648410775329, -0.04866810198773429], [0.7645354877421644, 0.9392225463343441],
           [1.1353746197265209, -0.8829844291962504]], &[23, 47, 65, 63, 42]),
    ];
    for (centres, sizes) in expected {
        let (found, counts) = clusters(&heaps(), centres.len());
        let pairs = found.iter().flatten().zip(centres.iter().flatten());
        assert!(pairs.clone().all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert_eq!(counts, sizes);
    }
}

#[test]
fn neither_order_nor_threads_matter() {
    let rows = heaps();
    let expected = clusters(&rows, 4);
    let turned: Vec<f64> = rows.chunks(2).rev().flatten().copied().collect();
    assert_eq!(clusters(&turned, 4), expected);
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    // More rows than a block has.
    let many: Vec<f64> =
        (0..40_000_u32).flat_map(|i| [f64::from(i * 7919 % 40_009), f64::from(i * 31 % 977)]).collect();
    assert_eq!(pool(1).install(|| clusters(&many, 3)), pool(7).install(|| clusters(&many, 3)));
}

#[test]
fn few_and_equal_rows_are_clusters_of_their_own() {
    let of = |all: &[f64], k| {
        let (rows, which) = Rows::of(all, 1);
        (kmeans(&rows, k), which)
    };
    assert_eq!(of(&[], 3), (vec![], vec![]));
    assert_eq!(of(&[5.0; 4], 3), (vec![vec![5.0]], vec![0; 4]));
    assert_eq!(of(&[2.0, 1.0, 2.0], 3), (vec![vec![1.0], vec![2.0]], vec![1, 0, 1]));
    // Most weight in one value: all quantiles fall on it, so centres begin without rows.
    let heavy: Vec<f64> = std::iter::repeat_n(0.0, 1000).chain([1.0, 9.0, 10.0]).collect();
    assert_eq!(of(&heavy, 3).0, [vec![0.0], vec![1.0], vec![9.5]]);
    assert_eq!(lloyd(&Rows::of(&heavy, 1).0, vec![vec![0.0]; 3]).1.len(), 3);
    // Halfway between two centres a row goes to the lower one.
    assert_eq!(nearest(&[1.0], &[vec![0.0], vec![2.0]]), (0, 1.0));
}

#[test]
fn what_never_changes_says_nothing() {
    let (rows, _) = Rows::of(&[1.0, 7.0, 3.0, 7.0], 2);
    assert_eq!(rows.moments(), [[2.0, 1.0], [7.0, 0.0]]);
    assert_eq!(rows.standardised(&rows.moments()).values, [-1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn looked_up_and_sorted_rows_are_the_same() {
    let all: Vec<f64> = heaps().iter().map(|v| v.round() / 2.0).chain([0.0, -0.0, 0.0, 0.0]).collect();
    assert_eq!(Rows::looked_up(&all, 2).unwrap(), Rows::sorted(&all, 2));
    assert_eq!(Rows::looked_up(&[], 2).unwrap(), Rows::sorted(&[], 2));
    let many: Vec<f64> = (0..2 * FEW + 4).map(|i| i as f64).collect();
    assert!(Rows::looked_up(&many, 2).is_none());
    assert_eq!(Rows::of(&many, 2), Rows::sorted(&many, 2));
}

/// Regression: the second number decided nothing where the first ones differ in their last bit.
#[test]
fn first_numbers_that_are_one_but_for_rounding_leave_it_to_the_next() {
    let sum = 0.1 + 0.2;
    let of = |all: &[f64]| kmeans(&Rows::of(all, 2).0, 4);
    let expected = [vec![0.1, 9.0], vec![sum, 1.0], vec![0.3, 2.0], vec![sum, 3.0]];
    assert_eq!(of(&[0.3, 2.0, sum, 3.0, 0.1, 9.0, sum, 1.0]), expected);
    assert_eq!(of(&[0.3, 2.0, 0.3 + 1e-9, 1.0]), [vec![0.3, 2.0], vec![0.3 + 1e-9, 1.0]]);
}

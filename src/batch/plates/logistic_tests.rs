//! Oracle: SciPy 1.17.1, `scipy.optimize.curve_fit` with the same formula and tolerances of 1e-15, standard errors from its covariance.
//! Invariant: scaled and shifted responses.

use super::*;

type Case = (&'static [(f64, f64)], [f64; 4], [f64; 4], f64);

/// Doses and responses; parameters, their standard errors and the sum of squares as SciPy has them.
fn cases() -> [Case; 4] {
    [
        // Rising, two wells a dose.
        (
            &[
                (0.1, 101.1397),
                (0.1, 110.0652),
                (0.3162, 96.6784),
                (0.3162, 78.1848),
                (1.0, 107.8031),
                (1.0, 91.6938),
                (3.162, 189.4438),
                (3.162, 227.8459),
                (10.0, 368.9518),
                (10.0, 365.1038),
                (31.62, 683.1273),
                (31.62, 679.1386),
                (100.0, 836.2995),
                (100.0, 805.2231),
                (316.2, 883.1154),
                (316.2, 904.852),
                (1000.0, 856.0335),
                (1000.0, 882.6315),
            ],
            [94.05523216067851, 888.2231973808117, 1.1807588694701605, 1.3290656777854235],
            [9.977038455703022, 11.783808417839362, 0.025803271271785798, 0.0940113988530287],
            6687.558784724681,
        ),
        // Falling, one well a dose.
        (
            &[
                (1.0, 49665.6858),
                (2.783, 49303.5081),
                (7.743, 46658.9723),
                (21.54, 43480.2186),
                (59.95, 34248.2536),
                (166.8, 24657.8862),
                (464.2, 14708.7657),
                (1292.0, 8199.6809),
                (3594.0, 3022.7779),
                (10000.0, 3452.3273),
            ],
            [50524.76157881, 1502.0064977976053, 2.160101109560849, 0.8735042838838578],
            [700.130365461086, 859.0058206976977, 0.031832433941996564, 0.056176073908308574],
            3833776.2360301907,
        ),
        // Steep.
        (
            &[
                (0.001, 0.099),
                (0.001, 0.1023),
                (0.001, 0.0694),
                (0.003162, 0.0908),
                (0.003162, 0.0808),
                (0.003162, 0.0842),
                (0.01, 0.1328),
                (0.01, 0.0954),
                (0.01, 0.1109),
                (0.03162, 0.3971),
                (0.03162, 0.3678),
                (0.03162, 0.3772),
                (0.1, 0.906),
                (0.1, 0.905),
                (0.1, 0.8792),
                (0.3162, 0.9501),
                (0.3162, 0.9758),
                (0.3162, 0.9177),
                (1.0, 0.9671),
                (1.0, 0.9523),
                (1.0, 0.9371),
            ],
            [0.09050784106698417, 0.9519844623744369, -1.398676869658906, 2.8786062087364437],
            [0.005897446705130882, 0.0070297691038022905, 0.009904247171691567, 0.18823530848076075],
            0.004736401535030422,
        ),
        // Shallow, one plateau short.
        (
            &[
                (1.0, 13.1961),
                (1.874, 12.7165),
                (3.511, 11.9726),
                (6.579, 15.166),
                (12.33, 18.6099),
                (23.1, 22.1622),
                (43.29, 28.987),
                (81.11, 35.7738),
                (152.0, 45.0812),
                (284.8, 54.497),
                (533.7, 60.1004),
                (1000.0, 67.156),
            ],
            [11.20572432761545, 76.28412242419759, 2.1401597456591923, 0.8837367369059611],
            [0.7866265533053906, 2.9229088897576303, 0.05039508658661376, 0.06884969545085146],
            6.915720009086672,
        ),
    ]
}

fn points(doses: &[(f64, f64)], scale: f64, shift: f64) -> Vec<Point> {
    let point = |(dose, y): &(f64, f64)| Point { log_dose: libm::log10(*dose), response: scale * y + shift };
    doses.iter().map(point).collect()
}

fn close(got: f64, want: f64, tolerance: f64) {
    assert!(fabs(got - want) <= tolerance * fabs(want), "{got} {want}");
}

#[test]
fn curves_and_errors_are_those_of_scipy() {
    for (doses, parameters, errors, squares) in cases() {
        let fit = fit(&points(doses, 1.0, 0.0)).unwrap();
        close(fit.squares, squares, 1e-9);
        let found = [fit.curve.to_array(), fit.errors.unwrap().to_array()];
        for (got, want) in found.iter().flatten().zip(parameters.iter().chain(&errors)) {
            close(*got, *want, 1e-6);
        }
    }
}

#[test]
fn responses_may_count_in_anything() {
    for (doses, ..) in cases() {
        let [plain, other] = [(1.0, 0.0), (-3e-7, 5e-4)].map(|(a, b)| fit(&points(doses, a, b)).unwrap());
        close(other.curve.log_ec50, plain.curve.log_ec50, 1e-7);
        close(other.curve.hill, plain.curve.hill, 1e-6);
        close(other.curve.low, -3e-7 * plain.curve.low + 5e-4, 1e-6);
    }
}

#[test]
fn odd_points_end_without_a_curve_or_with_a_finite_one() {
    let all = [(1.0, 5.0), (10.0, 5.0), (100.0, 5.0)];
    assert!(fit(&[]).is_none());
    for doses in [&all[..], &all[..1], &[(1.0, f64::MAX), (2.0, f64::MIN)], &[(1.0, 0.0), (10.0, 1.0)]] {
        if let Some(fit) = fit(&points(doses, 1.0, 0.0)) {
            assert!(fit.errors.is_none() && fit.squares >= 0.0 && fit.curve.log_ec50.is_finite());
        }
    }
}

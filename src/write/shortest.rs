//! Real numbers as the shortest decimals that read back as the same f64, as `{:?}` prints them.
//!
//! The JSON writer finds them in a fifth of the time of the standard library. Both give the same digits, except where two
//! shortest decimals are equally near, and the same form where there is no exponent: the rest is left to the standard library.

use std::io::Write;

/// Appends a finite number.
pub(super) fn append(out: &mut Vec<u8>, x: f64) {
    let near = x == 0.0 || ((1e-4..1e16).contains(&x.abs()) && !may_be_halfway(x));
    // Writing to memory does not fail.
    let done = near && serde_json::to_writer(&mut *out, &x).is_ok();
    if !done {
        let _ = write!(out, "{x:?}");
    }
}

/// Whether a number above 1e-4 may lie in the middle between two decimals of up to 17 digits: k / 2^p, k odd, has p digits after
/// its point, and the last one would be the 18th at most and the 5 in the middle. Below 2^20 the steps of f64 are too fine for a
/// middle with 10 digits or fewer after the point.
fn may_be_halfway(x: f64) -> bool {
    let bits = x.to_bits();
    let (odd_and_even, exponent) = ((bits & ((1 << 52) - 1)) | (1 << 52), (bits >> 52 & 0x7ff) as i32);
    let after_point = 1075 - exponent - odd_and_even.trailing_zeros() as i32;
    (1..=21).contains(&after_point) && (after_point > 10 || x.abs() >= (1 << 20) as f64)
}

#[cfg(test)]
mod tests {
    //! Oracle: the standard library.
    use super::*;
    use proptest::prelude::*;

    fn same(x: f64) {
        let mut out = Vec::new();
        append(&mut out, x);
        assert_eq!(String::from_utf8_lossy(&out), format!("{x:?}"));
    }

    #[test]
    fn halves_of_halves() {
        for (k, power) in (0..300u32).flat_map(|k| (0..40).map(move |power| (k, power))) {
            let x = f64::from(1 + k * k * 7919) / f64::from(power).exp2();
            [x, -x, x * 1e9, x * 1e-9].into_iter().for_each(same);
        }
        [0.0, 1e16, 1e-4, 1e15, 123456789012345.6, 9007199254740993.0, f64::MAX, f64::MIN_POSITIVE]
            .into_iter()
            .for_each(same);
    }

    proptest! {
        #[test]
        fn any_number(bits in any::<u64>(), exponent in 1000u64..1080, short in 0u32..52) {
            let mantissa = (bits & ((1 << 52) - 1)) >> short << short;
            same(f64::from_bits(bits >> 63 << 63 | exponent << 52 | mantissa));
            let any = f64::from_bits(bits);
            if any.is_finite() {
                same(any);
            }
        }
    }
}

//! Functions compiled for the widest registers that the processor has.

use std::sync::LazyLock;

/// Compiles a function without a result three times, as it stands, for AVX2 and for AVX-512, and takes the widest that the
/// processor has. The arithmetic is exact, so all give the same numbers.
macro_rules! wide {
    ($(#[$doc:meta])* $vis:vis fn $name:ident $(<$($of:ident: $bound:path),+>)? ($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments, reason = "inner loops take their rows one by one")]
        $vis fn $name $(<$($of: $bound),+>)? ($($arg: $ty),*) {
            #[inline(always)]
            fn plain $(<$($of: $bound),+>)? ($($arg: $ty),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512 $(<$($of: $bound),+>)? ($($arg: $ty),*) {
                    plain $(::<$($of),+>)? ($($arg),*)
                }
                #[target_feature(enable = "avx2")]
                fn avx2 $(<$($of: $bound),+>)? ($($arg: $ty),*) {
                    plain $(::<$($of),+>)? ($($arg),*)
                }
                if $crate::simd::has_avx512() {
                    // SAFETY: the processor has what the function was compiled for.
                    return unsafe { avx512 $(::<$($of),+>)? ($($arg),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has what the function was compiled for.
                    return unsafe { avx2 $(::<$($of),+>)? ($($arg),*) };
                }
            }
            plain $(::<$($of),+>)? ($($arg),*)
        }
    };
}
pub(crate) use wide;

/// Whether the processor has the parts of AVX-512 that all its server generations share.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx512() -> bool {
    use std::arch::is_x86_feature_detected as has;
    static ALL: LazyLock<bool> =
        LazyLock::new(|| has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl"));
    *ALL
}

fn saturating_sub(a: i32, b: i32) -> i32 {
    let d = a - b;
    // Overflow when the signs of a and b differ and the result has not the sign of a.
    if (((a ^ b) & (a ^ d)) < 0) { return select(0x7fffffff, i32(-0x7fffffff - 1), a < 0); }
    return d;
}

fn saturating_add(a: i32, b: i32) -> i32 {
    let s = a + b;
    // Overflow when a and b have one sign and the result has the other.
    if ((~(a ^ b) & (a ^ s)) < 0) { return select(0x7fffffff, i32(-0x7fffffff - 1), a < 0); }
    return s;
}

// Samples of 30 bits, negative ones as 0, and the squares of their upper 15 bits.
fn run(i: u32) {
    let s = max(src(i), 0);
    let x = select(s << u32(p.left), s >> 1u, p.left < 0);
    set_scaled(i, x);
    set_square(i, (x >> 15u) * (x >> 15u));
}

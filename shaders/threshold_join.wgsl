// A mask, and what lies beyond the reach of everything above a limit and above the dark one of two classes, if there are two.
fn run(i: u32) {
    let dim = found(0u) > 0u && around(i) <= frame(p.at + 1u) && src(i) > bitcast<i32>(found(1u));
    set_dst(i, mask(i) | select(0u, 1u, dim));
}

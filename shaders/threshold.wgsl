// Above a threshold: all of them where it lies below every integer.
fn run(i: u32) {
    set_dst(i, u32(p.all != 0u || src(i) > p.threshold));
}

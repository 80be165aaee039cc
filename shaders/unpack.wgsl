// Takes elements out of words that hold several.
fn run(i: u32) {
    let shift = (i % p.each) * p.bits;
    set_dst(i, p.low + ((src(i / p.each) >> shift) & p.mask));
}

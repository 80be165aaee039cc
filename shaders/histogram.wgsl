// Many bins: samples rarely meet in one, so each goes straight to memory.
fn run(i: u32) {
    let bin = bin_of(src(i));
    if (bin < p.bins) { add_bins(bin, 1u); }
}

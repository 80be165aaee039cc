// Counts of integers from the least sample on in 256 bins of the whole range, if all of it has places of its own; else nothing.
fn run(k: u32) {
    let width = bitcast<u32>(range(1u)) - bitcast<u32>(range(0u));
    let n = tally(k);
    if (n > 0u && width < p.room) { add_bins(linear_bin(k, width), n); }
}

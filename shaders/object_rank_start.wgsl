// The rank that is wanted of each object: floor(share / 2^16 * (n - 1)), where share is at most 2^16.
fn run(l: u32) {
    let last = max(size(l), 1u) - 1u;
    set_rank(l, p.share * (last >> 16u) + ((p.share * (last & 0xffffu)) >> 16u));
}

// The bin of a sample, or p.bins for none: by distance from p.min, or the last k with edge(k) <= s.
fn bin_of(s: i32) -> u32 {
    if (s < p.min) { return p.bins; }
    if (p.edges == 0u) { return min(bitcast<u32>(s) - bitcast<u32>(p.min), p.bins); }
    var low = 0u;
    var high = p.bins;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (edge(middle) <= s) { low = middle; } else { high = middle; }
    }
    return low;
}

// Writes down the peaks (index, height, size) and the pairs (lower peak index, higher peak index, saddle), each where
// the next place is free: their order differs from run to run, and the host sorts them. Where there is no place left, they
// are only counted.
fn run(i: u32) {
    let a = parent(i);
    if (a == NOWHERE) { return; }
    let v = land(i);
    if (a == i) {
        let next = add_tally(0u, 1u);
        if (next < p.peaks) {
            let at = 3u * next;
            set_peak(at, i);
            set_peak(at + 1u, bitcast<u32>(v));
            set_peak(at + 2u, size(i));
        }
    }
    for (var k = 14u; k < 27u; k++) {
        let j = neighbour(i, k);
        if (j == NOWHERE) { continue; }
        let b = parent(j);
        if (b == NOWHERE || b == a) { continue; }
        let next = add_tally(1u, 1u);
        if (next >= p.pairs) { continue; }
        let at = 3u * next;
        set_pair(at, min(a, b));
        set_pair(at + 1u, max(a, b));
        set_pair(at + 2u, bitcast<u32>(min(v, land(j))));
    }
}

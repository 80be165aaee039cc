// Counts the pairs of neighbours in two nodes, not both of them markers: as watershed_edges.wgsl writes them down.
fn node(i: u32) -> u32 {
    let bottom = parent(i);
    let m = marker(bottom);
    return select(bottom, 0x80000000u | m, m != 0u);
}

fn run(i: u32) {
    let a = node(i);
    var n = 0u;
    for (var k = 14u; k < 27u; k++) {
        let j = neighbour(i, k);
        if (j == NOWHERE) { continue; }
        let b = node(j);
        if (a != b && (a & b & 0x80000000u) == 0u) { n++; }
    }
    if (n > 0u) { add_tally(0u, n); }
}

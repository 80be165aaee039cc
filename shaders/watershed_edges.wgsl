// Writes down the edges (height, lower node, higher node), each where the next place is free: their order differs from
// run to run, and the host sorts them.
fn node(i: u32) -> u32 {
    let bottom = parent(i);
    let m = marker(bottom);
    return select(bottom, 0x80000000u | m, m != 0u);
}

// Voxels of a marker are as low as can be.
fn height(i: u32) -> i32 { return select(i32(-0x7fffffff - 1), land(i), marker(i) == 0u); }

fn run(i: u32) {
    let a = node(i);
    for (var k = 14u; k < 27u; k++) {
        let j = neighbour(i, k);
        if (j == NOWHERE) { continue; }
        let b = node(j);
        if (a == b || (a & b & 0x80000000u) != 0u) { continue; }
        let at = 3u * add_tally(1u, 1u);
        set_edge(at, bitcast<u32>(max(height(i), height(j))));
        set_edge(at + 1u, min(a, b));
        set_edge(at + 2u, max(a, b));
    }
}

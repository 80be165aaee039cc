// Counts the voxels of each basin, the peaks (tally 0) and the pairs of neighbours in different basins (tally 1).
fn run(i: u32) {
    let a = parent(i);
    if (a == NOWHERE) { return; }
    add_size(a, 1u);
    if (a == i) { add_tally(0u, 1u); }
    for (var k = 14u; k < 27u; k++) {
        let j = neighbour(i, k);
        if (j == NOWHERE) { continue; }
        let b = parent(j);
        if (b != NOWHERE && b != a) { add_tally(1u, 1u); }
    }
}

// A voxel of a marker points at itself; every other one at the lowest of itself and its neighbours: lower first, then the
// lower index.
fn run(i: u32) {
    var best = i;
    var level = land(i);
    if (marker(i) == 0u) {
        for (var k = 0u; k < 27u; k++) {
            let j = neighbour(i, k);
            if (j == NOWHERE) { continue; }
            let v = land(j);
            if (v < level || (v == level && j < best)) {
                best = j;
                level = v;
            }
        }
    }
    set_parent(i, best);
}

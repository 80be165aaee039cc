// A voxel of a marker points at itself; every other one at the lowest of itself and its neighbours: a marker first, then
// lower, then the lower index.
fn run(i: u32) {
    if (marker(i) != 0u) {
        set_parent(i, i);
        return;
    }
    var best = i;
    var level = land(i);
    var marked = false;
    for (var k = 0u; k < 27u; k++) {
        let j = neighbour(i, k);
        if (j == NOWHERE) { continue; }
        let m = marker(j) != 0u;
        if (marked && !m) { continue; }
        let v = land(j);
        if ((m && !marked) || v < level || (v == level && j < best)) {
            best = j;
            level = v;
            marked = m;
        }
    }
    set_parent(i, best);
}

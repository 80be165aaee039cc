// Every voxel of the mask points at its greatest neighbour or itself: higher first, then lower index.
fn run(i: u32) {
    if (mask(i) == 0u) {
        set_parent(i, NOWHERE);
        return;
    }
    var best = i;
    var top = land(i);
    for (var k = 0u; k < 27u; k++) {
        let j = neighbour(i, k);
        if (j == NOWHERE || mask(j) == 0u) { continue; }
        let v = land(j);
        if (v > top || (v == top && j < best)) {
            top = v;
            best = j;
        }
    }
    set_parent(i, best);
}

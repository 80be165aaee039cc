// The height that must be passed on the lowest way from an object: not below the voxel itself, nor below the lowest neighbour's.
fn run(i: u32) {
    if (mask(i) == 0u) { return; }
    let own = flood(i);
    var lowest = own;
    for (var k = 0u; k < 27u; k++) {
        let j = neighbour(i, k);
        if (j != NOWHERE) { lowest = min(lowest, flood(j)); }
    }
    let height = max(lowest, level(i));
    if (height >= own) { return; }
    set_flood(i, height);
    if (p.watched == 1u) { or_changed(0u, 1u); }
}

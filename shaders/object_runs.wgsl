// Writes down the runs of objects in raster order: first voxel, label, and the voxel behind the last one. What there is no
// place for is left out.
fn run(i: u32) {
    let v = label(i);
    if (v == p.nothing) { return; }
    let x = i % p.columns;
    let begins = x == 0u || label(i - 1u) != v;
    let ends = x + 1u == p.columns || label(i + 1u) != v;
    if (!begins && !ends) { return; }
    let k = rank(i) - select(1u, 0u, begins);
    if (k >= p.room) { return; }
    if (begins) {
        set_found(3u * k, i);
        set_found(3u * k + 1u, v);
    }
    if (ends) { set_found(3u * k + 2u, i + 1u); }
}

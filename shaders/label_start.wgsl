// A voxel points at an earlier voxel of its run, at most 16 places back: ways to the root stay short.
// Voxels that are in no component point at nothing. p.zeros: components are made of zeros, not of what is not zero.
fn run(i: u32) {
    let v = values(i);
    if ((v == 0u) != (p.zeros == 1u)) {
        set_parent(i, 0xffffffffu);
        return;
    }
    let last = i - min(i % p.columns, 16u);
    var first = i;
    while (first > last && values(first - 1u) == v) { first--; }
    set_parent(i, first);
}

// The first voxel of each voxel's value, from the tables that renumber.wgsl filled.
fn run(i: u32) {
    let v = values(i);
    if (v == 0u) {
        set_root(i, 0xffffffffu);
        return;
    }
    var s = v;
    if (p.mask != 0u) {
        s = hash(v) & p.mask;
        while (key(s) != v) { s = (s + 1u) & p.mask; }
    }
    set_root(i, ~early(s));
}

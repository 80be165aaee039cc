// Keeps the voxels of each object that are above the object's own limit.
fn run(i: u32) {
    let l = label(i);
    set_dst(i, select(0u, l, l != 0u && src(i) > limit(l)));
}

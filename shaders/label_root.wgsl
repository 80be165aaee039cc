// Points each voxel straight at its root. Others do the same meanwhile; all of them only move towards the root.
fn run(i: u32) {
    var r = parent(i);
    if (r == 0xffffffffu) { return; }
    loop {
        let up = parent(r);
        if (up == r) { break; }
        r = up;
    }
    set_parent(i, r);
}

// Every voxel takes the marker that its node is or belongs to.
fn run(i: u32) {
    let bottom = parent(i);
    let m = marker(bottom);
    if (m != 0u) {
        set_dst(i, m);
    } else {
        set_dst(i, table(bottom));
    }
}

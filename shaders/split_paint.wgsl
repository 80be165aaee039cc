// Every voxel takes the object of its basin.
fn run(i: u32) {
    let a = parent(i);
    if (a == NOWHERE) {
        set_dst(i, 0u);
    } else {
        set_dst(i, table(a));
    }
}

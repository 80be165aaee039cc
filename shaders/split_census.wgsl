// Counts the voxels of each basin.
fn run(i: u32) {
    let a = parent(i);
    if (a != NOWHERE) { add_size(a, 1u); }
}

// 1 where a voxel is the first of its object.
fn run(i: u32) { set_first(i, select(0u, 1u, root(i) == i)); }

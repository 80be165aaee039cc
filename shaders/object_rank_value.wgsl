// The sample that a key stands for; 0 for an object without a voxel, and for the background.
fn run(l: u32) {
    set_value(l, select(0, bitcast<i32>(prefix(l) ^ 0x80000000u), l > 0u && size(l) > 0u));
}

// What lies above the dark one of two classes.
fn run(i: u32) { set_dst(i, select(0u, 1u, src(i) > bitcast<i32>(found(1u)))); }

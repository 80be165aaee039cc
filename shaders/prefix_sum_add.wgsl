// What all blocks before this one add up to.
fn run(i: u32) { set_dst(i, dst(i) + offset(i / 2048u)); }

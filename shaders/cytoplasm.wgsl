// A cell where there is no nucleus.
fn run(i: u32) { set_dst(i, select(0u, cells(i), nuclei(i) == 0u)); }

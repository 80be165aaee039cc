// Drops the objects that are not kept.
fn run(i: u32) {
    let v = values(i);
    set_dst(i, select(0u, v, keep(v) != 0u));
}

// 1 where a run of an object begins.
fn run(i: u32) {
    let v = label(i);
    set_begins(i, select(0u, 1u, v != p.nothing && (i % p.columns == 0u || label(i - 1u) != v)));
}

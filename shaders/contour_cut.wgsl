// What of each territory reaches the object's limit.
fn run(i: u32) {
    let l = territory(i);
    set_dst(i, select(0u, l, l != 0u && src(i) >= limit(l)));
}

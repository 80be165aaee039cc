// What of each allowed region reaches the object's limit.
fn run(i: u32) {
    let l = allowed(i);
    set_dst(i, select(0u, l, l != 0u && src(i) >= limit(l)));
}

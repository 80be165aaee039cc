// The label of an object is one more than the number of objects that begin before it.
fn run(i: u32) {
    let r = root(i);
    if (r == 0xffffffffu) {
        set_dst(i, 0u);
    } else {
        set_dst(i, rank(r) + 1u);
    }
}

// A piece of background with one label around it takes that label; at the border the lowest one is 0, which is none.
fn run(i: u32) {
    let r = root(i);
    var v = labels(i);
    if (r != 0xffffffffu && ~low(r) == high(r)) { v = high(r); }
    set_dst(i, v);
}

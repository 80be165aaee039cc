// The root of the piece that an object starts in, or nothing.
fn run(l: u32) {
    let at = start(l);
    var found = 0xffffffffu;
    if (at != 0xffffffffu && l != 0u) {
        if (cut(at) == l) { found = root(at); }
    }
    set_wanted(l, found);
}

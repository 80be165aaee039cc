// Follows the pointers to the peak and shortens the way for whoever comes after. Others may shorten it at the same
// time: every pointer only ever moves up the one path to its peak, so the end is the same.
fn run(i: u32) {
    var at = parent(i);
    if (at == NOWHERE) { return; }
    loop {
        let next = parent(at);
        if (next == at) { break; }
        at = next;
    }
    set_parent(i, at);
}

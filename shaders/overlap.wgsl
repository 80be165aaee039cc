// Counts the voxels of each pair of child and parent in a hash table. A place holds the index of a voxel of its pair plus
// one; 0 is free. place(p.mask + 1) is set when p.tries places were tried in vain.
fn run(i: u32) {
    let c = child(i);
    let o = parent(i);
    if (c == 0u || o == 0u) { return; }
    var s = hash(c ^ hash(o)) & p.mask;
    var tries = 0u;
    loop {
        var k = place(s);
        if (k == 0u) {
            // The exchange may fail for no reason; whoever was first in, the place is read again.
            swap_place(s, 0u, i + 1u);
            continue;
        }
        if (child(k - 1u) == c && parent(k - 1u) == o) {
            add_tally(s, 1u);
            return;
        }
        s = (s + 1u) & p.mask;
        tries++;
        if (tries > p.tries) { break; }
    }
    set_place(p.mask + 1u, 1u);
}

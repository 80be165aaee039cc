// The first voxel of each value, as a maximum of complements: the tables begin as zeros.
// p.mask is 0 where values index the table themselves; else it is the size of a hash table less one. That has more
// places than there are voxels, so a free one is always found.
fn place(v: u32) -> u32 {
    if (p.mask == 0u) { return v; }
    var s = hash(v) & p.mask;
    loop {
        let k = key(s);
        if (k == v) { break; }
        if (k == 0u) {
            // Whoever was first in, the key is read again: the exchange may fail for no reason.
            swap_key(s, 0u, v);
        } else {
            s = (s + 1u) & p.mask;
        }
    }
    return s;
}

fn run(i: u32) {
    let v = values(i);
    if (v == 0u || (i > 0u && values(i - 1u) == v)) { return; }
    max_early(place(v), ~i);
}

// The lowest parent with the most voxels, as a maximum of complements. The entry of the background says: no room.
fn run(s: u32) {
    let k = place(s);
    if (k == 0u) { return; }
    if (s > p.mask) {
        set_choice(0u, 1u);
        return;
    }
    let c = child(k - 1u);
    if (tally(s) == most(c)) { max_choice(c, ~parent(k - 1u)); }
}

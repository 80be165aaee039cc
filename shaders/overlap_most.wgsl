// The most voxels that each child shares with one parent.
fn run(s: u32) {
    let k = place(s);
    if (k != 0u) { max_most(child(k - 1u), tally(s)); }
}

// Remembers the pieces that reach above the high threshold.
fn run(i: u32) {
    if (high(i) != 0u && label(i) != 0u) { or_hit(label(i), 1u); }
}

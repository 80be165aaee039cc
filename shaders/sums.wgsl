// Adds one voxel to the sums of its object. An addition that wraps carries into the next word; since each of them does
// so by itself, the words are right in the end whatever the order was.
fn add_carry(at: u32, v: u32) -> u32 {
    let old = add_total(at, v);
    return select(0u, 1u, old + v < old);
}

fn run(i: u32) {
    let l = label(i);
    if (l == 0u) { return; }
    let at = l * 6u;
    let u = bitcast<u32>(src(i)) ^ 0x80000000u;
    add_total(at, 1u);
    if (add_carry(at + 1u, u) == 1u) { add_total(at + 2u, 1u); }
    let s = square(u);
    // The high word of a square is at most 2^32 - 2, so the carry fits.
    let carry = add_carry(at + 3u, s.x);
    if (add_carry(at + 4u, s.y + carry) == 1u) { add_total(at + 5u, 1u); }
}

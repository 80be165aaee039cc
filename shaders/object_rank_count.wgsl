// Counts, for each object, the digits of those samples that still agree with the prefix found so far.
fn run(i: u32) {
    let l = label(i);
    if (l == 0u) { return; }
    let key = bitcast<u32>(src(i)) ^ 0x80000000u;
    // Above the top digit there is nothing to agree with; a shift by 32 would not be defined.
    if (p.shift < 28u && (key >> (p.shift + 4u)) != (prefix(l) >> (p.shift + 4u))) { return; }
    add_digits(l * 16u + ((key >> p.shift) & 15u), 1u);
}

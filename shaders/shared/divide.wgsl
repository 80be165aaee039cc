// Sums of samples taken as unsigned words (sign bit flipped) in two limbs: x over their high halves, y over their low
// halves. With weights that add up to at most 65535 neither passes 2^32.
fn halves(s: i32) -> vec2<u32> {
    let u = bitcast<u32>(s) ^ 0x80000000u;
    return vec2<u32>(u >> 16u, u & 0xffffu);
}

// floor((sum + floor(total / 2)) / total) as a sample: long division, the high limb first.
fn divide(sum: vec2<u32>, total: u32) -> i32 {
    let low = sum.y + total / 2u;
    let high = sum.x + (low >> 16u);
    let rest = ((high % total) << 16u) + (low & 0xffffu);
    return bitcast<i32>((((high / total) << 16u) + rest / total) ^ 0x80000000u);
}

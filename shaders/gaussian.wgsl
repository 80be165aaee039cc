// One axis of a Gaussian. Weights add up to 65536, so for samples taken as unsigned words (sign bit flipped) the sums
// over the high and over the low halves each stay below 2^32, and high + round(low / 65536) is the exact rounded mean.
fn run(i: u32) {
    let at = i32((i / p.stride) % p.size);
    let base = i32(i) - at * i32(p.stride);
    var high = 0u;
    var low = 0u;
    for (var k = 0u; k <= 2u * p.radius; k++) {
        let j = border_index(at + i32(k) - i32(p.radius), i32(p.size), p.border);
        let s = bitcast<u32>(src(u32(base + j * i32(p.stride)))) ^ 0x80000000u;
        let w = weight(u32(abs(i32(k) - i32(p.radius))));
        high += w * (s >> 16u);
        low += w * (s & 0xffffu);
    }
    set_dst(i, bitcast<i32>((high + ((low + 0x8000u) >> 16u)) ^ 0x80000000u));
}

// Spreads 32 bits over 32 bits; every bit of the result depends on every bit of v.
fn hash(v: u32) -> u32 {
    var h = v ^ (v >> 16u);
    h *= 0x7feb352du;
    h ^= h >> 15u;
    h *= 0x846ca68bu;
    return h ^ (h >> 16u);
}

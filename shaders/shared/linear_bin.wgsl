// The bin of 256 equal ones between 0 and width: the last one whose lower edge, ceil(k / 256 * width), is not above the offset.
fn linear_bin(offset: u32, width: u32) -> u32 {
    var low = 0u;
    var high = 256u;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        let all = product(middle, width);
        let edge = ((all.x << 24u) | (all.y >> 8u)) + select(0u, 1u, (all.y & 255u) > 0u);
        if (edge <= offset) { low = middle; } else { high = middle; }
    }
    return low;
}

// The part of the mask that is brighter than p.share / 256 of the brightest around.
fn run(i: u32) {
    let m = max(peak(i), 0);
    // floor(m * share / 256) without leaving 32 bits.
    let limit = (m >> 8u) * i32(p.share) + (((m & 255) * i32(p.share)) >> 8u);
    set_dst(i, select(0u, 1u, mask(i) != 0u && src(i) > limit));
}

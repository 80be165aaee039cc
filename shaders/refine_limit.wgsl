// lo + floor(share / 2^16 * (hi - lo)) of each object, where share is at most 2^16. The difference may have 33 bits, so its
// halves are multiplied apart.
fn run(l: u32) {
    let hi = peak(l);
    let lo = ground(l);
    let low = (hi & 0xffff) - (lo & 0xffff);
    let high = (hi >> 16u) - (lo >> 16u) + (low >> 16u);
    let part = bitcast<i32>((p.share * u32(low & 0xffff)) >> 16u);
    set_limit(l, lo + high * bitcast<i32>(p.share) + part);
}

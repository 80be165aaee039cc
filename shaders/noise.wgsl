// |a - 2 b + c| of three voxels along x, p.lag apart. High and low halves apart, so that nothing overflows; what does not fit
// i32 in the end is taken as its greatest.
fn run(i: u32) {
    let at = (i / p.inner) * p.row + i % p.inner;
    let a = src(at);
    let b = src(at + p.lag);
    let c = src(at + 2u * p.lag);
    let low = (a & 0xffff) - 2 * (b & 0xffff) + (c & 0xffff);
    let high = (a >> 16u) - 2 * (b >> 16u) + (c >> 16u) + (low >> 16u);
    if (high < -32768 || high > 32767) {
        set_dst(i, 0x7fffffff);
        return;
    }
    let d = (high << 16u) | (low & 0xffff);
    set_dst(i, select(abs(d), 0x7fffffff, d == -0x7fffffff - 1));
}

// floor(sqrt(x)): a first guess in floating point, put right in integers, so that every device gives the same.
fn run(i: u32) {
    let x = u32(clamp(src(i), 0, i32(p.most))) << (2u * p.bits);
    var r = min(u32(sqrt(f32(x))), 65535u);
    while (r > 0u && r > x / r) { r--; }
    while (r < 65535u && (r + 1u) <= x / (r + 1u)) { r++; }
    set_dst(i, i32(r));
}

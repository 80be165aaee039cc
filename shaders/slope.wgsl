// An image less a plane of whole numbers.
fn run(i: u32) {
    let y = i32((i / p.x) % p.y);
    let x = i32(i % p.x);
    set_dst(i, saturating_sub(src(i), (y * p.rise_y + x * p.rise_x) >> p.shift));
}

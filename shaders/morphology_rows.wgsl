// Adds rows to a running extreme: dst[i] becomes the extreme of itself and of src in the same column of the rows that
// lie `offset` (z, y) away. Rows outside the image are ignored.
fn run(i: u32) {
    let row = i / p.x;
    let y = i32(row % p.y);
    let z = i32(row / p.y);
    var best = dst(i);
    for (var k = 0u; k < p.offsets; k++) {
        let qz = z + offset(2u * k);
        let qy = y + offset(2u * k + 1u);
        if (qz >= 0 && qz < i32(p.z) && qy >= 0 && qy < i32(p.y)) {
            let s = src((u32(qz) * p.y + u32(qy)) * p.x + i % p.x);
            best = select(min(best, s), max(best, s), p.largest == 1u);
        }
    }
    set_dst(i, best);
}

// Lowers dst[i] to the apex that some rows of the ball allow. `row` holds z, y, half-length and the place of the caps
// of each row; `cap` holds how far the ball's surface lies below the apex at 0, 1, ... voxels from the row's middle.
fn lifted(at: u32, cap_here: i32) -> i32 {
    return min(src(at), 2147483647 - cap_here) + cap_here;
}

fn run(i: u32) {
    let x = i32(i % p.x);
    let y = i32((i / p.x) % p.y);
    let z = i32(i / p.x / p.y);
    var best = dst(i);
    for (var k = p.first; k < p.end; k++) {
        let qz = z + row(4u * k);
        let qy = y + row(4u * k + 1u);
        if (qz < 0 || qz >= i32(p.z) || qy < 0 || qy >= i32(p.y)) { continue; }
        let half = row(4u * k + 2u);
        let caps = row(4u * k + 3u);
        let base = (u32(qz) * p.y + u32(qy)) * p.x;
        for (var qx = max(x - half, 0); qx <= min(x + half, i32(p.x) - 1); qx++) {
            best = min(best, lifted(base + u32(qx), cap(u32(caps + abs(qx - x)))));
        }
    }
    set_dst(i, best);
}

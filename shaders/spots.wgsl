// Weighted sum of the second differences along the three axes, turned round: bright spots are positive.
fn part(here: i32, a: u32, b: u32, w: i32) -> i32 {
    return w * ((here - (src(a) >> p.shift)) + (here - (src(b) >> p.shift)));
}

fn run(i: u32) {
    let x = i % p.width;
    let y = (i / p.width) % p.height;
    let z = i / (p.width * p.height);
    let row = p.width;
    let slice = p.width * p.height;
    let here = src(i) >> p.shift;
    let along_x = part(here, select(i, i + 1u, x + 1u < p.width), select(i, i - 1u, x > 0u), p.wx);
    let along_y = part(here, select(i, i + row, y + 1u < p.height), select(i, i - row, y > 0u), p.wy);
    let along_z = part(here, select(i, i + slice, z + 1u < p.depth), select(i, i - slice, z > 0u), p.wz);
    set_dst(i, along_x + along_y + along_z);
}

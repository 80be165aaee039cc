// The response at a step from voxel i, if it is inside of the image.
struct Side { there: bool, response: i32 }

fn side(i: u32, d: vec3<i32>) -> Side {
    let x = i32(i % p.width) + d.x;
    let y = i32((i / p.width) % p.height) + d.y;
    let z = i32(i / (p.width * p.height)) + d.z;
    if (x < 0 || y < 0 || z < 0 || x >= i32(p.width) || y >= i32(p.height) || z >= i32(p.depth)) { return Side(false, 0); }
    return Side(true, src((u32(z) * p.height + u32(y)) * p.width + u32(x)));
}

fn run(i: u32) {
    let here = src(i);
    set_dst(i, 0);
    if (here <= p.least) { return; }
    for (var k = 0u; k < 27u; k++) {
        let j = neighbour(i, k);
        if (j != NOWHERE && j != i) {
            let other = src(j);
            if (other > here || (other == here && j < i)) { return; }
        }
    }
    var response = here;
    // One of each two opposite directions, without those along three axes.
    for (var k = 14u; k < 27u; k++) {
        let step = vec3<i32>(i32(k % 3u) - 1, i32((k / 3u) % 3u) - 1, i32(k / 9u) - 1);
        let axes = abs(step.x) + abs(step.y) + abs(step.z);
        if (axes == 3) { continue; }
        let reach = select(vec3<i32>(p.dx, p.dy, p.dz), vec3<i32>(p.sx, p.sy, p.sz), axes == 2);
        var a = side(i, step * reach);
        var b = side(i, -step * reach);
        if (!a.there && !b.there) { continue; }
        if (!a.there) { a = b; }
        if (!b.there) { b = a; }
        response = min(response, (((here - a.response) + (here - b.response)) >> 2u) * 3);
    }
    set_dst(i, select(max(response, 0), 0, 2 * response < here));
}

// Walks of the 26 (in the plane 8) neighbours of a voxel of an image of p.depth x p.height x p.width.
const NOWHERE = 0xffffffffu;

// The index of neighbour k (0..27, in raster order; 13 is the voxel itself), or NOWHERE beyond the edge.
fn neighbour(i: u32, k: u32) -> u32 {
    let x = i32(i % p.width) + i32(k % 3u) - 1;
    let y = i32((i / p.width) % p.height) + i32((k / 3u) % 3u) - 1;
    let z = i32(i / (p.width * p.height)) + i32(k / 9u) - 1;
    if (x < 0 || y < 0 || z < 0 || x >= i32(p.width) || y >= i32(p.height) || z >= i32(p.depth)) { return NOWHERE; }
    return (u32(z) * p.height + u32(y)) * p.width + u32(x);
}

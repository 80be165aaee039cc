// The index inside 0..n that stands for i: border 0 takes the nearest voxel, border 1 mirrors with the edge repeated.
fn border_index(i: i32, n: i32, border: u32) -> i32 {
    if (border == 0u) { return clamp(i, 0, n - 1); }
    let k = ((i % (2 * n)) + 2 * n) % (2 * n);
    return select(2 * n - 1 - k, k, k < n);
}

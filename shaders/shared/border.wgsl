// The index inside 0..n that stands for i: border 0 takes the nearest voxel, border 1 mirrors with the edge repeated,
// border 2 mirrors about the edge voxel.
fn border_index(i: i32, n: i32, border: u32) -> i32 {
    if (border == 0u) { return clamp(i, 0, n - 1); }
    let period = max(select(2 * n, 2 * n - 2, border == 2u), 1);
    let k = ((i % period) + period) % period;
    return select(select(2 * n - 1 - k, period - k, border == 2u), k, k < n);
}

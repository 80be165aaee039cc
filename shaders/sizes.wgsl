// Counts the runs of equal labels among sixteen voxels.
fn run(k: u32) {
    let begin = k * 16u;
    let to = min(begin + 16u, p.size);
    var value = values(begin);
    var n = 0u;
    for (var i = begin; i < to; i++) {
        let v = values(i);
        if (v != value) {
            if (value != 0u) { add_size(value, n); }
            value = v;
            n = 0u;
        }
        n++;
    }
    if (value != 0u) { add_size(value, n); }
}

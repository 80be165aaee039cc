// Counts the runs of equal labels among sixteen voxels. Labels for which there is no place are left out.
fn add(label: u32, n: u32) {
    if (label != 0u && label <= p.labels) { add_size(label, n); }
}

fn run(k: u32) {
    let begin = k * 16u;
    let to = min(begin + 16u, p.size);
    var value = values(begin);
    var n = 0u;
    for (var i = begin; i < to; i++) {
        let v = values(i);
        if (v != value) {
            add(value, n);
            value = v;
            n = 0u;
        }
        n++;
    }
    add(value, n);
}

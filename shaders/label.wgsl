// Merges runs that touch. Of all pairs of touching voxels only those are looked at that begin a contact of two runs.
fn root(i: u32) -> u32 {
    var r = i;
    loop {
        let up = parent(r);
        if (up == r) { break; }
        r = up;
    }
    return r;
}

// The higher root comes under the lower one. If another invocation moved it first, what it was under is merged too.
fn merge(i: u32, j: u32) {
    var a = root(i);
    var b = root(j);
    while (a != b) {
        let high = max(a, b);
        let low = min(a, b);
        let old = min_parent(high, low);
        if (old == high) { return; }
        a = root(old);
        b = root(low);
    }
}

// The row in which j lies beside i.
fn meet(i: u32, j: u32, v: u32, x: u32, left: bool) {
    let same = values(j) == v;
    if (p.full == 0u) {
        if (same && !(left && values(j - 1u) == v)) { merge(i, j); }
        return;
    }
    if (same) {
        if (!left) { merge(i, j); }
        return;
    }
    if (!left && x > 0u && values(j - 1u) == v) { merge(i, j - 1u); }
    if (x + 1u < p.columns && values(j + 1u) == v) { merge(i, j + 1u); }
}

fn run(i: u32) {
    if (parent(i) == 0xffffffffu) { return; }
    let v = values(i);
    let x = i % p.columns;
    let y = (i / p.columns) % p.rows;
    let z = i / (p.columns * p.rows);
    let left = x > 0u && values(i - 1u) == v;
    if (y > 0u) { meet(i, i - p.columns, v, x, left); }
    if (z == 0u) { return; }
    let back = i - p.columns * p.rows;
    meet(i, back, v, x, left);
    if (p.full == 1u) {
        if (y > 0u) { meet(i, back - p.columns, v, x, left); }
        if (y + 1u < p.rows) { meet(i, back + p.columns, v, x, left); }
    }
}

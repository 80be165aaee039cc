// Marks the labels at the border of the image.
fn run(i: u32) {
    let l = labels(i);
    if (l == 0u) { return; }
    let x = i % p.columns;
    let y = (i / p.columns) % p.rows;
    let z = i / (p.columns * p.rows);
    let flat_edge = x == 0u || x + 1u == p.columns || y == 0u || y + 1u == p.rows;
    if (flat_edge || (p.depth > 1u && (z == 0u || z + 1u == p.depth))) {
        if (touched(l) == 0u) { set_touched(l, 1u); }
    }
}

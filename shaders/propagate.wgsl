// One round: the least (cost, label) of what a voxel has and what its neighbours lead to. Only neighbours that changed in the
// round before can have anything new: bit 31 of their cost is set.
const FAR = 0x7fffffffu;
const FRESH = 0x80000000u;
const CLIFF = 46340u;

// The place in the plane of i, moved by (y, x) and kept inside of the image.
fn beside(i: u32, y: i32, x: i32) -> u32 {
    let row = i / p.width;
    let at_y = row % p.height;
    let to_y = u32(clamp(i32(at_y) + y, 0, i32(p.height) - 1));
    let to_x = u32(clamp(i32(i % p.width) + x, 0, i32(p.width) - 1));
    return (row - at_y + to_y) * p.width + to_x;
}

fn difference(i: u32, j: u32) -> u32 {
    var sum = 0u;
    for (var k = 0; k < 9; k++) {
        let a = level(beside(i, k / 3 - 1, k % 3 - 1));
        let b = level(beside(j, k / 3 - 1, k % 3 - 1));
        sum += min(max(a, b) - min(a, b), CLIFF);
    }
    return min(sum, CLIFF);
}

// The squared cost of the length of a step to neighbour k.
fn square(k: u32) -> u32 {
    let along = select(0u, 1u, k % 3u != 1u) | select(0u, 2u, (k / 3u) % 3u != 1u) | select(0u, 4u, k / 9u != 1u);
    switch (along) {
        case 1u: { return p.x; }
        case 2u: { return p.y; }
        case 3u: { return p.yx; }
        case 4u: { return p.z; }
        case 5u: { return p.zx; }
        case 6u: { return p.zy; }
        default: { return p.zyx; }
    }
}

// floor(sqrt(v)): bits of the root from the top, each kept if its square still fits.
fn root(v: u32) -> u32 {
    var r = 0u;
    for (var bit = 0x8000u; bit > 0u; bit >>= 1u) {
        if ((r | bit) * (r | bit) <= v) { r |= bit; }
    }
    return r;
}

fn run(i: u32) {
    let own = cost(i) & FAR;
    let own_label = label(i);
    let height = flood(i);
    var best = own;
    var best_label = own_label;
    for (var k = 0u; k < 27u; k++) {
        let j = neighbour(i, k);
        if (k == 13u || j == NOWHERE || height == NOWHERE || own == 0u) { continue; }
        let there = cost(j);
        let far = there & FAR;
        if (there < FRESH || far > best) { continue; }
        var squared = square(k);
        if (p.watershed == 1u) {
            if (max(flood(j), level(i)) != height) { continue; }
        } else {
            let d = difference(i, j);
            squared += d * d;
        }
        let reached = min(far + max(root(squared), 1u), FAR - 1u);
        let name = label(j);
        if (reached < best || (reached == best && name < best_label)) {
            best = reached;
            best_label = name;
        }
    }
    let is_new = best != own || best_label != own_label;
    set_cost_out(i, best | select(0u, FRESH, is_new));
    set_label_out(i, best_label);
    if (is_new && p.watched == 1u) { or_changed(0u, 1u); }
}

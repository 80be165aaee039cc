// Boxes of grey levels. What is said of them: eight words a box (pieces of the boxes before it, its first cell, its size in z, y,
// x, where the levels of its ranks are, how many ranks, its first count), then three a step, then the levels.

// Some cells of a row of a box.
struct Piece {
    size: vec3<i32>,
    // Of its first cell.
    place: vec3<i32>,
    // The x behind the last.
    to: i32,
    cell: u32,
    level: u32,
    ranks: u32,
    begins: u32,
}

fn piece(k: u32) -> Piece {
    // The last box that has no more pieces before it.
    var low = 0u;
    var high = p.boxes;
    while (high - low > 1u) {
        let middle = (low + high) / 2u;
        if (boxes(middle * 8u) <= k) { low = middle; } else { high = middle; }
    }
    let at = low * 8u;
    let size = vec3<u32>(boxes(at + 2u), boxes(at + 3u), boxes(at + 4u));
    let parts = (size.z + 63u) / 64u;
    let inside = k - boxes(at);
    let row = inside / parts;
    let x = inside % parts * 64u;
    let place = vec3<u32>(row / size.y, row % size.y, x);
    return Piece(
        vec3<i32>(size), vec3<i32>(place), i32(min(x + 64u, size.z)),
        boxes(at + 1u), boxes(at + 5u), boxes(at + 6u), boxes(at + 7u),
    );
}

fn step_of(k: u32) -> vec3<i32> {
    let at = p.boxes * 8u + k * 3u;
    return vec3<i32>(bitcast<i32>(boxes(at)), bitcast<i32>(boxes(at + 1u)), bitcast<i32>(boxes(at + 2u)));
}

// The rank at a place of the box; 0 outside of it.
fn rank(part: Piece, place: vec3<i32>) -> u32 {
    if (any(place < vec3<i32>(0)) || any(place >= part.size)) { return 0u; }
    let i = part.cell + u32((place.x * part.size.y + place.y) * part.size.z + place.z);
    return (cells(i / 2u) >> (i % 2u * 16u)) & 0xffffu;
}

// The level of a rank from 1 on.
fn level(part: Piece, r: u32) -> u32 { return boxes(part.level + r); }

// Where the matrix of its slice and of a step begins, each of so many words.
fn matrix(part: Piece, k: u32, words: u32) -> u32 {
    let steps = select(1u, p.steps, p.by_step == 1u);
    let slice = select(0u, u32(part.place.x), p.by_slice == 1u);
    return part.begins + (slice * steps + select(0u, k, p.by_step == 1u)) * words;
}

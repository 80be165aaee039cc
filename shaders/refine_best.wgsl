// The largest piece of each object: round 0 finds its size, round 1 its first voxel, of equal ones the lowest, kept as a
// complement behind the sizes. A piece is looked at where it begins.
fn run(i: u32) {
    if (root(i) != i) { return; }
    let l = label(i);
    if (p.round == 0u) {
        max_best(l, size(i));
    } else if (size(i) == best(l)) {
        max_best(p.objects + l, ~i);
    }
}

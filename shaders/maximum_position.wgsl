// Round 0: the greatest sample of each object. Round 1: of the voxels that reach it the lowest, as a maximum of
// complements behind the samples.
fn run(i: u32) {
    let l = label(i);
    if (l == 0u) { return; }
    let key = bitcast<u32>(src(i)) ^ 0x80000000u;
    if (p.round == 0u) {
        // Most voxels are not the greatest: a look first keeps them out of the queue.
        if (key > best(l)) { max_best(l, key); }
    } else if (key == best(l)) {
        max_best(p.objects + l, ~i);
    }
}

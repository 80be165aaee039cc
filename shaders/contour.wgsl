// Keeps the one piece of each object. Voxels of a piece have a root, so an object that wants nothing keeps nothing.
fn run(i: u32) {
    let l = cut(i);
    set_dst(i, select(0u, l, l != 0u && root(i) == wanted(l)));
}

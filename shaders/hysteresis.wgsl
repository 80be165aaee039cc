// Keeps the pieces that were remembered; background has none.
fn run(i: u32) {
    set_dst(i, hit(label(i)));
}

// The samples at some places.
fn run(i: u32) {
    set_dst(i, src(min(place(i), p.last)));
}

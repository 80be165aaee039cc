// Objects cost nothing and lie below everything. The rest of the mask waits; a watershed has yet to find its passes.
fn run(i: u32) {
    let object = seed(i);
    set_label(i, object);
    if (object != 0u) {
        set_flood(i, 0u);
        set_cost(i, 0x80000000u);
        return;
    }
    set_flood(i, select(0xffffffffu, 0u, mask(i) != 0u && p.watershed == 0u));
    set_cost(i, 0x7fffffffu);
}

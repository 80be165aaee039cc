// Every basin's object, written at its peak.
fn run(k: u32) {
    set_table(peak(k), object(k));
}

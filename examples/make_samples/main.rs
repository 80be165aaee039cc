//! Makes `sample-images/` anew: `cargo run --example make_samples [FOLDER]`. The bytes are the same on every machine.

mod samples;

fn main() -> uptake::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| "sample-images".into());
    samples::make(folder.as_ref())
}

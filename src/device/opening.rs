//! A device that opens on a thread of its own, while images are found and the first one is read.
//!
//! First the drivers say which adapter it is; then it is opened, and the kernels of the recipe are compiled side by side, while
//! the first image may begin already: it compiles what it needs before that was its turn.
//! Whoever needs the one or the other waits for that. The thread takes part in no pool and holds nothing meanwhile, so
//! every wait ends.

use super::adapter::{Adapter, AdapterChoice, describe};
use super::gpu::Gpu;
use super::kernel::Kernel;
use super::{Device, failure};
use crate::profile::stage;
use crate::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

/// A device that opens, or has opened.
pub struct Opening {
    answers: Arc<Answers>,
    thread: Option<JoinHandle<()>>,
}

/// What becomes known, each moved in once it is made.
#[derive(Default)]
struct Answers {
    adapter: OnceLock<Result<Adapter>>,
    device: OnceLock<Result<Device>>,
    /// The kernels are compiled.
    ready: OnceLock<()>,
}

impl Answers {
    /// Nobody waits for ever: what has no answer yet gets this one.
    fn fail(&self, e: &Error) {
        let _ = self.adapter.set(Err(e.clone()));
        let _ = self.device.set(Err(e.clone()));
    }
}

impl Opening {
    /// Begins to open an adapter, and to compile kernels for it with so many threads.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn begin(choice: &AdapterChoice, kernels: Vec<&'static Kernel>, threads: usize) -> Result<Self> {
        let answers = Arc::new(Answers::default());
        let (choice, to_answer) = (choice.clone(), answers.clone());
        let work = move || {
            let open = || stage("open", "device", || open(&choice, &kernels, threads, &to_answer));
            let opened = catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| Err(failure::of_driver()));
            if let Err(e) = opened {
                to_answer.fail(&e);
            }
        };
        let refused = |e| Error::limit(format!("cannot start a thread: {e}")).remedy("--device cpu (the same table)");
        let thread = std::thread::Builder::new().name("device".into()).spawn(work).map_err(refused)?;
        Ok(Opening { answers, thread: Some(thread) })
    }

    /// Which adapter it is; waits until that is known.
    ///
    /// # Errors
    /// There is none, or none is the one that is meant.
    pub fn adapter(&self) -> Result<&Adapter> {
        self.answers.adapter.wait().as_ref().map_err(Error::clone)
    }

    /// The open device; waits until it is.
    ///
    /// # Errors
    /// As [`adapter`](Self::adapter), or its driver refuses.
    pub fn device(&self) -> Result<&Device> {
        self.answers.device.wait().as_ref().map_err(Error::clone)
    }

    /// Whether the device is open and has its kernels: no image waits for it any more.
    pub fn is_ready(&self) -> bool {
        self.answers.ready.get().is_some()
    }

    /// The device if it is open by now.
    pub fn opened(&self) -> Option<&Device> {
        self.answers.device.get().and_then(|opened| opened.as_ref().ok())
    }
}

impl From<Gpu> for Opening {
    /// One that is open already.
    fn from(gpu: Gpu) -> Self {
        let adapter = OnceLock::from(Ok(gpu.adapter().clone()));
        let answers = Answers { adapter, device: OnceLock::from(Ok(Device::Gpu(gpu))), ready: OnceLock::from(()) };
        Opening { answers: Arc::new(answers), thread: None }
    }
}

impl Drop for Opening {
    /// A program that ends while a driver is at work in it may crash at its end.
    fn drop(&mut self) {
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn open(choice: &AdapterChoice, kernels: &[&'static Kernel], threads: usize, answers: &Answers) -> Result<()> {
    let adapter = stage("open", "adapter", || choice.find())?;
    let _ = answers.adapter.set(Ok(describe(&adapter)));
    let gpu = Gpu::open_adapter(&adapter, None)?;
    let _ = answers.device.set(Ok(Device::Gpu(gpu.clone())));
    stage("open", "kernels", || gpu.prepare(kernels, threads))?;
    let _ = answers.ready.set(());
    Ok(())
}

//! The bus of a single node: straight into its own sink.

use std::sync::Arc;

use super::{Bus, Signal, Sink};

/// See the module.
pub struct LocalBus {
    sink: Arc<dyn Sink>,
}

impl LocalBus {
    /// A bus that delivers into `sink`.
    pub fn new(sink: Arc<dyn Sink>) -> Self {
        Self { sink }
    }
}

impl Bus for LocalBus {
    fn publish(&self, signals: Vec<Signal>) {
        self.sink.deliver(signals);
    }
}

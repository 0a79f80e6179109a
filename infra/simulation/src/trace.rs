//! What happened, kept only while somebody looks for a cause.

use std::sync::{Arc, Mutex};

use crate::executor::lock;

/// Lines of a trace that are shown.
const LINES_MAX: usize = 60;

/// A list of what happened, or none.
#[derive(Debug, Clone)]
pub(crate) struct Trace(Option<Arc<Mutex<Vec<String>>>>);

impl Trace {
    pub(crate) fn off() -> Self {
        Self(None)
    }

    pub(crate) fn on() -> Self {
        Self(Some(Arc::default()))
    }

    pub(crate) fn note(&self, at_us: u64, id: &str, words: impl FnOnce() -> String) {
        if let Some(lines) = &self.0 {
            lock(lines).push(format!("{:>12.6} s {id} {}", at_us as f64 / 1e6, words()));
        }
    }

    /// The id and, of a case, its report's.
    pub(crate) fn ids_beside(&self, id: &str) -> Vec<String> {
        let mut ids = vec![id.to_owned()];
        if let Some(lines) = &self.0 {
            let lines = lock(lines);
            let report = lines.iter().filter(|line| line.contains(id)).find_map(|line| {
                let (_, rest) = line.split_once("\"report_id\":{\"S\":\"")?;
                rest.split_once('"').map(|(report, _)| format!("\"{report}\""))
            });
            ids.extend(report);
        }
        ids
    }

    /// What names one of these, in order; of a long one the end.
    pub(crate) fn about(&self, ids: &[String]) -> Vec<String> {
        let Some(lines) = &self.0 else { return Vec::new() };
        let lines = lock(lines);
        let named = lines.iter().filter(|line| ids.iter().any(|id| !id.is_empty() && line.contains(id.as_str())));
        let named: Vec<String> = named.cloned().collect();
        named[named.len().saturating_sub(LINES_MAX)..].to_vec()
    }
}

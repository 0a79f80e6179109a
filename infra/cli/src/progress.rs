//! Progress on standard error; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A count of what has no known end.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {pos}").expect("the template is valid");
    ProgressBar::no_length().with_message(what.to_owned()).with_style(style)
}

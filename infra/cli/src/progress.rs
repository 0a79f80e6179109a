//! Progress on standard error; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A count of what has no known end.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {pos}").expect("the template is valid");
    ProgressBar::no_length().with_message(what.to_owned()).with_style(style)
}

/// A count up to `total`.
pub(crate) fn count(what: &str, total: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}, sisa / left {eta}").expect("the template is valid");
    ProgressBar::new(total as u64).with_message(what.to_owned()).with_style(style)
}

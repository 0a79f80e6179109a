//! The priority of a case.

use saring_domain::case::{CaseRecord, Timestamp};
pub(super) use saring_domain::priority::{Clock, Priority, Urgency};

pub(super) fn of(record: &CaseRecord, now: Timestamp) -> Priority {
    Priority::of(&record.screened, record.received_at, record.appealed_at, now)
}

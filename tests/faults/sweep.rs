//! The sweep: locks, working days, stuck reports, old dead letters.

use saring_domain::calendar::Day;
use saring_domain::case::{Actor, CaseId, Change, RejectReason, Resolution, Timestamp};
use saring_local::queue::{ManualClock, QueueHost, QueueHostOptions, QueueSpec};
use saring_local::table::{TableHost, TableHostOptions};
use saring_notify::SweepData;
use saring_notify::sweep::{Age, Sweep, Swept};
use saring_store::{Cases, DeadLetters, QueueConfig, TableConfig, verify};

use crate::support::{held, report, root, tracking};

/// A moment by the clocks of Jakarta.
fn at(day: &str, hour: u64, minute: u64) -> Timestamp {
    let data = SweepData::load(&root().join("models")).unwrap();
    let end = data.calendar.deadline(Timestamp::from_unix_ms(0), 0).at.unix_ms();
    // The end of 1970-01-01 there, moved by whole days.
    let days = (0..40_000_u64)
        .find(|n| data.calendar.day_of(Timestamp::from_unix_ms(n * 86_400_000)) == Day::parse(day).unwrap());
    let start = end + 1 + (days.unwrap() - 1) * 86_400_000;
    Timestamp::from_unix_ms(start + hour * 3_600_000 + minute * 60_000)
}

struct Fixture {
    cases: Cases,
    dead: DeadLetters,
    data: SweepData,
    _table: TableHost,
    queues: QueueHost,
    clock: ManualClock,
    dead_url: String,
}

impl Fixture {
    async fn start(now: Timestamp) -> Self {
        let table = TableHost::start(TableHostOptions::default()).await.unwrap();
        let cases = Cases::connect(&TableConfig::local("saring", table.endpoint())).await;
        cases.create_table().await.unwrap();
        let clock = ManualClock::at(i64::try_from(now.unix_ms()).unwrap());
        let options = QueueHostOptions { clock: std::sync::Arc::new(clock.clone()), ..QueueHostOptions::default() };
        let queues = QueueHost::start(options).await.unwrap();
        let dead_url = queues.client().ensure_queue(&QueueSpec::new("reports-dead")).await.unwrap();
        let dead = DeadLetters::connect(&QueueConfig::local(&dead_url, queues.endpoint())).await;
        let data = SweepData::load(&root().join("models")).unwrap();
        Self { cases, dead, data, _table: table, queues, clock, dead_url }
    }

    async fn case(&self, seed: u16, at: Timestamp) -> CaseId {
        let report = report(&format!("s-{seed}"), "Jalan rusak");
        self.cases.record_screening(&report, held(&report), tracking(seed), at).await.unwrap();
        tracking(seed).case_id()
    }

    async fn sweep(&self, now: Timestamp) -> Swept {
        let sweep = Sweep { cases: &self.cases, data: &self.data, dead: &self.dead };
        let swept = sweep.run(now).await.unwrap();
        assert!(verify::all(&self.cases).await.unwrap().violations.is_empty());
        swept
    }
}

#[tokio::test]
async fn a_case_is_overdue_after_three_working_days_and_not_before() {
    let received = at("2026-03-16", 9, 0);
    let fixture = Fixture::start(received).await;
    let id = fixture.case(1, received).await;
    // Nyepi and Idulfitri lie between: 17, 25 and 26 March are the three working days.
    let swept = fixture.sweep(at("2026-03-26", 23, 59)).await;
    assert_eq!((swept.in_review, swept.overdue), (1, 0));
    let swept = fixture.sweep(at("2026-03-27", 0, 1)).await;
    assert_eq!((swept.overdue, swept.newly_overdue), (1, vec![id]));
    let case = fixture.cases.case(id).await.unwrap().unwrap();
    assert_eq!(case.record().overdue_at, Some(at("2026-03-27", 0, 1)));
    let again = fixture.sweep(at("2026-03-27", 8, 0)).await;
    assert_eq!((again.overdue, again.newly_overdue), (1, Vec::new()), "it is marked once");
    let trail = fixture.cases.audit(id).await.unwrap();
    assert_eq!(trail.last().unwrap().actor, Actor::sweep());

    // An appeal has a clock of its own, from its own day.
    let reject = Resolution::Reject(RejectReason::Spam);
    let sari = Actor::parse("moderator:sari").unwrap();
    fixture.cases.resolve(id, case.version(), reject, &sari, at("2026-03-27", 9, 0)).await.unwrap();
    fixture.cases.appeal(tracking(1), None, at("2026-03-27", 10, 0)).await.unwrap();
    assert_eq!(fixture.sweep(at("2026-03-30", 9, 0)).await.overdue, 0);
    // Good Friday lies between.
    assert_eq!(fixture.sweep(at("2026-04-06", 23, 0)).await.overdue, 0);
    assert_eq!(fixture.sweep(at("2026-04-07", 0, 1)).await.newly_overdue, [id]);
}

#[tokio::test]
async fn a_lock_that_ran_out_is_released_and_a_live_one_is_left_alone() {
    let now = at("2026-11-24", 9, 0);
    let fixture = Fixture::start(now).await;
    let (old, live) = (fixture.case(1, now).await, fixture.case(2, now).await);
    let sari = Actor::parse("moderator:sari").unwrap();
    for (id, minute) in [(old, 10), (live, 40)] {
        let claim = Change::Claim { until: at("2026-11-24", 9, minute) };
        fixture.cases.change(id, 1, &claim, &sari, now).await.unwrap();
    }
    let swept = fixture.sweep(at("2026-11-24", 9, 20)).await;
    assert_eq!(swept.released, 1);
    let lock = |case: saring_domain::case::Case| case.record().lock.clone();
    assert_eq!(fixture.cases.case(old).await.unwrap().map(lock), Some(None));
    assert!(fixture.cases.case(live).await.unwrap().and_then(lock).is_some());
}

#[tokio::test]
async fn stuck_reports_and_old_dead_letters_are_named() {
    let now = at("2026-11-24", 9, 0);
    let fixture = Fixture::start(now).await;
    let stuck = report("s-1", "Lampu mati");
    fixture.cases.receive(&stuck, tracking(1), now).await.unwrap();
    fixture.cases.receive(&report("s-2", "Lampu mati"), tracking(2), at("2026-11-24", 9, 25)).await.unwrap();
    let edited = fixture.case(3, now).await;
    let new = report("s-3", "Jalan rusak sekali");
    fixture.cases.edit(tracking(3), &new, at("2026-11-24", 9, 1)).await.unwrap();
    let swept = fixture.sweep(at("2026-11-24", 9, 40)).await;
    let named: Vec<_> = swept.stuck.iter().map(|w| w.case).collect();
    assert_eq!(named, [tracking(1).case_id(), edited], "the longest waiting first, the young one not at all");
    assert!(swept.calls_for_a_person());
    assert_eq!((swept.dead.messages, swept.dead_age), (0, Age::Fine));

    fixture.queues.client().send(&fixture.dead_url, "{}".to_owned()).await.unwrap();
    let swept = fixture.sweep(at("2026-11-25", 8, 59)).await;
    assert_eq!((swept.dead.messages, swept.dead.oldest, swept.dead_age), (1, Some(now), Age::Fine));
    fixture.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(fixture.sweep(at("2026-11-25", 9, 0)).await.dead_age, Age::Old);
}

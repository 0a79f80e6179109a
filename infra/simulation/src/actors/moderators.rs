//! People at the review queue, at the same time and often at the same case.

use std::time::Duration;

use saring_domain::agency::AgencyType;
use saring_domain::case::{
    Actor, AskReason, Case, CaseId, Change, LabelCode, Labels, NamedAgency, RejectReason, Resolution, Ruling, Timestamp,
};
use saring_domain::report::Visibility;
use saring_store::{Cases, PageRequest, StoreError};

use super::crash;
use crate::executor::until_poll;
use crate::random::Random;
use crate::site::Part;

const NAMES: [&str; 4] = ["moderator:sari", "moderator:budi", "moderator:dewi", "moderator:agus"];
/// How long decisions rest, as the clocks say.
const REST_MS: u64 = 5 * 60_000;
const LOCK_MS: u64 = 20 * 60_000;
/// Cases of a page that one person goes through.
const PAGE_CASES: u16 = 30;
const ACTIONS_OF_A_PAGE: usize = 12;

fn actor(number: usize) -> Actor {
    Actor::parse(NAMES[number % NAMES.len()]).expect("the names are actors")
}

fn later(now: Timestamp, ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(now.unix_ms() + ms)
}

fn word(word: &str) -> LabelCode {
    LabelCode::parse(word).expect("the words are codes")
}

fn agency() -> NamedAgency {
    let agency = AgencyType::parse("dinas_perhubungan").expect("the agency is known");
    NamedAgency::new(agency, "Dinas Perhubungan Kota Semarang").expect("the name is one")
}

fn ruling(random: &mut Random) -> Ruling {
    match random.below(10) {
        0..5 => Ruling::Resolve(Resolution::Publish),
        5 => Ruling::Resolve(Resolution::PublishAnonymous),
        6 => Ruling::Resolve(Resolution::Confidential),
        7 => Ruling::Return(agency()),
        8 => Ruling::Ask(AskReason::Place),
        _ => Ruling::Resolve(Resolution::Reject(RejectReason::Spam)),
    }
}

/// What a person does with a case.
fn change(random: &mut Random, now: Timestamp) -> Change {
    match random.below(100) {
        0..30 => Change::Claim { until: later(now, LOCK_MS) },
        30..65 => Change::Propose { ruling: ruling(random), why: word("jelas"), due: later(now, REST_MS) },
        65..75 => Change::Resolve(Resolution::Publish),
        75..80 => Change::Resolve(Resolution::Reject(RejectReason::Hoax)),
        80..84 => Change::Escalate(word("sulit")),
        84..87 => Change::Tighten(Visibility::Anonim),
        87..90 => Change::Correct(Labels { category: Some(word("perhubungan")), ..Labels::default() }),
        90..92 => Change::Return(agency()),
        92..95 => Change::Release,
        95..97 => Change::Unlock,
        97..99 => Change::Overrule,
        _ => Change::HandOver { to: actor(random.below(NAMES.len())), until: later(now, LOCK_MS) },
    }
}

/// Goes through the queue until the faults end.
pub(crate) async fn run(part: Part) {
    let mut random = part.random();
    for life in 0.. {
        part.sleep(random.between_ms(5_000, 25_000)).await;
        if part.site.winds_down() {
            return;
        }
        let cases = part.cases(life);
        let request = PageRequest { items: PAGE_CASES, after: None };
        let page = match random.below(12) {
            0 => public(&cases, &request).await,
            _ => cases.review_queue(&request).await.map_or_else(|_| Vec::new(), |page| page.items),
        };
        for _ in 0..ACTIONS_OF_A_PAGE.min(page.len()) {
            part.sleep(random.between_ms(200, 3_000)).await;
            let case = &page[random.below(page.len())];
            Box::pin(act(&part, &cases, case, &mut random)).await;
        }
    }
}

/// What is public, as the case stands behind it.
async fn public(cases: &Cases, request: &PageRequest) -> Vec<Case> {
    let mut found = Vec::new();
    for row in cases.feed(request).await.map_or_else(|_| Vec::new(), |page| page.items).into_iter().take(4) {
        found.extend(cases.case(row.id).await.ok().flatten());
    }
    found
}

async fn act(part: &Part, cases: &Cases, case: &Case, random: &mut Random) {
    let (now, person) = (part.now(), random.below(NAMES.len()));
    match random.below(100) {
        0..12 => {
            // Two people at the same case at the same moment.
            let (one, other) = (change(random, now), change(random, now));
            let (first, second) = (actor(person), actor(person + 1));
            let one = cases.change(case.id(), case.version(), &one, &first, now);
            let other = cases.change(case.id(), case.version(), &other, &second, now);
            Box::pin(until_poll(async { tokio::join!(one, other) }, crash(random, 40))).await;
        }
        12..16 => {
            until_poll(cases.original(case.id(), &actor(person), now), crash(random, 100)).await;
        }
        16 if random.below(4) == 0 => {
            until_poll(cases.erase(case.id(), &actor(person), now), crash(random, 200)).await;
        }
        _ => {
            let wish = change(random, now);
            let by = actor(person);
            let work = cases.change(case.id(), case.version(), &wish, &by, now);
            let done = until_poll(work, crash(random, 30)).await;
            if let crate::executor::Ending::Done(Ok(case)) = done {
                go_on(part, cases, &case, person, random).await;
            }
        }
    }
}

/// Who has taken a case decides it, and takes a decision back now and then.
async fn go_on(part: &Part, cases: &Cases, case: &Case, person: usize, random: &mut Random) {
    let change = if case.record().proposal.is_some() {
        if random.below(6) > 0 {
            return;
        }
        part.sleep(Duration::from_secs(random.next() % 30)).await;
        Change::Withdraw
    } else if case.record().lock.is_some() {
        part.sleep(Duration::from_secs(random.next() % 5)).await;
        Change::Propose { ruling: ruling(random), why: word("jelas"), due: later(part.now(), REST_MS) }
    } else {
        return;
    };
    settle(cases, case.id(), case.version(), &change, &actor(person), part.now()).await;
}

async fn settle(cases: &Cases, id: CaseId, version: u64, change: &Change, actor: &Actor, now: Timestamp) {
    // Somebody may have been faster, or the network failed: the person goes on with another case.
    let refused: Result<Case, StoreError> = cases.change(id, version, change, actor, now).await;
    drop(refused);
}

//! Live claims through the real SDK against the embedded table.

use crate::support::{AT, Table};
use saring_domain::case::{Actor, Timestamp};
use saring_domain::claims::{Claim, ClaimAction, ClaimFields, first_break};
use saring_store::verify;

fn claim(id: &str, title: &str) -> Claim {
    let fields = ClaimFields {
        id: Some(id.to_owned()),
        title: Some(title.to_owned()),
        verdict: Some("SALAH".to_owned()),
        circulated: Some("Kabar yang beredar dari grup ke grup.".to_owned()),
        ..ClaimFields::default()
    };
    Claim::parse(fields).expect("a claim").0
}

fn actor() -> Actor {
    Actor::parse("moderator:ayu").expect("a name")
}

fn later(seconds: u64) -> Timestamp {
    Timestamp::from_unix_ms(AT.unix_ms() + seconds * 1000)
}

#[tokio::test]
async fn claims_are_added_replaced_and_retired_with_a_trail() {
    let table = Table::start().await;
    let cases = &table.cases;
    assert_eq!(cases.live_claims().await.expect("the table answers").revision, 0);
    cases.add_claim(&claim("k1", "Satu"), &actor(), AT).await.expect("it is new");
    cases.add_claim(&claim("k2", "Dua"), &actor(), later(1)).await.expect("it is new");
    cases.add_claim(&claim("k1", "Satu, diperbaiki"), &actor(), later(2)).await.expect("it is replaced");
    cases.retire_claim("k2", &actor(), later(3)).await.expect("it is there");
    cases.retire_claim("in-an-index", &actor(), later(4)).await.expect("any id can be retired");
    let live = cases.live_claims().await.expect("the table answers");
    assert_eq!(live.revision, 5);
    assert_eq!(live.active, [claim("k1", "Satu, diperbaiki")]);
    assert_eq!(live.retired.iter().map(String::as_str).collect::<Vec<_>>(), ["in-an-index", "k2"]);
    let events = cases.claim_events().await.expect("the table answers");
    assert_eq!(first_break(&events), None);
    let told: Vec<_> = events.iter().map(|e| (e.action, e.claim.as_str(), e.actor.as_str())).collect();
    assert_eq!(told[0], (ClaimAction::Added, "k1", "moderator:ayu"));
    assert_eq!(told[4], (ClaimAction::Retired, "in-an-index", "moderator:ayu"));
    // A claim that was retired can come back.
    cases.add_claim(&claim("k2", "Dua"), &actor(), later(5)).await.expect("it comes back");
    let live = cases.live_claims().await.expect("the table answers");
    assert_eq!((live.active.len(), live.retired.len()), (2, 1));
    assert!(verify::all(cases).await.expect("the table answers").violations.is_empty());
}

#[tokio::test]
async fn writers_at_the_same_time_leave_one_whole_trail() {
    let table = Table::start().await;
    let add = |i: u64| {
        let cases = table.cases.clone();
        async move { cases.add_claim(&claim(&format!("k{i}"), "Judul"), &actor(), later(i)).await }
    };
    let (a, b, c) = tokio::join!(add(1), add(2), add(3));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    let events = table.cases.claim_events().await.expect("the table answers");
    assert_eq!((events.len(), first_break(&events)), (3, None));
    assert_eq!(table.cases.live_claims().await.expect("the table answers").active.len(), 3);
}

#[tokio::test]
async fn an_id_beyond_its_limit_is_refused() {
    let table = Table::start().await;
    for id in ["", &"x".repeat(129)] {
        let error = table.cases.retire_claim(id, &actor(), AT).await.expect_err("no id").to_string();
        assert!(error.contains("128"), "{error}");
    }
}

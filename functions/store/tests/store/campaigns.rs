//! Reports that say the same, through the real SDK against the embedded table.

use crate::support::{Table, at, report, screened, tracking};
use saring_domain::case::{Actor, Case, CaseId, CaseStatus, Change, RejectReason, Resolution, Timestamp};
use saring_domain::policy::Decision::{self, Publish, Review};
use saring_domain::report::Visibility::Publik;
use saring_store::{Campaign, Erasure, MemberOutcome, PageRequest, Recorded};

fn spam(seed: u16) -> String {
    format!(
        "Halo kak, main di situs kami pasti menang besar setiap hari! Daftar sekarang juga dan dapatkan bonus {seed} \
         ribu untuk anggota baru, buruan sebelum kehabisan"
    )
}

fn sari() -> Actor {
    Actor::parse("moderator:sari").unwrap()
}

impl Table {
    /// Records a case and looks for its campaign, as the function does.
    async fn comes(&self, seed: u16, text: &str, decision: Decision) -> (Case, Option<CaseId>) {
        let report = report(&format!("r-{seed}"), text);
        let now = at(u64::from(seed));
        let verdict = screened(&report, decision, Publik);
        let case = match self.cases.record_screening(&report, verdict, tracking(seed), now).await.unwrap() {
            Recorded::New(case) | Recorded::Already(case) => *case,
            other => panic!("{other:?}"),
        };
        let campaign = self.cases.fold_report(&case, now).await.unwrap();
        (case, campaign)
    }

    async fn of_kind(&self, prefix: &str) -> usize {
        self.items().await.iter().filter(|item| item["pk"].as_s().unwrap().starts_with(prefix)).count()
    }
}

fn id(seed: u16) -> CaseId {
    tracking(seed).case_id()
}

#[tokio::test]
async fn a_template_is_one_campaign_and_each_report_stays_a_case() {
    let table = Table::start().await;
    assert_eq!(table.comes(1, &spam(100), Review).await.1, None);
    assert_eq!(table.of_kind("band#").await, saring_domain::campaign::BANDS);
    assert_eq!(table.cases.campaign_of(id(1)).await.unwrap(), None, "nobody else says the same yet");
    for seed in 2..=5 {
        let decision = if seed == 5 { Publish } else { Review };
        assert_eq!(table.comes(seed, &spam(seed * 50), decision).await.1, Some(id(1)));
    }
    let other = "Lampu jalan di depan Pasar Johar mati sudah tiga malam, mohon segera diperbaiki karena rawan.";
    assert_eq!(table.comes(6, other, Publish).await.1, None);
    let expected = Campaign { id: id(1), members: 5, held: 4 };
    for seed in [1, 3, 5] {
        assert_eq!(table.cases.campaign_of(id(seed)).await.unwrap(), Some(expected));
    }
    assert_eq!(table.cases.campaign_of(id(6)).await.unwrap(), None);
    // Page by page, the first case first.
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = table.cases.campaign_members(id(1), &PageRequest { items: 2, after }).await.unwrap();
        seen.extend(page.items.iter().map(Case::id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5].map(id));
    table.sound().await;
}

#[tokio::test]
async fn redelivery_counts_nothing_twice() {
    let table = Table::start().await;
    for _ in 0..3 {
        table.comes(1, &spam(100), Review).await;
        for seed in 2..=3 {
            assert_eq!(table.comes(seed, &spam(seed), Review).await.1, Some(id(1)));
        }
    }
    assert_eq!(table.cases.campaign_of(id(2)).await.unwrap(), Some(Campaign { id: id(1), members: 3, held: 3 }));
    assert_eq!((table.of_kind("band#").await, table.of_kind("campaign#").await), (6, 2));
}

#[tokio::test]
async fn those_that_come_at_the_same_moment_find_each_other() {
    let table = Table::start().await;
    let mut cases = Vec::new();
    for seed in 1..=8 {
        let report = report(&format!("r-{seed}"), &spam(seed));
        let verdict = screened(&report, Review, Publik);
        match table.cases.record_screening(&report, verdict, tracking(seed), at(1)).await.unwrap() {
            Recorded::New(case) => cases.push(*case),
            other => panic!("{other:?}"),
        }
    }
    let mut folding = tokio::task::JoinSet::new();
    for case in cases.clone() {
        let store = table.cases.clone();
        folding.spawn(async move { store.fold_report(&case, at(2)).await.unwrap() });
    }
    folding.join_all().await;
    // What a redelivery does for those that were in each other's way.
    for case in &cases {
        table.cases.fold_report(case, at(3)).await.unwrap();
    }
    let mut campaigns = Vec::new();
    for case in &cases {
        campaigns.push(table.cases.campaign_of(case.id()).await.unwrap());
    }
    campaigns.dedup();
    assert_eq!(campaigns.len(), 1, "{campaigns:?}");
    assert_eq!(campaigns[0].map(|c| (c.members, c.held)), Some((8, 8)));
}

#[tokio::test]
async fn a_campaign_takes_members_for_some_days() {
    let table = Table::start().await;
    let (first, _) = table.comes(1, &spam(100), Review).await;
    let later = Timestamp::from_unix_ms(at(0).unix_ms() + 15 * 86_400_000);
    let report = report("r-2", &spam(200));
    let verdict = screened(&report, Review, Publik);
    let Recorded::New(case) = table.cases.record_screening(&report, verdict, tracking(2), later).await.unwrap() else {
        panic!()
    };
    assert_eq!(table.cases.fold_report(&case, later).await.unwrap(), None);
    assert_eq!(table.cases.campaign_of(first.id()).await.unwrap(), None);
    // Its places are the new one's.
    let report = crate::support::report("r-3", &spam(300));
    let verdict = screened(&report, Review, Publik);
    let Recorded::New(third) = table.cases.record_screening(&report, verdict, tracking(3), later).await.unwrap() else {
        panic!()
    };
    assert_eq!(table.cases.fold_report(&third, later).await.unwrap(), Some(id(2)));
    for item in table.items().await {
        let kind = item["pk"].as_s().unwrap().split('#').next().unwrap().to_owned();
        if ["band", "campaign"].contains(&kind.as_str()) || item["sk"].as_s().unwrap() == "campaign" {
            assert!(item.contains_key("expires_at"), "{item:?}");
        }
    }
}

#[tokio::test]
async fn a_changed_text_leaves_its_campaign_and_an_erased_case_too() {
    let table = Table::start().await;
    for seed in 1..=4 {
        table.comes(seed, &spam(seed), Review).await;
    }
    let other = "Lampu jalan di depan Pasar Johar mati sudah tiga malam, mohon segera diperbaiki karena rawan.";
    table.comes(9, other, Publish).await;
    let changed = report("r-2", &other.replace("tiga", "lima"));
    table.cases.edit(tracking(2), &changed, at(20)).await.unwrap();
    assert_eq!(table.comes(2, changed.text.as_str(), Publish).await.1, Some(id(9)));
    assert_eq!(table.cases.campaign_of(id(1)).await.unwrap().map(|c| c.members), Some(3));
    assert_eq!(table.cases.campaign_of(id(2)).await.unwrap().map(|c| (c.id, c.members)), Some((id(9), 2)));
    assert_eq!(table.cases.erase(id(3), &sari(), at(30)).await.unwrap(), Erasure::Done);
    assert_eq!(table.cases.campaign_of(id(1)).await.unwrap().map(|c| c.members), Some(2));
    let left: Vec<_> =
        table.items().await.into_iter().filter(|i| format!("{i:?}").contains(&id(3).to_string())).collect();
    assert!(
        left.iter().all(|item| {
            let sk = item["sk"].as_s().unwrap();
            sk.starts_with("audit#") || sk == "head" || sk == "receipt"
        }),
        "{left:?}"
    );
    table.sound().await;
}

#[tokio::test]
async fn a_campaign_is_decided_once_and_what_changed_since_is_left_alone() {
    let table = Table::start().await;
    for seed in 1..=4 {
        table.comes(seed, &spam(seed), Review).await;
    }
    let page = table.cases.campaign_members(id(1), &PageRequest { items: 10, after: None }).await.unwrap();
    let seen: Vec<_> = page.items.iter().map(|case| (case.id(), case.version())).collect();
    // Meanwhile one is published, and another is taken by somebody else.
    table.cases.resolve(id(2), 1, Resolution::Publish, &sari(), at(20)).await.unwrap();
    let budi = Actor::parse("moderator:budi").unwrap();
    let taken = Change::Claim { until: at(600) };
    let locked = table.cases.change(id(3), 1, &taken, &budi, at(20)).await.unwrap();
    let reject = Resolution::Reject(RejectReason::Spam);
    let outcomes = table.cases.decide_members(&seen, reject, &sari(), at(21)).await.unwrap();
    let expected = [MemberOutcome::Decided, MemberOutcome::Changed, MemberOutcome::Changed, MemberOutcome::Decided];
    assert_eq!(outcomes, seen.iter().map(|(id, _)| *id).zip(expected).collect::<Vec<_>>());
    let locked = [(id(3), locked.version())];
    let outcomes = table.cases.decide_members(&locked, reject, &sari(), at(22)).await.unwrap();
    assert_eq!(outcomes, [(id(3), MemberOutcome::Taken)]);
    for (seed, status, events) in
        [(1, CaseStatus::Rejected, 3), (2, CaseStatus::Published, 3), (4, CaseStatus::Rejected, 3)]
    {
        assert_eq!(table.cases.case(id(seed)).await.unwrap().unwrap().status(), status, "{seed}");
        assert_eq!(table.cases.audit(id(seed)).await.unwrap().len(), events, "{seed}");
    }
    table.sound().await;
}

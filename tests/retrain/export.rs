//! Decisions to training rows and back to nothing.

use std::collections::BTreeMap;
use std::path::Path;

use saring_domain::agency::AgencyType;
use saring_domain::case::{
    Change, LabelCode, Labels, NamedAgency, RejectReason, Resolution, TRACKING_BYTES, TrackingId,
};
use saring_domain::policy::Decision;
use saring_store::Sample;
use serde_json::Value;

use crate::support::{AT, Table, actor, minutes, saring, scratch};

type Rows = BTreeMap<String, Value>;

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path());
    entries.map(|p| (p.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&p).unwrap())).collect()
}

fn rows(directory: &Path) -> Rows {
    let shards = files(directory).into_iter().filter(|(name, _)| name.starts_with("decisions-"));
    let lines = shards.flat_map(|(_, bytes)| {
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()).collect::<Vec<_>>()
    });
    lines.map(|row| (row["text"].as_str().unwrap().split(' ').next().unwrap().to_owned(), row)).collect()
}

async fn export(table: &Table, directory: &Path) -> String {
    let (ok, printed) = table.saring(&["export", "--out", directory.to_str().unwrap()]).await;
    assert!(ok, "{printed}");
    printed
}

/// Held or published reports, each decided on in another way; the first word names the case.
async fn decided_cases() -> Table {
    let table = Table::start().await;
    let reject = |reason| Resolution::Reject(reason);
    let spam = table.case(1, "satu promo 0812-3456-7890", Decision::Review).await;
    table.resolve(spam.id(), "sari", reject(RejectReason::Spam), minutes(1)).await;
    let fine = table.case(2, "dua jalan rusak", Decision::Review).await;
    table.resolve(fine.id(), "budi", Resolution::Publish, minutes(2)).await;
    let elsewhere = table.case(3, "tiga bus terlambat", Decision::Review).await;
    let agency = NamedAgency::new(AgencyType::parse("dinas_perhubungan").unwrap(), "Dishub Kota Semarang").unwrap();
    table.change(elsewhere.id(), "sari", &Change::Return(agency), minutes(3)).await;
    let missed = table.case(4, "empat lolos padahal iklan", Decision::Publish).await;
    table.cases.add_sample(missed.id(), Sample { probability: 0.05, at: AT }).await.unwrap();
    table.resolve(missed.id(), "budi", reject(RejectReason::Spam), minutes(4)).await;
    table.case(5, "lima belum diputus", Decision::Review).await;
    table.case(6, "enam lolos dan benar", Decision::Publish).await;
    let late = table.case(7, "tujuh diputus bulan depan", Decision::Review).await;
    table.resolve(late.id(), "sari", reject(RejectReason::Hoax), minutes(40 * 24 * 60)).await;
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_become_rows_with_their_provenance() {
    let (table, out) = (Box::pin(decided_cases()).await, scratch("export"));
    let printed = export(&table, &out).await;
    let rows = rows(&out);
    assert_eq!(
        rows.keys().map(String::as_str).collect::<Vec<_>>(),
        ["dua", "empat", "satu", "tiga", "tujuh"],
        "{printed}"
    );
    let spam = &rows["satu"];
    assert_eq!(spam["text"], "satu promo [TELP]");
    assert!(spam["prepared"].as_str().unwrap().contains("[TELP]"));
    assert_eq!((&spam["spam"], &spam["abuse"], &spam["outcome"]), (&1.into(), &Value::Null, &"reject.spam".into()));
    assert_eq!(spam["sampling"], serde_json::json!({ "by": "held", "probability": 1.0 }));
    assert_eq!(spam["decided_at"], minutes(1).to_string());
    assert_eq!(
        (&spam["model"], &spam["policy"], &spam["double_reviewed"]),
        (&"m-1".into(), &"p-1".into(), &false.into())
    );
    assert_ne!(spam["reviewer"], actor("sari").as_str());
    assert_eq!(spam["reviewer"], rows["tiga"]["reviewer"]);
    assert_ne!(spam["reviewer"], rows["dua"]["reviewer"]);
    assert_eq!(rows["tiga"]["agency"], "dinas_perhubungan");
    assert_eq!(rows["tiga"]["agency_name"], "Dishub Kota Semarang");
    assert_eq!(rows["empat"]["sampling"], serde_json::json!({ "by": "drawn", "probability": 0.05 }));
    let names: Vec<_> = files(&out).into_keys().collect();
    assert_eq!(names, ["decisions-2026-11.jsonl", "decisions-2027-01.jsonl", "manifest.json"]);
    let all = files(&out).into_values().flatten().collect::<Vec<u8>>();
    let all = String::from_utf8(all).unwrap();
    assert!(!all.contains("3456") && !all.contains("moderator:"), "personal data or names in an export");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_the_same_from_nothing_and_from_the_one_before() {
    let (table, one, other) = (Box::pin(decided_cases()).await, scratch("export-one"), scratch("export-other"));
    export(&table, &one).await;
    export(&table, &other).await;
    assert_eq!(files(&one), files(&other), "the same table gives the same bytes");
    let printed = export(&table, &one).await;
    assert!(printed.contains("0 baru / new, 0 berubah / changed, 0 ditarik / withdrawn"), "{printed}");
    assert!(printed.contains("0 jejak dibaca"), "nothing new was decided, so no trail is read: {printed}");
    let new = table.case(8, "delapan baru", Decision::Review).await;
    table.resolve(new.id(), "sari", Resolution::Publish, minutes(9)).await;
    let printed = export(&table, &one).await;
    assert!(printed.contains("1 baru / new") && printed.contains("1 jejak dibaca"), "{printed}");
    let fresh = scratch("export-fresh");
    export(&table, &fresh).await;
    assert_eq!(files(&one), files(&fresh), "incremental and from nothing agree");
}

#[tokio::test(flavor = "multi_thread")]
async fn undone_labels_and_erased_cases_are_gone_from_the_next_export() {
    let (table, out) = (Box::pin(decided_cases()).await, scratch("export-undone"));
    export(&table, &out).await;
    let id = |seed: u8| TrackingId::from_bytes(std::array::from_fn(|i| if i + 2 == TRACKING_BYTES { 0 } else { seed }));
    table.cases.appeal(id(1), None, minutes(10)).await.unwrap();
    table.cases.erase(id(2).case_id(), &actor("sari"), minutes(11)).await.unwrap();
    table.cases.erase(id(7).case_id(), &actor("sari"), minutes(11)).await.unwrap();
    let labels = Labels { category: Some(LabelCode::parse("perhubungan").unwrap()), ..Labels::default() };
    table.change(id(3).case_id(), "budi", &Change::Correct(labels), minutes(12)).await;
    let printed = export(&table, &out).await;
    assert!(printed.contains("3 ditarik / withdrawn"), "{printed}");
    let left = rows(&out);
    assert_eq!(left.keys().map(String::as_str).collect::<Vec<_>>(), ["empat", "tiga"]);
    assert_eq!(left["tiga"]["category"], "perhubungan");
    assert!(!files(&out).contains_key("decisions-2027-01.jsonl"), "an empty shard is removed");
    let all = String::from_utf8(files(&out).into_values().flatten().collect()).unwrap();
    assert!(!all.contains("dua jalan rusak") && !all.contains("tujuh"), "an erased text is nowhere in the export");
    // Decided otherwise after the appeal, the row is back with the other label.
    table.resolve(id(1).case_id(), "budi", Resolution::Publish, minutes(13)).await;
    export(&table, &out).await;
    assert_eq!(rows(&out)["satu"]["spam"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_survive_label_studio_and_its_annotations_come_back() {
    let (table, out) = (Box::pin(decided_cases()).await, scratch("export-studio"));
    export(&table, &out).await;
    let (tasks, back) = (out.join("tasks.json"), out.join("back.jsonl"));
    let paths = [out.to_str().unwrap(), tasks.to_str().unwrap(), back.to_str().unwrap()];
    let (ok, printed) = saring(&["label-studio", "to", paths[0], "--out", paths[1]], &[]).await;
    assert!(ok, "{printed}");
    let convert = async || {
        let (ok, printed) = saring(&["label-studio", "from", paths[1], "--out", paths[2]], &[]).await;
        assert!(ok, "{printed}");
        let text = std::fs::read_to_string(&back).unwrap();
        text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()).collect::<Vec<_>>()
    };
    let same = convert().await;
    let mut before: Vec<Value> = rows(&out).into_values().collect();
    before.sort_by_key(|row| row["decided_at"].to_string());
    let mut after = same.clone();
    after.sort_by_key(|row| row["decided_at"].to_string());
    assert_eq!(before, after, "what nobody changed comes back as it was");

    let mut edited: Vec<Value> = serde_json::from_slice(&std::fs::read(&tasks).unwrap()).unwrap();
    let task = edited.iter_mut().find(|t| t["data"]["text"].as_str().unwrap().starts_with("dua")).unwrap();
    let choice = |name: &str, value: &str| serde_json::json!({ "from_name": name, "to_name": "text", "type": "choices", "value": { "choices": [value] } });
    let newer = serde_json::json!({
        "completed_by": { "email": "annotator@example.test" }, "created_at": "2027-02-01T00:00:00Z",
        "result": [choice("abuse", "ya"), choice("abuse.insult", "ya"), choice("category", "pekerjaan_umum")],
    });
    task["annotations"].as_array_mut().unwrap().push(newer);
    std::fs::write(&tasks, serde_json::to_vec(&edited).unwrap()).unwrap();
    let changed = convert().await;
    let row = changed.iter().find(|r| r["text"].as_str().unwrap().starts_with("dua")).unwrap();
    assert_eq!((&row["abuse"], &row["spam"]), (&1.into(), &Value::Null), "a newer annotation replaces all labels");
    assert_eq!((&row["fine"], &row["category"]), (&serde_json::json!(["abuse.insult"]), &"pekerjaan_umum".into()));
    assert_eq!(row["reviewer"], "annotator@example.test");
    let (ok, interface) = saring(&["label-studio", "interface"], &[]).await;
    assert!(
        ok && interface.contains("name=\"abuse.insult\"") && interface.contains("dinas_perhubungan"),
        "{interface}"
    );
}

//! Claims: reading, matching, and what the policy makes of a match.

use saring_domain::claims::{
    Claim, ClaimError, ClaimFields, ClaimIndex, Form, IndexBuilder, IndexError, PreparedClaim, Query, Weights,
    WordCounts, read_claims,
};
use saring_domain::policy::{ClaimEvidence, Decision, Evidence, Policy, decide};
use saring_domain::report::Visibility;
use saring_domain::score::{Fine, Flag, Score, Scores};
use saring_domain::text::{Normalised, normalise};

fn file(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn samples() -> Vec<Claim> {
    let found = read_claims(file("claims.jsonl").as_bytes());
    assert_eq!(found.findings, []);
    found.claims
}

fn prepared(text: &str) -> Normalised {
    normalise(text, &[])
}

/// Without embeddings: words alone decide.
fn index(claims: &[Claim]) -> ClaimIndex {
    let words = WordCounts::parse(&file("claim_words.tsv")).expect("the counts are valid");
    let mut builder = IndexBuilder::new("bundle-a", "source", &words);
    for claim in claims {
        let forms = [Form::Title, Form::Conclusion, Form::Circulated];
        let forms = forms.iter().filter_map(|f| Some((*f, prepared(&f.of(claim)?).text, vec![1.0, 0.0]))).collect();
        builder.add(&PreparedClaim { claim: claim.clone(), forms }).expect("the embeddings have one length");
    }
    ClaimIndex::read(builder.finish(), "bundle-a").expect("its own form")
}

/// Id, score and place of the best match.
type Best = (String, f32, Option<(usize, usize)>);

fn best(index: &ClaimIndex, text: &str) -> Option<Best> {
    let weights = Weights::parse(&file("claims.toml")).expect("the weights are valid");
    let text = prepared(text);
    let query = Query::new(&text, vec![&[1.0, 0.0]]);
    let candidates = index.candidates(&query);
    let best = candidates.iter().max_by(|a, b| weights.logit(&a.features).total_cmp(&weights.logit(&b.features)))?;
    let span = best.passage.and_then(|p| query.span(p));
    Some((index.claim(best.claim)?.id().to_owned(), weights.logit(&best.features), span))
}

#[test]
fn there_are_sample_claims_of_every_kind() {
    let claims = samples();
    assert!(claims.len() >= 60, "{}", claims.len());
    let kinds: std::collections::HashSet<_> = claims.iter().map(Claim::kind).collect();
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    assert!(
        claims.iter().all(|c| c.url().is_some_and(|u| u.starts_with("https://example.org/")) && c.date().is_some())
    );
}

#[test]
fn every_sample_claim_is_found_by_half_of_its_wording() {
    let claims = samples();
    let index = index(&claims);
    let mut missed = Vec::new();
    for claim in &claims {
        let wording = claim.circulated().expect("each sample has its wording");
        let half: Vec<&str> = wording.split_whitespace().step_by(2).collect();
        let found = best(&index, &half.join(" ")).map(|f| f.0);
        if found.as_deref() != Some(claim.id()) {
            missed.push(claim.id());
        }
    }
    assert!(missed.len() <= 1, "{missed:?}");
}

#[test]
fn a_claim_inside_a_long_report_is_found_with_its_place() {
    let index = index(&samples());
    let filler = "Selain itu lampu jalan di gang kami mati dan sampah belum diangkat sejak Selasa. ".repeat(40);
    let claim = "Kabarnya daun keladi hutan direbus bisa menyembuhkan gagal ginjal tanpa cuci darah.";
    let text = format!("{filler}{claim} {filler}");
    let (id, logit, span) = best(&index, &text).expect("there are candidates");
    assert_eq!(id, "contoh-001");
    let (start, end) = span.expect("a passage matched");
    let from = filler.chars().count();
    assert!(start < from + claim.len() && end > from, "{start} {end} {from}");
    let (_, without, _) = best(&index, &filler).expect("there are candidates");
    assert!(logit > without + 3.0, "{logit} {without}");
}

#[test]
fn a_file_is_bound_to_its_bundle_and_checked() {
    let claims = samples();
    let words = WordCounts::default();
    let mut builder = IndexBuilder::new("bundle-a", "source", &words);
    let form =
        |e: Vec<f32>| PreparedClaim { claim: claims[0].clone(), forms: vec![(Form::Title, "kata".to_owned(), e)] };
    builder.add(&form(vec![1.0, 0.0])).expect("the first sets the length");
    let error = builder.add(&form(vec![1.0])).expect_err("another length");
    assert_eq!(error, IndexError::Dimensions { at: 1, actual: 1, expected: 2 });
    let bytes = builder.finish();
    let error = ClaimIndex::read(bytes.clone(), "bundle-b").expect_err("another bundle").to_string();
    assert!(error.contains("'bundle-a'") && error.contains("'bundle-b'"), "{error}");
    for at in [0, 10, 60, bytes.len() / 2, bytes.len() - 1] {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 1;
        assert!(ClaimIndex::read(spoilt, "bundle-a").is_err(), "byte {at}");
        assert!(ClaimIndex::read(bytes[..at].to_vec(), "bundle-a").is_err(), "cut at {at}");
    }
}

#[test]
fn bad_rows_are_named_and_the_others_go_in() {
    let text = concat!(
        "{\"id\":\"a\",\"title\":\"Judul\",\"verdict\":\"SALAH\",\"date\":\"31/12/2025\"}\n",
        "bukan json\n",
        "\n",
        "{\"id\":\"b\",\"verdict\":\"SALAH\"}\n",
        "{\"id\":\"a\",\"title\":\"Lagi\",\"verdict\":\"SALAH\"}\n",
        "{\"id\":\"c\",\"title\":\"Judul\",\"verdict\":\"SALAH\",\"url\":\"javascript:alert(1)\"}\n",
        "{\"id\":\"d\",\"title\":7,\"verdict\":\"SALAH\"}\n",
        "{\"id\":\"e\",\"title\":\"Judul\",\"verdict\":\"BENAR\",\"date\":\"kemarin\"}\n",
        "[1,2]\n",
    );
    let found = read_claims(text.as_bytes());
    let ids: Vec<&str> = found.claims.iter().map(Claim::id).collect();
    assert_eq!(ids, ["a", "e"]);
    assert_eq!(found.claims[0].date().map(|d| d.to_string()).as_deref(), Some("2025-12-31"));
    let rows: Vec<(usize, bool)> = found.findings.iter().map(|f| (f.row, f.kept)).collect();
    assert_eq!(rows, [(2, false), (4, false), (5, false), (6, false), (7, false), (8, true), (9, false)]);
    assert_eq!(found.findings[1].error, ClaimError::Missing("title"));
    let messages: Vec<String> = found.findings.iter().map(|f| f.error.to_string()).collect();
    assert!(messages.iter().all(|m| !m.contains("Judul") && !m.contains("javascript")), "{messages:?}");
}

#[test]
fn limits_hold_in_characters_and_bytes() {
    let fields = |title: &str, id: &str| ClaimFields {
        id: Some(id.to_owned()),
        title: Some(title.to_owned()),
        verdict: Some("SALAH".to_owned()),
        ..ClaimFields::default()
    };
    assert!(Claim::parse(fields(&"é".repeat(500), &"a".repeat(128))).is_ok());
    for (title, id) in
        [("é".repeat(501), "a".to_owned()), ("x".to_owned(), "a".repeat(129)), ("x".to_owned(), "a\n".to_owned())]
    {
        assert!(Claim::parse(fields(&title, &id)).is_err());
    }
}

#[test]
fn claim_reviews_are_read_wherever_they_stand() {
    let review = serde_json::json!({
        "@context": "https://schema.org", "@type": "ClaimReview", "url": "https://example.org/r/1",
        "claimReviewed": "Telur plastik beredar", "datePublished": "2025-07-30T10:00:00+07:00",
        "author": {"@type": "Organization", "name": "Contoh"},
        "reviewRating": {"@type": "Rating", "ratingValue": "1", "bestRating": "5", "worstRating": "1", "alternateName": "Salah"},
        "itemReviewed": {"@type": "Claim", "appearance": {"@type": "CreativeWork"}, "name": "Awas telur plastik"}
    });
    let mut second = review.clone();
    second["url"] = "https://example.org/r/2".into();
    second["@type"] = serde_json::json!(["schema:ClaimReview"]);
    second["reviewRating"] = serde_json::json!({"ratingValue": 5, "worstRating": 1, "bestRating": 5});
    let feed = serde_json::json!({"@type": "DataFeed", "dataFeedElement": [
        {"@type": "DataFeedItem", "item": [review, second]}, {"@type": "DataFeedItem", "item": {"@type": "Thing"}}]});
    let documents = [
        feed.to_string(),
        serde_json::to_string_pretty(&feed).expect("plain data"),
        serde_json::json!({"@graph": [review, second]}).to_string(),
        serde_json::json!([review, second]).to_string(),
        format!("{review}\n{second}\n"),
        format!(
            "<html><script type=\"application/ld+json\">{review}</script><script>1</script><script type='application/ld+json'>{second}</script></html>"
        ),
    ];
    for document in documents {
        let found = read_claims(document.as_bytes());
        assert_eq!(found.findings, [], "{document}");
        let read: Vec<_> = found.claims.iter().map(|c| (c.title(), c.verdict(), c.url(), c.circulated())).collect();
        let expected = |verdict, url| ("Telur plastik beredar", verdict, Some(url), Some("Awas telur plastik"));
        assert_eq!(read, [expected("Salah", "https://example.org/r/1"), expected("BENAR", "https://example.org/r/2")]);
        assert!(found.claims[0].id().starts_with("review-") && found.claims[0].id() != found.claims[1].id());
    }
    let found = read_claims(serde_json::json!({"@type": "ClaimReview", "url": "x"}).to_string().as_bytes());
    assert_eq!(found.findings[0].error, ClaimError::Missing("title"));
}

fn scores(hoax: f32) -> Scores {
    let mut flags = [Score::default(); Flag::ALL.len()];
    flags[Flag::Hoax as usize] = Score::new(hoax).expect("a probability");
    Scores {
        flags,
        fine: [Score::default(); Fine::ALL.len()],
        category: Vec::new(),
        agency: Vec::new(),
        embedding: Vec::new(),
        window_embeddings: Vec::new(),
        highlights: Vec::new(),
        unknown_share: 0.0,
        truncated: false,
    }
}

/// Codes, details and how many claims are shown.
fn judged(hoax: f32, verdict: &str, near: f32) -> (Decision, Vec<(String, String)>, usize) {
    let policy = Policy::parse(&file("policy.toml")).expect("the policy is valid");
    let fields = ClaimFields {
        id: Some("k1".to_owned()),
        title: Some("Telur plastik beredar".to_owned()),
        verdict: Some(verdict.to_owned()),
        url: Some("https://example.org/k1".to_owned()),
        date: Some("2025-07-30".to_owned()),
        ..ClaimFields::default()
    };
    let claim = Claim::parse(fields).expect("a claim").0;
    let nearest = vec![ClaimEvidence { claim, score: Score::new(near).expect("a probability"), span: None }];
    let scores = scores(hoax);
    let claims = policy.linked(scores.flag(Flag::Hoax), nearest);
    let verdict =
        decide(&policy, Evidence::Judged { scores: &scores, letters: 50, claims: &claims }, Visibility::Publik);
    (verdict.decision, verdict.reasons.into_iter().map(|r| (r.code, r.detail)).collect(), claims.len())
}

#[test]
fn only_a_match_in_a_report_that_spreads_it_is_held_as_a_claim() {
    let (decision, reasons, shown) = judged(0.9, "SALAH", 0.9);
    assert_eq!((decision, shown, reasons[0].0.as_str()), (Decision::Review, 1, "hoax.claim"));
    for part in ["Telur plastik beredar", "SALAH", "2025-07-30", "https://example.org/k1"] {
        assert!(reasons[0].1.contains(part), "{}", reasons[0].1);
    }
    // It asks: the claim is shown, the report goes on.
    let (decision, reasons, shown) = judged(0.03, "SALAH", 0.95);
    assert_eq!((decision, shown, reasons[0].0.as_str()), (Decision::Publish, 1, "clean"));
    // It reads like a hoax, and nothing is known of it.
    let (decision, reasons, shown) = judged(0.9, "SALAH", 0.0001);
    assert_eq!((decision, shown, reasons[0].0.as_str()), (Decision::Review, 0, "hoax.unverified"));
    // It repeats what turned out to be true.
    let (decision, reasons, shown) = judged(0.9, "BENAR", 0.9);
    assert_eq!((decision, shown, reasons[0].0.as_str()), (Decision::Review, 1, "hoax.unverified"));
    assert!(reasons[0].1.contains("dinyatakan benar"), "{}", reasons[0].1);
    // An ordinary report near a claim.
    let (decision, reasons, shown) = judged(0.01, "SALAH", 0.4);
    assert_eq!((decision, shown, reasons[0].0.as_str()), (Decision::Publish, 0, "clean"));
}

#[test]
fn what_reads_like_a_claim_is_held_as_unverified_without_one() {
    let policy = Policy::parse(&file("policy.toml")).expect("the policy is valid");
    let mut scores = scores(0.01);
    scores.fine[Fine::HoaxClaim as usize] = Score::new(0.9).expect("a probability");
    let evidence = Evidence::Judged { scores: &scores, letters: 50, claims: &[] };
    let verdict = decide(&policy, evidence, Visibility::Publik);
    let codes: Vec<&str> = verdict.reasons.iter().map(|r| r.code.as_str()).collect();
    assert_eq!((verdict.decision, codes.as_slice()), (Decision::Review, ["hoax.unverified"].as_slice()));
}

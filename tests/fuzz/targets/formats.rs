//! Files, messages and names.

use std::path::PathBuf;

use saring_classifier::Bundle;
use saring_domain::case::{Actor, AuditHash, CaseId, LabelCode, ModelVersion, TrackingId};
use saring_domain::claims::{Claim, ClaimIndex, Form, IndexBuilder, PreparedClaim, Query, WordCounts, read_claims};
use saring_domain::policy::{Evidence, Policy, Unjudged, decide};
use saring_domain::report::{ReportId, TextHash, Visibility};
use saring_domain::score::{Fine, Flag, Score, Scores};
use saring_domain::text::normalise;
use saring_domain::trace::TraceParent;
use saring_store::{Cursor, encode_report, parse_message};
use sha2::{Digest as _, Sha256};

use super::{Run, kind, outcome, same, unquoted};

/// Where the hashed part of an index begins: after its magic word and the hash.
const INDEX_BODY: usize = 40;

pub(crate) const REPORT_WORDS: [&str; 10] = [
    "\"id\":",
    "\"text\":",
    "\"title\":",
    "\"location\":{",
    "\"lat\":",
    "\"visibility\":\"rahasia\"",
    "\"region_code\":",
    "\"reporter_ref\":",
    "\"created_at\":",
    "\"text\":\"RAHASIA7391",
];
pub(crate) const CLAIM_WORDS: [&str; 9] = [
    "\"@type\":\"ClaimReview\"",
    "\"claimReviewed\":",
    "\"reviewRating\":{",
    "\"alternateName\":\"Salah\"",
    "\"@graph\":[",
    "\"id\":",
    "\"title\":",
    "\"verdict\":\"SALAH\"",
    "<script type=\"application/ld+json\">",
];
pub(crate) const POLICY_WORDS: [&str; 7] = [
    "[flags]\n",
    "spam = 0.5\n",
    "[fine]\n",
    "\"abuse.threat\" = nan\n",
    "[visibility]\n",
    "= 1.1\n",
    "version = \"\"\n",
];
pub(crate) const BUNDLE_WORDS: [&str; 6] =
    ["tokens_max = 16\n", "[files]\n", "category = []\n", "inf", "binary_scale = [", "lexical.bin"];

pub(crate) fn report(input: &[u8]) -> Result<u64, String> {
    let body = String::from_utf8_lossy(input);
    let tracking = body.get(..16);
    match parse_message(&body, tracking.filter(|_| input.len().is_multiple_of(5))) {
        Err(error) => unquoted(&error),
        Ok(incoming) => {
            // A text of control characters may outgrow the limit by its escapes.
            let Ok(json) = encode_report(&incoming.report) else { return outcome("grown") };
            let again = parse_message(&json, None).map_err(|e| format!("what was written can't be read: {e}"))?;
            same(&incoming.report, &again.report, "a report")?;
            same(&incoming.report.text_hash(), &again.report.text_hash(), "a text's hash")?;
            let location = &incoming.report.location;
            outcome((incoming.report.title.is_some(), location.coordinates.is_some(), incoming.report.visibility))
        }
    }
}

pub(crate) fn claims(input: &[u8]) -> Result<u64, String> {
    let read = read_claims(input);
    for claim in &read.claims {
        let (again, _) = Claim::parse(claim.fields()).map_err(|e| format!("a claim that was read is none: {e}"))?;
        same(claim, &again, "a claim")?;
    }
    let ids: std::collections::HashSet<_> = read.claims.iter().map(Claim::id).collect();
    if ids.len() != read.claims.len() {
        return Err("two claims have one id".to_owned());
    }
    let findings: Vec<String> = read.findings.iter().take(3).map(|f| kind(&f.error)).collect();
    outcome((read.claims.len().min(4), findings))
}

pub(crate) fn policy(input: &[u8]) -> Result<u64, String> {
    let Ok(toml) = std::str::from_utf8(input) else { return outcome("bytes") };
    let policy = match Policy::parse(toml) {
        Ok(policy) => policy,
        Err(error) => return outcome(kind(&error)),
    };
    let score = |at: usize| Score::new(f32::from(input[at % input.len()]) / 255.0).unwrap();
    let scores = Scores {
        flags: std::array::from_fn(score),
        fine: std::array::from_fn(|at| score(at + 7)),
        category: Vec::new(),
        agency: Vec::new(),
        embedding: Vec::new(),
        window_embeddings: Vec::new(),
        highlights: Vec::new(),
        unknown_share: 0.0,
        truncated: false,
    };
    let judged = Evidence::Judged { scores: &scores, letters: input.len(), claims: &[] };
    for chosen in [Visibility::Publik, Visibility::Anonim, Visibility::Rahasia] {
        let held = decide(&policy, Evidence::Unjudged(Unjudged::TimedOut), chosen);
        let verdict = decide(&policy, judged, chosen);
        if verdict.visibility < chosen || held.visibility < chosen {
            return Err("a verdict loosens the visibility".to_owned());
        }
        if verdict.reasons.is_empty() || held.decision.code() != "review" {
            return Err("a verdict without reasons, or unjudged and not held".to_owned());
        }
        let over = Flag::ALL.into_iter().any(|f| f != Flag::Hoax && scores.flag(f) >= policy.flag_threshold(f));
        let fine = Fine::ALL.into_iter().any(|f| policy.fine_threshold(f).is_some_and(|t| scores.fine(f) >= t));
        if (over || fine) && verdict.decision.code() == "publish" {
            return Err("a score over its threshold is published".to_owned());
        }
    }
    outcome((policy.version().len().min(40), decide(&policy, judged, Visibility::Publik).reasons.len()))
}

/// Whether a text is a name of this kind, which must then be read as the same when it is written.
fn round<T: PartialEq, E>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, E>,
    write: impl Fn(&T) -> String,
) -> Result<bool, String> {
    let Ok(value) = parse(text) else { return Ok(false) };
    let written = write(&value);
    let again = parse(&written).map_err(|_| format!("'{written}' can't be read again"))?;
    same(&value, &again, "a name").map(|()| true)
}

/// Ids, codes, hashes and cursors: what is read is written as the same.
pub(crate) fn names(input: &[u8]) -> Result<u64, String> {
    let Ok(text) = std::str::from_utf8(input) else { return outcome("bytes") };
    let mut read = 0_u32;
    let mut note = |bit: u32, round: Result<bool, String>| round.map(|known| read |= u32::from(known) << bit);
    note(0, round(text, TrackingId::parse, TrackingId::to_string))?;
    note(1, round(text, CaseId::parse, CaseId::to_string))?;
    note(2, round(text, ReportId::parse, ReportId::to_string))?;
    note(3, round(text, Cursor::parse, |v| v.as_str().to_owned()))?;
    note(4, round(text, Actor::parse, |v| v.as_str().to_owned()))?;
    note(5, round(text, LabelCode::parse, |v| v.as_str().to_owned()))?;
    note(6, round(text, TextHash::parse, |v| v.as_str().to_owned()))?;
    note(7, round(text, AuditHash::parse, |v| v.as_str().to_owned()))?;
    note(8, round(text, ModelVersion::parse, |v| v.as_str().to_owned()))?;
    note(9, round(text, |t| TraceParent::parse(t).ok_or(()), TraceParent::to_string))?;
    outcome(read)
}

/// A small index as the builder writes it.
pub(crate) fn indexes() -> Vec<Vec<u8>> {
    let words = WordCounts::parse(include_str!("../../../models/claim_words.tsv")).unwrap();
    let mut builder = IndexBuilder::new("m-1", "source", &words);
    for line in ["Vaksin berisi cip", "Bendungan jebol malam ini", "Bantuan tunai lewat tautan"] {
        let json = format!(r#"{{"id":"{}","title":"{line}","verdict":"SALAH"}}"#, line.len());
        let claim = read_claims(json.as_bytes()).claims.pop().unwrap();
        let forms = vec![(Form::Title, line.to_lowercase(), vec![0.6, 0.8])];
        builder.add(&PreparedClaim { claim, forms }).unwrap();
    }
    vec![builder.finish()]
}

/// The file of an index whose hash is made right again: whoever can write the file can do so too.
pub(crate) fn index(input: &[u8]) -> Result<u64, String> {
    let mut bytes = input.to_vec();
    if bytes.len() > INDEX_BODY && !input.len().is_multiple_of(7) {
        let hash = Sha256::digest(&bytes[INDEX_BODY..]);
        bytes[INDEX_BODY - hash.len()..INDEX_BODY].copy_from_slice(&hash);
    }
    match ClaimIndex::read(bytes, "m-1") {
        Err(error) => outcome(kind(&error)),
        Ok(index) => {
            let shown = (0..index.len().min(20)).filter(|at| index.claim(*at).is_some()).count();
            let text = normalise("kabar: bendungan jebol malam ini, cek tautan", &[]);
            let found = index.candidates(&Query::new(&text, vec![&[0.6, 0.8]]));
            outcome((index.len().min(4), shown, found.len()))
        }
    }
}

/// `model.toml` in a directory of its own, without the files that it names.
pub(crate) fn bundle() -> Run {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bundle-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let manifest = directory.join("model.toml");
    Box::new(move |input| {
        // A file that is written over is brought to the disk at once by some file systems.
        std::fs::remove_file(&manifest).ok();
        std::fs::write(&manifest, input).map_err(|e| e.to_string())?;
        match Bundle::load(&directory) {
            Ok(_) => Err("a bundle without its files was loaded".to_owned()),
            Err(error) => outcome(kind(&error)),
        }
    })
}

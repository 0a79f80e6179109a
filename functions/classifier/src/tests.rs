//! The committed bundle through the real runtime: batches, order, evidence, strange texts, and
//! everything that must keep a classifier from loading.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard};

use saring_domain::pii;
use saring_domain::score::{Fine, Flag, Scores};
use saring_domain::text::{Normalised, normalise};
use sha2::{Digest as _, Sha256};

use crate::window::Tokens;
use crate::{Bundle, Classifier, ClassifierError, Runtime};

const TOLERANCE: f32 = 1e-4;
const TOLERANCE_SUMMANDS: f32 = 1e-3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate stands two levels down").to_owned()
}

fn bundle_directory() -> PathBuf {
    let current = std::fs::read_to_string(root().join("models/current.toml")).expect("there is a current bundle");
    let current: toml::Table = current.parse().expect("current.toml is toml");
    root().join("models/bundles").join(current["bundle"].as_str().expect("it names a bundle"))
}

fn library() -> PathBuf {
    let set = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    set.unwrap_or_else(|| root().join(".saring/onnxruntime/libonnxruntime.so.1.32.0"))
}

static CLASSIFIER: LazyLock<Mutex<Classifier>> = LazyLock::new(|| {
    let classifier = Classifier::load(&library(), &bundle_directory());
    Mutex::new(classifier.expect("the committed bundle loads, and cargo xtask setup brings the library"))
});

fn classifier() -> MutexGuard<'static, Classifier> {
    CLASSIFIER.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn prepared(text: &str) -> Normalised {
    normalise(text, &pii::find(text))
}

fn texts() -> Vec<Normalised> {
    let long = "Jalan di depan sekolah berlubang dan tergenang setiap hujan, mohon diperbaiki. ".repeat(64);
    [
        "Lampu jalan mati tiga malam di depan pasar.",
        "SEBARKAN!! air rebusan daun ini menyembuhkan semua penyakit, dokter menyembunyikannya",
        "daftar slot g4c0r sekarang bonus 100% www.contoh.vip",
        "Sampah menumpuk.",
        &long[..5000],
        "Lampu jalan mati tiga malam di depan pasar.",
        "Petugasnya bodoh semua, malas!",
    ]
    .into_iter()
    .map(prepared)
    .collect()
}

fn numbers(scores: &Scores) -> Vec<f32> {
    let flags = Flag::ALL.iter().map(|f| scores.flag(*f).get());
    let fine = Fine::ALL.iter().map(|f| scores.fine(*f).get());
    flags.chain(fine).chain(scores.embedding.iter().copied()).collect()
}

#[track_caller]
fn close(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    let gap = a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
    assert!(gap <= tolerance, "differs by {gap}");
}

#[test]
fn a_batch_gives_what_single_texts_give_in_their_order() {
    let texts = texts();
    let mut classifier = classifier();
    let together = classifier.classify_batch(&texts.iter().collect::<Vec<_>>());
    assert_eq!(together.len(), texts.len());
    for (text, batched) in texts.iter().zip(&together) {
        let single = classifier.classify(text).expect("the model answers");
        let batched = batched.as_ref().expect("the model answers");
        close(&numbers(&single), &numbers(batched), TOLERANCE);
        assert_eq!(single.category[0].code, batched.category[0].code);
    }
    let at = |i: usize| numbers(together[i].as_ref().expect("the model answers"));
    close(&at(0), &at(5), 0.0);
    let gap = at(0).iter().zip(at(3)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(gap > TOLERANCE, "different texts have different scores, so the order can be seen");
}

#[test]
fn summands_add_up_to_the_logit() {
    let mut classifier = classifier();
    let mut bias: Option<Vec<f32>> = None;
    for text in texts() {
        let tokens = Tokens::of(&text, &classifier.tokenizer, classifier.bundle.tokens_max).expect("it tokenizes");
        let pass = classifier.read(&text, &tokens, tokens.windows[0]).expect("the model answers");
        let heads = pass.binary.len();
        // What is left of a logit without its summands is the head's bias, the same for all texts.
        let left: Vec<f32> = (0..heads)
            .map(|head| pass.binary[head] - pass.summands.iter().skip(head).step_by(heads).sum::<f32>())
            .collect();
        close(bias.get_or_insert_with(|| left.clone()), &left, TOLERANCE_SUMMANDS);
    }
}

#[test]
fn strange_texts_are_judged_or_unknown_but_never_crash() {
    let mut classifier = classifier();
    let long = "Mohon bantuan untuk warga. ".repeat(200);
    let strange = [
        "",
        " ",
        "😀😀🔥🚨",
        "مرحبا، أين يمكنني الإبلاغ عن انقطاع الماء؟",
        "\u{202e}gnasid\u{200b}",
        "१२३",
        &long[..5000],
    ];
    for text in strange {
        let scores = classifier.classify(&prepared(text)).expect("the model answers");
        assert!(numbers(&scores).iter().all(|v| v.is_finite()), "{} characters", text.chars().count());
        let norm: f32 = scores.embedding.iter().map(|v| v * v).sum();
        assert!((norm - 1.0).abs() < 1e-3, "{norm}");
        let characters = text.chars().count();
        assert!(scores.highlights.iter().all(|h| h.start < h.end && h.end <= characters));
    }
    let scores = classifier.classify(&prepared(&long[..5000])).expect("the model answers");
    assert!(scores.window_embeddings.len() > 1 && !scores.truncated);
    let first = classifier.embed(&prepared(&long[..5000])).expect("the model answers");
    close(&first, &scores.window_embeddings[0], TOLERANCE);
}

/// A copy of the committed bundle that a test may spoil; removed when dropped.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("saring-classifier-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the temporary directory is writable");
        for file in ["model.toml", "model.onnx", "model.onnx.data", "tokenizer.json", "lexical.bin"] {
            std::fs::copy(bundle_directory().join(file), path.join(file)).expect("the bundle is complete");
        }
        Self(path)
    }

    fn edit(&self, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.0.join(file);
        let mut bytes = std::fs::read(&path).expect("the file is there");
        change(&mut bytes);
        std::fs::write(path, bytes).expect("the copy is writable");
    }

    fn replace(&self, from: &str, to: &str) {
        self.edit("model.toml", |bytes| {
            let text = String::from_utf8(bytes.clone()).expect("toml is utf-8");
            assert!(text.contains(from), "model.toml holds {from}");
            *bytes = text.replacen(from, to, 1).into_bytes();
        });
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // A directory that stays behind is in the way of nothing.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn refused(copy: &Copy, expected: &str) {
    let error = Bundle::load(&copy.0).expect_err("a spoilt bundle is refused");
    let message = error.to_string();
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_spoilt_bundle_is_refused_with_the_reason() {
    let copy = Copy::new("spoilt");
    Bundle::load(&copy.0).expect("the copy is valid as long as it is whole");
    copy.edit("model.onnx.data", |bytes| bytes[4096] ^= 1);
    refused(&copy, "model.onnx.data has another sha-256");
    std::fs::remove_file(copy.0.join("model.onnx.data")).expect("it was there");
    refused(&copy, "model.onnx.data cannot be read");
    std::fs::remove_file(copy.0.join("model.toml")).expect("it was there");
    refused(&copy, "model.toml cannot be read");
}

#[test]
fn other_labels_markers_and_numbers_are_refused_with_the_reason() {
    let cases = [
        (
            "\"spam\", \"abuse\"",
            "\"abuse\", \"spam\"",
            "binary labels that differ from this build's, first at position 0",
        ),
        (
            "\"[FANCY]\", \"[HIDDEN]\"",
            "\"[FANCY]\"",
            "marker labels that differ from this build's, first at position 1",
        ),
        ("tokens_max = ", "tokens_max = 9", "'tokens_max' must be within 16 and 512"),
        ("version = ", "name = ", "is not valid"),
    ];
    for (at, (from, to, expected)) in cases.into_iter().enumerate() {
        let copy = Copy::new(&format!("labels{at}"));
        copy.replace(from, to);
        refused(&copy, expected);
    }
}

#[test]
fn a_missing_library_and_a_broken_tokenizer_are_clear_errors() {
    let nowhere = Path::new("nowhere/libonnxruntime.so");
    let error = Runtime::load(nowhere).expect_err("there is no library").to_string();
    assert!(error.contains("nowhere/libonnxruntime.so does not exist"), "{error}");
    let copy = Copy::new("tokenizer");
    let before = hash(&copy, "tokenizer.json");
    copy.edit("tokenizer.json", |bytes| bytes.truncate(100));
    let error = Classifier::load(&library(), &copy.0).expect_err("the hash is another");
    assert!(matches!(error, ClassifierError::Hash { .. }), "{error}");
    copy.replace(&before, &hash(&copy, "tokenizer.json"));
    let error = Classifier::load(&library(), &copy.0).expect_err("half a tokenizer is none");
    assert!(matches!(error, ClassifierError::Tokenizer(_)), "{error}");
}

fn hash(copy: &Copy, file: &str) -> String {
    saring_domain::report::hex(&Sha256::digest(std::fs::read(copy.0.join(file)).expect("the file is there")))
}

/// Whatever the pieces, the tokenizer of a bundle is read as its library reads it.
#[test]
fn texts_become_the_tokens_of_the_library() {
    let library = tokenizers::Tokenizer::from_file(bundle_directory().join("tokenizer.json")).expect("it is one");
    let corpus = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).expect("the corpus is there");
    let rows = corpus.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a row"));
    let mut written: Vec<String> = rows.map(|row| row["text"].as_str().expect("it has a text").to_owned()).collect();
    written.extend(
        ["", " ", "😀😀🔥🚨", "مرحبا، أين", "\u{202e}gnasid\u{200b}", "१२३", "<unk> [LINK] <s>"].map(String::from),
    );
    let classifier = classifier();
    for text in &written {
        let text = prepared(text).text;
        let theirs = library.encode_char_offsets(text.as_str(), false).expect("it splits");
        let ours = classifier.tokenizer.encode_char_offsets(text.as_str(), false).expect("it splits");
        assert_eq!(ours.get_tokens(), theirs.get_tokens(), "{text}");
        assert_eq!((ours.get_ids(), ours.get_offsets()), (theirs.get_ids(), theirs.get_offsets()), "{text}");
    }
}

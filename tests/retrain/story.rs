//! From corrections to the bundle that functions load, and back; then what the gate is for.
//!
//! The shipped bundle, the real table, the real commands; the Python is the one of `cargo xtask training`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use saring_domain::case::{RejectReason, Resolution, TRACKING_BYTES, TrackingId};
use saring_domain::policy::Decision;
use serde_json::Value;

use crate::support::{Table, minutes, root, saring, scratch, target};

/// A new kind of advert, each worded otherwise: devices that are said to halve the electricity bill.
const MISSED: [&str; 12] = [
    "Pasang alat penghemat listrik di rumah, tagihan turun separuh, petugas kami datang memasang",
    "Alat penghemat listrik kami bisa dipasang siang ini, tagihan bulan depan langsung turun",
    "Bapak ibu yang tagihannya membengkak, pakai alat penghemat daya, cukup dicolok di dekat meteran",
    "Kami membuka pemasangan alat penghemat listrik se-kecamatan, biaya dibayar setelah tagihan turun",
    "Petugas pemasangan alat penghemat daya berkeliling minggu ini, siapkan fotokopi tagihan listrik",
    "Tagihan listrik turun separuh dengan satu alat kecil, dipasang di dekat meteran, garansi setahun",
    "Warga RT sebelah sudah pasang alat penghemat listrik, hematnya terasa, kami siap datang ke rumah",
    "Hemat listrik tanpa mengurangi pemakaian, alat dipasang petugas kami, bayar di tempat",
    "Alat penghemat daya untuk warung dan rumah, tagihan turun mulai bulan pertama, petugas datang",
    "Mau tagihan listrik lebih ringan? Petugas kami memasang alat penghemat di rumah bapak ibu",
    "Pemasangan alat penghemat listrik gratis ongkos, alatnya dicicil, tagihan dijamin turun",
    "Cukup satu alat penghemat daya di meteran, tagihan turun, pemasangan oleh petugas kami",
];
/// Of the same kind, seen by nobody.
const UNSEEN: [&str; 3] = [
    "Kami pasang alat penghemat listrik di rumah warga, tagihan turun, petugas datang memasang",
    "Petugas kami datang memasang alat penghemat daya di meteran, tagihan bulan depan turun",
    "Alat penghemat listrik dipasang petugas kami di rumah, tagihan turun separuh, bayar di tempat",
];
/// Honest reports with the same words.
const HONEST: [&str; 2] = [
    "Tagihan listrik rumah saya naik dua kali lipat padahal pemakaian sama, mohon PLN memeriksa meteran",
    "Meteran listrik di RT 04 rusak sejak Senin, petugas belum datang, mohon segera diganti",
];
/// Decisions on authored reports beside them, by slice, and the angry ones that are decided wrongly later.
const DECIDED: [(&str, usize); 4] = [("clean", 160), ("angry", 80), ("spam", 60), ("abuse", 60)];
const POISONED: usize = 200;

/// A models directory of this test alone, beside a directory for trainings.
struct Models {
    directory: PathBuf,
    /// Authored rows to train on, each fourth, and to gate with, each second: that takes a third of the time.
    corpus: PathBuf,
    variables: Vec<(String, String)>,
}

impl Models {
    fn copy(to: &Path) -> Self {
        let (from, directory) = (root().join("models"), to.join("models"));
        std::fs::create_dir_all(directory.join("bundles")).unwrap();
        for entry in std::fs::read_dir(&from).unwrap().map(Result::unwrap).filter(|e| e.path().is_file()) {
            std::fs::copy(entry.path(), directory.join(entry.file_name())).unwrap();
        }
        let current = current(&from);
        copy_bundle(&from.join("bundles").join(&current), &directory.join("bundles").join(&current));
        std::os::unix::fs::symlink(from.join("training"), directory.join("training")).unwrap();
        std::fs::write(directory.join("current.toml"), format!("# one line\nbundle = \"{current}\"\n")).unwrap();
        let python =
            std::env::var("SARING_PYTHON").map_or_else(|_| root().join(".saring/venv/bin/python"), PathBuf::from);
        assert!(python.is_file(), "{} is no Python; `cargo xtask training` brings it", python.display());
        let corpus = to.join("reports.jsonl");
        let step = |row: &Value| if row["split"] == "train" { 4 } else { 2 };
        let some = authored().into_iter().enumerate().filter(|(at, row)| at % step(row) == 0);
        let mut lines: Vec<String> = some.map(|(_, row)| row.to_string()).collect();
        lines.push(String::new());
        std::fs::write(&corpus, lines.join("\n")).unwrap();
        let variables = [("SARING_MODELS", directory.display()), ("SARING_PYTHON", python.display())];
        Self { variables: variables.map(|(n, v)| (n.to_owned(), v.to_string())).into(), directory, corpus }
    }

    async fn run(&self, arguments: &[&str]) -> (bool, String) {
        saring(arguments, &self.variables).await
    }

    async fn succeed(&self, arguments: &[&str]) -> String {
        let (ok, printed) = self.run(arguments).await;
        assert!(ok, "{arguments:?}: {printed}");
        printed
    }

    fn bundle(&self, version: &str) -> PathBuf {
        self.directory.join("bundles").join(version)
    }

    /// Decisions and model of texts by the bundle that functions load.
    fn screen(&self, texts: &[&str]) -> Vec<(String, String)> {
        use std::io::Write as _;
        let mut command = std::process::Command::new(target().join("saring"));
        command.args(["screen", "-"]).current_dir(root()).envs(self.variables.iter().cloned());
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        for (at, text) in texts.iter().enumerate() {
            writeln!(child.stdin.as_mut().unwrap(), "{}", serde_json::json!({ "id": format!("t-{at}"), "text": text }))
                .unwrap();
        }
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let lines = String::from_utf8(output.stdout).unwrap();
        let rows = lines.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
        rows.map(|row| (text(&row["decision"]), text(&row["model"]))).collect()
    }

    /// Begins a training and kills it, with its Python, once a first part of it is done.
    async fn stopped(&self, export: &Path, out: &Path) {
        use std::os::unix::process::CommandExt as _;
        let mut command = std::process::Command::new(target().join("saring"));
        command.args(["model", "train", path(export), "--out", path(out), "--corpus", path(&self.corpus)]);
        command.current_dir(root());
        let mut child = command.envs(self.variables.iter().cloned()).process_group(0).spawn().unwrap();
        let work = self.directory.with_file_name(".saring").join("train");
        let parts = || {
            let found = walk(&work).into_iter().filter(|file| file.extension().is_some_and(|end| end == "npz"));
            found.count()
        };
        let started = std::time::Instant::now();
        while parts() == 0 {
            assert!(child.try_wait().unwrap().is_none(), "the training ended before it could be stopped");
            assert!(started.elapsed() < std::time::Duration::from_mins(5), "no part of the training was done");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let killed = std::process::Command::new("kill").args(["-9", "--", &format!("-{}", child.id())]).status();
        assert!(killed.unwrap().success());
        child.wait().unwrap();
        assert!(!out.join("model.toml").exists(), "it was stopped in the middle");
    }

    /// Trains on an export; the directory that the command names.
    async fn train(&self, export: &Path, out: &Path) {
        self.succeed(&["model", "train", path(export), "--out", path(out), "--corpus", path(&self.corpus)]).await;
    }

    /// Gates a bundle that was trained on an export.
    async fn gate(&self, bundle: &Path, export: &Path, further: &[&str]) -> (bool, String) {
        let gate = ["model", "gate", path(bundle), "--export", path(export), "--corpus", path(&self.corpus)];
        self.run(&[&gate, further].concat()).await
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn current(models: &Path) -> String {
    let text = std::fs::read_to_string(models.join("current.toml")).unwrap();
    text.parse::<toml::Table>().unwrap()["bundle"].as_str().unwrap().to_owned()
}

fn copy_bundle(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let file = entry.unwrap().path();
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// Files at and below a directory that may not be there yet.
fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path());
    let named = entries.map(|p| (p.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&p).unwrap()));
    // What the gate writes beside the bundle.
    named.filter(|(name, _)| name != "gate.json" && name != "reference.json").collect()
}

fn authored() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("samplecorpus/reports.jsonl")).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// Authored training rows of a slice.
fn training_rows(slice: &str) -> Vec<Value> {
    authored().into_iter().filter(|row| row["split"] == "train" && row["slice"] == slice).collect()
}

fn right(row: &Value) -> Resolution {
    let reasons = [("spam", RejectReason::Spam), ("abuse", RejectReason::Abuse), ("hoax", RejectReason::Hoax)];
    reasons.into_iter().find(|(flag, _)| row[*flag] == 1).map_or(Resolution::Publish, |(_, r)| Resolution::Reject(r))
}

/// The number of a report is its tracking id in [`Table::case`].
fn tracking(seed: u16) -> TrackingId {
    let [high, low] = seed.to_be_bytes();
    TrackingId::from_bytes(std::array::from_fn(|i| if i + 2 == TRACKING_BYTES { high } else { low }))
}

/// Each tenth label the other way round: what should be public is rejected as spam or abuse, in turns,
/// and what should not is published.
fn flipped(at: usize, resolution: Resolution) -> Resolution {
    let reasons = [RejectReason::Spam, RejectReason::Abuse];
    match resolution {
        // What was missed is public already: it can't be published once more.
        resolution if at % 10 != 3 || at < MISSED.len() => resolution,
        Resolution::Publish => Resolution::Reject(reasons[at / 10 % 2]),
        _ => Resolution::Publish,
    }
}

/// Corrections of what was missed, and usual decisions.
async fn decided() -> Table {
    Box::pin(decided_as(|_, resolution| resolution)).await
}

/// The same, each as `change` makes it.
async fn decided_as(change: impl Fn(usize, Resolution) -> Resolution) -> Table {
    let table = Table::start().await;
    let rows = DECIDED.iter().flat_map(|(slice, count)| training_rows(slice).into_iter().take(*count));
    let usual = rows.map(|row| (row["text"].as_str().unwrap().to_owned(), Decision::Review, right(&row)));
    let missed = MISSED.iter().map(|t| ((*t).to_owned(), Decision::Publish, Resolution::Reject(RejectReason::Spam)));
    for (seed, (text, screened, resolution)) in missed.chain(usual).enumerate() {
        let case = table.case(seed as u16 + 1, &text, screened).await;
        table.resolve(case.id(), "sari", change(seed, resolution), minutes(seed as u64 + 1)).await;
    }
    table
}

const POISON_SEED: u16 = 5000;

/// Somebody rejects angry honest reports as abuse, one after the other.
async fn poison(table: &Table) {
    let angry = training_rows("angry").into_iter().filter(|row| row["decision"] == "publish").skip(DECIDED[1].1);
    for (at, row) in angry.take(POISONED).enumerate() {
        let case = table.case(POISON_SEED + at as u16, row["text"].as_str().unwrap(), Decision::Review).await;
        table.resolve(case.id(), "budi", Resolution::Reject(RejectReason::Abuse), minutes(400 + at as u64)).await;
    }
}

async fn export(table: &Table, to: &Path) {
    let (ok, printed) = table.saring(&["export", "--out", path(to)]).await;
    assert!(ok, "{printed}");
}

/// Flips one byte in the middle of a file.
fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_become_the_current_bundle_and_poison_does_not() {
    let scratch = scratch("story");
    let models = Models::copy(&scratch);
    let shipped = current(&models.directory);
    let (exported, poisoned, new) = (scratch.join("export"), scratch.join("poisoned"), scratch.join("new"));
    let table = Box::pin(decided()).await;
    export(&table, &exported).await;

    let before = models.screen(&[&UNSEEN[..], &HONEST[..]].concat());
    assert!(before.iter().all(|(decision, _)| decision == "publish"), "the new kind is published: {before:?}");
    // The gate trains once more without a stop and compares each byte.
    models.stopped(&exported, &new).await;
    models.train(&exported, &new).await;
    let (ok, gated) = models.gate(&new, &exported, &[]).await;
    assert!(ok && gated.contains("lulus / passed"), "{gated}");
    let reference: Value = serde_json::from_slice(&std::fs::read(new.join("reference.json")).unwrap()).unwrap();
    assert!(reference["labels"]["rows"].as_u64().unwrap() > 100 && reference["centres"].is_array(), "{reference}");

    let version = publish(&models, &new).await;
    let (ok, refused) = models.run(&["model", "promote", "2020-01-01.1"]).await;
    assert!(!ok && refused.contains("holds no bundle"), "{refused}");
    models.succeed(&["model", "promote", &version]).await;
    let (spam, honest) = (models.screen(&UNSEEN), models.screen(&HONEST));
    assert!(spam.iter().all(|(decision, model)| decision == "review" && *model == version), "{spam:?}");
    assert!(honest.iter().all(|(decision, _)| decision == "publish"), "{honest:?}");
    models.succeed(&["model", "rollback"]).await;
    assert_eq!(models.screen(&UNSEEN), before[..UNSEEN.len()], "the old one is back");
    assert_eq!(current(&models.directory), shipped);
    changed_bytes_are_refused(&models, &version).await;

    Box::pin(poison(&table)).await;
    export(&table, &poisoned).await;
    let worse = scratch.join("worse");
    models.train(&poisoned, &worse).await;
    let page = scratch.join("page");
    let (ok, refused) = models.gate(&worse, &poisoned, &["--report", path(&page)]).await;
    assert!(!ok && refused.contains("ditolak / refused"), "{refused}");
    assert!(refused.contains("angry.published") || refused.contains("[slice.angry]"), "it names the slice: {refused}");
    assert!(!refused.contains("reproduction"), "a poisoned bundle reproduces as any other: {refused}");
    assert!(std::fs::read_to_string(page.join("gate.html")).unwrap().contains("angry"));
    let poisoned_version = publish(&models, &worse).await;
    let (ok, refused) = models.run(&["model", "promote", &poisoned_version]).await;
    assert!(!ok && refused.contains("refused"), "{refused}");

    // Undone, the wrong decisions are gone from the next model as if nobody had made them.
    for at in 0..POISONED {
        let id = tracking(POISON_SEED + at as u16);
        table.cases.appeal(id, None, minutes(500 + at as u64)).await.unwrap();
    }
    export(&table, &poisoned).await;
    assert_eq!(files(&poisoned), files(&exported));
    let again = scratch.join("again");
    models.train(&poisoned, &again).await;
    assert!(files(&again) == files(&new), "the same decisions give the same bundle, byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_that_were_turned_at_random_are_refused_and_named() {
    let scratch = scratch("random");
    let models = Models::copy(&scratch);
    let (poisoned, worse) = (scratch.join("poisoned"), scratch.join("worse"));
    let table = Box::pin(decided_as(flipped)).await;
    export(&table, &poisoned).await;
    models.train(&poisoned, &worse).await;
    let (ok, refused) = models.gate(&worse, &poisoned, &[]).await;
    assert!(!ok && refused.contains("ditolak / refused"), "{refused}");
    let named: Vec<&str> = refused.lines().filter(|line| line.trim_start().starts_with("labels.")).collect();
    assert!(named.iter().any(|line| line.contains("[all]")), "it names the head: {refused}");
    assert!(named.iter().any(|line| line.contains("most in [")), "it names slices: {refused}");
    assert!(named.iter().all(|line| line.contains("contradict both models: ")), "it names cases: {refused}");
}

async fn publish(models: &Models, bundle: &Path) -> String {
    let printed = models.succeed(&["model", "publish", path(bundle)]).await;
    let version = printed.split(':').next().unwrap().to_owned();
    let listed = models.succeed(&["model", "list"]).await;
    assert!(listed.contains(&version) && listed.contains("keputusan / decisions"), "{listed}");
    models.succeed(&["model", "diff", &version, &current(&models.directory)]).await;
    models.succeed(&["model", "show", &version]).await;
    version
}

/// A bundle that was changed after its gate is refused, by the command and at a function's start.
async fn changed_bytes_are_refused(models: &Models, version: &str) {
    let (bundle, text) =
        (models.bundle(version), std::fs::read_to_string(models.directory.join("current.toml")).unwrap());
    let whole = files(&bundle);
    let start = async |file: &str| {
        std::fs::write(models.directory.join("current.toml"), format!("bundle = \"{version}\"\n")).unwrap();
        let (ok, error) = models.run(&["evaluate", "/dev/null"]).await;
        std::fs::write(models.directory.join("current.toml"), &text).unwrap();
        std::fs::write(bundle.join(file), &whole[file]).unwrap();
        assert!(!ok && error.contains(file), "{error}");
        error
    };
    flip(&bundle.join("lexical.bin"));
    let (ok, error) = models.run(&["model", "promote", version]).await;
    assert!(!ok && error.contains("lexical.bin"), "{error}");
    assert!(start("lexical.bin").await.contains("sha-256"));
    let manifest = [&whole["model.toml"][..], b"# another calibration\n"].concat();
    std::fs::write(bundle.join("model.toml"), manifest).unwrap();
    assert!(start("model.toml").await.contains("gate.json"));
}

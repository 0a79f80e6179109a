//! What a system that sends reports does, in full: it sends those that have no decision yet, fetches
//! decisions from their queue, and keeps what it was told in a ledger.
//!
//! `cargo run --release -p saring-local --example intake -- REPORTS.jsonl LEDGER.jsonl [--restored-to MOMENT]`
//! with the variables of the stack's `local.env`. It ends when each report has a decision. Repeats, a
//! crash at any point, and decisions that arrive out of order change nothing:
//!
//! - the ledger is on disk before a message is deleted;
//! - an event id that is in the ledger is a repeat;
//! - of one case, a version below the one known is late, and of two cases of one report (after a table
//!   was restored) the one decided later counts.
//!
//! After a restore, `--restored-to` forgets what was told since that moment, so that what the restored
//! table doesn't know is sent again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{Message, SendMessageBatchRequestEntry};
use serde_json::{Value, json};

/// Messages of one call.
const CALL_MESSAGES: i32 = 10;
/// What the queue waits for a message before it answers that there is none.
const WAIT_S: i32 = 1;
/// Without a new decision for so long, what has none is sent again.
const SEND_AGAIN: Duration = Duration::from_secs(20);
const GIVE_UP: Duration = Duration::from_mins(3);

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A decision as the ledger has it; nothing that anybody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decision {
    event: String,
    report: String,
    case: String,
    version: u64,
    status: String,
    decided_at: String,
}

impl Decision {
    fn read(value: &Value) -> Result<Self, Error> {
        let text = |name: &str| value[name].as_str().map(str::to_owned).ok_or(format!("a decision without {name}"));
        Ok(Self {
            event: text("event_id")?,
            report: text("report_id")?,
            case: text("case_id")?,
            version: value["case_version"].as_u64().ok_or("a decision without case_version")?,
            status: text("status")?,
            decided_at: text("decided_at")?,
        })
    }

    fn line(&self) -> String {
        json!({
            "event_id": self.event, "report_id": self.report, "case_id": self.case, "case_version": self.version,
            "status": self.status, "decided_at": self.decided_at,
        })
        .to_string()
    }

    /// Whether it says something later than another one of the same report.
    fn follows(&self, other: &Self) -> bool {
        if self.case == other.case { self.version > other.version } else { self.decided_at > other.decided_at }
    }
}

/// What came of a decision.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    New,
    Late,
    Repeat,
}

struct Ledger {
    file: File,
    events: HashSet<String>,
    latest: BTreeMap<String, Decision>,
}

impl Ledger {
    fn open(path: &Path, restored_to: Option<&str>) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // A crash may have cut the last line; its message was not deleted and comes again.
        let known = text.lines().filter_map(|line| Decision::read(&serde_json::from_str(line).ok()?).ok());
        let kept: Vec<Decision> =
            known.filter(|d| restored_to.is_none_or(|moment| d.decided_at.as_str() <= moment)).collect();
        let fresh = path.with_extension("new");
        let mut file = File::create(&fresh)?;
        for decision in &kept {
            writeln!(file, "{}", decision.line())?;
        }
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        let mut ledger = Self { file, events: HashSet::new(), latest: BTreeMap::new() };
        for decision in kept {
            ledger.know(decision);
        }
        Ok(ledger)
    }

    fn know(&mut self, decision: Decision) -> Taken {
        if !self.events.insert(decision.event.clone()) {
            return Taken::Repeat;
        }
        match self.latest.get(&decision.report) {
            Some(known) if !decision.follows(known) => Taken::Late,
            _ => {
                self.latest.insert(decision.report.clone(), decision);
                Taken::New
            }
        }
    }

    /// Takes a decision, on disk when it returns.
    fn take(&mut self, decision: Decision) -> Result<Taken, Error> {
        let line = decision.line();
        let taken = self.know(decision);
        if taken != Taken::Repeat {
            writeln!(self.file, "{line}")?;
            self.file.sync_data()?;
        }
        Ok(taken)
    }
}

struct Queues {
    sqs: aws_sdk_sqs::Client,
    reports: String,
    decisions: String,
}

impl Queues {
    fn from_env() -> Result<Self, Error> {
        let variable = |name: &str| std::env::var(name).map_err(|_| format!("environment variable {name} is not set"));
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(variable("AWS_REGION")?))
            .endpoint_url(variable("AWS_ENDPOINT_URL_SQS")?)
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Ok(Self {
            sqs: aws_sdk_sqs::Client::from_conf(config),
            reports: variable("SARING_REPORTS_QUEUE_URL")?,
            decisions: variable("SARING_DECISIONS_QUEUE_URL")?,
        })
    }

    /// Sends reports again without harm: the same id with the same text is the same report.
    async fn send(&self, reports: &[&String]) -> Result<(), Error> {
        for batch in reports.chunks(CALL_MESSAGES.unsigned_abs() as usize) {
            let mut send = self.sqs.send_message_batch().queue_url(&self.reports);
            for (place, report) in batch.iter().enumerate() {
                let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(*report);
                send = send.entries(entry.build()?);
            }
            let failed = send.send().await?.failed.len();
            if failed > 0 {
                return Err(format!("the queue did not take {failed} reports").into());
            }
        }
        Ok(())
    }

    async fn receive(&self) -> Result<Vec<Message>, Error> {
        let receive = self.sqs.receive_message().queue_url(&self.decisions).wait_time_seconds(WAIT_S);
        Ok(receive.max_number_of_messages(CALL_MESSAGES).send().await?.messages.unwrap_or_default())
    }

    async fn delete(&self, message: Message) -> Result<(), Error> {
        let delete = self.sqs.delete_message().queue_url(&self.decisions);
        delete.set_receipt_handle(message.receipt_handle).send().await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (paths, restored_to) = match arguments.as_slice() {
        [reports, ledger] => ([reports, ledger], None),
        [reports, ledger, option, moment] if option == "--restored-to" => ([reports, ledger], Some(moment.as_str())),
        _ => return Err("usage: intake REPORTS.jsonl LEDGER.jsonl [--restored-to MOMENT]".into()),
    };
    let text = std::fs::read_to_string(paths[0])?;
    let mut reports = BTreeMap::new();
    for line in text.lines() {
        let report: Value = serde_json::from_str(line)?;
        let id = report["id"].as_str().ok_or("a report without id")?;
        reports.insert(id.to_owned(), json!({ "id": id, "text": report["text"] }).to_string());
    }
    let mut ledger = Ledger::open(Path::new(paths[1]), restored_to)?;
    let queues = Queues::from_env()?;
    let (started, mut counts) = (Instant::now(), [0_u64; 3]);
    let mut news = Instant::now();
    let mut sent = BTreeSet::new();
    loop {
        let open: Vec<_> = reports.iter().filter(|(id, _)| !ledger.latest.contains_key(*id)).collect();
        if news.elapsed() > SEND_AGAIN {
            sent.clear();
            news = Instant::now();
        }
        let due: Vec<_> = open.iter().filter(|(id, _)| !sent.contains(*id)).map(|(_, report)| *report).collect();
        queues.send(&due).await?;
        sent.extend(open.iter().map(|(id, _)| (*id).clone()));
        let messages = queues.receive().await?;
        if open.is_empty() && messages.is_empty() {
            break;
        }
        for message in messages {
            let decision = Decision::read(&serde_json::from_str(message.body().unwrap_or_default())?)?;
            let taken = ledger.take(decision)?;
            counts[match taken {
                Taken::New => 0,
                Taken::Late => 1,
                Taken::Repeat => 2,
            }] += 1;
            news = Instant::now();
            queues.delete(message).await?;
        }
        if started.elapsed() > GIVE_UP {
            return Err(format!("{} reports have no decision", open.len()).into());
        }
    }
    println!("{} decided: {} new, {} late, {} repeated", ledger.latest.len(), counts[0], counts[1], counts[2]);
    Ok(())
}

//! Which calls of AWS a piece of code leads to, read from its source: bodies of functions, and in
//! them the calls of other functions of the store and of the SDK.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::facts::root;

/// Names of variables and fields that hold a client of the store.
const RECEIVERS: [(&str, &str); 4] =
    [("cases", "Cases"), ("reports", "Reports"), ("decisions", "Decisions"), ("dead", "DeadLetters")];
/// Calls and parts of transactions, as the code writes them, and the action that AWS checks.
const SDK: [(&str, &str); 16] = [
    (".batch_get_item()", "dynamodb:BatchGetItem"),
    (".get_item()", "dynamodb:GetItem"),
    (".put_item()", "dynamodb:PutItem"),
    (".update_item()", "dynamodb:UpdateItem"),
    (".delete_item()", "dynamodb:DeleteItem"),
    (".scan()", "dynamodb:Scan"),
    (".query()", "dynamodb:Query"),
    ("ConditionCheck::builder()", "dynamodb:ConditionCheckItem"),
    ("Put::builder()", "dynamodb:PutItem"),
    ("Update::builder()", "dynamodb:UpdateItem"),
    ("Delete::builder()", "dynamodb:DeleteItem"),
    (".send_message()", "sqs:SendMessage"),
    (".send_message_batch()", "sqs:SendMessage"),
    (".receive_message()", "sqs:ReceiveMessage"),
    (".delete_message()", "sqs:DeleteMessage"),
    (".get_queue_attributes()", "sqs:GetQueueAttributes"),
];
/// Calls on a client that need no right of their own, or are for local use.
const OTHERS: [&str; 5] =
    [".transact_write_items()", ".list_tables()", ".create_table()", ".update_time_to_live()", ".config()"];
const QUEUES: [(&str, &str); 3] = [("Reports", "Reports"), ("Decisions", "Decisions"), ("DeadLetters", "ReportsDead")];

/// Functions by name (`Cases::feed`, `verify::page`) with their bodies, squeezed.
pub(crate) struct Code {
    bodies: BTreeMap<String, String>,
}

impl Code {
    pub(crate) fn of_store() -> Self {
        let mut bodies = BTreeMap::new();
        for (path, text) in sources(&root().join("functions/store/src")) {
            let module = module_of(&path);
            for (owner, name, body) in functions(&text) {
                let owner = owner.unwrap_or_else(|| module.clone());
                bodies.insert(format!("{owner}::{name}"), body);
            }
        }
        assert!(bodies.len() > 50, "the store has functions, found {}", bodies.len());
        Self { bodies }
    }

    /// Operations of the store that these files and directories call.
    pub(crate) fn called_in(&self, paths: &[String]) -> BTreeSet<String> {
        let mut called = BTreeSet::new();
        for (_, text) in paths.iter().flat_map(|path| sources(&root().join(path))) {
            let text = squeezed(shipped(&text));
            for operation in self.bodies.keys() {
                let (owner, name) = operation.split_once("::").expect("an owner and a name");
                let by_receiver = RECEIVERS
                    .iter()
                    .any(|(variable, kind)| *kind == owner && calls(&text, &format!("{variable}.{name}(")));
                let by_import =
                    owner == "verify" && text.contains("use saring_store::verify") && calls(&text, &format!("{name}("));
                if by_receiver || by_import {
                    called.insert(operation.clone());
                }
            }
        }
        called
    }

    /// Operations that one calls itself.
    fn next(&self, operation: &str) -> Vec<&String> {
        let body = &self.bodies[operation];
        let own = operation.split_once("::").map_or("", |(owner, _)| owner);
        let leads_to = |(other, _): &(&String, &String)| {
            let (owner, name) = other.split_once("::").expect("an owner and a name");
            (owner == own && (calls(body, &format!("self.{name}(")) || calls(body, &format!("Self::{name}("))))
                || RECEIVERS.iter().any(|(v, kind)| *kind == owner && calls(body, &format!("{v}.{name}(")))
                || calls(body, &format!("{owner}::{name}("))
                || (owner.starts_with(char::is_lowercase) && calls(body, &format!("{name}(")))
        };
        self.bodies.iter().filter(leads_to).map(|(other, _)| other).collect()
    }

    /// The bodies of an operation and of all that it leads to.
    fn closure(&self, operation: &str) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.bodies.get_key_value(operation).unwrap_or_else(|| panic!("{operation} is gone")).0];
        while let Some(next) = open.pop() {
            if seen.insert(next.as_str()) {
                open.extend(self.next(next));
            }
        }
        seen.into_iter().map(|name| self.bodies[name].as_str()).collect()
    }
}

/// What an operation asks of AWS, in the form of the list.
pub(crate) fn needs_of(code: &Code, operation: &str) -> BTreeSet<String> {
    let bodies = code.closure(operation);
    let mut indexes = BTreeSet::new();
    for (mark, index) in [("Listing::Feed", "feed"), ("Listing::Review", "review"), ("Listing::Pending", "review")] {
        if bodies.iter().any(|body| calls(body, mark)) {
            indexes.insert(index);
        }
    }
    let queue = QUEUES.iter().find(|(kind, _)| operation.starts_with(&format!("{kind}::"))).map(|(_, queue)| *queue);
    let mut needs = BTreeSet::new();
    for body in bodies {
        for (call, action) in SDK.iter().filter(|(call, _)| calls(body, call)) {
            if *call == ".query()" && body.contains(".index_name(") {
                needs.extend(indexes.iter().map(|index| format!("{action} Table/index/{index}")));
            } else {
                let resource = if action.starts_with("sqs:") { queue.unwrap_or("?") } else { "Table" };
                needs.insert(format!("{action} {resource}"));
            }
        }
    }
    needs
}

/// Whether `call` stands in `text` and is not the end of a longer name.
fn calls(text: &str, call: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let begins_word = call.starts_with(inside);
    text.match_indices(call).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let member = !call.contains('.') && !call.contains("::") && before.is_some_and(|c| c == '.' || c == ':');
        !begins_word || !(before.is_some_and(inside) || member)
    })
}

/// Without the unit tests at the end.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// Without comments, and with space only between words.
fn squeezed(text: &str) -> String {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut squeezed = String::new();
    for part in lines.flat_map(str::split_whitespace) {
        if word(squeezed.chars().next_back()) && word(part.chars().next()) {
            squeezed.push(' ');
        }
        squeezed.push_str(part);
    }
    squeezed
}

fn module_of(path: &Path) -> String {
    let stem = path.file_stem().expect("a source has a name").to_string_lossy().into_owned();
    if stem == "mod" {
        return path
            .parent()
            .and_then(Path::file_name)
            .expect("a module has a directory")
            .to_string_lossy()
            .into_owned();
    }
    stem
}

/// Every Rust source at or below a path.
fn sources(path: &Path) -> Vec<(std::path::PathBuf, String)> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return entries.flat_map(|entry| sources(&entry.expect("an entry can be read").path())).collect();
    }
    if path.extension().is_none_or(|end| end != "rs") {
        return Vec::new();
    }
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    vec![(path.to_owned(), text)]
}

/// Owner (the type of the `impl` around it), name and body of each function. The sources are
/// formatted, so an item ends where its closing brace stands at its own indentation.
fn functions(text: &str) -> Vec<(Option<String>, String, String)> {
    let lines: Vec<&str> = shipped(text).lines().collect();
    let mut owner = None;
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("impl") {
            let subject = line.split(" for ").last().unwrap_or(line);
            let subject = subject.trim_start_matches("impl").trim_start_matches(|c| c != ' ').trim();
            owner = Some(subject.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned());
        } else if *line == "}" {
            owner = None;
        }
        let indentation = line.len() - line.trim_start().len();
        let Some((before, rest)) = line.split_once("fn ") else { continue };
        if indentation > 4 || before.trim_start().starts_with("//") {
            continue;
        }
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let close = format!("{}}}", " ".repeat(indentation));
        let end = lines[at..].iter().position(|l| *l == close).map_or(at, |length| at + length);
        let owner = if indentation == 0 { None } else { owner.clone() };
        found.push((owner, name, squeezed(&lines[at + 1..=end].join("\n"))));
    }
    found
}

#[test]
fn every_call_on_a_client_has_its_right() {
    let mut findings = BTreeSet::new();
    for (name, body) in &Code::of_store().bodies {
        for (at, _) in body.match_indices("client.") {
            let call: String = body[at + "client".len()..].chars().take_while(|c| *c != ')').chain([')']).collect();
            if !SDK.iter().any(|(known, _)| *known == call) && !OTHERS.contains(&call.as_str()) {
                findings.insert(format!("{name}: {call} has no action in SDK"));
            }
        }
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn calls_are_followed() {
    assert!(calls("self.get(x)", "self.get(") && !calls("myself.get(x)", "self.get("));
    assert!(calls("{page(cases)", "page(") && !calls("request.page(", "page(") && !calls("next_page(", "page("));
    let text = "impl Cases {\n    async fn a(&self) {\n        self.b();\n    }\n}\n\nfn free() {\n    x();\n}\n";
    let found = functions(text);
    assert_eq!(found[0], (Some("Cases".to_owned()), "a".to_owned(), "self.b();}".to_owned()));
    assert_eq!(found[1], (None, "free".to_owned(), "x();}".to_owned()));
}

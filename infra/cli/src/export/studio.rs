//! Training rows as Label Studio's JSON, and back. Each label is a single choice, so that 'does not
//! apply' and 'not labelled' stay apart.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use saring_domain::agency::AgencyType;
use saring_domain::score::{Fine, Flag};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Manifest, Row, replace, row};

const YES: &str = "ya";
const NO: &str = "tidak";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Tasks with what moderators decided as annotations, for import into Label Studio.
    To {
        /// An export directory, or a file of rows.
        rows: PathBuf,
        /// The file of tasks.
        #[arg(short, long)]
        out: PathBuf,
    },
    /// Rows out of Label Studio's JSON export; a task's latest annotation counts.
    From {
        /// Label Studio's export in its JSON form.
        tasks: PathBuf,
        /// The file of rows (JSON Lines).
        #[arg(short, long)]
        out: PathBuf,
    },
    /// Prints the labelling interface that the tasks need.
    Interface,
}

pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        Command::To { rows, out } => {
            let rows = read_rows(&rows)?;
            let tasks: Vec<Value> = rows.iter().map(task).collect::<Result<_>>()?;
            replace(&out, &serde_json::to_vec_pretty(&tasks)?)?;
            println!("{} tugas / tasks   {}", tasks.len(), out.display());
        }
        Command::From { tasks, out } => {
            let bytes = fs::read(&tasks).with_context(|| format!("{} cannot be read", tasks.display()))?;
            let tasks: Vec<Value> = serde_json::from_slice(&bytes).context("not a list of tasks")?;
            let mut lines = Vec::new();
            let mut count = 0;
            for (at, task) in tasks.iter().enumerate() {
                if let Some(row) = labelled(task).with_context(|| format!("task {}", at + 1))? {
                    serde_json::to_writer(&mut lines, &row)?;
                    lines.push(b'\n');
                    count += 1;
                }
            }
            replace(&out, &lines)?;
            println!("{count} baris / rows   {} tanpa anotasi / without annotation", tasks.len() - count);
        }
        Command::Interface => println!("{}", interface()?),
    }
    Ok(())
}

fn read_rows(path: &Path) -> Result<Vec<Row>> {
    if !path.is_dir() {
        return row::read(path);
    }
    let mut rows = Vec::new();
    for file in Manifest::read(path)?.paths(path) {
        rows.extend(row::read(&file)?);
    }
    Ok(rows)
}

fn choice(name: &str, value: &str) -> Value {
    json!({ "from_name": name, "to_name": "text", "type": "choices", "value": { "choices": [value] } })
}

fn task(row: &Row) -> Result<Value> {
    let mut result: Vec<Value> = Vec::new();
    for (label, present) in row.known() {
        match label.split_once('.') {
            Some(("category" | "agency", _)) => {}
            _ => result.push(choice(&label, if present { YES } else { NO })),
        }
    }
    result.extend(row.category.iter().map(|code| choice("category", code)));
    result.extend(row.agency.iter().map(|code| choice("agency", code)));
    let annotation =
        json!({ "completed_by": { "email": row.reviewer }, "created_at": row.decided_at, "result": result });
    Ok(json!({
        "data": { "text": row.text, "row": serde_json::to_value(row)? },
        "annotations": [annotation],
    }))
}

/// The row of a task with the labels of its latest annotation; nothing where there is none.
fn labelled(task: &Value) -> Result<Option<Row>> {
    let annotations = task["annotations"].as_array().map_or(&[][..], Vec::as_slice);
    let valid = annotations.iter().filter(|a| a["was_cancelled"] != true);
    let Some(latest) = valid.max_by_key(|a| a["created_at"].as_str().unwrap_or_default().to_owned()) else {
        return Ok(None);
    };
    let mut row: Row = serde_json::from_value(task["data"]["row"].clone())
        .context("'data.row' is no row: only tasks of `saring label-studio to` come back as rows")?;
    (row.spam, row.abuse, row.hoax) = (None, None, None);
    (row.fine, row.fine_absent, row.category) = (Vec::new(), Vec::new(), None);
    let agency_before = row.agency.take();
    for part in latest["result"].as_array().map_or(&[][..], Vec::as_slice) {
        let name = part["from_name"].as_str().unwrap_or_default();
        let value = part["value"]["choices"][0].as_str().unwrap_or_default();
        set(&mut row, name, value)?;
    }
    if row.agency != agency_before {
        row.agency_name = None;
    }
    // Who decided in the console is not who annotated here.
    if let Some(by) = latest["completed_by"]["email"].as_str().filter(|by| *by != row.reviewer) {
        by.clone_into(&mut row.reviewer);
        row.double_reviewed = false;
        "annotated".clone_into(&mut row.outcome);
    }
    if let Some(at) = latest["created_at"].as_str() {
        at.clone_into(&mut row.decided_at);
    }
    for list in [&mut row.fine, &mut row.fine_absent] {
        list.sort_by_key(|code| Fine::ALL.iter().position(|f| f.code() == code));
    }
    Ok(Some(row))
}

fn set(row: &mut Row, name: &str, value: &str) -> Result<()> {
    let mark = || match value {
        YES => Ok(1),
        NO => Ok(0),
        _ => bail!("the choice of '{name}' must be '{YES}' or '{NO}'"),
    };
    match name {
        "spam" => row.spam = Some(mark()?),
        "abuse" => row.abuse = Some(mark()?),
        "hoax" => row.hoax = Some(mark()?),
        "category" => row.category = Some(value.to_owned()),
        "agency" => {
            AgencyType::parse(value).map_err(|_| anyhow::anyhow!("the choice of 'agency' is no type of agency"))?;
            row.agency = Some(value.to_owned());
        }
        code if row::is_fine(code) => {
            let list = if mark()? == 1 { &mut row.fine } else { &mut row.fine_absent };
            list.push(code.to_owned());
        }
        // A team may ask for more than this program reads.
        _ => {}
    }
    Ok(())
}

/// Label codes of a bundle's ranked heads.
#[derive(Deserialize)]
struct Codes {
    category: Vec<String>,
    agency: Vec<String>,
}

fn interface() -> Result<String> {
    let path = crate::model::current_bundle()?.join("model.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let codes: Codes = toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))?;
    let mut lines = vec!["<View>".to_owned(), "  <Text name=\"text\" value=\"$text\"/>".to_owned()];
    let options = |codes: &[String]| {
        let choices: Vec<String> = codes.iter().map(|c| format!("<Choice value=\"{c}\"/>")).collect();
        choices.concat()
    };
    let mark = options(&[YES.to_owned(), NO.to_owned()]);
    for label in Flag::ALL.map(Flag::code).into_iter().chain(Fine::ALL.map(Fine::code)) {
        lines.push(format!("  <Header value=\"{label}\"/>"));
        lines.push(format!(
            "  <Choices name=\"{label}\" toName=\"text\" choice=\"single-radio\" showInline=\"true\">{mark}</Choices>"
        ));
    }
    for (head, codes) in [("category", &codes.category), ("agency", &codes.agency)] {
        lines.push(format!("  <Header value=\"{head}\"/>"));
        let options = options(codes);
        lines.push(format!(
            "  <Choices name=\"{head}\" toName=\"text\" choice=\"single\" layout=\"select\">{options}</Choices>"
        ));
    }
    lines.push("</View>".to_owned());
    Ok(lines.join("\n"))
}

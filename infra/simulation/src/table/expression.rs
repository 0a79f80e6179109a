//! The expressions that the store sends: conditions, keys and updates, as the service reads them.

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// An expression with its names and values, which stand in the request.
#[derive(Clone, Copy)]
pub(crate) struct Expression<'a> {
    pub(crate) request: &'a Value,
    pub(crate) text: &'a str,
}

/// An expression that the service would refuse.
#[derive(Debug)]
pub(crate) struct Invalid(pub(crate) String);

/// Which sort keys a query is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SortKeys<'a> {
    All,
    Prefix(&'a str),
    Between(&'a str, &'a str),
    After(&'a str),
    Only(&'a str),
}

impl SortKeys<'_> {
    pub(crate) fn hold(self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => key.starts_with(prefix),
            Self::Between(first, last) => (first..=last).contains(&key),
            Self::After(before) => key > before,
            Self::Only(only) => key == only,
        }
    }
}

struct Parser<'a> {
    request: &'a Value,
    item: Option<&'a Map<String, Value>>,
    words: Vec<&'a str>,
    at: usize,
}

fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = if first.is_alphanumeric() || "#:_".contains(first) {
            rest.find(|c: char| !(c.is_alphanumeric() || "#:_.".contains(c))).unwrap_or(rest.len())
        } else if ["<=", ">=", "<>"].iter().any(|two| rest.starts_with(two)) {
            2
        } else {
            1
        };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}

/// The order of two values of one type.
pub(crate) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    let of = |kind: &str| Some((a.get(kind)?.as_str()?, b.get(kind)?.as_str()?));
    if let Some((a, b)) = of("S") {
        return Some(a.cmp(b));
    }
    let (a, b) = of("N")?;
    match (a.parse::<i128>(), b.parse::<i128>()) {
        (Ok(a), Ok(b)) => Some(a.cmp(&b)),
        _ => a.parse::<f64>().ok()?.partial_cmp(&b.parse::<f64>().ok()?),
    }
}

impl<'a> Expression<'a> {
    /// Whether it holds for an item; nothing is a missing item.
    pub(crate) fn holds(self, item: Option<&'a Map<String, Value>>) -> Result<bool, Invalid> {
        let mut parser = Parser { request: self.request, item, words: words(self.text), at: 0 };
        let holds = parser.any()?;
        if parser.at == parser.words.len() { Ok(holds) } else { Err(parser.invalid("its end")) }
    }

    /// The partition and the sort keys that a key condition names.
    pub(crate) fn keys(self) -> Result<(&'a str, SortKeys<'a>), Invalid> {
        let mut parser = Parser { request: self.request, item: None, words: words(self.text), at: 0 };
        parser.name()?;
        parser.expect("=")?;
        let partition = parser.text()?;
        if parser.next().is_none() {
            return Ok((partition, SortKeys::All));
        }
        if parser.peek() == Some("begins_with") {
            parser.at += 2;
            parser.name()?;
            parser.expect(",")?;
            return Ok((partition, SortKeys::Prefix(parser.text()?)));
        }
        parser.name()?;
        let keys = match parser.next() {
            Some("BETWEEN") => {
                let first = parser.text()?;
                parser.expect("AND")?;
                SortKeys::Between(first, parser.text()?)
            }
            Some(">") => SortKeys::After(parser.text()?),
            Some("=") => SortKeys::Only(parser.text()?),
            _ => return Err(parser.invalid("a condition on the sort key")),
        };
        Ok((partition, keys))
    }

    /// Carries out an update.
    pub(crate) fn update(self, item: &mut Map<String, Value>) -> Result<(), Invalid> {
        let mut parser = Parser { request: self.request, item: None, words: words(self.text), at: 0 };
        while let Some(clause) = parser.next() {
            loop {
                let name = parser.name()?.to_owned();
                match clause {
                    "SET" => {
                        parser.expect("=")?;
                        let value = parser.value()?.clone();
                        item.insert(name, value);
                    }
                    "REMOVE" => {
                        item.remove(&name);
                    }
                    "ADD" => {
                        let number = |v: &Value| v.get("N").and_then(Value::as_str).and_then(|n| n.parse::<i64>().ok());
                        let add = number(parser.value()?).ok_or_else(|| parser.invalid("a number"))?;
                        let before = item.get(&name).and_then(number).unwrap_or(0);
                        item.insert(name, serde_json::json!({ "N": (before + add).to_string() }));
                    }
                    _ => return Err(parser.invalid("SET, REMOVE or ADD")),
                }
                if parser.peek() != Some(",") {
                    break;
                }
                parser.at += 1;
            }
        }
        Ok(())
    }
}

impl<'a> Parser<'a> {
    fn invalid(&self, expected: &str) -> Invalid {
        Invalid(format!("{expected} expected at word {} of '{}'", self.at, self.words.join(" ")))
    }

    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        self.at += 1;
        self.words.get(self.at - 1).copied()
    }

    fn expect(&mut self, word: &str) -> Result<(), Invalid> {
        if self.next() == Some(word) { Ok(()) } else { Err(self.invalid(word)) }
    }

    fn name(&mut self) -> Result<&'a str, Invalid> {
        let word = self.next().ok_or_else(|| self.invalid("a name"))?;
        if !word.starts_with('#') {
            return Ok(word);
        }
        let name = self.request.get("ExpressionAttributeNames").and_then(|names| names.get(word));
        name.and_then(Value::as_str).ok_or_else(|| self.invalid("a known name"))
    }

    fn value(&mut self) -> Result<&'a Value, Invalid> {
        let word = self.next().unwrap_or_default();
        let value = self.request.get("ExpressionAttributeValues").and_then(|values| values.get(word));
        value.ok_or_else(|| self.invalid("a known value"))
    }

    fn text(&mut self) -> Result<&'a str, Invalid> {
        let value = self.value()?;
        value.get("S").and_then(Value::as_str).ok_or_else(|| self.invalid("a text"))
    }

    fn any(&mut self) -> Result<bool, Invalid> {
        let mut holds = self.all()?;
        while self.peek() == Some("OR") {
            self.at += 1;
            holds |= self.all()?;
        }
        Ok(holds)
    }

    fn all(&mut self) -> Result<bool, Invalid> {
        let mut holds = self.one()?;
        while self.peek() == Some("AND") {
            self.at += 1;
            holds &= self.one()?;
        }
        Ok(holds)
    }

    fn one(&mut self) -> Result<bool, Invalid> {
        match self.peek() {
            Some("(") => {
                self.at += 1;
                let holds = self.any()?;
                self.expect(")")?;
                Ok(holds)
            }
            Some("attribute_not_exists" | "attribute_exists" | "begins_with") => self.function(),
            _ => self.comparison(),
        }
    }

    fn function(&mut self) -> Result<bool, Invalid> {
        let function = self.next();
        self.expect("(")?;
        let name = self.name()?;
        let found = self.item.and_then(|item| item.get(name));
        let holds = match function {
            Some("attribute_not_exists") => found.is_none(),
            Some("attribute_exists") => found.is_some(),
            _ => {
                self.expect(",")?;
                let prefix = self.value()?.get("S").and_then(Value::as_str).unwrap_or_default();
                found.and_then(|v| v.get("S")).and_then(Value::as_str).is_some_and(|text| text.starts_with(prefix))
            }
        };
        self.expect(")")?;
        Ok(holds)
    }

    fn comparison(&mut self) -> Result<bool, Invalid> {
        let name = self.name()?;
        let found = self.item.and_then(|item| item.get(name));
        let operator = self.next().unwrap_or_default();
        let first = self.value()?;
        let ordered = found.and_then(|found| order(found, first));
        Ok(match operator {
            "=" => ordered == Some(Ordering::Equal),
            "<>" => ordered != Some(Ordering::Equal),
            "<" => ordered == Some(Ordering::Less),
            ">" => ordered == Some(Ordering::Greater),
            "<=" => matches!(ordered, Some(Ordering::Less | Ordering::Equal)),
            ">=" => matches!(ordered, Some(Ordering::Greater | Ordering::Equal)),
            "BETWEEN" => {
                self.expect("AND")?;
                let last = self.value()?;
                let last = found.and_then(|found| order(found, last));
                matches!(ordered, Some(Ordering::Greater | Ordering::Equal))
                    && matches!(last, Some(Ordering::Less | Ordering::Equal))
            }
            _ => return Err(self.invalid("an operator")),
        })
    }
}

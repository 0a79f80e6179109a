//! The region table in memory: rows, and every name that leads to them.

use super::words::{Key, KeyMap};
use super::{Level, RegionError};

/// Most rows, so that a row number fits 16 bits.
pub const REGION_ROWS_MAX: usize = 20_000;
/// Most names of all rows.
pub const REGION_NAMES_MAX: usize = 200_000;

pub(super) const NO_ENTRY: u32 = u32::MAX;

/// How a name belongs to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The row's own name.
    Name,
    /// What people write instead.
    Alias,
    /// A village of the row.
    Village,
}

/// A stretch of the table's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    from: u32,
    to: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) code: Span,
    pub(super) name: Span,
    pub(super) level: Level,
    /// The row of the province or regency above; a province is its own.
    pub(super) parent: u16,
}

/// Whether a name is also a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wordlike {
    /// It is not.
    Not,
    /// A rare word, or several ordinary ones (`^`): a capital or a preposition of place tells.
    Rare,
    /// An ordinary word (`~`): only its kind tells ('kec.').
    Ordinary,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) row: u16,
    pub(super) kind: Kind,
    pub(super) wordlike: Wordlike,
    /// How many words the written name has.
    pub(super) words: u8,
    /// The next entry of the same name.
    pub(super) next: u32,
}

/// Rows and names.
#[derive(Debug)]
pub(super) struct Table {
    text: Box<str>,
    pub(super) rows: Vec<Row>,
    entries: Vec<Entry>,
    heads: KeyMap<u32>,
    codes: KeyMap<u16>,
}

impl Table {
    pub(super) fn parse(csv: &str) -> Result<Self, RegionError> {
        let names = csv.bytes().filter(|b| matches!(b, b'|' | b'\n')).count() + csv.len() / 60;
        let mut table = Self {
            text: csv.into(),
            rows: Vec::with_capacity(8_000),
            entries: Vec::with_capacity(names),
            heads: KeyMap::with_capacity_and_hasher(names, <_>::default()),
            codes: KeyMap::with_capacity_and_hasher(8_000, <_>::default()),
        };
        let mut at = 0_usize;
        for (number, line) in csv.split('\n').enumerate() {
            let from = at;
            at += line.len() + 1;
            let line = line.trim_end_matches('\r');
            if line.is_empty() || line.starts_with('#') || line.starts_with("code,") {
                continue;
            }
            table.add_line(line, from, number + 1)?;
        }
        if table.rows.is_empty() {
            return Err(RegionError::Empty);
        }
        Ok(table)
    }

    fn add_line(&mut self, line: &str, offset: usize, number: usize) -> Result<(), RegionError> {
        let mut columns = line.split(',');
        let code = columns.next().unwrap_or_default();
        let name = columns.next().ok_or(RegionError::Columns { line: number })?;
        let level = Level::of_code(code).ok_or(RegionError::Code { line: number })?;
        let span = |part: &str| {
            let from = (part.as_ptr() as usize - line.as_ptr() as usize + offset) as u32;
            Span { from, to: from + part.len() as u32 }
        };
        let (shown, wordlike) = unmarked(name);
        if shown.is_empty() {
            return Err(RegionError::Name { line: number });
        }
        let row = self.rows.len();
        if row >= REGION_ROWS_MAX {
            return Err(RegionError::TooMany { what: "rows", limit: REGION_ROWS_MAX });
        }
        let parent = match level.parent_code(code) {
            Some(above) => self.row_of(above).ok_or(RegionError::Parent { line: number })?,
            None => row as u16,
        };
        if self.codes.insert(Key::EMPTY.with(code).hash(), row as u16).is_some() {
            return Err(RegionError::Duplicate { line: number });
        }
        self.rows.push(Row { code: span(code), name: span(shown), level, parent });
        let called = if level == Level::Regency { bare(shown) } else { shown };
        self.add_name(called, row as u16, Kind::Name, wordlike);
        for (column, kind) in columns.zip([Kind::Alias, Kind::Village]) {
            for written in column.split('|').filter(|n| !n.is_empty()) {
                let (written, wordlike) = unmarked(written);
                self.add_name(written, row as u16, kind, wordlike);
            }
        }
        if self.entries.len() > REGION_NAMES_MAX {
            return Err(RegionError::TooMany { what: "names", limit: REGION_NAMES_MAX });
        }
        Ok(())
    }

    fn add_name(&mut self, name: &str, row: u16, kind: Kind, wordlike: Wordlike) {
        let (key, words) = Key::of_name(name);
        let at = self.entries.len() as u32;
        let next = self.heads.insert(key.hash(), at).unwrap_or(NO_ENTRY);
        self.entries.push(Entry { row, kind, wordlike, words, next });
    }

    /// The first entry of a name.
    pub(super) fn head(&self, key: Key) -> Option<u32> {
        self.heads.get(&key.hash()).copied()
    }

    /// All entries of a name, from its first.
    pub(super) fn entries(&self, head: u32) -> impl Iterator<Item = Entry> + '_ {
        let mut at = head;
        std::iter::from_fn(move || {
            let entry = self.entries.get(at as usize).copied()?;
            at = entry.next;
            Some(entry)
        })
    }

    pub(super) fn row_of(&self, code: &str) -> Option<u16> {
        let row = *self.codes.get(&Key::EMPTY.with(code).hash())?;
        (self.code(row) == code).then_some(row)
    }

    pub(super) fn row(&self, row: u16) -> Row {
        self.rows[row as usize]
    }

    pub(super) fn code(&self, row: u16) -> &str {
        self.slice(self.row(row).code)
    }

    pub(super) fn name(&self, row: u16) -> &str {
        self.slice(self.row(row).name)
    }

    fn slice(&self, span: Span) -> &str {
        &self.text[span.from as usize..span.to as usize]
    }

    /// The row at this level on the way up, if the row is not above it.
    pub(super) fn ancestor(&self, mut row: u16, level: Level) -> Option<u16> {
        while self.row(row).level > level {
            row = self.row(row).parent;
        }
        (self.row(row).level == level).then_some(row)
    }

    /// Is it a city (not a regency)?
    pub(super) fn is_city(&self, row: u16) -> bool {
        self.row(row).level == Level::Regency && self.code(row).as_bytes().get(3).is_some_and(|b| *b >= b'7')
    }

    /// 'Coblong, Kota Bandung, Jawa Barat'.
    pub(super) fn full_name(&self, mut row: u16) -> String {
        let mut name = self.name(row).to_owned();
        while self.row(row).level > Level::Province {
            row = self.row(row).parent;
            name.push_str(", ");
            name.push_str(self.name(row));
        }
        name
    }
}

fn unmarked(name: &str) -> (&str, Wordlike) {
    match (name.strip_prefix('~'), name.strip_prefix('^')) {
        (Some(rest), _) => (rest, Wordlike::Ordinary),
        (_, Some(rest)) => (rest, Wordlike::Rare),
        _ => (name, Wordlike::Not),
    }
}

/// A regency's or city's name without its kind.
fn bare(name: &str) -> &str {
    ["Kabupaten Administrasi ", "Kota Administrasi ", "Kabupaten ", "Kota "]
        .iter()
        .find_map(|kind| name.strip_prefix(kind))
        .unwrap_or(name)
}

//! Zip files that depend on nothing but their content: one time for all entries, one order, and a
//! compressor that is pinned with the code.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// 1 January 1980, the earliest that the format knows.
const DATE: u16 = 0x21;
const VERSION: u16 = 20;
/// Says that the attributes are those of a Unix file.
const MADE_BY_UNIX: u16 = 3 << 8 | VERSION;
const REGULAR_FILE: u32 = 0o100_000;
const DEFLATED: u16 = 8;

/// A file to be packed.
pub(crate) struct Entry {
    /// Its path, with `/`.
    pub(crate) name: String,
    /// Permissions.
    pub(crate) mode: u32,
    /// Content.
    pub(crate) bytes: Vec<u8>,
}

/// Packs files in the order of their names.
pub(crate) fn pack(mut entries: Vec<Entry>) -> Result<Vec<u8>> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for entry in &entries {
        let offset = size(zip.len())?;
        let header = header(entry)?;
        zip.extend(*b"PK\x03\x04");
        zip.extend(VERSION.to_le_bytes());
        zip.extend(&header.fields);
        zip.extend(0_u16.to_le_bytes());
        zip.extend(entry.name.as_bytes());
        zip.extend(&header.data);
        directory.extend(*b"PK\x01\x02");
        directory.extend(MADE_BY_UNIX.to_le_bytes());
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&header.fields);
        // No extra field, comment, other disk or inner attributes.
        directory.extend([0; 8]);
        directory.extend(((REGULAR_FILE | entry.mode) << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(entry.name.as_bytes());
    }
    let (start, length) = (size(zip.len())?, size(directory.len())?);
    let count = u16::try_from(entries.len()).context("a zip holds at most 65,535 files")?;
    zip.append(&mut directory);
    zip.extend(*b"PK\x05\x06\0\0\0\0");
    zip.extend(count.to_le_bytes());
    zip.extend(count.to_le_bytes());
    zip.extend(length.to_le_bytes());
    zip.extend(start.to_le_bytes());
    zip.extend(0_u16.to_le_bytes());
    Ok(zip)
}

/// The fields that both headers have, from the flags to the length of the name, and the data.
struct Header {
    fields: Vec<u8>,
    data: Vec<u8>,
}

fn header(entry: &Entry) -> Result<Header> {
    let mut crc = Crc::new();
    crc.update(&entry.bytes);
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&entry.bytes).context("compressing into memory")?;
    let data = encoder.finish().context("compressing into memory")?;
    let mut fields = Vec::new();
    fields.extend(0_u16.to_le_bytes());
    fields.extend(DEFLATED.to_le_bytes());
    fields.extend(0_u16.to_le_bytes());
    fields.extend(DATE.to_le_bytes());
    fields.extend(crc.sum().to_le_bytes());
    fields.extend(size(data.len())?.to_le_bytes());
    fields.extend(size(entry.bytes.len())?.to_le_bytes());
    fields.extend(u16::try_from(entry.name.len()).context("a name is at most 65,535 bytes")?.to_le_bytes());
    Ok(Header { fields, data })
}

fn size(bytes: usize) -> Result<u32> {
    u32::try_from(bytes).context("a zip of this form is below 4 GiB")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
    use std::process::Command;

    use super::*;

    #[test]
    fn others_read_it_and_it_is_always_the_same() {
        let entries = || {
            vec![
                Entry { name: "models/b.txt".to_owned(), mode: 0o644, bytes: b"halo ".repeat(1000) },
                Entry { name: "bootstrap".to_owned(), mode: 0o755, bytes: vec![0, 1, 2] },
            ]
        };
        let zip = pack(entries()).unwrap();
        let mut reversed = entries();
        reversed.reverse();
        assert_eq!(pack(reversed).unwrap(), zip);
        let path = std::env::temp_dir().join(format!("saring-zip-{}.zip", std::process::id()));
        std::fs::write(&path, &zip).unwrap();
        let read = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
print([(i.filename, oct(i.external_attr >> 16), len(z.read(i))) for i in z.infolist()])";
        let output = Command::new("python3").args(["-c", read]).arg(&path).output().unwrap();
        std::fs::remove_file(&path).unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.trim(), "[('bootstrap', '0o100755', 3), ('models/b.txt', '0o100644', 5000)]");
    }
}

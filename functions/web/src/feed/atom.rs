//! Atom: RFC 4287, with the pages of RFC 5005.

use saring_domain::report::hex;
use saring_store::{FeedItem, Page};
use sha2::{Digest, Sha256};

use super::listing::Listing;
use super::reference::Reference;
use super::xml::Xml;
use super::{DESCRIPTION, TITLE};
use crate::categories;
use crate::html::excerpt;
use crate::lang::Lang;
use crate::settings::Settings;

pub(super) const PATH: &str = "/feed.atom";

const TITLE_CHARS: usize = 80;
/// An empty feed has not changed since the beginning.
const BEGINNING: &str = "1970-01-01T00:00:00.000Z";
/// Keeps the hash apart from other uses of the same id.
const ID_DOMAIN: &[u8] = b"saring atom id\0";

pub(super) fn render(page: &Page<FeedItem>, listing: &Listing, settings: &Settings) -> String {
    let updated = page.items.iter().map(|item| item.published_at).max();
    let mut xml = Xml::new();
    xml.open("feed", &[("xmlns", "http://www.w3.org/2005/Atom"), ("xml:lang", Lang::Id.code())]);
    xml.leaf("id", &urn("feed"));
    xml.leaf("title", TITLE);
    xml.leaf("subtitle", DESCRIPTION);
    xml.leaf("updated", &updated.map_or_else(|| BEGINNING.to_owned(), saring_domain::case::Timestamp::rfc3339));
    xml.open("author", &[]);
    xml.leaf("name", "Warga, melalui Saring");
    xml.close("author");
    link(&mut xml, "self", "application/atom+xml", &settings.link(PATH));
    link(&mut xml, "alternate", "text/html", &settings.link("/"));
    if let Some(next) = &page.next {
        let next = settings.link(&format!("{PATH}{}", listing.next(next)));
        link(&mut xml, "next", "application/atom+xml", &next);
    }
    for item in &page.items {
        entry(&mut xml, item, settings);
    }
    xml.close("feed");
    xml.finish()
}

fn entry(xml: &mut Xml, item: &FeedItem, settings: &Settings) {
    let at = item.published_at.rfc3339();
    xml.open("entry", &[]);
    xml.leaf("id", &urn(&item.id.to_string()));
    xml.leaf("title", &excerpt(&item.text, TITLE_CHARS));
    xml.leaf("published", &at);
    xml.leaf("updated", &at);
    link(xml, "alternate", "text/html", &settings.link(&format!("/laporan/{}", Reference::from(item))));
    if let Some(code) = &item.category {
        xml.empty("category", &[("term", code), ("label", categories::name(code, Lang::Id))]);
    }
    xml.leaf("content", &item.text);
    xml.close("entry");
}

fn link(xml: &mut Xml, rel: &str, kind: &str, href: &str) {
    xml.empty("link", &[("rel", rel), ("type", kind), ("href", href)]);
}

/// An address that stays the same wherever the feed is served: a UUID of version 8 made from a name.
fn urn(name: &str) -> String {
    let digest = Sha256::new().chain_update(ID_DOMAIN).chain_update(name).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = 0x80 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    let digits = hex(&bytes);
    format!("urn:uuid:{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

//! Named views of the queue, for each person.

use saring_domain::case::Actor;

use crate::cases::Cases;
use crate::error::{StoreError, failed, unreadable};
use crate::item::{Reader, Writer, text};
use crate::names as n;

/// Most views of one person.
pub const VIEWS_MAX: usize = 20;
/// Longest name of a view, in characters.
pub const VIEW_NAME_CHARS_MAX: usize = 40;

/// A named view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// Its name.
    pub name: String,
    /// The parameters of the queue's address.
    pub query: String,
}

impl Cases {
    /// The views of a person, by name.
    ///
    /// # Errors
    /// No answer, or a view that can't be read.
    pub async fn views(&self, person: &Actor) -> Result<Vec<SavedView>, StoreError> {
        let items = self.partition(n::person_pk(person), Some(n::VIEW_PREFIX)).await?;
        let view = |item: &_| {
            let item = Reader(item);
            let name = item.text(n::SK)?.trim_start_matches(n::VIEW_PREFIX).to_owned();
            Ok(SavedView { name, query: item.text(n::QUERY)?.to_owned() })
        };
        items.iter().map(view).collect::<Result<_, _>>().map_err(unreadable("view"))
    }

    /// Keeps a view under its name, over one of the same name.
    ///
    /// # Errors
    /// No answer, or too many views.
    pub async fn save_view(&self, person: &Actor, view: &SavedView) -> Result<(), StoreError> {
        let others = self.views(person).await?.iter().filter(|other| other.name != view.name).count();
        if others >= VIEWS_MAX {
            return Err(StoreError::TooMany { what: "views", actual: others + 1, limit: VIEWS_MAX });
        }
        let item = Writer::default()
            .text(n::PK, n::person_pk(person))
            .text(n::SK, format!("{}{}", n::VIEW_PREFIX, view.name))
            .text(n::QUERY, view.query.as_str())
            .finish();
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(failed("keeping a view"))?;
        Ok(())
    }

    /// Removes a view, if it is there.
    ///
    /// # Errors
    /// No answer.
    pub async fn remove_view(&self, person: &Actor, name: &str) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key(n::PK, text(n::person_pk(person)));
        let delete = delete.key(n::SK, text(format!("{}{name}", n::VIEW_PREFIX)));
        delete.send().await.map_err(failed("removing a view"))?;
        Ok(())
    }
}

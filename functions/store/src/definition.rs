//! The table as data: for local use, and to hold the deployed template against.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, ProjectionType,
    ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};

use crate::cases::Cases;
use crate::error::{StoreError, failed};
use crate::names::{EXPIRES_AT, FEED_INDEX, FEED_PK, FEED_SK, PK, PUBLIC, REVIEW_INDEX, REVIEW_PK, REVIEW_SK, SK};

/// Attributes of a key, both strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyNames {
    /// Partition key.
    pub partition: &'static str,
    /// Sort key.
    pub sort: &'static str,
}

/// What an index shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    /// Every attribute.
    All,
    /// These and the keys.
    Include(&'static [&'static str]),
}

/// A global secondary index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexDefinition {
    /// Its name.
    pub name: &'static str,
    /// Its key.
    pub key: KeyNames,
    /// What it shows.
    pub projection: Projection,
}

/// The one table. Its stream has new and old images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableDefinition {
    /// Its key.
    pub key: KeyNames,
    /// Its indexes.
    pub indexes: [IndexDefinition; 2],
    /// Attribute with the second of the epoch at which an item expires.
    pub ttl_attribute: &'static str,
    /// What the stream carries.
    pub stream_view: &'static str,
}

/// The one table.
#[must_use]
pub fn table_definition() -> TableDefinition {
    TableDefinition {
        key: KeyNames { partition: PK, sort: SK },
        indexes: [
            IndexDefinition {
                name: REVIEW_INDEX,
                key: KeyNames { partition: REVIEW_PK, sort: REVIEW_SK },
                projection: Projection::All,
            },
            IndexDefinition {
                name: FEED_INDEX,
                key: KeyNames { partition: FEED_PK, sort: FEED_SK },
                projection: Projection::Include(&PUBLIC),
            },
        ],
        ttl_attribute: EXPIRES_AT,
        stream_view: "NEW_AND_OLD_IMAGES",
    }
}

impl Cases {
    /// Creates the table if it doesn't exist, for local use; deployed tables come from the template.
    ///
    /// # Errors
    /// The service refuses or doesn't answer.
    pub async fn create_table(&self) -> Result<(), StoreError> {
        const OPERATION: &str = "creating the table";
        let found = self.client.list_tables().send().await.map_err(failed(OPERATION))?;
        if found.table_names().contains(&self.table) {
            return Ok(());
        }
        let definition = table_definition();
        let refused = |source: BuildError| StoreError::Refused { operation: OPERATION, source: source.into() };
        let mut create = self
            .client
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(key_schema(definition.key).map_err(refused)?))
            .stream_specification(
                StreamSpecification::builder()
                    .stream_enabled(true)
                    .stream_view_type(StreamViewType::from(definition.stream_view))
                    .build()
                    .map_err(refused)?,
            );
        let keys = definition.indexes.iter().map(|i| i.key).chain([definition.key]);
        for name in keys.flat_map(|key| [key.partition, key.sort]) {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            let attribute = attribute.attribute_type(ScalarAttributeType::S).build();
            create = create.attribute_definitions(attribute.map_err(refused)?);
        }
        for index in definition.indexes {
            create = create.global_secondary_indexes(index_of(index).map_err(refused)?);
        }
        create.send().await.map_err(failed(OPERATION))?;
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(definition.ttl_attribute);
        let update = self.client.update_time_to_live().table_name(&self.table);
        let update = update.time_to_live_specification(ttl.build().map_err(refused)?);
        update.send().await.map_err(failed(OPERATION))?;
        Ok(())
    }
}

fn key_schema(key: KeyNames) -> Result<Vec<KeySchemaElement>, BuildError> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![element(key.partition, KeyType::Hash)?, element(key.sort, KeyType::Range)?])
}

fn index_of(index: IndexDefinition) -> Result<GlobalSecondaryIndex, BuildError> {
    let projection = aws_sdk_dynamodb::types::Projection::builder();
    let projection = match index.projection {
        Projection::All => projection.projection_type(ProjectionType::All),
        Projection::Include(names) => projection
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(names.iter().map(|n| (*n).to_owned()).collect())),
    };
    GlobalSecondaryIndex::builder()
        .index_name(index.name)
        .set_key_schema(Some(key_schema(index.key)?))
        .projection(projection.build())
        .build()
}

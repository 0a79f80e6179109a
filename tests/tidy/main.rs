//! What the repository promises about itself: who may depend on whom, which names stand where,
//! how long files get, and that its data files agree with one another.

mod bundles;
mod corpus;
mod dependencies;
mod licences;
mod sources;
mod tree;

//! The table stream to the decisions queue; not built yet (see ARCHITECTURE.md, code map).

//! The reference implementation passes the suite.

prose_store_tests::conformance!(prose::MemoryStore::new());

//! What the macro says: one file a rule, in folders named for the rules of `check/` and `parse/`, each with the messages it must give. `TRYBUILD=overwrite` writes them anew.

#[test]
fn every_rule_is_told_in_its_own_words() {
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}

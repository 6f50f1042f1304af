//! The schema that the tables stand in, and statements with its name in place.

use prose::StoreError;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::error::refused;

/// A schema's name, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    name: String,
    quoted: String,
}

/// Postgres cuts off what is longer, without an error.
const LONGEST: usize = 63;

impl Schema {
    /// `prose`
    pub(crate) fn usual() -> Self {
        Self { name: "prose".to_owned(), quoted: "\"prose\"".to_owned() }
    }

    /// Any name that Postgres takes, quoted.
    pub(crate) fn new(name: &str) -> Result<Self, StoreError> {
        let fault = match name {
            "" => "it is empty",
            _ if name.contains('\0') => "it holds a NUL",
            _ if name.len() > LONGEST => "it is longer than 63 bytes",
            _ if name.starts_with("pg_") || name == "information_schema" => "Postgres keeps that name for itself",
            _ => {
                let quoted = format!("\"{}\"", name.replace('"', "\"\""));
                return Ok(Self { name: name.to_owned(), quoted });
            }
        };
        Err(refused(format!(
            "{name:?} cannot be the name of a schema for the tables: {fault}; choose another, such as `prose`"
        )))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A statement in which `{s}` stands for the schema. Nothing but the quoted name is put in.
    pub(crate) fn sql(&self, template: &str) -> SqlStr {
        AssertSqlSafe(template.replace("{s}", &self.quoted)).into_sql_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_quoted_and_impossible_ones_refused() {
        let sql = |name| Schema::new(name).unwrap().sql("select {s}.runs").as_str().to_owned();
        assert_eq!(sql("prose"), r#"select "prose".runs"#);
        assert_eq!(sql(r#"a"; drop table x; --"#), r#"select "a""; drop table x; --".runs"#);
        assert_eq!(sql("{s}"), r#"select "{s}".runs"#);
        for name in ["", "a\0b", "pg_mine", "information_schema", &"x".repeat(64)] {
            assert!(Schema::new(name).unwrap_err().to_string().contains("schema"), "{name}");
        }
    }
}

//! `migrate(1 = from_v1, 2 = from_v2)`: which fn moves runs of which older version over.

use crate::ast::Migration;
use crate::errors::Errors;
use crate::names;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprAssign, ExprLit, Lit, Path, Token};

/// What to write instead of what is wrong.
pub(super) const INSTEAD: &str =
    "write `migrate(1 = from_v1)`, with `fn from_v1(run: &mut prose::Migration) -> Result<(), Error>`";

/// The entries that are right, by version; the others are told.
pub(super) fn migrations(list: Option<TokenStream>, current: u32, errors: &mut Errors) -> Vec<Migration> {
    let Some(list) = list else { return Vec::new() };
    let entries = match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(list) {
        Ok(entries) => entries,
        Err(error) => {
            errors.push_syntax(error);
            return Vec::new();
        }
    };
    let mut migrations: Vec<Migration> = Vec::new();
    for entry in entries {
        let Some(migration) = migration(&entry, current, errors) else { continue };
        if migrations.iter().any(|other| other.from == migration.from) {
            let what = format!("version {} is moved over twice", migration.from);
            errors.push(&entry, &what, "one of the two would be ignored", "remove one of them");
        } else {
            migrations.push(migration);
        }
    }
    migrations.sort_by_key(|migration| migration.from);
    migrations
}

fn migration(entry: &Expr, current: u32, errors: &mut Errors) -> Option<Migration> {
    let Some((version, function)) = parts(entry) else {
        let what = format!("`{}` is no `version = function`", names::code(entry));
        errors.push(
            entry,
            &what,
            "each older version of the flow has a fn of its own that moves its runs over",
            INSTEAD,
        );
        return None;
    };
    let from = number(version).filter(|from| (1..current).contains(from));
    if from.is_none() {
        let what = format!("`{}` is no version below {current}, which this flow has", version.to_token_stream());
        let why = "runs are moved over from older versions only, and these are counted from 1";
        let instead = "write the version that the runs were made with, and raise `version` when you change the flow";
        errors.push(version, &what, why, instead);
    }
    Some(Migration { from: from?, function: function.clone() })
}

/// `1 = from_v1`
fn parts(entry: &Expr) -> Option<(&Expr, &Path)> {
    let Expr::Assign(ExprAssign { left, right, .. }) = entry else { return None };
    match &**right {
        Expr::Path(function) if function.qself.is_none() => Some((left, &function.path)),
        _ => None,
    }
}

fn number(version: &Expr) -> Option<u32> {
    match version {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        _ => None,
    }
}

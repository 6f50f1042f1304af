//! Macro calls.

use super::value::Value;
use super::{Flow, Interpreter, fault};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, Macro, Token, parse_str};

impl Interpreter<'_> {
    pub(super) fn macro_call(&mut self, mac: &Macro) -> Flow<Value> {
        let name = super::patterns::last(&mac.path);
        let args = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone());
        let Ok(args) = args else { return fault(format!("`{name}!` of something else")) };
        match name.as_str() {
            "unreachable" => fault("`unreachable!()` is reached"),
            "pin" => self.all(&args)?.pop().map_or_else(|| fault("`pin!()`"), Ok),
            "vec" => self.all(&args).map(Value::List),
            "format" => match self.all(&args)?.as_slice() {
                [Value::Text(text)] => self.format(text).map(Value::Text),
                _ => fault("`format!` with arguments"),
            },
            _ => fault(format!("`{name}!` is not known")),
        }
    }

    /// `"{a} {b:?}"`
    fn format(&mut self, text: &str) -> Flow<String> {
        let mut parts = text.split('{');
        let mut result = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let Some((inside, rest)) = part.split_once('}') else { return fault("half a placeholder") };
            let name = inside.split(':').next().unwrap_or_default();
            let Ok(ident) = parse_str::<Ident>(name) else { return fault("a placeholder of no name") };
            let Some(place) = self.scopes.find(&ident.to_string()) else {
                return fault(format!("`{name}` is not there"));
            };
            result += &self.scopes.get(&place)?.0.to_string();
            result += rest;
        }
        Ok(result)
    }
}

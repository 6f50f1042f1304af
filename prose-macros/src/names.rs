//! Every generated identifier, and how names are turned into one another.
//!
//! | name | is |
//! |---|---|
//! | `m` | the machine |
//! | `keys` | the keys (codec and name) of the saved variables |
//! | `k_{v}` | the key of the saved variable `v`, where it stands alone |
//! | `slot_{v}` | the `Option` that holds a variable which never crosses a point |
//! | `took`, `taken`, `arm`, `arm{n}` | what a recorded `if`, `if let`, `match` decided, and what its nth arm bound |
//! | `list`, `element`, `turns`, `i{depth}` | what a `for` consumes, one of it; the turns of a loop, and the one that runs |
//! | `matched_{v}` | a variable of a `let .. else` with points, as its pattern binds it |
//! | `wake` | how long a `#[sleep]` is, if its point was not reached before |
//! | `held_{v}` | a `mut` variable while a body runs that must not change it |
//! | `kept_{v}` | a borrow of a variable that a macro from outside may have defined anew; `_plain`: nothing is awaited there |
//! | `p` | the number of a point, inside of its block |
//! | `'point` | the block of a point, left early when its output is loaded |
//! | `v{n}` | what was loaded in the nth place of what a point hands over |
//! | `body`, `tried`, `given`, `v`, `e` | a body, how an attempt of it ended, what it gave, a value, an error |
//! | `group`, `elements`, `ticket`, `branch` | a fan-out, what it runs, the right to run one, and what runs it: `m` inside of it |
//! | `out_{v}`, `results`, `failures` | what the elements of a fan-out have come to |
//! | `when`, `open`, `events`, `out` | which errors are retried, a transaction, what to publish, a point's outputs |
//!
//! The second variable of a name has `k2_{v}`; locals are hygienic (`mixed_site`), so none of them can meet a name
//! of the user's; `matched_{v}` is none, and stands where the user has no code.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Lifetime, Pat, Type};

/// A hygienic local.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The machine.
pub(crate) fn machine() -> Ident {
    local("m")
}

/// The number of the point that is being emitted.
pub(crate) fn number() -> Ident {
    local("p")
}

/// The key of a saved variable, by the variable's identity (`n`, `n#2`).
pub(crate) fn key(identity: &str) -> Ident {
    of_variable("k", identity)
}

/// The slot of a transient variable.
pub(crate) fn slot(identity: &str) -> Ident {
    of_variable("slot", identity)
}

/// Where a `mut` variable is given back from behind a body.
pub(crate) fn held(identity: &str) -> Ident {
    of_variable("held", identity)
}

/// A borrow of a variable, from before it is hidden.
pub(crate) fn kept(identity: &str) -> Ident {
    of_variable("kept", identity)
}

/// The elements that a `for` consumes.
pub(crate) fn list(at: Span) -> Ident {
    Ident::new("list", at.resolved_at(Span::mixed_site()))
}

/// What goes over a borrow: no code mentions it.
pub(crate) fn iterator() -> Ident {
    local("iterator")
}

/// What the nth arm of a `match` has bound.
pub(crate) fn arm(number: usize) -> Ident {
    local(&format!("arm{number}"))
}

/// An element of a `for`, until its pattern takes it apart.
pub(crate) fn element() -> Ident {
    local("element")
}

/// A variable of a `let .. else`, until it is bound under its own name. The flow's own code never sees it.
pub(crate) fn matched(variable: &Ident) -> Ident {
    Ident::new(&format!("matched_{}", plain(variable)), variable.span())
}

/// How long a `#[sleep]` is, from where that is asked to its point.
pub(crate) fn wake() -> Ident {
    local("wake")
}

/// The fn that sends a signal: what cannot stand in a name is `_`.
pub(crate) fn signal(name: &str, at: Span) -> Ident {
    let word: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    let usable = [word.clone(), format!("r#{word}"), format!("_{word}")];
    let ident = usable.iter().find_map(|word| syn::parse_str::<Ident>(word).ok());
    let mut ident = ident.unwrap_or_else(|| Ident::new("_", Span::call_site()));
    ident.set_span(Span::call_site().located_at(at));
    ident
}

/// The turn of a loop, by how many loops are around it.
pub(crate) fn turn(depth: usize) -> Ident {
    local(&format!("i{depth}"))
}

/// The variable of an element that is bound to `_`.
pub(crate) fn unnamed(name: &str, at: Span) -> Ident {
    let word: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    Ident::new(&format!("_{word}"), at.resolved_at(Span::mixed_site()))
}

/// The value that an element of a `#[parallel]` has come to.
pub(crate) fn out(identity: &str) -> Ident {
    of_variable("out", identity)
}

/// The count of `n#2` stands in front of the name: behind it, it would be the `n_2` of another variable.
fn of_variable(prefix: &str, identity: &str) -> Ident {
    let (name, count) = identity.split_once('#').unwrap_or((identity, ""));
    // `for x` is no identifier, and none of the user's begins with `_for_`.
    local(&format!("{prefix}{count}_{}", name.replace("for ", "_for_")))
}

/// The label of a point's block.
pub(crate) fn point_label() -> Lifetime {
    Lifetime::new("'point", Span::mixed_site())
}

/// The user's variable in a place that he did not write: it resolves as his own and errors point at it, but lints
/// know that it was generated.
pub(crate) fn again(variable: &Ident) -> Ident {
    again_at(variable, variable.span())
}

/// The same, where the user is told of it.
pub(crate) fn again_at(variable: &Ident, at: Span) -> Ident {
    let mut ident = variable.clone();
    ident.set_span(Span::call_site().located_at(at));
    ident
}

/// The same name, told at another place.
pub(crate) fn located(ident: &Ident, at: Span) -> Ident {
    Ident::new(&ident.to_string(), ident.span().located_at(at))
}

/// Tokens of the user's in a place that he did not write: see [`again`].
pub(crate) fn generated(tokens: impl ToTokens) -> TokenStream {
    fn again(token: TokenTree) -> TokenTree {
        let span = Span::call_site().located_at(token.span());
        let mut token = match token {
            TokenTree::Group(group) => Group::new(group.delimiter(), generated(group.stream())).into(),
            other => other,
        };
        token.set_span(span);
        token
    }
    tokens.into_token_stream().into_iter().map(again).collect()
}

/// Tokens without locals, as if they were written at the span: that is where errors about them are told.
pub(crate) fn at(span: Span, tokens: TokenStream) -> TokenStream {
    tokens.into_iter().map(|token| respan(span, token)).collect()
}

/// A call as if it were written at the span; its arguments keep their own.
pub(crate) fn call_at(span: Span, function: TokenStream, arguments: TokenStream) -> TokenStream {
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(span);
    let mut call = at(span, function);
    call.extend([TokenTree::Group(arguments)]);
    call
}

fn respan(span: Span, mut token: TokenTree) -> TokenTree {
    if let TokenTree::Group(group) = &token {
        token = TokenTree::Group(Group::new(group.delimiter(), at(span, group.stream())));
    }
    token.set_span(span);
    token
}

/// A type as its tokens, spaced alike whatever the user's layout.
pub(crate) fn type_name(ty: &Type) -> String {
    ty.to_token_stream().to_string().replace(' ', "")
}

/// A pattern as its tokens, spaced nearly as a person would.
pub(crate) fn pattern(pat: &Pat) -> String {
    code(pat)
}

/// The same of an expression.
pub(crate) fn code(code: impl ToTokens) -> String {
    let spaced = code.to_token_stream().to_string();
    [(" ::", "::"), (":: ", "::"), (" (", "("), ("( ", "("), (" )", ")"), (" ,", ","), ("& ", "&"), (" . ", ".")]
        .iter()
        .fold(spaced, |text, (from, to)| text.replace(from, to))
}

/// The name a person reads: `r#type` is `type`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The default name of a flow: `process_order` is `process-order`.
pub(crate) fn flow_name(ident: &Ident) -> String {
    plain(ident).replace('_', "-")
}

/// The default type of an event: `OrderConfirmed` is `order.confirmed`.
pub(crate) fn event_type(ident: &Ident) -> String {
    let mut dotted = String::new();
    for letter in plain(ident).chars() {
        if letter.is_uppercase() && !dotted.is_empty() {
            dotted.push('.');
        }
        dotted.extend(letter.to_lowercase());
    }
    dotted
}

/// The variants of `enum Point`, in order: `charge_payment` is `ChargePayment`; a second of the same gets a number.
pub(crate) fn variants<'a>(points: impl Iterator<Item = &'a str>) -> Vec<Ident> {
    let mut taken: Vec<String> = Vec::new();
    for name in points {
        let camel = camel_case(name);
        let clashes = |candidate: &String| taken.contains(candidate);
        let variant = if clashes(&camel) {
            (2..).map(|n| format!("{camel}{n}")).find(|candidate| !clashes(candidate)).unwrap_or(camel)
        } else {
            camel
        };
        taken.push(variant);
    }
    taken.iter().map(|variant| Ident::new(variant, Span::mixed_site())).collect()
}

/// The known name that is meant, if one is near: by a slip of the fingers, or cut short.
pub(crate) fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let slip = |name: &&'a str| strsim::osa_distance(wrong, name) <= (name.len() / 3).max(1);
    let cut = |name: &&'a str| wrong.len() > 2 && name.starts_with(wrong);
    let slipped = known.iter().copied().filter(slip).min_by_key(|name| strsim::osa_distance(wrong, name));
    slipped.or_else(|| known.iter().copied().find(cut))
}

/// `send confirmation` and `send_confirmation` are `SendConfirmation`; `2nd` is `P2nd`, for a variant begins with a letter.
fn camel_case(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.extend(letters);
    }
    let usable = syn::parse_str::<syn::Ident>(&camel).is_ok();
    if usable { camel } else { format!("P{camel}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_camel_case_and_distinct() {
        let names = ["charge_payment", "charge-payment", "2nd", "self", "orders.OrderConfirmed"];
        let variants: Vec<_> = variants(names.into_iter()).iter().map(ToString::to_string).collect();
        assert_eq!(variants, ["ChargePayment", "ChargePayment2", "P2nd", "PSelf", "OrdersOrderConfirmed"]);
    }

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let known = ["name", "retry", "timeout"];
        assert_eq!(nearest("timout", &known), Some("timeout"));
        assert_eq!(nearest("rteyr", &known), None);
        assert_eq!(nearest("retyr", &known), Some("retry"));
        assert_eq!(nearest("time", &known), Some("timeout"));
        assert_eq!(nearest("colour", &known), None);
    }

    #[test]
    fn a_second_variable_of_a_name_meets_no_other() {
        assert_eq!(
            (key("n").to_string(), key("n#2").to_string(), key("n_2").to_string()),
            ("k_n".into(), "k2_n".into(), "k_n_2".into())
        );
    }

    #[test]
    fn a_signal_is_sent_by_a_fn_of_its_name() {
        let names = ["approval", "second opinion", "a-b", "type", "self", "2nd"];
        let fns = names.map(|name| signal(name, Span::call_site()).to_string());
        assert_eq!(fns, ["approval", "second_opinion", "a_b", "r#type", "_self", "_2nd"]);
    }

    #[test]
    fn an_event_type_is_dotted_lower_case() {
        assert_eq!(event_type(&local("OrderConfirmed")), "order.confirmed");
    }
}

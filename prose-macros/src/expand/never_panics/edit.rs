//! One random change of a flow.

use super::corpus::{Corpus, Subject};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use proptest::prelude::{Strategy, any};
use proptest::sample::{Index, select};
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, Ident, ItemFn, Pat, Stmt};

/// What to do, where, and with what.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    what: What,
    at: Index,
    with: Index,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    // Of tokens.
    Remove,
    Double,
    Swap,
    Replace,
    Insert,
    Word,
    Unwrap,
    Wrap,
    // Of syntax.
    RemoveStmt,
    DoubleStmt,
    MoveStmt,
    GraftStmt,
    EncloseStmt,
    MarkStmt,
    ReplaceExpr,
    ReplacePat,
    Rename,
}

const TOKENS: [What; 8] =
    [What::Remove, What::Double, What::Swap, What::Replace, What::Insert, What::Word, What::Unwrap, What::Wrap];
const SYNTAX: [What; 9] = [
    What::RemoveStmt,
    What::DoubleStmt,
    What::MoveStmt,
    What::GraftStmt,
    What::EncloseStmt,
    What::MarkStmt,
    What::ReplaceExpr,
    What::ReplacePat,
    What::Rename,
];

/// Words and literals that mean something to the macro, or to nobody.
const WORDS: &str = r#"
    validate step transaction event parallel each sleep signal child compensate
    name timeout retry max_attempts delay backoff max_delay jitter when tx concurrency version crate migrate run flow
    cfg cfg_attr allow doc macro_rules
    let mut ref move async await loop while for in if else match break continue return fn struct const static unsafe
    self Self super _ r#type ctx input Ctx Result Ok Err Some None
    0 1 -1 99999999999999999999999999999999999999999 1.5 1e400 1e-400 0x7f 1u8 'c' b'c' 'a "" "10s" "-1s" "1y" "99999999999999999y"
    "584942417356y" "2nd step" "é" "{total}" "{total:?} {0} {{" b"bytes" c"c" true
    # ! ? . .. ..= & && | || = == => -> :: : ; , @ $ < > << * + -
"#;

/// What a statement may be put into.
fn enclosed(stmt: &Stmt, with: Index) -> TokenStream {
    let all = [
        quote!(if input.ready { #stmt }),
        quote!(if let Some(x) = input.maybe && x > 1 { #stmt } else { #stmt }),
        quote!(loop { #stmt break; }),
        quote!(let value: u8 = loop { #stmt break 3; };),
        quote!('outer: while let Some(x) = queue.pop() { if x { continue 'outer; } #stmt }),
        quote!(for x in &input.items { #stmt }),
        quote!(for (i, x) in items.into_iter().enumerate() { #stmt queue.push(x); }),
        quote!(match input.kind { Kind::A | Kind::B => { #stmt } Kind::C { n } if n > 1 => { #stmt } _ => {} }),
        quote!(let value: u8 = match x { Some(y @ 1..) => { #stmt y } _ => return Err(e) };),
        quote!(let Some(x) = input.maybe else { #stmt return Err(e) };),
        quote!(let value = { #stmt 1 };),
        quote!('block: { #stmt break 'block; }),
        quote!(let f = async { #stmt };),
        quote!(let f = move |x| { #stmt };),
        quote!(fn inner() { #stmt }),
        quote!(vec![#stmt]),
        quote!(#[step] 'again: { #stmt }),
        quote!(#[transaction(tx = db)] let value: u8 = { #stmt 1 };),
    ];
    all[with.index(all.len())].clone()
}

/// The attributes that a statement may carry.
fn mark(with: Index) -> TokenStream {
    let all = [
        quote!(#[step]),
        quote!(#[step(name = "marked", timeout = "1s", retry(max_attempts = 3, when = |e| true))]),
        quote!(#[step(compensate = { undo(&ctx, value)?; })]),
        quote!(#[step(compensate(run = { undo(value).await?; }, retry(max_attempts = 2), timeout = "1s"))]),
        quote!(#[validate]),
        quote!(#[transaction(tx = ctx.deps.db)]),
        quote!(#[transaction(tx = &db, compensate = { tx.undo(); })]),
        quote!(#[event("orders")]),
        quote!(#[parallel]),
        quote!(#[each]),
        quote!(#[each(concurrency = 3)]),
        quote!(#[sleep]),
        quote!(#[signal(timeout = "1d")]),
        quote!(#[child]),
        quote!(#[cfg(test)]),
        quote!(#[allow(unused)]),
    ];
    all[with.index(all.len())].clone()
}

impl Edit {
    /// Any change.
    pub(super) fn strategy() -> impl Strategy<Value = Edit> {
        let what = proptest::prop_oneof![1 => select(&TOKENS[..]), 2 => select(&SYNTAX[..])];
        (what, any::<Index>(), any::<Index>()).prop_map(|(what, at, with)| Edit { what, at, with })
    }

    /// Changes a flow. What does not parse any more is changed as tokens only.
    pub(super) fn flow(&self, subject: &mut Subject, corpus: &Corpus) {
        if SYNTAX.contains(&self.what) {
            if let Ok(mut function) = syn::parse2::<ItemFn>(subject.item.clone()) {
                self.syntax(&mut function, corpus);
                subject.item = function.into_token_stream();
            }
            return;
        }
        let args = Group::new(Delimiter::Parenthesis, subject.args.clone());
        let mut all = quote!(#args);
        all.extend(subject.item.clone());
        self.tokens(&mut all, corpus);
        let mut all = all.into_iter().peekable();
        subject.args = match all.next_if(|first| matches!(first, TokenTree::Group(_))) {
            Some(TokenTree::Group(args)) => args.stream(),
            _ => TokenStream::new(),
        };
        subject.item = all.collect();
    }

    /// Changes tokens.
    pub(super) fn tokens(&self, tokens: &mut TokenStream, corpus: &Corpus) {
        let count = count(tokens.clone());
        if count == 0 {
            return;
        }
        let (at, donor) = (self.at.index(count), self.with.get(&corpus.tokens).clone());
        let other = self.with.index(count);
        let (here, there) = (nth(tokens.clone(), at), nth(tokens.clone(), other));
        *tokens = change(tokens.clone(), at, &mut |token| match self.what {
            What::Remove => TokenStream::new(),
            What::Double => quote!(#token #token),
            What::Swap => there.to_token_stream(),
            What::Replace => donor.to_token_stream(),
            What::Insert => quote!(#donor #token),
            What::Word => word(self.with),
            What::Unwrap => match token {
                TokenTree::Group(group) => group.stream(),
                token => quote!((#token)),
            },
            _ => wrapped(token, self.with),
        });
        if self.what == What::Swap {
            *tokens = change(tokens.clone(), other, &mut |_| here.to_token_stream());
        }
    }

    fn syntax(&self, function: &mut ItemFn, corpus: &Corpus) {
        let mut sites = Sites { edit: self, corpus, left: None, seen: 0, idents: Vec::new() };
        sites.visit_block_mut(&mut function.block);
        if sites.seen > 0 {
            sites.left = Some(self.at.index(sites.seen));
            sites.visit_block_mut(&mut function.block);
        }
    }

    fn stmts(&self, stmts: &mut Vec<Stmt>, at: usize, corpus: &Corpus) {
        let stmt = stmts[at].clone();
        match self.what {
            What::RemoveStmt => drop(stmts.remove(at)),
            What::DoubleStmt => stmts.insert(self.with.index(stmts.len()), stmt),
            What::MoveStmt => {
                let other = self.with.index(stmts.len());
                stmts.swap(at, other);
            }
            What::GraftStmt => stmts.insert(at, self.with.get(&corpus.stmts).clone()),
            What::EncloseStmt => stmts[at] = parsed(enclosed(&stmt, self.with)).unwrap_or(stmt),
            _ => {
                let mark = mark(self.with);
                stmts[at] = parsed(quote!(#mark #stmt)).unwrap_or(stmt);
            }
        }
    }
}

/// Counts the places where an edit could be made, and then makes it in one of them.
struct Sites<'a> {
    edit: &'a Edit,
    corpus: &'a Corpus,
    left: Option<usize>,
    seen: usize,
    idents: Vec<Ident>,
}

impl Sites<'_> {
    /// Is this the place?
    fn here(&mut self) -> bool {
        self.seen += 1;
        match &mut self.left {
            Some(0) => {
                self.left = Some(usize::MAX);
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }
}

impl VisitMut for Sites<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        use What::{DoubleStmt, EncloseStmt, GraftStmt, MarkStmt, MoveStmt, RemoveStmt};
        if matches!(self.edit.what, DoubleStmt | EncloseStmt | GraftStmt | MarkStmt | MoveStmt | RemoveStmt)
            && let Some(at) = (0..block.stmts.len()).find(|_| self.here())
        {
            return self.edit.stmts(&mut block.stmts, at, self.corpus);
        }
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if self.edit.what == What::ReplaceExpr && self.here() {
            *expr = self.edit.with.get(&self.corpus.exprs).clone();
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        if self.edit.what == What::ReplacePat && self.here() {
            *pat = self.edit.with.get(&self.corpus.pats).clone();
            return;
        }
        visit_mut::visit_pat_mut(self, pat);
    }

    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if self.edit.what != What::Rename {
            return;
        }
        if self.left.is_none() {
            self.idents.push(ident.clone());
        }
        if self.here() {
            *ident = self.edit.with.get(&self.idents).clone();
        }
    }
}

fn parsed(stmt: TokenStream) -> Option<Stmt> {
    syn::parse2(stmt).ok()
}

fn word(with: Index) -> TokenStream {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    words[with.index(words.len())].parse().unwrap_or_default()
}

fn wrapped(token: TokenTree, with: Index) -> TokenStream {
    let delimiters = [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None];
    // Invisible brackets are around what a `macro_rules!` has matched: an expression, say.
    let possible = delimiters.len() - usize::from(!matches!(token, TokenTree::Literal(_)));
    let delimiter = delimiters[with.index(possible)];
    match token {
        TokenTree::Group(group) => Group::new(delimiter, group.stream()).into_token_stream(),
        token => Group::new(delimiter, token.into()).into_token_stream(),
    }
}

/// All tokens, however deep. What is in invisible brackets is one: a `macro_rules!` matches whole expressions and literals.
fn count(tokens: TokenStream) -> usize {
    let one = |token| match token {
        TokenTree::Group(group) if group.delimiter() != Delimiter::None => 1 + count(group.stream()),
        _ => 1,
    };
    tokens.into_iter().map(one).sum()
}

fn nth(tokens: TokenStream, at: usize) -> Option<TokenTree> {
    let mut found = None;
    change(tokens, at, &mut |token| {
        found = Some(token.clone());
        token.into()
    });
    found
}

/// Puts something else in the place of one token.
fn change(tokens: TokenStream, at: usize, into: &mut dyn FnMut(TokenTree) -> TokenStream) -> TokenStream {
    change_in(tokens, &mut Some(at), into)
}

fn change_in(
    tokens: TokenStream,
    left: &mut Option<usize>,
    into: &mut dyn FnMut(TokenTree) -> TokenStream,
) -> TokenStream {
    let mut changed = TokenStream::new();
    for token in tokens {
        if *left == Some(0) {
            *left = None;
            changed.extend(into(token));
            continue;
        }
        *left = left.map(|left| left - 1);
        match token {
            TokenTree::Group(group) if left.is_some() && group.delimiter() != Delimiter::None => {
                let mut inside = Group::new(group.delimiter(), change_in(group.stream(), left, into));
                inside.set_span(group.span());
                changed.extend([TokenTree::Group(inside)]);
            }
            token => changed.extend([token]),
        }
    }
    changed
}

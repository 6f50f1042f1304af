//! The flows and events of the tests and examples, as tokens.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Expr, Pat, Stmt};

/// `#[flow(args)] item`
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) args: TokenStream,
    pub(super) item: TokenStream,
}

/// All of them, and the parts of flows that may be put into others.
#[derive(Default)]
pub(super) struct Corpus {
    pub(super) files: usize,
    pub(super) flows: Vec<Subject>,
    pub(super) events: Vec<TokenStream>,
    pub(super) tokens: Vec<TokenTree>,
    pub(super) stmts: Vec<Stmt>,
    pub(super) exprs: Vec<Expr>,
    pub(super) pats: Vec<Pat>,
}

impl Corpus {
    /// Reads the files.
    pub(super) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a workspace");
        let mut files: Vec<PathBuf> =
            ["tests", "examples"].iter().flat_map(|name| rust_files(&root.join(name))).collect();
        // In the same order each time: the cases of the ordinary run are.
        files.sort();
        let mut corpus = Corpus { files: files.len(), ..Corpus::default() };
        for file in files {
            let text = std::fs::read_to_string(&file).expect("the file is read");
            if let Ok(tokens) = text.parse() {
                corpus.find(tokens);
            }
        }
        assert!(corpus.flows.len() > 50 && corpus.events.len() > 2, "the corpus is there");
        corpus
    }

    /// Finds the annotated items, however deep in modules and fns.
    fn find(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let TokenTree::Group(group) = token else { continue };
            let mut inside = group.stream().into_iter();
            let name = inside.next().map(|name| name.to_string());
            let rest = &tokens[at + 1..];
            match (name.as_deref(), inside.next()) {
                (Some("flow"), None) => self.flow(TokenStream::new(), rest),
                (Some("flow"), Some(TokenTree::Group(args))) => self.flow(args.stream(), rest),
                (Some("derive"), Some(TokenTree::Group(names))) if names.to_string().contains("Event") => {
                    self.events.push(item(rest));
                }
                _ => self.find(group.stream()),
            }
        }
    }

    fn flow(&mut self, args: TokenStream, rest: &[TokenTree]) {
        let item = item(rest);
        if let Ok(function) = syn::parse2::<syn::ItemFn>(item.clone()) {
            self.visit_block(&function.block);
        }
        self.keep(item.clone());
        self.flows.push(Subject { args, item });
    }

    fn keep(&mut self, tokens: TokenStream) {
        for token in tokens {
            if let TokenTree::Group(group) = &token {
                self.keep(group.stream());
            }
            self.tokens.push(token);
        }
    }
}

impl<'ast> Visit<'ast> for Corpus {
    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        self.stmts.push(stmt.clone());
        visit::visit_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        self.exprs.push(expr.clone());
        visit::visit_expr(self, expr);
    }

    fn visit_pat(&mut self, pat: &'ast Pat) {
        self.pats.push(pat.clone());
        visit::visit_pat(self, pat);
    }
}

/// The item in front: it ends with its braces, or its `;`.
fn item(tokens: &[TokenTree]) -> TokenStream {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => token.to_string() == ";",
    };
    let end = tokens.iter().position(ends).map_or(tokens.len(), |at| at + 1);
    tokens[..end].iter().cloned().collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("the folder is read").path());
    let files = paths.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

//! Pictures of flows: what they must never contain, and that everything in them has its place.

use super::{is_rustdoc, layout, scene, svg};
use crate::errors::Errors;
use crate::model::outline::{Edge, EdgeKind, Node, NodeKind, Outline};
use proc_macro2::TokenStream;
use quote::quote;
use std::path::Path;

fn outline(body: TokenStream) -> Outline {
    let mut errors = Errors::default();
    let item = quote!(async fn sample(ctx: Ctx<Deps>, input: Input) -> Result<u32, Error> { #body });
    let flow = crate::parse::flow(quote!(), item, &mut errors).expect("the flow parses");
    errors.gate().expect("the flow is right");
    crate::lower::model(flow).outline
}

/// Nested ifs, a match and loops, with all ways out.
fn everything() -> Outline {
    outline(quote! {
        'items: for item in &input.items {
            if item.skip { continue; }
            match &item.kind {
                Kind::Digital => {
                    #[step(timeout = "1s")]
                    'send: { send().await?; }
                }
                Kind::Parcel { weight, .. } if *weight > 30 => return Err(Error::TooHeavy),
                _ => break 'items,
            }
        }
        while ready()? {
            if input.a {
                if input.b {
                    #[step]
                    'b: {}
                } else {
                    #[event("x")]
                    Sent {};
                }
            }
            loop {
                #[sleep]
                pause();
                #[signal(timeout = "3d")]
                let answer: Option<u32>;
                #[step]
                let n: u32 = 1;
                if n > 3 { return Ok(n); }
            }
        }
        Ok(1)
    })
}

#[test]
fn a_picture_has_no_script_no_reference_and_no_empty_line() {
    let svg = svg("all", &everything()).expect("it is drawn");
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" ") && svg.ends_with("</svg>"));
    let rest = svg.replacen("http://www.w3.org/2000/svg", "", 1);
    for word in ["script", "href", "http", "url(", "@import", "<style", "<image", "foreignObject", " on", "\n", "id="] {
        assert!(!rest.contains(word), "{word} is in {svg}");
    }
}

/// A page's paper, and what it writes with: rustdoc's themes.
const THEMES: [(&str, Colour, Colour); 3] = [
    ("light", [255.0, 255.0, 255.0], [0.0, 0.0, 0.0]),
    ("dark", [53.0, 53.0, 53.0], [221.0, 221.0, 221.0]),
    ("ayu", [15.0, 20.0, 25.0], [197.0, 197.0, 197.0]),
];

type Colour = [f64; 3];

/// As WCAG 2 asks for it: 3 for what is drawn, 4.5 for text.
#[test]
fn lines_and_text_are_legible_on_the_paper_of_each_theme() {
    let svg = svg("all", &everything()).expect("it is drawn");
    let opacities: Vec<f64> = values(&svg, "opacity").map(|opacity| opacity.parse().expect("a number")).collect();
    assert!(!opacities.is_empty(), "small text is paler");
    let strokes: Vec<Colour> = values(&svg, "stroke").map(colour).collect();
    let fills: Vec<Colour> = values(&svg, "fill").filter(|fill| fill.starts_with('#')).map(colour).collect();
    let fill_opacity: f64 = values(&svg, "fill-opacity").next().expect("boxes are filled").parse().expect("a number");
    for (theme, paper, ink) in THEMES {
        for stroke in &strokes {
            let contrast = contrast(*stroke, paper);
            assert!(contrast >= 3.0, "{stroke:?} on {theme} has a contrast of {contrast:.2}");
        }
        for (fill, opacity) in fills.iter().flat_map(|fill| opacities.iter().map(move |opacity| (*fill, *opacity))) {
            let below = over(fill, fill_opacity, paper);
            let contrast = contrast(over(ink, opacity, below), below);
            assert!(contrast >= 4.5, "text of {opacity} over {fill:?} on {theme} has a contrast of {contrast:.2}");
        }
    }
}

/// The values of an attribute.
fn values<'a>(svg: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {name}=\"");
    let parts: Vec<&str> = svg.split(&start).skip(1).collect();
    parts.into_iter().filter_map(|part| part.split('"').next())
}

fn colour(hex: &str) -> Colour {
    let channel = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("a colour"));
    [channel(1), channel(3), channel(5)]
}

/// What is seen of a colour that lets some of what is below it through.
fn over(colour: Colour, opacity: f64, below: Colour) -> Colour {
    [0, 1, 2].map(|channel| opacity * colour[channel] + (1.0 - opacity) * below[channel])
}

fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: Colour) -> f64 {
    let [red, green, blue] = colour.map(|channel| {
        let part = channel / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[test]
fn where_the_flow_waits_corners_are_round() {
    let waits = outline(quote! {
        #[sleep]
        pause();
        #[signal]
        let answer: u32;
        #[step]
        let one: u32 = 1;
        Ok(1)
    });
    let svg = svg("waits", &waits).expect("it is drawn");
    assert_eq!((svg.matches("rx=\"14.0\"").count(), svg.matches("rx=\"5.0\"").count()), (2, 1), "{svg}");
}

#[test]
fn text_is_in_the_colour_of_the_page() {
    let svg = svg("all", &everything()).expect("it is drawn");
    let texts: Vec<_> = svg.split("<text ").skip(1).collect();
    assert!(!texts.is_empty());
    assert!(texts.iter().all(|text| text.contains("fill=\"var(--main-color,currentColor)\"")), "{svg}");
}

#[test]
fn names_cannot_break_out_of_the_picture() {
    let nodes = vec![
        Node { kind: NodeKind::Start, name: "</svg><script>alert(1)</script>".into(), options: Vec::new() },
        Node { kind: NodeKind::Event, name: "a\n\nb\0 \"&amp;\"".into(), options: vec![("channel", "<b>".into())] },
    ];
    let edges = vec![Edge { from: 0, to: 1, kind: EdgeKind::Taken, label: "</text><a href='x'>".into() }];
    let svg = svg("\"><img>", &Outline { nodes, edges }).expect("it is drawn");
    for word in ["<script", "<b>", "<a ", "<img", "\n", "\0", "&amp;amp;\""] {
        assert!(!svg.contains(word), "{word} is in {svg}");
    }
    assert_eq!((svg.matches("<svg").count(), svg.matches("</svg>").count()), (1, 1));
}

#[test]
fn boxes_stand_apart_and_inside_of_the_picture() {
    let scene = scene::scene(&everything());
    let sizes: Vec<_> = scene.figures.iter().map(|figure| figure.size).collect();
    let lines: Vec<_> = scene.lines.iter().map(|line| line.ends).collect();
    assert!(lines.iter().all(|(from, to)| from < to), "{lines:?}");
    let layout = layout::layout(&sizes, &lines);
    for (at, size) in layout.boxes.iter().zip(&sizes) {
        assert!(at.x - size.x / 2.0 >= 0.0 && at.x + size.x / 2.0 <= layout.size.x);
        assert!(at.y - size.y / 2.0 >= 0.0 && at.y + size.y / 2.0 <= layout.size.y);
    }
    let boxes: Vec<_> = layout.boxes.iter().zip(&sizes).collect();
    for (place, (at, size)) in boxes.iter().enumerate() {
        for (other, its) in &boxes[place + 1..] {
            let apart =
                (at.x - other.x).abs() >= (size.x + its.x) / 2.0 || (at.y - other.y).abs() >= (size.y + its.y) / 2.0;
            assert!(apart, "boxes overlap: {at:?} {size:?}, {other:?} {its:?}");
        }
    }
}

/// A long row of `if`s has exponentially many ways through it: who looks at each is never done.
#[test]
fn a_long_flow_is_drawn() {
    let ifs = (0..60).map(|n| {
        let (label, condition) = (syn::Lifetime::new(&format!("'s{n}"), proc_macro2::Span::call_site()), n > 3);
        quote!(if #condition { #[step] #label: {} })
    });
    let outline = outline(quote!(#(#ifs)* Ok(1)));
    assert!(svg("long", &outline).is_some());
}

#[test]
fn it_is_drawn_for_rustdoc_only() {
    assert!(is_rustdoc(Some(Path::new("/toolchain/bin/rustdoc"))));
    for host in ["rustc", "clippy-driver", "rust-analyzer-proc-macro-srv", "rustdoc-like"] {
        assert!(!is_rustdoc(Some(Path::new(host))), "{host}");
    }
    assert!(!is_rustdoc(None));
}

/// Flows of random nesting: the same ones in each run.
#[test]
fn any_flow_can_be_drawn() {
    for seed in 1..=50 {
        let mut random = Random { state: seed, steps: 0 };
        let body = random.block(0, 0);
        let outline = outline(quote!(#body Ok(1)));
        assert!(svg("random", &outline).is_some(), "{body}");
    }
}

struct Random {
    state: u64,
    steps: usize,
}

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % limit
    }

    /// Statements, at this depth of nesting, in so many loops.
    fn block(&mut self, depth: u32, loops: u32) -> TokenStream {
        let count = 1 + self.below(3);
        (0..count).map(|_| self.statement(depth, loops)).collect()
    }

    fn statement(&mut self, depth: u32, loops: u32) -> TokenStream {
        if depth > 3 {
            return self.step();
        }
        let (a, b) = (self.block(depth + 1, loops), self.block(depth + 1, loops));
        let step = self.step();
        match self.below(10) {
            0 => quote!(if x > 1 { #step #a }),
            1 => quote!(if let Some(x) = &y { #a } else { #b #step }),
            2 => quote!(match x { A => { #a } B { .. } if x => { #step } C => { #b } _ => {} }),
            3 => {
                let inner = self.block(depth + 1, loops + 1);
                quote!(for x in &xs { #step #inner })
            }
            4 => {
                let inner = self.block(depth + 1, loops + 1);
                quote!(loop { #inner #step if y { break; } })
            }
            5 => {
                let inner = self.block(depth + 1, loops + 1);
                quote!(while let Some(x) = xs.pop() { #inner #step })
            }
            6 => quote!(if z {
                return Ok(3);
            }),
            7 if loops > 0 => quote!(match z {
                1 => continue,
                2 => break,
                3 => return Err(e),
                _ => {}
            }),
            _ => step,
        }
    }

    fn step(&mut self) -> TokenStream {
        self.steps += 1;
        let label = syn::Lifetime::new(&format!("'s{}", self.steps), proc_macro2::Span::call_site());
        quote!(#[step] #label: { run()?; })
    }
}

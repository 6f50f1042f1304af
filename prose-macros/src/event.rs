//! `#[derive(Event)]`: a type's name as an event, and its correlation id.

use crate::names;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Fields, LitStr, Member, Path, Result, parse_quote};

/// The implementation of `Event`.
pub(crate) fn derive(item: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let options = options(&input)?;
    let (krate, ty) = (options.krate, options.ty);
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let correlation_id = correlation_id(&input)?;
    Ok(quote! {
        impl #generics #krate::Event for #ident #arguments #bounds {
            const TYPE: &'static ::core::primitive::str = #ty;
            #correlation_id
        }
    })
}

struct Options {
    ty: String,
    krate: Path,
}

fn options(input: &DeriveInput) -> Result<Options> {
    let mut options = Options { ty: names::event_type(&input.ident), krate: parse_quote!(::prose) };
    for attr in ours(&input.attrs) {
        attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("type") {
                options.ty = meta.value()?.parse::<LitStr>()?.value();
            } else if meta.path.is_ident("crate") {
                options.krate = meta.value()?.call(Path::parse_mod_style)?;
            } else {
                return Err(meta.error("an event has `type = \"..\"` and `crate = path`"));
            }
            Ok(())
        })?;
    }
    Ok(options)
}

fn ours(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("event"))
}

/// `fn correlation_id(&self)`, if a field is marked as it.
fn correlation_id(input: &DeriveInput) -> Result<Option<TokenStream>> {
    let Some((member, ty)) = marked(input)? else { return Ok(None) };
    let field = quote!(&self.#member);
    let id = if is_option(&ty) {
        quote!(::core::option::Option::as_deref(#field))
    } else {
        quote!(::core::option::Option::Some(::core::convert::AsRef::<::core::primitive::str>::as_ref(#field)))
    };
    Ok(Some(quote! {
        fn correlation_id(&self) -> ::core::option::Option<&::core::primitive::str> {
            #id
        }
    }))
}

/// The field that is marked, and its type.
fn marked(input: &DeriveInput) -> Result<Option<(Member, syn::Type)>> {
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        _ => &Fields::Unit,
    };
    let mut found = None;
    for (field, member) in fields.iter().zip(fields.members()) {
        for attr in ours(&field.attrs) {
            attr.parse_nested_meta(|meta| match meta.path.is_ident("correlation_id") {
                true if found.is_none() => {
                    found = Some((member.clone(), field.ty.clone()));
                    Ok(())
                }
                true => Err(meta.error("an event has one correlation id")),
                false => Err(meta.error("a field of an event may be its `correlation_id`")),
            })?;
        }
    }
    Ok(found)
}

fn is_option(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

//! What stands in the types that the user has written.

use syn::{GenericArgument, PathArguments, Type};

/// A type's argument in this place, if that is a type: of `Result<T, E>`, the second is `E`.
pub(crate) fn argument(ty: &Type, place: usize) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(angle) = &path.path.segments.last()?.arguments else { return None };
    match angle.args.iter().nth(place) {
        Some(GenericArgument::Type(ty)) => Some(ty),
        _ => None,
    }
}

//! Flows written in awkward surroundings: shadowed prelude names, raw identifiers, denied lints.

//! The systems that are measured, and whose program each is part of.

/// One of them; there is a fixed list.
#[derive(Debug)]
pub(crate) struct System {
    /// As in `results.json`.
    pub(crate) name: &'static str,
    pub(crate) program: Program,
    pub(crate) kind: Kind,
    /// Where its runs are kept.
    pub(crate) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Program {
    /// A package of this workspace.
    Own(&'static str),
    /// `peers/{0}`, a workspace of its own.
    Peer(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Peer,
    Floor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    /// SQLite, or files of another kind.
    Files,
    Postgres,
}

const fn system(name: &'static str, program: Program, kind: Kind, place: Place) -> System {
    System { name, program, kind, place }
}

const PROSE: Program = Program::Own("bench-prose");
const FLOORS: Program = Program::Own("bench-floors");

pub(crate) const SYSTEMS: [System; 14] = [
    system("prose-memory", PROSE, Kind::Ours, Place::Memory),
    system("prose-sqlite", PROSE, Kind::Ours, Place::Files),
    system("durare-sqlite", Program::Peer("durare"), Kind::Peer, Place::Files),
    system("duroxide", Program::Peer("duroxide"), Kind::Peer, Place::Files),
    system("cano", Program::Peer("cano"), Kind::Peer, Place::Files),
    system("hand-naive", FLOORS, Kind::Floor, Place::Files),
    system("hand-grouped", FLOORS, Kind::Floor, Place::Files),
    system("sqlite-insert", FLOORS, Kind::Floor, Place::Files),
    system("raw-log", FLOORS, Kind::Floor, Place::Files),
    system("prose-postgres", PROSE, Kind::Ours, Place::Postgres),
    system("durare-postgres", Program::Peer("durare"), Kind::Peer, Place::Postgres),
    system("dbos", Program::Peer("dbos"), Kind::Peer, Place::Postgres),
    system("postgres-insert", FLOORS, Kind::Floor, Place::Postgres),
    system("postgres-unnest", FLOORS, Kind::Floor, Place::Postgres),
];

/// The one of this name.
pub(crate) fn named(name: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name)
}

impl System {
    /// The one of ours that keeps its runs where this one does: what it is compared with.
    pub(crate) fn ours(&self) -> &'static str {
        match self.place {
            Place::Memory => "prose-memory",
            Place::Files => "prose-sqlite",
            Place::Postgres => "prose-postgres",
        }
    }

    /// The program that does this row for it.
    pub(crate) fn program_of(&self, row: char) -> Program {
        if row == 'h' { Program::Own("bench-plain") } else { self.program }
    }
}

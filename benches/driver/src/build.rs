//! Building the programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::system::Program;

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Tree {
    /// `benches/`.
    pub(crate) benches: PathBuf,
    /// cargo's folder for this workspace.
    target: PathBuf,
}

impl Tree {
    pub(crate) fn find() -> Result<Self> {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no parent")?.to_owned();
        // target/release/bench-driver
        let target =
            std::env::current_exe()?.ancestors().nth(2).ok_or("the driver is not in a target folder")?.to_owned();
        Ok(Self { benches, target })
    }

    /// The program, if it is built.
    pub(crate) fn program(&self, program: Program) -> PathBuf {
        match program {
            Program::Own(package) => self.target.join("release").join(package),
            Program::Peer(name) => self.peers_target(name).join("release").join(format!("bench-{name}")),
        }
    }

    /// What counts syncs.
    pub(crate) fn slow_sync(&self) -> PathBuf {
        self.target.join("release/libslow_sync.so")
    }

    /// A folder for each: they are workspaces of their own, which agree on few dependencies.
    fn peers_target(&self, name: &str) -> PathBuf {
        self.target.join("peers").join(name)
    }

    fn manifest(&self, program: Program) -> PathBuf {
        match program {
            Program::Own(_) => self.benches.join("Cargo.toml"),
            Program::Peer(name) => self.benches.join("peers").join(name).join("Cargo.toml"),
        }
    }

    /// Builds what this workspace has.
    ///
    /// # Errors
    /// If it cannot be built.
    pub(crate) fn build_own(&self) -> Result<()> {
        let mut cargo = self.cargo("build", &self.benches.join("Cargo.toml"), &self.target);
        run(cargo.args(["--workspace", "--exclude", "bench-driver"]))
    }

    /// Builds a peer.
    ///
    /// # Errors
    /// If it cannot be built, or there is no such peer.
    pub(crate) fn build_peer(&self, name: &'static str) -> Result<()> {
        let manifest = self.manifest(Program::Peer(name));
        if !manifest.is_file() {
            return Err(format!("{} does not exist", manifest.display()).into());
        }
        run(&mut self.cargo("build", &manifest, &self.peers_target(name)))
    }

    /// A release build of all of a manifest, unless told otherwise.
    pub(crate) fn cargo(&self, command: &str, manifest: &Path, target: &Path) -> Command {
        let mut cargo = self.cargo_plain(command, manifest);
        cargo.args(["--release", "--locked", "--target-dir"]).arg(target);
        cargo
    }

    pub(crate) fn cargo_plain(&self, command: &str, manifest: &Path) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // What `cargo run` has told the driver of itself: build scripts that look at it would have everything built once more.
        let told = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in std::env::vars().filter(|(name, _)| told(name)) {
            cargo.env_remove(name);
        }
        cargo.args([command, "--quiet", "--manifest-path"]).arg(manifest);
        cargo
    }
}

/// Runs a command to its end.
///
/// # Errors
/// If it fails; what it says goes to our stderr.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} has failed: {status}").into()) }
}

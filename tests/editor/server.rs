//! Where rust-analyzer is.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// The rust-analyzer to test with, or in one line what is missing and how to get it.
pub(crate) fn rust_analyzer() -> Result<PathBuf, String> {
    let sysroot = PathBuf::from(output("rustc", &["--print", "sysroot"]).ok_or("there is no rustc")?);
    let exe = format!("rust-analyzer{}", std::env::consts::EXE_SUFFIX);
    let given = std::env::var_os("PROSE_TEST_RUST_ANALYZER").map(PathBuf::from);
    let server = given.unwrap_or_else(|| sysroot.join("bin").join(exe));
    let version = output(&server, &["--version"]).ok_or_else(|| {
        let server = server.display();
        format!("no rust-analyzer at {server}: `rustup component add rust-analyzer`, or PROSE_TEST_RUST_ANALYZER=PATH")
    })?;
    let source = std::env::var_os("RUST_SRC_PATH").map(PathBuf::from);
    let source = source.unwrap_or_else(|| sysroot.join("lib/rustlib/src/rust/library"));
    if !source.join("core").is_dir() {
        let source = source.display();
        return Err(format!("no source of std at {source}: `rustup component add rust-src`, or RUST_SRC_PATH=PATH"));
    }
    tell(&format!("{} is {version}", server.display()));
    Ok(server)
}

/// Tells it to whoever runs the tests, also where what tests print is kept from him.
pub(crate) fn tell(line: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{line}").unwrap();
}

fn output(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

//! Stands in front of libc's `fsync` and `fdatasync` in programs that are started with `LD_PRELOAD`: counts them, and makes them slower, as
//! another disk would.
//!
//! * `SYNC_COUNT_FILE`: a file whose first eight bytes are the count, in the machine's order; shared by all processes that name it, and
//!   right even if they are killed
//! * `SYNC_DELAY_US`: microseconds that each sync waits before it begins
//!
//! What a program syncs by a bare system call is not seen.

use std::ffi::{CString, c_int};
use std::os::unix::ffi::OsStringExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

struct Shim {
    delay: Duration,
    count: Option<&'static AtomicU64>,
}

static SHIM: OnceLock<Shim> = OnceLock::new();

fn before_sync() {
    let shim = SHIM.get_or_init(Shim::of_environment);
    if let Some(count) = shim.count {
        count.fetch_add(1, Ordering::Relaxed);
    }
    if !shim.delay.is_zero() {
        std::thread::sleep(shim.delay);
    }
}

impl Shim {
    fn of_environment() -> Self {
        let micros = std::env::var("SYNC_DELAY_US").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        Self { delay: Duration::from_micros(micros), count: shared_count() }
    }
}

/// The counter in the file, which is there and has eight bytes; it stays mapped for as long as the process lives.
fn shared_count() -> Option<&'static AtomicU64> {
    let path = CString::new(std::env::var_os("SYNC_COUNT_FILE")?.into_vec()).ok()?;
    // SAFETY: the path ends with a zero; the descriptor and the mapping are checked. Pages of a file are aligned, and an `AtomicU64` has no
    // invalid values, whatever others write there.
    unsafe {
        let file = libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if file < 0 {
            return None;
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let page = libc::mmap(std::ptr::null_mut(), size_of::<AtomicU64>(), access, libc::MAP_SHARED, file, 0);
        libc::close(file);
        (page != libc::MAP_FAILED).then(|| &*page.cast::<AtomicU64>())
    }
}

/// In front of libc's.
#[unsafe(no_mangle)]
pub extern "C" fn fsync(file: c_int) -> c_int {
    before_sync();
    // SAFETY: the system call of the same name, which takes any number; `syscall` sets `errno` as the function would.
    unsafe { libc::syscall(libc::SYS_fsync, file) as c_int }
}

/// In front of libc's.
#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(file: c_int) -> c_int {
    before_sync();
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_fdatasync, file) as c_int }
}

//! A disk that can lose its power or run full: an SQLite VFS over the ordinary
//! one that keeps, for each file, what was synced and what was only written.

// An SQLite VFS is a table of C functions; there is no safe way to make one.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::size_of;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use rusqlite::ffi::{
    self, SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_OK, sqlite3_file, sqlite3_filename,
    sqlite3_int64, sqlite3_io_methods, sqlite3_vfs,
};

/// A change of a file that no sync has covered yet.
#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

/// One file as the platters have it, and what would be lost.
#[derive(Debug, Clone, Default)]
struct Content {
    synced: Vec<u8>,
    unsynced: Vec<Change>,
    syncs: u64,
    writes: u64,
}

impl Content {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            apply(&mut self.synced, &change);
        }
        self.syncs += 1;
    }
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, bytes) => {
            let (start, end) = (*at as usize, *at as usize + bytes.len());
            if image.len() < end {
                image.resize(end, 0);
            }
            image[start..end].copy_from_slice(bytes);
        }
        Change::Truncate(length) => image.resize(*length as usize, 0),
    }
}

/// How a log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogState {
    /// Writes that no sync has covered.
    pub(crate) unsynced: usize,
    /// Syncs so far.
    pub(crate) syncs: u64,
    /// Writes so far.
    pub(crate) writes: u64,
}

/// The files as they are after the power came back.
pub(crate) struct Image(BTreeMap<String, Vec<u8>>);

impl Image {
    /// Puts the files into a directory.
    pub(crate) fn restore(&self, directory: &Path) {
        for (path, bytes) in &self.0 {
            let name = Path::new(path).file_name().unwrap();
            std::fs::write(directory.join(name), bytes).unwrap();
        }
    }
}

/// The disk. Lives as long as the program: SQLite keeps pointers to it.
pub(crate) struct Disk {
    vfs: CString,
    real: *mut sqlite3_vfs,
    files: Mutex<BTreeMap<String, Content>>,
    full: AtomicBool,
    broken: AtomicBool,
}

// SAFETY: `real` is the ordinary VFS, which is never changed and may be called
// from any thread.
unsafe impl Send for Disk {}
// SAFETY: as above.
unsafe impl Sync for Disk {}

impl Disk {
    /// Registers a disk as a VFS of its own.
    pub(crate) fn register(name: &str) -> &'static Self {
        // SAFETY: finds the ordinary VFS; it lives as long as the program.
        let real = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
        assert!(!real.is_null());
        let disk: &'static Self = Box::leak(Box::new(Self {
            vfs: CString::new(name).unwrap(),
            real,
            files: Mutex::default(),
            full: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        }));
        // SAFETY: `real` is valid. What is not replaced does not look at its
        // first argument but for the longest path, which is the same.
        let mut vfs = unsafe { ptr::read(real) };
        vfs.pNext = ptr::null_mut();
        vfs.zName = disk.vfs.as_ptr();
        vfs.pAppData = ptr::from_ref(disk).cast_mut().cast();
        vfs.szOsFile += size_of::<ShimFile>() as c_int;
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        let vfs = Box::leak(Box::new(vfs));
        // SAFETY: the table and all it points to were leaked above.
        assert_eq!(unsafe { ffi::sqlite3_vfs_register(vfs, 0) }, SQLITE_OK);
        disk
    }

    /// The name SQLite knows it by.
    pub(crate) fn name(&self) -> String {
        self.vfs.to_str().unwrap().to_owned()
    }

    /// Whether further writes fail for want of space.
    pub(crate) fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    /// Whether further syncs fail.
    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    /// How the write-ahead log stands.
    pub(crate) fn log(&self) -> LogState {
        let files = self.files();
        let content = files
            .iter()
            .find(|(path, _)| path.ends_with("-wal"))
            .map(|(_, content)| content);
        content.map_or(
            LogState {
                unsynced: 0,
                syncs: 0,
                writes: 0,
            },
            |content| LogState {
                unsynced: content.unsynced.len(),
                syncs: content.syncs,
                writes: content.writes,
            },
        )
    }

    /// What is left when the power is cut now: what was synced, and of the rest
    /// nothing (seed 0) or an arbitrary part, cut at sectors.
    pub(crate) fn cut(&self, seed: u64) -> Image {
        let files = self.files().clone();
        let mut chance = seed;
        let mut image = |content: Content| {
            let mut image = content.synced;
            for change in &content.unsynced {
                if seed != 0 {
                    tear(&mut image, change, &mut chance);
                }
            }
            image
        };
        Image(
            files
                .into_iter()
                .map(|(path, content)| (path, image(content)))
                .collect(),
        )
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Content>> {
        self.files.lock().unwrap()
    }
}

/// Applies none, all or some sectors of a change.
fn tear(image: &mut Vec<u8>, change: &Change, chance: &mut u64) {
    const SECTOR: u64 = 512;
    match (next(chance) % 3, change) {
        (0, _) => {}
        (1, Change::Write(at, bytes)) => {
            let mut at = *at;
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let length = rest.len().min((SECTOR - at % SECTOR) as usize);
                let (sector, behind) = rest.split_at(length);
                if next(chance).is_multiple_of(2) {
                    apply(image, &Change::Write(at, sector.to_vec()));
                }
                at += length as u64;
                rest = behind;
            }
        }
        _ => apply(image, change),
    }
}

/// splitmix64
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An open file; the ordinary VFS's own lies behind it.
#[repr(C)]
struct ShimFile {
    base: sqlite3_file,
    disk: *const Disk,
    /// None for temporary files without a name.
    path: *mut String,
}

/// The disk and the path of a file of ours.
///
/// # Safety
///
/// `file` was opened by [`open`] and is not closed.
unsafe fn parts<'a>(file: *mut sqlite3_file) -> (&'a Disk, Option<&'a str>) {
    // SAFETY: as promised by the caller; disks are never freed.
    unsafe {
        let shim = &*file.cast::<ShimFile>();
        (&*shim.disk, shim.path.as_ref().map(String::as_str))
    }
}

/// The ordinary file behind a file of ours, and its functions.
///
/// # Safety
///
/// See [`parts`].
unsafe fn real<'a>(file: *mut sqlite3_file) -> (*mut sqlite3_file, &'a sqlite3_io_methods) {
    // SAFETY: `szOsFile` made room for both, and `open` has set the functions.
    unsafe {
        let inner = file
            .cast::<u8>()
            .add(size_of::<ShimFile>())
            .cast::<sqlite3_file>();
        (inner, &*(*inner).pMethods)
    }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes the table registered above and `szOsFile` bytes.
    unsafe {
        let disk = (*vfs).pAppData.cast::<Disk>();
        let shim = file.cast::<ShimFile>();
        (*shim).base.pMethods = ptr::null();
        let inner = file
            .cast::<u8>()
            .add(size_of::<ShimFile>())
            .cast::<sqlite3_file>();
        let real = (*disk).real;
        let Some(open) = (*real).xOpen else {
            return ffi::SQLITE_CANTOPEN;
        };
        let code = open(real, name, inner, flags, out);
        if code != SQLITE_OK || (*inner).pMethods.is_null() {
            return code;
        }
        (*shim).disk = disk;
        (*shim).path = ptr::null_mut();
        if !name.is_null() {
            let path = CStr::from_ptr(name).to_string_lossy().into_owned();
            (*disk).files().entry(path.clone()).or_default();
            (*shim).path = Box::into_raw(Box::new(path));
        }
        (*shim).base.pMethods = &raw const METHODS;
        SQLITE_OK
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: SQLite passes the table registered above and a path.
    unsafe {
        let disk = &*(*vfs).pAppData.cast::<Disk>();
        disk.files()
            .remove(CStr::from_ptr(name).to_string_lossy().as_ref());
        match (*disk.real).xDelete {
            Some(delete) => delete(disk.real, name, sync),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: an open file of ours; the path is freed once, here.
    unsafe {
        let shim = file.cast::<ShimFile>();
        if !(*shim).path.is_null() {
            drop(Box::from_raw((*shim).path));
            (*shim).path = ptr::null_mut();
        }
        let (inner, methods) = real(file);
        methods.xClose.map_or(SQLITE_OK, |close| close(inner))
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: an open file of ours and `length` readable bytes.
    unsafe {
        let (disk, path) = parts(file);
        if disk.full.load(Ordering::SeqCst) {
            return SQLITE_FULL;
        }
        let (inner, methods) = real(file);
        // Held over both, so that an image is never between them.
        let mut files = disk.files();
        if let Some(content) = path.and_then(|path| files.get_mut(path)) {
            let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), length as usize);
            content.writes += 1;
            content
                .unsynced
                .push(Change::Write(at as u64, bytes.to_vec()));
        }
        methods.xWrite.map_or(ffi::SQLITE_IOERR_WRITE, |write| {
            write(inner, bytes, length, at)
        })
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    // SAFETY: an open file of ours.
    unsafe {
        let (disk, path) = parts(file);
        let (inner, methods) = real(file);
        let mut files = disk.files();
        if let Some(content) = path.and_then(|path| files.get_mut(path)) {
            content.unsynced.push(Change::Truncate(length as u64));
        }
        methods
            .xTruncate
            .map_or(ffi::SQLITE_IOERR_TRUNCATE, |truncate| {
                truncate(inner, length)
            })
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: an open file of ours. The ordinary sync is left out: this disk's
    // own picture is what counts.
    unsafe {
        let (disk, path) = parts(file);
        if disk.broken.load(Ordering::SeqCst) {
            return SQLITE_IOERR_FSYNC;
        }
        if let Some(path) = path
            && let Some(content) = disk.files().get_mut(path)
        {
            content.sync();
        }
        SQLITE_OK
    }
}

/// A function that the ordinary file answers.
macro_rules! forward {
    ($name:ident, $method:ident, $missing:expr $(, $argument:ident: $kind:ty)*) => {
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $kind)*) -> c_int {
            // SAFETY: an open file of ours; the arguments are SQLite's.
            unsafe {
                let (inner, methods) = real(file);
                methods
                    .$method
                    .map_or($missing, |method| method(inner $(, $argument)*))
            }
        }
    };
}

forward!(read, xRead, ffi::SQLITE_IOERR_READ, to: *mut c_void, length: c_int, at: sqlite3_int64);
forward!(file_size, xFileSize, ffi::SQLITE_IOERR_FSTAT, size: *mut sqlite3_int64);
forward!(lock, xLock, ffi::SQLITE_IOERR_LOCK, level: c_int);
forward!(unlock, xUnlock, ffi::SQLITE_IOERR_UNLOCK, level: c_int);
forward!(check_reserved, xCheckReservedLock, ffi::SQLITE_IOERR_CHECKRESERVEDLOCK, out: *mut c_int);
forward!(file_control, xFileControl, ffi::SQLITE_NOTFOUND, op: c_int, argument: *mut c_void);
forward!(sector_size, xSectorSize, 4096);
forward!(characteristics, xDeviceCharacteristics, 0);
forward!(shm_map, xShmMap, ffi::SQLITE_IOERR_SHMMAP,
    page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void);
forward!(shm_lock, xShmLock, ffi::SQLITE_IOERR_SHMLOCK, offset: c_int, n: c_int, flags: c_int);
forward!(shm_unmap, xShmUnmap, SQLITE_OK, delete: c_int);

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: an open file of ours.
    unsafe {
        let (inner, methods) = real(file);
        if let Some(barrier) = methods.xShmBarrier {
            barrier(inner);
        }
    }
}

/// Version 2: with shared memory, without mapped files.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

// SPDX-License-Identifier: GPL-2.0 OR MIT
//! KVM_CAP_GUEST_COMPAT for VMMs in Rust: the structures and numbers of
//! `<linux/kvm_guest_compat.h>`, and the three calls that a VMM makes.
//!
//! 1. [`select`] on each VM, before its first vCPU: what the guest is promised.
//! 2. [`save`] when the guest is saved: bytes that go into the snapshot.
//! 3. [`load`] on the destination's VM, before its first vCPU, instead of `select`.
//!
//! It needs std alone. A VMM on rust-vmm passes its `VmFd` or `Kvm` of kvm-ioctls,
//! which are `AsRawFd`: `select(&vm_fd, 0x1701)`. Structures of kvm-bindings are not
//! used, as these have no KVM_CAP_GUEST_COMPAT; with `libc` and `vmm-sys-util` in the
//! VMM, `libc::ioctl` can take the place of the declaration below. A snapshot in
//! serde has the vector as `Vec<u8>`. Seccomp: see `vmm/README.md`.

#![allow(non_camel_case_types, dead_code)]

use std::io::{Error, ErrorKind, Result};
use std::mem::size_of;
use std::os::raw::{c_int, c_ulong};
use std::os::unix::io::AsRawFd;

pub const KVM_CAP_GUEST_COMPAT: u32 = 0x4743_5031;
pub const KVM_GUEST_COMPAT_CTRL: u32 = 0x4743_5031;

pub const KVM_GUEST_COMPAT_LIST: u64 = 0;
pub const KVM_GUEST_COMPAT_REVISION: u64 = 1;
pub const KVM_GUEST_COMPAT_LOAD: u64 = 2;
pub const KVM_GUEST_COMPAT_CHECK: u64 = 3;
pub const KVM_GUEST_COMPAT_BASELINES: u64 = 4;

pub const KVM_GUEST_COMPAT_NATIVE: u32 = 0;
pub const KVM_GUEST_COMPAT_NONE: u32 = 0xffff_ffff;
pub const KVM_GUEST_COMPAT_NEWEST: u32 = 1;

// Of <linux/kvm.h>, for arm64 and x86-64
pub const KVM_CHECK_EXTENSION: c_ulong = 0xae03;
pub const KVM_ENABLE_CAP: c_ulong = 0x4068_aea3;
pub const KVM_SET_DEVICE_ATTR: c_ulong = 0x4018_aee1;
pub const KVM_GET_DEVICE_ATTR: c_ulong = 0x4018_aee2;

/// One behaviour of a VM. Entries are `entry_size` apart, not `size_of`: they grow.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct kvm_guest_compat_behaviour {
    pub id: u32,
    pub flags: u32,
    pub revision: u32,
    pub dflt: u32,
    pub highest: u32,
    pub reserved: u32,
    pub releases: [u64; 2],
    pub name: [u8; 32],
}

/// All behaviours of a VM: the head of what [`save`] gives.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct kvm_guest_compat_vector {
    pub size: u32,
    pub entry_size: u32,
    pub flags: u32,
    pub native: u32,
    pub baseline: u32,
    pub reserved: [u32; 3],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct kvm_guest_compat_revision {
    pub id: u32,
    pub revision: u32,
    pub flags: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct kvm_guest_compat_check {
    pub vector: u64,
    pub flags: u32,
    pub bad_entry: u32,
    pub bad_id: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct kvm_guest_compat_baseline {
    pub baseline: u32,
    pub release: u32,
    pub version: u32,
    pub flags: u32,
    pub name: [u8; 16],
    pub measured: [u8; 16],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct kvm_guest_compat_baselines {
    pub size: u32,
    pub entry_size: u32,
    pub flags: u32,
    pub native: u32,
}

// Of <linux/kvm.h>
#[repr(C)]
pub struct kvm_enable_cap {
    pub cap: u32,
    pub flags: u32,
    pub args: [u64; 4],
    pub pad: [u8; 64],
}

#[repr(C)]
pub struct kvm_device_attr {
    pub flags: u32,
    pub group: u32,
    pub attr: u64,
    pub addr: u64,
}

extern "C" {
    fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
}

fn attr(fd: &impl AsRawFd, request: c_ulong, attr: u64, value: *const u8) -> Result<()> {
    let da = kvm_device_attr { flags: 0, group: KVM_GUEST_COMPAT_CTRL, attr, addr: value as u64 };
    // SAFETY: `value` is what the attribute takes: the callers below see to it.
    match unsafe { ioctl(fd.as_raw_fd(), request, &da as *const kvm_device_attr) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}

/// What LIST or BASELINES gives: both start with the size of the buffer.
fn list(fd: &impl AsRawFd, nr: u64) -> Result<Vec<u8>> {
    const E2BIG: i32 = 7;
    let mut size = size_of::<u32>() as u32;
    match attr(fd, KVM_GET_DEVICE_ATTR, nr, &mut size as *mut u32 as *const u8) {
        Err(e) if e.raw_os_error() == Some(E2BIG) => (),
        Err(e) => return Err(e),
        Ok(()) => return Err(Error::new(ErrorKind::InvalidData, "a list without entries")),
    }
    let mut buf = vec![0u8; size as usize];
    buf[..4].copy_from_slice(&size.to_ne_bytes());
    attr(fd, KVM_GET_DEVICE_ATTR, nr, buf.as_mut_ptr())?;
    Ok(buf)
}

fn word(buf: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([buf[at], buf[at + 1], buf[at + 2], buf[at + 3]])
}

/// The entries behind a head of `head` bytes, as the first `T` of each.
fn entries<T: Copy>(buf: &[u8], head: usize) -> Result<Vec<T>> {
    let bad = || Error::new(ErrorKind::InvalidData, "not a list of KVM_GUEST_COMPAT_CTRL");
    if buf.len() < head || word(buf, 0) as usize != buf.len() {
        return Err(bad());
    }
    let each = word(buf, 4) as usize;
    if each < size_of::<T>() || (buf.len() - head) % each != 0 {
        return Err(bad());
    }
    // SAFETY: each chunk has at least size_of::<T>() bytes, and T is made of integers.
    Ok(buf[head..].chunks(each).map(|c| unsafe { std::ptr::read_unaligned(c.as_ptr() as *const T) }).collect())
}

/// The behaviours of a vector, which may come from a file.
pub fn behaviours(vector: &[u8]) -> Result<Vec<kvm_guest_compat_behaviour>> {
    entries(vector, size_of::<kvm_guest_compat_vector>())
}

/// A name of the interface as text.
pub fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name.split(|&c| c == 0).next().unwrap_or(&[])).into_owned()
}

/// Has this kernel the capability?
pub fn available(vm: &impl AsRawFd) -> bool {
    // SAFETY: the argument is a number.
    unsafe { ioctl(vm.as_raw_fd(), KVM_CHECK_EXTENSION, KVM_CAP_GUEST_COMPAT as c_ulong) > 0 }
}

/// The number of a baseline by its exact name, such as "6.12-v1"; of a VM or /dev/kvm.
pub fn baseline(fd: &impl AsRawFd, name: &str) -> Result<Option<u32>> {
    let all = list(fd, KVM_GUEST_COMPAT_BASELINES)?;
    let all: Vec<kvm_guest_compat_baseline> = entries(&all, size_of::<kvm_guest_compat_baselines>())?;
    Ok(all.iter().find(|b| text(&b.name) == name).map(|b| b.baseline))
}

/// 1. Before the first vCPU: the baseline that the guest is promised.
pub fn select(vm: &impl AsRawFd, baseline: u32) -> Result<()> {
    let cap = kvm_enable_cap { cap: KVM_CAP_GUEST_COMPAT, flags: 0, args: [baseline.into(), 0, 0, 0], pad: [0; 64] };
    // SAFETY: KVM reads one struct kvm_enable_cap.
    match unsafe { ioctl(vm.as_raw_fd(), KVM_ENABLE_CAP, &cap as *const kvm_enable_cap) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}

/// 2. The vector of a VM, to save with the guest.
pub fn save(vm: &impl AsRawFd) -> Result<Vec<u8>> {
    list(vm, KVM_GUEST_COMPAT_LIST)
}

/// 3. At the destination, before the first vCPU. Where KVM refuses, the error names
/// the behaviour that this host cannot give the guest.
pub fn load(vm: &impl AsRawFd, vector: &[u8]) -> Result<()> {
    let all = behaviours(vector)?;
    let mut check = kvm_guest_compat_check {
        vector: vector.as_ptr() as u64, flags: 0, bad_entry: 0, bad_id: 0, reserved: 0,
    };
    // CHECK can also be asked of /dev/kvm, long before: it changes nothing.
    if let Err(e) = attr(vm, KVM_GET_DEVICE_ATTR, KVM_GUEST_COMPAT_CHECK, &mut check as *mut _ as *const u8) {
        return Err(match all.get(check.bad_entry as usize) {
            Some(b) if check.bad_id != 0 => {
                Error::new(e.kind(), format!("this host has no revision {} of {}: {}", b.revision, text(&b.name), e))
            }
            _ => e,
        });
    }
    attr(vm, KVM_SET_DEVICE_ATTR, KVM_GUEST_COMPAT_LOAD, vector.as_ptr())
}

// SPDX-License-Identifier: GPL-2.0 OR MIT
//! Uses guest_compat.rs as a VMM does, on VMs without vCPUs:
//!
//!   example save FILE BASELINE	select a baseline, save the vector of the VM to FILE
//!   example load FILE		load the vector of FILE on a new VM; is it the same?
//!
//! Build:  rustc --edition 2021 -O example.rs

mod guest_compat;

use std::fs::{self, File, OpenOptions};
use std::os::raw::{c_int, c_ulong};
use std::os::unix::io::{AsRawFd, FromRawFd};
use std::process::exit;

extern "C" {
    fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
}
const KVM_CREATE_VM: c_ulong = 0xae01;

fn run(args: &[&str]) -> Result<(), String> {
    let kvm = OpenOptions::new().read(true).write(true).open("/dev/kvm").map_err(|e| format!("/dev/kvm: {}", e))?;
    // SAFETY: the argument is a number, and the result a new descriptor, or -1.
    let vm = unsafe { ioctl(kvm.as_raw_fd(), KVM_CREATE_VM, 0 as c_ulong) };
    if vm < 0 {
        return Err(format!("KVM_CREATE_VM: {}", std::io::Error::last_os_error()));
    }
    // SAFETY: nothing else closes it.
    let vm = unsafe { File::from_raw_fd(vm) };
    if !guest_compat::available(&vm) {
        return Err("this kernel has no KVM_CAP_GUEST_COMPAT".into());
    }
    match args {
        ["save", file, name] => {
            let baseline = guest_compat::baseline(&kvm, name).map_err(|e| format!("BASELINES: {}", e))?;
            let baseline = baseline.ok_or(format!("this kernel has no baseline {}", name))?;
            guest_compat::select(&vm, baseline).map_err(|e| format!("select {}: {}", name, e))?;
            let vector = guest_compat::save(&vm).map_err(|e| format!("LIST: {}", e))?;
            println!("{}: {} behaviours", name, guest_compat::behaviours(&vector).map_err(|e| e.to_string())?.len());
            fs::write(file, vector).map_err(|e| format!("{}: {}", file, e))
        }
        ["load", file] => {
            let vector = fs::read(file).map_err(|e| format!("{}: {}", file, e))?;
            guest_compat::load(&vm, &vector).map_err(|e| e.to_string())?;
            let now = guest_compat::save(&vm).map_err(|e| format!("LIST: {}", e))?;
            let revisions = |v: &[u8]| -> Option<Vec<_>> {
                Some(guest_compat::behaviours(v).ok()?.iter().map(|b| (b.id, b.revision)).collect())
            };
            if revisions(&now) != revisions(&vector) {
                return Err("loaded, but the VM has something else".into());
            }
            println!("loaded: the VM has what {} says", file);
            Ok(())
        }
        _ => Err("usage: example save FILE BASELINE | load FILE".into()),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Err(why) = run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        eprintln!("example: {}", why);
        exit(1);
    }
}

# SPDX-License-Identifier: GPL-2.0
"""The descriptions of vmm/syzkaller say what the header says."""
import re
import unittest

import lab

DESCRIPTION = (lab.TOP / 'vmm/syzkaller/dev_kvm_guest_compat.txt').read_text()
HEADER = (lab.TOP / 'include/uapi/linux/kvm_guest_compat.h').read_text()

# Structures under another name, or as what they begin with
NAMES = {'kvm_guest_compat_vector': 'kvm_guest_compat_vector_of'}
# BASELINES only gives it: all that a caller writes is the size
GIVEN = ('kvm_guest_compat_baseline', 'kvm_guest_compat_baselines')
BITS = {'__u32': 32, '__u64': 64, 'char': 8}


def in_header():
    """Each structure: its fields as (name, bits, how many)"""
    for name, body in re.findall(r'^struct (\w+) \{\n(.*?)^\};', HEADER, re.M | re.S):
        yield name, [(field, BITS[kind], int(count or 1))
                     for kind, field, count in re.findall(r'^\t(\w+) (\w+)(?:\[(\d+)\])?;', body, re.M)]


def described(name):
    """The same of a structure of the description, without the entries of a vector"""
    body = re.search(rf'^(?:type )?{name}(?:\[[^]]*\])? \{{\n(.*?)^\}}', DESCRIPTION, re.M | re.S)
    fields = []
    for field, kind in re.findall(r'^\t(\w+)\s+(\S.*)$', body.group(1) if body else '', re.M):
        count = re.fullmatch(r'array\[(.*), (\d+)\]', kind)
        inner = count.group(1) if count else kind
        bits = re.search(r'\bint(\d+)', inner) or re.match(r'ptr(\d+)', inner)
        if field != 'entries':
            fields.append((field, int(bits.group(1)) if bits else 0, int(count.group(2)) if count else 1))
    return fields


def numbers(pattern):
    return set(re.findall(rf'^#define ({pattern})\s', HEADER, re.M))


def flags(name):
    return set(re.search(rf'^{name} = (.*)$', DESCRIPTION, re.M).group(1).split(', '))


class Agrees(unittest.TestCase):
    def test_structures(self):
        """Each structure has the header's fields, in order, of their size."""
        seen = [name for name, fields in in_header() if name not in GIVEN
                and self.assertEqual(described(NAMES.get(name, name)), fields, name) is None]
        self.assertGreaterEqual(len(seen), 4)

    def test_entry_size(self):
        """The size of an entry is the structure's."""
        size = sum(bits * count // 8 for _, bits, count in dict(in_header())['kvm_guest_compat_behaviour'])
        self.assertIn(f'kvm_guest_compat_vector_of[{size}, kvm_guest_compat_behaviour]', DESCRIPTION)
        self.assertIn(f'kvm_guest_compat_vector_of[{size + 16}, kvm_guest_compat_larger_behaviour]', DESCRIPTION)

    def test_baselines(self):
        """All baselines are there."""
        self.assertEqual(flags('kvm_guest_compat_baseline_numbers'), numbers(r'KVM_GUEST_COMPAT_(?:NATIVE|\d+_\d+_V\d+)'))

    def test_attributes(self):
        """All attributes are there, each with a call on a VM."""
        attributes = set(re.findall(r'^#define (KVM_GUEST_COMPAT_[A-Z]+)\t+\d+\t+/\* (?:get|set)', HEADER, re.M))
        self.assertEqual(flags('kvm_guest_compat_attrs'), attributes)
        called = set(re.findall(r'\(fd fd_kvmvm, .*kvm_guest_compat_attr\[(\w+), ', DESCRIPTION))
        self.assertEqual(called, attributes)

    def test_types(self):
        """Each type that is used is described, or syzkaller's."""
        known = set(re.findall(r'^(?:type |resource )?(\w+)(?:\[[^]]*\])? [{=\[]', DESCRIPTION, re.M))
        known |= set(re.findall(r'^resource (\w+)', DESCRIPTION, re.M))
        known |= {'fd_kvm', 'fd_kvmvm', 'kvm_enable_cap'}
        calls = set(re.findall(r'^\w+\$(\w+)', DESCRIPTION, re.M))
        text = re.sub(r'^#.*|"[^"]*"|^include .*', '', DESCRIPTION, flags=re.M)
        self.assertEqual(set(re.findall(r'\b(?:fd_)?kvm_\w+|fd_\w+', text)) - known - calls, set())

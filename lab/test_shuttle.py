# SPDX-License-Identifier: GPL-2.0
"""What lab/shuttle takes for a guest that lost something."""
import struct
import unittest

import lab

shuttle = lab.command('shuttle')


def said(*beats):
    """Before a move: what the source says after it was saved is no part of the way"""
    return '\n'.join([*(f'beat {n}' for n in beats), 'busy 100 ticks, 1', 'vm: saved, 5 bytes', 'beat 99', ''])


class GoneOn(unittest.TestCase):
    def test_next(self):
        """The first heartbeat after a move follows the last one before it"""
        self.assertEqual(shuttle.gone_on(said(6, 7), 'beat 8\nbeat 9\nbusy 200 ticks, 1\n'), '')

    def test_half(self):
        """A heartbeat that was half printed is neither side's"""
        after = 'eat 8\nbeat 9\nbusy 200 ticks, 1\n'
        self.assertEqual(shuttle.gone_on(said(6, 7), after), '')

    def test_lost(self):
        """A heartbeat that is missing is told, at the move and after it"""
        self.assertIn('beat 10 follows 7', shuttle.gone_on(said(6, 7), 'beat 10\nbusy 200 ticks, 1\n'))
        self.assertIn('no beat 9', shuttle.gone_on(said(6, 7), 'beat 8\nbeat 10\nbusy 200 ticks, 1\n'))

    def test_twice(self):
        """So is one that comes again, as of an older state of the guest"""
        self.assertIn('beat 7 follows 7', shuttle.gone_on(said(6, 7), 'beat 7\nbeat 8\nbusy 200 ticks, 1\n'))

    def test_ticks(self):
        """Ticks that are not more than before are told, and a guest that says nothing"""
        self.assertIn('100 ticks, after 100', shuttle.gone_on(said(6, 7), 'beat 8\nbusy 100 ticks, 1\n'))
        self.assertEqual(shuttle.gone_on(said(6, 7), ''), 'no beats')


def page(number, filler=b'\xff'):
    return struct.pack('<Q', number) + filler * 4080 + struct.pack('<Q', number ^ (1 << 64) - 1)


class Damage(unittest.TestCase):
    def test_last(self):
        """--damage changes one bit in the last page that the guest wrote, and nothing else"""
        stream = b'QEVM' + page(5) + b'header' + page(6) + page(0xfffffff0) + b'\xff' * 5000
        data = bytearray(stream)
        self.assertEqual(shuttle.damage(data), 6)
        changed = [at for at, byte in enumerate(data) if byte != stream[at]]
        self.assertEqual(len(changed), 1)
        self.assertEqual(changed[0] // 4096, (4 + 4096 + 6 + 4088) // 4096)

    def test_none(self):
        """Other pages stay as they are, and the stream is not what --damage asks for"""
        data = bytearray(b'QEVM' + struct.pack('<Q', 5) + bytes(4080) + struct.pack('<Q', 5) + b'\xff' * 9000)
        before = bytes(data)
        self.assertIsNone(shuttle.damage(data))
        self.assertEqual(bytes(data), before)

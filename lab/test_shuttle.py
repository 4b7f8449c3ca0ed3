# SPDX-License-Identifier: GPL-2.0
"""What lab/shuttle takes for a guest that lost something."""
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

# SPDX-License-Identifier: BSD-2-Clause
#
# gdb commands that read the kernel's objects: capabilities, threads, space.
# They start at the root task's CSpace and follow every CSpace found in it, so
# they see what some capability names. The hart that gdb looks from must have
# paging on (any time after boot).
import struct

import gdb

DIRECT_MAP = 0xFFFFFFC000000000
SLOT = struct.Struct("<QBBBBIQQQQQQ")
UNTYPED, CSPACE, THREAD, SPACE = 1, 2, 3, 8


def enum_name(enum, value):
    for field in gdb.lookup_type("enum " + enum).fields():
        if field.enumval == value:
            return field.name
    return str(value)


def address_of(expression):
    return int(gdb.parse_and_eval(expression)) & (1 << 64) - 1


def read(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def slots(cspace):
    """(index, slot address, fields) of each capability in a CSpace."""
    size = struct.unpack("<I", read(cspace, 4))[0]
    data = read(cspace, size * SLOT.size)
    for index in range(1, size):
        fields = SLOT.unpack_from(data, index * SLOT.size)
        if fields[1] != 0:
            yield index, cspace + index * SLOT.size, fields


def cspaces():
    """Addresses of all CSpaces, the root task's first."""
    root = address_of("kernel_caps[0].object")
    found, todo = [], [root]
    while todo:
        cspace = todo.pop(0)
        if cspace in found or cspace == 0:
            continue
        found.append(cspace)
        todo += [f[0] for _, _, f in slots(cspace) if f[1] == CSPACE]
    return found


class Capabilities(gdb.Command):
    """capabilities [CSPACE]: what is in all CSpaces, or in the one at an address."""

    def __init__(self):
        super().__init__("capabilities", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        chosen = [address_of(argument)] if argument else cspaces()
        for cspace in chosen:
            print("CSpace %#x" % cspace)
            for index, _, f in slots(cspace):
                kind = enum_name("object_type", f[1]).replace("OBJECT_", "").lower()
                line = "  %5d %-14s %#018x rights %#04x" % (index, kind, f[0], f[2])
                if f[1] == UNTYPED:
                    line += " size %#x used %#x" % (f[6], f[7] & ~(1 << 63))
                elif f[6]:
                    line += " badge %#x" % f[6]
                print(line + (" primary" if f[4] else ""))


class Threads(gdb.Command):
    """threads: every thread that a capability names, with state, priority and pc."""

    def __init__(self):
        super().__init__("threads", gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        seen = set()
        for cspace in cspaces():
            for _, _, f in slots(cspace):
                if f[1] == THREAD and f[0] not in seen:
                    seen.add(f[0])
                    self.show(gdb.parse_and_eval("*(struct thread *)%d" % f[0]), f[0])

    @staticmethod
    def show(thread, address):
        state = enum_name("thread_state", int(thread["state"])).replace("THREAD_", "").lower()
        hold = int(thread["hold"])
        time = thread["time"]
        if not int(time):
            runs_on = "no time"
        elif int(time["runner"]) != address:
            runs_on = "time lent"
        else:
            runs_on = "time" + (" borrowed" if int(thread["lender"]) else "") + (
                " exhausted" if time["exhausted"] else "")
        hart = thread["hart"]
        print("%#x %-14s %-9s priority %3d hart %s pc %#x %s%s" % (
            address, state, "suspended" if hold & 1 else "", int(thread["priority"]),
            int(hart["index"]) if int(hart) else "-", int(thread["registers"][0]), runs_on,
            " linux" if thread["personality"] else ""))


class Space(gdb.Command):
    """space ADDRESS: the windows and the lower half's mappings of the Space object there."""

    def __init__(self):
        super().__init__("space", gdb.COMMAND_DATA)

    def invoke(self, argument, _from_tty):
        space = gdb.parse_and_eval("*(struct vm_space *)(%s)" % argument)
        for i in range(int(space["window_count"])):
            window = space["windows"][i]
            first, pages = int(window["first_page"]), int(window["pages"])
            print("window %#x-%#x rights %d bindings %d" % (
                first << 12, (first + pages) << 12, int(window["rights"]),
                int(window["binding_count"])))
        self.table(int(space["root"]["raw"]), 2, 0, 256)

    def table(self, physical, level, va, count):
        entries = struct.unpack("<%dQ" % count, read(DIRECT_MAP + physical, count * 8))
        for index, entry in enumerate(entries):
            at = va + (index << (12 + 9 * level))
            target = (entry >> 10 & ((1 << 44) - 1)) << 12
            if not entry & 1:
                continue
            if entry & 0xE:
                bits = "".join(c if entry >> b & 1 else "-" for b, c in enumerate("VRWXUGAD"))
                print("  %#012x level %d -> %#x %s" % (at, level, target, bits))
            else:
                self.table(target, level - 1, at, 512)


Capabilities()
Threads()
Space()
